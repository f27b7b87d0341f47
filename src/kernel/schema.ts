import { borderAliases, borders } from '../tensor/border.ts'

const nested = (rank: number): object => ({
  type: 'array',
  items: rank === 1 ? { type: 'number' } : nested(rank - 1),
  minItems: 1,
})

/** The JSON Schema of a kernel in convo JSON, for editors. The reader accepts exactly its keys. */
export const kernelSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'convo kernel',
  description:
    'A kernel: weights of any rank from 2 to 5, and how they are used. Convolution is cross-correlation: nothing is flipped.',
  type: 'object',
  additionalProperties: false,
  required: ['weights'],
  properties: {
    $schema: { type: 'string' },
    name: { description: 'Name of the kernel in messages.', type: 'string' },
    summary: { description: 'What the kernel does, in one line.', type: 'string' },
    weights: {
      description:
        'Nested arrays of equal length with numbers that are finite in float32. [kH,kW]: applied to each channel. [C,kH,kW]: one filter, summed over C channels. [O,C/groups,kH,kW]: a bank of O filters. [O,C/groups,kD,kH,kW]: a 3-D bank.',
      anyOf: [2, 3, 4, 5].map(nested),
    },
    scale: { description: 'Divides the sum.', type: 'number', not: { const: 0 }, default: 1 },
    offset: {
      description: 'Added after the division, in levels of 0..255 at any depth.',
      type: 'number',
      default: 0,
    },
    anchor: {
      description:
        '[x, y] of the weight that is placed on the output sample, counted from 0. Default: [floor(width / 2), floor(height / 2)].',
      type: 'array',
      items: { type: 'integer', minimum: 0 },
      minItems: 2,
      maxItems: 2,
    },
    bias: {
      description: 'One number per output channel of a bank, added last, in levels of 0..255.',
      ...nested(1),
    },
    border: {
      description: 'How the picture is extended beyond its edges. The command line takes precedence.',
      enum: [...Object.keys(borders), ...Object.keys(borderAliases)],
    },
  },
} as const

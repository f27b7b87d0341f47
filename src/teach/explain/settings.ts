import type { PaddingOption } from '../../conv/spec.ts'
import { ConvoError } from '../../error.ts'
import {
  custom,
  expected,
  flag,
  integer,
  numbers,
  type Params,
  paddingRules,
  text,
  wordOr,
} from '../../params.ts'
import { sharedSettings } from '../../picture/settings.ts'
import type { Depth } from '../../tensor/picture.ts'

const axes = { min: 1, max: 3 }

/** Returns a parser of numbers per axis. A single number is returned as it is, not as a list. */
const parseAxes = (least: number) => (given: unknown, name: string) => {
  const list = numbers('', '', axes, { min: least, whole: true }).parse(given, name)
  return list.length === 1 ? list[0]! : list
}

const perAxis = (summary: string, least: number) => custom(summary, '<n>|<z,y,x>', parseAxes(least))

/** Parses the size of a picture, typed width x height, or the shape of a tensor, channels first. */
function parseShape(given: unknown, name: string): readonly number[] {
  const list = typeof given === 'string' ? given.split(/[x,\u00d7]/).map(Number) : given
  if (
    !Array.isArray(list) ||
    list.length < 2 ||
    list.length > 4 ||
    !list.every((n) => Number.isSafeInteger(n) && n > 0)
  ) {
    throw expected(
      '2 to 4 whole sizes such as 640x480 (width x height), 3x480x640 (channels x height x width) or 1x16x64x64 (with depth)',
      name,
      given,
    )
  }
  if (typeof given === 'string' && list.length === 2) return list.toReversed() as number[]
  refuseChannelsLast(list as number[], typeof given === 'string' ? given : list.join('x'), name)
  return list as number[]
}

/** @throws ConvoError E_OPTION for the sizes of a picture with its channels last */
function refuseChannelsLast(list: readonly number[], typed: string, name: string): void {
  const last = list.at(-1)!
  if (list.length < 3 || ![1, 3, 4].includes(last) || list.slice(0, -1).some((n) => n <= last)) return
  const ordered = [last, ...list.slice(0, -1)].join('x')
  throw new ConvoError('E_OPTION', `${name} ${typed} has its channels last; they must come first`, {
    why: 'sizes of tensors are channels x height x width',
    instead: [typed, ordered],
  })
}

function parseDepth(given: unknown, name: string): Depth {
  const depth = ([8, 16, 32] as const).find((bits) => String(given) === String(bits))
  if (depth === undefined) throw expected('8, 16 or 32', name, given)
  return depth
}

/** The settings of explain, besides the options of the operation. */
export const explainSettings = {
  input: custom(
    'size of the input instead of a picture: width x height of one channel, or channels x height x width',
    '<WxH>|<CxHxW>',
    parseShape,
  ),
  size: perAxis('size of the kernel or window, instead of --kernel', 1),
  filters: integer('number of output channels', undefined, { min: 1 }),
  multiplier: integer('number of filters per channel, for depthwise operators', undefined, { min: 1 }),
  hidden: integer('number of channels between the two layers of an involution', undefined, { min: 1 }),
  stride: perAxis('stride of the operator', 1),
  dilation: perAxis('dilation of the operator', 1),
  padding: {
    ...custom<PaddingOption>(
      'padding of the operator: same, valid, full or numbers',
      '<padding>',
      wordOr(paddingRules, 'same, valid, full or numbers', parseAxes(0)),
    ),
    choices: paddingRules,
  },
  depth: {
    ...custom('bits per sample of the input, with --input; 32 is floating point', '8|16|32', parseDepth),
    choices: ['8', '16', '32'],
    unset: '8',
  },
  layout: sharedSettings.layout,
  svg: text('also write a drawing, to a .svg or .png file; - prints only the SVG', '<file>'),
  json: flag('print one JSON object'),
  verbose: flag('also print how convo computes it: arithmetic, rank of the kernel, strips'),
} satisfies Params

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

/** Numbers for the axes, as one number where there is one. */
const parseAxes = (least: number) => (given: unknown, name: string) => {
  const list = numbers('', '', axes, { min: least, whole: true }).parse(given, name)
  return list.length === 1 ? list[0]! : list
}

const perAxis = (summary: string, least: number) => custom(summary, '<n>|<z,y,x>', parseAxes(least))

function parseShape(given: unknown, name: string): readonly number[] {
  const list = typeof given === 'string' ? given.split(/[x,\u00d7]/).map(Number) : given
  if (
    !Array.isArray(list) ||
    list.length < 2 ||
    list.length > 4 ||
    !list.every((n) => Number.isSafeInteger(n) && n > 0)
  ) {
    throw expected(
      '2 to 4 whole sizes, as 3x7x7 (channels x height x width) or 1x16x64x64 (with a depth)',
      name,
      given,
    )
  }
  refuseChannelsLast(list as number[], String(given), name)
  return list as number[]
}

/** @throws ConvoError E_OPTION for sizes that are those of a picture with its channels last */
function refuseChannelsLast(list: readonly number[], typed: string, name: string): void {
  const last = list.at(-1)!
  if (list.length < 3 || ![1, 3, 4].includes(last) || list.slice(0, -1).some((n) => n <= last)) return
  const ordered = [last, ...list.slice(0, -1)].join('x')
  throw new ConvoError('E_OPTION', `${name} ${typed} has its channels last, and they come first`, {
    why: 'channels x height x width, as the shapes of tensors are given everywhere',
    instead: [typed, ordered],
  })
}

function parseDepth(given: unknown, name: string): Depth {
  const depth = ([8, 16, 32] as const).find((bits) => String(given) === String(bits))
  if (depth === undefined) throw expected('8, 16 or 32', name, given)
  return depth
}

/** What explain takes besides the options of the operation. */
export const explainSettings = {
  input: custom(
    'the size of the input, where there is no picture: [channels x] height x width',
    '<CxHxW>',
    parseShape,
  ),
  size: perAxis('of the kernel or window, where there is no --kernel', 1),
  filters: integer('output channels', undefined, { min: 1 }),
  multiplier: integer('filters for each channel, of depthwise operators', undefined, { min: 1 }),
  hidden: integer('channels in between, of an involution', undefined, { min: 1 }),
  stride: perAxis('as of the operator', 1),
  dilation: perAxis('as of the operator', 1),
  padding: {
    ...custom<PaddingOption>(
      'same, valid, full or numbers',
      '<padding>',
      wordOr(paddingRules, 'same, valid, full or numbers', parseAxes(0)),
    ),
    choices: paddingRules,
  },
  depth: {
    ...custom('bits of a sample of an input that is not there; 32 are floats', '8|16|32', parseDepth),
    choices: ['8', '16', '32'],
    unset: '8',
  },
  layout: sharedSettings.layout,
  svg: text('draw it too: into a .svg or .png file; - is an SVG alone, on standard output', '<file>'),
  json: flag('print one JSON object'),
} satisfies Params

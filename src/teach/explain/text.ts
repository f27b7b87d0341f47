import { type Count, type Explanation, layerRules } from '../../operators/explain.ts'
import type { Operation } from '../../picture/operations.ts'
import { grouped } from '../../text/count.ts'
import { columns, wrap } from '../../text/layout.ts'
import type {
  Arithmetic,
  ChainExplanation,
  ChainStep,
  FilterExplanation,
  StepsExplanation,
} from './explanation.ts'
import type { Strips } from './strips.ts'

/** A number with at most six digits behind the point. */
export const short = (n: number): string => String(Math.round(n * 1e6) / 1e6)
/** The sizes of a tensor: channels x height x width, or channels x depth x height x width, as the input is given. */
export const sizes = (shape: readonly number[]): string => shape.join('x')
/** The size of a picture, and its channels. */
export const pictureSize = ([channels, height, width]: readonly number[]): string =>
  `${width}x${height}, ${channels} ${channels === 1 ? 'channel' : 'channels'}`
/** Rows and columns, or more axes, as people say them: width x height. */
export const area = (axes: readonly number[]): string => axes.toReversed().join('x')
export const bytes = (n: number): string =>
  n < 1024
    ? `${n} bytes`
    : n < 2 ** 20
      ? `${grouped(Math.ceil(n / 1024))} KiB`
      : `${short(Math.round((n / 2 ** 20) * 10) / 10)} MiB`

export type Line = readonly [label: string, text: string]

const table = (lines: readonly Line[], width?: number): string =>
  columns(
    lines.map(([label, text]) => [`  ${label}`, text]),
    width,
  )

const head = (name: string, summary: string, width = Number.POSITIVE_INFINITY): string =>
  wrap(`${name}: ${summary}`, width).join('\n')

/** 81 = O·C·kH·kW = 3·3·3·3 */
const counted = ({ count, formula, filled }: Count): string =>
  count === 0 ? formula : `${grouped(count)} = ${formula} = ${filled}`

/** An operator, for people. */
export const explanationText = (operation: Operation, e: Explanation & Arithmetic, width?: number): string =>
  `${head(operation.name, operation.summary, width)}\n${table(operatorLines(operation, e), width)}`

/** What is there of a list. */
export const present = <T>(list: readonly (T | false | undefined)[]): T[] =>
  list.filter((one) => one !== undefined && one !== false) as T[]

/** The whole explanation of an operator. */
export function operatorLines(operation: Operation, e: Explanation & Arithmetic): readonly Line[] {
  const { plain, separability: rank, memory } = e
  const axes = `channels x ${e.input.length === 4 ? 'depth x ' : ''}height x width`
  return present<Line>([
    operation.formula !== undefined && ['computes', operation.formula],
    ['input', `${sizes(e.input)}   (${axes})`],
    ['output', sizes(e.output)],
    e.sizes[0] && ['size', e.sizes[0].formula],
    ...e.sizes.map((s): Line => [s.axis, s.filled]),
    [
      layerRules(e.operator)?.pools ? 'window' : 'kernel',
      e.kernel.length === 0 ? 'none' : `[${e.kernel.join(',')}]`,
    ],
    ['weights', counted(e.parameters)],
    ['multiplications', counted(e.multiplications)],
    ['receptive field', area(e.receptiveField)],
    rank && [
      'rank',
      `${rank.rank}${rank.isSeparable ? ', so a column and a row do it' : ''}; singular values ${rank.singularValues.map(short).join(', ')}`,
    ],
    e.error !== undefined && [
      'left out',
      `${Number((e.error * 100).toPrecision(3))} % of the kernel, in the Frobenius norm`,
    ],
    plain && [
      'plain conv2d',
      `${grouped(plain.parameters)} weights, ${grouped(plain.multiplications)} multiplications: this operator has ${short(Math.round(plain.share * 1e4) / 100)} % of the weights`,
    ],
    ['arithmetic', `${e.algorithm}: ${e.reason}`],
    e.strips && ['strips', stripsText(e.strips)],
    [
      'memory',
      `${bytes(memory.input)} in, ${bytes(memory.weights)} of weights, ${bytes(memory.output)} out, as float32`,
    ],
  ])
}

/** `6 of 70 rows; 1 above, 1 below, 1 left, 1 right of each` */
function stripsText({ count, rows, halo, groups = 1, slices = 1 }: Strips): string {
  const each = [
    ...(groups > 1 ? [`${groups} groups`] : []),
    ...(slices > 1 ? [`${slices} slices`] : []),
    `${count / groups / slices} strips`,
  ]
  const of = each.length > 1 ? ` = ${each.join(' · ')}` : ''
  return `${count}${of} of ${rows} ${rows === 1 ? 'row' : 'rows'}; ${halo.top} above, ${halo.bottom} below, ${halo.left} left, ${halo.right} right of each`
}

/** A filter, for people. */
export const filterText = (e: FilterExplanation, width?: number): string =>
  `${head(e.operation, e.summary, width)}\n${table(filterLines(e), width)}`

/** A filter that takes steps over planes, for people. */
export const stepsText = (e: StepsExplanation, formula = '', width?: number): string =>
  `${head(e.operation, e.summary, width)}\n${table(
    [
      ['input', pictureSize(e.input)],
      ['output', pictureSize(e.output)],
      ['what it computes', formula],
      ['arithmetic', `${e.algorithm}: ${e.reason}`],
    ],
    width,
  )}`

/** How samples are held while they are computed with. */
export const samplesText = (samples: string): string =>
  samples === 'u8' ? '8 bits' : samples === 'u16' ? '16 bits' : 'computed as float32'

/** The whole explanation of a filter. */
export function filterLines(e: FilterExplanation): readonly Line[] {
  const kernels = e.kernels.map((k, i): Line => {
    const label = e.kernels.length === 1 ? 'kernel' : `kernel ${i}`
    const whole = k.isInteger ? ', whole weights' : ''
    return [
      label,
      `${k.size[1]}x${k.size[0]}, sum ${short(k.sum)}${k.rank === undefined ? '' : `, rank ${k.rank}`}${whole}`,
    ]
  })
  const ways = [...new Set(e.kernels.map((k) => `${k.algorithm}: ${k.reason}`))]
  return present<Line>([
    ['input', `${pictureSize(e.input)}, ${samplesText(e.samples)}`],
    ['output', pictureSize(e.output)],
    ...kernels,
    e.combine !== 'only' && ['combined by', e.combine],
    ...ways.map((way, i): Line => [i === 0 ? 'arithmetic' : '', way]),
    ['border', e.border],
    ['receptive field', area(e.receptiveField)],
    ['strips', stripsText(e.strips)],
    e.multiplications > 0 && ['multiplications', grouped(e.multiplications)],
    [
      'correlation',
      'the kernel is used as it is written; --flip turns it by 180°, which is the convolution of mathematics',
    ],
  ])
}

/** A chain as a table: the names of the columns, then the input, the steps and the sum. */
export function chainRows({ input, steps, ...all }: ChainExplanation): readonly (readonly string[])[] {
  const row = (
    name: string,
    { output, parameters, multiplications, receptiveField }: Omit<ChainStep, 'operation'>,
  ) => [name, sizes(output), grouped(parameters), grouped(multiplications), area(receptiveField)]
  return [
    ['step', 'output', 'weights', 'multiplications', 'receptive field'],
    ['input', sizes(input), '', '', ''],
    ...steps.map((step) => row(step.operation, step)),
    row('all', all),
  ]
}

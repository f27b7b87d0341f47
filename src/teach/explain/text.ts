import { type Combine, combinations } from '../../conv/recipe.ts'
import { type Count, type Explanation, layerRules } from '../../operators/explain.ts'
import type { DryRun } from '../../picture/job.ts'
import type { Operation } from '../../picture/operations.ts'
import { borders } from '../../tensor/border.ts'
import { counted, grouped, pixelsText } from '../../text/count.ts'
import { columns, wrap } from '../../text/layout.ts'
import type {
  ChainExplanation,
  ChainStep,
  FilterExplanation,
  LayerArithmetic,
  StepsExplanation,
} from './explanation.ts'
import type { Strips } from './strips.ts'

/** Formats a number with at most six decimals. */
export const short = (n: number): string => String(Math.round(n * 1e6) / 1e6)
/** Formats the shape of a tensor: channels x height x width, or channels x depth x height x width. */
export const sizes = (shape: readonly number[]): string => shape.join('x')
export function pictureSize([channels, ...size]: readonly number[]): string {
  const [height, width] = size.slice(-2)
  const slices = size.length === 3 ? `${counted(size[0]!, 'slice')} of ` : ''
  return `${slices}${width}x${height}, ${counted(channels!, 'channel')}`
}

/** Formats rows and columns, or more axes, in the usual order: width x height. */
export const area = (axes: readonly number[]): string => axes.toReversed().join('x')
export const bytes = (n: number): string =>
  n < 1024
    ? `${n} bytes`
    : n < 2 ** 20
      ? `${grouped(Math.ceil(n / 1024))} KiB`
      : `${short(Math.round((n / 2 ** 20) * 10) / 10)} MiB`

export type Line = readonly [label: string, text: string]

export function explanationText(heading: string, lines: readonly Line[], width: number | undefined): string {
  const rows = lines.map(([label, text]) => [`  ${label}`, text])
  return `${wrap(heading, width ?? Number.POSITIVE_INFINITY).join('\n')}\n${columns(rows, width)}`
}

/** Formats a count as `81 = O·C·kH·kW = 3·3·3·3`. */
const countText = ({ count, formula, filled }: Count): string =>
  count === 0 ? formula : `${grouped(count)} = ${formula} = ${filled}`

/** Returns a list without its missing items. */
export const present = <T>(list: readonly (T | false | undefined)[]): T[] =>
  list.filter((one) => one !== undefined && one !== false) as T[]

/** Returns the explanation of an operator as lines; if verbose, also how it is computed. */
export function operatorLines(
  operation: Operation,
  e: Explanation & LayerArithmetic,
  isVerbose: boolean,
): readonly Line[] {
  const { plain, separability: rank, memory } = e
  const axes = `channels x ${e.input.length === 4 ? 'depth x ' : ''}height x width`
  return present<Line>([
    operation.formula !== undefined && ['computes', operation.formula.split('; ')[0]!],
    ['input', `${sizes(e.input)}   (${axes})`],
    ['output', sizes(e.output)],
    ...e.sizes.map((s, i): Line => [s.axis, `${i === 0 ? `${s.formula} = ` : ''}${s.filled}`]),
    [
      layerRules(e.operator)?.pools ? 'window' : 'kernel',
      e.kernel.length === 0 ? 'none' : `[${e.kernel.join(',')}]`,
    ],
    ['weights', countText(e.parameters)],
    ['multiplications', countText(e.multiplications)],
    ['receptive field', area(e.receptiveField)],
    isVerbose &&
      rank && [
        'rank',
        `${rank.rank}${rank.isSeparable ? ', separable into a column and a row' : ''}; singular values ${rank.singularValues.map(short).join(', ')}`,
      ],
    e.error !== undefined && [
      'error',
      `${Number((e.error * 100).toPrecision(3))}% of the kernel, in the Frobenius norm`,
    ],
    plain && [
      'plain conv2d',
      `${grouped(plain.parameters)} weights, ${grouped(plain.multiplications)} multiplications; this operator has ${short(Math.round(plain.share * 1e4) / 100)}% of its weights`,
    ],
    isVerbose && ['arithmetic', `${e.algorithm}: ${e.reason}`],
    isVerbose && e.strips && ['strips', stripsText(e.strips)],
    [
      'memory',
      `${bytes(memory.input)} input, ${bytes(memory.weights)} weights, ${bytes(memory.output)} output, as float32`,
    ],
  ])
}

const stripsText = ({ count, rows, halo }: Strips): string =>
  `${count} of ${counted(rows, 'row')}; each also reads ${halo.top} above, ${halo.bottom} below, ${halo.left} left, ${halo.right} right`

/** The threads and the memory of a run. */
export type RunFacts = Pick<DryRun, 'threads' | 'memory'>

export function runLines({ threads, memory: { total, ...parts } }: RunFacts): Line[] {
  const shown = Object.entries(parts).filter(([, size]) => size > 0)
  const text = shown.map(([name, size]) => `${name} ${bytes(size)}`).join(', ')
  return [['memory of a run', `about ${bytes(total)} on ${counted(threads, 'thread')}: ${text}`]]
}

/** The text about a step that sees all of its input. */
export const needsAll = 'needs all of its input first, which is kept in memory'

/** Returns the explanation of a filter that runs as steps over planes as lines. */
export const stepsLines = (e: StepsExplanation, formula = ''): readonly Line[] =>
  present<Line>([
    ['input', pictureSize(e.input)],
    ['output', pictureSize(e.output)],
    ['what it computes', formula],
    ...e.windows.map(({ size, pixels }): Line => ['window', `${area(size)}, ${pixelsText(pixels)}`]),
    e.borders.length > 0 && ['border', e.borders.map(borderText).join('; then ')],
    ['receptive field', area(e.receptiveField)],
    e.seesAll && ['memory', needsAll],
    e.multiplications > 0 && ['multiplications', grouped(e.multiplications)],
    ['arithmetic', `${e.algorithm}: ${e.reason}`],
  ])

const borderText = (name: keyof typeof borders | 'none'): string =>
  name === 'none' ? 'none: pixels outside are ignored' : `${name}: ${borders[name].summary}`

export const samplesText = (samples: string): string =>
  samples === 'u8' ? '8 bits' : samples === 'u16' ? '16 bits' : 'computed in float32'

/** Returns the explanation of a filter as lines; if verbose, also how it is computed. */
export function filterLines(e: FilterExplanation, isVerbose: boolean): readonly Line[] {
  const kernels = e.kernels.map((k, i): Line => {
    const label = e.kernels.length === 1 ? 'kernel' : `kernel ${i + 1}`
    const inside = isVerbose
      ? `${k.rank === undefined ? '' : `, rank ${k.rank}`}${k.isInteger ? ', whole weights' : ''}`
      : ''
    return [label, `${k.size[1]}x${k.size[0]}, sum ${short(k.sum)}${inside}`]
  })
  const ways = [...new Set(e.kernels.map((k) => `${k.algorithm}: ${k.reason}`))]
  return present<Line>([
    ['input', `${pictureSize(e.input)}, ${samplesText(e.samples)}`],
    ['output', pictureSize(e.output)],
    ...kernels,
    e.combine !== 'only' && ['combined by', combinations[e.combine as Combine['kind']]],
    ['border', borderText(e.border)],
    ['receptive field', area(e.receptiveField)],
    e.multiplications > 0 && ['multiplications', grouped(e.multiplications)],
    ...(isVerbose ? ways.map((way, i): Line => [i === 0 ? 'arithmetic' : '', way]) : []),
    isVerbose && ['strips', stripsText(e.strips)],
  ])
}

/** Returns a chain as a table: the names of the columns, the input, the steps, and the totals. */
export function chainRows(
  { input, steps, ...all }: ChainExplanation,
  isVerbose: boolean,
): readonly (readonly string[])[] {
  const row = (name: string, e: Omit<ChainStep, 'operation' | 'algorithm'>, algorithm = '') => [
    name,
    sizes(e.output),
    grouped(e.parameters),
    grouped(e.multiplications),
    area(e.receptiveField),
    algorithm,
  ]
  const rows = [
    ['step', 'output', 'weights', 'multiplications', 'receptive field', 'arithmetic'],
    ['input', sizes(input), '', '', '', ''],
    ...steps.map((step) => row(step.operation, step, step.algorithm)),
    row('all', all),
  ]
  return isVerbose ? rows : rows.map((cells) => cells.slice(0, 5))
}

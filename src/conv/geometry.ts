import { ConvoError } from '../error.ts'
import { checkLimit } from '../limits.ts'
import type { BorderName } from '../tensor/border.ts'

/**
 * One spatial axis of a correlation. Output sample o reads the input places `o * stride - before + t * dilation` for
 * the taps t of 0..kernel-1.
 */
export type Axis = Readonly<
  Record<'input' | 'kernel' | 'stride' | 'dilation' | 'before' | 'after' | 'output', number>
>

/**
 * A correlation of [C,(D,)H,W] with a bank [O,C/groups,(kD,)kH,kW], with every number decided. `axes` are depth, row,
 * column; a 2-D correlation has a depth axis of size 1.
 */
export type Correlation = {
  readonly channels: number
  readonly filters: number
  readonly groups: number
  readonly axes: readonly [depth: Axis, row: Axis, column: Axis]
  readonly border: BorderName
  /** The value outside the input for the border `constant`. */
  readonly fill: number
  /** `direct` if sums were requested exactly as in the formula; otherwise `bankAlgorithm` chooses. */
  readonly algorithm?: 'direct' | undefined
}

/**
 * A transposed correlation of [C,(D,)H,W] with [C,O/groups,(kD,)kH,kW]. Input sample i adds to the output places
 * `i * stride - before + t * dilation`.
 */
export type Transposition = Pick<Correlation, 'channels' | 'filters' | 'groups'> & {
  readonly axes: readonly [depth: TransposedAxis, row: TransposedAxis, column: TransposedAxis]
}

/**
 * One axis of a transposed correlation: output = (input - 1) stride - before - after + dilation (kernel - 1) +
 * outputPadding + 1.
 */
export type TransposedAxis = Axis & { readonly outputPadding: number }

/** The number of samples that the taps of an axis span: dilation * (kernel - 1) + 1. */
export const extent = (kernel: number, dilation: number): number => dilation * (kernel - 1) + 1

/** An unused axis: size 1 with a kernel of 1. */
export const flatAxis: TransposedAxis = {
  input: 1,
  kernel: 1,
  stride: 1,
  dilation: 1,
  before: 0,
  after: 0,
  output: 1,
  outputPadding: 0,
}

/** The padding before and after, or a rule that determines it. */
export type Padding = readonly [before: number, after: number] | 'same' | 'valid' | 'full'

export type AxisChoice = { readonly stride: number; readonly dilation: number; readonly padding: Padding }

/**
 * Plans the axis of a correlation: output = floor((input + before + after - dilation (kernel - 1) - 1) / stride) + 1.
 * `same` gives ceil(input / stride) samples, with the odd padding after; `full` pads by the extent of the kernel less
 * one.
 *
 * @throws ConvoError E_SHAPE if the output would be empty, with the formula filled in; E_TOO_LARGE
 */
export function correlationAxis(name: string, input: number, kernel: number, choice: AxisChoice): Axis {
  const { stride, dilation } = choice
  const reach = extent(kernel, dilation)
  const [before, after] = resolvePadding(choice.padding, input, reach, stride)
  checkLimit('padding', Math.max(before, after), `the padding in ${name}`)
  const room = input + before + after - reach
  if (room < 0) {
    throw new ConvoError(
      'E_SHAPE',
      `the kernel is larger than the padded input in ${name}: ${reach} against ${input + before + after}`,
      {
        why: [
          `input ${input} + padding ${before} + ${after} = ${input + before + after}; kernel ${kernel} at dilation ${dilation} covers ${reach}`,
          `output = floor((input + padding - dilation * (kernel - 1) - 1) / stride) + 1 = floor((${input} + ${before + after} - ${reach}) / ${stride}) + 1, which is below 1`,
        ],
        fix: `padding of at least ${Math.ceil((reach - input) / 2)} on each side, or a smaller kernel`,
      },
    )
  }
  return { input, kernel, stride, dilation, before, after, output: Math.floor(room / stride) + 1 }
}

function resolvePadding(
  padding: Padding,
  input: number,
  reach: number,
  stride: number,
): readonly [number, number] {
  if (padding === 'valid') return [0, 0]
  if (padding === 'full') return [reach - 1, reach - 1]
  if (padding !== 'same') return padding
  const total = Math.max((Math.ceil(input / stride) - 1) * stride + reach - input, 0)
  return [Math.floor(total / 2), Math.ceil(total / 2)]
}

/**
 * Plans the axis of a picture filter: as many samples as the input has (divided by the stride, rounded up), with the
 * tap `anchor` on the output sample.
 *
 * @throws ConvoError E_TOO_LARGE if the kernel reaches too far
 */
export function anchoredAxis(
  input: number,
  kernel: number,
  anchor: number,
  stride: number,
  dilation: number,
): Axis {
  const before = anchor * dilation
  const after = (kernel - 1 - anchor) * dilation
  checkLimit('padding', Math.max(before, after), `a kernel of ${kernel} at dilation ${dilation}`)
  return { input, kernel, stride, dilation, before, after, output: Math.floor((input - 1) / stride) + 1 }
}

/**
 * Plans the axis of a transposed correlation.
 *
 * @throws ConvoError E_SHAPE if the output would be empty; E_ARGUMENT if outputPadding is not below stride or dilation
 */
export function transposedAxis(
  name: string,
  input: number,
  kernel: number,
  choice: { stride: number; dilation: number; padding: readonly [number, number]; outputPadding: number },
): TransposedAxis {
  const { stride, dilation, outputPadding } = choice
  const [before, after] = choice.padding
  if (outputPadding >= Math.max(stride, dilation) && outputPadding !== 0) {
    throw new ConvoError(
      'E_ARGUMENT',
      `outputPadding must be smaller than stride or dilation, got ${outputPadding} with stride ${stride} and dilation ${dilation} in ${name}`,
    )
  }
  const output = (input - 1) * stride - before - after + dilation * (kernel - 1) + outputPadding + 1
  if (output < 1) {
    throw new ConvoError(
      'E_SHAPE',
      `padding ${before} + ${after} is too large for the ${name}: the output would have size ${output}`,
      {
        why: `output = (input - 1) * stride - padding + dilation * (kernel - 1) + outputPadding + 1 = (${input} - 1) * ${stride} - ${before + after} + ${dilation} * ${kernel - 1} + ${outputPadding} + 1`,
        fix: 'less padding',
      },
    )
  }
  return { input, kernel, stride, dilation, before, after, output, outputPadding }
}

/**
 * Rejects an output with too many rows, or with rows too long to hold, before work is spent on it.
 *
 * @throws ConvoError E_TOO_LARGE
 */
export function checkOutput(channels: number, axes: readonly { readonly output: number }[]): void {
  const sizes = axes.map((a) => a.output)
  const most = Math.max(...sizes, channels * sizes.at(-1)!)
  checkLimit('tensorSamples', most, `an output of ${[channels, ...sizes].join('x')}`)
}

/** Returns the number of multiplications of a correlation: O · output size · C/groups · kernel size. */
export function multiplications(c: Correlation): number {
  const taps = c.axes.reduce((product, a) => product * a.kernel, c.channels / c.groups)
  return c.axes.reduce((product, a) => product * a.output, c.filters) * taps
}

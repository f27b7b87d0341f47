import { type Axis, extent } from '../conv/geometry.ts'
import { perAxis } from '../conv/spec.ts'
import { ConvoError, nearest } from '../error.ts'
import { analyse } from '../kernel/analyse.ts'
import type { Kernel } from '../kernel/kernel.ts'
import {
  type ExplainedName,
  explainAxis,
  explained,
  multiplied,
  product,
  type SizeExplanation,
  type Sizes,
  weights,
} from './explain-formulas.ts'
import { sizesOf } from './explain-sizes.ts'
import type { Layer } from './layer.ts'

// What an operator would do to an input of a given shape, in numbers, without computing it.

/** A count with the product or sum that it is. */
export type Count = { readonly count: number; readonly formula: string; readonly filled: string }

/** Everything about a layer, as plain data. */
export type Explanation = {
  readonly operator: ExplainedName
  /** [C,H,W] or [C,D,H,W]. */
  readonly input: readonly number[]
  readonly output: readonly number[]
  readonly sizes: readonly SizeExplanation[]
  readonly kernel: readonly number[]
  readonly groups: number
  /** Filters for each channel, of the depthwise operators. */
  readonly multiplier: number
  /** Weights, without biases. */
  readonly parameters: Count
  /** By a weight, at every position. */
  readonly multiplications: Count
  /** Input samples that one output sample sees, per axis. */
  readonly receptiveField: readonly number[]
  /** Input samples from one output sample to the next, per axis; below 1 where the picture grows. */
  readonly step: readonly number[]
  /** What the plain convolution between the same shapes would take, where the operator is another. */
  readonly plain?: { readonly parameters: number; readonly multiplications: number; readonly share: number }
  /** Of a kernel [kH,kW]. */
  readonly separability?: {
    readonly rank: number
    readonly singularValues: readonly number[]
    readonly isSeparable: boolean
  }
  /** What an approximation leaves out of the kernel, relative to it. */
  readonly error?: number
  /** In bytes, as float32. */
  readonly memory: { readonly input: number; readonly weights: number; readonly output: number }
}

/**
 * What an operator does to an input [C,H,W] (conv3d: [C,D,H,W]): shapes with the formula filled in, parameters,
 * multiplications, receptive field, and the comparison with the plain convolution.
 *
 * @throws ConvoError E_NAME, E_SHAPE, E_ARGUMENT
 */
export function explainOperator(name: string, input: readonly number[], layer: Layer = {}): Explanation {
  const operator = knownName(name)
  const spatial = operator === 'conv3d' || (operator === 'maxpool' && input.length === 4) ? 3 : 2
  if (input.length !== spatial + 1 || input.some((n) => !Number.isSafeInteger(n) || n < 1)) {
    throw new ConvoError(
      'E_SHAPE',
      `${operator} needs an input of ${spatial + 1} whole sizes, got [${input}]`,
      {
        fix:
          spatial === 2
            ? '3x7x7 (channels x height x width)'
            : '3x16x7x7 (channels x depth x height x width)',
      },
    )
  }
  const sizes = sizesOf(operator, spatial, input, layer)
  const [formula, filled, count] = weights[operator](sizes)
  const [manyFormula, manyFilled, many] = multiplied(operator, sizes, [formula, filled, count])
  const output = outputOf(operator, input, sizes)
  const full = plainCounts(operator, sizes, output)
  const separability = operator === 'pointwise' ? undefined : separabilityOf(layer.kernel)
  const outputPadding = perAxis('outputPadding', layer.outputPadding ?? 0, spatial, 0)
  return {
    operator,
    input: [...input],
    output,
    sizes: sizes.axes.map((axis, i) => {
      const how = { edge: sizes.edge, outputPadding: outputPadding[i]!, ceil: layer.ceil === true }
      return explainAxis(operator, axis, i + 3 - spatial, how)
    }),
    kernel: sizes.kernel,
    groups: sizes.groups,
    multiplier: sizes.multiplier,
    parameters: { count, formula, filled },
    multiplications: { count: many, formula: manyFormula, filled: manyFilled },
    receptiveField: sizes.axes.map((a, i) => seen(operator, sizes, a, i)),
    step: sizes.axes.map((a) =>
      operator === 'transposed' ? 1 / a.stride : operator === 'unpool' ? 1 : a.stride,
    ),
    ...(full === undefined || count === 0 ? {} : { plain: { ...full, share: count / full.parameters } }),
    ...(separability === undefined ? {} : { separability }),
    ...(layer.error === undefined ? {} : { error: layer.error }),
    memory: { input: product(input) * 4, weights: count * 4, output: product(output) * 4 },
  }
}

/** Input samples that one output sample sees along an axis. */
function seen(name: ExplainedName, s: Sizes, a: Axis, index: number): number {
  const reach = extent(a.kernel, a.dilation)
  if (name === 'transposed') return Math.ceil(reach / a.stride)
  // Patches of 3x3 are compared, whose middles are the neighbours.
  if (s.rule === 'attention') return reach + 2
  if (name !== 'unpool' || s.smoothing === undefined) return reach
  const smooth = s.smoothing[index]!
  // Every sample that is smoothed was the largest of its window: all windows that the kernel can touch.
  return smooth === 1 ? a.kernel : a.kernel * (Math.floor((smooth - 2) / a.kernel) + 2)
}

function knownName(name: string): ExplainedName {
  const found = explained.find((n) => n === name)
  if (found !== undefined) return found
  const guess = nearest(name, explained)
  throw new ConvoError('E_NAME', `no operator is called "${name}"`, {
    why: `operators: ${explained.join(', ')}`,
    ...(guess === undefined ? {} : { instead: [name, guess] as const }),
  })
}

function outputOf(name: ExplainedName, input: readonly number[], s: Sizes): number[] {
  if (name === 'unpool') return [...input]
  const size = s.axes.map((a) => a.output)
  if (name === 'depthwise') return [s.channels * s.multiplier, ...size]
  const keeps = name === 'separable' || name === 'maxpool' || name === 'involution'
  return [keeps ? s.channels : s.filters, ...size]
}

/** The plain convolution between the same channels, for the operators that are something else. */
function plainCounts(name: ExplainedName, s: Sizes, output: readonly number[]) {
  const isOther = [
    'separable',
    'depthwise',
    'depthwise-separable',
    'grouped',
    'dilated',
    'involution',
  ].includes(name)
  if (!isOther) return undefined
  // A kernel that meets every channel alone has the full plane for a rival, not a bank.
  const isPlane = name === 'separable' || (name === 'dilated' && s.each)
  const kernel = name === 'dilated' ? s.axes.map((a) => extent(a.kernel, a.dilation)) : s.kernel
  const parameters = isPlane ? product(kernel) : output[0]! * s.channels * product(kernel)
  const perPlace = isPlane ? parameters * s.channels : parameters
  return { parameters, multiplications: perPlace * product(output.slice(1)) }
}

function separabilityOf(kernel: Kernel | undefined): Explanation['separability'] {
  if (kernel === undefined || kernel.shape.length !== 2) return undefined
  const { rank = 0, singularValues = [] } = analyse(kernel)
  return { rank, singularValues: Array.from(singularValues), isSeparable: rank === 1 }
}

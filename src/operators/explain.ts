import { type Axis, correlationAxis, extent } from '../conv/geometry.ts'
import { axisChoices, axisNames, perAxis, wholeAtLeast } from '../conv/spec.ts'
import { ConvoError, nearest } from '../error.ts'
import { analyse, isRanked } from '../kernel/analyse.ts'
import type { Kernel } from '../kernel/kernel.ts'
import { sizeOf } from '../tensor/tensor.ts'
import { otherChannels } from './bank.ts'
import { operators } from './index.ts'
import { banked, everywhere, type Layer, type LayerRules, type Plain, type Sizes } from './layer.ts'
import type { Operator } from './operator.ts'

// Describes an operator on an input of a given shape in numbers, without running it.

/** A count, with the formula that it comes from. */
export type Count = {
  /** The number. */
  readonly count: number
  /** The formula in letters. */
  readonly formula: string
  /** The formula with the numbers filled in. */
  readonly filled: string
}

/** Everything about a layer, as plain data. */
export type Explanation = {
  /** The name of the operator. */
  readonly operator: string
  /** [C,H,W] or [C,D,H,W]. */
  readonly input: readonly number[]
  /** The shape of the result. */
  readonly output: readonly number[]
  /** How the size of each axis is worked out. */
  readonly sizes: readonly SizeExplanation[]
  /** The sizes of the kernel, slowest axis first. */
  readonly kernel: readonly number[]
  /** The number of groups that the channels are split into. */
  readonly groups: number
  /** The number of filters for each channel of a depthwise operator. */
  readonly multiplier: number
  /** The number of weights, without biases. */
  readonly parameters: Count
  /** The number of multiplications by a weight, over all positions. */
  readonly multiplications: Count
  /** The number of input samples that one output sample depends on, per axis. */
  readonly receptiveField: readonly number[]
  /**
   * The distance in the input between neighbouring output samples, per axis, in samples; below 1 if the picture grows.
   */
  readonly step: readonly number[]
  /** The cost of the plain convolution between the same shapes, if the operator is another one. */
  readonly plain?: Plain & {
    /** The weights of this operator as a fraction of the weights of the plain convolution. */
    readonly share: number
  }
  /** Present for a kernel [kH,kW] of at most 128x512 or 512x128. */
  readonly separability?: {
    /** The number of singular values that are not nearly 0. */
    readonly rank: number
    /** All singular values, in decreasing order. */
    readonly singularValues: readonly number[]
    /** Whether the rank is 1. */
    readonly isSeparable: boolean
  }
  /** The error of an approximation of the kernel, relative to the kernel. */
  readonly error?: number
  /** Memory in bytes, as float32. */
  readonly memory: {
    /** Bytes of the input. */
    readonly input: number
    /** Bytes of the weights. */
    readonly weights: number
    /** Bytes of the result. */
    readonly output: number
  }
}

/** How the size of one axis of the output is worked out. */
export type SizeExplanation = {
  /** The name of the axis. */
  readonly axis: (typeof axisNames)[number]
  /** The size of the input, in samples. */
  readonly input: number
  /** The size of the output, in samples. */
  readonly output: number
  /** The number of taps of the kernel. */
  readonly kernel: number
  /** The distance between neighbouring positions of the kernel, in samples. */
  readonly stride: number
  /** The distance between neighbouring taps, in samples. */
  readonly dilation: number
  /** Samples added before and after the input. */
  readonly padding: readonly [before: number, after: number]
  /** The formula for the size of the output. */
  readonly formula: string
  /** The formula with the numbers filled in. */
  readonly filled: string
}

/** Returns the layer rules of an operator by name; undefined for steps and filters. */
export const layerRules = (name: string): Operator['layer'] =>
  Object.hasOwn(operators, name) ? operators[name]!.layer : undefined

/** The operators that can be explained, by their names on the command line. */
export const explained: readonly string[] = Object.keys(operators).filter(layerRules)

/**
 * Explains an operator on an input [C,H,W] (a volume: [C,D,H,W]): shapes with the formula filled in, parameters,
 * multiplications, receptive field, and a comparison with the plain convolution.
 *
 * @throws ConvoError E_NAME, E_SHAPE, E_ARGUMENT
 */
export function explainOperator(name: string, input: readonly number[], layer: Layer = {}): Explanation {
  const rules = layerRules(name)
  if (rules === undefined) throw unknown(name)
  const takes = operators[name]!.input
  const spatial = takes === 'volume' || (takes !== undefined && input.length === 4) ? 3 : 2
  if (input.length !== spatial + 1 || input.some((n) => !Number.isSafeInteger(n) || n < 1)) {
    throw new ConvoError('E_SHAPE', `${name} needs an input of ${spatial + 1} whole sizes, got [${input}]`, {
      fix:
        spatial === 2 ? '3x7x7 (channels x height x width)' : '3x16x7x7 (channels x depth x height x width)',
    })
  }
  const sizes = sizesOf(rules, spatial, input, layer)
  const weights = (rules.weights ?? banked)(sizes)
  const [formula, filled, count] = weights
  const [manyFormula, manyFilled, many] = (rules.multiplications ?? everywhere)(sizes, weights)
  const output = rules.output?.(sizes) ?? [sizes.filters, ...sizes.axes.map((a) => a.output)]
  const plain = rules.plain?.(sizes, output)
  const separability = separabilityOf(rules, layer.kernel)
  return {
    operator: name,
    input: [...input],
    output,
    sizes: sizes.axes.map((axis, i) => explainAxis(rules, axis, axisNames[i + 3 - spatial]!, layer, i)),
    kernel: sizes.kernel,
    groups: sizes.groups,
    multiplier: sizes.multiplier,
    parameters: { count, formula, filled },
    multiplications: { count: many, formula: manyFormula, filled: manyFilled },
    receptiveField: sizes.axes.map((a, i) => rules.reach?.(sizes, a, i) ?? extent(a.kernel, a.dilation)),
    step: sizes.axes.map((a) => rules.step?.(a) ?? a.stride),
    ...(plain === undefined || count === 0 ? {} : { plain: { ...plain, share: count / plain.parameters } }),
    ...(separability === undefined ? {} : { separability }),
    ...(layer.error === undefined ? {} : { error: layer.error }),
    memory: { input: sizeOf(input) * 4, weights: count * 4, output: sizeOf(output) * 4 },
  }
}

const unknown = (name: string): ConvoError =>
  new ConvoError('E_NAME', `there is no operator "${name}"`, {
    why: `operators: ${explained.join(', ')}`,
    instead: [name, nearest(name, explained)],
  })

/**
 * Works out all sizes of a layer on an input, by the same rules as the operators. @throws ConvoError E_SHAPE,
 * E_ARGUMENT
 */
function sizesOf(rules: LayerRules, spatial: 2 | 3, input: readonly number[], layer: Layer): Sizes {
  const [channels = 1, ...size] = input
  const shape = layer.kernel?.shape
  const usual = rules.pools ? 2 : 3
  const kernel =
    rules.kernel ??
    (shape === undefined || shape.length < spatial
      ? perAxis('size', layer.size ?? usual, spatial, 1)
      : shape.slice(-spatial))
  const multiplier = multiplierOf(rules, layer, channels)
  const groups = wholeAtLeast('groups', layer.groups ?? rules.groups?.(channels, shape) ?? 1, 1)
  const bank = shape && (rules.bank ?? plainBankOf)(shape, channels, groups)
  const filters = bank?.filters ?? wholeAtLeast('filters', layer.filters ?? channels, 1)
  checkDivisible(groups, channels, 'input channels')
  checkDivisible(groups, filters, 'filters')
  if (shape !== undefined && bank !== undefined && bank.seen !== bank.of)
    throw otherChannels(shape, channels, bank.groups ?? groups, bank.seen)
  return {
    channels,
    filters,
    groups,
    multiplier,
    kernel,
    each: layer.each === true,
    kernels: layer.kernels ?? 1,
    axes: axesOf(rules, spatial, size, kernel, layer),
    layer,
  }
}

/** Reads a shape [O,C/groups,…]: every filter sees the channels of its group. */
const plainBankOf = (
  shape: readonly number[],
  channels: number,
  groups: number,
): ReturnType<NonNullable<LayerRules['bank']>> =>
  shape.length < 4 ? undefined : { filters: shape[0]!, seen: shape[1]!, of: channels / groups }

function axesOf(
  { pools, usual = {}, axis = correlationAxis }: LayerRules,
  spatial: 2 | 3,
  size: readonly number[],
  kernel: readonly number[],
  layer: Layer,
): Axis[] {
  const dilation = perAxis('dilation', layer.dilation ?? usual.dilation ?? 1, spatial, 1)
  const kept = layer.keep && !pools ? pads(kernel, dilation) : 0
  const choices = axisChoices(spatial, {
    stride: layer.stride ?? usual.stride ?? (pools ? kernel : 1),
    dilation,
    padding: layer.padding ?? usual.padding ?? kept,
  })
  return choices.map((choice, i) => {
    const label = axisNames[i + 3 - spatial]!
    return axis(label, size[i]!, kernel[i]!, choice, layer, i)
  })
}

/** Returns the padding that puts the middle tap on every sample. */
const pads = (kernel: readonly number[], dilation: readonly number[]): [before: number, after: number][] =>
  kernel.map((k, i) => {
    const before = Math.floor(k / 2) * dilation[i]!
    return [before, extent(k, dilation[i]!) - 1 - before]
  })

function checkDivisible(groups: number, n: number, what: string): void {
  if (n % groups !== 0) throw new ConvoError('E_SHAPE', `groups ${groups} do not divide the ${n} ${what}`)
}

function multiplierOf({ alone }: LayerRules, { kernel, multiplier }: Layer, channels: number): number {
  const filters = alone && kernel?.shape.length === 4 ? kernel.shape[0]! : undefined
  if (filters === undefined) return wholeAtLeast('multiplier', multiplier ?? 1, 1)
  if (filters % channels === 0) return filters / channels
  const what = `the kernel has ${filters} filters, which is not a multiple of the ${channels} channels`
  throw new ConvoError('E_SHAPE', what)
}

/** Returns the size formula of an axis, with its numbers. */
function explainAxis(
  rules: LayerRules,
  a: Axis,
  axis: SizeExplanation['axis'],
  layer: Layer,
  index: number,
): SizeExplanation {
  const { kernel, stride, dilation, before, after, output } = a
  const { edge = 0 } = layer
  const input = a.input - 2 * (typeof edge === 'number' ? edge : edge[index]!)
  const sized = rules.sized?.({ ...a, input }, layer, index) ?? correlationSize(a, layer)
  return { axis, input, kernel, stride, dilation, padding: [before, after], output, ...sized }
}

function correlationSize(axis: Axis, { ceil }: Layer): { formula: string; filled: string } {
  const { input, kernel, stride, dilation, before, after, output } = axis
  const padding = before + after
  const round = ceil ? 'ceil' : 'floor'
  const formula = `${round}((in + padding − dilation·(k − 1) − 1) / stride) + 1`
  const sum = `${round}((${input} + ${padding} − ${dilation}·(${kernel} − 1) − 1) / ${stride}) + 1`
  // If rounded up, the last window may begin in the padding after the input, where there is nothing to pool.
  const rounded = Math[round]((input + padding - dilation * (kernel - 1) - 1) / stride) + 1
  const filled =
    rounded === output
      ? `${sum} = ${output}`
      : `${sum} = ${rounded}, minus one that starts in the padding: ${output}`
  return { formula, filled }
}

/** Returns the separability of a plane; undefined for other kernels, such as a matrix that mixes channels. */
function separabilityOf({ bank }: LayerRules, kernel: Kernel | undefined): Explanation['separability'] {
  if (kernel === undefined || !isRanked(kernel) || bank?.(kernel.shape, 1, 1) !== undefined) return undefined
  const { rank = 0, singularValues = [] } = analyse(kernel)
  return { rank, singularValues: Array.from(singularValues), isSeparable: rank === 1 }
}

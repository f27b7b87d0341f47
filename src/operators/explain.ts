import { type Axis, correlationAxis, extent } from '../conv/geometry.ts'
import { axisChoices, axisNames, perAxis, wholeAtLeast } from '../conv/spec.ts'
import { ConvoError, nearest } from '../error.ts'
import { analyse } from '../kernel/analyse.ts'
import type { Kernel } from '../kernel/kernel.ts'
import { sizeOf } from '../tensor/tensor.ts'
import { otherChannels } from './bank.ts'
import { operators } from './index.ts'
import { banked, everywhere, type Layer, type LayerRules, type Plain, type Sizes } from './layer.ts'
import type { Operator } from './operator.ts'

// What an operator would do to an input of a given shape, in numbers, without computing it.

/** A count with the product or sum that it is. */
export type Count = {
  /** The number. */
  readonly count: number
  /** How it is worked out, in letters. */
  readonly formula: string
  /** The formula with its numbers. */
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
  /** The sizes of the kernel, the slowest axis first. */
  readonly kernel: readonly number[]
  /** Groups that the channels are split into. */
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
  readonly plain?: Plain & {
    /** Weights of this operator as a part of those, 0..1. */
    readonly share: number
  }
  /** Of a kernel [kH,kW]. */
  readonly separability?: {
    /** Singular values that are not nearly 0. */
    readonly rank: number
    /** All of them, falling. */
    readonly singularValues: readonly number[]
    /** Whether the rank is 1. */
    readonly isSeparable: boolean
  }
  /** What an approximation loses of the kernel, relative to it. */
  readonly error?: number
  /** In bytes, as float32. */
  readonly memory: {
    /** Bytes of the input. */
    readonly input: number
    /** Bytes of the weights. */
    readonly weights: number
    /** Bytes of the result. */
    readonly output: number
  }
}

/** How one axis of the output comes about. */
export type SizeExplanation = {
  /** Its name. */
  readonly axis: (typeof axisNames)[number]
  /** Samples of the input. */
  readonly input: number
  /** Samples of the output. */
  readonly output: number
  /** Taps of the kernel. */
  readonly kernel: number
  /** Samples from one place of the kernel to the next. */
  readonly stride: number
  /** Samples from one tap to the next. */
  readonly dilation: number
  /** Samples added before and after the input. */
  readonly padding: readonly [before: number, after: number]
  /** How the output is worked out. */
  readonly formula: string
  /** The formula with its numbers. */
  readonly filled: string
}

/** The layer rules of an operator by its name; undefined for steps and filters. */
export const layerRules = (name: string): Operator['layer'] =>
  Object.hasOwn(operators, name) ? operators[name]!.layer : undefined

/** The operators that can be explained, by their names on the command line. */
export const explained: readonly string[] = Object.keys(operators).filter(layerRules)

/**
 * What an operator does to an input [C,H,W] (a volume: [C,D,H,W]): shapes with the formula filled in, parameters,
 * multiplications, receptive field, and the comparison with the plain convolution.
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

function unknown(name: string): ConvoError {
  return new ConvoError('E_NAME', `there is no operator "${name}"`, {
    why: `operators: ${explained.join(', ')}`,
    instead: [name, nearest(name, explained)],
  })
}

/** Everything about a layer over an input, decided as the operators decide it. @throws ConvoError E_SHAPE, E_ARGUMENT */
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

/** [O,C/groups,…]: every filter sees the channels of its group. */
function plainBankOf(
  shape: readonly number[],
  channels: number,
  groups: number,
): ReturnType<NonNullable<LayerRules['bank']>> {
  return shape.length < 4 ? undefined : { filters: shape[0]!, seen: shape[1]!, of: channels / groups }
}

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

/** The padding with which the middle tap is on every sample. */
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
  throw new ConvoError(
    'E_SHAPE',
    `the kernel has ${filters} filters, which is not a multiple of the ${channels} channels`,
  )
}

/** The formula of an axis, with its numbers. */
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
  // Rounded up, the last window may begin in the padding behind, where there is nothing to pool.
  const rounded = Math[round]((input + padding - dilation * (kernel - 1) - 1) / stride) + 1
  const filled =
    rounded === output
      ? `${sum} = ${output}`
      : `${sum} = ${rounded}, minus one that starts in the padding: ${output}`
  return { formula, filled }
}

/** Of a plane; a matrix that mixes channels is none. */
function separabilityOf({ bank }: LayerRules, kernel: Kernel | undefined): Explanation['separability'] {
  if (kernel === undefined || kernel.shape.length !== 2 || bank?.(kernel.shape, 1, 1) !== undefined)
    return undefined
  const { rank = 0, singularValues = [] } = analyse(kernel)
  return { rank, singularValues: Array.from(singularValues), isSeparable: rank === 1 }
}

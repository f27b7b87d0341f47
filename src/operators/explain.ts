import { type Axis, type AxisChoice, correlationAxis, extent, transposedAxis } from '../conv/geometry.ts'
import { axisChoices, type PaddingOption, type PerAxis, wholeAtLeast } from '../conv/spec.ts'
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

// What an operator would do to an input of a given shape, in numbers, without computing it.

/** A layer: a kernel's shape, or sizes in place of one. What is left out has the operator's textbook default. */
export type Layer = {
  /** Its shape goes before `size`, `filters` and `multiplier`; of a plane the separability is told. */
  readonly kernel?: Kernel | undefined
  /** Of the kernel or window, per axis: 3, of pooling 2. */
  readonly size?: PerAxis | undefined
  /** Output channels, of the operators that sum over channels: as many as the input has. */
  readonly filters?: number | undefined
  /** Filters for each channel, of the depthwise operators: 1. */
  readonly multiplier?: number | undefined
  /** Of an involution: the channels in between: a quarter, at least 1. */
  readonly hidden?: number | undefined
  readonly stride?: PerAxis | undefined
  readonly dilation?: PerAxis | undefined
  /** 0 unless given. */
  readonly padding?: PaddingOption | undefined
  readonly outputPadding?: number | undefined
  readonly groups?: number | undefined
}

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
  /** What the plain convolution between the same shapes would take, where the operator is another. */
  readonly plain?: { readonly parameters: number; readonly multiplications: number; readonly share: number }
  /** Of a kernel [kH,kW]. */
  readonly separability?: {
    readonly rank: number
    readonly singularValues: readonly number[]
    readonly isSeparable: boolean
  }
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
  const spatial = operator === 'conv3d' ? 3 : 2
  if (input.length !== spatial + 1 || input.some((n) => !Number.isSafeInteger(n) || n < 1)) {
    throw new ConvoError(
      'E_SHAPE',
      `${operator} needs an input of ${spatial + 1} whole sizes, got [${input}]`,
      {
        fix:
          spatial === 2
            ? '7x7x3 (height x width x channels)'
            : '16x7x7x3 (depth x height x width x channels)',
      },
    )
  }
  const sizes = sizesOf(operator, spatial, input, layer)
  const [formula, filled, count] = weights[operator](sizes)
  const [manyFormula, manyFilled, many] = multiplied(operator, sizes, [formula, filled, count])
  const output = outputOf(operator, input, sizes)
  const full = plainCounts(operator, sizes, output)
  const separability = separabilityOf(layer.kernel)
  return {
    operator,
    input: [...input],
    output,
    sizes: sizes.axes.map((axis, i) =>
      explainAxis(operator, axis, i + 3 - spatial, layer.outputPadding ?? 0),
    ),
    kernel: sizes.kernel,
    groups: sizes.groups,
    multiplier: sizes.multiplier,
    parameters: { count, formula, filled },
    multiplications: { count: many, formula: manyFormula, filled: manyFilled },
    receptiveField: sizes.axes.map((a) => {
      const reach = extent(a.kernel, a.dilation)
      return operator === 'transposed' ? Math.ceil(reach / a.stride) : reach
    }),
    ...(full === undefined || count === 0 ? {} : { plain: { ...full, share: count / full.parameters } }),
    ...(separability === undefined ? {} : { separability }),
    memory: { input: product(input) * 4, weights: count * 4, output: product(output) * 4 },
  }
}

function knownName(name: string): ExplainedName {
  const found = explained.find((n) => n === name)
  if (found !== undefined) return found
  const guess = nearest(name, explained)
  throw new ConvoError('E_NAME', `no operator is called "${name}"`, {
    why: `operators: ${explained.join(', ')}`,
    ...(guess === undefined ? {} : { fix: guess }),
  })
}

function sizesOf(name: ExplainedName, spatial: 2 | 3, input: readonly number[], layer: Layer): Sizes {
  const channels = input[0]!
  const shape = layer.kernel?.shape
  const isPool = name === 'maxpool' || name === 'unpool'
  const kernel =
    name === 'pointwise'
      ? [1, 1]
      : (kernelSize(shape, spatial) ?? listOf('size', layer.size ?? (isPool ? 2 : 3), spatial))
  const stride = layer.stride ?? (isPool ? kernel : name === 'transposed' ? 2 : 1)
  const dilation = layer.dilation ?? (name === 'dilated' ? 2 : 1)
  const padding = layer.padding ?? (name === 'involution' ? 'same' : 0)
  const choices = axisChoices(spatial, { stride, dilation, padding })
  const axes = choices.map((choice, i) => {
    const label = ['depth', 'height', 'width'][i + 3 - spatial]!
    if (name === 'involution') return blocks(label, input[i + 1]!, kernel[i]!, choice)
    if (name !== 'transposed') return correlationAxis(label, input[i + 1]!, kernel[i]!, choice)
    const pads = choice.padding
    if (typeof pads === 'string') {
      throw new ConvoError('E_ARGUMENT', `padding of a transposed convolution must be numbers, got "${pads}"`)
    }
    return transposedAxis(label, input[i + 1]!, kernel[i]!, {
      ...choice,
      padding: pads,
      outputPadding: layer.outputPadding ?? 0,
    })
  })
  const multiplier = depthMultiplier(name, layer, channels)
  const isPlane = shape?.length === spatial && planar.includes(name)
  const usual = isPlane ? channels : usualGroups(name, channels, shape)
  const groups = wholeAtLeast('groups', layer.groups ?? usual, 1)
  const filters = filtersOf(name, layer, channels, groups, spatial)
  for (const [what, n] of [
    ['input channels', channels],
    ['filters', filters],
  ] as const) {
    if (n % groups !== 0) throw new ConvoError('E_SHAPE', `groups ${groups} do not divide the ${n} ${what}`)
  }
  const hidden = wholeAtLeast('hidden', layer.hidden ?? Math.max(1, Math.floor(channels / 4)), 1)
  return { channels, filters, groups, multiplier, hidden, kernel, axes, isPlane }
}

/** The operators that use a kernel of spatial axes alone for every channel on its own. */
const planar: readonly string[] = ['conv2d', 'conv3d', 'depthwise', 'grouped', 'dilated', 'transposed']

/** An involution has a kernel for every whole block of stride x stride pixels. */
function blocks(label: string, input: number, kernel: number, choice: AxisChoice): Axis {
  const axis = correlationAxis(label, input, kernel, choice)
  const output = Math.floor(input / choice.stride)
  if (output >= 1) return { ...axis, output }
  throw new ConvoError('E_SHAPE', `stride ${choice.stride} leaves nothing of the ${label}, which is ${input}`)
}

const listOf = (name: string, value: PerAxis, spatial: number): number[] =>
  (typeof value === 'number' ? Array.from({ length: spatial }, () => value) : [...value]).map((n) =>
    wholeAtLeast(name, n, 1),
  )

/** The spatial sizes of a kernel, if it has them. */
function kernelSize(shape: readonly number[] | undefined, spatial: 2 | 3): readonly number[] | undefined {
  return shape === undefined || shape.length < spatial ? undefined : shape.slice(-spatial)
}

function usualGroups(name: ExplainedName, channels: number, shape: readonly number[] | undefined): number {
  if (name !== 'grouped') return 1
  return shape !== undefined && shape.length === 4 && channels % shape[1]! === 0
    ? channels / shape[1]!
    : channels
}

function depthMultiplier(name: ExplainedName, { kernel, multiplier }: Layer, channels: number): number {
  const filters = kernel !== undefined && kernel.shape.length > 2 ? kernel.shape[0]! : undefined
  if (filters === undefined || !name.startsWith('depthwise'))
    return wholeAtLeast('multiplier', multiplier ?? 1, 1)
  if (filters % channels === 0) return filters / channels
  throw new ConvoError(
    'E_SHAPE',
    `the kernel has ${filters} filters, which the ${channels} channels do not divide`,
  )
}

function filtersOf(
  name: ExplainedName,
  { kernel, filters }: Layer,
  channels: number,
  groups: number,
  spatial: 2 | 3,
): number {
  const rank = kernel?.shape.length ?? 0
  const isBank = rank === spatial + 2
  const isSum = ['conv2d', 'conv3d', 'dilated', 'transposed'].includes(name)
  // a kernel as deep as the picture has channels is summed into one
  if (rank === spatial + 1 && isSum) return 1
  if (name === 'transposed' && isBank) return kernel!.shape[1]! * groups
  if (isBank && name !== 'depthwise-separable') return kernel!.shape[0]!
  if (name === 'pointwise' && rank === 2) return kernel!.shape[0]!
  return wholeAtLeast('filters', filters ?? channels, 1)
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
  // A separable kernel meets every channel alone: its rival is the full plane, not a bank.
  const kernel = name === 'dilated' ? s.axes.map((a) => extent(a.kernel, a.dilation)) : s.kernel
  const parameters = name === 'separable' ? product(kernel) : output[0]! * s.channels * product(kernel)
  const perPlace = name === 'separable' ? parameters * s.channels : parameters
  if (name === 'dilated' && s.isPlane) {
    return { parameters: product(kernel), multiplications: product(kernel) * product(output) }
  }
  return { parameters, multiplications: perPlace * product(output.slice(1)) }
}

function separabilityOf(kernel: Kernel | undefined): Explanation['separability'] {
  if (kernel === undefined || kernel.shape.length !== 2) return undefined
  const { rank = 0, singularValues = [] } = analyse(kernel)
  return { rank, singularValues: Array.from(singularValues), isSeparable: rank === 1 }
}

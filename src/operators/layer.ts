import { type Axis, type AxisChoice, extent, type Padding } from '../conv/geometry.ts'
import type { PaddingOption, PerAxis } from '../conv/spec.ts'
import { ConvoError } from '../error.ts'
import type { Kernel } from '../kernel/kernel.ts'
import { sizeOf } from '../tensor/tensor.ts'

// An operator as a layer of a network, to explain it: its sizes and counts as formulas. Nothing is computed.

/**
 * A layer: the shape of a kernel, or sizes instead. If omitted, a property has the textbook default of the operator.
 */
export type Layer = {
  /** Its shape overrides `size`, `filters` and `multiplier`. For a plane, the separability is reported. */
  readonly kernel?: Kernel | undefined
  /** Whether one plane with the same weights is applied to each channel separately. */
  readonly each?: boolean | undefined
  /** The number of kernels of this size, or of products of a column and a row. Default: 1. */
  readonly kernels?: number | undefined
  /** The size of the kernel or window, per axis. Default: 3, or 2 for pooling. */
  readonly size?: PerAxis | undefined
  /** The number of output channels, for operators that sum over channels. Default: that of the input. */
  readonly filters?: number | undefined
  /** The number of filters for each channel, for the depthwise operators. Default: 1. */
  readonly multiplier?: number | undefined
  /**
   * The number of channels between the two steps that make the kernels of an involution. Default: a quarter of the
   * channels, at least 1.
   */
  readonly hidden?: number | undefined
  readonly stride?: PerAxis | undefined
  readonly dilation?: PerAxis | undefined
  /** Default: 0, or what `keep` requires. */
  readonly padding?: PaddingOption | undefined
  /** Whether the output has the size of the input divided by the stride, as for pictures. `padding` overrides it. */
  readonly keep?: boolean | undefined
  readonly outputPadding?: PerAxis | undefined
  readonly groups?: number | undefined
  /**
   * For a transposed convolution: the number of samples that first extend each side of the input, by repeating the
   * edge.
   */
  readonly edge?: PerAxis | undefined
  /** For pooling: whether sizes are rounded up. */
  readonly ceil?: boolean | undefined
  /** For unpooling: the kernel that is applied afterwards. */
  readonly smoothing?: Kernel | undefined
  /** For an involution: the rule that makes its kernels, instead of weights. */
  readonly rule?: string | undefined
  /** The error of an approximation of the kernel, relative to the kernel. */
  readonly error?: number | undefined
}

/** A size that the user can choose instead of giving a kernel. */
export type Asked = 'size' | 'filters' | 'multiplier' | 'hidden'

/** How an operator differs from the plain convolution. The rules of the plain convolution are the defaults. */
export type LayerRules = {
  readonly asks: readonly Asked[]
  /** The sizes that options of the command determine, so that they cannot be chosen as well. */
  readonly settles?: Readonly<Record<string, Asked>>
  /** The size of every kernel. */
  readonly kernel?: readonly number[]
  readonly usual?: Pick<Layer, 'stride' | 'dilation' | 'padding'>
  /** Pools side-by-side windows, 2x2 by default, instead of applying a kernel. */
  readonly pools?: true
  /** Each channel has `multiplier` filters of its own. */
  readonly alone?: true
  /** Each input sample adds its scaled kernel to the output. */
  readonly paints?: true
  groups?(channels: number, shape: readonly number[] | undefined): number
  /**
   * Reads the shape of a kernel as a bank: its number of filters, how many channels they have (`seen`) and must have
   * (`of`).
   */
  bank?(shape: readonly number[], channels: number, groups: number): Bank | undefined
  /** Returns the sizes of one axis. @throws ConvoError E_SHAPE, E_ARGUMENT */
  axis?(label: string, input: number, kernel: number, choice: AxisChoice, layer: Layer, index: number): Axis
  weights?(s: Sizes): Formula
  /** Returns the number of multiplications, given the weights. */
  multiplications?(s: Sizes, weights: Formula): Formula
  /** Returns how the size of the output is worked out on an axis. */
  sized?(axis: Axis, layer: Layer, index: number): { output?: number; formula: string; filled: string }
  /** Returns the shape of the output. */
  output?(s: Sizes): number[]
  /** Returns how many input samples one output sample depends on, on an axis. */
  reach?(s: Sizes, axis: Axis, index: number): number
  /** Returns the distance in the input between neighbouring output samples, in samples. */
  step?(axis: Axis): number
  /** Returns the cost of the plain convolution between the same shapes. */
  plain?(s: Sizes, output: readonly number[]): Plain
}

type Bank = { readonly filters: number; readonly seen: number; readonly of: number; readonly groups?: number }
export type Plain = {
  /** The number of its weights, without biases. */
  readonly parameters: number
  /** The number of its multiplications. */
  readonly multiplications: number
}

/** All sizes that the formulas need, with defaults filled in. */
export type Sizes = {
  readonly channels: number
  readonly filters: number
  readonly groups: number
  readonly multiplier: number
  /** The size of the kernel or window. */
  readonly kernel: readonly number[]
  /** Whether one plane is applied to each channel separately. */
  readonly each: boolean
  /** The number of kernels, or of products of a column and a row. */
  readonly kernels: number
  readonly axes: readonly Axis[]
  /** The layer that the sizes were worked out from. */
  readonly layer: Layer
}

/** A count with its formula, in letters and filled in. */
export type Formula = readonly [formula: string, filled: string, count: number]

export const times = (...list: readonly number[]): string => list.join('·')
export const letters = (kernel: readonly number[], by = '·'): string =>
  ['kD', 'kH', 'kW'].slice(3 - kernel.length).join(by)
/** `D·H·W`, or with the mark of an output `D'·H'·W'` */
export const places = (axes: readonly unknown[], mark: string): string =>
  ['D', 'H', 'W']
    .slice(3 - axes.length)
    .map((letter) => letter + mark)
    .join('·')

export const none: Formula = ['none', '0', 0]

/** The weights of a bank [O,C/groups,…]. */
export function banked(s: Sizes): Formula {
  const { channels: c, filters: o, groups: g, kernel: k } = s
  if (s.each) return planes(s)
  const label = g === 1 ? 'O·C' : 'O·C/groups'
  return [`${label}·${letters(k)}`, times(o, c / g, ...k), o * (c / g) * sizeOf(k)]
}

/** The weights of one or more kernels that are applied to each channel separately. */
export const planes = ({ kernel: k, kernels: n }: Pick<Sizes, 'kernel' | 'kernels'>): Formula =>
  n === 1 ? [letters(k), times(...k), sizeOf(k)] : [`n·${letters(k)}`, times(n, ...k), n * sizeOf(k)]

/** The weights of filters [C·m,1,…]: m for each channel. */
export function perChannel(s: Sizes): Formula {
  const { channels: c, multiplier: m, kernel: k } = s
  return s.each ? planes(s) : [`C·m·${letters(k)}`, times(c, m, ...k), c * m * sizeOf(k)]
}

/**
 * The multiplications of every weight with every sample of the output or input; a plane repeats them for each channel.
 */
export function everywhere(s: Sizes, [, , count]: Formula, where: 'output' | 'input' = 'output'): Formula {
  if (count === 0) return none
  const size = s.axes.map((a) => a[where])
  const { channels: c } = s
  const [label, filled, many] = s.each
    ? ['C·weights', `${c}·${count}`, c * count]
    : ['weights', `${count}`, count]
  const letters = places(size, where === 'output' ? "'" : '')
  return [`${label} · ${letters}`, `${filled} · ${times(...size)}`, many * sizeOf(size)]
}

/** The shape of an output with as many channels as the input. */
export const sameChannels = (s: Sizes): number[] => [s.channels, ...s.axes.map((a) => a.output)]

/** The cost of the plain convolution between the same numbers of channels. */
export function plainBank(s: Sizes, output: readonly number[], kernel = s.kernel): Plain {
  const parameters = output[0]! * s.channels * sizeOf(kernel)
  return { parameters, multiplications: parameters * sizeOf(output.slice(1)) }
}

/** The cost of the full plane. A kernel applied to each channel separately is compared with that, not with a bank. */
export function plainPlane(s: Sizes, output: readonly number[], kernel = s.kernel): Plain {
  const parameters = sizeOf(kernel)
  return { parameters, multiplications: parameters * s.channels * sizeOf(output.slice(1)) }
}

/** The number of samples that the taps cover on each axis. */
export const reaches = (s: Sizes): number[] => s.axes.map((a) => extent(a.kernel, a.dilation))

/** Returns a padding that must be numbers, not a rule. @throws ConvoError E_ARGUMENT for a rule */
export function numbersOnly(padding: Padding, what: string): readonly [before: number, after: number] {
  if (typeof padding !== 'string') return padding
  throw new ConvoError('E_ARGUMENT', `padding of ${what} must be numbers, got "${padding}"`)
}

/** Turns a kernel [C,kH,kW] into a bank of one filter; returns others unchanged. */
export const summed = (kernel: Kernel | undefined): Kernel | undefined =>
  kernel?.shape.length === 3 ? { ...kernel, shape: [1, ...kernel.shape] } : kernel

/** Turns a kernel [C,kH,kW] into a bank with one filter for each channel; returns others unchanged. */
export const eachOwn = (kernel: Kernel | undefined): Kernel | undefined =>
  kernel?.shape.length === 3 ? { ...kernel, shape: [kernel.shape[0]!, 1, ...kernel.shape.slice(1)] } : kernel

/** The layer of a kernel with the shared options. Without a kernel, it is the layer of the textbook. */
export const correlationLayer = (
  kernel: Kernel | undefined,
  {
    stride,
    dilation,
    padding,
    groups,
  }: {
    readonly stride?: readonly number[] | undefined
    readonly dilation?: readonly number[] | undefined
    readonly padding?: readonly Padding[] | undefined
    readonly groups?: number | undefined
  },
): Layer => ({
  kernel,
  each: kernel?.shape.length === 2,
  ...(stride && { stride }),
  ...(dilation && { dilation }),
  ...(padding && { padding: paddingOption(padding) }),
  ...(groups !== undefined && { groups }),
})

/** Joins the paddings of the axes: a rule, which is the same for every axis, or their numbers. */
export function paddingOption(padding: readonly Padding[]): PaddingOption {
  const [first] = padding
  return typeof first === 'string' ? first : (padding as readonly (readonly [number, number])[])
}

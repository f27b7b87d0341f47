import { type Axis, type AxisChoice, extent, type Padding } from '../conv/geometry.ts'
import type { PaddingOption, PerAxis } from '../conv/spec.ts'
import { ConvoError } from '../error.ts'
import type { Kernel } from '../kernel/kernel.ts'
import { sizeOf } from '../tensor/tensor.ts'

// What an operator is as a layer of a network, so that it can be explained: its numbers by formulas, nothing computed.

/** A layer: a kernel's shape, or sizes instead of one. What is omitted has the operator's textbook default. */
export type Layer = {
  /** Its shape goes before `size`, `filters` and `multiplier`; of a plane the separability is reported. */
  readonly kernel?: Kernel | undefined
  /** True for a kernel that every channel meets on its own, with the same weights. */
  readonly each?: boolean | undefined
  /** How many kernels of that size there are, or products of a column and a row: 1. */
  readonly kernels?: number | undefined
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
  /** 0 unless given, or with `keep`. */
  readonly padding?: PaddingOption | undefined
  /** True where as many samples come out as go in, over the stride, unless a padding is given: as of pictures. */
  readonly keep?: boolean | undefined
  readonly outputPadding?: PerAxis | undefined
  readonly groups?: number | undefined
  /** Of a transposed convolution: samples that repeat the edge on each side of the input before. */
  readonly edge?: PerAxis | undefined
  /** Of a pooling: rounds sizes up. */
  readonly ceil?: boolean | undefined
  /** The kernel that follows an unpooling. */
  readonly smoothing?: Kernel | undefined
  /** Of an involution: the rule that makes its kernels, instead of weights. */
  readonly rule?: string | undefined
  /** What an approximation loses of the kernel, relative to it. */
  readonly error?: number | undefined
}

/** What can be asked for instead of a kernel. */
export type Asked = 'size' | 'filters' | 'multiplier' | 'hidden'

/** How an operator differs from the plain convolution, whose rules apply where it has none of its own. */
export type LayerRules = {
  readonly asks: readonly Asked[]
  /** What an option of the command settles, so that it cannot be asked for any more. */
  readonly settles?: Readonly<Record<string, Asked>>
  /** The size of every kernel. */
  readonly kernel?: readonly number[]
  readonly usual?: Pick<Layer, 'stride' | 'dilation' | 'padding'>
  /** Windows side by side, 2x2 by default, instead of a kernel. */
  readonly pools?: true
  /** Every channel has `multiplier` filters of its own. */
  readonly alone?: true
  /** Every input sample paints its kernel into the output. */
  readonly paints?: true
  groups?(channels: number, shape: readonly number[] | undefined): number
  /** What a kernel of this shape says as a bank: its filters, and of how many channels, `seen`, there must be `of`. */
  bank?(shape: readonly number[], channels: number, groups: number): Bank | undefined
  /** @throws ConvoError E_SHAPE, E_ARGUMENT */
  axis?(label: string, input: number, kernel: number, choice: AxisChoice, layer: Layer, index: number): Axis
  weights?(s: Sizes): Formula
  /** Given its weights. */
  multiplications?(s: Sizes, weights: Formula): Formula
  /** How the size of the output comes about on an axis. */
  sized?(axis: Axis, layer: Layer, index: number): { output?: number; formula: string; filled: string }
  /** The shape that comes out. */
  output?(s: Sizes): number[]
  /** Input samples that one output sample sees on an axis. */
  reach?(s: Sizes, axis: Axis, index: number): number
  /** Input samples from one output sample to the next. */
  step?(axis: Axis): number
  /** What the plain convolution between the same shapes would take. */
  plain?(s: Sizes, output: readonly number[]): Plain
}

type Bank = { readonly filters: number; readonly seen: number; readonly of: number; readonly groups?: number }
export type Plain = {
  /** Its weights, without biases. */
  readonly parameters: number
  /** Its multiplications. */
  readonly multiplications: number
}

/** Everything that the formulas need, decided. */
export type Sizes = {
  readonly channels: number
  readonly filters: number
  readonly groups: number
  readonly multiplier: number
  /** Of the kernel or window. */
  readonly kernel: readonly number[]
  /** One plane for all channels, each on its own. */
  readonly each: boolean
  /** How many kernels there are, or products of a column and a row. */
  readonly kernels: number
  readonly axes: readonly Axis[]
  /** What was asked for. */
  readonly layer: Layer
}

/** A count with its formula, in letters and filled in. */
export type Formula = readonly [formula: string, filled: string, count: number]

export const times = (...list: readonly number[]): string => list.join('·')
export const letters = (kernel: readonly number[], by = '·'): string =>
  ['kD', 'kH', 'kW'].slice(3 - kernel.length).join(by)
/** `D·H·W`, or of an output, marked, `D'·H'·W'` */
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

/** One kernel, or a few, that every channel meets on its own. */
export function planes({ kernel: k, kernels: n }: Pick<Sizes, 'kernel' | 'kernels'>): Formula {
  return n === 1 ? [letters(k), times(...k), sizeOf(k)] : [`n·${letters(k)}`, times(n, ...k), n * sizeOf(k)]
}

/** Filters [C·m,1,…]: a few for every channel. */
export function perChannel(s: Sizes): Formula {
  const { channels: c, multiplier: m, kernel: k } = s
  return s.each ? planes(s) : [`C·m·${letters(k)}`, times(c, m, ...k), c * m * sizeOf(k)]
}

/** Every weight at every place of the output, or of the input; those of planes for every channel. */
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

/** As many channels as there are. */
export const sameChannels = (s: Sizes): number[] => [s.channels, ...s.axes.map((a) => a.output)]

/** The plain convolution between the same channels. */
export function plainBank(s: Sizes, output: readonly number[], kernel = s.kernel): Plain {
  const parameters = output[0]! * s.channels * sizeOf(kernel)
  return { parameters, multiplications: parameters * sizeOf(output.slice(1)) }
}

/** A kernel that meets every channel alone has the full plane for a rival, not a bank. */
export function plainPlane(s: Sizes, output: readonly number[], kernel = s.kernel): Plain {
  const parameters = sizeOf(kernel)
  return { parameters, multiplications: parameters * s.channels * sizeOf(output.slice(1)) }
}

/** How far the taps of each axis reach. */
export const reaches = (s: Sizes): number[] => s.axes.map((a) => extent(a.kernel, a.dilation))

/** @throws ConvoError E_ARGUMENT for a rule, where only numbers can be */
export function numbersOnly(padding: Padding, what: string): readonly [before: number, after: number] {
  if (typeof padding !== 'string') return padding
  throw new ConvoError('E_ARGUMENT', `padding of ${what} must be numbers, got "${padding}"`)
}

/** A kernel [C,kH,kW] as the bank of one filter that it is; others are themselves. */
export const summed = (kernel: Kernel | undefined): Kernel | undefined =>
  kernel?.shape.length === 3 ? { ...kernel, shape: [1, ...kernel.shape] } : kernel

/** A kernel [C,kH,kW] as a bank with one for each channel. */
export const eachOwn = (kernel: Kernel | undefined): Kernel | undefined =>
  kernel?.shape.length === 3 ? { ...kernel, shape: [kernel.shape[0]!, 1, ...kernel.shape.slice(1)] } : kernel

/** The layer of a kernel under the shared options; without one it is that of the textbook. */
export function correlationLayer(
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
): Layer {
  return {
    kernel,
    each: kernel?.shape.length === 2,
    ...(stride && { stride }),
    ...(dilation && { dilation }),
    ...(padding && { padding: paddingOption(padding) }),
    ...(groups !== undefined && { groups }),
  }
}

/** A rule is the same for every axis. */
export function paddingOption(padding: readonly Padding[]): PaddingOption {
  const [first] = padding
  return typeof first === 'string' ? first : (padding as readonly (readonly [number, number])[])
}

import type { PaddingOption, PerAxis } from '../conv/spec.ts'
import type { Kernel } from '../kernel/kernel.ts'

/** A layer: a kernel's shape, or sizes in place of one. What is left out has the operator's textbook default. */
export type Layer = {
  /** Its shape goes before `size`, `filters` and `multiplier`; of a plane the separability is told. */
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
  readonly edge?: number | undefined
  /** Of a pooling: rounds sizes up. */
  readonly ceil?: boolean | undefined
  /** The kernel that follows an unpooling. */
  readonly smoothing?: Kernel | undefined
  /** Of an involution: the rule that makes its kernels, in place of weights. */
  readonly rule?: string | undefined
  /** What an approximation leaves out of the kernel, relative to it. */
  readonly error?: number | undefined
}

/** Which arithmetic runs. All but the last four give the bits of `direct`. */
export type Algorithm =
  | 'direct'
  | 'integer'
  | 'integer-separable'
  | 'box'
  | 'separable'
  | 'fft'
  | 'fft-separable'

/** A plane kernel with its arithmetic chosen. Weights are float32, row-major, flipped already where that was asked for. */
export type Stencil = {
  readonly kH: number
  readonly kW: number
  /** The tap that meets the output sample, y and x. */
  readonly anchor: readonly [number, number]
  readonly dilation: readonly [number, number]
  /** The sum is divided by this. */
  readonly scale: number
  /** Why this arithmetic, in words. */
  readonly reason: string
} & (
  | { readonly algorithm: 'direct' | 'fft'; readonly weights: Float32Array }
  | { readonly algorithm: 'integer'; readonly weights: Float32Array; readonly sums: 'i16' | 'i32' }
  | {
      readonly algorithm: 'integer-separable' | 'separable' | 'fft-separable'
      readonly col: Float32Array
      readonly row: Float32Array
      /** The sum is multiplied by this, before it is divided by the scale. */
      readonly weight?: number
    }
  | { readonly algorithm: 'box'; readonly weight: number }
)

import { correlate, type Grid, type Result } from './sums.ts'

/** The options of max pooling, with one entry per spatial direction. */
export type PoolOptions = {
  readonly kernel: readonly number[]
  readonly stride: readonly number[]
  readonly pads?: readonly (readonly number[])[] | undefined
  readonly dilation?: readonly number[] | undefined
  readonly ceilMode?: boolean | undefined
}

/**
 * Max pooling of x [C,(D,)H,W]. `indices` are flat positions in the channel's own unpadded plane or volume. Of equal
 * maxima, the first in row-major order wins. The first NaN wins over everything, and padding never wins.
 */
export function maxPool(x: Grid, options: PoolOptions): { output: Result; indices: Result } {
  const [channels, ...size] = x.shape as [number, ...number[]]
  const spatial = size.length
  const deep = <T>(list: readonly T[], neutral: T): T[] => (spatial === 2 ? [neutral, ...list] : [...list])
  const [D, H, W] = deep(size, 1) as [number, number, number]
  const kernel = deep(options.kernel, 1)
  const stride = deep(options.stride, 1)
  const dilation = deep(options.dilation ?? size.map(() => 1), 1)
  const pads = deep(options.pads ?? size.map(() => [0, 0]), [0, 0])
  const out = [D, H, W].map((n, a) => {
    const [before, after] = pads[a]! as [number, number]
    const room = n + before + after - dilation[a]! * (kernel[a]! - 1) - 1
    const count = (options.ceilMode ? Math.ceil(room / stride[a]!) : Math.floor(room / stride[a]!)) + 1
    // As in PyTorch, the last window must begin inside the input or the padding before it.
    return options.ceilMode && (count - 1) * stride[a]! >= n + before ? count - 1 : count
  }) as [number, number, number]

  const shape = [channels, ...out.slice(3 - spatial)]
  const output = new Float64Array(channels * out[0] * out[1] * out[2])
  const indices = new Float64Array(output.length)
  let at = 0
  for (let c = 0; c < channels; c++)
    for (let z = 0; z < out[0]; z++)
      for (let y = 0; y < out[1]; y++)
        for (let xx = 0; xx < out[2]; xx++) {
          let best = Number.NaN
          let where = -1
          for (let t = 0; t < kernel[0]!; t++)
            for (let u = 0; u < kernel[1]!; u++)
              for (let v = 0; v < kernel[2]!; v++) {
                const sz = z * stride[0]! - pads[0]![0]! + t * dilation[0]!
                const sy = y * stride[1]! - pads[1]![0]! + u * dilation[1]!
                const sx = xx * stride[2]! - pads[2]![0]! + v * dilation[2]!
                if (sz < 0 || sz >= D || sy < 0 || sy >= H || sx < 0 || sx >= W) continue
                const place = (sz * H + sy) * W + sx
                const sample = x.data[c * D * H * W + place]!
                const wins = sample > best || (Number.isNaN(sample) && !Number.isNaN(best))
                if (where === -1 || wins) {
                  best = sample
                  where = place
                }
              }
          if (where === -1) throw new Error('oracle: a window lies in the padding alone')
          output[at] = best
          indices[at++] = where
        }
  return { output: { shape, data: output }, indices: { shape, data: indices } }
}

/** Returns zeros of [C,...outputSize], with each value of x at its index. */
export function maxUnpool(x: Grid, indices: Grid, outputSize: readonly number[]): Result {
  const channels = x.shape[0]!
  const plane = outputSize.reduce((a, b) => a * b, 1)
  const perChannel = x.data.length / channels
  const data = new Float64Array(channels * plane)
  for (let i = 0; i < x.data.length; i++) {
    data[Math.floor(i / perChannel) * plane + indices.data[i]!] = x.data[i]!
  }
  return { shape: [channels, ...outputSize], data }
}

/** The sizes of an involution. */
export type InvolutionOptions = {
  readonly kernelSize: number
  readonly stride: number
  readonly groups: number
  readonly dilation: number
}

/** The weights that make the kernels of an involution. */
export type Generator = {
  readonly reduceWeight: Grid
  readonly reduceBias?: ArrayLike<number> | undefined
  readonly batchNorm?:
    | {
        readonly gamma: ArrayLike<number>
        readonly beta: ArrayLike<number>
        readonly mean: ArrayLike<number>
        readonly variance: ArrayLike<number>
        readonly eps: number
      }
    | undefined
  readonly spanWeight: Grid
  readonly spanBias?: ArrayLike<number> | undefined
}

/** Makes the kernels [G*K*K,H',W'] of an involution from x: reduce, normalise, ReLU, span. */
export function involutionKernel(x: Grid, generator: Generator, { stride }: InvolutionOptions): Result {
  const reduced = correlate(meanOfBlocks(x, stride), generator.reduceWeight, { bias: generator.reduceBias })
  const plane = reduced.shape[1]! * reduced.shape[2]!
  const bn = generator.batchNorm
  const active = reduced.data.map((v, i) => {
    const r = Math.floor(i / plane)
    const normal = bn
      ? ((v - bn.mean[r]!) / Math.sqrt(bn.variance[r]! + bn.eps)) * bn.gamma[r]! + bn.beta[r]!
      : v
    return Math.max(normal, 0)
  })
  return correlate({ shape: reduced.shape, data: active }, generator.spanWeight, { bias: generator.spanBias })
}

/** Applies kernels [G*K*K,H',W'], one for each position, to x [C,H,W], with zeros outside. */
export function involutionApply(x: Grid, kernel: Grid, options: InvolutionOptions): Result {
  const { kernelSize: K, stride, groups, dilation } = options
  const [C, H, W] = x.shape as [number, number, number]
  const [, oH, oW] = kernel.shape as [number, number, number]
  const data = new Float64Array(C * oH * oW)
  for (let c = 0; c < C; c++) {
    const g = Math.floor(c / (C / groups))
    for (let i = 0; i < oH; i++)
      for (let j = 0; j < oW; j++) {
        let sum = 0
        for (let u = 0; u < K; u++)
          for (let v = 0; v < K; v++) {
            const y = i * stride + (u - (K - 1) / 2) * dilation
            const xx = j * stride + (v - (K - 1) / 2) * dilation
            if (y < 0 || y >= H || xx < 0 || xx >= W) continue
            sum += kernel.data[((g * K * K + u * K + v) * oH + i) * oW + j]! * x.data[(c * H + y) * W + xx]!
          }
        data[(c * oH + i) * oW + j] = sum
      }
  }
  return { shape: [C, oH, oW], data }
}

/** Returns the mean of every whole s x s block. */
function meanOfBlocks(x: Grid, s: number): Result {
  const [C, H, W] = x.shape as [number, number, number]
  const oH = Math.floor(H / s)
  const oW = Math.floor(W / s)
  const data = new Float64Array(C * oH * oW)
  for (let c = 0; c < C; c++)
    for (let i = 0; i < oH; i++)
      for (let j = 0; j < oW; j++) {
        let sum = 0
        for (let u = 0; u < s; u++)
          for (let v = 0; v < s; v++) sum += x.data[(c * H + i * s + u) * W + j * s + v]!
        data[(c * oH + i) * oW + j] = sum / (s * s)
      }
  return { shape: [C, oH, oW], data }
}

/** A layer whose weights and multiplications are counted. */
export type Layer =
  | { readonly layer: 'conv2d'; readonly in: number; readonly out: number; readonly groups: number }
  | {
      readonly layer: 'depthwiseSeparable2d'
      readonly in: number
      readonly out: number
      readonly multiplier: number
    }
  | { readonly layer: 'separable2d'; readonly in: number }

/** Counts the weights of a layer with kernel [kH,kW], and optionally its biases. */
export function countParams(layer: Layer, kernel: readonly number[], bias: boolean): number {
  const [kH, kW] = kernel as [number, number]
  switch (layer.layer) {
    case 'conv2d':
      return layer.out * (layer.in / layer.groups) * kH * kW + (bias ? layer.out : 0)
    case 'depthwiseSeparable2d': {
      const middle = layer.in * layer.multiplier
      return middle * kH * kW + (bias ? middle : 0) + layer.out * middle + (bias ? layer.out : 0)
    }
    case 'separable2d':
      return layer.in * (kH + kW)
  }
}

/** Counts the multiplications by a weight at every output position: one for each weight, because each is used once. */
export function countMultiplications(
  layer: Layer,
  kernel: readonly number[],
  outputSize: readonly number[],
): number {
  return countParams(layer, kernel, false) * outputSize[0]! * outputSize[1]!
}

/** Returns how many samples a dilated kernel covers in each direction. */
export function effectiveKernel(kernel: readonly number[], dilation: readonly number[]): number[] {
  return kernel.map((k, a) => k + (k - 1) * (dilation[a]! - 1))
}

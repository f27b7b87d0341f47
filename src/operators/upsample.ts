/** The kernels that a transposed convolution upsamples with, by name, for any stride. */
export type Upsampling = 'bilinear' | 'nearest'

/**
 * The weights along one axis: `nearest` repeats a sample `stride` times; `bilinear` is the tent 1 − |i − middle| / stride
 * of 2·stride − stride mod 2 taps (Long, Shelhamer and Darrell 2015), so that the shares that reach one output sum to 1.
 */
export function upsamplingRow(kind: Upsampling, stride: number): Float64Array {
  if (kind === 'nearest') return new Float64Array(stride).fill(1)
  const length = 2 * stride - (stride % 2)
  const middle = (length - 1) / 2
  return Float64Array.from({ length }, (_, i) => 1 - Math.abs(i - middle) / stride)
}

/**
 * What is cut off an axis, so that `stride` samples are left of each. `bilinear` is given the edge repeated once around:
 * the first stride samples of what comes out belong to that edge, and half a tent before.
 */
export function upsamplingCrop(
  kind: Upsampling,
  length: number,
  stride: number,
): readonly [before: number, after: number] {
  if (kind === 'nearest') return [0, 0]
  const overhang = length - stride
  const before = Math.ceil(overhang / 2)
  return [stride + before, stride + overhang - before]
}

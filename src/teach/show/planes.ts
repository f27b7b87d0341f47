import { ConvoError } from '../../error.ts'
import { type Kernel, placeOf, planeSize, showShape } from '../../kernel/kernel.ts'

/** One plane of a kernel: its weights [height][width], and its label if there are several. */
export type Plane = {
  readonly label: string
  readonly height: number
  readonly width: number
  readonly weights: Float64Array
}

/** Returns the planes of a kernel in order. Each is labelled by its place: filter, channel, slice. */
export function planesOf({ shape, weights }: Kernel): Plane[] {
  const [height, width] = planeSize(shape)
  const size = height * width
  const outer = shape.slice(0, -2)
  const names = axisNames(shape)
  return Array.from({ length: weights.length / size }, (_, n) => ({
    label: placeOf(outer, n)
      .map((at, i) => `${names[i]} ${at}`)
      .join(' · '),
    height,
    width,
    weights: weights.subarray(n * size, (n + 1) * size),
  }))
}

/** Returns the names of the axes before those of the plane. */
const axisNames = (shape: readonly number[]): readonly string[] =>
  ({ 3: ['channel'], 4: ['filter', 'channel'], 5: ['filter', 'channel', 'slice'] })[shape.length] ?? []

/**
 * Returns one plane of a kernel as a kernel.
 *
 * @param place an index for each axis before the plane, counted from 0
 * @throws ConvoError E_OPTION if there is no plane at this place
 */
export function planeAt(kernel: Kernel, place: readonly number[]): Kernel {
  const outer = kernel.shape.slice(0, -2)
  const isThere = place.length === outer.length && place.every((at, i) => at < outer[i]!)
  if (!isThere) {
    const last = outer.map((n) => n - 1).join(',')
    throw new ConvoError('E_OPTION', `there is no plane ${place.join(',')} in ${showShape(kernel.shape)}`, {
      ...(outer.length === 0
        ? { why: 'the kernel is a single plane', fix: 'no --plane' }
        : {
            why: `${axisNames(kernel.shape).join(', ')}: up to ${last}, counted from 0`,
            fix: `--plane ${last}`,
          }),
    })
  }
  const [height, width] = planeSize(kernel.shape)
  const index = place.reduce((sum, at, i) => sum * outer[i]! + at, 0)
  const size = height * width
  const { bias: _, ...rest } = kernel
  return {
    ...rest,
    shape: [height, width],
    weights: kernel.weights.slice(index * size, (index + 1) * size),
    name: `${kernel.name ?? 'kernel'} [${place.join(',')}]`,
  }
}

/** Returns the largest magnitude of the weights, or 1 if all are 0. */
export const largest = (weights: Float64Array): number =>
  weights.reduce((most, w) => Math.max(most, Math.abs(w)), 0) || 1

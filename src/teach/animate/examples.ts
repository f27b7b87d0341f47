import { sizeOf, Tensor } from '../../tensor/tensor.ts'

// The default numbers: small and whole, so that sums are easy to follow.

/** Returns whole numbers from `low` to `high` that look random but are always the same. */
export function noise(shape: readonly number[], low: number, high: number): Tensor {
  let state = shape.reduce((seed, n) => seed * 31 + n, 7 + high)
  const data = Float32Array.from({ length: sizeOf(shape) }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    return ((state >>> 16) % (high - low + 1)) + low
  })
  return new Tensor(shape, data)
}

/** Parses a tensor written as rows of numbers. */
const drawn = (shape: readonly number[], rows: string): Tensor =>
  new Tensor(shape, Float32Array.from(rows.trim().split(/\s+/), Number))

/** The example inputs of the textbook; they are found by shape. */
const inputs: readonly Tensor[] = [
  drawn(
    [1, 5, 5],
    `1 1 1 0 0
     0 1 1 1 0
     0 0 1 1 1
     0 0 1 1 0
     0 1 1 0 0`,
  ),
  drawn(
    [3, 5, 5],
    `3 2 2 3 2  3 3 0 0 1  1 3 3 0 1  3 0 3 0 1  3 1 1 1 2
     1 3 1 1 2  2 2 2 3 3  3 2 2 1 3  1 0 3 0 3  2 0 0 1 0
     0 2 3 1 3  3 3 2 1 2  1 1 1 0 3  0 0 0 3 2  3 0 2 1 1`,
  ),
]

const weights: readonly Tensor[] = [
  drawn([1, 1, 3, 3], '1 0 1  0 1 0  1 0 1'),
  drawn(
    [1, 3, 3, 3],
    `-1  1 2  1 -1 1   0 2 2
     -1  1 2  2  1 1  -1 1 0
     -1 -1 1  1  1 1   2 1 0`,
  ),
]

const ofShape = (table: readonly Tensor[], shape: readonly number[]): Tensor | undefined =>
  table.find((t) => t.shape.join() === shape.join())

/** Returns an input of this shape: that of the textbook, if it has one. */
export const exampleInput = (shape: readonly number[]): Tensor => ofShape(inputs, shape) ?? noise(shape, 0, 3)

/** Returns weights of this shape: those of the textbook, if it has them. */
export const exampleWeights = (shape: readonly number[]): Tensor =>
  ofShape(weights, shape) ?? noise(shape, -1, 2)

/** Returns a tent of whole numbers, the product of a column and a row. For size 4 each is 1 2 2 1. */
export function tent(rows: number, columns: number): Tensor {
  const rise = (n: number, i: number) => Math.min(i, n - 1 - i) + 1
  const data = Float32Array.from(
    { length: rows * columns },
    (_, i) => rise(rows, Math.floor(i / columns)) * rise(columns, i % columns),
  )
  return new Tensor([1, 1, rows, columns], data)
}

import { sizeOf, Tensor } from '../../tensor/tensor.ts'

// The default numbers: small and whole, so that sums are easy to follow.

/** Whole numbers from `low` to `high` that look random and never change. */
export function noise(shape: readonly number[], low: number, high: number): Tensor {
  let state = shape.reduce((seed, n) => seed * 31 + n, 7 + high)
  const data = Float32Array.from({ length: sizeOf(shape) }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    return ((state >>> 16) % (high - low + 1)) + low
  })
  return new Tensor(shape, data)
}

/** A tensor drawn as on paper. */
const drawn = (shape: readonly number[], rows: string): Tensor =>
  new Tensor(shape, Float32Array.from(rows.trim().split(/\s+/), Number))

/** Tensors of the textbook by shape. */
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

/** An input of this shape: the textbook's if it has one. */
export const exampleInput = (shape: readonly number[]): Tensor => ofShape(inputs, shape) ?? noise(shape, 0, 3)

/** Weights of this shape: the textbook's if it has them. */
export const exampleWeights = (shape: readonly number[]): Tensor =>
  ofShape(weights, shape) ?? noise(shape, -1, 2)

/** A tent of whole numbers, as wide as requested: 1 2 2 1 down and across for 4. */
export function tent(rows: number, columns: number): Tensor {
  const rise = (n: number, i: number) => Math.min(i, n - 1 - i) + 1
  const data = Float32Array.from(
    { length: rows * columns },
    (_, i) => rise(rows, Math.floor(i / columns)) * rise(columns, i % columns),
  )
  return new Tensor([1, 1, rows, columns], data)
}

import { type Engine, referenceEngine } from '../../src/definition/engine.ts'
import { sizeOf, Tensor } from '../../src/tensor/tensor.ts'
import type { Grid } from '../oracle.ts'
import fc from '../property.ts'

/**
 * Returns small whole numbers from -4 to 4 that look random, but are the same for the same shape and seed. Their sums
 * are exact.
 */
export function whole(shape: readonly number[], seed = 1): Tensor {
  let state = shape.reduce((s, n) => Math.imul(s, 31) + n, seed) >>> 0
  const data = Float32Array.from({ length: sizeOf(shape) }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    return ((state >>> 16) % 9) - 4
  })
  return new Tensor(shape, data)
}

/** Returns fractions from -4 to 4 in the same way. */
export function fractions(shape: readonly number[], seed = 1): Tensor {
  let state = shape.reduce((s, n) => Math.imul(s, 37) + n, seed) >>> 0
  const data = Float32Array.from({ length: sizeOf(shape) }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return (state / 2 ** 32) * 8 - 4
  })
  return new Tensor(shape, data)
}

/** Returns shape and numbers for toEqual. -0 counts as 0. */
export function plain({ shape, data }: Grid): { shape: number[]; data: number[] } {
  const numbers = new Array<number>(data.length)
  for (let i = 0; i < data.length; i++) numbers[i] = data[i]! + 0
  return { shape: [...shape], data: numbers }
}

/** Returns the largest difference between two tensors of the same shape. */
export function difference(a: Grid, b: Grid): number {
  if (a.shape.join() !== b.shape.join()) throw new Error(`shapes differ: [${a.shape}], [${b.shape}]`)
  let most = 0
  for (let i = 0; i < a.data.length; i++) most = Math.max(most, Math.abs(a.data[i]! - b.data[i]!))
  return most
}

/** Returns Σ a·b in float64. */
export function inner(a: Grid, b: Grid): number {
  if (a.shape.join() !== b.shape.join()) throw new Error(`shapes differ: [${a.shape}], [${b.shape}]`)
  let sum = 0
  for (let i = 0; i < a.data.length; i++) sum += a.data[i]! * b.data[i]!
  return sum
}

export const add = (a: Tensor, b: Tensor): Tensor =>
  new Tensor(
    a.shape,
    a.data.map((v, i) => v + b.data[i]!),
  )

/** Returns the channels first..end-1. */
export function channels(x: Tensor, first: number, end: number): Tensor {
  const size = x.data.length / x.shape[0]!
  return new Tensor([end - first, ...x.shape.slice(1)], x.data.slice(first * size, end * size))
}

/** Joins tensors along the first axis. */
export function joined(parts: readonly Tensor[]): Tensor {
  const data = parts.flatMap((p) => Array.from(p.data))
  return new Tensor(
    [parts.reduce((n, p) => n + p.shape[0]!, 0), ...parts[0]!.shape.slice(1)],
    Float32Array.from(data),
  )
}

/** The settings of a 2-D correlation in which all sizes may differ. */
export const geometry = fc.record({
  groups: fc.integer({ min: 1, max: 3 }),
  perGroup: fc.integer({ min: 1, max: 3 }),
  filtersPerGroup: fc.integer({ min: 1, max: 3 }),
  height: fc.integer({ min: 1, max: 9 }),
  width: fc.integer({ min: 1, max: 9 }),
  kernel: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 })),
  stride: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
  dilation: fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 2 })),
  pads: fc.tuple(
    fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3 })),
    fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3 })),
  ),
  seed: fc.integer({ min: 1, max: 1e6 }),
})

export type Geometry = typeof geometry extends fc.Arbitrary<infer G> ? G : never

/** Whether the kernel fits in the padded input. */
export const fits = (g: Geometry): boolean =>
  [g.height, g.width].every(
    (n, i) => n + g.pads[i]![0]! + g.pads[i]![1]! > g.dilation[i]! * (g.kernel[i]! - 1),
  )

/** An engine that fails if a convolution is requested. */
export const noEngine: Engine = {
  correlate: () => Promise.reject(new Error('no correlation was expected')),
  transpose: () => Promise.reject(new Error('no transposition was expected')),
  involve: () => Promise.reject(new Error('no involution was expected')),
  layer: referenceEngine.layer,
  recipe: () => Promise.reject(new Error('no recipe was expected')),
  filter: () => Promise.reject(new Error('no filter was expected')),
  together: referenceEngine.together,
}

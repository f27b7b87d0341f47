import type { Shape } from '../definition/layer.ts'
import type { OperationName } from '../definition/mixing.ts'
import type { WasmExports } from './engine.ts'
import { type Compute, type PlacedRows, rowAt } from './placed-rows.ts'

// Operations that make one sample of the samples at the same position in several inputs. Axes of length 1 are repeated.

/** The number of each operation in the WebAssembly loops. */
export const operationNumbers: { readonly [K in OperationName]?: number } = {
  add: 0,
  subtract: 1,
  multiply: 2,
  divide: 3,
  smaller: 4,
  larger: 5,
  power: 6,
  equal: 7,
  greater: 8,
  atLeast: 9,
  less: 10,
  atMost: 11,
}

const row = (from: PlacedRows, [many, high]: Shape, c: number, y: number) =>
  rowAt(from, many === 1 ? 0 : c, high === 1 ? 0 : y)

/**
 * Prepares an operation on two samples. Inputs may be repeated. 64 channels of 512x512, each times a number, take 60 ms
 * instead of 230.
 */
export function preparePair(
  operation: OperationName,
  shape: Shape,
  [a, b]: readonly Shape[],
  wasm: WasmExports,
): Compute | undefined {
  const [channels, , n] = shape
  const number = operationNumbers[operation]
  if (number === undefined) return undefined
  const data = new Float32Array(wasm.memory.buffer)
  const [isFirst, isLast] = [a![2] < n, b![2] < n]
  return (to, [from, other], [first, end]) => {
    for (let c = 0; c < channels; c++) {
      for (let y = first; y < end; y++) {
        const [p, q] = [row(from!, a!, c, y), row(other!, b!, c, y)]
        if (isFirst || isLast)
          wasm.numberRow(rowAt(to, c, y), isFirst ? q : p, n, number, data[(isFirst ? p : q) / 4]!, isFirst)
        else wasm.operationRow(rowAt(to, c, y), p, q, n, number)
      }
    }
  }
}

/**
 * Prepares the choice between two samples by a third, or returns undefined if a row is a single sample. 64 channels of
 * 256x256 take 60 ms instead of 170.
 */
export function prepareEither(
  [channels, , n]: Shape,
  shapes: readonly Shape[],
  wasm: WasmExports,
): Compute | undefined {
  const [a, b, c] = shapes
  if (shapes.some(([, , width]) => width < n)) return undefined
  return (to, [condition, one, other], [first, end]) => {
    for (let k = 0; k < channels; k++) {
      for (let y = first; y < end; y++) {
        const [p, q, r] = [row(condition!, a!, k, y), row(one!, b!, k, y), row(other!, c!, k, y)]
        wasm.eitherRow(rowAt(to, k, y), p, q, r, n)
      }
    }
  }
}

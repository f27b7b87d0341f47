import type { PlaneKernel, Recipe } from '../../src/conv/recipe.ts'
import { filters } from '../../src/filters/table.ts'
import { resolve } from '../../src/params.ts'
import { filterPicture, type Grid, type Outside, outer, type Result } from '../oracle.ts'

/** Returns the recipe of a filter from settings as a user would give them. */
export function recipe(name: string, given: Readonly<Record<string, unknown>> = {}): Recipe {
  const entry = filters[name]
  if (entry === undefined) throw new Error(`no filter ${name}`)
  return entry.build(resolve(entry.params, given))
}

/** Returns the weights of a plane kernel with its scale applied, as [kH,kW] in float64. */
export function weights(k: PlaneKernel): Result {
  const raw =
    k.form === 'separable'
      ? { ...outer(k.col, k.row), scale: k.scale }
      : { shape: k.kernel.shape, data: k.kernel.weights, scale: k.kernel.scale }
  return { shape: raw.shape, data: raw.data.map((w) => w / raw.scale) }
}

/** Returns the rows of the one kernel, or of kernel number `index`, of a filter; as written, before the scale. */
export function rows(name: string, given: Readonly<Record<string, unknown>> = {}, index = 0): number[][] {
  const k = recipe(name, given).kernels[index]
  if (k === undefined) throw new Error(`${name} has no kernel ${index}`)
  const scale = k.form === 'separable' ? k.scale : k.kernel.scale
  const { shape, data } = weights(k)
  return Array.from({ length: shape[0]! }, (_, y) =>
    Array.from(data.slice(y * shape[1]!, (y + 1) * shape[1]!), (w) => w * scale),
  )
}

/**
 * Evaluates a recipe on x [C,H,W] by its definition, in float64 and full scale 255, including the last division and
 * offset.
 */
export function evaluate(r: Recipe, x: Grid, border: Outside = 'replicate'): Result {
  const sums = r.kernels.map((k) => filterPicture(x, weights(k), { border }).data)
  return { shape: x.shape, data: combineInFloat64(r, sums) }
}

/**
 * Combines the sums of a recipe's kernels, each divided by its scale, by the definition of its combine, including scale
 * and offset.
 */
export function combineInFloat64(r: Recipe, sums: readonly Float64Array[]): Float64Array {
  const at = (i: number): number => {
    const b = sums.map((s) => s[i]!)
    const [first, second] = b as [number, number]
    switch (r.combine.kind) {
      case 'only':
        return first
      case 'magnitude':
        return Math.hypot(first, second)
      case 'angle':
        return ((Math.atan2(second, first) + Math.PI) / (2 * Math.PI)) * 255
      case 'max':
        return Math.max(...b)
      case 'difference':
        return first - second
      case 'unsharp': {
        const detail = first - second
        return Math.abs(detail) > r.combine.threshold ? first + r.combine.amount * detail : first
      }
      case 'share': {
        const energy = (part: number[]) => part.reduce((sum, v) => sum + v * v, 0)
        const all = energy(b)
        return all === 0 ? 0 : 255 * Math.sqrt(energy(b.slice(0, r.combine.edges)) / all)
      }
    }
  }
  return Float64Array.from({ length: sums[0]!.length }, (_, i) => at(i) / r.scale + r.offset)
}

/** Returns the rank of a small matrix, by elimination. */
export function rank(matrix: readonly (readonly number[])[]): number {
  const m = matrix.map((row) => [...row])
  let found = 0
  for (let column = 0; column < (m[0]?.length ?? 0); column++) {
    const pivot = m.findIndex((row, i) => i >= found && Math.abs(row[column]!) > 1e-9)
    if (pivot < 0) continue
    ;[m[found], m[pivot]] = [m[pivot]!, m[found]!]
    const top = m[found]!
    for (const row of m.slice(found + 1)) {
      const factor = row[column]! / top[column]!
      for (let j = 0; j < row.length; j++) row[j]! -= factor * top[j]!
    }
    found++
  }
  return found
}

/** A gray picture from rows. */
export const picture = (image: readonly (readonly number[])[]): Grid => ({
  shape: [1, image.length, image[0]!.length],
  data: image.flat(),
})

/** Transposes a matrix. */
export const transposed = (m: readonly (readonly number[])[]): number[][] =>
  m[0]!.map((_, x) => m.map((row) => row[x]!))

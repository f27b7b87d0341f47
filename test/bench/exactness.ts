// Compares the 8-bit results of every named filter on a photograph with an independent float64 computation.
//   npx tsx test/bench/exactness.ts [picture]
// For each filter it prints how many samples in a million differ, and the largest difference in levels. The README
// quotes this.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { filterDefaults, planRecipe } from '../../src/conv/plan.ts'
import type { PlaneKernel, Recipe } from '../../src/conv/recipe.ts'
import { filters } from '../../src/filters/table.ts'
import { decode } from '../../src/image/decode.ts'
import { createPool } from '../../src/run/pool.ts'
import { combineInFloat64, recipe } from '../filters/textbook.ts'
import { filterPicture, type Grid, outer } from '../oracle.ts'
import { runRecipe } from '../run/recipes.ts'

const shared = fileURLToPath(new URL('../../../shared/photos/s512.png', import.meta.url))
const sample = fileURLToPath(new URL('../../samples/scene.png', import.meta.url))
const file = process.argv[2] ?? (existsSync(shared) ? shared : sample)

const decoded = await decode(file, { maxPixels: 1e8, orient: true })
const { width, height, channels, data } = decoded
if (decoded.depth !== 8) throw new Error('give an 8-bit picture')
const planes: Grid = {
  shape: [channels, height, width],
  data: Float64Array.from({ length: data.length }, (_, i) => {
    const plane = width * height
    return data[(i % plane) * channels + Math.floor(i / plane)]!
  }),
}

const jobs: [string, Record<string, unknown>][] = [
  ...Object.keys(filters).map((name): [string, Record<string, unknown>] => [name, {}]),
  ['sobel', { size: 5 }],
  ['sobel', { axis: 'angle' }],
  ['gaussian', { sigma: 2 }],
  ['gaussian', { sigma: 5 }],
  ['gaussian', { sigma: 20 }],
  ['gaussian', { sigma: 50 }],
  ['box', { size: 41 }],
  ['disk', { radius: 12 }],
  ['motion', { length: 40, angle: 30 }],
  ['log', { sigma: 4 }],
  ['unsharp', { sigma: 4, amount: 1.5 }],
]

const pool = createPool()
let [worst, most, all, off] = [0, 0, 0, 0]
console.log('differing in a million   largest   arithmetic           filter')
for (const [name, given] of jobs) {
  const r = recipe(name, given)
  const { samples, algorithms } = await inConvo(r)
  const expected = inFloat64(r)
  let [count, largest] = [0, 0]
  const full = r.combine.kind === 'angle' ? 255 : Number.POSITIVE_INFINITY
  samples.forEach((v, i) => {
    const [plane, c] = [Math.floor(i / channels), i % channels]
    const level = Math.min(255, Math.max(0, roundHalfEven(expected[c * width * height + plane]!)))
    const apart = Math.abs(level - v)
    const difference = Math.min(apart, Math.abs(full - apart))
    if (difference > 0) count++
    largest = Math.max(largest, difference)
  })
  const share = (count / samples.length) * 1e6
  console.log(
    `${share.toFixed(1).padStart(22)} ${String(largest).padStart(9)}   ${algorithms.padEnd(20)} ${name} ${JSON.stringify(given)}`,
  )
  ;[worst, most] = [Math.max(worst, largest), Math.max(most, share)]
  ;[all, off] = [all + samples.length, off + count]
}
await pool.close()
console.log(
  `\nworst: ${most.toFixed(1)} in a million, ${worst} level; all: ${((off / all) * 1e6).toFixed(2)} in a million of ${all} samples`,
)
process.exitCode = worst > 1 || most >= 1000 ? 1 : 0

async function inConvo(r: Recipe): Promise<{ samples: Uint8Array; algorithms: string }> {
  const plan = planRecipe(r, filterDefaults, { width, height, samples: 'u8' })
  const algorithms = [...new Set(plan.stencils.map((s) => s.algorithm))].join(', ')
  const samples = await pool.exclusive(async (session) => {
    const target = session.arena.alloc(data.length)
    const source = { width, height, channels, depth: 8, full: 255, data } as const
    const tone = { gray: false, table: 0, encode: false, alpha: 'plain' } as const
    await runRecipe(session, plan, source, tone, 'clamp', { kind: 'samples', depth: 8, target })
    return new Uint8Array(session.arena.memory.buffer, target, data.length).slice()
  })
  return { samples, algorithms }
}

function inFloat64(r: Recipe): Float64Array {
  return combineInFloat64(r, r.kernels.map(correlate))
}

/** Sums with one kernel in float64: by the textbook for dense kernels, in two passes for separable ones. */
function correlate(k: PlaneKernel): Float64Array {
  if (k.form === 'dense') {
    const { weights, scale, shape, anchor } = k.kernel
    const kernel = { shape, data: weights.map((w) => w / scale) }
    return filterPicture(planes, kernel, { border: 'replicate', ...(anchor ? { anchor } : {}) }).data
  }
  const one = Float64Array.of(1)
  const column = filterPicture(planes, outer(k.col, one), { border: 'replicate' })
  return filterPicture(column, outer(one, k.row), { border: 'replicate' }).data.map((v) => v / k.scale)
}

function roundHalfEven(v: number): number {
  const below = Math.floor(v)
  const rest = v - below
  return rest < 0.5 || (rest === 0.5 && below % 2 === 0) ? below : below + 1
}

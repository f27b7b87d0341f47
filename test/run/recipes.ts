import { type FilterOptions, filterDefaults, planRecipe, type RecipePlan } from '../../src/conv/plan.ts'
import { type Recipe, single } from '../../src/conv/recipe.ts'
import { evaluateRecipe } from '../../src/definition/evaluate.ts'
import { quantise, type Range } from '../../src/definition/quantise.ts'
import type { Tone } from '../../src/graph/tone.ts'
import { kernel } from '../../src/kernel/kernel.ts'
import { runToPicture } from '../../src/run/graph.ts'
import type { OnStrip } from '../../src/run/graph-run.ts'
import type { Sink, SourcePicture } from '../../src/run/picture-job.ts'
import type { Pool, Session } from '../../src/run/pool.ts'
import type { Clipping } from '../../src/run/watch.ts'

// Recipes on small pictures, in a run and by their definition.

export type Source = {
  width: number
  height: number
  channels: 1 | 2 | 3 | 4
  depth: 8 | 16
  data: Uint8Array | Uint16Array
}

/** Makes reproducible samples: noise, with runs of the extremes so that clipping and equal values occur. */
export function picture(
  width: number,
  height: number,
  channels: 1 | 2 | 3 | 4,
  depth: 8 | 16,
  seed = 1,
): Source {
  const full = depth === 8 ? 255 : 65535
  let state = seed * 2654435761
  const data = new (depth === 8 ? Uint8Array : Uint16Array)(width * height * channels)
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    data[i] = state < 2 ** 29 ? 0 : state > 2 ** 32 - 2 ** 29 ? full : state % (full + 1)
  }
  return { width, height, channels, depth, data }
}

/** Runs a planned recipe on a picture. */
export const runRecipe = (
  session: Session,
  plan: RecipePlan,
  picture: SourcePicture,
  tone: Tone,
  range: Range,
  sink: Sink,
  onStrip?: OnStrip,
): Promise<Clipping> => {
  const { channels, full } = picture
  const finishing = { plan, tone, channels, full, range, sink }
  return runToPicture(session, { source: { picture, gray: false } }, finishing, onStrip)
}

export const plain: Tone = { gray: false, table: 0, encode: false, alpha: 'plain' }

/** In half of the runs, the picture is in the shared memory; in the others, its rows are copied strip by strip. */
let runs = 0

/** Runs a recipe on a picture. */
export async function runRecipeOver(
  pool: Pool,
  recipe: Recipe,
  source: Source,
  options: Partial<FilterOptions> = {},
  range: Range = 'clamp',
  stripRows?: number,
) {
  const full = source.depth === 8 ? 255 : 65535
  const planned = planRecipe(
    recipe,
    { ...filterDefaults, ...options },
    { ...source, samples: source.depth === 8 ? 'u8' : 'u16' },
  )
  const plan: RecipePlan = stripRows === undefined ? planned : { ...planned, stripRows }
  const size = plan.outWidth * plan.outHeight * source.channels
  const got = await pool.exclusive(async (session) => {
    const address = session.arena.alloc(source.data.byteLength)
    new Uint8Array(session.arena.memory.buffer).set(new Uint8Array(source.data.buffer), address)
    const target = session.arena.alloc(size * 2)
    const sink = { kind: 'samples', depth: source.depth, target } as const
    const { data, ...shape } = source
    const where = runs++ % 2 === 0 ? { address } : { data }
    const outcome = await runRecipe(session, plan, { ...shape, ...where, full }, plain, range, sink)
    const { buffer } = session.arena.memory
    const view =
      source.depth === 8 ? new Uint8Array(buffer, target, size) : new Uint16Array(buffer, target, size)
    return { outcome, samples: view.slice() }
  })
  return { plan, full, ...got }
}

/** Returns the samples by the definition. */
export function reference(plan: RecipePlan, source: Source, full: number, range: Range = 'clamp') {
  const values = evaluateRecipe(plan, source, full)
  const samples = new (source.depth === 8 ? Uint8Array : Uint16Array)(values.length)
  let extremes = { min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY }
  for (const v of values) extremes = { min: Math.min(extremes.min, v), max: Math.max(extremes.max, v) }
  const clipped = quantise(values, samples, range as 'clamp', full, extremes)
  return { samples, clipped }
}

export const dense = (rows: number[][], scale = 1) =>
  single(kernel([rows.length, rows[0]!.length], rows.flat(), { scale }))
export const separable = (col: number[], row: number[], scale = 1): Recipe => ({
  kernels: [{ form: 'separable', col: Float64Array.from(col), row: Float64Array.from(row), scale }],
  combine: { kind: 'only' },
  scale: 1,
  offset: 0,
})
export const line = <T>(n: number, f: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => f(i))

/** One recipe for every arithmetic that a plan can choose, and for both widths of integer sums. */
export const recipes: Record<string, Recipe> = {
  'integer i16': dense([
    [-1, 0, 1],
    [-2, 0, 2],
    [-1, 0, 1],
  ]),
  'integer i32': dense(
    [
      [90, -7, 1],
      [0, 81, 2],
      [3, 4, -60],
    ],
    16,
  ),
  'integer odd': dense(
    [
      [0, 300, 0],
      [100, -7, 0],
      [0, 0, 5],
    ],
    3,
  ),
  direct: dense([
    [0.25, -0.1, 0.3],
    [0.7, 0.11, -0.2],
  ]),
  'integer-separable i16': separable([1, 2, 3, 2, 1], [1, -1, 2, -1, 1], 9),
  'integer-separable i32': separable([1, 4, 6, 4, 1], [1, 4, 6, 4, 1], 256),
  'integer-separable wide': separable([100, 90, 80, 90, 100], [3, 1, 2, 1, 3], 4600),
  separable: separable(
    line(9, (i) => 1 / (i + 3)),
    line(7, (i) => 0.3 - 0.04 * i),
  ),
  box: separable(
    line(7, () => 1),
    line(5, () => 1),
    35,
  ),
  'box of fractions': dense(line(6, () => 0).map(() => line(5, () => 0.0333))),
}

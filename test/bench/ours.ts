import { createHash } from 'node:crypto'
import { correlationBank, transpositionBank } from '../../src/conv/bank.ts'
import { filterDefaults, planRecipe } from '../../src/conv/plan.ts'
import { type Recipe, single } from '../../src/conv/recipe.ts'
import { correlationOf, transpositionOf } from '../../src/conv/spec.ts'
import { outputShape } from '../../src/definition/convolution.ts'
import { filters, stepFilters } from '../../src/filters/table.ts'
import { nodeOf, sourceNode, traced, tracer } from '../../src/graph/node.ts'
import { plainTone } from '../../src/graph/tone.ts'
import { kernel } from '../../src/kernel/kernel.ts'
import { resolve } from '../../src/params.ts'
import { placeBank, put } from '../../src/run/bank.ts'
import { runRecipe, runToPicture } from '../../src/run/graph.ts'
import { createPool, type Session } from '../../src/run/pool.ts'
import { sizeOf, Tensor } from '../../src/tensor/tensor.ts'
import type { Contestant } from './contest.ts'
import {
  type BankProblem,
  bankWeights,
  fillNoise,
  madeUpWeights,
  type PictureProblem,
  probeAt,
} from './problem.ts'

/** convo's core with its input in the shared memory, as the decoder leaves it; the result stays there too. */
export async function enterConvo(problem: PictureProblem | BankProblem): Promise<Contestant> {
  const pool = createPool(problem.threads)
  const lease = await hold(pool.exclusive)
  const work =
    problem.kind === 'bank'
      ? placeLayer(problem, lease.session)
      : Object.hasOwn(stepFilters, problem.filter)
        ? await placeSteps(problem, lease.session)
        : placePicture(problem, lease.session)
  if (problem.threads > 1) {
    pool.warm()
    await new Promise((done) => setTimeout(done, 300))
  }
  return {
    name: problem.against === undefined ? 'convo' : `convo, threads: ${problem.threads}`,
    async run() {
      const before = performance.now()
      await work.run()
      return performance.now() - before
    },
    async probe() {
      const result = work.result()
      return probeAt(result.length).map((i) => result[i]!)
    },
    digest() {
      const { buffer, byteOffset, byteLength } = work.result()
      return createHash('sha256')
        .update(new Uint8Array(buffer, byteOffset, byteLength))
        .digest('hex')
        .slice(0, 16)
    },
    async close() {
      lease.end()
      await pool.close()
    },
  }
}

/** The recipe that a problem names. */
export function recipeOf(problem: PictureProblem): Recipe {
  if (problem.filter === 'conv2d') {
    const weights = madeUpWeights(problem)
    const scale = problem.whole ? weights.reduce((a, b) => a + b, 0) : 1
    return single(kernel([problem.side, problem.side], weights, { scale }))
  }
  const entry = filters[problem.filter]
  if (entry === undefined) throw new Error(`${problem.text}: no filter ${problem.filter}`)
  return entry.build(resolve(entry.params, problem.settings))
}

type Work = { run(): Promise<unknown>; result(): Uint8Array | Float32Array }

function placePicture(problem: PictureProblem, session: Session): Work {
  const { width, height, samples, algorithm } = problem
  const plan = planRecipe(recipeOf(problem), { ...filterDefaults, algorithm }, { width, height, samples })
  const { source, sink, result } = placeSamples(problem, session)
  const range = samples === 'u8' ? 'clamp' : 'raw'
  return { run: () => runRecipe(session, plan, source, plainTone, range, sink), result }
}

/** A filter that takes steps over planes, from a picture of bytes to another. */
async function placeSteps(problem: PictureProblem, session: Session): Promise<Work> {
  const { text, width, height, channels, samples, filter, settings } = problem
  if (samples !== 'u8') throw new Error(`${text}: steps are measured on u8`)
  const { source, sink, result } = placeSamples(problem, session)
  const entry = stepFilters[filter]!
  const given = {
    values: resolve(entry.params, settings),
    kernel: undefined,
    settings: {},
    channels,
    full: 255,
  }
  const step = entry.build(given)
  const out = nodeOf(await step.apply(traced(sourceNode([channels, height, width])), tracer))
  const identity = single(kernel([1, 1], [1]))
  const plan = planRecipe(identity, filterDefaults, { width, height, samples: 'f32' })
  const finishing = { plan, tone: plainTone, channels, full: 255, range: 'clamp', sink } as const
  const graph = { out, source: { picture: source, gray: false } }
  return { run: () => runToPicture(session, graph, finishing), result }
}

function placeSamples({ width, height, channels, samples }: PictureProblem, session: Session) {
  const n = width * height * channels
  const { memory } = session.arena
  const bytes = samples === 'u8' ? n : 4 * n
  const [address, target] = [session.arena.alloc(bytes), session.arena.alloc(bytes)]
  const view = (at: number) =>
    samples === 'u8' ? new Uint8Array(memory.buffer, at, n) : new Float32Array(memory.buffer, at, n)
  fillNoise(view(address))
  const depth = samples === 'u8' ? 8 : 32
  const source = { width, height, channels, depth, full: 255, address } as const
  const sink =
    samples === 'u8' ? ({ kind: 'samples', depth: 8, target } as const) : ({ kind: 'float', target } as const)
  return { source, sink, result: () => view(target) }
}

function placeLayer(problem: BankProblem, { arena, run }: Session): Work {
  const { shape, filters: count, side, stride, dilation, groups, transposed } = problem
  const [channels] = shape
  const x = new Tensor(shape, fillNoise(new Float32Array(sizeOf(shape))))
  const padding = (dilation * (side - 1)) >> 1
  const options = { stride, dilation, groups, padding }
  const volume = side * side
  const place = () => {
    if (transposed) {
      const w = tensor([channels, count / groups, side, side])
      const t = transpositionOf(2, x, w, options)
      const plan = transpositionBank(t)
      const { channelsPerGroup: c, filtersPerGroup: f } = plan
      const index = (filter: number, channel: number, tap: number) =>
        ((Math.floor(filter / f) * c + channel) * f + (filter % f)) * volume + tap
      return { plan, w, index, output: outputShape(x, count, t.axes) }
    }
    const w = tensor([count, channels / groups, side, side])
    const c = correlationOf(2, x, w, options)
    const plan = correlationBank(c)
    const index = (filter: number, channel: number, tap: number) =>
      (filter * plan.channelsPerGroup + channel) * volume + tap
    return { plan, w, index, output: outputShape(x, count, c.axes) }
  }
  const { plan, w, index, output } = place()
  const target = arena.alloc(sizeOf(output) * 4)
  const job = placeBank(arena, plan, put(arena, x.data), target, w.data, undefined, index)
  return {
    run: () => run(job, job.parts, () => undefined, { parallel: problem.threads > 1 }),
    result: () => new Float32Array(arena.memory.buffer, target, sizeOf(output)),
  }
}

const tensor = (shape: readonly number[]): Tensor => new Tensor(shape, bankWeights(sizeOf(shape)))

/** Keeps the memory of a pool until `end`: what a problem places stays where it is between runs. */
async function hold(
  exclusive: <R>(use: (session: Session) => Promise<R>) => Promise<R>,
): Promise<{ session: Session; end(): void }> {
  return new Promise((resolve) => {
    exclusive((session) => new Promise<void>((end) => resolve({ session, end: () => end() })))
  })
}

import { createHash } from 'node:crypto'
import { filterDefaults, planPlain, planRecipe } from '../../src/conv/plan.ts'
import { type Recipe, single } from '../../src/conv/recipe.ts'
import { filters, stepFilters } from '../../src/filters/table.ts'
import { nodeOf, planesNode, sourceNode, traced, tracer } from '../../src/graph/node.ts'
import { plainTone } from '../../src/graph/tone.ts'
import { kernel } from '../../src/kernel/kernel.ts'
import { conv2d } from '../../src/operators/conv2d.ts'
import { convTranspose2d } from '../../src/operators/transposed.ts'
import { resolve } from '../../src/params.ts'
import { runToPicture } from '../../src/run/graph.ts'
import { layOut } from '../../src/run/graph-run.ts'
import { createPool, type Session } from '../../src/run/pool.ts'
import { stripsOf } from '../../src/run/tensors.ts'
import { sizeOf, Tensor } from '../../src/tensor/tensor.ts'
import { runRecipe } from '../run/recipes.ts'
import type { Contestant } from './contest.ts'
import {
  type BankProblem,
  bankWeights,
  fillNoise,
  madeUpWeights,
  type PictureProblem,
  probeAt,
} from './problem.ts'

/** Runs convo's core with its input in the shared memory, where the decoder puts it. The result stays there too. */
export async function enterConvo(problem: PictureProblem | BankProblem): Promise<Contestant> {
  const pool = createPool(problem.threads)
  const lease = await hold(pool.exclusive)
  const work =
    problem.kind === 'bank'
      ? await placeLayer(problem, lease.session)
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

/** Returns the recipe of a problem. */
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

/** Runs a filter that needs steps on planes, from one picture of bytes to another. */
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
  const step = await entry.build(given)
  const out = nodeOf(await step.apply(traced(sourceNode([channels, height, width])), tracer))
  const plan = planPlain(width, height, 'f32')
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

async function placeLayer(problem: BankProblem, session: Session): Promise<Work> {
  const { arena } = session
  const { shape, filters: count, side, stride, dilation, groups, transposed } = problem
  const [channels] = shape
  const from = arena.alloc(sizeOf(shape) * 4)
  const source = new Float32Array(arena.memory.buffer, from, sizeOf(shape))
  const x = traced(planesNode(new Tensor(shape, fillNoise(source))))
  const padding = (dilation * (side - 1)) >> 1
  const options = { stride, dilation, groups, padding }
  const out = transposed
    ? await convTranspose2d(tracer, x, tensor([channels, count / groups, side, side]), options)
    : await conv2d(tracer, x, tensor([count, channels / groups, side, side]), options)
  const target = arena.alloc(sizeOf(out.shape) * 4)
  const cut = stripsOf(out)
  const laid = await layOut(session, undefined, [nodeOf(out)], () => ({ kind: 'planes', target }), { cut })
  return {
    run: laid,
    result: () => new Float32Array(arena.memory.buffer, target, sizeOf(out.shape)),
  }
}

const tensor = (shape: readonly number[]): Tensor => new Tensor(shape, bankWeights(sizeOf(shape)))

/** Keeps the memory of a pool until `end`, so that the data of a problem stays in place between runs. */
async function hold(
  exclusive: <R>(use: (session: Session) => Promise<R>) => Promise<R>,
): Promise<{ session: Session; end(): void }> {
  return new Promise((resolve) => {
    exclusive((session) => new Promise<void>((end) => resolve({ session, end: () => end() })))
  })
}

import {
  type BankPlan,
  correlationBank,
  correlationIndex,
  transpositionBank,
  transpositionIndex,
  type WeightIndex,
} from '../conv/bank.ts'
import { outputShape } from '../definition/convolution.ts'
import { type Engine, referenceEngine } from '../definition/engine.ts'
import { nodeOf, planesNode, traced, tracer } from '../graph/node.ts'
import { sizeOf, Tensor } from '../tensor/tensor.ts'
import { placeBank, put } from './bank.ts'
import { runToTensor } from './graph.ts'
import type { Pool, Session } from './pool.ts'

/** Below this many multiplications a worker costs more than it brings. */
const parallelFrom = 4e6

/**
 * The engine on a worker pool: the bits of the reference engine, in SIMD and on all threads. With a session it works
 * within that session, else in one of its own for each call.
 */
export function poolEngine(pool: Pool, session?: Session): Engine {
  const within: Pool['exclusive'] = session === undefined ? pool.exclusive : (use) => use(session)
  const together: Engine['together'] = (inputs, steps) =>
    within(async (session) => {
      const out = await steps(tracer, ...inputs.map((x) => traced(planesNode(x))))
      return runToTensor(session, { out: nodeOf(out) })
    })
  return {
    async correlate(x, weight, bias, c) {
      const plan = correlationBank(c)
      if (plan.algorithm === 'winograd')
        return together([x], (engine, planes) => engine.correlate(planes!, weight, bias, c))
      return run(within, plan, x, weight, bias, c.filters, c.axes, correlationIndex(plan))
    },
    async transpose(x, weight, bias, t) {
      const plan = transpositionBank(t)
      return run(within, plan, x, weight, bias, t.filters, t.axes, transpositionIndex(plan, t))
    },
    layer: (name, inputs, settings) =>
      inputs.some(({ shape }) => shape.length !== 3)
        ? referenceEngine.layer(name, inputs, settings)
        : together(inputs, (engine, ...planes) => engine.layer(name, planes, settings)),
    involve: (x, options) => together([x], (engine, planes) => engine.involve(planes!, options)),
    recipe: (x, recipe, options, full) =>
      together([x], (engine, planes) => engine.recipe(planes!, recipe, options, full)),
    filter: (x, plan, full) => together([x], (engine, planes) => engine.filter(planes!, plan, full)),
    together,
  }
}

async function run(
  within: Pool['exclusive'],
  plan: BankPlan,
  x: Tensor,
  weight: Tensor,
  bias: Float32Array | undefined,
  filters: number,
  axes: readonly { readonly output: number }[],
  index: WeightIndex,
): Promise<Tensor> {
  const shape = outputShape(x, filters, axes)
  return within(async ({ arena, run }) => {
    const source = put(arena, x.data)
    const target = arena.alloc(sizeOf(shape) * 4)
    const job = placeBank(arena, plan, source, target, weight.data, bias, index)
    const work =
      plan.phases.reduce((sum, p) => sum + p.taps.length, 0) * plan.channelsPerGroup * sizeOf(shape)
    await run(job, job.parts, () => undefined, { parallel: work >= parallelFrom })
    return new Tensor(shape, new Float32Array(arena.memory.buffer, target, sizeOf(shape)).slice())
  })
}

import type { Engine } from '../definition/engine.ts'
import { nodeOf, planesNode, traced, tracer } from '../graph/node.ts'
import { Tensor } from '../tensor/tensor.ts'
import { runToTensor } from './graph.ts'
import type { Pool, Session } from './pool.ts'

/**
 * The engine on a worker pool: the bits of the reference engine, in SIMD and on all threads. With a session it works
 * within that session, else in one of its own for each call.
 */
export function poolEngine(pool: Pool, session?: Session): Engine {
  const within: Pool['exclusive'] =
    session === undefined ? pool.exclusive : (use) => use(session, () => undefined)
  const together: Engine['together'] = (inputs, steps) =>
    within(async (session) => {
      const out = await steps(tracer, ...inputs.map((x) => traced(planesNode(x), x.shape)))
      const made = await runToTensor(session, { out: nodeOf(out) }, stripsOf(out))
      return new Tensor(out.shape, made.data)
    })
  return {
    correlate: (x, ...more) => together([x], (engine, own) => engine.correlate(own!, ...more)),
    transpose: (x, ...more) => together([x], (engine, own) => engine.transpose(own!, ...more)),
    layer: (name, inputs, settings) =>
      together(inputs, (engine, ...own) => engine.layer(name, own, settings)),
    involve: (x, options) => together([x], (engine, own) => engine.involve(own!, options)),
    recipe: (x, ...more) => together([x], (engine, own) => engine.recipe(own!, ...more)),
    filter: (x, ...more) => together([x], (engine, own) => engine.filter(own!, ...more)),
    together,
  }
}

/** Rows of a strip of a bank over a small tensor, so that all threads have some. */
export function stripsOf(out: Tensor): number | undefined {
  const { work, shape } = nodeOf(out)
  return work.kind === 'bank' && shape[1] < 256 ? Math.max(4, Math.ceil(shape[1] / 4)) : undefined
}

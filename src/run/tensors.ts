import { confinedTo, type Engine, type Together } from '../definition/engine.ts'
import { invariant } from '../error.ts'
import { hasBarrier } from '../graph/barriers.ts'
import { nodeOf, planesNode, traced, tracer } from '../graph/node.ts'
import { copied, copyTo } from '../host/turns.ts'
import { Tensor } from '../tensor/tensor.ts'
import { isWorthThreads } from './cost.ts'
import { runToTensor } from './graph.ts'
import { layOut } from './graph-run.ts'
import type { Pool, Session } from './pool.ts'

/**
 * The engine on a worker pool. It gives the bits of the reference engine, with SIMD and on all threads. If `session` is
 * given, it works within that session, otherwise in a new one for each call.
 */
export function poolEngine(pool: Pool, session?: Session): Engine {
  const within: Pool['exclusive'] =
    session === undefined ? pool.exclusive : (use) => use(session, () => undefined)
  const together: Engine['together'] = (inputs, steps, times = 1) =>
    within(async (session) => {
      const confined: Together = (engine, ...xs) => steps(confinedTo(engine, inputs), ...xs)
      if (times > 1) return repeated(session, inputs, confined, times)
      const out = await confined(tracer, ...inputs.map((x) => traced(planesNode(x), x.shape)))
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

/**
 * Runs steps several times over; none of them may need all of its input first. Everything stays in the shared memory
 * and is laid out twice: from the first input to the result, and back.
 */
async function repeated(
  session: Session,
  inputs: readonly Tensor[],
  steps: Together,
  times: number,
): Promise<Tensor> {
  const { arena } = session
  const begin = arena.mark()
  const roomFor = ({ shape, data }: Tensor) => {
    // allocating may replace the buffer
    const address = arena.alloc(data.byteLength)
    return new Tensor(shape, new Float32Array(arena.memory.buffer, address, data.length))
  }
  const resident: Tensor[] = []
  for (const x of inputs) {
    const room = roomFor(x)
    await copyTo(room.data, x.data, 0)
    resident.push(room)
  }
  const [first, ...others] = resident as [Tensor, ...Tensor[]]
  const second = roomFor(first)
  const laid = async (x: Tensor, to: Tensor) => {
    const out = await steps(tracer, ...[x, ...others].map((one) => traced(planesNode(one), one.shape)))
    const node = nodeOf(out)
    invariant(`${out.shape}` === `${x.shape}`, 'what is repeated keeps its shape')
    invariant(!hasBarrier(node), 'what is repeated runs in strips')
    const target = arena.addressOf(to.data)!
    return layOut(session, undefined, [node], () => ({ kind: 'planes', target }))
  }
  try {
    const [there, back] = [await laid(first, second), await laid(second, first)]
    for (let i = 0; i < times; i++) await (i % 2 === 0 ? there() : back())
    const { shape, data } = times % 2 === 0 ? first : second
    return new Tensor(shape, await copied(data))
  } finally {
    arena.release(begin)
  }
}

/**
 * Returns the rows of a strip of a bank over a small tensor, so that every thread gets some; all rows if one thread is
 * enough.
 */
export function stripsOf(out: Tensor): number | undefined {
  const node = nodeOf(out)
  const [, height] = node.shape
  if (node.work.kind !== 'bank' || height >= 256) return undefined
  return isWorthThreads(node) ? Math.max(4, Math.ceil(height / 4)) : height
}

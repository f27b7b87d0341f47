import { afterAll, describe, expect, it } from 'vitest'
import { referenceEngine } from '../../src/definition/engine.ts'
import { nodeOf, planesNode, traced, tracer } from '../../src/graph/node.ts'
import { trace } from '../../src/net/trace.ts'
import { runToTensor } from '../../src/run/graph.ts'
import { createPool } from '../../src/run/pool.ts'
import { Tensor } from '../../src/tensor/tensor.ts'
import { cases } from './cases.ts'
import { floats, modelFor, randoms } from './graphs.ts'

const pools = [1, 3].map((threads) => createPool(threads))
afterAll(() => Promise.all(pools.map((pool) => pool.close())))

const attentions = cases
  .filter(([, { nodes }]) =>
    nodes.some(
      ({ operator, inputs }) => operator === 'MatMul' && inputs.every((input) => typeof input === 'string'),
    ),
  )
  .map(([title, network]) => ({ title, network }))

describe('products of what comes from the picture', () => {
  it.each(attentions)(
    '$title: the same bits in strips of any height, with any threads',
    async ({ network }) => {
      const { data } = floats(randoms(4), ...network.shape)
      const x = new Tensor(network.shape.slice(1), Float32Array.from(data))
      const model = await modelFor(network)
      const [reference] = await trace(model.network, x, referenceEngine, 'chw', model.declared)
      const [out] = await trace(model.network, traced(planesNode(x)), tracer, 'chw', model.declared)
      for (const pool of pools)
        for (const cut of [undefined, 1, 2, { stripRows: 4, passRows: 1 }]) {
          const made = await pool.exclusive((session) => runToTensor(session, { out: nodeOf(out!) }, cut))
          expect(made.shape).toEqual(reference!.shape)
          expect(made.data.every((v, i) => Object.is(v, reference!.data[i]!))).toBe(true)
        }
    },
  )

  it('are attention in two of the cases', () => expect(attentions.length).toBe(2))
})

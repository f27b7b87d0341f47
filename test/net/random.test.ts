import { afterAll, describe, expect, it } from 'vitest'
import { referenceEngine } from '../../src/definition/engine.ts'
import { nodeOf, planesNode, traced, tracer } from '../../src/graph/node.ts'
import { trace } from '../../src/net/trace.ts'
import { runToTensor } from '../../src/run/graph.ts'
import { createPool } from '../../src/run/pool.ts'
import { Tensor } from '../../src/tensor/tensor.ts'
import { floats, meaningOf, modelFor, randoms } from './graphs.ts'
import { nd } from './interpreter.ts'
import { randomNetwork } from './random-graphs.ts'

const pools = [1, 2, 3, 8].map((threads) => createPool(threads))
afterAll(() => Promise.all(pools.map((pool) => pool.close())))

const seeds = Array.from({ length: 200 }, (_, i) => i + 1)

async function made(seed: number) {
  const random = randoms(seed)
  const network = randomNetwork(random)
  const { data } = floats(random, ...network.shape)
  const x = new Tensor(network.shape.slice(1), Float32Array.from(data))
  const model = await modelFor(network)
  const [reference] = await trace(model.network, x, referenceEngine, 'chw', model.declared)
  return { network, model, x, reference: reference! }
}

describe('200 random networks', () => {
  it('are what the textbook says, in float64', async () => {
    for (const seed of seeds) {
      const { network, x, reference } = await made(seed)
      const expected = meaningOf(network, nd(network.shape, x.data))
      const title = `seed ${seed}: ${network.nodes.map(({ operator }) => operator).join(' ')}`
      expect(reference.data.length, title).toBe(expected.data.length)
      const most = expected.data.reduce((m, v) => Math.max(m, Math.abs(v)), 1)
      const worst = expected.data.reduce((m, v, i) => Math.max(m, Math.abs(v - reference.data[i]!)), 0)
      expect(worst / most, title).toBeLessThan(2e-5)
    }
  })

  it('give the same bits in strips of any height, with any number of threads', async () => {
    for (const seed of seeds) {
      const { network, model, x, reference } = await made(seed)
      const [out] = await trace(model.network, traced(planesNode(x)), tracer, 'chw', model.declared)
      const pool = pools[seed % pools.length]!
      const cuts = [
        undefined,
        1 + (seed % 5),
        { stripRows: 9, passRows: 1 + (seed % 3) },
        { stripRows: 100, passRows: 2 },
      ]
      for (const cut of cuts) {
        const y = await pool.exclusive((session) => runToTensor(session, { out: nodeOf(out!) }, cut))
        const title = `seed ${seed}, cut ${JSON.stringify(cut)}: ${network.nodes.map(({ operator }) => operator).join(' ')}`
        expect(y.shape, title).toEqual(reference.shape)
        const odd = y.data.findIndex((v, i) => !Object.is(v, reference.data[i]!))
        expect(odd < 0 ? '' : `${odd}: ${y.data[odd]} for ${reference.data[odd]}`, title).toBe('')
      }
    }
  }, 240_000)
})

import { expect, test, vi } from 'vitest'
import { filterDefaults, planRecipe } from '../../src/conv/plan.ts'
import { filters } from '../../src/filters/table.ts'
import { filterNode, layerNode, sourceNode } from '../../src/graph/node.ts'
import { listed } from '../../src/graph/schedule.ts'
import { poolAxes } from '../../src/operators/max-pool.ts'
import { resolve } from '../../src/params.ts'
import { costOf, isWorthWorker } from '../../src/run/cost.ts'
import { Tensor } from '../../src/tensor/tensor.ts'

const cores = vi.hoisted(() => ({ count: 2 }))
vi.mock('node:os', async (original) => ({
  ...(await original<typeof import('node:os')>()),
  availableParallelism: () => cores.count,
}))

const tone = { gray: false, table: 0, encode: false, alpha: 'plain' } as const

/** A filter over an RGB picture of so many megapixels. */
function filterOver(megapixels: number, name: string, given = {}) {
  const filter = filters[name]!
  const [width, height] = [4000, 250 * megapixels]
  const recipe = filter.build(resolve(filter.params, given))
  const plan = planRecipe(recipe, filterDefaults, { width, height, samples: 'u8' })
  return listed(filterNode({ plan, tone, channels: 3, full: 255 }))
}

const pooled = (megapixels: number) => {
  const shape = [3, 250 * megapixels, 4000] as const
  const [, height, width] = shape
  const axes = poolAxes(2, new Tensor([1, height, width], new Float32Array(height * width)), {
    kernelSize: 2,
  })
  return listed(layerNode('pool', [sourceNode(shape)], { axes }))
}

test.each([
  ['sobel, 2 megapixels', filterOver(2, 'sobel'), [true, false]],
  ['gaussian 20, 2 megapixels', filterOver(2, 'gaussian', { sigma: 20 }), [true, false]],
  ['sobel, 12 megapixels', filterOver(12, 'sobel'), [true, false]],
  ['gaussian 5, 12 megapixels', filterOver(12, 'gaussian', { sigma: 5 }), [true, true]],
  ['kirsch, 12 megapixels', filterOver(12, 'kirsch'), [true, true]],
  ['a pooling, 12 megapixels', pooled(12), [true, false]],
  ['sobel, 300,000 pixels', filterOver(0.3, 'sobel'), [false, false]],
] as const)('a worker pays for %s, and on two cores while a PNG arrives: %j', (_, list, expected) => {
  cores.count = 2
  expect([false, true].map((isArriving) => isWorthWorker([list], costOf(list), isArriving))).toEqual(expected)
  cores.count = 4
  expect(isWorthWorker([list], costOf(list), true)).toBe(expected[0])
})

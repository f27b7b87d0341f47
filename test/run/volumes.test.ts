import { afterAll, expect, test } from 'vitest'
import { filterDefaults } from '../../src/conv/plan.ts'
import { single } from '../../src/conv/recipe.ts'
import { type Engine, referenceEngine } from '../../src/definition/engine.ts'
import { nodeOf, sourceNode, traced, tracer } from '../../src/graph/node.ts'
import { sliceBySlice, sliceOf } from '../../src/graph/slices.ts'
import { kernel } from '../../src/kernel/kernel.ts'
import { conv2d } from '../../src/operators/conv2d.ts'
import { conv3d } from '../../src/operators/conv3d.ts'
import { poolAxes } from '../../src/operators/max-pool.ts'
import { slicesOnDemand } from '../../src/picture/slices.ts'
import { runToTensor } from '../../src/run/graph.ts'
import { createPool } from '../../src/run/pool.ts'
import { Tensor } from '../../src/tensor/tensor.ts'
import { fractions } from '../operators/tensors.ts'

// A volume is slices stacked vertically. Tests steps on all of it and steps slice by slice, on slices that are decoded
// one at a time. Strips, threads and separate slices must not change the result.

const [channels, depth, height, width] = [3, 5, 9, 14] as const
const size = height * width * channels
const slices = Array.from({ length: depth }, (_, z) =>
  Uint8Array.from({ length: size }, (_, i) => (Math.imul(i + z * size, 2654435761) >>> 24) & 255),
)
const picture = { width, height: depth * height, channels: 3, depth: 8, full: 255 } as const
const sharpen = single(kernel([3, 3], [0, -1, 0, -1, 5, -1, 0, -1, 0]))
const plane = (z: number) =>
  new Tensor(
    [channels, height, width],
    Float32Array.from({ length: size }, (_, i) => {
      const [c, at] = [Math.floor(i / (height * width)), i % (height * width)]
      return slices[z]![at * channels + c]!
    }),
  )

type Steps = (engine: Engine, x: Tensor) => Promise<Tensor>
const onSlices: Record<string, Steps> = {
  filter: (engine, x) => engine.recipe(x, sharpen, { ...filterDefaults, stride: [2, 1] }, 255),
  bank: (engine, x) => conv2d(engine, x, fractions([4, 3, 3, 3]), { padding: 1, stride: [1, 2] }),
  'bank in tiles': (engine, x) => conv2d(engine, x, fractions([8, 3, 3, 3]), { padding: 1 }),
  pool: (engine, x) => engine.layer('pool', [x], { axes: poolAxes(2, x, { kernelSize: 2 }) }),
  'several steps': async (engine, x) => {
    const y = await onSlices.bank!(engine, x)
    return engine.layer('activate', [await onSlices.filter!(engine, y)], { name: 'relu', unit: 1 })
  },
}
const onAll: Record<string, Steps> = {
  none: async (_, x) => x,
  conv3d: (engine, x) =>
    conv3d(engine, x, fractions([2, x.shape[0]!, 3, 2, 3]), { padding: 'same', stride: [2, 1, 1] }),
}

const pools = [createPool(1), createPool(3)]
afterAll(() => Promise.all(pools.map((pool) => pool.close())))

test.each(Object.keys(onSlices).flatMap((one) => Object.keys(onAll).map((all) => [one, all] as const)))(
  '%s, then over all: %s',
  async (one, all) => {
    const made = await Promise.all(slices.map((_, z) => onSlices[one]!(referenceEngine, plane(z))))
    const [filters = 1, high = 1, wide = 1] = made[0]!.shape
    const together = Tensor.zeros([filters, depth, high, wide])
    for (const [z, { data }] of made.entries()) {
      for (let c = 0; c < filters; c++) {
        const part = data.subarray(c * high * wide, (c + 1) * high * wide)
        together.data.set(part, (c * depth + z) * high * wide)
      }
    }
    const want = await onAll[all]!(referenceEngine, together)
    const x = sourceNode([channels, depth * height, width])
    const slice = sourceNode([channels, height, width])
    const lifted = sliceBySlice(nodeOf(await onSlices[one]!(tracer, traced(slice))), slice, x, depth)!
    const out = await onAll[all]!(tracer, traced(lifted, together.shape))
    expect(out.shape).toEqual(want.shape)
    const [count = 1, deep = 1, rows = 1, columns = 1] = want.shape
    for (const pool of pools) {
      const run = (node: ReturnType<typeof nodeOf>, cut?: number) =>
        pool.exclusive((session) => {
          const onDemand = slicesOnDemand({ count: depth, height, bytes: size }, async (z) => slices[z]!)
          const source = { picture: { ...picture, slices: onDemand }, gray: false }
          return runToTensor(session, { out: node, source }, cut)
        })
      for (const cut of [1, 4, rows, deep * rows, undefined])
        expect(
          Buffer.from((await run(nodeOf(out), cut)).data.buffer).equals(bytesOf(want.data)),
          `${cut}`,
        ).toBe(true)
      for (let z = 0; z < deep; z++) {
        const own = (await run(sliceOf(nodeOf(out), z, deep))).data
        for (let c = 0; c < count; c++) {
          const at = (c * deep + z) * rows * columns
          const part = own.slice(c * rows * columns, (c + 1) * rows * columns)
          expect(bytesOf(part).equals(bytesOf(want.data.slice(at, at + rows * columns)))).toBe(true)
        }
      }
    }
  },
)

const bytesOf = ({ buffer }: Float32Array): Buffer => Buffer.from(buffer)

test('of slices those are held that a filter passes over, and decoded once', async () => {
  const decoded: number[] = []
  const [count, reach] = [20, 4]
  const held = slicesOnDemand({ count, height: 1, bytes: 1 }, async (z) => {
    decoded.push(z)
    return Uint8Array.of(z)
  })
  for (let z = 0; z < count; z++) {
    const asked = [z, Math.min(z + reach, count - 1)]
    await held.missing(asked)
    expect(held.missing(asked)).toBeUndefined()
    expect(asked.map((one) => held.samples(one)[0])).toEqual(asked)
  }
  // slices are only read ahead if they come next
  expect(decoded.filter((z, i) => decoded.indexOf(z) !== i)).toEqual([])
})

import { afterAll, describe, expect, it } from 'vitest'
import { filterDefaults, planRecipe } from '../../src/conv/plan.ts'
import { single } from '../../src/conv/recipe.ts'
import { correlationOf, transpositionOf } from '../../src/conv/spec.ts'
import type { Engine } from '../../src/definition/engine.ts'
import { cutOf } from '../../src/graph/cut.ts'
import {
  filterNode,
  interleaved,
  type Node,
  nodeOf,
  planesNode,
  traced,
  tracer,
} from '../../src/graph/node.ts'
import { planPasses } from '../../src/graph/passes.ts'
import { listed } from '../../src/graph/schedule.ts'
import { compressionSettings } from '../../src/image/png.ts'
import { kernel } from '../../src/kernel/kernel.ts'
import { poolAxes } from '../../src/operators/max-pool.ts'
import { runToPicture, runToSheet } from '../../src/run/graph.ts'
import type { PartResult } from '../../src/run/part.ts'
import type { Sink } from '../../src/run/picture-job.ts'
import { createPool } from '../../src/run/pool.ts'
import type { Tensor } from '../../src/tensor/tensor.ts'
import { fractions } from '../operators/tensors.ts'
import fc from '../property.ts'

const tone = { gray: false, table: 0, encode: false, alpha: 'plain' } as const
const pools = [1, 2, 3, 4, 5, 6, 7, 8].map((threads) => createPool(threads))
afterAll(() => Promise.all(pools.map((pool) => pool.close())))

const network = fc.record({
  height: fc.integer({ min: 120, max: 700 }),
  width: fc.integer({ min: 20, max: 60 }),
  layers: fc.integer({ min: 1, max: 12 }),
  barrier: fc.boolean(),
  size: fc.constantFrom('up', 'down', 'same'),
  channels: fc.constantFrom(1, 3, 5),
})
type Shape = typeof network extends fc.Arbitrary<infer T> ? T : never

/** Layers that need neighbouring rows, so that strips depend on each other. */
async function made(
  engine: Engine,
  { height, width, layers, barrier, size, channels }: Shape,
): Promise<Node> {
  const conv = (x: Tensor, filters: number) => {
    const weight = fractions([filters, x.shape[0]!, 3, 3])
    return engine.correlate(x, weight, undefined, correlationOf(2, x, weight, { padding: 1 }))
  }
  let x: Tensor = traced(planesNode(fractions([2, height, width])))
  for (let i = 0; i < layers; i++) {
    x = await engine.layer('activate', [await conv(x, 2)], { name: 'tanh', unit: 1 })
    if (barrier && i === layers >> 1) x = await engine.layer('means', [x], { s: 2 })
  }
  if (size === 'down') x = await engine.layer('pool', [x], { axes: poolAxes(2, x, { kernelSize: 2 }) })
  if (size === 'up') {
    const weight = fractions([2, 2, 2, 2])
    x = await engine.transpose(x, weight, undefined, transpositionOf(2, x, weight, { stride: 2 }))
  }
  x = await conv(x, channels)
  return nodeOf(await engine.layer('affine', [x], { scale: fractions([channels]).data.map(() => 90) }))
}

const plain = (width: number, height: number, taps = 1) =>
  planRecipe(
    single(
      kernel(
        [taps, 1],
        Array.from({ length: taps }, () => 1 / taps),
      ),
    ),
    filterDefaults,
    {
      width,
      height,
      samples: 'f32',
    },
  )

/** Returns the bytes that reach the file from each piece, in order. */
async function filed(threads: number, out: Node, sink: Sink, taps: number): Promise<string[]> {
  const pieces: PartResult[] = []
  const [channels, height, width] = out.shape
  const take = (piece: number, result: PartResult) => {
    pieces[piece] = result
  }
  await pools[threads - 1]!.exclusive(async (session) => {
    const to = { tone, range: 'clamp', sink, full: 255 } as const
    if (channels === 5) {
      const wishes = { labels: false, black: 0, white: 255 }
      const layout = { width: 3 * (width + 2) - 2, height: 2 * (height + 2) - 2 }
      await runToSheet(
        session,
        { out },
        wishes,
        { ...to, channels: 1, plan: plain(layout.width, layout.height) },
        take,
      )
    } else {
      await runToPicture(
        session,
        { out },
        { ...to, channels: channels as 1 | 3, plan: plain(width, height, taps) },
        take,
      )
    }
  })
  return Promise.all(
    pieces.map(async ({ packing, bytes, adler, length, rows }) =>
      [adler, length, rows, Buffer.from((await packing) ?? bytes!).toString('base64')].join(),
    ),
  )
}

describe('the pieces of a picture', () => {
  it('have the same bytes with 1 to 8 threads: PNG and TIFF, sheets, barriers, enlarged and made smaller', async () => {
    await fc.assert(
      fc.asyncProperty(
        network,
        fc.constantFrom<Sink>(
          { kind: 'png', depth: 8, compression: compressionSettings() },
          { kind: 'png', depth: 16, compression: compressionSettings() },
          { kind: 'png', depth: 8, compression: compressionSettings(9) },
          { kind: 'tiff', depth: 8, compression: 'deflate' },
          { kind: 'tiff', compression: 'lzw' },
        ),
        fc.constantFrom(1, 5, 31),
        fc.integer({ min: 2, max: 8 }),
        async (shape, sink, taps, threads) => {
          const out = await made(tracer, shape)
          expect(await filed(threads, out, sink, taps)).toEqual(await filed(1, out, sink, taps))
        },
      ),
      { numRuns: 60 },
    )
  }, 240_000)

  it('are a matter of the shapes, where strips are one of threads', async () => {
    let followed = 0
    await fc.assert(
      fc.asyncProperty(network, fc.constantFrom(1, 31), async (shape, taps) => {
        const out = await made(tracer, { ...shape, barrier: false, channels: 3 })
        const [channels, height, width] = out.shape
        const filter = { plan: plain(width, height, taps), tone, channels: channels as 3, full: 255 }
        const finish = filterNode(filter, interleaved(out))
        const last = { ...finish, work: { kind: 'finish', filter } } as const
        const cuts = Array.from({ length: 16 }, (_, i) => cutOf(listed(last), undefined, i + 1))
        const [first] = cuts
        const rows = first!.pieceRows ?? first!.stripRows
        for (const { stripRows, pieceRows = stripRows } of cuts) {
          expect(pieceRows).toBe(rows)
          expect(stripRows >= height || stripRows % rows === 0).toBe(true)
        }
        if (new Set(cuts.map(({ stripRows }) => stripRows)).size > 2) followed++
      }),
      { numRuns: 60 },
    )
    expect(followed).toBeGreaterThan(10)
  })
})

describe('a strip of a few rows', () => {
  it('takes no more memory than a long one, though its halo is as high', async () => {
    const out = await made(tracer, {
      height: 700,
      width: 60,
      layers: 12,
      barrier: false,
      size: 'same',
      channels: 3,
    })
    const list = listed(out)
    const long = planPasses(list, [200, 400], 4)!.bytes
    expect(planPasses(list, [600, 602], 4)!.bytes).toBeLessThanOrEqual(long)
  })
})

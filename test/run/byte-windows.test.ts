import { afterAll, expect, it } from 'vitest'
import { filterDefaults, planRecipe } from '../../src/conv/plan.ts'
import { single } from '../../src/conv/recipe.ts'
import { type Engine, referenceEngine } from '../../src/definition/engine.ts'
import { sizeOfElement } from '../../src/definition/windows.ts'
import { windowOf } from '../../src/filters/windows/element.ts'
import { byteWindows } from '../../src/graph/in-bytes.ts'
import { nodeOf, sourceNode, traced, tracer } from '../../src/graph/node.ts'
import { plainTone } from '../../src/graph/tone.ts'
import { kernel } from '../../src/kernel/kernel.ts'
import { runToPicture } from '../../src/run/graph.ts'
import { createPool } from '../../src/run/pool.ts'
import { type BorderName, borders } from '../../src/tensor/border.ts'
import { Tensor } from '../../src/tensor/tensor.ts'
import fc from '../property.ts'

// Windows over a picture of bytes that never become floats: the samples are those of the definition over planes.

const pool = createPool(2)
afterAll(() => pool.close())

const sides = fc.integer({ min: 1, max: 13 })

it('bytes stay bytes, whatever the window, the border, the rank and the channels', async () => {
  let taken = 0
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        size: fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 50 })),
        window: fc.oneof(
          fc.tuple(sides, sides).map((size) => ({ size, shape: 'square' as const })),
          fc.record({
            size: fc.constantFrom([3], [7], [13]),
            shape: fc.constantFrom('disk' as const, 'diamond' as const, 'line' as const),
          }),
        ),
        border: fc.constantFrom('ignored', ...(Object.keys(borders) as BorderName[])),
        rank: fc.double({ min: 0, max: 1, noNaN: true }),
        channels: fc.constantFrom(1 as const, 3 as const),
        seed: fc.integer({ min: 1, max: 1e6 }),
      }),
      async ({ size: [height, width], window, border, rank, channels, seed }) => {
        const placed = windowOf('a window', { angle: undefined, ...window }, undefined)
        const { element, anchor } = placed
        const last = sizeOfElement(element) - 1
        const isIgnored = border === 'ignored'
        const index = isIgnored ? (rank < 0.5 ? 0 : last) : Math.round(rank * last)
        const data = Uint8Array.from(
          { length: height * width * channels },
          (_, i) => (Math.imul(i + seed, 2654435761) >>> 13) & (seed % 2 === 0 ? 255 : 3),
        )
        const margins = {
          top: anchor[0],
          bottom: element.height - 1 - anchor[0],
          left: anchor[1],
          right: element.width - 1 - anchor[1],
        }
        const steps = async (engine: Engine, x: Tensor) => {
          const mode = isIgnored ? 'replicate' : (border as BorderName)
          const frame = await engine.layer('framed', [x], { margins, border: mode, fill: 77 })
          return engine.layer('ranked', [frame], { element, index, ...(isIgnored && { ignored: margins }) })
        }
        const plane = height * width
        const planes = Float32Array.from(
          { length: data.length },
          (_, i) => data[(i % plane) * channels + Math.floor(i / plane)]!,
        )
        const expected = await steps(referenceEngine, new Tensor([channels, height, width], planes))
        const out = nodeOf(await steps(tracer, traced(sourceNode([channels, height, width]))))
        expect(byteWindows(out)).toBeDefined()
        taken++
        const plan = planRecipe(single(kernel([1, 1], [1])), filterDefaults, {
          width,
          height,
          samples: 'f32',
        })
        const got = await pool.exclusive(async (session) => {
          const target = session.arena.alloc(data.length)
          const picture = { width, height, channels, depth: 8, full: 255, data } as const
          const sink = { kind: 'samples', depth: 8, target } as const
          const finishing = { plan, tone: plainTone, channels, full: 255, range: 'clamp', sink } as const
          await runToPicture(session, { out, source: { picture, gray: false } }, finishing)
          return new Uint8Array(session.arena.memory.buffer, target, data.length).slice()
        })
        const interleaved = Array.from(
          { length: data.length },
          (_, i) => expected.data[(i % channels) * plane + Math.floor(i / channels)]!,
        )
        expect(Array.from(got)).toEqual(interleaved)
      },
    ),
    { numRuns: 150 },
  )
  expect(taken).toBe(150)
})

import { afterAll, expect, it } from 'vitest'
import { filterDefaults, planRecipe } from '../../src/conv/plan.ts'
import { single } from '../../src/conv/recipe.ts'
import { type Engine, referenceEngine } from '../../src/definition/engine.ts'
import { roundHalfEven } from '../../src/definition/quantise.ts'
import { sizeOfElement } from '../../src/definition/windows.ts'
import { stepFilters } from '../../src/filters/table.ts'
import { windowOf } from '../../src/filters/windows/element.ts'
import type { Cut } from '../../src/graph/cut.ts'
import { inSamples } from '../../src/graph/in-samples.ts'
import { filterNode, type Node, nodeOf, sourceNode, traced, tracer } from '../../src/graph/node.ts'
import { plainTone, type Tone } from '../../src/graph/tone.ts'
import { kernel } from '../../src/kernel/kernel.ts'
import { resolve } from '../../src/params.ts'
import { viewOf } from '../../src/run/engine.ts'
import { runToPicture } from '../../src/run/graph.ts'
import { run, shapeOf } from '../../src/run/graph-run.ts'
import type { Source, SourcePicture } from '../../src/run/picture-job.ts'
import { placePicture } from '../../src/run/place-picture.ts'
import { createPool, type Pool, type Session } from '../../src/run/pool.ts'
import { type BorderName, borders } from '../../src/tensor/border.ts'
import type { Samples } from '../../src/tensor/picture.ts'
import { Tensor } from '../../src/tensor/tensor.ts'
import fc from '../property.ts'

// Windows on pictures of whole samples, which never become floats, must give the result of the definition on planes.

const pool = createPool(2)
afterAll(() => pool.close())

type Picture = Extract<SourcePicture, { data: Samples }>

/** Makes noise, or few levels with flat areas. */
function pictureOf(
  height: number,
  width: number,
  channels: 1 | 2 | 3 | 4,
  bytes: 1 | 2,
  seed: number,
): Picture {
  const full = 256 ** bytes - 1
  const data = new (bytes === 1 ? Uint8Array : Uint16Array)(height * width * channels)
  for (let i = 0; i < data.length; i++)
    data[i] = (Math.imul(i + seed, 2654435761) >>> 7) & (seed % 2 === 0 ? full : 3)
  return { width, height, channels, depth: bytes === 1 ? 8 : 16, full, data }
}

type Steps = (engine: Engine, x: Tensor) => Promise<Tensor>

/** Returns the result of the definition for the planes of a picture, with pixels side by side. */
async function expectedOf({ width, height, channels, data }: Picture, steps: Steps): Promise<number[]> {
  const plane = height * width
  const planes = Float32Array.from(
    { length: data.length },
    (_, i) => data[(i % plane) * channels + Math.floor(i / plane)]!,
  )
  const made = await steps(referenceEngine, new Tensor([channels, height, width], planes))
  const [count] = made.shape as [number]
  const own = made.data.length / count
  return Array.from(made.data, (_, i) => made.data[(i % count) * own + Math.floor(i / count)]!)
}

const tracedOver = async ({ channels, height, width }: Picture, steps: Steps): Promise<Node> =>
  nodeOf(await steps(tracer, traced(sourceNode([channels, height, width]))))

/** Returns the size of a graph's output, and its number of samples: planes, or pixels of `channels` side by side. */
const sizeOf = ({ channels }: Picture, { shape: [count, height, width] }: Node) => {
  const size = { height, width: count === channels ? width : width / channels }
  return { ...size, samples: count * height * width }
}

const planFor = (
  { depth }: Picture,
  { width, height }: { width: number; height: number },
  isWhole: boolean,
) =>
  planRecipe(single(kernel([1, 1], [1])), filterDefaults, {
    width,
    height,
    samples: !isWhole ? 'f32' : depth === 8 ? 'u8' : 'u16',
  })

/** Allocates memory for the samples of a result, and a view of them. */
function targetFor({ arena }: Session, { depth }: Picture, { samples }: { samples: number }) {
  const target = arena.alloc(samples * (depth / 8))
  const read = () =>
    Array.from(
      viewOf(arena.memory, depth / 8)
        .subarray((target * 8) / depth)
        .subarray(0, samples),
    )
  return { sink: { kind: 'samples', depth: depth as 8 | 16, target } as const, read }
}

/** Runs steps as a command does. */
const asCommand = (
  picture: Picture,
  out: Node,
  source: Partial<Source> = {},
  alpha: Tone['alpha'] = 'plain',
): Promise<number[]> =>
  pool.exclusive(async (session) => {
    const { full } = picture
    const channels = source.gray ? (out.shape[0] as 1 | 2) : picture.channels
    const size = sizeOf({ ...picture, channels }, out)
    const { sink, read } = targetFor(session, picture, size)
    const plan = planFor(picture, size, false)
    const tone = { ...plainTone, alpha }
    const finishing = { plan, tone, channels, full, range: 'clamp', sink } as const
    await runToPicture(session, { out, source: { picture, gray: false, ...source } }, finishing)
    return read()
  })

/** Runs steps in strips of some rows, optionally a few rows at a time. */
const inStrips = (own: Pool, picture: Picture, x: Node, cut: number | Cut): Promise<number[]> =>
  own.exclusive(async (session) => {
    const size = sizeOf(picture, x)
    const { sink, read } = targetFor(session, picture, size)
    const { channels, full } = picture
    const plan = planFor(picture, size, true)
    const filter = { plan, tone: plainTone, channels, full, range: 'clamp', sink } as const
    const node: Node = { ...filterNode(filter, x), work: { kind: 'finish', filter } }
    const sinkOf = (rows: number) => {
      const job = placePicture(
        session.arena,
        { ...plan, stripRows: rows },
        { ...shapeOf(picture), ...size },
        plainTone,
        sink,
        'clamp',
      )
      return { kind: 'picture', job } as const
    }
    await run(session, { picture, gray: false }, [node], sinkOf, { cut })
    return read()
  })

const sides = fc.integer({ min: 1, max: 13 })
const channelCounts = fc.constantFrom(1 as const, 3 as const)
const byteCounts = fc.constantFrom(1 as const, 2 as const)
const seeds = fc.integer({ min: 1, max: 1e6 })

it('whole samples stay whole, whatever the window, the border, the rank and the channels', async () => {
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
        channels: channelCounts,
        bytes: byteCounts,
        seed: seeds,
      }),
      async ({ size: [height, width], window, border, rank, channels, bytes, seed }) => {
        const placed = windowOf('a window', { angle: undefined, ...window }, undefined)
        const { element, anchor } = placed
        const last = sizeOfElement(element) - 1
        const isIgnored = border === 'ignored'
        // for two bytes, only extremes and small medians
        const isEnd = isIgnored || bytes === 2
        const index = isEnd ? (rank < 0.5 ? 0 : last) : Math.round(rank * last)
        const margins = {
          top: anchor[0],
          bottom: element.height - 1 - anchor[0],
          left: anchor[1],
          right: element.width - 1 - anchor[1],
        }
        const steps: Steps = async (engine, x) => {
          const mode = isIgnored ? 'replicate' : (border as BorderName)
          const frame = await engine.layer('framed', [x], { margins, border: mode, fill: 77 })
          return engine.layer('ranked', [frame], { element, index, ...(isIgnored && { ignored: margins }) })
        }
        const picture = pictureOf(height, width, channels, bytes, seed)
        const out = await tracedOver(picture, steps)
        expect(inSamples(out, bytes)).toBeDefined()
        taken++
        expect(await asCommand(picture, out)).toEqual(await expectedOf(picture, steps))
      },
    ),
    { numRuns: 150 },
  )
  expect(taken).toBe(150)
})

it.each(['ignored', 'reflect', 'wrap', 'constant'] as const)(
  'tiles of a wide picture meet, border %s',
  async (border) => {
    const isIgnored = border === 'ignored'
    for (const [size, bytes, channels, width, isExtreme] of [
      [[5, 5], 1, 3, 5600, true],
      [[9, 3], 2, 3, 2800, true],
      [[11, 9], 1, 3, 700, false],
      [[5, 7], 1, 3, 1400, false],
    ] as const) {
      const { element, anchor } = windowOf(
        'a window',
        { size: [...size], shape: undefined, angle: undefined },
        undefined,
      )
      const margins = {
        top: anchor[0],
        bottom: element.height - 1 - anchor[0],
        left: anchor[1],
        right: element.width - 1 - anchor[1],
      }
      const index = isIgnored || isExtreme ? sizeOfElement(element) - 1 : sizeOfElement(element) >> 2
      const steps: Steps = async (engine, x) => {
        const mode = isIgnored ? 'replicate' : border
        const frame = await engine.layer('framed', [x], { margins, border: mode, fill: 77 })
        return engine.layer('ranked', [frame], { element, index, ...(isIgnored && { ignored: margins }) })
      }
      const picture = pictureOf(6, width, channels, bytes, 8)
      const out = await tracedOver(picture, steps)
      expect(inSamples(out, bytes)).toBeDefined()
      expect(await asCommand(picture, out)).toEqual(await expectedOf(picture, steps))
    }
  },
)

const windowSettings = fc.oneof(
  fc.tuple(sides, fc.integer({ min: 2, max: 13 })).map((size) => ({ size: size.join() })),
  fc.record({
    size: fc.constantFrom('3', '7', '13'),
    shape: fc.constantFrom('disk', 'diamond', 'line'),
  }),
)
const morphologies = ['erode', 'dilate', 'open', 'close', 'gradient', 'tophat', 'blackhat'] as const
const oneStep = fc.oneof(
  fc.record({ name: fc.constantFrom(...morphologies), settings: windowSettings }),
  fc.record({ name: fc.constant('median'), settings: fc.constantFrom({ size: '3' }, { size: '5' }) }),
)

/** Chains filters. */
const chained =
  (
    given: readonly { name: string; settings: object; border?: BorderName; fill?: number }[],
    channels: 1 | 2 | 3 | 4,
    full: number,
  ): Steps =>
  async (engine, x) => {
    let made = x
    for (const { name, settings, border, fill } of given) {
      const entry = stepFilters[name]!
      const values = resolve(entry.params, { ...settings })
      const step = await entry.build({
        values,
        kernel: undefined,
        settings: { border, ...(border === 'constant' && { fill }) },
        channels,
        full,
      })
      made = await step.apply(made, engine)
    }
    return made
  }

/** Checks that chains of some steps give the same in whole samples as in floats, in any strips. */
const staysWhole = (
  one: fc.Arbitrary<Parameters<typeof chained>[0][number]>,
  channels: fc.Arbitrary<1 | 2 | 3 | 4>,
  numRuns: number,
) =>
  fc.assert(
    fc.asyncProperty(
      fc.record({
        size: fc.tuple(fc.integer({ min: 1, max: 45 }), fc.integer({ min: 1, max: 50 })),
        steps: fc.array(one, { minLength: 1, maxLength: 3 }),
        channels,
        bytes: byteCounts,
        stripRows: fc.integer({ min: 1, max: 200 }),
        passRows: fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
        seed: seeds,
      }),
      async ({ size: [height, width], steps: given, channels, bytes, stripRows, passRows, seed }) => {
        const picture = pictureOf(height, width, channels, bytes, seed)
        const steps = chained(given, channels, picture.full)
        const out = await tracedOver(picture, steps)
        if (out.work.kind === 'source') return
        const x = inSamples(out, bytes)
        expect(x).toBeDefined()
        const expected = await expectedOf(picture, steps)
        const rows = Math.min(stripRows, out.shape[1])
        const cut = passRows === undefined ? rows : { stripRows: rows, passRows }
        expect(await inStrips(pool, picture, x!, cut)).toEqual(expected)
        expect(await asCommand(picture, out)).toEqual(expected)
      },
    ),
    { numRuns },
  )

it('chains of windows and their differences stay whole, in any strips', () =>
  staysWhole(oneStep, channelCounts, 60))

/** Applies steps to the colours of a picture, and puts alpha back after each. */
const besideAlpha =
  (given: readonly Steps[], full: number): Steps =>
  async (engine, x) => {
    let made = x
    for (const step of given) {
      const first = made.shape[0]! - 1
      const y = await step(engine, await engine.layer('select', [made], { first: 0, count: first }))
      const alpha = await engine.layer('select', [made], { first, count: 1 })
      made = await engine.layer('join', [y, alpha], { gain: [full, full] })
    }
    return made
  }

const alphaPictures = fc.record({
  size: fc.tuple(fc.integer({ min: 1, max: 45 }), fc.integer({ min: 1, max: 50 })),
  given: fc.array(oneStep, { minLength: 1, maxLength: 3 }),
  channels: fc.constantFrom(2 as const, 4 as const),
  bytes: byteCounts,
  seed: seeds,
})

it('colours stay whole beside alpha that is kept, straightened or not', async () => {
  await fc.assert(
    fc.asyncProperty(alphaPictures, async ({ size: [height, width], given, channels, bytes, seed }) => {
      const picture = pictureOf(height, width, channels, bytes, seed)
      // straightening would make the colours of hidden pixels black
      for (let i = channels - 1; i < picture.data.length; i += channels) picture.data[i] ||= 1
      const { full } = picture
      const steps = besideAlpha(
        given.map((one) => chained([one], channels, full)),
        full,
      )
      const out = await tracedOver(picture, steps)
      const x = inSamples(out, bytes)
      expect(x).toBeDefined()
      const expected = await expectedOf(picture, steps)
      expect(await inStrips(pool, picture, x!, Math.min(7, height))).toEqual(expected)
      for (const isSeen of [true, false])
        expect(await asCommand(picture, out, { isSeen }, 'premultiply')).toEqual(expected)
    }),
    { numRuns: 60 },
  )
})

it('what ranks a picture in gray may round before, what subtracts may not', async () => {
  await fc.assert(
    fc.asyncProperty(alphaPictures, async ({ size: [height, width], given, channels, bytes, seed }) => {
      // with and without alpha
      const picture = pictureOf(height, width, channels === 2 ? 3 : 4, bytes, seed)
      const steps = chained(given, 1, picture.full)
      const [toned, gray] = [picture.channels - 2, { gray: true }] as const
      const out = nodeOf(await steps(tracer, traced(sourceNode([toned, height, width]))))
      const isRank = given.every(({ name }) => !['gradient', 'tophat', 'blackhat'].includes(name))
      expect(inSamples(out, bytes, true) !== undefined).toBe(isRank)
      const expected = await expectedOf(picture, async (engine, x) =>
        steps(engine, await engine.layer('luma', [x], {})),
      )
      expect(await asCommand(picture, out, gray)).toEqual(expected.map(roundHalfEven))
    }),
    { numRuns: 60 },
  )
})

const moves = fc.oneof(
  fc.record({
    name: fc.constant('pad'),
    settings: fc.record({ by: fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 4, maxLength: 4 }) }),
    border: fc.constantFrom(...(Object.keys(borders) as BorderName[])),
    fill: fc.integer({ min: 0, max: 255 }),
  }),
  fc.record({
    name: fc.constant('resize'),
    settings: fc.record({
      width: fc.integer({ min: 1, max: 60 }),
      height: fc.integer({ min: 1, max: 60 }),
      curve: fc.constant('nearest'),
      fit: fc.constantFrom('stretch', 'cover'),
    }),
  }),
  fc.record({ name: fc.constant('crop'), settings: fc.record({ size: fc.constant([1]) }) }),
  fc.record({ name: fc.constant('erode'), settings: fc.constant({ size: '3' }) }),
)

it('samples that go to other places stay whole, in any strips', () =>
  staysWhole(moves, fc.constantFrom(1, 2, 3, 4), 100))

it('threads change nothing', async () => {
  const picture = pictureOf(900, 1000, 3, 1, 4)
  const steps = chained(
    [
      { name: 'tophat', settings: { size: '9' } },
      { name: 'gradient', settings: {} },
    ],
    3,
    255,
  )
  const x = inSamples(await tracedOver(picture, steps), 1)!
  const [alone, many] = [createPool(1), createPool(4)]
  const expected = await inStrips(alone, picture, x, 900)
  expect(Buffer.compare(Buffer.from(await inStrips(many, picture, x, 50)), Buffer.from(expected))).toBe(0)
  await Promise.all([alone.close(), many.close()])
})

it('a difference that may be below 0 is not one of whole samples', async () => {
  const picture = pictureOf(20, 20, 1, 1, 3)
  for (const settings of [{ border: 'reflect' }, { border: 'constant', fill: 9 }] as const) {
    const entry = stepFilters.tophat!
    const values = resolve(entry.params, { size: '5' })
    const step = await entry.build({ values, kernel: undefined, settings, channels: 1, full: 255 })
    expect(inSamples(await tracedOver(picture, (engine, x) => step.apply(x, engine)), 1)).toBeUndefined()
  }
  const reversed: Steps = async (engine, x) => {
    const steps = [
      chained([{ name: 'erode', settings: {} }], 1, 255),
      chained([{ name: 'dilate', settings: {} }], 1, 255),
    ]
    const [low, high] = await Promise.all(steps.map((one) => one(engine, x)))
    return engine.layer('formula', [low!, high!], { name: 'minus' })
  }
  expect(inSamples(await tracedOver(picture, reversed), 1)).toBeUndefined()
})

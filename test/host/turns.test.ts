import { afterEach, describe, expect, it, vi } from 'vitest'
import { link, marks } from '../../src/definition/edges.ts'
import { stepFilters } from '../../src/filters/table.ts'
import { nodeOf, sourceNode, traced, tracer } from '../../src/graph/node.ts'
import { converted, copied, inRows, inTurns, joined, pause, pieceOf, turn } from '../../src/host/turns.ts'
import { fitFormat, inColour } from '../../src/image/fit.ts'
import { blackened, flatten, grayAlphaOf, hasHidden, spread, withoutAlpha } from '../../src/image/flatten.ts'
import { ownReaders } from '../../src/image/own.ts'
import { plainWriters } from '../../src/image/plain.ts'
import { readTiffArray } from '../../src/image/tiff-array.ts'
import { decompose, decomposeAhead } from '../../src/kernel/analyse.ts'
import { readNpyArray, writeNpy } from '../../src/kernel/formats/npy.ts'
import { kernel } from '../../src/kernel/kernel.ts'
import { conv2d } from '../../src/operators/conv2d.ts'
import { resolve } from '../../src/params.ts'
import { openGiven } from '../../src/picture/api/inputs.ts'
import { pagesOfArray, pictureOfArray, readArray } from '../../src/picture/array.ts'
import { covered } from '../../src/picture/hidden.ts'
import { readied } from '../../src/picture/input.ts'
import { createArena } from '../../src/run/arena.ts'
import { placeBankRows } from '../../src/run/graph-job.ts'
import { asTensor } from '../../src/tensor/like.ts'
import { extremes, type Picture, seenIn } from '../../src/tensor/picture.ts'
import { Tensor } from '../../src/tensor/tensor.ts'
import { exrOf } from '../image/exrs.ts'
import { tiffArrayOf } from '../image/tiff-arrays.ts'

afterEach(() => void vi.restoreAllMocks())

/** The time of a clock that tests never set back. */
let now = performance.now() + 1e6

/** Returns how often the event loop turns during `act`, with a clock that advances by 9 ms each time it is read. */
async function turnsOf(act: () => Promise<unknown>): Promise<number> {
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => {
    now += 9
    return now
  })
  let turns = 0
  let isOver = false
  const count = () => {
    turns++
    if (!isOver) setImmediate(count)
  }
  setImmediate(count)
  await act()
  isOver = true
  clock.mockRestore()
  return turns
}

describe('a long loop', () => {
  it('made of many short ones turns too', async () => {
    const many = async (count: number) => {
      for (let i = 0; i < count; i++) await inTurns(pieceOf / 4, () => undefined)
    }
    // reads the clock, and here turns, once for every piece of work
    expect(await turnsOf(() => many(400))).toBeGreaterThanOrEqual(100)
    // a short one is not worth a turn
    expect(await turnsOf(() => many(2))).toBeLessThanOrEqual(3)
    const chunks = Array.from({ length: 300 }, (_, i) => new Uint8Array(pieceOf).fill(i))
    expect(await turnsOf(() => joined(chunks))).toBeGreaterThanOrEqual(50)
  })

  it('goes over everything once, in order, and ends when it is told to', async () => {
    const seen: number[] = []
    const act = (from: number, to: number) => {
      for (let i = from; i < to; i++) seen.push(i)
      return to === 20
    }
    expect(await inTurns(17, act, 5)).toBe(false)
    expect(seen).toEqual(Array.from({ length: 17 }, (_, i) => i))
    expect(await inTurns(1000, act, 5)).toBe(true)
    expect(seen.length).toBe(17 + 20)
    await inRows(3, 2 * pieceOf, (y) => seen.push(-y))
    expect(seen.slice(-3)).toEqual([-0, -1, -2])
  })

  it('is the decomposition of a large kernel', async () => {
    const weights = Float64Array.from({ length: 60 * 50 }, (_, i) => (i * 7919) % 251)
    const large = kernel([60, 50], weights)
    // a turn for each column of each sweep
    expect(await turnsOf(() => decomposeAhead(large))).toBeGreaterThanOrEqual(49)
    expect(decompose(large)).toEqual(decompose(kernel([60, 50], weights)))
    // made once
    expect(decompose(large)).toBe(decompose(large))
  })

  it.each([
    ['direct', {}],
    ['winograd', { padding: 1 }],
  ] as const)('lays out the weights of a large bank: %s', async (algorithm, options) => {
    const size = algorithm === 'direct' ? 3 : 32
    const weight = new Tensor([256, 512, 3, 3], new Float32Array(256 * 512 * 9).fill(0.5))
    const x = traced(sourceNode([512, size, size]))
    const { work } = nodeOf(await conv2d(tracer, x, weight, options))
    if (work.kind !== 'bank') throw new Error('no bank')
    expect(work.bank.plan.algorithm).toBe(algorithm)
    const turns = await turnsOf(() => placeBankRows(createArena(), work.bank))
    expect(turns).toBeGreaterThanOrEqual(weight.data.length / (4 * pieceOf))
  })

  it('lets the event loop turn when it has worked for 8 ms, and not before', async () => {
    vi.spyOn(performance, 'now').mockImplementation(() => now)
    let turns = 0
    const count = () => {
      turns++
      setImmediate(count).unref()
    }
    await turn()
    setImmediate(count)
    await inTurns(
      6,
      () => {
        now += 4
      },
      1,
    )
    // after 12 ms, twice
    expect(turns).toBeLessThanOrEqual(3)
    expect(turns).toBeGreaterThanOrEqual(1)
    const before = turns
    await pause()
    await inTurns(100, () => undefined, 1)
    expect(turns).toBeLessThanOrEqual(before + 2)
  })

  it('shares the time with others: after a turn one of them goes on', async () => {
    const order: string[] = []
    let perTurn = 0
    let most = 0
    const work = (name: string) =>
      inTurns(
        5,
        () => {
          order.push(name)
          perTurn++
        },
        1,
      )
    vi.spyOn(performance, 'now').mockImplementation(() => {
      now += 9
      return now
    })
    const reset = () => {
      most = Math.max(most, perTurn)
      perTurn = 0
      if (order.length < 15) setImmediate(reset)
    }
    reset()
    await Promise.all(['a', 'b', 'c'].map(work))
    expect(order.slice(0, 9)).toEqual([...'abcabcabc'])
    expect(most).toBe(1)
  })

  it('copies numbers, of another type too', async () => {
    const data = Float64Array.from({ length: 10 }, (_, i) => i * 0.1)
    const floats = await converted(data, Float32Array)
    expect(floats).toEqual(new Float32Array(data))
    expect(await copied(floats)).toEqual(floats)
    expect(await joined([Uint8Array.of(1, 2), new Uint8Array(), Uint8Array.of(3)])).toEqual(
      Uint8Array.of(1, 2, 3),
    )
  })

  it('finds the extremes of all pieces', async () => {
    const data = Float32Array.from({ length: 3 * pieceOf }, (_, i) => (i % 1000) / 7)
    expect(await extremes(data)).toEqual(seenIn(data))
    data.set([-400, Number.POSITIVE_INFINITY], pieceOf + 5)
    expect(await extremes(data)).toEqual({ min: -400, max: seenIn(data).max, peak: Number.POSITIVE_INFINITY })
    data[2 * pieceOf + 5] = Number.NaN
    expect(await extremes(data)).toEqual({ min: -400, max: seenIn(data).max, peak: Number.NaN })
    expect(await extremes([])).toEqual(seenIn([]))
  })
})

describe('loops over whole pictures let the event loop turn:', () => {
  const [width, height] = [1024, 640]
  const pixels = width * height
  const level = (i: number) => (i * 7919) % 251
  const of = (channels: 1 | 2 | 3 | 4, depth: 8 | 16 | 32 = 8): Picture => {
    const type = depth === 8 ? Uint8Array : depth === 16 ? Uint16Array : Float32Array
    const data = new type(pixels * channels)
    for (let i = 0; i < data.length; i++) data[i] = level(i)
    return { width, height, channels, depth, data, meta: {}, ...(depth === 32 && { full: 255 }) }
  }
  const opaque = (depth: 8 | 16 | 32): Picture => {
    const made = of(4, depth)
    for (let i = 3; i < made.data.length; i += 4) made.data[i] = depth === 16 ? 65535 : 255
    return made
  }
  const written = (kind: keyof typeof plainWriters, picture: Picture) => plainWriters[kind](picture)
  const reading = async (kind: keyof typeof ownReaders, bytes: Uint8Array) =>
    ownReaders[kind](bytes, 'x').samples()
  const hdr = Buffer.concat([
    Buffer.from(`#?RADIANCE\n\n-Y ${height} +X ${width}\n`),
    Buffer.from(Uint8Array.from({ length: pixels * 4 }, (_, i) => (i % 4 === 3 ? 128 : 3 + (i % 200)))),
  ])
  const text = (kind: string, head: string, samples: number) =>
    Buffer.from(`${kind}\n${width} ${height}\n${head}${'7 '.repeat(samples)}`)
  const floats = (channels: number) => of(channels as 1, 32).data as Float32Array
  const planes = { shape: [3, height, width], data: new Float64Array(3 * pixels).fill(0.1) }
  const npy = writeNpy([height, width, 3], floats(3))
  const swapped = Buffer.from(npy)
  swapped.write('>f4', swapped.indexOf('<f4'))
  const tiff = (bits: string, predictor: 1 | 2) =>
    tiffArrayOf(
      Array.from({ length: pixels }, (_, i) => level(i)),
      { type: bits, width, height, channels: 1, predictor },
    )
  const treatment = { linear: false, notesScale: true } as const
  const edge = new Float32Array(pixels).fill(marks.weak)
  edge[0] = marks.strong

  // what is done, and the least number of samples that it processes
  it.each<[string, number, () => Promise<unknown>]>([
    [
      'the kernel of wiener is made',
      1,
      async () => {
        const { build, params } = stepFilters.wiener!
        const values = resolve(params, { penalty: 'laplacian' })
        const blur = kernel([128, 128], new Float64Array(128 * 128).fill(1))
        return build({ values, kernel: blur, settings: {}, channels: 1, full: 255 })
      },
    ],
    ['bmp is read', 3, async () => reading('bmp', await written('bmp', of(3)))],
    ['a palette of bmp is read', 2, async () => reading('bmp', await written('bmp', of(1)))],
    ['ppm is read', 3, async () => reading('pnm', await written('ppm', of(3)))],
    ['16 bits are read', 3, async () => reading('pnm', await written('pam', of(3, 16)))],
    ['pbm is read', 1, async () => reading('pnm', await written('pbm', of(1)))],
    ['pgm as text is read', 1, () => reading('pnm', text('P2', '255\n', pixels))],
    ['pfm is read', 3, async () => reading('pfm', await written('pfm', of(3, 32)))],
    ['hdr is read', 3, () => reading('hdr', hdr)],
    [
      'exr is read',
      1,
      () => reading('exr', exrOf({ width, height, channels: [['Y', 2]], sample: (x) => x % 9 })),
    ],
    ['a TIFF of signed numbers is read', 1, () => readTiffArray(tiff('i2', 1), 'x', () => undefined)],
    ['differences of a TIFF are added', 1, () => readTiffArray(tiff('i4', 2), 'x', () => undefined)],
    ['bmp is written', 3, () => written('bmp', of(3))],
    ['ppm of gray is written', 4, () => written('ppm', of(1))],
    ['16 bits are written', 3, () => written('pam', of(3, 16))],
    ['pbm is written', 1, () => written('pbm', of(1))],
    ['pfm is written', 3, () => written('pfm', of(3, 32))],
    ['npy is read', 3, () => readNpyArray(npy, 'x')],
    ['npy of the other byte order is read', 3, () => readNpyArray(swapped, 'x')],
    ['the scale of an array is guessed', 6, () => readArray(npy, 'x', { layout: 'auto' })],
    [
      'channels are put side by side',
      3,
      async () => pictureOfArray({ ...planar, data: floats(3) }) as Promise<unknown>,
    ],
    [
      'channels are put apart',
      3,
      async () => pagesOfArray({ ...planar, channels: 6, layout: 'hwc', data: floats(6) }),
    ],
    ['alpha is dropped', 1, () => withoutAlpha(of(4))],
    ['hidden colours are looked for', 1, () => hasHidden(opaque(8))],
    ['hidden floats become black', 1, () => blackened(opaque(32))],
    ['a background is laid under', 1, () => flatten(of(4), [9, 9, 9], 255)],
    ['gray becomes RGB', 1, () => inColour(of(1))],
    ['16 bits become 8', 3, () => fitFormat(of(3, 16), 'jpeg')],
    ['opaque alpha goes', 2, () => fitFormat(opaque(8), 'jpeg')],
    ['gray and alpha are taken out', 1, () => grayAlphaOf(of(4).data)],
    ['12 bits are spread', 3, () => spread(of(3, 16).data as Uint16Array, 12)],
    ['floats are looked at', 3, () => readied({ ...of(3, 32), notes: [], pages: 1 }, 'x', treatment)],
    ['hidden colours are covered', 2, () => covered(new Tensor([4, height, width], floats(4)))],
    ['edges are followed', 1, () => link(new Float32Array(edge.length), edge, [height, width], 255)],
    [
      'doubles become floats',
      6,
      () => openGiven({ width, height, data: new Float64Array(3 * pixels).fill(0.5) }),
    ],
    ['numbers become a tensor', 3, () => asTensor(planes)],
    [
      'numbers of another layout become a tensor',
      6,
      () => asTensor({ ...planes, shape: [height, width, 3], layout: 'HWC' }),
    ],
    ['a stream becomes bytes', 3, () => openGiven(new Blob([Buffer.alloc(0), npy]))],
  ])('%s', async (_, times, act) => {
    // a piece of copies is at most 4 times pieceOf
    const least = Math.floor((times * pixels) / (4 * pieceOf))
    expect(await turnsOf(act)).toBeGreaterThanOrEqual(Math.max(1, least))
  })
})

const planar = {
  name: 'x',
  layout: 'chw',
  channels: 3,
  height: 640,
  width: 1024,
  depth: 32,
  full: 255,
} as const

import { existsSync } from 'node:fs'
import sharp from 'sharp'
import { beforeEach, describe, expect, test } from 'vitest'
import {
  type FftAxis,
  type FftPlan2d,
  fftInputRows,
  fftScratchBytes1d,
  fftScratchBytes2d,
  fftTables1d,
  fftTables2d,
  planFft2d,
  planFftColumns,
  planFftRows,
} from '../../src/conv/fft.ts'
import {
  correlateColumnsFftReference,
  correlateFft2dReference,
  correlateRowsFftReference,
  type Plane,
} from '../../src/definition/fft.ts'
import type { Address } from '../../src/graph/address.ts'
import { loadEngine } from '../../src/run/engine.ts'
import { correlateColumnsFft, correlateFft2d, correlateRowsFft } from '../../src/run/fft.ts'
import { exactDense, noise, picture, worstError } from '../conv/fft-oracle.ts'

const memory = new WebAssembly.Memory({ initial: 1024, maximum: 65536, shared: true })
const wasm = loadEngine(memory)
const samples = new Float32Array(memory.buffer)
const rubbish = Number.NaN
let free = 1024

/** Fills the memory with NaN, so that reads beyond the rows and missing writes are noticed. */
beforeEach(() => {
  samples.fill(rubbish)
  free = 1024
})

function room(bytes: number): Address {
  const address = free as Address
  free += Math.ceil(bytes / 64 + 1) * 64
  if (free > samples.byteLength) throw new Error('the test needs more memory')
  return address
}

function put(data: Float32Array): Address {
  const address = room(data.byteLength)
  samples.set(data, address / 4)
  return address
}

const axis = (kernel: number, n: number): FftAxis => ({ kernel, n, valid: n - kernel + 1 })

type Layout = 'planes' | 'interleaved'

/** Returns the index of sample (channel, y, x), for planes of `rows` x `cols` with a gap after each row. */
function place(layout: Layout, channels: number, rows: number, cols: number, gap: number) {
  const interleaved = layout === 'interleaved'
  const pitch = (cols * (interleaved ? channels : 1) + gap) * 4
  const step = interleaved ? 4 * channels : 4
  const channelPitch = interleaved ? 4 : rows * pitch
  const address = room(pitch * rows * (interleaved ? 1 : channels))
  const at = (channel: number, y: number, x: number) =>
    (address + y * pitch + channel * channelPitch + x * step) / 4
  return { samples: { address, pitch, step, channelPitch }, at }
}

function copyIn(
  planes: readonly Plane[],
  first: number,
  end: number,
  layout: Layout,
): ReturnType<typeof place>['samples'] {
  const { cols } = planes[0]!
  const placed = place(layout, planes.length, end - first, cols, 5)
  planes.forEach((plane, channel) => {
    for (let y = first; y < end; y++) {
      for (let x = 0; x < cols; x++) samples[placed.at(channel, y - first, x)] = plane.data[y * cols + x]!
    }
  })
  return placed.samples
}

/** Correlates planes strip by strip, each strip in its own tile. */
function dense(
  planes: readonly Plane[],
  weights: Float32Array,
  plan: FftPlan2d,
  layout: Layout = 'planes',
  stripRows = 1e9,
): Plane[] {
  const outRows = planes[0]!.rows - plan.y.kernel + 1
  const outCols = planes[0]!.cols - plan.x.kernel + 1
  const tables = put(fftTables2d(weights, plan))
  const scratch = room(fftScratchBytes2d(plan))
  const out = planes.map(() => new Float32Array(outRows * outCols))
  const start = free
  for (let y0 = 0; y0 < outRows; y0 += stripRows) {
    free = start
    const y1 = Math.min(y0 + stripRows, outRows)
    const { first, end } = fftInputRows(plan.y, outRows, y0, y1)
    const tile = copyIn(planes, first, end, layout)
    const dst = place(layout, planes.length, y1 - y0, outCols, 3)
    const channels = planes.length
    correlateFft2d(wasm, {
      tables,
      scratch,
      y0,
      y1,
      outRows,
      outCols,
      plan,
      channels,
      tile,
      dst: dst.samples,
    })
    out.forEach((data, c) => {
      for (let y = y0; y < y1; y++) {
        for (let x = 0; x < outCols; x++) data[y * outCols + x] = samples[dst.at(c, y - y0, x)]!
      }
    })
  }
  return out.map((data) => ({ rows: outRows, cols: outCols, data }))
}

function columns(plane: Plane, weights: Float32Array, plan: FftAxis, stripRows = 1e9): Plane {
  const outRows = plane.rows - plan.kernel + 1
  const tables = put(fftTables1d(weights, plan))
  const scratch = room(fftScratchBytes1d(plan))
  const data = new Float32Array(outRows * plane.cols)
  const start = free
  for (let y0 = 0; y0 < outRows; y0 += stripRows) {
    free = start
    const y1 = Math.min(y0 + stripRows, outRows)
    const { first, end } = fftInputRows(plan, outRows, y0, y1)
    const { address: tile, pitch: tilePitch } = copyIn([plane], first, end, 'planes')
    const dst = place('planes', 1, y1 - y0, plane.cols, 3)
    const { address, pitch: dstPitch } = dst.samples
    const common = { tables, scratch, y0, y1, outRows, plan, samples: plane.cols }
    correlateColumnsFft(wasm, { ...common, tile, tilePitch, dst: address, dstPitch })
    for (let y = y0; y < y1; y++) {
      for (let x = 0; x < plane.cols; x++) data[y * plane.cols + x] = samples[dst.at(0, y - y0, x)]!
    }
  }
  return { rows: outRows, cols: plane.cols, data }
}

function rows(
  planes: readonly Plane[],
  weights: Float32Array,
  plan: FftAxis,
  layout: Layout = 'planes',
): Plane[] {
  const { rows: height, cols } = planes[0]!
  const outCols = cols - plan.kernel + 1
  const src = copyIn(planes, 0, height, layout)
  const dst = place(layout, planes.length, height, outCols, 3)
  correlateRowsFft(wasm, {
    tables: put(fftTables1d(weights, plan)),
    scratch: room(fftScratchBytes1d(plan)),
    plan,
    channels: planes.length,
    rows: height,
    outCols,
    src,
    dst: dst.samples,
  })
  return planes.map((_, c) => ({
    rows: height,
    cols: outCols,
    data: Float32Array.from({ length: height * outCols }, (_, i) => {
      return samples[dst.at(c, Math.floor(i / outCols), i % outCols)]!
    }),
  }))
}

const bits = (p: Plane) => Buffer.from(p.data.buffer, p.data.byteOffset, p.data.byteLength)

describe('WASM equals the reference, bit for bit', () => {
  const sizes = [
    [1, 1],
    [3, 2],
    [5, 17],
    [20, 31],
    [61, 75],
  ] as const

  test.each([
    [1, 1, 16, 16],
    [2, 5, 32, 16],
    [9, 4, 16, 32],
    [16, 15, 16, 16],
    [11, 13, 64, 128],
  ])('dense %i x %i in blocks of %i x %i', (kH, kW, ny, nx) => {
    const plan = { y: axis(kH, ny), x: axis(kW, nx) }
    const weights = noise(kH * kW, 1)
    for (const [h, w] of sizes) {
      free = 1024
      const plane = picture(h + kH - 1, w + kW - 1, 2)
      const expected = correlateFft2dReference(plane, weights, plan)
      expect(dense([plane], weights, plan)[0]!.data).toEqual(expected.data)
    }
  })

  test.each([
    [1, 16],
    [9, 32],
    [16, 16],
    [21, 64],
    [70, 128],
    [70, 512],
  ])('%i taps along y or x in blocks of %i', (k, n) => {
    const weights = noise(k, 3)
    for (const [h, w] of sizes) {
      free = 1024
      const tall = picture(h + k - 1, w, 4)
      expect(columns(tall, weights, axis(k, n)).data).toEqual(
        correlateColumnsFftReference(tall, weights, axis(k, n)).data,
      )
      const wide = picture(h, w + k - 1, 5)
      expect(rows([wide], weights, axis(k, n))[0]!.data).toEqual(
        correlateRowsFftReference(wide, weights, axis(k, n)).data,
      )
    }
  })

  test('every width of 1..50 and some heights: all remainders of blocks and groups', () => {
    const plan = { y: axis(3, 16), x: axis(5, 16) }
    const weights = noise(15, 50)
    const line = noise(5, 51)
    for (let w = 1; w <= 50; w++) {
      for (const h of [1, 3, 14, 16]) {
        free = 1024
        const plane = picture(h + 2, w + 4, 52)
        const expected = correlateFft2dReference(plane, weights, plan)
        expect(dense([plane], weights, plan)[0]!.data).toEqual(expected.data)
        const across = correlateRowsFftReference(plane, line, plan.x)
        expect(rows([plane], line, plan.x)[0]!.data).toEqual(across.data)
        const down = correlateColumnsFftReference(plane, line.slice(0, 3), plan.y)
        expect(columns(plane, line.slice(0, 3), plan.y).data).toEqual(down.data)
      }
    }
  })

  test.each([2, 3, 4])('%i channels, interleaved or in planes', (channels) => {
    const planes = Array.from({ length: channels }, (_, c) => picture(45, 53, 10 + c))
    const plan = { y: axis(7, 16), x: axis(5, 32) }
    const weights = noise(35, 6)
    const line = noise(9, 7)
    for (const layout of ['planes', 'interleaved'] as const) {
      free = 1024
      dense(planes, weights, plan, layout).forEach((got, c) => {
        expect(got.data).toEqual(correlateFft2dReference(planes[c]!, weights, plan).data)
      })
      rows(planes, line, axis(9, 32), layout).forEach((got, c) => {
        expect(got.data).toEqual(correlateRowsFftReference(planes[c]!, line, axis(9, 32)).data)
      })
    }
  })
})

describe('how strips are cut changes nothing', () => {
  const plane = picture(230, 60, 20)
  const strips = Array.from({ length: 200 }, (_, i) => i + 1)

  test('dense', () => {
    const plan = { y: axis(13, 32), x: axis(6, 16) }
    const weights = noise(78, 21)
    const whole = bits(dense([plane], weights, plan)[0]!)
    for (const strip of strips) {
      free = 1024
      const cut = bits(dense([plane], weights, plan, 'planes', strip)[0]!)
      if (!cut.equals(whole)) expect.fail(`strips of ${strip} rows give other bits`)
    }
  })

  test('columns', () => {
    const weights = noise(21, 22)
    const whole = bits(columns(plane, weights, axis(21, 64)))
    for (const strip of strips) {
      free = 1024
      const cut = bits(columns(plane, weights, axis(21, 64), strip))
      if (!cut.equals(whole)) expect.fail(`strips of ${strip} rows give other bits`)
    }
  })

  test('columns from any multiple of eight on', () => {
    const weights = noise(21, 22)
    const whole = columns(plane, weights, axis(21, 64))
    for (const from of [8, 24, 56]) {
      free = 1024
      const cols = plane.cols - from
      const part = Float32Array.from({ length: plane.rows * cols }, (_, i) => {
        return plane.data[Math.floor(i / cols) * plane.cols + from + (i % cols)]!
      })
      const got = columns({ rows: plane.rows, cols, data: part }, weights, axis(21, 64))
      got.data.forEach((v, i) => {
        expect(v).toBe(whole.data[Math.floor(i / cols) * plane.cols + from + (i % cols)]!)
      })
    }
  })

  test('a row gives the same bits whatever rows stand around it', () => {
    const weights = noise(21, 23)
    const whole = rows([plane], weights, axis(21, 32))[0]!
    for (const [from, count] of [
      [0, 1],
      [1, 1],
      [5, 2],
      [7, 3],
      [2, 9],
      [229, 1],
    ] as const) {
      free = 1024
      const data = plane.data.slice(from * plane.cols, (from + count) * plane.cols)
      const got = rows([{ rows: count, cols: plane.cols, data }], weights, axis(21, 32))[0]!
      expect(got.data).toEqual(whole.data.slice(from * whole.cols, (from + count) * whole.cols))
    }
  })
})

describe('the error against float64', () => {
  test.each([15, 31, 63, 127])('dense, %i taps a side: a millionth of the range at most', (k) => {
    const plane = picture(200 + k, 300 + k, 30)
    const weights = noise(k * k, 31)
    const plan = planFft2d(k, k, plane.rows - k + 1, plane.cols - k + 1)
    const got = dense([plane], weights, plan)[0]!
    expect(worstError(got.data, exactDense(plane, weights, k, k, 23), weights)).toBeLessThan(1e-6)
  })

  test('an impulse brings the kernel back, turned round', () => {
    const [rows, cols, k] = [70, 90, 15]
    const plane = {
      rows: rows + k - 1,
      cols: cols + k - 1,
      data: new Float32Array((rows + k - 1) * (cols + k - 1)),
    }
    plane.data[40 * plane.cols + 50] = 1
    const weights = noise(k * k, 33)
    const got = dense([plane], weights, planFft2d(k, k, rows, cols))[0]!
    const exact = exactDense(plane, weights, k, k)
    got.data.forEach((v, i) => {
      expect(Math.abs(v - exact[i]!)).toBeLessThan(1e-6)
    })
  })
})

const photo = new URL('../../../shared/photos/s512.png', import.meta.url)

// Measured: the largest error is 8e-5 levels, and 1 to 4 samples in 100,000 round differently.
describe.skipIf(!existsSync(photo))('photograph s512.png in 8 bits, against float64', () => {
  const radius = (sigma: number) => Math.trunc(4 * sigma + 0.5)

  function gaussian(sigma: number): Float64Array {
    const r = radius(sigma)
    const w = Float64Array.from({ length: 2 * r + 1 }, (_, i) =>
      Math.exp(-((i - r) ** 2) / (2 * sigma * sigma)),
    )
    const sum = w.reduce((a, b) => a + b, 0)
    return w.map((v) => v / sum)
  }

  /** Returns the red channel with `halo` samples around it, repeating the edges. */
  async function red(halo: number): Promise<Plane> {
    const { data, info } = await sharp(photo.pathname)
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true })
    const [rows, cols] = [info.height + 2 * halo, info.width + 2 * halo]
    const inside = (v: number, n: number) => Math.max(0, Math.min(n - 1, v - halo))
    const sample = (y: number, x: number) =>
      data[(inside(y, info.height) * info.width + inside(x, info.width)) * info.channels]!
    return {
      rows,
      cols,
      data: Float32Array.from({ length: rows * cols }, (_, i) => sample(Math.floor(i / cols), i % cols)),
    }
  }

  const half = (v: number) => {
    const down = Math.floor(v)
    if (v - down === 0.5) return down + (down % 2)
    return Math.round(v)
  }

  /** Counts the samples that differ after rounding, and returns the largest difference. */
  function differences(got: Float32Array, exact: Float64Array) {
    let [count, most, error] = [0, 0, 0]
    got.forEach((v, i) => {
      const d = Math.abs(half(v) - half(exact[i]!))
      if (d > 0) count++
      most = Math.max(most, d)
      error = Math.max(error, Math.abs(v - exact[i]!))
    })
    return { share: count / got.length, most, error }
  }

  test.each([5, 20, 50])('gaussian, sigma %i: fewer than 1 in 1,000 differ, by one level', async (sigma) => {
    const w = gaussian(sigma)
    const plane = await red(radius(sigma))
    const outRows = plane.rows - w.length + 1
    const outCols = plane.cols - w.length + 1
    const weights = Float32Array.from(w)
    const vertical = columns(plane, weights, planFftColumns(w.length, outRows))
    const got = rows([vertical], weights, planFftRows(w.length, outCols))[0]!
    const half1 = new Float64Array(outRows * plane.cols)
    for (let y = 0; y < outRows; y++) {
      for (let x = 0; x < plane.cols; x++) {
        let sum = 0
        for (let k = 0; k < w.length; k++) sum += w[k]! * plane.data[(y + k) * plane.cols + x]!
        half1[y * plane.cols + x] = sum
      }
    }
    const exact = new Float64Array(outRows * outCols)
    for (let y = 0; y < outRows; y++) {
      for (let x = 0; x < outCols; x++) {
        let sum = 0
        for (let k = 0; k < w.length; k++) sum += w[k]! * half1[y * plane.cols + x + k]!
        exact[y * outCols + x] = sum
      }
    }
    const found = differences(got.data, exact)
    expect(found.most).toBeLessThanOrEqual(1)
    expect(found.share).toBeLessThan(1e-3)
  })

  test.each([31, 63])('dense, %i taps a side: fewer than 1 in 1,000 differ, by one level', async (k) => {
    const plane = await red((k - 1) / 2)
    const raw = noise(k * k, 40).map((v) => v + 1)
    const sum = raw.reduce((a, b) => a + b, 0)
    const weights = raw.map((v) => v / sum)
    const [outRows, outCols] = [plane.rows - k + 1, plane.cols - k + 1]
    const got = dense([plane], weights, planFft2d(k, k, outRows, outCols))[0]!
    // Only every third sample of every third row, because the exact sum is slow.
    const all = exactDense(plane, weights, k, k, 3)
    const pick = (_: number, i: number) => !Number.isNaN(all[i]!)
    const found = differences(got.data.filter(pick), all.filter(pick))
    expect(found.most).toBeLessThanOrEqual(1)
    expect(found.share).toBeLessThan(1e-3)
  })
})

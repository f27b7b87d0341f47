// Winograd's F(4x4, 3x3) and F(2x2, 5x5), with the bits of src/definition/winograd.ts. The lanes of a vector are adjacent
// tiles. Samples of tiles are [number of the tile][block of 8 tiles][channel][8], weights [number][block of 4
// filters][channel][4], sums [number][filter][tile].

import {
  farCube,
  farPoint,
  farSquare,
  nearCube,
  nearPoint,
  nearSquare,
  squaresProduct,
  squaresSum,
} from '../conv/winograd-points'
import { Address } from './address'
import { highHalves, highPairs, lowHalves, lowPairs, storeTransposed } from './fft-parts'
import { eightSums4 } from './sums'

@inline
function times(by: f64, v: v128): v128 {
  return f32x4.mul(f32x4.splat(<f32>by), v)
}

/** Transforms six samples in a column or row of tiles, and stores the six numbers `pitch` apart. */
@inline
function spread(to: usize, pitch: usize, d0: v128, d1: v128, d2: v128, d3: v128, d4: v128, d5: v128): void {
  v128.store(to, f32x4.add(f32x4.sub(times(squaresProduct, d0), times(squaresSum, d2)), d4))
  let even = f32x4.sub(d4, times(farSquare, d2))
  let odd = times(nearPoint, f32x4.sub(d3, times(farSquare, d1)))
  v128.store(to + pitch, f32x4.add(even, odd))
  v128.store(to + 2 * pitch, f32x4.sub(even, odd))
  even = f32x4.sub(d4, times(nearSquare, d2))
  odd = times(farPoint, f32x4.sub(d3, times(nearSquare, d1)))
  v128.store(to + 3 * pitch, f32x4.add(even, odd))
  v128.store(to + 4 * pitch, f32x4.sub(even, odd))
  v128.store(to + 5 * pitch, f32x4.add(f32x4.sub(times(squaresProduct, d1), times(squaresSum, d3)), d5))
}

/** Transforms `n` columns of six rows, from byte `from`; n is at least 4. */
@inline
function spreadColumns(to: usize, pitch: usize, rows: usize, c: i32, from: usize, n: i32): void {
  const r0 = rowOf(rows, c) + from
  const r1 = rowOf(rows + 8, c) + from
  const r2 = rowOf(rows + 16, c) + from
  const r3 = rowOf(rows + 24, c) + from
  const r4 = rowOf(rows + 32, c) + from
  const r5 = rowOf(rows + 40, c) + from
  const last = <usize>(n - 4) << 2
  for (let x: usize = 0; ; x += 16) {
    if (x > last) x = last
    spread(
      to + x,
      pitch,
      v128.load(r0 + x),
      v128.load(r1 + x),
      v128.load(r2 + x),
      v128.load(r3 + x),
      v128.load(r4 + x),
      v128.load(r5 + x),
    )
    if (x == last) break
  }
}

/** The address of a row of a channel, from a table of addresses and of bytes from channel to channel. */
@inline
function rowOf(entry: usize, c: i32): usize {
  return <usize>load<u32>(entry) + <usize>c * <usize>load<u32>(entry, 4)
}

/** Transforms column k of a table of columns. Writes 4 columns, of which only the first is valid. */
function spreadColumn(scratch: usize, pitch: usize, rows: usize, c: i32, columns: usize, k: i32, fill: f32): void {
  const f = f32x4.splat(fill)
  const to = scratch + (<usize>k << 2)
  const column = load<i32>(columns + (<usize>k << 2))
  if (column < 0) {
    spread(to, pitch, f, f, f, f, f, f)
    return
  }
  const x = <usize>column << 2
  spread(
    to,
    pitch,
    v128.load32_splat(rowOf(rows, c) + x),
    v128.load32_splat(rowOf(rows + 8, c) + x),
    v128.load32_splat(rowOf(rows + 16, c) + x),
    v128.load32_splat(rowOf(rows + 24, c) + x),
    v128.load32_splat(rowOf(rows + 32, c) + x),
    v128.load32_splat(rowOf(rows + 40, c) + x),
  )
}

/**
 * Transforms the samples of `tiles` tiles of `side` columns (4 or 2) of all channels. `rows` has six pairs of u32: the
 * address of a row, and the bytes from channel to channel. Column k of the tiles is columns[k] (i32) of the rows, or `fill` if that is -1;
 * columns first..last-1 are consecutive. `scratch` has room for six rows of these columns, `scratchPitch` apart.
 */
export function winogradSamples(
  to: Address,
  pitch: usize,
  blockPitch: usize,
  rows: Address,
  channels: i32,
  columns: Address,
  first: i32,
  last: i32,
  side: i32,
  tiles: i32,
  fill: f32,
  scratch: Address,
  scratchPitch: usize,
): void {
  const n = ((tiles + 3) & ~3) * side + 6 - side
  const step = <usize>side << 2
  if (last - first < 4) last = first
  for (let c = 0; c < channels; c++) {
    // each single column also writes the 3 after it, which are computed later
    for (let k = 0; k < first; k++) spreadColumn(scratch, scratchPitch, rows, c, columns, k, fill)
    if (last > first) {
      const from = <usize>load<i32>(columns + (<usize>first << 2)) << 2
      spreadColumns(scratch + (<usize>first << 2), scratchPitch, rows, c, from, last - first)
    }
    for (let k = last; k < n; k++) spreadColumn(scratch, scratchPitch, rows, c, columns, k, fill)
    const place = to + (<usize>c << 5)
    for (let i = 0; i < 6; i++) {
      const row = scratch + <usize>i * scratchPitch
      const out = place + <usize>(i * 6) * pitch
      for (let t = 0; t < tiles; t += 4) {
        const p = row + <usize>t * step
        const at = out + <usize>(t >> 3) * blockPitch + (<usize>(t & 4) << 2)
        const x0 = v128.load(p)
        const x1 = v128.load(p, 16)
        const x2 = v128.load(p, 32)
        if (side == 2) {
          const d0 = v128.shuffle<i32>(x0, x1, 0, 2, 4, 6)
          const d1 = v128.shuffle<i32>(x0, x1, 1, 3, 5, 7)
          const d2 = v128.shuffle<i32>(d0, x2, 1, 2, 3, 4)
          const d3 = v128.shuffle<i32>(d1, x2, 1, 2, 3, 5)
          const d4 = v128.shuffle<i32>(d2, x2, 1, 2, 3, 6)
          const d5 = v128.shuffle<i32>(d3, x2, 1, 2, 3, 7)
          spread(at, pitch, d0, d1, d2, d3, d4, d5)
          continue
        }
        const x3 = v128.load(p, 48)
        const x4 = v128.load(p, 64)
        const l0 = lowPairs(x0, x1)
        const l1 = lowPairs(x2, x3)
        const h0 = highPairs(x0, x1)
        const h1 = highPairs(x2, x3)
        const d0 = lowHalves(l0, l1)
        const d1 = highHalves(l0, l1)
        const d2 = lowHalves(h0, h1)
        const d3 = highHalves(h0, h1)
        const d4 = v128.shuffle<i32>(d0, x4, 1, 2, 3, 4)
        const d5 = v128.shuffle<i32>(d1, x4, 1, 2, 3, 5)
        spread(at, pitch, d0, d1, d2, d3, d4, d5)
      }
    }
  }
}

/**
 * Sums the products of weights and samples over the channels, for each of the 36 numbers of `tiles` tiles. `filters`
 * must be divisible by 4.
 */
export function winogradProducts(
  sums: Address,
  sumsPitch: usize,
  rowPitch: usize,
  samples: Address,
  samplesPitch: usize,
  blockPitch: usize,
  weights: Address,
  channels: i32,
  filters: i32,
  tiles: i32,
): void {
  const depth = <usize>channels << 4
  const weightsPitch = depth * <usize>(filters >> 2)
  for (let f: usize = 0; f < 36; f++) {
    const end = weights + (f + 1) * weightsPitch
    for (let t = 0; t < tiles; t += 8) {
      const src = samples + f * samplesPitch + <usize>(t >> 3) * blockPitch
      let to = sums + f * sumsPitch + (<usize>t << 2)
      for (let w = weights + f * weightsPitch; w < end; w += depth, to += rowPitch << 2) {
        if (tiles - t > 4) eightSums4(to, rowPitch, 16, src, 16, w, w + depth, 0, 0, false)
        else fourProducts(to, rowPitch, src, w, w + depth)
      }
    }
  }
}

/** 4 tiles by 4 filters. */
@inline
function fourProducts(to: usize, rowPitch: usize, src: usize, w: usize, end: usize): void {
  let a = f32x4.splat(0)
  let b = f32x4.splat(0)
  let c = f32x4.splat(0)
  let d = f32x4.splat(0)
  for (; w < end; w += 16, src += 32) {
    const s = v128.load(src)
    a = f32x4.add(a, f32x4.mul(v128.load32_splat(w), s))
    b = f32x4.add(b, f32x4.mul(v128.load32_splat(w, 4), s))
    c = f32x4.add(c, f32x4.mul(v128.load32_splat(w, 8), s))
    d = f32x4.add(d, f32x4.mul(v128.load32_splat(w, 12), s))
  }
  v128.store(to, a)
  v128.store(to + rowPitch, b)
  v128.store(to + 2 * rowPitch, c)
  v128.store(to + 3 * rowPitch, d)
}

/**
 * Computes rows `first` to `end` - 1 of `tiles` tiles of all filters from their sums and biases. `to` is the place of
 * row 0. Writes up to 16 columns for each 4 tiles of side 4, and 8 of side 2. `scratch` has room for 24 vectors.
 */
export function winogradOutput(
  to: Address,
  plane: usize,
  pitch: usize,
  side: i32,
  sums: Address,
  sumsPitch: usize,
  rowPitch: usize,
  bias: Address,
  filters: i32,
  tiles: i32,
  first: i32,
  end: i32,
  scratch: Address,
): void {
  const six = <usize>6 * sumsPitch
  const step = <usize>side << 2
  for (let o = 0; o < filters; o++) {
    const k = v128.load32_splat(bias + (<usize>o << 2))
    for (let t = 0; t < tiles; t += 4) {
      const src = sums + <usize>o * rowPitch + (<usize>t << 2)
      for (let j: usize = 0; j < 6; j++) {
        const p = src + j * sumsPitch
        const m0 = v128.load(p)
        const m1 = v128.load(p + six)
        const m2 = v128.load(p + 2 * six)
        const m3 = v128.load(p + 3 * six)
        const m4 = v128.load(p + 4 * six)
        const m5 = v128.load(p + 5 * six)
        const near = f32x4.add(m1, m2)
        const far = f32x4.add(m3, m4)
        const nearOdd = f32x4.sub(m1, m2)
        const farOdd = f32x4.sub(m3, m4)
        const at = scratch + (j << 4)
        v128.store(at, f32x4.add(f32x4.add(m0, near), far))
        const odd = f32x4.add(times(nearPoint, nearOdd), times(farPoint, farOdd))
        if (side == 2) {
          v128.store(at, f32x4.add(odd, m5), 96)
          continue
        }
        v128.store(at, odd, 96)
        v128.store(at, f32x4.add(times(nearSquare, near), times(farSquare, far)), 192)
        v128.store(at, f32x4.add(f32x4.add(times(nearCube, nearOdd), times(farCube, farOdd)), m5), 288)
      }
      for (let y = first; y < end; y++) {
        const at = scratch + <usize>y * 96
        const m0 = v128.load(at)
        const m1 = v128.load(at, 16)
        const m2 = v128.load(at, 32)
        const m3 = v128.load(at, 48)
        const m4 = v128.load(at, 64)
        const m5 = v128.load(at, 80)
        const near = f32x4.add(m1, m2)
        const far = f32x4.add(m3, m4)
        const nearOdd = f32x4.sub(m1, m2)
        const farOdd = f32x4.sub(m3, m4)
        const y0 = f32x4.add(f32x4.add(f32x4.add(m0, near), far), k)
        const slope = f32x4.add(times(nearPoint, nearOdd), times(farPoint, farOdd))
        const dst = to + <usize>o * plane + <usize>y * pitch + <usize>t * step
        if (side == 2) {
          const y1 = f32x4.add(f32x4.add(slope, m5), k)
          v128.store(dst, v128.shuffle<i32>(y0, y1, 0, 4, 1, 5))
          v128.store(dst, v128.shuffle<i32>(y0, y1, 2, 6, 3, 7), 16)
          continue
        }
        const y1 = f32x4.add(slope, k)
        const y2 = f32x4.add(f32x4.add(times(nearSquare, near), times(farSquare, far)), k)
        const odd = f32x4.add(f32x4.add(times(nearCube, nearOdd), times(farCube, farOdd)), m5)
        const y3 = f32x4.add(odd, k)
        storeTransposed(dst, dst + 16, dst + 32, dst + 48, y0, y1, y2, y3)
      }
    }
  }
}

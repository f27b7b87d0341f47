// Filter banks: several output channels from one gathered tile of float32 rows.
// A tap list holds byte offsets into the tile; weights are [tap][output channel of the block].
// Rows of fewer than 8 samples may be read and written up to 64 bytes past their end. In longer rows, the last block
// overlaps the one before it, so that sums can be written directly to the output.

import { Address } from './address'
import { everyNth } from './lanes'
import { eightSums4, storeSums28, sums4 } from './sums'

/**
 * Four output channels by `n` columns by `rows` rows: acc = 0; acc += w * sample for the taps in order; + bias. dst is
 * [channel][row][column] with the given pitches in bytes. 8 columns at a time, so that 8 accumulators share 2 loads and
 * 4 splats. A rest of up to 4 columns is computed for two rows at once.
 */
export function taps4(
  dst: Address,
  dstChannelPitch: usize,
  dstPitch: usize,
  src: Address,
  rowStep: usize,
  n: i32,
  rows: i32,
  offsets: Address,
  weights: Address,
  count: i32,
  bias: Address,
): void {
  const end = offsets + (<usize>count << 2)
  const rest = n & 7
  const paired = n > 8 && rest > 0 && rest <= 4 && rows > 1
  const wide = paired ? n - rest : n
  const last = <usize>max(wide - 8, 0) << 2
  for (let y = 0; y < rows; y++) {
    const from = src + <usize>y * rowStep
    const to = dst + <usize>y * dstPitch
    for (let x: usize = 0; ; x += 32) {
      if (x > last) x = last
      eightSums4(to + x, dstChannelPitch, 16, from + x, 16, offsets, end, weights, bias, true)
      if (x == last) break
    }
  }
  if (!paired) return
  const x = <usize>(n - 4) << 2
  for (let y = 0; ; y += 2) {
    if (y > rows - 2) y = rows - 2
    const from = src + <usize>y * rowStep + x
    const to = dst + <usize>y * dstPitch + x
    eightSums4(to, dstChannelPitch, dstPitch, from, rowStep, offsets, end, weights, bias, true)
    if (y == rows - 2) break
  }
}

/** One output channel: 28 columns at a time, then 4 at a time. The arithmetic is that of `taps4`. */
export function taps1(
  dst: Address,
  dstPitch: usize,
  src: Address,
  rowStep: usize,
  n: i32,
  rows: i32,
  offsets: Address,
  weights: Address,
  count: i32,
  bias: Address,
): void {
  const bias0 = v128.load32_splat(bias)
  const end = offsets + (<usize>count << 2)
  for (let y = 0; y < rows; y++) {
    const srcRow = src + <usize>y * rowStep
    const dstRow = dst + <usize>y * dstPitch
    let x = 0
    for (; x < n; x += 28) {
      // A short rest is cheaper in blocks of four than in an overlapping block.
      if (x + 28 > n) {
        if (n < 28 || n - x <= 12) break
        x = n - 28
      }
      storeSums28(dstRow + (<usize>x << 2), srcRow + (<usize>x << 2), offsets, end, weights, 0, true, bias0, true)
    }
    const last = max(n - 4, 0)
    for (; x < n; x += 4) {
      if (x > last) x = last
      const at = <usize>x << 2
      v128.store(dstRow + at, f32x4.add(sums4(srcRow + at, offsets, end, weights, 0, true), bias0))
    }
  }
}

/**
 * Gathers rows of a tile from planes of float32 samples, `plane` bytes apart, with rows of `rowBytes`. Tile row i is
 * row rows[i] (i32) of the plane, or all `fill` if that is -1. Each becomes `phases` rows, `pitch` apart: tile column k
 * of phase p is column columns[p][left + k] (tables of i32 at addresses of u32), or `fill` if that is -1. Columns
 * first..last-1 are `step` samples apart. Planes of the tile are `dstPlane` bytes apart.
 */
export function gatherPlanes(
  dst: Address,
  dstPlane: usize,
  pitch: usize,
  src: Address,
  plane: usize,
  planes: i32,
  rowBytes: usize,
  rows: Address,
  count: i32,
  columns: Address,
  left: i32,
  phases: i32,
  step: i32,
  n: i32,
  first: i32,
  last: i32,
  fill: f32,
): void {
  for (; planes > 0; planes--, dst += dstPlane, src += plane) {
    let to = dst
    for (let i = 0; i < count; i++) {
      const row = load<i32>(rows + (<usize>i << 2))
      const from = src + <usize>row * rowBytes
      for (let p = 0; p < phases; p++, to += pitch) {
        const table = <usize>load<u32>(columns + (<usize>p << 2)) + (<usize>left << 2)
        if (row < 0) fillRow(to, n, fill)
        else gatherColumns(to, from, table, step, n, first, last, fill)
      }
    }
  }
}

function gatherColumns(
  dst: usize,
  src: usize,
  columns: usize,
  step: i32,
  n: i32,
  first: i32,
  last: i32,
  fill: f32,
): void {
  for (let i = 0; i < first; i++) gatherOne(dst, src, columns, i, fill)
  if (last > first) {
    const from = src + (<usize>load<i32>(columns + (<usize>first << 2)) << 2)
    const to = dst + (<usize>first << 2)
    if (step == 1) copySamples(to, from, last - first)
    else pickSamples(to, from, step, last - first)
  }
  for (let i = last; i < n; i++) gatherOne(dst, src, columns, i, fill)
}

/** Copies exactly `n` samples that are `step` apart. */
function pickSamples(dst: usize, src: usize, step: i32, n: i32): void {
  const apart = <usize>step << 2
  let i = 0
  // the last vector is read no further than its last sample
  for (; i + 5 <= n; i += 4, src += apart << 2) v128.store(dst + (<usize>i << 2), everyNth(src, step))
  for (; i < n; i++, src += apart) store<f32>(dst + (<usize>i << 2), load<f32>(src))
}

@inline
function gatherOne(dst: usize, src: usize, columns: usize, i: i32, fill: f32): void {
  const from = load<i32>(columns + (<usize>i << 2))
  store<f32>(dst + (<usize>i << 2), from < 0 ? fill : load<f32>(src + (<usize>from << 2)))
}

/** Copies rows of exactly `n` samples. Pitches are in bytes. */
export function copyRows(
  dst: Address,
  dstPitch: usize,
  src: Address,
  srcPitch: usize,
  n: i32,
  rows: i32,
): void {
  for (; rows > 0; rows--, dst += dstPitch, src += srcPitch) copySamples(dst, src, n)
}

/** Copies exactly `n` samples. For a short row, the call to memory.copy costs more than the copy. */
function copySamples(dst: usize, src: usize, n: i32): void {
  if (n < 4 || n > 256) {
    memory.copy(dst, src, <usize>n << 2)
    return
  }
  const last = <usize>(n - 4) << 2
  for (let i: usize = 0; i < last; i += 16) v128.store(dst + i, v128.load(src + i))
  v128.store(dst + last, v128.load(src + last))
}

/** Sets `n` float32 samples. */
export function fillRow(dst: Address, n: i32, value: f32): void {
  for (let i = 0; i < n; i++) store<f32>(dst + (<usize>i << 2), value)
}

/**
 * Writes `rows` rows of `n` samples of `channels` channels to every `step`-th place of the destination: an output phase
 * of a transposed correlation. Pitches are in bytes.
 */
export function scatterRows(
  dst: Address,
  dstChannelPitch: usize,
  dstPitch: usize,
  src: Address,
  srcChannelPitch: usize,
  srcPitch: usize,
  channels: i32,
  rows: i32,
  n: i32,
  step: i32,
): void {
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < rows; y++) {
      const from = src + <usize>c * srcChannelPitch + <usize>y * srcPitch
      const to = dst + <usize>c * dstChannelPitch + <usize>y * dstPitch
      for (let i = 0; i < n; i++) store<f32>(to + (<usize>(i * step) << 2), load<f32>(from + (<usize>i << 2)))
    }
  }
}

// The smallest or largest samples of rows (definition: ranked in definition/windows.ts, index 0 and the last).

import { Address } from './address'

@inline
function outer<T>(a: v128, b: v128, isLargest: bool): v128 {
  return isLargest ? v128.max<T>(a, b) : v128.min<T>(a, b)
}

@inline
function extremes<T>(
  dst: usize,
  dstPitch: usize,
  src: usize,
  pitch: usize,
  steps: usize,
  count: usize,
  wide: usize,
  n: usize,
  rows: i32,
  isLargest: bool,
): void {
  const end = steps + count * 12
  for (let y = 0; y < rows; y++, dst += dstPitch, src += pitch) {
    for (let step = steps; step < end; step += 12) {
      const isLast = step + 12 == end
      extreme<T>(isLast ? dst : src, src, step, isLast ? n : wide, isLargest)
    }
  }
}

@inline
function extreme<T>(dst: usize, src: usize, step: usize, n: usize, isLargest: bool): void {
  const first = load<u32>(step)
  const second = load<u32>(step, 4)
  const third = load<u32>(step, 8)
  const shift = dst - src
  const end = src + n
  if (second == 0) {
    for (let p = src; p < end; p += 32) {
      const a = outer<T>(v128.load(p), v128.load(p + first), isLargest)
      const b = outer<T>(v128.load(p, 16), v128.load(p + first, 16), isLargest)
      v128.store(p + shift, a)
      v128.store(p + shift, b, 16)
    }
    return
  }
  for (let p = src; p < end; p += 32) {
    const q = p + first
    const r = p + second
    const s = p + third
    const a = outer<T>(v128.load(p), v128.load(q), isLargest)
    const b = outer<T>(v128.load(r), v128.load(s), isLargest)
    const c = outer<T>(v128.load(p, 16), v128.load(q, 16), isLargest)
    const d = outer<T>(v128.load(r, 16), v128.load(s, 16), isLargest)
    v128.store(p + shift, outer<T>(a, b, isLargest))
    v128.store(p + shift, outer<T>(c, d, isLargest), 16)
  }
}

/**
 * Joins the samples of `rows` rows, u8, u16 or i32 of `bytes`, in `count` steps. Each sample becomes the smallest, or
 * with `largest` the largest, of itself and those the three offsets (u32, bytes) of the step after it, or the first of
 * these alone if the second is 0. The last step writes n bytes to `dst`, those before it write `wide` bytes in place.
 * `dst` may be `src` if nothing before the place written is read.
 */
export function extremeAlong(
  dst: Address,
  dstPitch: usize,
  src: Address,
  pitch: usize,
  steps: Address,
  count: usize,
  wide: usize,
  n: usize,
  rows: i32,
  bytes: i32,
  largest: bool,
): void {
  if (bytes == 1) {
    if (largest) extremes<u8>(dst, dstPitch, src, pitch, steps, count, wide, n, rows, true)
    else extremes<u8>(dst, dstPitch, src, pitch, steps, count, wide, n, rows, false)
  } else if (bytes == 2) {
    if (largest) extremes<u16>(dst, dstPitch, src, pitch, steps, count, wide, n, rows, true)
    else extremes<u16>(dst, dstPitch, src, pitch, steps, count, wide, n, rows, false)
  } else if (largest) extremes<i32>(dst, dstPitch, src, pitch, steps, count, wide, n, rows, true)
  else extremes<i32>(dst, dstPitch, src, pitch, steps, count, wide, n, rows, false)
}

/**
 * For every `height` rows: first combines each with those below it in the group, then with its rows in the next group.
 */
@inline
function down<T>(
  dst: usize,
  dstPitch: usize,
  src: usize,
  pitch: usize,
  n: usize,
  rows: usize,
  height: usize,
  isLargest: bool,
): void {
  for (let x: usize = 0; x < n; x += 32) {
    for (let y: usize = 0; y < rows; y += height) {
      const top = src + x + y * pitch
      const to = dst + x + y * dstPitch
      const many = min(height, rows - y)
      let p = top + (height - 1) * pitch
      let a = v128.load(p)
      let b = v128.load(p, 16)
      for (const first = top + many * pitch; p >= first; ) {
        p -= pitch
        a = outer<T>(a, v128.load(p), isLargest)
        b = outer<T>(b, v128.load(p, 16), isLargest)
      }
      let q = to + (many - 1) * dstPitch
      v128.store(q, a)
      v128.store(q, b, 16)
      while (q != to) {
        p -= pitch
        q -= dstPitch
        a = outer<T>(a, v128.load(p), isLargest)
        b = outer<T>(b, v128.load(p, 16), isLargest)
        v128.store(q, a)
        v128.store(q, b, 16)
      }
      if (many == 1) continue
      p = top + height * pitch
      a = v128.load(p)
      b = v128.load(p, 16)
      const last = to + (many - 1) * dstPitch
      for (q += dstPitch; ; q += dstPitch) {
        v128.store(q, outer<T>(a, v128.load(q), isLargest))
        v128.store(q, outer<T>(b, v128.load(q, 16), isLargest), 16)
        if (q == last) break
        p += pitch
        a = outer<T>(a, v128.load(p), isLargest)
        b = outer<T>(b, v128.load(p, 16), isLargest)
      }
    }
  }
}

/**
 * The smallest or largest of windows of `height` rows, with three operations for any height (van Herk 1992). `dst` may
 * be `src`.
 */
export function extremeDown(
  dst: Address,
  dstPitch: usize,
  src: Address,
  pitch: usize,
  n: usize,
  rows: usize,
  height: usize,
  bytes: i32,
  largest: bool,
): void {
  if (bytes == 1) {
    if (largest) down<u8>(dst, dstPitch, src, pitch, n, rows, height, true)
    else down<u8>(dst, dstPitch, src, pitch, n, rows, height, false)
  } else if (bytes == 2) {
    if (largest) down<u16>(dst, dstPitch, src, pitch, n, rows, height, true)
    else down<u16>(dst, dstPitch, src, pitch, n, rows, height, false)
  } else if (largest) down<i32>(dst, dstPitch, src, pitch, n, rows, height, true)
  else down<i32>(dst, dstPitch, src, pitch, n, rows, height, false)
}

/** n differences a − b of whole samples of `bytes` bytes. */
export function minusWhole(dst: Address, a: Address, b: Address, n: usize, bytes: usize): void {
  const end = n * bytes
  if (bytes == 1) {
    for (let i: usize = 0; i < end; i += 16)
      v128.store(dst + i, i8x16.sub(v128.load(a + i), v128.load(b + i)))
    return
  }
  for (let i: usize = 0; i < end; i += 16) v128.store(dst + i, i16x8.sub(v128.load(a + i), v128.load(b + i)))
}

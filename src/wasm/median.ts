// Medians of squares of 3 and 5 samples by comparisons alone (definition: ranked in definition/windows.ts). What two
// windows, one above the other, have in common is sorted once. For 3 x 3 that is the columns, from which the median is
// picked; for 5 x 5 it is the four rows in the middle, in sorted pairs that serve the next two windows as well (compare
// A. Adams, Fast Median Filters using Separable Sorting Networks, 2021). A median of 25 takes 59 minima and maxima.

import { Address } from './address'

/** The bytes of a row that are sorted at once, so that their columns stay in the first-level cache. */
const block: usize = 1024
/** The bytes from one row of sorted columns to the next. A window may reach 64 bytes beyond. */
const row: usize = block + 128

@inline
function lo<T>(a: v128, b: v128): v128 {
  return v128.min<T>(a, b)
}

@inline
function hi<T>(a: v128, b: v128): v128 {
  return v128.max<T>(a, b)
}

/** Stores, in three rows `row` bytes apart from `at`, the sorted a and b with `v` inserted. */
@inline
function put3<T>(at: usize, v: v128, a: v128, b: v128): void {
  v128.store(at, lo<T>(v, a))
  v128.store(at + row, hi<T>(a, lo<T>(v, b)))
  v128.store(at + 2 * row, hi<T>(v, b))
}

/** Sorts the columns of two windows of 3 rows; the second begins one row further down. */
@inline
function sort3<T>(work: usize, src: usize, last: usize, pitch: usize, n: usize): void {
  for (let i: usize = 0; i < n; i += 16) {
    const p = v128.load(src + pitch + i)
    const q = v128.load(src + 2 * pitch + i)
    const a = lo<T>(p, q)
    const b = hi<T>(p, q)
    put3<T>(work + i, v128.load(src + i), a, b)
    put3<T>(work + 3 * row + i, v128.load(last + i), a, b)
  }
}

@inline
function middle3<T>(a: v128, b: v128, c: v128): v128 {
  return hi<T>(lo<T>(a, b), lo<T>(hi<T>(a, b), c))
}

/** The median of three sorted columns, the first at `p`. */
@inline
function pick3<T>(p: usize, step: usize): v128 {
  const low = hi<T>(hi<T>(v128.load(p), v128.load(p + step)), v128.load(p + 2 * step))
  const q = p + row
  const mid = middle3<T>(v128.load(q), v128.load(q + step), v128.load(q + 2 * step))
  const r = q + row
  const high = lo<T>(lo<T>(v128.load(r), v128.load(r + step)), v128.load(r + 2 * step))
  return middle3<T>(low, mid, high)
}

/** Stores five samples of a row, `step` bytes apart, sorted, 16 bytes apart. */
@inline
function sort5<T>(to: usize, src: usize, step: usize): void {
  const p = v128.load(src)
  const q = v128.load(src + step)
  const r = v128.load(src + 2 * step)
  const s = v128.load(src + 3 * step)
  const v = v128.load(src + 4 * step)
  const e = lo<T>(p, q)
  const f = hi<T>(p, q)
  const g = lo<T>(r, s)
  const h = hi<T>(r, s)
  const k = hi<T>(e, g)
  const l = lo<T>(f, h)
  const a = lo<T>(e, g)
  const b = lo<T>(k, l)
  const c = hi<T>(k, l)
  const d = hi<T>(f, h)
  v128.store(to, lo<T>(v, a))
  v128.store(to + 16, hi<T>(a, lo<T>(v, b)))
  v128.store(to + 32, hi<T>(b, lo<T>(v, c)))
  v128.store(to + 48, hi<T>(c, lo<T>(v, d)))
  v128.store(to + 64, hi<T>(v, d))
}

/** Stores ten samples, sorted, from two sorted rows of five (Batcher's odd-even merge). */
@inline
function merge5<T>(to: usize, x: usize, y: usize): void {
  const x1 = v128.load(x)
  const y1 = v128.load(y)
  const x5 = v128.load(x + 64)
  const y5 = v128.load(y + 64)
  const e = hi<T>(x1, y1)
  const f = lo<T>(x5, y5)
  const c2 = lo<T>(e, f)
  const c3 = hi<T>(e, f)
  const x3 = v128.load(x + 32)
  const y3 = v128.load(y + 32)
  const d1 = lo<T>(x3, y3)
  const d2 = hi<T>(x3, y3)
  const x2 = v128.load(x + 16)
  const y2 = v128.load(y + 16)
  const x4 = v128.load(x + 48)
  const y4 = v128.load(y + 48)
  const g = hi<T>(x2, y2)
  const h = lo<T>(x4, y4)
  const w1 = lo<T>(x2, y2)
  const w2 = lo<T>(g, h)
  const w3 = hi<T>(g, h)
  const w4 = hi<T>(x4, y4)
  const v2 = lo<T>(d1, c2)
  const v3 = hi<T>(d1, c2)
  const v4 = lo<T>(d2, c3)
  const v5 = hi<T>(d2, c3)
  v128.store(to, lo<T>(x1, y1))
  v128.store(to + 16, lo<T>(w1, v2))
  v128.store(to + 32, hi<T>(w1, v2))
  v128.store(to + 48, lo<T>(w2, v3))
  v128.store(to + 64, hi<T>(w2, v3))
  v128.store(to + 80, lo<T>(w3, v4))
  v128.store(to + 96, hi<T>(w3, v4))
  v128.store(to + 112, lo<T>(w4, v5))
  v128.store(to + 128, hi<T>(w4, v5))
  v128.store(to + 144, hi<T>(x5, y5))
}

/** The median of six samples in the middle of twenty, and five more, all sorted; `r` is the address of the five. */
@inline
function middle25<T>(a: v128, b: v128, c: v128, d: v128, e: v128, f: v128, r: usize): v128 {
  const p = lo<T>(hi<T>(a, v128.load(r + 64)), hi<T>(b, v128.load(r + 48)))
  const q = lo<T>(hi<T>(c, v128.load(r + 32)), hi<T>(d, v128.load(r + 16)))
  return lo<T>(lo<T>(p, q), lo<T>(hi<T>(e, v128.load(r)), f))
}

/**
 * Two medians of 5 rows, one above the other, from the four rows that they share, as two times ten sorted samples, and
 * the sorted rows above and below. Six samples in the middle of the twenty can be medians (Batcher's odd-even merge
 * without the rest).
 */
@inline
function pick5<T>(dst: usize, dst2: usize, a: usize, b: usize, above: usize, below: usize): void {
  // every other sample of the two, the first included
  const t1 = hi<T>(v128.load(a), v128.load(b))
  const u1 = lo<T>(v128.load(a + 128), v128.load(b + 128))
  const a5 = v128.load(a + 64)
  const b5 = v128.load(b + 64)
  const p3 = hi<T>(lo<T>(a5, b5), lo<T>(t1, u1))
  const p4 = lo<T>(hi<T>(a5, b5), hi<T>(t1, u1))
  const s1 = hi<T>(v128.load(a + 32), v128.load(b + 32))
  const z1 = lo<T>(v128.load(a + 96), v128.load(b + 96))
  const q3 = hi<T>(s1, z1)
  const v5 = hi<T>(lo<T>(s1, z1), p3)
  const v6 = lo<T>(q3, p4)
  const v7 = hi<T>(q3, p4)
  // and the others
  const t2 = hi<T>(v128.load(a + 16), v128.load(b + 16))
  const u2 = lo<T>(v128.load(a + 144), v128.load(b + 144))
  const a6 = v128.load(a + 80)
  const b6 = v128.load(b + 80)
  const l3 = hi<T>(lo<T>(a6, b6), lo<T>(t2, u2))
  const l4 = lo<T>(hi<T>(a6, b6), hi<T>(t2, u2))
  const s2 = hi<T>(v128.load(a + 48), v128.load(b + 48))
  const z2 = lo<T>(v128.load(a + 112), v128.load(b + 112))
  const m2 = lo<T>(s2, z2)
  const w4 = lo<T>(m2, l3)
  const w5 = hi<T>(m2, l3)
  const w6 = lo<T>(hi<T>(s2, z2), l4)
  const c = lo<T>(w4, v5)
  const d = hi<T>(w4, v5)
  const e = lo<T>(w5, v6)
  const f = hi<T>(w5, v6)
  const g = lo<T>(w6, v7)
  const h = hi<T>(w6, v7)
  v128.store(dst2, middle25<T>(c, d, e, f, g, h, below))
  v128.store(dst, middle25<T>(c, d, e, f, g, h, above))
}

/** The bytes of a row of medians of 5 x 5 that are computed at once, so that their sorted rows stay in the first-level cache. */
const block5: usize = 256
/** The bytes of the sorted rows behind 16 bytes: two times two merged rows, the row that is merged next, and three more. */
const column: usize = 640

@inline
function medians5<T>(
  dst: usize,
  dstPitch: usize,
  src: usize,
  pitch: usize,
  n: usize,
  rows: i32,
  step: usize,
  work: usize,
): void {
  for (let x: usize = 0; x < n; x += block5) {
    const end = work + ((min(block5, n - x) + 15) >> 4) * column
    let from = src + x
    for (let w = work, i = from; w < end; w += column, i += 16) {
      sort5<T>(w + 320, i + pitch, step)
      sort5<T>(w + 480, i + 2 * pitch, step)
      merge5<T>(w, w + 320, w + 480)
      sort5<T>(w + 320, i + 3 * pitch, step)
      sort5<T>(w + 400, i, step)
    }
    // where to find and put merged rows, and the sorted rows above, above next, and above the one after
    let a: usize = 0
    let b: usize = 160
    let above: usize = 400
    let next: usize = 480
    let then: usize = 560
    for (let y = 0; y < rows; y += 2) {
      const isPair = y + 1 < rows
      // a single row takes the place of the one below, which is computed from rows that there are
      let to = dst + <usize>y * dstPitch + x
      let to2 = isPair ? to + dstPitch : to
      const down = isPair ? pitch : 0
      for (let w = work, i = from + 4 * pitch; w < end; w += column, i += 16, to += 16, to2 += 16) {
        sort5<T>(w + then, i, step)
        merge5<T>(w + b, w + 320, w + then)
        sort5<T>(w + 320, i + down, step)
        pick5<T>(to, to2, w + a, w + b, w + above, w + 320)
      }
      from += 2 * pitch
      const c = a
      a = b
      b = c
      const free = above
      above = next
      next = then
      then = free
    }
  }
}

@inline
function medians3<T>(
  dst: usize,
  dstPitch: usize,
  src: usize,
  pitch: usize,
  n: usize,
  rows: i32,
  step: usize,
  work: usize,
): void {
  for (let x: usize = 0; x < n; x += block) {
    const wide = min(block, n - x)
    for (let y = 0; y < rows; y += 2) {
      const from = src + <usize>y * pitch + x
      const isPair = y + 1 < rows
      // for a single row, the second window is the first
      sort3<T>(work, from, from + (isPair ? 3 * pitch : 0), pitch, wide + 2 * step)
      const to = dst + <usize>y * dstPitch + x
      for (let i: usize = 0; i < wide; i += 16) v128.store(to + i, pick3<T>(work + i, step))
      if (!isPair) continue
      for (let i: usize = 0; i < wide; i += 16)
        v128.store(to + dstPitch + i, pick3<T>(work + 3 * row + i, step))
    }
  }
}

/**
 * `rows` rows of n bytes of samples of `bytes`, u8, u16 or i32: the medians of squares of `side` samples, 3 or 5,
 * `step` bytes apart. A square is at most 64 bytes wide. `work` has room for 12 kB.
 */
export function median(
  dst: Address,
  dstPitch: usize,
  src: Address,
  pitch: usize,
  n: usize,
  rows: i32,
  side: usize,
  step: usize,
  bytes: i32,
  work: Address,
): void {
  if (bytes == 1) {
    if (side == 3) medians3<u8>(dst, dstPitch, src, pitch, n, rows, step, work)
    else medians5<u8>(dst, dstPitch, src, pitch, n, rows, step, work)
  } else if (bytes == 2) {
    if (side == 3) medians3<u16>(dst, dstPitch, src, pitch, n, rows, step, work)
    else medians5<u16>(dst, dstPitch, src, pitch, n, rows, step, work)
  } else if (side == 3) medians3<i32>(dst, dstPitch, src, pitch, n, rows, step, work)
  else medians5<i32>(dst, dstPitch, src, pitch, n, rows, step, work)
}

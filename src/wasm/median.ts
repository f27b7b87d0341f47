// Medians of squares of 3 and 5 samples by comparisons alone (definition: ranked in definition/windows.ts). Columns are
// sorted, with the rows that two windows, one above the other, have in common sorted once; then the median is picked
// from the sorted columns. Picking one of 25 takes 86 minima and maxima, the fewest that a search over all 7776 ways in
// which zeros and ones can be arranged in five sorted columns found. By the 0-1 principle, what is right for those is
// right for all samples.

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

@inline
function put5<T>(at: usize, v: v128, a: v128, b: v128, c: v128, d: v128): void {
  v128.store(at, lo<T>(v, a))
  v128.store(at + row, hi<T>(a, lo<T>(v, b)))
  v128.store(at + 2 * row, hi<T>(b, lo<T>(v, c)))
  v128.store(at + 3 * row, hi<T>(c, lo<T>(v, d)))
  v128.store(at + 4 * row, hi<T>(v, d))
}

@inline
function sort5<T>(work: usize, src: usize, last: usize, pitch: usize, n: usize): void {
  for (let i: usize = 0; i < n; i += 16) {
    const p = v128.load(src + pitch + i)
    const q = v128.load(src + 2 * pitch + i)
    const r = v128.load(src + 3 * pitch + i)
    const s = v128.load(src + 4 * pitch + i)
    const e = lo<T>(p, q)
    const f = hi<T>(p, q)
    const g = lo<T>(r, s)
    const h = hi<T>(r, s)
    const a = lo<T>(e, g)
    const k = hi<T>(e, g)
    const l = lo<T>(f, h)
    const d = hi<T>(f, h)
    const b = lo<T>(k, l)
    const c = hi<T>(k, l)
    put5<T>(work + i, v128.load(src + i), a, b, c, d)
    put5<T>(work + 5 * row + i, v128.load(last + i), a, b, c, d)
  }
}

/** The median of five sorted columns. */
@inline
function pick5<T>(p: usize, step: usize): v128 {
  const x30 = v128.load(p + 3 * row)
  const x33 = v128.load(p + 3 * row + 3 * step)
  const v0 = lo<T>(x30, x33)
  const x32 = v128.load(p + 3 * row + 2 * step)
  const v1 = lo<T>(v0, x32)
  const x31 = v128.load(p + 3 * row + step)
  const x34 = v128.load(p + 3 * row + 4 * step)
  const v2 = lo<T>(x31, x34)
  const v3 = hi<T>(x30, x33)
  const v4 = lo<T>(v2, v3)
  const v5 = lo<T>(v1, v4)
  const x10 = v128.load(p + row)
  const x13 = v128.load(p + row + 3 * step)
  const v6 = lo<T>(x10, x13)
  const x12 = v128.load(p + row + 2 * step)
  const v7 = lo<T>(v6, x12)
  const x11 = v128.load(p + row + step)
  const x14 = v128.load(p + row + 4 * step)
  const v8 = lo<T>(x11, x14)
  const v9 = hi<T>(x10, x13)
  const v10 = lo<T>(v8, v9)
  const v11 = hi<T>(v7, v10)
  const v12 = hi<T>(v6, x12)
  const v13 = hi<T>(x11, x14)
  const v14 = lo<T>(v12, v13)
  const v15 = hi<T>(v11, v14)
  const v16 = hi<T>(v8, v9)
  const v17 = hi<T>(v12, v13)
  const v18 = lo<T>(v16, v17)
  const v19 = hi<T>(v15, v18)
  const x40 = v128.load(p + 4 * row)
  const x43 = v128.load(p + 4 * row + 3 * step)
  const v20 = lo<T>(x40, x43)
  const x42 = v128.load(p + 4 * row + 2 * step)
  const v21 = lo<T>(v20, x42)
  const x41 = v128.load(p + 4 * row + step)
  const x44 = v128.load(p + 4 * row + 4 * step)
  const v22 = lo<T>(x41, x44)
  const v23 = hi<T>(x40, x43)
  const v24 = lo<T>(v22, v23)
  const v25 = hi<T>(v21, v24)
  const v26 = hi<T>(v20, x42)
  const v27 = hi<T>(x41, x44)
  const v28 = lo<T>(v26, v27)
  const v29 = lo<T>(v25, v28)
  const v30 = lo<T>(v19, v29)
  const v31 = hi<T>(v5, v30)
  const x20 = v128.load(p + 2 * row)
  const x23 = v128.load(p + 2 * row + 3 * step)
  const v32 = lo<T>(x20, x23)
  const x22 = v128.load(p + 2 * row + 2 * step)
  const v33 = lo<T>(v32, x22)
  const x21 = v128.load(p + 2 * row + step)
  const x24 = v128.load(p + 2 * row + 4 * step)
  const v34 = lo<T>(x21, x24)
  const v35 = hi<T>(x20, x23)
  const v36 = lo<T>(v34, v35)
  const v37 = hi<T>(v33, v36)
  const v38 = hi<T>(v32, x22)
  const v39 = hi<T>(x21, x24)
  const v40 = lo<T>(v38, v39)
  const v41 = hi<T>(v37, v40)
  const v42 = hi<T>(v34, v35)
  const v43 = hi<T>(v38, v39)
  const v44 = lo<T>(v42, v43)
  const v45 = lo<T>(v41, v44)
  const v46 = lo<T>(v21, v24)
  const v47 = lo<T>(v45, v46)
  const v48 = lo<T>(v37, v40)
  const x01 = v128.load(p + step)
  const x04 = v128.load(p + 4 * step)
  const v49 = lo<T>(x01, x04)
  const x00 = v128.load(p)
  const x03 = v128.load(p + 3 * step)
  const v50 = hi<T>(x00, x03)
  const v51 = hi<T>(v49, v50)
  const v52 = lo<T>(x00, x03)
  const x02 = v128.load(p + 2 * step)
  const v53 = hi<T>(v52, x02)
  const v54 = hi<T>(x01, x04)
  const v55 = hi<T>(v53, v54)
  const v56 = hi<T>(v51, v55)
  const v57 = hi<T>(v1, v4)
  const v58 = hi<T>(v0, x32)
  const v59 = hi<T>(x31, x34)
  const v60 = lo<T>(v58, v59)
  const v61 = hi<T>(v57, v60)
  const v62 = hi<T>(v2, v3)
  const v63 = lo<T>(v61, v62)
  const v64 = lo<T>(v56, v63)
  const v65 = hi<T>(v48, v64)
  const v66 = lo<T>(v57, v60)
  const v67 = lo<T>(v53, v54)
  const v68 = lo<T>(v51, v55)
  const v69 = hi<T>(v67, v68)
  const v70 = lo<T>(v15, v18)
  const v71 = hi<T>(v69, v70)
  const v72 = hi<T>(v66, v71)
  const v73 = hi<T>(v16, v17)
  const v74 = hi<T>(v41, v44)
  const v75 = lo<T>(v73, v74)
  const v76 = lo<T>(v72, v75)
  const v77 = lo<T>(v65, v76)
  const v78 = hi<T>(v47, v77)
  const v79 = hi<T>(v31, v78)
  const v80 = hi<T>(v45, v46)
  const v81 = hi<T>(v65, v76)
  const v82 = lo<T>(v80, v81)
  const v83 = lo<T>(v31, v78)
  const v84 = hi<T>(v82, v83)
  return lo<T>(v79, v84)
}

@inline
function pickRow<T>(dst: usize, sorted: usize, n: usize, side: usize, step: usize): void {
  if (side == 3) for (let i: usize = 0; i < n; i += 16) v128.store(dst + i, pick3<T>(sorted + i, step))
  else for (let i: usize = 0; i < n; i += 16) v128.store(dst + i, pick5<T>(sorted + i, step))
}

@inline
function medians<T>(
  dst: usize,
  dstPitch: usize,
  src: usize,
  pitch: usize,
  n: usize,
  rows: i32,
  side: usize,
  step: usize,
  work: usize,
): void {
  for (let x: usize = 0; x < n; x += block) {
    const wide = min(block, n - x)
    const seen = wide + (side - 1) * step
    for (let y = 0; y < rows; y += 2) {
      const from = src + <usize>y * pitch + x
      const isPair = y + 1 < rows
      // for a single row, the second window is the first
      const last = from + (isPair ? side : 0) * pitch
      if (side == 3) sort3<T>(work, from, last, pitch, seen)
      else sort5<T>(work, from, last, pitch, seen)
      const to = dst + <usize>y * dstPitch + x
      pickRow<T>(to, work, wide, side, step)
      if (isPair) pickRow<T>(to + dstPitch, work + side * row, wide, side, step)
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
    if (side == 3) medians<u8>(dst, dstPitch, src, pitch, n, rows, 3, step, work)
    else medians<u8>(dst, dstPitch, src, pitch, n, rows, 5, step, work)
  } else if (bytes == 2) {
    if (side == 3) medians<u16>(dst, dstPitch, src, pitch, n, rows, 3, step, work)
    else medians<u16>(dst, dstPitch, src, pitch, n, rows, 5, step, work)
  } else if (side == 3) medians<i32>(dst, dstPitch, src, pitch, n, rows, 3, step, work)
  else medians<i32>(dst, dstPitch, src, pitch, n, rows, 5, step, work)
}

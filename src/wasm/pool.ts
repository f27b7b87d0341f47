// Pooling (definitions: poolRow, switches, averaged). Rows may be read and written up to 64 bytes past their end.

import { Address } from './address'
import { everyNth } from './lanes'

/** Copies n samples. Returns whether all are numbers above −infinity. Nothing past the end is written. */
export function plainRow(dst: Address, src: Address, n: i32): bool {
  const least = f32x4.splat(-Infinity)
  let isPlain = i32x4.splat(-1)
  const end = <usize>n << 2
  let i: usize = 0
  for (; i + 16 <= end; i += 16) {
    const x = v128.load(src + i)
    isPlain = v128.and(isPlain, f32x4.gt(x, least))
    v128.store(dst + i, x)
  }
  let isRest = true
  for (; i < end; i += 4) {
    const x = load<f32>(src + i)
    isRest = isRest && x > -Infinity
    store<f32>(dst + i, x)
  }
  return isRest && i32x4.all_true(isPlain)
}

/** The maxima of n windows of `taps` samples in a row, `tapStep` bytes apart; windows are `stride` samples apart. */
export function maxAcross(dst: Address, src: Address, n: i32, tapStep: usize, taps: i32, stride: i32): void {
  for (let i = 0; i < n; i += 4) {
    let p = src + (<usize>(i * stride) << 2)
    let best = everyNth(p, stride)
    for (let t = 1; t < taps; t++) {
      p += tapStep
      best = f32x4.pmax(best, everyNth(p, stride))
    }
    v128.store(dst + (<usize>i << 2), best)
  }
}

/** The larger of two, or the first if they are equal. */
@inline
function larger(a: f32, b: f32): f32 {
  return a < b ? b : a
}

/**
 * The maxima of n windows of 2x2 in two rows; windows are two samples apart. Returns whether all samples are numbers
 * above −infinity.
 */
export function maxOfFour(dst: Address, upper: Address, lower: Address, n: i32): bool {
  const least = f32x4.splat(-Infinity)
  let isPlain = i32x4.splat(-1)
  let i = 0
  for (; i + 4 <= n; i += 4) {
    const at = <usize>i << 3
    const a = v128.load(upper + at)
    const b = v128.load(upper + at, 16)
    const c = v128.load(lower + at)
    const d = v128.load(lower + at, 16)
    isPlain = v128.and(isPlain, v128.and(f32x4.gt(a, least), f32x4.gt(b, least)))
    isPlain = v128.and(isPlain, v128.and(f32x4.gt(c, least), f32x4.gt(d, least)))
    const above = f32x4.pmax(v128.shuffle<f32>(a, b, 0, 2, 4, 6), v128.shuffle<f32>(a, b, 1, 3, 5, 7))
    const below = f32x4.pmax(v128.shuffle<f32>(c, d, 0, 2, 4, 6), v128.shuffle<f32>(c, d, 1, 3, 5, 7))
    v128.store(dst + (<usize>i << 2), f32x4.pmax(above, below))
  }
  let isRest = true
  for (; i < n; i++) {
    const at = <usize>i << 3
    const a = load<f32>(upper + at)
    const b = load<f32>(upper + at, 4)
    const c = load<f32>(lower + at)
    const d = load<f32>(lower + at, 4)
    isRest = isRest && a > -Infinity && b > -Infinity && c > -Infinity && d > -Infinity
    store<f32>(dst + (<usize>i << 2), larger(larger(a, b), larger(c, d)))
  }
  return isRest && i32x4.all_true(isPlain)
}

/**
 * The places of the maxima of `maxAcross`, as whole numbers: `place` for tap 0 of the first window, plus `tapPlace` for
 * each tap and `windowPlace` for each window. Of equal maxima, the first counts.
 */
export function placesAcross(
  dst: Address,
  best: Address,
  src: Address,
  n: i32,
  tapStep: usize,
  taps: i32,
  stride: i32,
  place: i32,
  tapPlace: i32,
  windowPlace: i32,
): void {
  let places = i32x4.add(
    i32x4.splat(place),
    i32x4.mul(i32x4.splat(windowPlace), i32x4(0, 1, 2, 3)),
  )
  const next = i32x4.splat(windowPlace << 2)
  const back = i32x4.splat(tapPlace)
  for (let i = 0; i < n; i += 4) {
    const most = v128.load(best + (<usize>i << 2))
    let p = src + (<usize>(i * stride) << 2) + <usize>(taps - 1) * tapStep
    let here = i32x4.add(places, i32x4.splat((taps - 1) * tapPlace))
    let found = here
    for (let t = taps; t > 0; t--) {
      found = v128.bitselect(here, found, f32x4.eq(everyNth(p, stride), most))
      here = i32x4.sub(here, back)
      p -= tapStep
    }
    v128.store(dst + (<usize>i << 2), found)
    places = i32x4.add(places, next)
  }
}

/**
 * The maxima of `rows` rows of n samples of a ring of `slots` rows, `pitch` bytes apart: every `step`th row from
 * `slot`. Rows may be read and written up to 12 bytes past their end.
 */
export function maxDown(
  dst: Address,
  ring: Address,
  pitch: usize,
  slot: i32,
  step: i32,
  slots: i32,
  rows: i32,
  n: i32,
): void {
  const end = <usize>n << 2
  let i: usize = 0
  for (; i + 64 <= end; i += 64) {
    let s = slot
    let p = ring + <usize>s * pitch + i
    let a = v128.load(p)
    let b = v128.load(p, 16)
    let c = v128.load(p, 32)
    let d = v128.load(p, 48)
    for (let u = 1; u < rows; u++) {
      s += step
      if (s >= slots) s -= slots
      p = ring + <usize>s * pitch + i
      a = f32x4.pmax(a, v128.load(p))
      b = f32x4.pmax(b, v128.load(p, 16))
      c = f32x4.pmax(c, v128.load(p, 32))
      d = f32x4.pmax(d, v128.load(p, 48))
    }
    v128.store(dst + i, a)
    v128.store(dst + i, b, 16)
    v128.store(dst + i, c, 32)
    v128.store(dst + i, d, 48)
  }
  for (; i < end; i += 16) {
    let s = slot
    let best = v128.load(ring + <usize>s * pitch + i)
    for (let u = 1; u < rows; u++) {
      s += step
      if (s >= slots) s -= slots
      best = f32x4.pmax(best, v128.load(ring + <usize>s * pitch + i))
    }
    v128.store(dst + i, best)
  }
}

/**
 * The places of the maxima of `maxDown`, as float32: the places in the rows, which are stored `beside` bytes after the
 * maxima, plus `place`, plus `rowPlace` for each row further down.
 */
export function placesDown(
  dst: Address,
  ring: Address,
  beside: usize,
  pitch: usize,
  slot: i32,
  step: i32,
  slots: i32,
  rows: i32,
  n: i32,
  place: i32,
  rowPlace: i32,
): void {
  const more = i32x4.splat(rowPlace)
  for (let i: usize = 0, end = <usize>n << 2; i < end; i += 16) {
    let s = slot
    let p = ring + <usize>s * pitch + i
    let best = v128.load(p)
    let add = i32x4.splat(place)
    let found = i32x4.add(v128.load(p + beside), add)
    for (let u = 1; u < rows; u++) {
      s += step
      if (s >= slots) s -= slots
      p = ring + <usize>s * pitch + i
      add = i32x4.add(add, more)
      const x = v128.load(p)
      const isBetter = f32x4.gt(x, best)
      best = v128.bitselect(x, best, isBetter)
      found = v128.bitselect(i32x4.add(v128.load(p + beside), add), found, isBetter)
    }
    v128.store(dst + i, f32x4.convert_i32x4_s(found))
  }
}

/**
 * Adds n windows of `taps` samples in a row, from left to right, to doubles, or with `isFirst` to zeros; see
 * `maxAcross`.
 */
export function windowSums(
  dst: Address,
  src: Address,
  n: i32,
  tapStep: usize,
  taps: i32,
  stride: i32,
  isFirst: bool,
): void {
  const zero = f64x2.splat(0)
  for (let i = 0; i < n; i += 4) {
    let p = src + (<usize>(i * stride) << 2)
    const to = dst + (<usize>i << 3)
    let low = isFirst ? zero : v128.load(to)
    let high = isFirst ? zero : v128.load(to, 16)
    for (let t = 0; t < taps; t++, p += tapStep) {
      const x = everyNth(p, stride)
      low = f64x2.add(low, f64x2.promote_low_f32x4(x))
      high = f64x2.add(high, f64x2.promote_low_f32x4(v128.shuffle<i32>(x, x, 2, 3, 0, 1)))
    }
    v128.store(to, low)
    v128.store(to, high, 16)
  }
}

/** Doubles divided by `rows` times the number of columns of each, rounded once. */
export function meansRow(dst: Address, sums: Address, n: i32, rows: f64, columns: Address): void {
  const r = f64x2.splat(rows)
  for (let i = 0; i < n; i += 4) {
    const counts = v128.load(columns + (<usize>i << 2))
    const from = sums + (<usize>i << 3)
    const a = f64x2.mul(r, f64x2.convert_low_i32x4_s(counts))
    const b = f64x2.mul(r, f64x2.convert_low_i32x4_s(v128.shuffle<i32>(counts, counts, 2, 3, 0, 1)))
    const p = f32x4.demote_f64x2_zero(f64x2.div(v128.load(from), a))
    const q = f32x4.demote_f64x2_zero(f64x2.div(v128.load(from, 16), b))
    v128.store(dst + (<usize>i << 2), v128.shuffle<i32>(p, q, 0, 1, 4, 5))
  }
}

/**
 * Row `row` of adjacent windows, `size` samples wide and `rows` rows of `rowStep` bytes high; the last one may be
 * narrower. The maximum of a window stays where it was, or with `mark` becomes 1, and all other samples are 0
 * (definition: maxima). The row has `width` samples.
 */
export function maximaRow(
  dst: Address,
  src: Address,
  rowStep: usize,
  rows: i32,
  row: i32,
  size: i32,
  width: i32,
  mark: bool,
): void {
  const window = <usize>size << 2
  let x = 0
  for (; x + 4 * size <= width; x += 4 * size) {
    const from = src + (<usize>x << 2)
    let best = everyNth(from, size)
    let place = i32x4.splat(0)
    for (let u = 0; u < rows; u++) {
      let p = from + <usize>u * rowStep
      for (let t = 0; t < size; t++, p += 4) {
        const v = everyNth(p, size)
        const isBetter = v128.or(f32x4.gt(v, best), v128.andnot(f32x4.ne(v, v), f32x4.ne(best, best)))
        best = v128.bitselect(v, best, isBetter)
        place = v128.bitselect(i32x4.splat(u * size + t), place, isBetter)
      }
    }
    if (mark) best = f32x4.splat(1)
    let to = dst + (<usize>x << 2)
    const first = row * size
    if (size == 2) {
      const a = v128.and(best, i32x4.eq(place, i32x4.splat(first)))
      const b = v128.and(best, i32x4.eq(place, i32x4.splat(first + 1)))
      v128.store(to, v128.shuffle<f32>(a, b, 0, 4, 1, 5))
      v128.store(to, v128.shuffle<f32>(a, b, 2, 6, 3, 7), 16)
      continue
    }
    for (let t = 0; t < size; t++, to += 4) {
      const v = v128.and(best, i32x4.eq(place, i32x4.splat(first + t)))
      v128.store32_lane(to, v, 0)
      v128.store32_lane(to + window, v, 1)
      v128.store32_lane(to + 2 * window, v, 2)
      v128.store32_lane(to + 3 * window, v, 3)
    }
  }
  for (; x < width; x += size) {
    const from = src + (<usize>x << 2)
    const taps = min(size, width - x)
    let best = load<f32>(from)
    let place = 0
    for (let u = 0; u < rows; u++) {
      for (let t = 0; t < taps; t++) {
        const v = load<f32>(from + <usize>u * rowStep + (<usize>t << 2))
        if (!(v > best || (v != v && best == best))) continue
        best = v
        place = u * size + t
      }
    }
    for (let t = 0; t < taps; t++) {
      const v: f32 = place == row * size + t ? (mark ? 1 : best) : 0
      store<f32>(dst + (<usize>(x + t) << 2), v)
    }
  }
}

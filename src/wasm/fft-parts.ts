// How samples enter and leave the buffers of the transforms. A part is the real or the imaginary half of a buffer: n
// vectors, 32 bytes apart.

@inline
export function lowPairs(a: v128, b: v128): v128 {
  return v128.shuffle<f32>(a, b, 0, 4, 1, 5)
}

@inline
export function highPairs(a: v128, b: v128): v128 {
  return v128.shuffle<f32>(a, b, 2, 6, 3, 7)
}

@inline
export function lowHalves(a: v128, b: v128): v128 {
  return v128.shuffle<f32>(a, b, 0, 1, 4, 5)
}

@inline
export function highHalves(a: v128, b: v128): v128 {
  return v128.shuffle<f32>(a, b, 2, 3, 6, 7)
}

/** Stores the transpose of a 4 x 4 matrix of rows a, b, c, d to four addresses. */
@inline
export function storeTransposed(p0: usize, p1: usize, p2: usize, p3: usize, a: v128, b: v128, c: v128, d: v128): void {
  const ab = lowPairs(a, b)
  const cd = lowPairs(c, d)
  v128.store(p0, lowHalves(ab, cd))
  v128.store(p1, highHalves(ab, cd))
  const AB = highPairs(a, b)
  const CD = highPairs(c, d)
  v128.store(p2, lowHalves(AB, CD))
  v128.store(p3, highHalves(AB, CD))
}

/** Loads four samples, `step` bytes apart. Reads nothing beyond them. */
@inline
export function load4(p: usize, step: usize): v128 {
  if (step == 4) return v128.load(p)
  if (step == 12) return v128.shuffle<f32>(v128.load(p), v128.load(p, 24), 0, 3, 4, 7)
  let v = v128.load32_splat(p)
  v = v128.load_lane<f32>(p + step, v, 1)
  v = v128.load_lane<f32>(p + 2 * step, v, 2)
  return v128.load_lane<f32>(p + 3 * step, v, 3)
}

/**
 * Loads four columns, `step` bytes apart, of one block as one part of the buffer: zero below `rows` and right of
 * `cols`.
 */
export function loadPart(src: usize, pitch: usize, step: usize, rows: u32, cols: i32, n: u32, buffer: usize): void {
  const zero = f32x4.splat(0)
  if (cols <= 0) rows = 0
  for (let y: u32 = 0; y < rows; y++) {
    let v = zero
    if (cols >= 4) {
      v = load4(src, step)
    } else {
      v = v128.load_lane<f32>(src, v, 0)
      if (cols > 1) v = v128.load_lane<f32>(src + step, v, 1)
      if (cols > 2) v = v128.load_lane<f32>(src + 2 * step, v, 2)
    }
    v128.store(buffer, v)
    buffer += 32
    src += pitch
  }
  for (let y = rows; y < n; y++) {
    v128.store(buffer, zero)
    buffer += 32
  }
}

/** Stores one part of the buffer to `rows` rows of up to four columns, `step` bytes apart. */
export function storePart(buffer: usize, dst: usize, pitch: usize, step: usize, rows: u32, cols: i32): void {
  if (cols <= 0) return
  for (let y: u32 = 0; y < rows; y++) {
    const v = v128.load(buffer)
    if (cols >= 4 && step == 4) {
      v128.store(dst, v)
    } else {
      v128.store_lane<f32>(dst, v, 0)
      if (cols > 1) v128.store_lane<f32>(dst + step, v, 1)
      if (cols > 2) v128.store_lane<f32>(dst + 2 * step, v, 2)
      if (cols > 3) v128.store_lane<f32>(dst + 3 * step, v, 3)
    }
    buffer += 32
    dst += pitch
  }
}

/** Loads four rows as one part of n elements, one row in each lane: zero right of `cols`. */
export function loadRows(
  a: usize, b: usize, c: usize, d: usize, step: usize, cols: i32, n: u32, buffer: usize,
): void {
  const have = max(0, min(cols, <i32>n))
  let x: i32 = 0
  if (step == 4) x = loadSquares(a, b, c, d, 4, have, buffer)
  else if (step == 12) x = loadSquares(a, b, c, d, 12, have, buffer)
  for (; x < have; x++) {
    const at = <usize>x * step
    let v = v128.load32_splat(a + at)
    v = v128.load_lane<f32>(b + at, v, 1)
    v = v128.load_lane<f32>(c + at, v, 2)
    v = v128.load_lane<f32>(d + at, v, 3)
    v128.store(buffer + (x << 5), v)
  }
  for (; x < <i32>n; x++) v128.store(buffer + (x << 5), f32x4.splat(0))
}

/**
 * The part of `loadRows` that works in squares of 4 x 4, inlined for each step. Returns the number of columns it
 * loaded.
 */
@inline
function loadSquares(a: usize, b: usize, c: usize, d: usize, step: usize, cols: i32, buffer: usize): i32 {
  let x: i32 = 0
  for (; x + 4 <= cols; x += 4) {
    const at = <usize>x * step
    const p = buffer + (x << 5)
    storeTransposed(
      p, p + 32, p + 64, p + 96,
      load4(a + at, step), load4(b + at, step), load4(c + at, step), load4(d + at, step),
    )
  }
  return x
}

/** Stores one part of `cols` elements to four rows, one lane to each. */
export function storeRows(buffer: usize, a: usize, b: usize, c: usize, d: usize, step: usize, cols: i32): void {
  let x: i32 = 0
  if (step == 4) {
    for (; x + 4 <= cols; x += 4) {
      storeTransposed(
        a, b, c, d, v128.load(buffer), v128.load(buffer, 32), v128.load(buffer, 64), v128.load(buffer, 96),
      )
      a += 16
      b += 16
      c += 16
      d += 16
      buffer += 128
    }
  }
  for (; x < cols; x++) {
    const v = v128.load(buffer)
    v128.store_lane<f32>(a, v, 0)
    v128.store_lane<f32>(b, v, 1)
    v128.store_lane<f32>(c, v, 2)
    v128.store_lane<f32>(d, v, 3)
    a += step
    b += step
    c += step
    d += step
    buffer += 32
  }
}

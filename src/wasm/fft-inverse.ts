// The inverse transform: the stages of fft-forward.ts in reverse.

/** One radix-4 inverse stage over n elements, in blocks of m. */
export function inverseStage4(buffer: usize, n: u32, m: u32, twiddles: usize): void {
  const q: usize = m << 3
  const end = buffer + (n << 5)
  for (let block = buffer; block < end; block += 4 * q) {
    const stop = block + q
    let w = twiddles
    for (let p = block; p < stop; p += 32) {
      inverse4(p, q, w, p, p + q, p + 2 * q, p + 3 * q, p + 16, p + q + 16, p + 2 * q + 16, p + 3 * q + 16)
      w += 24
    }
  }
}

/** (re + i im) times the conjugate of (wr + i wi): the real part. */
@inline
function unturnedRe(re: v128, im: v128, wr: v128, wi: v128): v128 {
  return f32x4.add(f32x4.mul(re, wr), f32x4.mul(im, wi))
}

/** (re + i im) times the conjugate of (wr + i wi): the imaginary part. */
@inline
function unturnedIm(re: v128, im: v128, wr: v128, wi: v128): v128 {
  return f32x4.sub(f32x4.mul(im, wr), f32x4.mul(re, wi))
}

/** The radix-4 inverse butterfly on the elements at p, p + q, p + 2q, p + 3q. Each part goes to its own address. */
@inline
export function inverse4(
  p: usize, q: usize, w: usize,
  re0: usize, re1: usize, re2: usize, re3: usize, im0: usize, im1: usize, im2: usize, im3: usize,
): void {
  let wr = v128.load32_splat(w)
  let wi = v128.load32_splat(w, 4)
  let re = v128.load(p + q)
  let im = v128.load(p + q, 16)
  const r1 = unturnedRe(re, im, wr, wi)
  const i1 = unturnedIm(re, im, wr, wi)
  wr = v128.load32_splat(w, 16)
  wi = v128.load32_splat(w, 20)
  re = v128.load(p + 3 * q)
  im = v128.load(p + 3 * q, 16)
  const r3 = unturnedRe(re, im, wr, wi)
  const i3 = unturnedIm(re, im, wr, wi)
  wr = v128.load32_splat(w, 8)
  wi = v128.load32_splat(w, 12)
  re = v128.load(p + 2 * q)
  im = v128.load(p + 2 * q, 16)
  const r2 = unturnedRe(re, im, wr, wi)
  const i2 = unturnedIm(re, im, wr, wi)
  storeInverse(
    re0, re1, re2, re3, im0, im1, im2, im3, v128.load(p), v128.load(p, 16), r1, i1, r2, i2, r3, i3,
  )
}

/** The sums of a radix-4 inverse butterfly. Each part goes to its own address. */
@inline
function storeInverse(
  re0: usize, re1: usize, re2: usize, re3: usize, im0: usize, im1: usize, im2: usize, im3: usize,
  r0: v128, i0: v128, r1: v128, i1: v128, r2: v128, i2: v128, r3: v128, i3: v128,
): void {
  const tr = f32x4.add(r1, r3)
  const ti = f32x4.add(i1, i3)
  const er = f32x4.sub(r1, r3)
  const ei = f32x4.sub(i1, i3)
  const sr = f32x4.add(r0, r2)
  const si = f32x4.add(i0, i2)
  const dr = f32x4.sub(r0, r2)
  const di = f32x4.sub(i0, i2)
  v128.store(re0, f32x4.add(sr, tr))
  v128.store(im0, f32x4.add(si, ti))
  v128.store(re1, f32x4.sub(dr, ei))
  v128.store(im1, f32x4.add(di, er))
  v128.store(re2, f32x4.sub(sr, tr))
  v128.store(im2, f32x4.sub(si, ti))
  v128.store(re3, f32x4.add(dr, ei))
  v128.store(im3, f32x4.sub(di, er))
}

/** One radix-2 inverse stage over n elements, in blocks of m. */
function inverseStage2(buffer: usize, n: u32, m: u32, twiddles: usize): void {
  const q: usize = m << 4
  const end = buffer + (n << 5)
  for (let block = buffer; block < end; block += 2 * q) {
    const stop = block + q
    let w = twiddles
    for (let p = block; p < stop; p += 32) {
      const wr = v128.load32_splat(w)
      const wi = v128.load32_splat(w, 4)
      const re = v128.load(p + q)
      const im = v128.load(p + q, 16)
      const r1 = unturnedRe(re, im, wr, wi)
      const i1 = unturnedIm(re, im, wr, wi)
      const r0 = v128.load(p)
      const i0 = v128.load(p, 16)
      v128.store(p, f32x4.add(r0, r1))
      v128.store(p, f32x4.add(i0, i1), 16)
      v128.store(p + q, f32x4.sub(r0, r1))
      v128.store(p + q, f32x4.sub(i0, i1), 16)
      w += 8
    }
  }
}

/** The inverse stages between the first, of size 4, and the last, of size n. */
export function inverseMiddle(buffer: usize, n: u32, twiddles: usize): void {
  const odd = ctz(n) & 1
  const top = odd ? n >> 3 : n >> 2
  // The table runs from large stages to small ones, the inverse from small to large.
  let w = twiddles + (n >> 2) * 24
  if (odd) w += n
  for (let m = top; m > 4; m >>= 2) w += (m >> 2) * 24
  for (let m: u32 = 16; m <= top; m <<= 2) {
    w -= (m >> 2) * 24
    inverseStage4(buffer, n, m, w)
  }
  if (odd) inverseStage2(buffer, n, n >> 2, twiddles + (n >> 2) * 24)
}

/** The first inverse stage, of size 4, into four neighbouring elements. */
@inline
export function storeFirstInverse(
  p: usize, r0: v128, i0: v128, r1: v128, i1: v128, r2: v128, i2: v128, r3: v128, i3: v128,
): void {
  storeInverse(p, p + 32, p + 64, p + 96, p + 16, p + 48, p + 80, p + 112, r0, i0, r1, i1, r2, i2, r3, i3)
}

/**
 * The last inverse stage. Rows `first` to `end` go directly to the rows of two parts; `a` and `b` are the addresses of
 * row `first`. Other rows stay in the buffer.
 */
export function lastInverse(
  buffer: usize, n: u32, twiddles: usize, a: usize, b: usize, pitch: usize, first: u32, end: u32,
): void {
  const quarter = n >> 2
  const q: usize = n << 3
  const from = <usize>first * pitch
  a -= from
  b -= from
  let w = twiddles
  let p = buffer
  const far = <usize>quarter * pitch
  const count = end - first
  for (let y: u32 = 0; y < quarter; y++) {
    const in0 = y - first < count
    const in1 = y + quarter - first < count
    const in2 = y + 2 * quarter - first < count
    const in3 = y + 3 * quarter - first < count
    inverse4(
      p, q, w,
      select<usize>(a, p, in0), select<usize>(a + far, p + q, in1),
      select<usize>(a + 2 * far, p + 2 * q, in2), select<usize>(a + 3 * far, p + 3 * q, in3),
      select<usize>(b, p + 16, in0), select<usize>(b + far, p + q + 16, in1),
      select<usize>(b + 2 * far, p + 2 * q + 16, in2), select<usize>(b + 3 * far, p + 3 * q + 16, in3),
    )
    a += pitch
    b += pitch
    p += 32
    w += 24
  }
}

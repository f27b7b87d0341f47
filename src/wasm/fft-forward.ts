// Four complex FFTs side by side, one in each lane. A buffer holds n elements of 32 bytes: re of the four lanes, im of
// the four lanes. Forward: decimation in frequency, natural order in, digit-reversed out. Inverse: decimation in time,
// digit-reversed in, natural order out, so nothing is ever permuted. Stages by size: n (radix 4), then one radix 2 if
// log2 n is odd, then radix 4 down to 4, which needs no twiddles. src/conv/fft.ts builds the tables;
// src/definition/fft.ts is the same in TypeScript.
import { load4 } from './fft-parts'

/** (re + i im)(wr + i wi): the real part. */
@inline
export function timesRe(re: v128, im: v128, wr: v128, wi: v128): v128 {
  return f32x4.sub(f32x4.mul(re, wr), f32x4.mul(im, wi))
}

/** (re + i im)(wr + i wi): the imaginary part. */
@inline
export function timesIm(re: v128, im: v128, wr: v128, wi: v128): v128 {
  return f32x4.add(f32x4.mul(re, wi), f32x4.mul(im, wr))
}

@inline
function storeTimes(p: usize, re: v128, im: v128, wr: v128, wi: v128): void {
  v128.store(p, timesRe(re, im, wr, wi))
  v128.store(p, timesIm(re, im, wr, wi), 16)
}

/** The radix-4 forward butterfly. Results are multiplied by w, w², w³ (three pairs re, im at `w`). */
@inline
export function forward4(
  p: usize, q: usize, w: usize,
  r0: v128, i0: v128, r1: v128, i1: v128, r2: v128, i2: v128, r3: v128, i3: v128,
): void {
  const sr = f32x4.add(r0, r2)
  const si = f32x4.add(i0, i2)
  const dr = f32x4.sub(r0, r2)
  const di = f32x4.sub(i0, i2)
  const tr = f32x4.add(r1, r3)
  const ti = f32x4.add(i1, i3)
  const er = f32x4.sub(r1, r3)
  const ei = f32x4.sub(i1, i3)
  v128.store(p, f32x4.add(sr, tr))
  v128.store(p, f32x4.add(si, ti), 16)
  storeTimes(p + q, f32x4.add(dr, ei), f32x4.sub(di, er), v128.load32_splat(w), v128.load32_splat(w, 4))
  storeTimes(p + 2 * q, f32x4.sub(sr, tr), f32x4.sub(si, ti), v128.load32_splat(w, 8), v128.load32_splat(w, 12))
  storeTimes(p + 3 * q, f32x4.sub(dr, ei), f32x4.add(di, er), v128.load32_splat(w, 16), v128.load32_splat(w, 20))
}

/** One radix-4 forward stage over n elements, in blocks of m. */
export function forwardStage4(buffer: usize, n: u32, m: u32, twiddles: usize): void {
  const q: usize = m << 3
  const end = buffer + (n << 5)
  for (let block = buffer; block < end; block += 4 * q) {
    const stop = block + q
    let w = twiddles
    for (let p = block; p < stop; p += 32) {
      forward4(
        p, q, w,
        v128.load(p), v128.load(p, 16), v128.load(p + q), v128.load(p + q, 16),
        v128.load(p + 2 * q), v128.load(p + 2 * q, 16), v128.load(p + 3 * q), v128.load(p + 3 * q, 16),
      )
      w += 24
    }
  }
}

/** One radix-2 forward stage over n elements, in blocks of m. */
function forwardStage2(buffer: usize, n: u32, m: u32, twiddles: usize): void {
  const q: usize = m << 4
  const end = buffer + (n << 5)
  for (let block = buffer; block < end; block += 2 * q) {
    const stop = block + q
    let w = twiddles
    for (let p = block; p < stop; p += 32) {
      const r0 = v128.load(p)
      const i0 = v128.load(p, 16)
      const r1 = v128.load(p + q)
      const i1 = v128.load(p + q, 16)
      v128.store(p, f32x4.add(r0, r1))
      v128.store(p, f32x4.add(i0, i1), 16)
      storeTimes(p + q, f32x4.sub(r0, r1), f32x4.sub(i0, i1), v128.load32_splat(w), v128.load32_splat(w, 4))
      w += 8
    }
  }
}

/** The forward stages between the first, of size n, and the last, of size 4. */
export function forwardMiddle(buffer: usize, n: u32, twiddles: usize): void {
  let m = n >> 2
  let w = twiddles + m * 24
  if (ctz(n) & 1) {
    forwardStage2(buffer, n, m, w)
    m >>= 1
    w += m * 8
  }
  while (m > 4) {
    forwardStage4(buffer, n, m, w)
    m >>= 2
    w += m * 24
  }
}

/** The first forward stage, which reads from the rows of two blocks. `step` is as in load4. */
export function firstStage(
  a: usize, b: usize, pitch: usize, step: usize, n: u32, twiddles: usize, buffer: usize,
): void {
  if (step == 4) firstStageAt(a, b, pitch, 4, n, twiddles, buffer)
  else if (step == 12) firstStageAt(a, b, pitch, 12, n, twiddles, buffer)
  else firstStageAt(a, b, pitch, step, n, twiddles, buffer)
}

/** Inlined for each constant step. */
@inline
function firstStageAt(
  a: usize, b: usize, pitch: usize, step: usize, n: u32, twiddles: usize, buffer: usize,
): void {
  const q: usize = n << 3
  const far = pitch * (n >> 2)
  const stop = buffer + q
  let w = twiddles
  for (let p = buffer; p < stop; p += 32) {
    forward4(
      p, q, w,
      load4(a, step), load4(b, step), load4(a + far, step), load4(b + far, step),
      load4(a + 2 * far, step), load4(b + 2 * far, step), load4(a + 3 * far, step), load4(b + 3 * far, step),
    )
    a += pitch
    b += pitch
    w += 24
  }
}

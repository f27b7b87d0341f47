// 2-D overlap-save on one pair of blocks: block A is the real part, block B the imaginary part of one complex block,
// which works because the kernel is real. The tile of spectra T is [group of 4 ky][x or kx][re of 4 ky, im of 4 ky]; a
// group is contiguous, and groups are `nx * 32 + 128` bytes apart so that they do not share cache sets.
//
// Measured (test/bench/fft.mjs, one thread, 12-megapixel plane, Node 20): 15x15 30 ms, 31x31 31 ms, 63x63 40 ms,
// 127x127 50 ms; the direct loop takes 35 ms for 9x9, 92 ms for 15x15. Fusing the last stage with the store saves 10 to
// 20 %. Interleaved RGB costs up to a quarter more than planes.
import { Address } from './address'
import { firstStage, forwardMiddle, forwardStage4 } from './fft-forward'
import { inverseMiddle, inverseStage4, lastInverse, storeFirstInverse } from './fft-inverse'
import { highHalves, highPairs, loadPart, lowHalves, lowPairs, storePart, storeTransposed } from './fft-parts'
import { turn } from './fft-turn'

@inline
function groupPitch(nx: u32): usize {
  return (nx << 5) + 128
}

/**
 * Pass 1: the spectra along y of every column of a pair of blocks, written to T transposed. Block A has `rows` x
 * `colsA` samples from `a`, block B `rows` x `colsB` from `b`; the rest of the ny x nx block counts as zero.
 */
export function fftPlaneForward(
  a: Address, b: Address, pitch: usize, step: usize, rows: u32, colsA: u32, colsB: u32,
  ny: u32, nx: u32, twiddles: Address, t: Address, buffer: Address,
): void {
  const whole = rows == ny
  for (let x: u32 = 0; x < nx; x += 4) {
    const at = <usize>x * step
    if (whole && x + 4 <= colsA && x + 4 <= colsB) {
      firstStage(a + at, b + at, pitch, step, ny, twiddles, buffer)
    } else {
      loadPart(a + at, pitch, step, rows, <i32>colsA - <i32>x, ny, buffer)
      loadPart(b + at, pitch, step, rows, <i32>colsB - <i32>x, ny, buffer + 16)
      forwardStage4(buffer, ny, ny, twiddles)
    }
    forwardMiddle(buffer, ny, twiddles)
    lastForward(buffer, ny, t + (x << 5), groupPitch(nx))
  }
}

/** The last forward stage, of size 4, from the buffer (lanes are x) into T (lanes are ky). */
function lastForward(buffer: usize, n: u32, t: usize, pitch: usize): void {
  const end = buffer + (n << 5)
  for (let p = buffer; p < end; p += 128) {
    const r0 = v128.load(p)
    const r2 = v128.load(p, 64)
    const r1 = v128.load(p, 32)
    const r3 = v128.load(p, 96)
    const i0 = v128.load(p, 16)
    const i2 = v128.load(p, 80)
    const i1 = v128.load(p, 48)
    const i3 = v128.load(p, 112)
    const sr = f32x4.add(r0, r2)
    const dr = f32x4.sub(r0, r2)
    const tr = f32x4.add(r1, r3)
    const er = f32x4.sub(r1, r3)
    const si = f32x4.add(i0, i2)
    const di = f32x4.sub(i0, i2)
    const ti = f32x4.add(i1, i3)
    const ei = f32x4.sub(i1, i3)
    storeTransposed(
      t, t + 32, t + 64, t + 96,
      f32x4.add(sr, tr), f32x4.add(dr, ei), f32x4.sub(sr, tr), f32x4.sub(dr, ei),
    )
    storeTransposed(
      t + 16, t + 48, t + 80, t + 112,
      f32x4.add(si, ti), f32x4.sub(di, er), f32x4.sub(si, ti), f32x4.add(di, er),
    )
    t += pitch
  }
}

/** Pass 2: forward along x, times the spectrum, and back, group by group in place. */
export function fftPlaneMultiply(t: Address, spectrum: Address, ny: u32, nx: u32, twiddles: Address): void {
  for (let g: u32 = 0; g < ny; g += 4) {
    forwardStage4(t, nx, nx, twiddles)
    forwardMiddle(t, nx, twiddles)
    turn<v128>(t, nx, spectrum)
    inverseMiddle(t, nx, twiddles)
    inverseStage4(t, nx, nx, twiddles)
    t += groupPitch(nx)
    spectrum += nx << 5
  }
}

/**
 * Pass 3: back along y. Rows `first` to `end` of the pair of blocks go to `a` (`colsA` columns) and `b` (`colsB` <=
 * colsA columns), which are the addresses of row `first`. The buffer holds ny elements.
 */
export function fftPlaneInverse(
  t: Address, buffer: Address, ny: u32, nx: u32, twiddles: Address,
  a: Address, b: Address, pitch: usize, step: usize, first: u32, end: u32, colsA: u32, colsB: u32,
): void {
  for (let group: u32 = 0; group < colsA; group += 4) {
    // The last group overlaps the one before it and writes the same values again.
    const x = group + 4 > colsA && colsA >= 4 ? colsA - 4 : group
    const at = <usize>x * step
    firstInverse(t + (x << 5), groupPitch(nx), ny, buffer)
    inverseMiddle(buffer, ny, twiddles)
    if (step == 4 && x + 4 <= colsA && x + 4 <= colsB) {
      lastInverse(buffer, ny, twiddles, a + at, b + at, pitch, first, end)
    } else {
      inverseStage4(buffer, ny, ny, twiddles)
      const from = buffer + (first << 5)
      storePart(from, a + at, pitch, step, end - first, <i32>colsA - <i32>x)
      storePart(from + 16, b + at, pitch, step, end - first, <i32>colsB - <i32>x)
    }
  }
}

/** The first inverse stage, of size 4, from T (lanes are ky) into the buffer (lanes are x). */
function firstInverse(t: usize, pitch: usize, n: u32, buffer: usize): void {
  const end = buffer + (n << 5)
  for (let p = buffer; p < end; p += 128) {
    let a = v128.load(t)
    let b = v128.load(t, 32)
    let c = v128.load(t, 64)
    let d = v128.load(t, 96)
    let ab = lowPairs(a, b)
    let cd = lowPairs(c, d)
    let AB = highPairs(a, b)
    let CD = highPairs(c, d)
    const r0 = lowHalves(ab, cd)
    const r1 = highHalves(ab, cd)
    const r2 = lowHalves(AB, CD)
    const r3 = highHalves(AB, CD)
    a = v128.load(t, 16)
    b = v128.load(t, 48)
    c = v128.load(t, 80)
    d = v128.load(t, 112)
    ab = lowPairs(a, b)
    cd = lowPairs(c, d)
    AB = highPairs(a, b)
    CD = highPairs(c, d)
    const i0 = lowHalves(ab, cd)
    const i1 = highHalves(ab, cd)
    const i2 = lowHalves(AB, CD)
    const i3 = highHalves(AB, CD)
    storeFirstInverse(p, r0, i0, r1, i1, r2, i2, r3, i3)
    t += pitch
  }
}

// 1-D overlap-save. Real signals go in pairs through complex transforms, one as the real part, one as the imaginary
// part. The rounding of a signal depends on its partner, so the pairs are fixed: columns x..x+3 with x+4..x+7 (x a
// multiple of 8), and along a row block 2j with block 2j + 1 of the same row.
//
// Measured (test/bench/fft.mjs, one thread, 12-megapixel plane, Node 20, both passes): radius 20 36 ms, 80 45 ms, 200
// 60 ms; plain passes take 23 ms for radius 10, 40 ms for 20, 147 ms for 80. In float64, with two lanes, it would take
// at least twice as long, and float32 rounds only 1 to 3 samples in 100,000 of an 8-bit picture to the other side.
import { Address } from './address'
import { firstStage, forwardMiddle, forwardStage4 } from './fft-forward'
import { inverseMiddle, inverseStage4, lastInverse } from './fft-inverse'
import { loadPart, loadRows, storePart, storeRows } from './fft-parts'
import { turn } from './fft-turn'

/**
 * Correlates `cols` adjacent columns of one block along y. The block has `rows` <= n samples from `src`; the rest
 * counts as zero. Its output rows `first` to `end` go to `dst`, the address of row `first`. The buffer holds n
 * elements.
 */
export function fftColumns(
  src: Address, pitch: usize, rows: u32, cols: u32, n: u32, twiddles: Address, spectrum: Address, buffer: Address,
  dst: Address, dstPitch: usize, first: u32, end: u32,
): void {
  const from = buffer + (first << 5)
  const whole = rows == n
  for (let x: u32 = 0; x < cols; x += 8) {
    const left = <i32>cols - <i32>x
    if (whole && left >= 8) {
      firstStage(src, src + 16, pitch, 4, n, twiddles, buffer)
    } else {
      loadPart(src, pitch, 4, rows, left, n, buffer)
      loadPart(src + 16, pitch, 4, rows, left - 4, n, buffer + 16)
      forwardStage4(buffer, n, n, twiddles)
    }
    correlateLines(buffer, n, twiddles, spectrum)
    if (left >= 8) {
      lastInverse(buffer, n, twiddles, dst, dst + 16, dstPitch, first, end)
    } else {
      inverseStage4(buffer, n, n, twiddles)
      storePart(from, dst, dstPitch, 4, end - first, left)
      storePart(from + 16, dst + 16, dstPitch, 4, end - first, left - 4)
    }
    src += 32
    dst += 32
  }
}

/**
 * Correlates `rows` rows along x. A row has `cols` samples `step` bytes apart and gives `outCols` samples in blocks of
 * `valid`, `dstStep` bytes apart. The buffer holds n elements.
 */
export function fftRows(
  src: Address, pitch: usize, step: usize, rows: u32, cols: u32, valid: u32, n: u32, twiddles: Address, spectrum: Address,
  buffer: Address, dst: Address, dstPitch: usize, dstStep: usize, outCols: u32,
): void {
  for (let y: u32 = 0; y < rows; y += 4) {
    // Past the last row, it is computed again and written again with the same values.
    const last = rows - 1 - y
    const p1: usize = last < 1 ? 0 : pitch
    const p2: usize = last < 2 ? p1 : 2 * pitch
    const p3: usize = last < 3 ? p2 : 3 * pitch
    const d1: usize = last < 1 ? 0 : dstPitch
    const d2: usize = last < 2 ? d1 : 2 * dstPitch
    const d3: usize = last < 3 ? d2 : 3 * dstPitch
    for (let x: u32 = 0; x < outCols; x += 2 * valid) {
      const s = src + <usize>x * step
      const d = dst + <usize>x * dstStep
      const far = x + valid
      loadRows(s, s + p1, s + p2, s + p3, step, <i32>cols - <i32>x, n, buffer)
      const t = s + <usize>valid * step
      loadRows(t, t + p1, t + p2, t + p3, step, <i32>cols - <i32>far, n, buffer + 16)
      forwardStage4(buffer, n, n, twiddles)
      correlateLines(buffer, n, twiddles, spectrum)
      inverseStage4(buffer, n, n, twiddles)
      storeRows(buffer, d, d + d1, d + d2, d + d3, dstStep, min(<i32>valid, <i32>outCols - <i32>x))
      const e = d + <usize>valid * dstStep
      storeRows(buffer + 16, e, e + d1, e + d2, e + d3, dstStep, min(<i32>valid, <i32>outCols - <i32>far))
    }
    src += 4 * pitch
    dst += 4 * dstPitch
  }
}

/** Everything between the first forward stage and the last inverse stage. */
function correlateLines(buffer: usize, n: u32, twiddles: usize, spectrum: usize): void {
  forwardMiddle(buffer, n, twiddles)
  turn<f32>(buffer, n, spectrum)
  inverseMiddle(buffer, n, twiddles)
}

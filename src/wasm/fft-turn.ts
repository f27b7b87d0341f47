import { timesIm, timesRe } from './fft-forward'
import { storeFirstInverse } from './fft-inverse'

/**
 * The last forward stage, the product with the spectrum, and the first inverse stage, on four adjacent elements at a
 * time, which stay in registers. The spectrum has re, im for each element: T is v128 if every lane has its own, f32 if
 * the lanes share one.
 */
export function turn<T>(buffer: usize, n: u32, spectrum: usize): void {
  const end = buffer + (n << 5)
  let s = spectrum
  for (let p = buffer; p < end; p += 128) {
    const r0 = v128.load(p)
    const i0 = v128.load(p, 16)
    const r1 = v128.load(p, 32)
    const i1 = v128.load(p, 48)
    const r2 = v128.load(p, 64)
    const i2 = v128.load(p, 80)
    const r3 = v128.load(p, 96)
    const i3 = v128.load(p, 112)
    const sr = f32x4.add(r0, r2)
    const dr = f32x4.sub(r0, r2)
    const tr = f32x4.add(r1, r3)
    const er = f32x4.sub(r1, r3)
    const si = f32x4.add(i0, i2)
    const di = f32x4.sub(i0, i2)
    const ti = f32x4.add(i1, i3)
    const ei = f32x4.sub(i1, i3)
    const y0r = f32x4.add(sr, tr)
    const y0i = f32x4.add(si, ti)
    const y1r = f32x4.add(dr, ei)
    const y1i = f32x4.sub(di, er)
    const y2r = f32x4.sub(sr, tr)
    const y2i = f32x4.sub(si, ti)
    const y3r = f32x4.sub(dr, ei)
    const y3i = f32x4.add(di, er)
    storeFirstInverse(
      p,
      timesRe(y0r, y0i, factor<T>(s, 0), factor<T>(s, 1)), timesIm(y0r, y0i, factor<T>(s, 0), factor<T>(s, 1)),
      timesRe(y1r, y1i, factor<T>(s, 2), factor<T>(s, 3)), timesIm(y1r, y1i, factor<T>(s, 2), factor<T>(s, 3)),
      timesRe(y2r, y2i, factor<T>(s, 4), factor<T>(s, 5)), timesIm(y2r, y2i, factor<T>(s, 4), factor<T>(s, 5)),
      timesRe(y3r, y3i, factor<T>(s, 6), factor<T>(s, 7)), timesIm(y3r, y3i, factor<T>(s, 6), factor<T>(s, 7)),
    )
    s += 8 * sizeof<T>()
  }
}

@inline
function factor<T>(s: usize, i: usize): v128 {
  return sizeof<T>() == 16 ? v128.load(s + i * sizeof<T>()) : v128.load32_splat(s + i * sizeof<T>())
}

// The 3x3 gradient family on 8-bit samples. Rows may be read and written up to 64 bytes past their end.

import { Address } from './address'

/**
 * Both derivatives of the 3x3 gradient family in one pass (sobel, prewitt, scharr), i16, `rows` rows of `n` sums each:
 * gx = [side centre side]ᵀ × [-1 0 1], gy its transpose. `src` is the sample above and to the left of the first one;
 * rowPitch and pixelStep are the bytes to the next row and pixel. (4 side + 2 centre) x 255 <= 32767. It takes half the
 * time of two tap lists. A loop that went on to the magnitude in registers was no faster than this and `magnitudeI16U8`
 * row by row: the vector units are full either way (test/bench/loops.mjs).
 */
export function gradientU8I16(
  gx: Address,
  gy: Address,
  dstPitch: usize,
  src: Address,
  rowPitch: usize,
  pixelStep: usize,
  n: i32,
  rows: i32,
  side: i32,
  centre: i32,
): void {
  const a = i16x8.splat(<i16>side)
  const b = i16x8.splat(<i16>centre)
  for (let y = 0; y < rows; y++) {
    let p = src + <usize>y * rowPitch
    let to = <usize>y * dstPitch
    for (let i = 0; i < n; i += 8) {
      const q = p + rowPitch
      const r = q + rowPitch
      const topLeft = v128.load_ext<u8>(p)
      const topRight = v128.load_ext<u8>(p + pixelStep + pixelStep)
      const bottomLeft = v128.load_ext<u8>(r)
      const bottomRight = v128.load_ext<u8>(r + pixelStep + pixelStep)
      const across = i16x8.sub(v128.load_ext<u8>(q + pixelStep + pixelStep), v128.load_ext<u8>(q))
      const down = i16x8.sub(v128.load_ext<u8>(r + pixelStep), v128.load_ext<u8>(p + pixelStep))
      const falling = i16x8.sub(bottomRight, topLeft)
      const rising = i16x8.sub(topRight, bottomLeft)
      v128.store(gx + to, i16x8.add(i16x8.mul(a, i16x8.add(falling, rising)), i16x8.mul(b, across)))
      v128.store(gy + to, i16x8.add(i16x8.mul(a, i16x8.sub(falling, rising)), i16x8.mul(b, down)))
      p += 8
      to += 16
    }
  }
}

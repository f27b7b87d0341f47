// Loops that make the rows of a tile from rows of a picture. Rows may be read and written up to 64 bytes past their
// end.

import { Address } from './address'

/** Copies `n` bytes. */
export function copyBytes(dst: Address, src: Address, n: usize): void {
  memory.copy(dst, src, n)
}

/**
 * Writes `n` vectors of 16 bytes, `step` bytes apart. The first 16 `places` select bytes of `a`, the next 16 bytes of
 * `b`; a byte that neither selects is 0.
 */
export function mixPixels(
  dst: Address, step: usize, a: Address, aStep: usize, b: Address, bStep: usize, n: i32, places: Address,
): void {
  const fromA = v128.load(places)
  const fromB = v128.load(places, 16)
  for (let i = 0; i < n; i++, dst += step, a += aStep, b += bStep)
    v128.store(dst, v128.or(i8x16.swizzle(v128.load(a), fromA), i8x16.swizzle(v128.load(b), fromB)))
}

/** float32 from `n` samples of 8 bits. */
export function convertU8(dst: Address, src: Address, n: i32): void {
  for (const end = src + <usize>n; src < end; src += 16, dst += 64) {
    const bytes = v128.load(src)
    const low = i16x8.extend_low_i8x16_u(bytes)
    const high = i16x8.extend_high_i8x16_u(bytes)
    v128.store(dst, f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(low)))
    v128.store(dst, f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_u(low)), 16)
    v128.store(dst, f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(high)), 32)
    v128.store(dst, f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_u(high)), 48)
  }
}

/** float32 from `n` samples of 16 bits. */
export function convertU16(dst: Address, src: Address, n: i32): void {
  for (const end = src + (<usize>n << 1); src < end; src += 16, dst += 32) {
    const words = v128.load(src)
    v128.store(dst, f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_u(words)))
    v128.store(dst, f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_u(words)), 16)
  }
}

/** float32 from `n` sums of signed 16 bits. */
export function convertI16(dst: Address, src: Address, n: i32): void {
  for (const end = src + (<usize>n << 1); src < end; src += 16, dst += 32) {
    const words = v128.load(src)
    v128.store(dst, f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(words)))
    v128.store(dst, f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(words)), 16)
  }
}

/** float32, rounded to nearest, from `n` sums of signed 32 bits. May work in place. */
export function convertI32(dst: Address, src: Address, n: i32): void {
  for (const end = src + (<usize>n << 2); src < end; src += 16, dst += 16) {
    v128.store(dst, f32x4.convert_i32x4_s(v128.load(src)))
  }
}

/** table[sample], float32, for `n` samples of 8 bits; the table has 256 entries. */
export function lookupU8(dst: Address, src: Address, n: i32, table: Address): void {
  for (const end = src + <usize>n; src < end; src += 4, dst += 16) {
    store<f32>(dst, load<f32>(table + (<usize>load<u8>(src) << 2)))
    store<f32>(dst, load<f32>(table + (<usize>load<u8>(src, 1) << 2)), 4)
    store<f32>(dst, load<f32>(table + (<usize>load<u8>(src, 2) << 2)), 8)
    store<f32>(dst, load<f32>(table + (<usize>load<u8>(src, 3) << 2)), 12)
  }
}

/** table[sample], float32, for `n` samples of 16 bits; the table has 65536 entries. */
export function lookupU16(dst: Address, src: Address, n: i32, table: Address): void {
  for (const end = src + (<usize>n << 1); src < end; src += 8, dst += 16) {
    store<f32>(dst, load<f32>(table + (<usize>load<u16>(src) << 2)))
    store<f32>(dst, load<f32>(table + (<usize>load<u16>(src, 2) << 2)), 4)
    store<f32>(dst, load<f32>(table + (<usize>load<u16>(src, 4) << 2)), 8)
    store<f32>(dst, load<f32>(table + (<usize>load<u16>(src, 6) << 2)), 12)
  }
}

@inline
function mix(r: v128, g: v128, b: v128): v128 {
  const red = f32x4.mul(r, f32x4.splat(0.2126))
  const green = f32x4.mul(g, f32x4.splat(0.7152))
  return f32x4.add(f32x4.add(red, green), f32x4.mul(b, f32x4.splat(0.0722)))
}

/**
 * Luminance (Rec. 709) of `pixels` pixels: ((0.2126 r + 0.7152 g) + 0.0722 b). Three channels become one. Of four
 * channels, the last is alpha and is kept, which gives two.
 */
export function mixGray(dst: Address, src: Address, pixels: i32, channels: i32): void {
  if (channels == 3) {
    for (let i = 0; i < pixels; i += 4, src += 48, dst += 16) {
      const a = v128.load(src)
      const b = v128.load(src, 16)
      const c = v128.load(src, 32)
      const red = v128.shuffle<i32>(v128.shuffle<i32>(a, b, 0, 3, 6, 6), c, 0, 1, 2, 5)
      const green = v128.shuffle<i32>(v128.shuffle<i32>(a, b, 1, 4, 7, 7), c, 0, 1, 2, 6)
      const blue = v128.shuffle<i32>(v128.shuffle<i32>(a, b, 2, 5, 5, 5), c, 0, 1, 4, 7)
      v128.store(dst, mix(red, green, blue))
    }
    return
  }
  for (let i = 0; i < pixels; i += 4, src += 64, dst += 32) {
    const a = v128.load(src)
    const b = v128.load(src, 16)
    const c = v128.load(src, 32)
    const d = v128.load(src, 48)
    const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5)
    const cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5)
    const abHigh = v128.shuffle<i32>(a, b, 2, 6, 3, 7)
    const cdHigh = v128.shuffle<i32>(c, d, 2, 6, 3, 7)
    const red = v128.shuffle<i32>(ab, cd, 0, 1, 4, 5)
    const green = v128.shuffle<i32>(ab, cd, 2, 3, 6, 7)
    const blue = v128.shuffle<i32>(abHigh, cdHigh, 0, 1, 4, 5)
    const alpha = v128.shuffle<i32>(abHigh, cdHigh, 2, 3, 6, 7)
    const gray = mix(red, green, blue)
    v128.store(dst, v128.shuffle<i32>(gray, alpha, 0, 4, 1, 5))
    v128.store(dst, v128.shuffle<i32>(gray, alpha, 2, 6, 3, 7), 16)
  }
}

/** colour x alpha for `pixels` pixels of 2 or 4 channels, alpha last and unchanged. May work in place. */
export function premultiply(dst: Address, src: Address, pixels: i32, channels: i32): void {
  if (channels == 4) timesAlpha(dst, src, pixels, 4, 1, false)
  else timesAlpha(dst, src, pixels, 2, 1, false)
}

@inline
function timesAlpha(dst: usize, src: usize, pixels: i32, channels: i32, full: f32, isShare: bool): void {
  const end = src + (<usize>(pixels * channels) << 2)
  const whole = f32x4.splat(full)
  for (; src < end; src += 16, dst += 16) {
    const v = v128.load(src)
    const alpha = channels == 4 ? v128.shuffle<i32>(v, v, 3, 3, 3, 3) : v128.shuffle<i32>(v, v, 1, 1, 3, 3)
    const product = f32x4.mul(v, isShare ? f32x4.div(alpha, whole) : alpha)
    v128.store(dst, channels == 4 ? v128.shuffle<i32>(product, v, 0, 1, 2, 7) : v128.shuffle<i32>(product, v, 0, 5, 2, 7))
  }
}

/**
 * colour x (alpha / full), each step rounded to float32, for `pixels` pixels of 2 or 4 channels, alpha last and
 * unchanged. Opaque pixels keep their bits. May work in place.
 */
export function weigh(dst: Address, src: Address, pixels: i32, channels: i32, full: f32): void {
  if (channels == 4) timesAlpha(dst, src, pixels, 4, full, true)
  else timesAlpha(dst, src, pixels, 2, full, true)
}

/**
 * `count` pixels of a halo: pixel i is pixel columns[i] (i32) of the row at `src`, or the pixel at `fill` if that is
 * -1. Writes exactly count x pixelBytes bytes; `src` may be the inner part of the same tile row.
 */
export function fillHalo(dst: Address, src: Address, columns: Address, count: i32, pixelBytes: i32, fill: Address): void {
  const bytes = <usize>pixelBytes
  for (const end = columns + (<usize>count << 2); columns < end; columns += 4) {
    const column = load<i32>(columns)
    const from = column < 0 ? fill : src + <usize>column * bytes
    if (pixelBytes & 1) for (let i: usize = 0; i < bytes; i++) store<u8>(dst + i, load<u8>(from + i))
    else if (pixelBytes & 2) for (let i: usize = 0; i < bytes; i += 2) store<u16>(dst + i, load<u16>(from + i))
    else for (let i: usize = 0; i < bytes; i += 4) store<u32>(dst + i, load<u32>(from + i))
    dst += bytes
  }
}

/**
 * Splits a row of `pixels` pixels for a stride in x: phase p, at dst + p x phasePitch, gets pixels p, p + stride, ...
 * A pixel has 1 to 16 bytes.
 */
export function splitPhases(dst: Address, phasePitch: usize, src: Address, pixels: i32, stride: i32, pixelBytes: i32): void {
  for (let p = 0; p < stride; p++) {
    const to = dst + <usize>p * phasePitch
    if (pixelBytes == 1) split<u8>(to, src, p, pixels, stride, 1)
    else if (pixelBytes == 2) split<u16>(to, src, p, pixels, stride, 2)
    else if (pixelBytes <= 4) split<u32>(to, src, p, pixels, stride, pixelBytes)
    else if (pixelBytes <= 8) split<u64>(to, src, p, pixels, stride, pixelBytes)
    else {
      let from = src + <usize>(p * pixelBytes)
      let at = to
      for (let i = p; i < pixels; i += stride) {
        v128.store(at, v128.load(from))
        from += <usize>(stride * pixelBytes)
        at += <usize>pixelBytes
      }
    }
  }
}

/** Copies a whole T for each pixel. The excess is overwritten by the next pixel; after the last one it is slack. */
@inline
function split<T>(to: usize, src: usize, p: i32, pixels: i32, stride: i32, pixelBytes: i32): void {
  let from = src + <usize>(p * pixelBytes)
  for (let i = p; i < pixels; i += stride) {
    store<T>(to, load<T>(from))
    from += <usize>(stride * pixelBytes)
    to += <usize>pixelBytes
  }
}

/** Splits pixels of `channels` samples into planes of `n` samples each, `plane` bytes apart. */
export function splitPlanes(dst: Address, plane: usize, src: Address, n: i32, channels: i32): void {
  for (let c = 0; c < channels; c++) {
    let from = src + (<usize>c << 2)
    const to = dst + <usize>c * plane
    for (let i: usize = 0, end = <usize>n << 2; i < end; i += 4, from += <usize>channels << 2) {
      store<f32>(to + i, load<f32>(from))
    }
  }
}

/** Joins planes of `n` samples each, `plane` bytes apart, into pixels of `channels` samples. */
export function joinPlanes(dst: Address, src: Address, plane: usize, n: i32, channels: i32): void {
  for (let c = 0; c < channels; c++) {
    const from = src + <usize>c * plane
    let to = dst + (<usize>c << 2)
    for (let i: usize = 0, end = <usize>n << 2; i < end; i += 4, to += <usize>channels << 2) {
      store<f32>(to, load<f32>(from + i))
    }
  }
}

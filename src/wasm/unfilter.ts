// Undoes PNG row filters (the definition is `unfilterRows` in src/definition/filter-rows.ts).

import { Address } from './address'
import { average, paeth } from './lanes'

/**
 * Undoes the filters of `rows` rows of `rowBytes` bytes, each preceded by its filter byte. Rows are written without
 * gaps. The row above the first is just before `dst`; for the first of a picture, it is zeros. bpp is the bytes of a
 * pixel, 1 to 8. Up to 64 bytes may be read past both ends, and written past the last row. The result is the number of
 * rows before one whose filter does not exist, or `rows` if all do.
 */
export function unfilterRows(dst: Address, src: Address, rowBytes: i32, rows: i32, bpp: i32): i32 {
  const size = <usize>rowBytes
  for (let y = 0; y < rows; y++) {
    const filter = load<u8>(src)
    const from = src + 1
    const above = dst - size
    if (filter == 0) memory.copy(dst, from, size)
    else if (filter == 1) addLeft(dst, from, size, <usize>bpp)
    else if (filter == 2) addAbove(dst, from, above, size)
    else if (filter == 3) addAverage(dst, from, above, size, <usize>bpp)
    else if (filter == 4) addPaeth(dst, from, above, size, <usize>bpp)
    else return y
    src += size + 1
    dst += size
  }
  return rows
}

// One pixel at a time, in the low bytes of a vector. What is stored beyond the pixel is overwritten by the next one.

@inline
function pixel(at: usize, bpp: usize): v128 {
  return bpp > 4 ? v128.load64_zero(at) : v128.load32_zero(at)
}

@inline
function put(at: usize, bpp: usize, value: v128): void {
  if (bpp > 4) v128.store64_lane(at, value, 0)
  else v128.store32_lane(at, value, 0)
}

function addLeft(dst: usize, src: usize, size: usize, bpp: usize): void {
  let a = i8x16.splat(0)
  for (let i: usize = 0; i < size; i += bpp) {
    a = i8x16.add(a, pixel(src + i, bpp))
    put(dst + i, bpp, a)
  }
}

/** Works in whole vectors, then in single bytes, so that nothing after the row is overwritten. */
function addAbove(dst: usize, src: usize, above: usize, size: usize): void {
  let i: usize = 0
  for (; i + 16 <= size; i += 16) {
    v128.store(dst + i, i8x16.add(v128.load(src + i), v128.load(above + i)))
  }
  for (; i < size; i++) store<u8>(dst + i, load<u8>(src + i) + load<u8>(above + i))
}

function addAverage(dst: usize, src: usize, above: usize, size: usize, bpp: usize): void {
  let a = i8x16.splat(0)
  for (let i: usize = 0; i < size; i += bpp) {
    a = i8x16.add(pixel(src + i, bpp), average(a, pixel(above + i, bpp)))
    put(dst + i, bpp, a)
  }
}

function addPaeth(dst: usize, src: usize, above: usize, size: usize, bpp: usize): void {
  let a = i8x16.splat(0)
  let c = a
  for (let i: usize = 0; i < size; i += bpp) {
    const b = pixel(above + i, bpp)
    a = i8x16.add(pixel(src + i, bpp), paeth(a, b, c))
    put(dst + i, bpp, a)
    c = b
  }
}

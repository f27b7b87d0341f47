// Box sums by running sums, exact in 32 bits; the time does not depend on the radius. One row of column sums slides
// down the tile (adds the row that enters, subtracts the row that leaves); along it, a second running sum makes each
// output row. Rows may be read and written up to 64 bytes past their end.

import { Address } from './address'

/** sums (i32) += row (8 bits), `n` samples. */
export function addU8(sums: Address, row: Address, n: i32): void {
  for (const end = row + <usize>n; row < end; row += 16, sums += 64) {
    const bytes = v128.load(row)
    addWords(sums, i16x8.extend_low_i8x16_u(bytes), i16x8.extend_high_i8x16_u(bytes))
  }
}

/** sums (i32) += added - dropped (8 bits), `n` samples. */
export function slideU8(sums: Address, added: Address, dropped: Address, n: i32): void {
  for (const end = added + <usize>n; added < end; added += 16, dropped += 16, sums += 64) {
    const a = v128.load(added)
    const d = v128.load(dropped)
    const low = i16x8.sub(i16x8.extend_low_i8x16_u(a), i16x8.extend_low_i8x16_u(d))
    const high = i16x8.sub(i16x8.extend_high_i8x16_u(a), i16x8.extend_high_i8x16_u(d))
    addWords(sums, low, high)
  }
}

@inline
function addWords(sums: usize, low: v128, high: v128): void {
  v128.store(sums, i32x4.add(v128.load(sums), i32x4.extend_low_i16x8_s(low)))
  v128.store(sums, i32x4.add(v128.load(sums, 16), i32x4.extend_high_i16x8_s(low)), 16)
  v128.store(sums, i32x4.add(v128.load(sums, 32), i32x4.extend_low_i16x8_s(high)), 32)
  v128.store(sums, i32x4.add(v128.load(sums, 48), i32x4.extend_high_i16x8_s(high)), 48)
}

/** sums (i32) += row (16 bits), `n` samples. */
export function addU16(sums: Address, row: Address, n: i32): void {
  for (const end = row + (<usize>n << 1); row < end; row += 16, sums += 32) {
    const words = v128.load(row)
    v128.store(sums, i32x4.add(v128.load(sums), i32x4.extend_low_i16x8_u(words)))
    v128.store(sums, i32x4.add(v128.load(sums, 16), i32x4.extend_high_i16x8_u(words)), 16)
  }
}

/** sums (i32) += added - dropped (16 bits), `n` samples. */
export function slideU16(sums: Address, added: Address, dropped: Address, n: i32): void {
  for (const end = added + (<usize>n << 1); added < end; added += 16, dropped += 16, sums += 32) {
    const a = v128.load(added)
    const d = v128.load(dropped)
    const low = i32x4.sub(i32x4.extend_low_i16x8_u(a), i32x4.extend_low_i16x8_u(d))
    const high = i32x4.sub(i32x4.extend_high_i16x8_u(a), i32x4.extend_high_i16x8_u(d))
    v128.store(sums, i32x4.add(v128.load(sums), low))
    v128.store(sums, i32x4.add(v128.load(sums, 16), high), 16)
  }
}

/**
 * dst (i32), `pixels` pixels of 1 to 4 interleaved channels: pixel i is the sum of pixels i .. i + width - 1 of `sums`
 * (i32), which has pixels + width - 1 of them. A vector holds a whole pixel; its excess lanes are overwritten by the
 * next one. dst must not overlap sums.
 */
export function boxRow(dst: Address, sums: Address, pixels: i32, channels: i32, width: i32): void {
  const step = <usize>channels << 2
  let ahead = sums
  let acc = i32x4.splat(0)
  for (let i = 0; i < width; i++, ahead += step) acc = i32x4.add(acc, v128.load(ahead))
  v128.store(dst, acc)
  let behind = sums
  for (let i = 1; i < pixels; i++) {
    dst += step
    acc = i32x4.add(acc, i32x4.sub(v128.load(ahead), v128.load(behind)))
    v128.store(dst, acc)
    ahead += step
    behind += step
  }
}

// Measures the difference between the samples of two rows of pixels (definition: `differRow` in
// src/definition/differ.ts).

import { Address } from './address'

/**
 * Compares rows of `pixels` pixels of `channels` samples of 8 (bytes = 1) or 16 bits, of which the first `compared`
 * count. The largest difference of each pixel goes to `values`, in samples of the same size; 0 if `ignored`, a byte for
 * each pixel or the address 0 for none, is not 0. `found` gets
 *
 *     u32 pixels that differ | u32 by more than threshold | f64 sum of squares | u32 largest | u32 its x | u32 its channel
 *
 * where the largest counts only if it is more than `most`; otherwise x is -1. Up to 64 bytes past the rows may be read.
 */
export function differRow(
  values: Address,
  a: Address,
  b: Address,
  pixels: i32,
  channels: i32,
  compared: i32,
  bytes: i32,
  threshold: u32,
  most: u32,
  ignored: Address,
  found: Address,
): void {
  if (bytes == 1) differ<u8>(values, a, b, pixels, channels, compared, threshold, most, ignored, found)
  else differ<u16>(values, a, b, pixels, channels, compared, threshold, most, ignored, found)
}

@inline
function differ<T>(
  values: usize,
  a: usize,
  b: usize,
  pixels: i32,
  channels: i32,
  compared: i32,
  threshold: u32,
  most: u32,
  ignored: usize,
  found: usize,
): void {
  const step = <usize>channels * sizeof<T>()
  // pixels that certainly fit in 16 bytes
  const block = 16 / <i32>step
  let count: u32 = 0
  let beyond: u32 = 0
  let squares: u64 = 0
  let at: i32 = -1
  let channel: i32 = 0
  for (let x = 0; x < pixels; ) {
    if (block > 0 && x + block <= pixels) {
      if (!v128.any_true(v128.xor(v128.load(a), v128.load(b)))) {
        for (let i = 0; i < block; i++) store<T>(values + <usize>i * sizeof<T>(), <T>0)
        x += block
        a += <usize>block * step
        b += <usize>block * step
        values += <usize>block * sizeof<T>()
        continue
      }
    }
    let worst: u32 = 0
    let worstChannel: i32 = 0
    let sum: u64 = 0
    for (let c = 0; c < compared; c++) {
      const d = <u32>abs(<i32>load<T>(a + <usize>c * sizeof<T>()) - <i32>load<T>(b + <usize>c * sizeof<T>()))
      sum += <u64>d * d
      if (d > worst) {
        worst = d
        worstChannel = c
      }
    }
    if (worst && ignored && load<u8>(ignored + <usize>x)) worst = 0
    store<T>(values, <T>worst)
    if (worst) {
      squares += sum
      count++
      if (worst > threshold) beyond++
      if (worst > most) {
        most = worst
        at = x
        channel = worstChannel
      }
    }
    x++
    a += step
    b += step
    values += sizeof<T>()
  }
  store<u32>(found, count)
  store<u32>(found, beyond, 4)
  store<f64>(found, <f64>squares, 8)
  store<u32>(found, most, 16)
  store<i32>(found, at, 20)
  store<i32>(found, channel, 24)
}

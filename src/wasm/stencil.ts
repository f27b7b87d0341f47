// The direct path: tap lists over float32 rows. Rows may be read and written up to 64 bytes past their end.

/** Samples of a block of columns: a block's rows of a kernel stay in the first-level cache while the strip runs down. */
const blockSamples: i32 = 1024

/**
 * `rows` rows of `n` sums: acc = 0; acc = acc + w * sample for the taps in order, each step rounded. Row r reads at
 * src + r x rowStep + offsets[t] (i32, bytes, of any sign) and is written at dst + r x dstPitch. Weights are float32.
 */
export function tapsF32(
  dst: usize,
  dstPitch: usize,
  src: usize,
  rowStep: usize,
  n: i32,
  rows: i32,
  offsets: usize,
  weights: usize,
  count: i32,
): void {
  const end = offsets + (<usize>count << 2)
  for (let x = 0; x < n; x += blockSamples) {
    let width = min(blockSamples, n - x)
    if (width < 32 && n >= 32) {
      x = n - 32
      width = 32
    }
    let to = dst + (<usize>x << 2)
    let from = src + (<usize>x << 2)
    for (let y = 0; y < rows; y++) {
      tapsRow(to, from, width, offsets, end, weights)
      to += dstPitch
      from += rowStep
    }
  }
}

function tapsRow(dst: usize, src: usize, n: i32, offsets: usize, end: usize, weights: usize): void {
  if (n < 32) {
    for (let x: usize = 0; x < <usize>n << 2; x += 16) {
      let a = f32x4.splat(0)
      let w = weights
      for (let o = offsets; o < end; o += 4) {
        a = f32x4.add(a, f32x4.mul(v128.load32_splat(w), v128.load(src + x + load<u32>(o))))
        w += 4
      }
      v128.store(dst + x, a)
    }
    return
  }
  // The last block overlaps the one before it, which costs less than a tail of its own.
  const last = <usize>(n - 32) << 2
  for (let x: usize = 0; ; x += 128) {
    if (x > last) x = last
    const at = src + x
    let a0 = f32x4.splat(0)
    let a1 = f32x4.splat(0)
    let a2 = f32x4.splat(0)
    let a3 = f32x4.splat(0)
    let a4 = f32x4.splat(0)
    let a5 = f32x4.splat(0)
    let a6 = f32x4.splat(0)
    let a7 = f32x4.splat(0)
    let w = weights
    for (let o = offsets; o < end; o += 4) {
      const p = at + load<u32>(o)
      const k = v128.load32_splat(w)
      a0 = f32x4.add(a0, f32x4.mul(k, v128.load(p)))
      a1 = f32x4.add(a1, f32x4.mul(k, v128.load(p, 16)))
      a2 = f32x4.add(a2, f32x4.mul(k, v128.load(p, 32)))
      a3 = f32x4.add(a3, f32x4.mul(k, v128.load(p, 48)))
      a4 = f32x4.add(a4, f32x4.mul(k, v128.load(p, 64)))
      a5 = f32x4.add(a5, f32x4.mul(k, v128.load(p, 80)))
      a6 = f32x4.add(a6, f32x4.mul(k, v128.load(p, 96)))
      a7 = f32x4.add(a7, f32x4.mul(k, v128.load(p, 112)))
      w += 4
    }
    const to = dst + x
    v128.store(to, a0)
    v128.store(to, a1, 16)
    v128.store(to, a2, 32)
    v128.store(to, a3, 48)
    v128.store(to, a4, 64)
    v128.store(to, a5, 80)
    v128.store(to, a6, 96)
    v128.store(to, a7, 112)
    if (x == last) break
  }
}

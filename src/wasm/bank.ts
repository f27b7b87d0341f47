// Filter banks: several output channels from one gathered tile of float32 rows.
// A tap list holds byte offsets into the tile; weights lie [tap][output channel of the block].
// Rows may be read and written up to 64 bytes past their end.

/**
 * Four output channels by `n` columns by `rows` rows: acc = 0; acc += w * sample for the taps in order; + bias.
 * dst is [channel][row][column] with the given pitches in bytes; 8 columns at a time, so that 8 accumulators share
 * 2 loads and 4 splats.
 */
export function taps4(
  dst: usize,
  dstChannelPitch: usize,
  dstPitch: usize,
  src: usize,
  rowStep: usize,
  n: i32,
  rows: i32,
  offsets: usize,
  weights: usize,
  count: i32,
  bias: usize,
): void {
  const bias0 = v128.load32_splat(bias)
  const bias1 = v128.load32_splat(bias, 4)
  const bias2 = v128.load32_splat(bias, 8)
  const bias3 = v128.load32_splat(bias, 12)
  for (let y = 0; y < rows; y++) {
    const srcRow = src + <usize>y * rowStep
    const dstRow = dst + <usize>y * dstPitch
    for (let x = 0; x < n; x += 8) {
      const at = srcRow + (<usize>x << 2)
      let a0 = f32x4.splat(0)
      let a1 = f32x4.splat(0)
      let b0 = f32x4.splat(0)
      let b1 = f32x4.splat(0)
      let c0 = f32x4.splat(0)
      let c1 = f32x4.splat(0)
      let d0 = f32x4.splat(0)
      let d1 = f32x4.splat(0)
      let o = offsets
      let w = weights
      const end = offsets + (<usize>count << 2)
      while (o < end) {
        const p = at + <usize>load<u32>(o)
        const s0 = v128.load(p)
        const s1 = v128.load(p, 16)
        let k = v128.load32_splat(w)
        a0 = f32x4.add(a0, f32x4.mul(k, s0))
        a1 = f32x4.add(a1, f32x4.mul(k, s1))
        k = v128.load32_splat(w, 4)
        b0 = f32x4.add(b0, f32x4.mul(k, s0))
        b1 = f32x4.add(b1, f32x4.mul(k, s1))
        k = v128.load32_splat(w, 8)
        c0 = f32x4.add(c0, f32x4.mul(k, s0))
        c1 = f32x4.add(c1, f32x4.mul(k, s1))
        k = v128.load32_splat(w, 12)
        d0 = f32x4.add(d0, f32x4.mul(k, s0))
        d1 = f32x4.add(d1, f32x4.mul(k, s1))
        o += 4
        w += 16
      }
      let to = dstRow + (<usize>x << 2)
      v128.store(to, f32x4.add(a0, bias0))
      v128.store(to, f32x4.add(a1, bias0), 16)
      to += dstChannelPitch
      v128.store(to, f32x4.add(b0, bias1))
      v128.store(to, f32x4.add(b1, bias1), 16)
      to += dstChannelPitch
      v128.store(to, f32x4.add(c0, bias2))
      v128.store(to, f32x4.add(c1, bias2), 16)
      to += dstChannelPitch
      v128.store(to, f32x4.add(d0, bias3))
      v128.store(to, f32x4.add(d1, bias3), 16)
    }
  }
}

/** One output channel: 28 columns at a time, then 4 at a time. Same arithmetic as `taps4`. */
export function taps1(
  dst: usize,
  dstPitch: usize,
  src: usize,
  rowStep: usize,
  n: i32,
  rows: i32,
  offsets: usize,
  weights: usize,
  count: i32,
  bias: usize,
): void {
  const bias0 = v128.load32_splat(bias)
  const end = offsets + (<usize>count << 2)
  for (let y = 0; y < rows; y++) {
    const srcRow = src + <usize>y * rowStep
    const dstRow = dst + <usize>y * dstPitch
    let x = 0
    for (; x + 28 <= n; x += 28) {
      const at = srcRow + (<usize>x << 2)
      let a0 = f32x4.splat(0)
      let a1 = f32x4.splat(0)
      let a2 = f32x4.splat(0)
      let a3 = f32x4.splat(0)
      let a4 = f32x4.splat(0)
      let a5 = f32x4.splat(0)
      let a6 = f32x4.splat(0)
      let w = weights
      for (let o = offsets; o < end; o += 4) {
        const p = at + <usize>load<u32>(o)
        const k = v128.load32_splat(w)
        a0 = f32x4.add(a0, f32x4.mul(k, v128.load(p)))
        a1 = f32x4.add(a1, f32x4.mul(k, v128.load(p, 16)))
        a2 = f32x4.add(a2, f32x4.mul(k, v128.load(p, 32)))
        a3 = f32x4.add(a3, f32x4.mul(k, v128.load(p, 48)))
        a4 = f32x4.add(a4, f32x4.mul(k, v128.load(p, 64)))
        a5 = f32x4.add(a5, f32x4.mul(k, v128.load(p, 80)))
        a6 = f32x4.add(a6, f32x4.mul(k, v128.load(p, 96)))
        w += 4
      }
      const to = dstRow + (<usize>x << 2)
      v128.store(to, f32x4.add(a0, bias0))
      v128.store(to, f32x4.add(a1, bias0), 16)
      v128.store(to, f32x4.add(a2, bias0), 32)
      v128.store(to, f32x4.add(a3, bias0), 48)
      v128.store(to, f32x4.add(a4, bias0), 64)
      v128.store(to, f32x4.add(a5, bias0), 80)
      v128.store(to, f32x4.add(a6, bias0), 96)
    }
    for (; x < n; x += 4) {
      const at = srcRow + (<usize>x << 2)
      let a = f32x4.splat(0)
      let w = weights
      for (let o = offsets; o < end; o += 4) {
        a = f32x4.add(a, f32x4.mul(v128.load32_splat(w), v128.load(at + <usize>load<u32>(o))))
        w += 4
      }
      v128.store(dstRow + (<usize>x << 2), f32x4.add(a, bias0))
    }
  }
}

/**
 * A row of a tile from a row of float32 samples: tile column i takes sample columns[i], or `fill` where that is -1.
 * Columns first..last-1 are consecutive samples and copied as a block.
 */
export function gatherColumns(dst: usize, src: usize, columns: usize, n: i32, first: i32, last: i32, fill: f32): void {
  for (let i = 0; i < first; i++) gatherOne(dst, src, columns, i, fill)
  if (last > first) {
    const from = load<i32>(columns + (<usize>first << 2))
    memory.copy(dst + (<usize>first << 2), src + (<usize>from << 2), <usize>(last - first) << 2)
  }
  for (let i = last; i < n; i++) gatherOne(dst, src, columns, i, fill)
}

@inline
function gatherOne(dst: usize, src: usize, columns: usize, i: i32, fill: f32): void {
  const from = load<i32>(columns + (<usize>i << 2))
  store<f32>(dst + (<usize>i << 2), from < 0 ? fill : load<f32>(src + (<usize>from << 2)))
}

/** Sets `n` float32 samples. */
export function fillRow(dst: usize, n: i32, value: f32): void {
  for (let i = 0; i < n; i++) store<f32>(dst + (<usize>i << 2), value)
}

/** Writes a row of `n` samples to every `step`-th place of the destination: an output phase of a transposed correlation. */
export function scatterRow(dst: usize, src: usize, n: i32, step: i32): void {
  if (step == 1) {
    memory.copy(dst, src, <usize>n << 2)
    return
  }
  for (let i = 0; i < n; i++) store<f32>(dst + (<usize>(i * step) << 2), load<f32>(src + (<usize>i << 2)))
}

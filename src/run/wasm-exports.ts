import type { FftExports } from './fft.ts'

/**
 * The WASM loops (src/wasm). Every number is a byte address in the memory that the engine was loaded with, a count, or
 * what its name says. Addresses of buffers are divisible by 16. Every row has at least 64 bytes behind its last sample
 * that may be read and written, so pitches are at least that much longer than a row; the best are odd multiples of 64
 * (rows at a multiple of 4096 share a set of the cache, which halves the speed). `n` counts samples, `pixels`
 * pixels. A tap list is `offsets` (i32, bytes from the output sample's place in the source) and `weights`, in order.
 * `how` and `counts` are blocks of memory: see `howBytes` in engine.ts.
 */
export type WasmExports = {
  // gather: rows of a picture into rows of a tile
  copyBytes(dst: number, src: number, n: number): void
  /** u8 -> f32. */
  convertU8(dst: number, src: number, n: number): void
  /** u16 -> f32. */
  convertU16(dst: number, src: number, n: number): void
  /** i16 -> f32. */
  convertI16(dst: number, src: number, n: number): void
  /** i32 -> f32, rounded to nearest. */
  convertI32(dst: number, src: number, n: number): void
  /** u8 -> f32 table[sample], 256 entries. */
  lookupU8(dst: number, src: number, n: number, table: number): void
  /** u16 -> f32 table[sample], 65536 entries. */
  lookupU16(dst: number, src: number, n: number, table: number): void
  /** f32 luminance ((0.2126 r + 0.7152 g) + 0.0722 b): 3 channels -> 1, or 4 -> 2 with alpha kept. */
  mixGray(dst: number, src: number, pixels: number, channels: number): void
  /** f32 colour x alpha, alpha last and kept; 2 or 4 channels. In place is allowed. */
  premultiply(dst: number, src: number, pixels: number, channels: number): void
  /** f32 colour x (alpha / full), alpha last and kept; 2 or 4 channels. In place is allowed. */
  weigh(dst: number, src: number, pixels: number, channels: number, full: number): void
  /** `count` pixels: pixel columns[i] (i32) of the row at `src`, or the pixel at `fill` where that is -1. Writes no more. */
  fillHalo(dst: number, src: number, columns: number, count: number, pixelBytes: number, fill: number): void
  /** Phase p at dst + p x phasePitch gets pixels p, p + stride, ...; a pixel has 1 to 16 bytes. */
  splitPhases(
    dst: number,
    phasePitch: number,
    src: number,
    pixels: number,
    stride: number,
    pixelBytes: number,
  ): void

  /** Planes of `n` f32 samples, `plane` bytes apart, from pixels of `channels` samples. */
  splitPlanes(dst: number, plane: number, src: number, n: number, channels: number): void
  /** Pixels of `channels` f32 samples from planes of `n` samples, `plane` bytes apart. */
  joinPlanes(dst: number, src: number, plane: number, n: number, channels: number): void

  // accumulate: tap lists. Row r reads at src + r x rowStep and is written at dst + r x dstPitch.
  /** f32 samples and weights -> f32: acc = 0; acc += w * sample in order, each step rounded. */
  tapsF32: Taps
  /** u8 samples, i16 weights -> i16; sum of |weights| x 255 <= 32767. Any order of taps; by ascending weight is fastest. */
  tapsU8I16: Taps
  /** i16 sums, i16 weights -> i16, as a second pass; every result fits. */
  tapsI16I16: Taps
  /** u8 samples, i16 weights -> i32. The last parameter counts PAIRS of taps; fill up with a weight of 0. */
  tapsU8I32: Taps
  /** i16 sums, i16 weights -> i32, as a second pass. The last parameter counts PAIRS of taps. */
  tapsI16I32: Taps
  /** i32 sums, i32 weights -> i32, as a second pass. */
  tapsI32I32: Taps
  /**
   * u8 samples, i16 weights -> u8 samples: sum + offset, saturated, clipping counted. Of `how` it uses offset (a whole
   * number), the absolute-value flag and alpha. Sum of |weights| x 255 + |offset| <= 32767. Taps by ascending weight are fastest.
   */
  tapsU8U8(
    dst: number,
    dstPitch: number,
    src: number,
    rowStep: number,
    n: number,
    rows: number,
    offsets: number,
    weights: number,
    count: number,
    how: number,
    counts: number,
  ): void
  /**
   * u8 -> i16: gx = [side centre side]ᵀ x [-1 0 1] and its transpose gy. `src` is the sample above and to the left of the
   * first output sample; pixelStep = channels. (4 side + 2 centre) x 255 <= 32767.
   */
  gradientU8I16(
    gx: number,
    gy: number,
    dstPitch: number,
    src: number,
    rowPitch: number,
    pixelStep: number,
    n: number,
    rows: number,
    side: number,
    centre: number,
  ): void
  /** Separable, FIRST pass: f32 row r = sum of weights[k] * row r + k. `src` is the row under the first tap. */
  columnF32(
    dst: number,
    dstPitch: number,
    src: number,
    srcPitch: number,
    n: number,
    rows: number,
    weights: number,
    count: number,
  ): void
  /** Separable, SECOND pass: sample i = sum of weights[k] * sample at i + k x step; step = 4 x channels x dilation bytes. */
  rowF32(
    dst: number,
    dstPitch: number,
    src: number,
    srcPitch: number,
    n: number,
    rows: number,
    weights: number,
    count: number,
    step: number,
  ): void
  /** Box: i32 column sums += u8 row. */
  addU8(sums: number, row: number, n: number): void
  /** Box: i32 column sums += u8 row `added` - u8 row `dropped`. */
  slideU8(sums: number, added: number, dropped: number, n: number): void
  /** Box: i32 column sums += u16 row. */
  addU16(sums: number, row: number, n: number): void
  /** Box: i32 column sums += u16 row `added` - u16 row `dropped`. */
  slideU16(sums: number, added: number, dropped: number, n: number): void
  /** Box: i32 pixel i = sum of pixels i .. i + width - 1 of the column sums; 1 to 4 channels; not in place. */
  boxRow(dst: number, sums: number, pixels: number, channels: number, width: number): void

  // combine: f32 rows, in place allowed
  /** src / scale. */
  scaleRow(dst: number, src: number, n: number, scale: number): void
  /** √(b0² + b1²). */
  magnitude(dst: number, b0: number, b1: number, n: number): void
  /** ((atan2(b1, b0) / π) + 1) · (full / 2). */
  angle(dst: number, b0: number, b1: number, n: number, full: number): void
  /** The larger of a and b. */
  larger(dst: number, a: number, b: number, n: number): void
  /** a - b. */
  difference(dst: number, a: number, b: number, n: number): void
  /** b0 + amount (b0 - b1) where |b0 - b1| > threshold, else b0. */
  unsharp(dst: number, b0: number, b1: number, n: number, amount: number, threshold: number): void
  /** sum + b². */
  addSquare(dst: number, sum: number, b: number, n: number): void
  /** full · √(part / all), 0 where all is 0. */
  share(dst: number, part: number, all: number, n: number, full: number): void
  /**
   * A row of `n` maxima, n at least 4, of windows wholly inside: `rows` rows of `taps` f32 samples, `rowStep` and `tapStep` bytes
   * apart, `stride` samples from window to window.
   */
  maxRow(
    dst: number,
    src: number,
    rowStep: number,
    rows: number,
    tapStep: number,
    taps: number,
    stride: number,
    n: number,
  ): void

  // layers: f32 rows, in place allowed
  /** src / scale + bias. */
  affineRow(dst: number, src: number, n: number, scale: number, bias: number): void
  /** src below 0 times the slope, else src. */
  preluRow(dst: number, src: number, n: number, slope: number): void
  /** src, at least `low` and at most `high`. */
  clipRow(dst: number, src: number, n: number, low: number, high: number): void
  /** Two rows by an operation: 0 a + b, 1 a − b, 2 a · b, 3 a / b, 4 the smaller, 5 the larger. */
  operationRow(dst: number, a: number, b: number, n: number, operation: number): void
  /** A row and a number, which stands behind it or before. */
  numberRow(dst: number, src: number, n: number, operation: number, number: number, isFirst: boolean): void
  /** (src − mean) / root · gamma + beta in doubles, rounded once. */
  normalizedRow(
    dst: number,
    src: number,
    n: number,
    mean: number,
    root: number,
    gamma: number,
    beta: number,
  ): void
  /** 0 sigmoid, 1 SiLU, 2 tanh, 3 exp. No sample past the end is read or written. */
  exponentialRow(dst: number, src: number, n: number, name: number): void
  /** src where it is above 0 or NaN, else 0. */
  reluRow(dst: number, src: number, n: number): void

  // involution by likeness: f32 planes
  /**
   * A row of 1 or 3 channels, `srcPlane` and `dstPlane` bytes apart: the mean of `count` taps by likeness. Tap k lies
   * offsets[k] (i32 bytes) from the sample and is near[k] (f32) near; samples outside are NaN.
   */
  involveRow(
    dst: number,
    dstPlane: number,
    src: number,
    srcPlane: number,
    n: number,
    channels: number,
    offsets: number,
    near: number,
    count: number,
    perSquare: number,
  ): void
  /** dst += (here - there)². */
  addSquares(dst: number, here: number, there: number, n: number): void
  /** Sample i = the sum of samples i .. i + width - 1, from the left; not in place. */
  sumAcross(dst: number, src: number, n: number, width: number): void
  /** weights = near · 2^(-squares · perSquare), which are added to `totals`. */
  weighRow(weights: number, totals: number, squares: number, n: number, perSquare: number, near: number): void
  /** dst += weight · x where the weight is above 0. */
  addWeighted(dst: number, weights: number, src: number, n: number): void

  /**
   * colour = sum + own (weights - alpha / full), alpha kept; nothing is added where the difference is at most
   * `within`, and colours become 0 where own alpha is 0. 2 or 4 channels.
   */
  overOwn(
    dst: number,
    src: number,
    own: number,
    pixels: number,
    channels: number,
    weights: number,
    full: number,
    within: number,
  ): void
  /** A = sum of alpha / weightSum; colour = (A > 0 ? (P / scale) / A : 0) + offset; alpha = A in 0..full. 2 or 4 channels. */
  unpremultiply(
    dst: number,
    src: number,
    pixels: number,
    channels: number,
    scale: number,
    offset: number,
    weightSum: number,
    full: number,
  ): void

  // quantise
  quantiseF32U8: Quantise
  quantiseI32U8: Quantise
  quantiseI16U8: Quantise
  quantiseF32U16: Quantise
  quantiseI32U16: Quantise
  /** u8 from √(gx² + gy²) of two i16 rows, then as the others. Flag `small` in `how` when no |sum| exceeds 4096: faster. */
  magnitudeI16U8(dst: number, gx: number, gy: number, n: number, how: number, counts: number): void
  /** f32 -> f32: scale, offset and range of `how` without rounding, for float results. In place is allowed. */
  finishF32(dst: number, src: number, n: number, how: number): void
  /** Widens two f32 (least, greatest) at `range`. */
  scanRange(src: number, n: number, range: number): void
  /** Alpha from the row at `src`; 2 or 4 channels of 1, 2 or 4 bytes. */
  copyAlpha(dst: number, src: number, pixels: number, channels: number, bytes: number): void
  /** Swaps the bytes of 16-bit samples. In place is allowed. */
  swapU16(dst: number, src: number, n: number): void

  // png
  /**
   * Adaptive row filters: for each row the filter byte and the filtered bytes, without gaps. `above` is the row before
   * the first, or 0. bpp 1..8. `scratch` has 128 bytes. Writes up to 64 bytes past the last row.
   */
  filterRows(
    dst: number,
    src: number,
    pitch: number,
    rowBytes: number,
    rows: number,
    bpp: number,
    above: number,
    scratch: number,
  ): void
  /** Adler-32 going on from `start` (1 at the beginning); take the result `>>> 0`. */
  adler32(src: number, n: number, start: number): number
} & BankLoops &
  FftExports

type Taps = (
  dst: number,
  dstPitch: number,
  src: number,
  rowStep: number,
  n: number,
  rows: number,
  offsets: number,
  weights: number,
  count: number,
) => void

type Quantise = (dst: number, src: number, n: number, how: number, counts: number) => void

/** Filter banks (src/wasm/bank.ts): float32, weights [tap][output channel of the block], bias added last. */
type BankLoops = {
  /** Four output channels; `bias` has 4 numbers. */
  taps4(
    dst: number,
    dstChannelPitch: number,
    dstPitch: number,
    src: number,
    rowStep: number,
    n: number,
    rows: number,
    offsets: number,
    weights: number,
    count: number,
    bias: number,
  ): void
  /** One output channel. */
  taps1(
    dst: number,
    dstPitch: number,
    src: number,
    rowStep: number,
    n: number,
    rows: number,
    offsets: number,
    weights: number,
    count: number,
    bias: number,
  ): void
  /** Rows of a tile from a plane: tile row i is row rows[i], its columns those of the tables; -1 is `fill`. */
  gatherPlane(
    dst: number,
    pitch: number,
    src: number,
    rowBytes: number,
    rows: number,
    count: number,
    columns: number,
    phases: number,
    n: number,
    first: number,
    last: number,
    fill: number,
  ): void
  /** Sets n samples. */
  fillRow(dst: number, n: number, value: number): void
  /** Writes rows of n samples of some channels to every `step`-th place. */
  scatterRows(
    dst: number,
    dstChannelPitch: number,
    dstPitch: number,
    src: number,
    srcChannelPitch: number,
    srcPitch: number,
    channels: number,
    rows: number,
    n: number,
    step: number,
  ): void
}

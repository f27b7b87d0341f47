import { type FftAxis, type FftPlan2d, fftStages, fftTwiddles, spectrum1d, spectrum2d } from '../conv/fft.ts'

const f32 = Math.fround

/** Samples [rows][cols] in float32. */
export type Plane = { readonly rows: number; readonly cols: number; readonly data: Float32Array }

/**
 * The FFT correlation of a plane of (outRows + kH - 1) x (outCols + kW - 1) samples with a dense kernel, in plain
 * loops: the definition of that algorithm. The WASM loops match it bit for bit.
 */
export function correlateFft2dReference(input: Plane, weights: ArrayLike<number>, plan: FftPlan2d): Plane {
  const { y, x } = plan
  const out = empty(input.rows - y.kernel + 1, input.cols - x.kernel + 1)
  const spectrum = spectrum2d(weights, plan)
  const [alongY, alongX] = [transformOf(y.n), transformOf(x.n)]
  for (let row = 0; row < out.rows; row += y.valid) {
    for (let col = 0; col < out.cols; col += 2 * x.valid) {
      const re = cut(input, row, col, y.n, x.n)
      const im = cut(input, row, col + x.valid, y.n, x.n)
      for (let c = 0; c < x.n; c++) onLine(re, im, c, x.n, y.n, (line) => forward(line, alongY))
      for (let r = 0; r < y.n; r++) {
        onLine(re, im, r * x.n, 1, x.n, (line) => {
          forward(line, alongX)
          multiply(line, spectrum, (place) => (Math.floor(r / 4) * x.n + place) * 8 + (r % 4), 4)
          inverse(line, alongX)
        })
      }
      for (let c = 0; c < x.n; c++) onLine(re, im, c, x.n, y.n, (line) => inverse(line, alongY))
      paste(out, re, row, col, y.valid, x.valid, x.n)
      paste(out, im, row, col + x.valid, y.valid, x.valid, x.n)
    }
  }
  return out
}

/**
 * The same along y with a 1-D kernel. Columns x..x+3 are the real parts of transforms whose imaginary parts are columns
 * x+4..x+7.
 */
export function correlateColumnsFftReference(input: Plane, weights: ArrayLike<number>, axis: FftAxis): Plane {
  const out = empty(input.rows - axis.kernel + 1, input.cols)
  const correlate = lineCorrelator(weights, axis)
  for (let row = 0; row < out.rows; row += axis.valid) {
    for (let group = 0; group < out.cols; group += 8) {
      for (let col = group; col < group + 4; col++) {
        const re = cut(input, row, col, axis.n, 1)
        const im = cut(input, row, col + 4, axis.n, 1)
        correlate({ re, im })
        paste(out, re, row, col, axis.valid, 1, 1)
        paste(out, im, row, col + 4, axis.valid, 1, 1)
      }
    }
  }
  return out
}

/** The same along x. Block 2j is the real part of a transform whose imaginary part is block 2j + 1. */
export function correlateRowsFftReference(input: Plane, weights: ArrayLike<number>, axis: FftAxis): Plane {
  const out = empty(input.rows, input.cols - axis.kernel + 1)
  const correlate = lineCorrelator(weights, axis)
  for (let row = 0; row < out.rows; row++) {
    for (let col = 0; col < out.cols; col += 2 * axis.valid) {
      const re = cut(input, row, col, 1, axis.n)
      const im = cut(input, row, col + axis.valid, 1, axis.n)
      correlate({ re, im })
      paste(out, re, row, col, 1, axis.valid, axis.n)
      paste(out, im, row, col + axis.valid, 1, axis.valid, axis.n)
    }
  }
  return out
}

function lineCorrelator(weights: ArrayLike<number>, axis: FftAxis): (line: Line) => void {
  const spectrum = spectrum1d(weights, axis)
  const transform = transformOf(axis.n)
  return (line) => {
    forward(line, transform)
    multiply(line, spectrum, (place) => 2 * place, 1)
    inverse(line, transform)
  }
}

/** Complex float32 numbers. */
type Line = { readonly re: Float32Array; readonly im: Float32Array }

/** The stages of a transform, from large to small, each with the position of its first twiddle, if it has any. */
type Transform = {
  readonly stages: readonly {
    readonly radix: 2 | 4
    readonly size: number
    readonly at: number | undefined
  }[]
  readonly twiddles: Float32Array
}

function transformOf(n: number): Transform {
  let next = 0
  const stages = fftStages(n).map(({ radix, size }) => {
    const at = size === 4 ? undefined : next
    next += (size / radix) * (radix - 1) * 2
    return { radix, size, at }
  })
  return { stages, twiddles: fftTwiddles(n) }
}

function forward(line: Line, { stages, twiddles }: Transform): void {
  const n = line.re.length
  for (const { radix, size, at } of stages) {
    for (let block = 0; block < n; block += size) {
      for (let j = 0; j < size / radix; j++) {
        const places = Array.from({ length: radix }, (_, k) => block + j + (k * size) / radix)
        if (radix === 4) forward4(line, places)
        else forward2(line, places)
        if (at === undefined) continue
        for (let k = 1; k < radix; k++) {
          const w = at + 2 * (j * (radix - 1) + k - 1)
          times(line, places[k]!, twiddles[w]!, twiddles[w + 1]!)
        }
      }
    }
  }
}

function inverse(line: Line, { stages, twiddles }: Transform): void {
  const n = line.re.length
  for (const { radix, size, at } of stages.toReversed()) {
    for (let block = 0; block < n; block += size) {
      for (let j = 0; j < size / radix; j++) {
        const places = Array.from({ length: radix }, (_, k) => block + j + (k * size) / radix)
        for (let k = 1; at !== undefined && k < radix; k++) {
          const w = at + 2 * (j * (radix - 1) + k - 1)
          timesConjugate(line, places[k]!, twiddles[w]!, twiddles[w + 1]!)
        }
        if (radix === 4) inverse4(line, places)
        else forward2(line, places)
      }
    }
  }
}

function forward4(line: Line, places: readonly number[]): void {
  const { sr, si, dr, di, tr, ti, er, ei } = sums(line, places)
  put(line, places[0]!, sr + tr, si + ti)
  put(line, places[1]!, dr + ei, di - er)
  put(line, places[2]!, sr - tr, si - ti)
  put(line, places[3]!, dr - ei, di + er)
}

function inverse4(line: Line, places: readonly number[]): void {
  const { sr, si, dr, di, tr, ti, er, ei } = sums(line, places)
  put(line, places[0]!, sr + tr, si + ti)
  put(line, places[1]!, dr - ei, di + er)
  put(line, places[2]!, sr - tr, si - ti)
  put(line, places[3]!, dr + ei, di - er)
}

/** Returns the sum and difference of elements 0 and 2, and of 1 and 3. */
function sums({ re, im }: Line, places: readonly number[]) {
  const [a, b, c, d] = places as [number, number, number, number]
  return {
    sr: f32(re[a]! + re[c]!),
    si: f32(im[a]! + im[c]!),
    dr: f32(re[a]! - re[c]!),
    di: f32(im[a]! - im[c]!),
    tr: f32(re[b]! + re[d]!),
    ti: f32(im[b]! + im[d]!),
    er: f32(re[b]! - re[d]!),
    ei: f32(im[b]! - im[d]!),
  }
}

/** A butterfly of radix 2. It is its own inverse, up to a factor of 2. */
function forward2(line: Line, places: readonly number[]): void {
  const { re, im } = line
  const [a, b] = places as [number, number]
  const [ar, ai, br, bi] = [re[a]!, im[a]!, re[b]!, im[b]!]
  put(line, a, ar + br, ai + bi)
  put(line, b, ar - br, ai - bi)
}

function put({ re, im }: Line, place: number, r: number, i: number): void {
  re[place] = r
  im[place] = i
}

function times(line: Line, place: number, wr: number, wi: number): void {
  const [r, i] = [line.re[place]!, line.im[place]!]
  put(line, place, f32(r * wr) - f32(i * wi), f32(r * wi) + f32(i * wr))
}

function timesConjugate(line: Line, place: number, wr: number, wi: number): void {
  const [r, i] = [line.re[place]!, line.im[place]!]
  put(line, place, f32(r * wr) + f32(i * wi), f32(i * wr) - f32(r * wi))
}

/** Multiplies a line by the spectrum. Real parts are at `at(place)`, and imaginary parts `apart` after them. */
function multiply(line: Line, spectrum: Float32Array, at: (place: number) => number, apart: number): void {
  for (let place = 0; place < line.re.length; place++) {
    times(line, place, spectrum[at(place)]!, spectrum[at(place) + apart]!)
  }
}

/** Runs `work` on numbers at a distance of `step`, starting at `from`, and writes the results back. */
function onLine(
  re: Float32Array,
  im: Float32Array,
  from: number,
  step: number,
  n: number,
  work: (line: Line) => void,
): void {
  const line = {
    re: Float32Array.from({ length: n }, (_, k) => re[from + k * step]!),
    im: Float32Array.from({ length: n }, (_, k) => im[from + k * step]!),
  }
  work(line)
  for (let k = 0; k < n; k++) {
    re[from + k * step] = line.re[k]!
    im[from + k * step] = line.im[k]!
  }
}

const empty = (rows: number, cols: number): Plane => ({ rows, cols, data: new Float32Array(rows * cols) })

/** Cuts out a block of `rows` x `cols` samples, with zeros beyond the end of the plane. */
function cut(plane: Plane, row: number, col: number, rows: number, cols: number): Float32Array {
  const block = new Float32Array(rows * cols)
  for (let r = 0; r < Math.min(rows, plane.rows - row); r++) {
    for (let c = 0; c < Math.min(cols, plane.cols - col); c++) {
      block[r * cols + c] = plane.data[(row + r) * plane.cols + col + c]!
    }
  }
  return block
}

/** Pastes the first `rows` x `cols` samples of a block, up to the end of the plane. */
function paste(
  plane: Plane,
  block: Float32Array,
  row: number,
  col: number,
  rows: number,
  cols: number,
  blockCols: number,
): void {
  for (let r = 0; r < Math.min(rows, plane.rows - row); r++) {
    for (let c = 0; c < Math.min(cols, plane.cols - col); c++) {
      plane.data[(row + r) * plane.cols + col + c] = block[r * blockCols + c]!
    }
  }
}

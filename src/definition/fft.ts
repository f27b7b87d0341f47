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
      paste(out, re, x.n, row, col, y.valid, x.valid)
      paste(out, im, x.n, row, col + x.valid, y.valid, x.valid)
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
        paste(out, re, 1, row, col, axis.valid, 1)
        paste(out, im, 1, row, col + 4, axis.valid, 1)
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
      paste(out, re, axis.n, row, col, 1, axis.valid)
      paste(out, im, axis.n, row, col + axis.valid, 1, axis.valid)
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
  for (const stage of stages) {
    eachButterfly(line, stage, (places, w) => {
      butterfly(line, places)
      multiplyBy(line, places, twiddles, w)
    })
  }
}

/** The inverse, up to a factor of n: the stages in reverse, over real and imaginary parts that are swapped. */
function inverse({ re, im }: Line, { stages, twiddles }: Transform): void {
  const line = { re: im, im: re }
  for (const stage of stages.toReversed()) {
    eachButterfly(line, stage, (places, w) => {
      multiplyBy(line, places, twiddles, w)
      butterfly(line, places)
    })
  }
}

/** Calls `act` with the places of each butterfly of a stage, and the position of its twiddles if it has any. */
function eachButterfly(
  { re: { length } }: Line,
  { radix, size, at }: Transform['stages'][number],
  act: (places: readonly number[], w: number | undefined) => void,
): void {
  for (let block = 0; block < length; block += size) {
    for (let j = 0; j < size / radix; j++) {
      const places = Array.from({ length: radix }, (_, k) => block + j + (k * size) / radix)
      act(places, at === undefined ? undefined : at + 2 * j * (radix - 1))
    }
  }
}

/** Multiplies all elements of a butterfly but the first by its twiddles. */
function multiplyBy(line: Line, [, ...places]: readonly number[], twiddles: Float32Array, w?: number): void {
  if (w === undefined) return
  for (const [k, place] of places.entries())
    times(line, place, twiddles[w + 2 * k]!, twiddles[w + 2 * k + 1]!)
}

function butterfly(line: Line, places: readonly number[]): void {
  const { re, im } = line
  const [a, b, c, d] = places as [number, number, number, number]
  if (places.length === 2) {
    const [ar, ai, br, bi] = [re[a]!, im[a]!, re[b]!, im[b]!]
    put(line, a, ar + br, ai + bi)
    put(line, b, ar - br, ai - bi)
    return
  }
  // the sums and differences of elements 0 and 2, and of 1 and 3
  const [sr, si, dr, di] = [re[a]! + re[c]!, im[a]! + im[c]!, re[a]! - re[c]!, im[a]! - im[c]!].map(f32)
  const [tr, ti, er, ei] = [re[b]! + re[d]!, im[b]! + im[d]!, re[b]! - re[d]!, im[b]! - im[d]!].map(f32)
  put(line, a, sr! + tr!, si! + ti!)
  put(line, b, dr! + ei!, di! - er!)
  put(line, c, sr! - tr!, si! - ti!)
  put(line, d, dr! - ei!, di! + er!)
}

function put({ re, im }: Line, place: number, r: number, i: number): void {
  re[place] = r
  im[place] = i
}

function times(line: Line, place: number, wr: number, wi: number): void {
  const [r, i] = [line.re[place]!, line.im[place]!]
  put(line, place, f32(r * wr) - f32(i * wi), f32(r * wi) + f32(i * wr))
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
  eachInside(plane, [row, col, rows, cols], (at, r, c) => {
    block[r * cols + c] = plane.data[at]!
  })
  return block
}

/** Pastes the upper left samples of a block with rows of `width` samples, up to the end of the plane. */
function paste(plane: Plane, block: Float32Array, width: number, ...area: Area): void {
  eachInside(plane, area, (at, r, c) => {
    plane.data[at] = block[r * width + c]!
  })
}

type Area = readonly [row: number, col: number, rows: number, cols: number]

/** Calls `act` for the samples of an area that exist, with their index and their place in the area. */
function eachInside(
  plane: Plane,
  [row, col, rows, cols]: Area,
  act: (at: number, r: number, c: number) => void,
): void {
  for (let r = 0; r < Math.min(rows, plane.rows - row); r++) {
    for (let c = 0; c < Math.min(cols, plane.cols - col); c++) act((row + r) * plane.cols + col + c, r, c)
  }
}

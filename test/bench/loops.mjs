// Times each WASM loop on the rows of a strip, and prints the time for 12 megapixels (4000 x 3000) of RGB on one
// thread.
//   node test/bench/loops.mjs [part of a name]
// As in a real run, the rows of a strip are used again and again, and the decoded picture is read once.
import { readFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'

setFlagsFromString('--no-liftoff')
const memory = new WebAssembly.Memory({ initial: 1024, maximum: 65536, shared: true })
const file = process.env.CONVO_WASM ?? new URL('../../dist/convo.wasm', import.meta.url)
const wasm = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(file)), { env: { memory } }).exports

const width = 4000
const height = 3000
const channels = 3
const stripRows = 64
const n = width * channels
const only = process.argv[2] ?? ''

let top = 1024
const room = (bytes) => {
  const address = top
  top = Math.ceil((top + bytes + 64) / 64) * 64
  return address
}
const put = (samples) => {
  const address = room(samples.byteLength)
  new Uint8Array(memory.buffer).set(new Uint8Array(samples.buffer), address)
  return address
}
const how = (scale, offset, flags = 0) => {
  const address = room(32)
  const view = new DataView(memory.buffer, address)
  view.setFloat32(0, scale, true)
  view.setFloat32(4, offset, true)
  view.setFloat32(12, 1, true)
  view.setInt32(16, flags, true)
  return address
}

// A smooth picture with some noise, like a photograph.
const haloRows = 40
const tileRows = stripRows + haloRows
const haloSamples = 3 * haloRows
// An odd multiple of 64: a multiple of 4096 would map all rows of a column to one cache set.
const pitchOf = (bytes) => Math.ceil((bytes + 64) / 128) * 128 + 64
const pitch8 = pitchOf(n + haloSamples)
const pitch16 = pitchOf(2 * (n + haloSamples))
const pitch32 = pitchOf(4 * (n + haloSamples))
const tile8 = room(pitch8 * tileRows)
const tile16 = room(pitch16 * tileRows)
const tile32 = room(pitch32 * tileRows)
const out8 = room(pitch8 * tileRows)
const out16 = room(pitch16 * tileRows)
const other16 = room(pitch16 * tileRows)
const out32 = room(pitch32 * tileRows)
const pngOut = room((n + 1) * tileRows)
const scratch = room(128)
const counts = room(8)
let seed = 1
const noise = () => {
  seed = (Math.imul(seed, 1664525) + 1013904223) | 0
  return (seed >>> 24) / 32
}
for (let y = 0; y < tileRows; y++) {
  const row8 = new Uint8Array(memory.buffer, tile8 + y * pitch8, pitch8)
  const row16 = new Int16Array(memory.buffer, tile16 + y * pitch16, pitch8)
  const row32 = new Float32Array(memory.buffer, tile32 + y * pitch32, pitch8)
  for (let i = 0; i < pitch8; i++) {
    const v = 128 + 80 * Math.sin(i / 500 + (i % 3)) * Math.cos(y / 20) + noise()
    row8[i] = v
    row16[i] = row8[i]
    row32[i] = row8[i]
  }
}

/** Returns a kernel as a list of taps for the tile, with the given sample size. */
function taps(kernel, size, Weights) {
  const side = Math.round(Math.sqrt(kernel.length))
  const list = kernel.map((w, i) => [
    w,
    Math.floor(i / side) * (size === 1 ? pitch8 : pitch32) + (i % side) * channels * size,
  ])
  const kept = list.filter(([w]) => w !== 0)
  if (Weights === Int16Array) kept.sort(([a], [b]) => a - b)
  if (Weights === Int16Array && size !== 4 && kept.length % 2 === 1) kept.push([0, kept[0][1]])
  return {
    offsets: put(Int32Array.from(kept, ([, o]) => o)),
    weights: put(Weights.from(kept, ([w]) => w)),
    count: kept.filter(([w]) => w !== 0).length,
    pairs: kept.length / 2,
  }
}
const line = (weights, step, Weights) => ({
  offsets: put(Int32Array.from(weights, (_, i) => i * step)),
  weights: put(Weights.from(weights)),
  count: weights.length,
})

const cases = []
/** Adds a case. `run` processes one strip; `flops` are counted per sample, if wanted. */
const add = (name, run, flops = 0, rows = stripRows) => {
  if (name.includes(only)) cases.push({ name, run, flops, rows, times: [] })
}
const eachRow = (f) => () => {
  for (let y = 0; y < stripRows; y++) f(y)
}

for (const [name, kernel] of [
  ['sharpen', [0, -1, 0, -1, 5, -1, 0, -1, 0]],
  ['laplacian8', [1, 1, 1, 1, -8, 1, 1, 1, 1]],
  ['emboss', [-2, -1, 0, -1, 1, 1, 0, 1, 2]],
  ['9 weights', [1, 2, 3, 4, -20, 5, 6, 7, 8]],
]) {
  const t = taps(kernel, 1, Int16Array)
  const h = how(1, 0)
  add(`tapsU8U8 3x3 ${name}`, () =>
    wasm.tapsU8U8(out8, pitch8, tile8, pitch8, n, stripRows, t.offsets, t.weights, t.count, h, counts),
  )
}
{
  const t = taps(
    [1, 4, 7, 4, 1, 4, 16, 26, 16, 4, 7, 26, 41, 26, 7, 4, 16, 26, 16, 4, 1, 4, 7, 4, 1],
    1,
    Int16Array,
  )
  add('tapsU8I32 5x5', () =>
    wasm.tapsU8I32(out32, pitch32, tile8, pitch8, n, stripRows, t.offsets, t.weights, t.pairs),
  )
  const u = taps([1, 2, 1, 2, 4, 2, 1, 2, 1], 1, Int16Array)
  add('tapsU8I16 3x3', () =>
    wasm.tapsU8I16(out16, pitch16, tile8, pitch8, n, stripRows, u.offsets, u.weights, u.count),
  )
  const row = line([1, 4, 6, 4, 1], channels, Int16Array)
  const col = line([1, 4, 6, 4, 1, 0], pitch16, Int16Array)
  add('rank 1 5x5 u8 -> i16 -> i32', () => {
    wasm.tapsU8I16(out16, pitch16, tile8, pitch8, n, stripRows + 4, row.offsets, row.weights, 5)
    wasm.tapsI16I32(out32, pitch32, out16, pitch16, n, stripRows, col.offsets, col.weights, 3)
  })
  add('rank 1 5x5 u8 -> i16 -> i16', () => {
    wasm.tapsU8I16(out16, pitch16, tile8, pitch8, n, stripRows + 4, row.offsets, row.weights, 5)
    wasm.tapsI16I16(other16, pitch16, out16, pitch16, n, stripRows, col.offsets, col.weights, 5)
  })
}
{
  const h = how(1, 0, 8)
  add('gradientU8I16', () =>
    wasm.gradientU8I16(out16, other16, pitch16, tile8, pitch8, channels, n, stripRows, 1, 2),
  )
  wasm.gradientU8I16(out16, other16, pitch16, tile8, pitch8, channels, n, stripRows, 1, 2)
  add('magnitudeI16U8', () => {
    for (let y = 0; y < stripRows; y++) {
      const at = y * pitch16
      wasm.magnitudeI16U8(out8 + y * pitch8, out16 + at, other16 + at, n, h, counts)
    }
  })
  add('sobel = gradient + magnitude, row by row', () => {
    for (let y = 0; y < stripRows; y++) {
      wasm.gradientU8I16(out16, other16, 0, tile8 + y * pitch8, pitch8, channels, n, 1, 1, 2)
      wasm.magnitudeI16U8(out8 + y * pitch8, out16, other16, n, h, counts)
    }
  })
}
for (const side of [3, 5, 7, 9]) {
  const t = taps(
    Array.from({ length: side * side }, (_, i) => Math.sin(i + 1)),
    4,
    Float32Array,
  )
  add(
    `tapsF32 ${side}x${side}`,
    () => wasm.tapsF32(out32, pitch32, tile32, pitch32, n, stripRows, t.offsets, t.weights, t.count),
    2 * side * side,
  )
}
{
  const gaussian = put(Float32Array.from({ length: 41 }, (_, i) => Math.exp(-((i - 20) ** 2) / 50)))
  add(
    'columnF32 41',
    () => wasm.columnF32(out32, pitch32, tile32, pitch32, n + 120, stripRows, gaussian, 41),
    82,
  )
  add('rowF32 41', () => wasm.rowF32(out32, pitch32, tile32, pitch32, n, stripRows, gaussian, 41, 12), 82)
}
{
  const sums = room(pitch32)
  add(
    'box u8, slide and row',
    eachRow((y) => {
      wasm.slideU8(sums, tile8 + (y + 40) * pitch8, tile8 + y * pitch8, n + haloSamples)
      wasm.boxRow(out32, sums, width, channels, 41)
    }),
  )
}
add(
  'convertU8',
  eachRow((y) => wasm.convertU8(out32, tile8 + y * pitch8, n)),
)
{
  const words = put(Uint16Array.from({ length: n }, (_, i) => i))
  add(
    'convertU16',
    eachRow(() => wasm.convertU16(out32, words, n)),
  )
  const table = put(Float32Array.from({ length: 256 }, (_, i) => i * i))
  add(
    'lookupU8',
    eachRow((y) => wasm.lookupU8(out32, tile8 + y * pitch8, n, table)),
  )
}
{
  const [one, ten, all, big] = [how(1, 0), how(9, 0), how(9, 0, 1), how(9, 0, 4)]
  const sums32 = put(Int32Array.from({ length: n }, (_, i) => (i * 37) % 2600))
  const floats = put(Float32Array.from({ length: n }, (_, i) => ((i * 37) % 2600) / 10))
  add(
    'quantiseF32U8 x',
    eachRow(() => wasm.quantiseF32U8(out8, floats, n, one, counts)),
  )
  add(
    'quantiseF32U8 /',
    eachRow(() => wasm.quantiseF32U8(out8, floats, n, ten, counts)),
  )
  add(
    'quantiseF32U8 / abs',
    eachRow(() => wasm.quantiseF32U8(out8, floats, n, all, counts)),
  )
  add(
    'quantiseI32U8 /',
    eachRow(() => wasm.quantiseI32U8(out8, sums32, n, ten, counts)),
  )
  add(
    'quantiseI16U8 /',
    eachRow(() => wasm.quantiseI16U8(out8, tile16, n, ten, counts)),
  )
  add(
    'quantiseF32U16 / BE',
    eachRow(() => wasm.quantiseF32U16(out16, floats, n, big, counts)),
  )
  add(
    'magnitude f32',
    eachRow(() => wasm.magnitude(out32, floats, tile32, n)),
  )
  add(
    'angle f32',
    eachRow(() => wasm.angle(out32, floats, tile32, n, 255)),
  )
  add(
    'unsharp f32',
    eachRow(() => wasm.unsharp(out32, floats, tile32, n, 1.5, 0)),
  )
  add(
    'scanRange',
    eachRow(() => wasm.scanRange(floats, n, scratch)),
  )
  add(
    'mixGray',
    eachRow(() => wasm.mixGray(out32, floats, width, 3)),
  )
  add(
    'unpremultiply (RGBA)',
    eachRow(() => wasm.unpremultiply(out32, floats, n / 4, 4, 9, 0, 1, 255)),
  )
}
add('filterRows', () => wasm.filterRows(pngOut, tile8, pitch8, n, stripRows, channels, 0, scratch))
add(
  'adler32',
  eachRow(() => wasm.adler32(pngOut, n, 1)),
)

for (const c of cases) c.run()
for (let round = 0; round < 7; round++) {
  for (const c of cases) {
    const before = performance.now()
    let runs = 0
    do {
      c.run()
      runs++
    } while (performance.now() - before < 12)
    c.times.push((performance.now() - before) / runs)
  }
}
for (const { name, flops, rows, times } of cases) {
  const ms = times.sort((a, b) => a - b)[Math.floor(times.length / 2)] * (height / rows)
  const rate = flops === 0 ? '' : `${((flops * n * height) / ms / 1e6).toFixed(1)} GFLOP/s`
  console.log(`${name.padEnd(44)} ${ms.toFixed(2).padStart(8)} ms  ${rate}`)
}

// Times the FFT correlations against the plain loops on one thread, in milliseconds per plane.
//
//   node --import tsx test/bench/fft.mjs [width height [runs]]        default 4000 3000 3
import {
  fftInputRows,
  fftScratchBytes1d,
  fftScratchBytes2d,
  fftTables1d,
  fftTables2d,
  planFft2d,
  planFftColumns,
  planFftRows,
} from '../../src/conv/fft.ts'
import { loadEngine } from '../../src/run/engine.ts'
import { correlateColumnsFft, correlateFft2d, correlateRowsFft } from '../../src/run/fft.ts'

const [width = 4000, height = 3000, runs = 3] = process.argv.slice(2).map(Number)
const widest = 401
const slack = 64
// Not a multiple of 4096, which would map all rows to the same cache sets.
const pitch = Math.ceil(((width + widest - 1) * 4 + slack) / 64) * 64 + 64
const rows = height + widest - 1
const pages = Math.ceil((3 * pitch * rows + 2 ** 26) / 65536)
const memory = new WebAssembly.Memory({ initial: pages, maximum: 65536, shared: true })
const wasm = loadEngine(memory)
let free = 1024
const room = (bytes) => {
  const address = free
  free += Math.ceil(bytes / 64 + 1) * 64
  return address
}
const put = (data) => {
  const address = room(data.byteLength)
  new data.constructor(memory.buffer, address, data.length).set(data)
  return address
}

const source = room(pitch * rows)
const middle = room(pitch * rows)
const target = room(pitch * rows)
const samples = new Float32Array(memory.buffer)
for (let y = 0; y < rows; y++) {
  for (let x = 0; x < width + widest - 1; x++)
    samples[(source + y * pitch) / 4 + x] = (x * 7919 + y * 104729 + x * y) & 255
}
samples.fill(0, middle / 4, free / 4)
const start = free

function best(work) {
  let least = Number.POSITIVE_INFINITY
  for (let run = 0; run < runs; run++) {
    const before = performance.now()
    work()
    least = Math.min(least, performance.now() - before)
  }
  return least
}

const plane = (address) => ({ address, pitch, step: 4, channelPitch: 0 })
const sum = () => {
  let total = 0
  for (let y = 0; y < height; y += 97) total += samples[(target + y * pitch) / 4 + ((y * 31) % width)]
  return total.toFixed(3)
}
const ms = (v) => v.toFixed(1).padStart(8)

function denseFft(k) {
  free = start
  const weights = new Float32Array(k * k).fill(1 / (k * k))
  const before = performance.now()
  const plan = planFft2d(k, k, height, width)
  const tables = put(fftTables2d(weights, plan))
  const prepare = performance.now() - before
  const scratch = room(fftScratchBytes2d(plan))
  const time = best(() => {
    for (let y0 = 0; y0 < height; y0 += plan.y.valid) {
      const y1 = Math.min(y0 + plan.y.valid, height)
      const tile = plane(source + fftInputRows(plan.y, height, y0, y1).first * pitch)
      const dst = plane(target + y0 * pitch)
      correlateFft2d(wasm, {
        tables,
        scratch,
        y0,
        y1,
        outRows: height,
        outCols: width,
        plan,
        channels: 1,
        tile,
        dst,
      })
    }
  })
  return { time, prepare, blocks: `${plan.y.n} x ${plan.x.n}` }
}

function denseDirect(k) {
  free = start
  const offsets = put(Int32Array.from({ length: k * k }, (_, t) => Math.floor(t / k) * pitch + (t % k) * 4))
  const weights = put(new Float32Array(k * k).fill(1 / (k * k)))
  return best(() => {
    for (let y = 0; y < height; y += 64) {
      const count = Math.min(64, height - y)
      wasm.tapsF32(
        target + y * pitch,
        pitch,
        source + y * pitch,
        pitch,
        width,
        count,
        offsets,
        weights,
        k * k,
      )
    }
  })
}

function separableFft(k) {
  free = start
  const weights = new Float32Array(k).fill(1 / k)
  const [y, x] = [planFftColumns(k, height), planFftRows(k, width)]
  const [tablesY, tablesX] = [put(fftTables1d(weights, y)), put(fftTables1d(weights, x))]
  const scratch = room(Math.max(fftScratchBytes1d(y), fftScratchBytes1d(x)))
  const columns = best(() => {
    const strip = { y0: 0, y1: height, outRows: height }
    const place = { tile: source, tilePitch: pitch, dst: middle, dstPitch: pitch, samples: width + k - 1 }
    correlateColumnsFft(wasm, { tables: tablesY, scratch, ...strip, plan: y, ...place })
  })
  const rowsTime = best(() => {
    const size = { channels: 1, rows: height, outCols: width }
    correlateRowsFft(wasm, {
      tables: tablesX,
      scratch,
      plan: x,
      ...size,
      src: plane(middle),
      dst: plane(target),
    })
  })
  return { columns, rows: rowsTime, blocks: `${y.n} / ${x.n}` }
}

function separableDirect(k) {
  free = start
  const weights = put(new Float32Array(k).fill(1 / k))
  return best(() => {
    for (let y = 0; y < height; y += 64) {
      const count = Math.min(64, height - y)
      wasm.columnF32(middle, pitch, source + y * pitch, pitch, width + k - 1, count, weights, k)
      wasm.rowF32(target + y * pitch, pitch, middle, pitch, width, count, weights, k, 4)
    }
  })
}

console.log(`${width} x ${height}, one thread, best of ${runs}, ms for a plane`)
console.log('dense        fft   direct  blocks      tables    checksum')
for (const k of [9, 11, 13, 15, 31, 63, 127]) {
  const direct = k <= 15 ? denseDirect(k) : undefined
  const { time, prepare, blocks } = denseFft(k)
  const plain = direct === undefined ? '       -' : ms(direct)
  console.log(`${`${k}x${k}`.padEnd(8)}${ms(time)} ${plain}  ${blocks.padEnd(10)}${ms(prepare)}  ${sum()}`)
}
console.log('radius       fft   direct  columns + rows      blocks        checksum')
for (const radius of [10, 15, 20, 24, 32, 48, 80, 200]) {
  const k = 2 * radius + 1
  const direct = radius <= 80 ? ms(separableDirect(k)) : '       -'
  const { columns, rows: along, blocks } = separableFft(k)
  const parts = `${ms(columns)} +${ms(along)}`
  console.log(
    `${String(radius).padEnd(8)}${ms(columns + along)} ${direct} ${parts}  ${blocks.padEnd(12)}  ${sum()}`,
  )
}

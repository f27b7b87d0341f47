import type { Shape } from '../definition/layers.ts'
import {
  type Element,
  isFull,
  type Ranked,
  type RankWay,
  rankWay,
  sizeOfElement,
} from '../definition/windows.ts'
import { type Address, plus } from '../graph/address.ts'
import { pitchOf } from '../graph/schedule.ts'
import type { Span } from '../graph/spans.ts'
import { isHeld, type Windows } from '../graph/windows.ts'
import { borders } from '../tensor/border.ts'
import { viewOf, type WasmExports } from './engine.ts'
import { type PlacedRows, rowAt } from './placed-rows.ts'

/** Samples of a row whose histograms stay in a second-level cache. */
const tileSamples = 384
/** Samples that are sorted at once, as far as windows are not wider. */
const sortedSamples = 2 ** 18

const columnBytes = 544

/** Columns of a tile of the way by ranks. */
const rankedColumns = (width: number, { width: wide }: Element, rows: number): number =>
  Math.min(width, Math.max(wide, Math.floor(sortedSamples / rows) - wide + 1))

/** Rows of windows: `n` samples come out of each, `step` are side by side in a pixel. */
type Lines = { readonly element: Element; readonly index: number; readonly n: number; readonly step: number }

/** Where everything is in the scratch memory, for `rows` rows of the input; whole samples alone need less. */
function layOut({ element, n, step }: Lines, rows: number, bytes: SampleBytes) {
  let top = 0
  const room = (bytes: number): number => {
    top += Math.ceil(bytes / 64) * 64 + 64
    return top - Math.ceil(bytes / 64) * 64 - 64
  }
  const wide = n + (element.width - 1) * step
  const pitch = pitchOf((wide * bytes) / 4)
  const isWhole = bytes < 4
  const sorted = isWhole ? 0 : rows * (rankedColumns(n, element, rows) + element.width - 1)
  return {
    pitch,
    input: room(rows * pitch),
    output: room(isWhole ? 0 : Math.max(1, rows - element.height + 1) * pitch),
    row: room(pitch),
    table: room(Math.max(sizeOfElement(element) * 4, element.runs.length * 12)),
    columns: room((tileSamples + (element.width - 1) * step) * columnBytes),
    work: room(1024),
    pairs: room(sorted * 8),
    other: room(sorted * 8),
    ranks: room(sorted * 4),
    sorted: room(sorted * 4),
    bits: room(sorted / 8 + 64),
    blocks: room(sorted / 128 + 64),
    bytes: top,
  }
}

/** Scratch memory for rows of a rank filter of which `rows` rows of the input are there. */
export const rankedBytes = ([, , n]: Shape, { element, index }: Ranked, rows: number): number =>
  layOut({ element, index, n, step: 1 }, rows, 4).bytes

/** The same for windows over whole samples, for any strip of `rows` rows. */
export const windowBytes = ([, , n]: Shape, { windows, bytes }: WindowWork, rows: number): number =>
  layOut(linesOf(n, windows), rows + windows.ranked.element.height - 1, bytes).bytes

/** Bytes of samples as the loops take them: whole ones of 1 or 2, or keys of 4 that order as they do. */
type SampleBytes = 1 | 2 | 4

/** Rows of the input in the scratch memory, and where those of the output go, `outPitch` apart. */
type Strip = {
  readonly at: ReturnType<typeof layOut>
  readonly rows: number
  readonly bytes: SampleBytes
  readonly out: Address
  readonly outPitch: number
}

/** Steps of a run of samples, of which `held` are joined, to `length`: up to four runs become one. In samples. */
function* widening(held: number, length: number): Generator<readonly [number, number, number]> {
  for (let have = held; have < length; ) {
    const to = Math.min(length, have * 4)
    const rest = to - have
    if (to <= 2 * have) yield [rest, 0, 0]
    else yield to <= 3 * have ? [have, rest, rest] : [have, 2 * have, rest]
    have = to
  }
}

/**
 * The ways to ranks. They give the same samples, so that whichever suits the samples of a strip may be taken. The smallest and
 * largest: down the rows with what halves of windows have in common, along them four runs of 1, 4, 16, … samples become one. Medians of 3 x 3 and 5 x 5: by comparisons alone.
 * Others of bytes: bit by bit, or for large rectangles by histograms of columns, or along each row; of other samples: sorted once,
 * then by sets of ranks.
 */
function prepareWays(lines: Lines, wasm: WasmExports, memory: WebAssembly.Memory, scratch: Address) {
  const { element, index, n, step } = lines
  const { height, width, runs } = element
  const count = sizeOfElement(element)
  const [isSmallest, isLargest] = [index === 0, index === count - 1]
  const wide = n + (width - 1) * step
  const words = new Int32Array(memory.buffer)

  const inputRow = ({ at }: Strip, y: number) => plus(scratch, at.input + y * at.pitch)
  const outputRow = ({ out, outPitch }: Strip, y: number) => plus(out, y * outPitch)
  const largest = isLargest && !isSmallest

  function extremes(strip: Strip): void {
    const { rows, out, outPitch, at, bytes } = strip
    const { extremeAlong: along, extremeDown: down } = wasm
    const pixel = step * bytes
    const [input, pitch] = [inputRow(strip, 0), at.pitch]
    if (isFull(element)) {
      const across = [...widening(1, width)]
      if (across.length === 0) {
        down(out, outPitch, input, pitch, wide * bytes, rows, height, bytes, largest)
        return
      }
      down(input, pitch, input, pitch, wide * bytes, rows, height, bytes, largest)
      for (let y = 0; y < rows; y++) {
        const row = inputRow(strip, y)
        across.forEach(([a, b, c], i) => {
          const [to, many] = i === across.length - 1 ? [outputRow(strip, y), n] : [row, wide]
          along(to, 0, row, 0, a * pixel, b * pixel, c * pixel, many * bytes, 1, bytes, largest)
        })
      }
      return
    }
    const all = height + rows - 1
    let held = 1
    const lengths = [...new Set(runs.map((run) => run.count))].sort((a, b) => a - b)
    const isBegun = new Uint8Array(rows)
    const spare = plus(scratch, at.row)
    for (const length of lengths) {
      // as long as a run may grow in place
      const own = runs.filter((run) => run.count === length)
      const most = 2 ** Math.floor(Math.log2(length))
      for (const [a, b, c] of widening(held, most))
        along(input, pitch, input, pitch, a * pixel, b * pixel, c * pixel, wide * bytes, all, bytes, largest)
      held = most
      for (let y = 0; y < all; y++) {
        const row = inputRow(strip, y)
        const source = held === length ? row : spare
        if (source === spare)
          along(spare, 0, row, 0, (length - held) * pixel, 0, 0, wide * bytes, 1, bytes, largest)
        for (const run of own) {
          const to = y - run.row
          if (to < 0 || to >= rows) continue
          const [sum, from] = [outputRow(strip, to), plus(source, run.left * pixel)]
          if (isBegun[to]) along(sum, 0, sum, 0, from - sum, 0, 0, n * bytes, 1, bytes, largest)
          else wasm.copyBytes(sum, from, n * bytes)
          isBegun[to] = 1
        }
      }
    }
  }

  function medians(strip: Strip): void {
    const { at, rows, bytes, out, outPitch } = strip
    const [from, work] = [inputRow(strip, 0), plus(scratch, at.columns)]
    wasm.median(out, outPitch, from, at.pitch, n * bytes, rows, width, step * bytes, bytes, work)
  }

  function few(strip: Strip): void {
    const table = plus(scratch, strip.at.table)
    let t = table / 4
    for (const { row, left, count: many } of runs) {
      for (let i = 0; i < many; i++) words[t++] = row * strip.at.pitch + (left + i) * step
    }
    for (let y = 0; y < strip.rows; y++)
      wasm.rankFew(outputRow(strip, y), inputRow(strip, y), n, table, count, index)
  }

  function byColumns(strip: Strip): void {
    const [columns, work] = [plus(scratch, strip.at.columns), plus(scratch, strip.at.work)]
    const tile = Math.floor(tileSamples / step) * step
    for (let x = 0; x < n; x += tile) {
      const own = Math.min(tile, n - x)
      const seen = own + (width - 1) * step
      words.fill(0, columns / 4, (columns + seen * columnBytes) / 4)
      for (let y = 0; y < height - 1; y++) wasm.countColumns(columns, plus(inputRow(strip, y), x), seen, 1)
      for (let y = 0; y < strip.rows; y++) {
        wasm.countColumns(columns, plus(inputRow(strip, y + height - 1), x), seen, 1)
        for (let c = 0; c < step; c++) {
          const [to, from] = [plus(outputRow(strip, y), x + c), plus(columns, c * columnBytes)]
          wasm.rankColumns(to, from, own / step, step, width, index, work)
        }
        wasm.countColumns(columns, plus(inputRow(strip, y), x), seen, -1)
      }
    }
  }

  /** The runs for loops that go along a row: where their first sample is, where the one behind their last, and how many they are. */
  function putRuns(table: Address, pitch: number, bytes: number): void {
    runs.forEach(({ row, left, count: many }, i) => {
      const first = row * pitch + left * bytes * step
      words.set([first, first + many * bytes * step, many], table / 4 + i * 3)
    })
  }

  function byRuns(strip: Strip): void {
    const [table, counts] = [plus(scratch, strip.at.table), plus(scratch, strip.at.work)]
    putRuns(table, strip.at.pitch, 1)
    words.fill(0, counts / 4, counts / 4 + 256)
    for (let y = 0; y < strip.rows; y++) {
      for (let c = 0; c < step; c++) {
        const [to, from] = [plus(outputRow(strip, y), c), plus(inputRow(strip, y), c)]
        wasm.rankBytes(to, from, n / step, step, table, runs.length, index, counts)
      }
    }
  }

  /** Of keys. */
  function byRanks(strip: Strip): void {
    const { at } = strip
    const all = height + strip.rows - 1
    const tile = rankedColumns(n, element, all)
    const [pairs, ranks, sorted] = [
      plus(scratch, at.pairs),
      plus(scratch, at.ranks),
      plus(scratch, at.sorted),
    ]
    const [table, bits, blocks] = [plus(scratch, at.table), plus(scratch, at.bits), plus(scratch, at.blocks)]
    words.fill(0, bits / 4, (bits + (at.bytes - at.bits)) / 4)
    for (let x = 0; x < n; x += tile) {
      const own = Math.min(tile, n - x)
      const seen = own + width - 1
      for (let y = 0; y < all; y++)
        wasm.pairRow(plus(pairs, y * seen * 8), plus(inputRow(strip, y), x * 4), seen, y * seen)
      wasm.sortPairs(pairs, plus(scratch, at.other), all * seen, plus(scratch, at.work))
      wasm.spreadPairs(pairs, all * seen, ranks, sorted)
      putRuns(table, seen * 4, 4)
      for (let y = 0; y < strip.rows; y++) {
        const to = plus(outputRow(strip, y), x * 4)
        wasm.rankRuns(to, plus(ranks, y * seen * 4), own, table, runs.length, index, bits, blocks, sorted)
      }
    }
  }

  const ways: Readonly<Record<RankWay, (strip: Strip) => void>> = {
    extremes,
    comparisons: medians,
    bits: few,
    columns: byColumns,
    rows: byRuns,
    sorted: byRanks,
  }

  return {
    wide,
    inputRow,
    outputRow,
    /** What does not count, whole and as the keys of the infinities. */
    neutral: isSmallest ? { 1: 255, 2: 65_535, 4: 0x7f800000 } : { 1: 0, 2: 0, 4: ~0x7f800000 },
    layOut: (rows: number, bytes: SampleBytes) => layOut(lines, rows, bytes),
    /** The rows of the output from those of the input. */
    run: (strip: Strip) => ways[rankWay(lines, strip.bytes)](strip),
  }
}

/** Rows of a rank filter over planes. */
export function prepareRanked(
  [channels, outHeight, n]: Shape,
  ranked: Ranked,
  wasm: WasmExports,
  memory: WebAssembly.Memory,
  scratch: Address,
): (to: PlacedRows, from: PlacedRows, rows: Span) => void {
  const { element, index, ignored } = ranked
  const ways = prepareWays({ element, index, n, step: 1 }, wasm, memory, scratch)
  const { wide, neutral, inputRow } = ways
  const { top, bottom, left, right } = ignored ?? { top: 0, bottom: 0, left: 0, right: 0 }
  const inHeight = outHeight + element.height - 1
  const inside = wide - left - right
  const words = new Int32Array(memory.buffer)
  const octets = new Uint8Array(memory.buffer)
  const counts = (y: number) => y >= top && y < inHeight - bottom

  /** The rows of the input as bytes; false where they are none. */
  function putBytes(strip: Strip, from: PlacedRows, c: number, first: number): boolean {
    for (let y = 0; y < strip.rows + element.height - 1; y++) {
      const row = inputRow(strip, y)
      octets.fill(neutral[1], row, row + wide)
      if (!counts(first + y)) continue
      if (wasm.packU8(plus(row, left), plus(rowAt(from, c, first + y), left * 4), inside) === 0) return false
    }
    return true
  }

  function putKeys(strip: Strip, from: PlacedRows, c: number, first: number): void {
    for (let y = 0; y < strip.rows + element.height - 1; y++) {
      const row = inputRow(strip, y)
      const at = row / 4
      if (counts(first + y)) wasm.toKeys(row, rowAt(from, c, first + y), wide)
      else words.fill(neutral[4], at, at + wide)
      words.fill(neutral[4], at, at + left)
      words.fill(neutral[4], at + left + inside, at + wide)
    }
  }

  return (to, from, [first, end]) => {
    const rows = end - first
    const at = ways.layOut(rows + element.height - 1, 4)
    const common = { at, rows, out: plus(scratch, at.output), outPitch: at.pitch }
    for (let c = 0; c < channels; c++) {
      let strip: Strip = { ...common, bytes: 1 }
      if (!isHeld(ranked) || !putBytes(strip, from, c, first)) {
        strip = { ...common, bytes: 4 }
        putKeys(strip, from, c, first)
      }
      ways.run(strip)
      for (let y = first; y < end; y++) {
        const row = ways.outputRow(strip, y - first)
        if (strip.bytes === 1) wasm.convertU8(rowAt(to, c, y), row, n)
        else wasm.fromKeys(rowAt(to, c, y), row, n)
      }
    }
  }
}

/** Windows over whole samples. */
type WindowWork = { readonly windows: Windows; readonly bytes: 1 | 2 }

const linesOf = (n: number, { ranked: { element, index }, step }: Windows): Lines => ({
  element,
  index,
  n,
  step,
})

/** The same over whole samples, pixels side by side, their frame put around them on the way; rows of such samples come out. */
export function prepareWindows(
  [, , n]: Shape,
  { windows, bytes }: WindowWork,
  wasm: WasmExports,
  memory: WebAssembly.Memory,
  scratch: Address,
): (to: PlacedRows, from: PlacedRows, rows: Span) => void {
  const { ranked, margins, border, fill, step, height } = windows
  const { element, ignored } = ranked
  const ways = prepareWays(linesOf(n, windows), wasm, memory, scratch)
  const samples = viewOf(memory, bytes)
  const { wide, inputRow } = ways
  const { source } = borders[border]
  const width = wide / step - margins.left - margins.right
  const outside = ignored === undefined ? fill : ways.neutral[bytes]

  /** Columns `first` to `end` − 1 of a row that are beside the picture. */
  function putSide(row: number, from: number, first: number, end: number): void {
    for (let x = first; x < end; x++) {
      const column = ignored === undefined ? source(x - margins.left, width) : -1
      for (let c = 0; c < step; c++)
        samples[row + x * step + c] = column < 0 ? outside : samples[from + column * step + c]!
    }
  }

  return (to, from, [first, end]) => {
    const at = ways.layOut(end - first + element.height - 1, bytes)
    const out = rowAt(to, 0, first)
    const strip: Strip = { at, rows: end - first, bytes, out, outPitch: to.pitch }
    for (let i = 0; i < end - first + element.height - 1; i++) {
      const row = inputRow(strip, i)
      const y = first + i - margins.top
      const place = ignored === undefined || (y >= 0 && y < height) ? source(y, height) : -1
      if (place < 0) {
        samples.fill(outside, row / bytes, row / bytes + wide)
        continue
      }
      const there = rowAt(from, 0, place)
      wasm.copyBytes(plus(row, margins.left * step * bytes), there, width * step * bytes)
      putSide(row / bytes, there / bytes, 0, margins.left)
      putSide(row / bytes, there / bytes, margins.left + width, wide / step)
    }
    ways.run(strip)
  }
}

import type { Shape } from '../definition/layers.ts'
import { type Element, type Ranked, sizeOfElement } from '../definition/windows.ts'
import { type Address, plus } from '../graph/address.ts'
import { pitchOf } from '../graph/schedule.ts'
import type { Span } from '../graph/spans.ts'
import type { WasmExports } from './engine.ts'
import { type PlacedRows, rowAt } from './placed-rows.ts'

/** Windows of up to this many bytes are searched bit by bit, larger squares by histograms: where the two take as long. */
const fewSamples = 80
/** Columns whose histograms stay in a second-level cache. */
const tileColumns = 256
/** What is counted in 16 bits. */
const mostCounted = 65_535
/** Samples that are sorted at once, as far as windows are not wider. */
const sortedSamples = 2 ** 18

const columnBytes = 544

/** Whether the window is a rectangle. */
const isFull = (element: Element): boolean => sizeOfElement(element) === element.height * element.width

/** Columns of a tile of the way by ranks. */
const rankedColumns = (width: number, { width: wide }: Element, rows: number): number =>
  Math.min(width, Math.max(wide, Math.floor(sortedSamples / rows) - wide + 1))

/** Where everything is in the scratch memory, for `rows` rows of the input. */
function layOut([, , width]: Shape, { element }: Ranked, rows: number) {
  let top = 0
  const room = (bytes: number): number => {
    top += Math.ceil(bytes / 64) * 64 + 64
    return top - Math.ceil(bytes / 64) * 64 - 64
  }
  const pitch = pitchOf(width + element.width - 1)
  const columns = rankedColumns(width, element, rows) + element.width - 1
  const sorted = rows * columns
  return {
    pitch,
    input: room(rows * pitch),
    output: room(Math.max(1, rows - element.height + 1) * pitch),
    row: room(pitch),
    table: room(Math.max(sizeOfElement(element) * 4, element.runs.length * 12)),
    columns: room((tileColumns + element.width) * columnBytes),
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
export const rankedBytes = (shape: Shape, ranked: Ranked, rows: number): number =>
  layOut(shape, ranked, rows).bytes

/** Samples as the loops take them: bytes where all of a strip are whole and 0..255, else keys that order as they do. */
type Form = {
  readonly bytes: 1 | 4
  extreme(dst: Address, a: Address, b: Address, n: number, largest: number): void
}

/**
 * Rows of a rank filter. The ways give the same samples, so that whichever suits the samples of a strip may be taken. The smallest
 * and largest: runs of 1, 2, 4, … samples along rows by doubling, then over rows. Others of bytes: bit by bit, or for large
 * rectangles by histograms of columns; of other samples and windows: sorted once, then by sets of ranks.
 */
export function prepareRanked(
  shape: Shape,
  ranked: Ranked,
  wasm: WasmExports,
  memory: WebAssembly.Memory,
  scratch: Address,
): (to: PlacedRows, from: PlacedRows, rows: Span) => void {
  const { element, index, ignored } = ranked
  const [channels, outHeight, n] = shape
  const { height, width, runs } = element
  const count = sizeOfElement(element)
  const [isSmallest, isLargest] = [index === 0, index === count - 1]
  const wide = n + width - 1
  const words = new Int32Array(memory.buffer)
  const forms = {
    bytes: { bytes: 1, extreme: wasm.extremeU8 },
    keys: { bytes: 4, extreme: wasm.extremeI32 },
  } as const
  const { top, bottom, left, right } = ignored ?? { top: 0, bottom: 0, left: 0, right: 0 }
  const inHeight = outHeight + height - 1
  const inside = wide - left - right
  const isExtreme = isSmallest || isLargest
  const isCounted = isFull(element) && count <= mostCounted
  // In bytes what does not count is as good as the largest or smallest, if every window holds something that does.
  const isHeld = runs.some((run) => run.row === top && run.left <= left && left < run.left + run.count)
  const mayPack = ignored === undefined || isHeld
  const octets = new Uint8Array(memory.buffer)

  type Strip = { readonly at: ReturnType<typeof layOut>; readonly rows: number; readonly form: Form }
  const inputRow = ({ at }: Strip, y: number) => plus(scratch, at.input + y * at.pitch)
  const outputRow = ({ at }: Strip, y: number) => plus(scratch, at.output + y * at.pitch)

  function extremes(strip: Strip): void {
    const { bytes, extreme } = strip.form
    const largest = isLargest && !isSmallest ? 1 : 0
    const doubled = (row: Address, held: number, to: number, dst = row) =>
      extreme(dst, row, plus(row, (to - held) * bytes), wide, largest)
    const all = height + strip.rows - 1
    let held = 1
    const widen = (to: number) => {
      for (; held * 2 <= to; held *= 2) {
        for (let y = 0; y < all; y++) doubled(inputRow(strip, y), held, held * 2)
      }
    }
    if (isFull(element)) {
      widen(width)
      if (held < width) for (let y = 0; y < all; y++) doubled(inputRow(strip, y), held, width)
      let high = 1
      const down = (by: number, last: number) => {
        for (let y = 0; y < last; y++)
          extreme(inputRow(strip, y), inputRow(strip, y), inputRow(strip, y + by), n, largest)
      }
      for (; high * 2 <= height; high *= 2) down(high, all - 2 * high + 1)
      if (high < height) down(height - high, strip.rows)
      for (let y = 0; y < strip.rows; y++) wasm.copyBytes(outputRow(strip, y), inputRow(strip, y), n * bytes)
      return
    }
    const lengths = [...new Set(runs.map((run) => run.count))].sort((a, b) => a - b)
    const isBegun = new Uint8Array(strip.rows)
    const row = plus(scratch, strip.at.row)
    for (const length of lengths) {
      widen(length)
      const own = runs.filter((run) => run.count === length)
      for (let y = 0; y < all; y++) {
        const source = held === length ? inputRow(strip, y) : row
        if (source === row) doubled(inputRow(strip, y), held, length, row)
        for (const run of own) {
          const to = y - run.row
          if (to < 0 || to >= strip.rows) continue
          const out = outputRow(strip, to)
          const from = plus(source, run.left * bytes)
          if (isBegun[to]) extreme(out, out, from, n, largest)
          else wasm.copyBytes(out, from, n * bytes)
          isBegun[to] = 1
        }
      }
    }
  }

  function few(strip: Strip): void {
    const table = plus(scratch, strip.at.table)
    let t = table / 4
    for (const { row, left, count: many } of runs) {
      for (let i = 0; i < many; i++) words[t++] = row * strip.at.pitch + left + i
    }
    for (let y = 0; y < strip.rows; y++)
      wasm.rankFew(outputRow(strip, y), inputRow(strip, y), n, table, count, index)
  }

  function byColumns(strip: Strip): void {
    const [columns, work] = [plus(scratch, strip.at.columns), plus(scratch, strip.at.work)]
    for (let x = 0; x < n; x += tileColumns) {
      const own = Math.min(tileColumns, n - x)
      const seen = own + width - 1
      words.fill(0, columns / 4, (columns + seen * columnBytes) / 4)
      for (let y = 0; y < height - 1; y++) wasm.countColumns(columns, plus(inputRow(strip, y), x), seen, 1)
      for (let y = 0; y < strip.rows; y++) {
        wasm.countColumns(columns, plus(inputRow(strip, y + height - 1), x), seen, 1)
        wasm.rankColumns(plus(outputRow(strip, y), x), columns, own, width, index, work)
        wasm.countColumns(columns, plus(inputRow(strip, y), x), seen, -1)
      }
    }
  }

  /** The runs for loops that go along a row: where their first sample is, where the one behind their last, and how many they are. */
  function putRuns(table: Address, pitch: number, bytes: number): void {
    runs.forEach(({ row, left, count: many }, i) => {
      const first = row * pitch + left * bytes
      words.set([first, first + many * bytes, many], table / 4 + i * 3)
    })
  }

  function byRuns(strip: Strip): void {
    const [table, counts] = [plus(scratch, strip.at.table), plus(scratch, strip.at.work)]
    putRuns(table, strip.at.pitch, 1)
    words.fill(0, counts / 4, counts / 4 + 256)
    for (let y = 0; y < strip.rows; y++)
      wasm.rankBytes(outputRow(strip, y), inputRow(strip, y), n, table, runs.length, index, counts)
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

  /** The rows of the input as bytes; false where they are none. */
  function bytesOf(strip: Strip, from: PlacedRows, c: number, first: number): boolean {
    const neutral = isSmallest ? 255 : 0
    for (let y = 0; y < strip.rows + height - 1; y++) {
      const row = inputRow(strip, y)
      if (first + y < top || first + y >= inHeight - bottom) {
        octets.fill(neutral, row, row + wide)
        continue
      }
      if (wasm.packU8(plus(row, left), plus(rowAt(from, c, first + y), left * 4), inside) === 0) return false
      octets.fill(neutral, row, row + left)
      octets.fill(neutral, row + left + inside, row + wide)
    }
    return true
  }

  function keysOf(given: Strip, from: PlacedRows, c: number, first: number): Strip {
    const strip = { ...given, form: forms.keys }
    // the keys of the infinities
    const neutral = isSmallest ? 0x7f800000 : ~0x7f800000
    for (let y = 0; y < strip.rows + height - 1; y++) {
      const row = inputRow(strip, y)
      const at = row / 4
      if (first + y < top || first + y >= inHeight - bottom) {
        words.fill(neutral, at, at + wide)
        continue
      }
      wasm.toKeys(row, rowAt(from, c, first + y), wide)
      words.fill(neutral, at, at + left)
      words.fill(neutral, at + left + inside, at + wide)
    }
    return strip
  }

  return (to, from, [first, end]) => {
    const all = end - first + height - 1
    const at = layOut(shape, ranked, all)
    for (let c = 0; c < channels; c++) {
      const strip: Strip = { at, rows: end - first, form: forms.bytes }
      const done = mayPack && bytesOf(strip, from, c, first) ? strip : keysOf(strip, from, c, first)
      if (isExtreme) extremes(done)
      else if (done.form === forms.keys) byRanks(done)
      else if (count <= fewSamples) few(done)
      else if (isCounted) byColumns(done)
      else byRuns(done)
      for (let y = first; y < end; y++) {
        const row = outputRow(done, y - first)
        if (done.form === forms.bytes) wasm.convertU8(rowAt(to, c, y), row, n)
        else wasm.fromKeys(rowAt(to, c, y), row, n)
      }
    }
  }
}

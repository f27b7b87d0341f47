import type { Shape } from '../definition/layers.ts'
import { isFull, type Ranked, type RankWay, rankWay, sizeOfElement } from '../definition/windows.ts'
import { type Address, plus } from '../graph/address.ts'
import type { Span } from '../graph/spans.ts'
import { isHeld, type Windows } from '../graph/windows.ts'
import { borders } from '../tensor/border.ts'
import { viewOf, type WasmExports } from './engine.ts'
import { type Compute, type PlacedRows, rowAt, withPauses } from './placed-rows.ts'
import { bytesOf, columnBytesOf, type Lines, layOut, type SampleBytes, tileOf } from './ranked-tiles.ts'

/** Returns the bytes of scratch memory for a rank filter over `rows` rows of the input, as bytes or keys. */
export function rankedBytes([, , n]: Shape, { element, index }: Ranked, rows: number): number {
  const lines = { element, index, n, step: 1 }
  const own = Math.max(1, rows - element.height + 1)
  return Math.max(bytesOf(lines, own, 1), bytesOf(lines, own, 4))
}

/** The bytes of scratch memory for windows over whole samples, for any strip of `rows` rows. */
export const windowBytes = ([, , n]: Shape, { windows, bytes }: WindowWork, rows: number): number =>
  bytesOf(linesOf(n, windows), rows, bytes)

/**
 * A tile of the input in the scratch memory, `n` samples wide without its sides, and the address of its output, whose
 * rows are `outPitch` apart.
 */
type Strip = {
  readonly at: ReturnType<typeof layOut>
  readonly n: number
  readonly rows: number
  readonly bytes: SampleBytes
  readonly out: Address
  readonly outPitch: number
}

/** The bytes from a run of samples to those that it is joined with. */
type Step = readonly [number, number, number]

/**
 * Returns the steps that lengthen a run of samples, of which `held` are joined, to `length`. Each step joins up to four
 * runs into one.
 */
function widening(held: number, length: number, pixel: number): Step[] {
  if (held >= length) return []
  const to = Math.min(length, held * 4)
  const rest = (to - held) * pixel
  const [one, two] = [held * pixel, 2 * held * pixel]
  const long: Step = to <= 3 * held ? [one, rest, rest] : [one, two, rest]
  return [to <= 2 * held ? [rest, 0, 0] : long, ...widening(to, length, pixel)]
}

/**
 * Prepares the ways to compute ranks. They all give the same samples, so the one that suits the samples of a strip may
 * be used.
 *
 * - Smallest and largest: down the rows, halves of windows share their common part; along a row, four runs of 1, 4, 16,
 *   … samples become one.
 * - Medians of 3 x 3 and 5 x 5: comparisons alone.
 * - Other ranks of bytes: bit by bit, or for large rectangles, by histograms of columns or along each row.
 * - Other ranks of other samples: sorted once, then by sets of ranks.
 */
function prepareWays(lines: Lines, wasm: WasmExports, scratch: Address) {
  const { element, index, step } = lines
  const { height, width, runs } = element
  const count = sizeOfElement(element)
  const [isSmallest, isLargest] = [index === 0, index === count - 1]
  const side = (width - 1) * step
  const words = new Int32Array(wasm.memory.buffer)

  const inputRow = ({ at }: Strip, y: number) => plus(scratch, at.input + y * at.pitch)
  const outputRow = ({ out, outPitch }: Strip, y: number) => plus(out, y * outPitch)
  const largest = isLargest && !isSmallest

  function extremes(strip: Strip): void {
    const { n, rows, out, outPitch, at, bytes } = strip
    const [wide, own, pixel] = [(n + side) * bytes, n * bytes, step * bytes]
    const [input, pitch] = [inputRow(strip, 0), at.pitch]

    /** Writes steps for `along`, and returns how many there are. */
    const put = (table: Address, steps: readonly Step[]): number => {
      words.set(steps.flat(), table / 4)
      return steps.length
    }
    function along(
      [table, steps]: readonly [Address, number],
      [to, toPitch]: readonly [Address, number],
      from: Address,
      many: number,
      count: number,
    ): void {
      wasm.extremeAlong(to, toPitch, from, pitch, table, steps, wide, many, count, bytes, largest)
    }

    const [table, single] = [plus(scratch, at.table), plus(scratch, at.table + 128)]
    if (isFull(element)) {
      const steps = put(table, widening(1, width, pixel))
      const [to, toPitch] = steps === 0 ? [out, outPitch] : [input, pitch]
      wasm.extremeDown(to, toPitch, input, pitch, wide, rows, height, bytes, largest)
      if (steps > 0) along([table, steps], [out, outPitch], input, own, rows)
      return
    }
    const all = height + rows - 1
    let held = 1
    const lengths = [...new Set(runs.map((run) => run.count))].sort((a, b) => a - b)
    const isBegun = new Uint8Array(rows)
    const spare = plus(scratch, at.row)
    put(single, [[0, 0, 0]])
    for (const length of lengths) {
      const ofLength = runs.filter((run) => run.count === length)
      // as long as a run may grow in place
      const most = 2 ** Math.floor(Math.log2(length))
      const steps = put(table, widening(held, most, pixel))
      if (steps > 0) along([table, steps], [input, pitch], input, wide, all)
      held = most
      const rest = put(table, widening(held, length, pixel))
      for (let y = 0; y < all; y++) {
        const row = inputRow(strip, y)
        if (rest > 0) along([table, rest], [spare, 0], row, wide, 1)
        for (const run of ofLength) {
          const to = y - run.row
          if (to < 0 || to >= rows) continue
          const [sum, from] = [outputRow(strip, to), plus(rest > 0 ? spare : row, run.left * pixel)]
          words[single / 4] = from - sum
          if (isBegun[to]) along([single, 1], [sum, 0], sum, own, 1)
          else wasm.copyBytes(sum, from, own)
          isBegun[to] = 1
        }
      }
    }
  }

  function medians(strip: Strip): void {
    const { at, n, rows, bytes, out, outPitch } = strip
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
      wasm.rankFew(outputRow(strip, y), inputRow(strip, y), strip.n, table, count, index)
  }

  function byColumns(strip: Strip): void {
    const { at, n, rows } = strip
    const [columns, work] = [plus(scratch, at.columns), plus(scratch, at.work)]
    const columnBytes = columnBytesOf(element)
    const bytes = columnBytes / 272
    wasm.startColumns(columns, inputRow(strip, 0), at.pitch, n + side, height, bytes)
    for (let y = 0; y < rows; y++) {
      if (y > 0) {
        const [come, gone] = [inputRow(strip, y + height - 1), inputRow(strip, y - 1)]
        wasm.slideColumns(columns, come, gone, n + side, bytes)
      }
      for (let c = 0; c < step; c++) {
        const [to, from] = [plus(outputRow(strip, y), c), plus(columns, c * columnBytes)]
        wasm.rankColumns(to, from, n / step, step, width, index, bytes, work)
      }
    }
  }

  /**
   * Writes the runs for loops that go along a row: the offset of the first sample, the offset after the last, and the
   * count.
   */
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
        wasm.rankBytes(to, from, strip.n / step, step, table, runs.length, index, counts)
      }
    }
  }

  /** Computes ranks of keys. */
  function byRanks(strip: Strip): void {
    const { at, n, rows } = strip
    const all = height + rows - 1
    const seen = n + side
    const [pairs, ranks, sorted] = [
      plus(scratch, at.pairs),
      plus(scratch, at.ranks),
      plus(scratch, at.sorted),
    ]
    const [table, bits, blocks] = [plus(scratch, at.table), plus(scratch, at.bits), plus(scratch, at.blocks)]
    words.fill(0, bits / 4, (bits + (at.bytes - at.bits)) / 4)
    for (let y = 0; y < all; y++) wasm.pairRow(plus(pairs, y * seen * 8), inputRow(strip, y), seen, y * seen)
    wasm.sortPairs(pairs, plus(scratch, at.other), all * seen, plus(scratch, at.work))
    wasm.spreadPairs(pairs, all * seen, ranks, sorted)
    putRuns(table, seen * 4, 4)
    for (let y = 0; y < rows; y++) {
      const from = plus(ranks, y * seen * 4)
      wasm.rankRuns(outputRow(strip, y), from, n, table, runs.length, index, bits, blocks, sorted)
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
    inputRow,
    outputRow,
    /** The samples that do not count: whole samples, and the keys of the infinities. */
    neutral: isSmallest ? { 1: 255, 2: 65_535, 4: 0x7f800000 } : { 1: 0, 2: 0, 4: ~0x7f800000 },
    /** Yields the tiles of rows. Each fits in the scratch memory. */
    *tiles([first, end]: Span, bytes: SampleBytes) {
      const { n } = lines
      const { columns, rows } = tileOf(lines, end - first, bytes)
      const at = layOut(lines, { columns, rows }, bytes)
      for (let y = first; y < end; y += rows) {
        for (let x = 0; x < n; x += columns)
          yield { at, x, y, n: Math.min(columns, n - x), rows: Math.min(rows, end - y), bytes }
      }
    },
    /** Computes the output of a tile from its input. */
    run: (strip: Strip) => ways[rankWay(lines, strip.bytes)](strip),
  }
}

/** Prepares a rank filter over planes. */
export function prepareRanked(
  [channels, outHeight, n]: Shape,
  ranked: Ranked,
  wasm: WasmExports,
  scratch: Address,
): Compute {
  const { element, index, ignored } = ranked
  const ways = prepareWays({ element, index, n, step: 1 }, wasm, scratch)
  const { neutral, inputRow } = ways
  const { top, bottom, left, right } = ignored ?? { top: 0, bottom: 0, left: 0, right: 0 }
  const inHeight = outHeight + element.height - 1
  const inWidth = n + element.width - 1
  const words = new Int32Array(wasm.memory.buffer)
  const octets = new Uint8Array(wasm.memory.buffer)

  /**
   * Puts the input of a tile into the scratch memory, as bytes or as keys. Returns false if samples do not fit in
   * bytes.
   */
  function put(strip: Strip, from: PlacedRows, c: number, x: number, y: number): boolean {
    const { bytes } = strip
    const wide = strip.n + element.width - 1
    // the range of these columns that counts
    const [begin, end] = [Math.max(0, left - x), Math.min(wide, inWidth - right - x)]
    const [all, none] = bytes === 1 ? [octets, neutral[1]] : [words, neutral[4]]
    for (let i = 0; i < strip.rows + element.height - 1; i++) {
      const row = inputRow(strip, i)
      const at = row / bytes
      const [count, many] = [y + i >= top && y + i < inHeight - bottom, end - begin]
      if (!count || many <= 0) {
        all.fill(none, at, at + wide)
        continue
      }
      const [to, there] = [plus(row, begin * bytes), plus(rowAt(from, c, y + i), (x + begin) * 4)]
      if (bytes === 1 && wasm.packU8(to, there, many) === 0) return false
      if (bytes === 4) wasm.toKeys(to, there, many)
      all.fill(none, at, at + begin)
      all.fill(none, at + end, at + wide)
    }
    return true
  }

  /** Computes a channel, with a pause after each tile. Returns false if samples do not fit in bytes. */
  function* ranks(
    to: PlacedRows,
    from: PlacedRows,
    c: number,
    rows: Span,
    bytes: 1 | 4,
  ): Generator<undefined, boolean> {
    for (const { x, y, ...tile } of ways.tiles(rows, bytes)) {
      const strip: Strip = { ...tile, out: plus(scratch, tile.at.output), outPitch: tile.at.pitch }
      if (!put(strip, from, c, x, y)) return false
      ways.run(strip)
      for (let i = 0; i < strip.rows; i++) {
        const [row, there] = [ways.outputRow(strip, i), plus(rowAt(to, c, y + i), x * 4)]
        if (bytes === 1) wasm.convertU8(there, row, strip.n)
        else wasm.fromKeys(there, row, strip.n)
      }
      yield
    }
    return true
  }

  return withPauses(function* (to, [from], rows) {
    for (let c = 0; c < channels; c++) {
      const isDone = isHeld(ranked) && (yield* ranks(to, from!, c, rows, 1))
      if (!isDone) yield* ranks(to, from!, c, rows, 4)
    }
  })
}

/** Windows over whole samples. */
type WindowWork = { readonly windows: Windows; readonly bytes: 1 | 2 }

const linesOf = (n: number, { ranked: { element, index }, step }: Windows): Lines => ({
  element,
  index,
  n,
  step,
})

/**
 * Prepares a rank filter over whole samples, with interleaved pixels. Their border is added while rows are copied. The
 * output rows have the same form.
 */
export function prepareWindows(
  [, , n]: Shape,
  { windows, bytes }: WindowWork,
  wasm: WasmExports,
  scratch: Address,
): Compute {
  const { ranked, margins, border, fill, step, height } = windows
  const { element, ignored } = ranked
  const ways = prepareWays(linesOf(n, windows), wasm, scratch)
  const [samples, words] = [viewOf(wasm.memory, bytes), new Int32Array(wasm.memory.buffer)]
  const { source } = borders[border]
  const width = n / step + element.width - 1 - margins.left - margins.right
  const outside = ignored === undefined ? fill : ways.neutral[bytes]
  const pixel = step * bytes

  return withPauses(function* (to, [from], rows) {
    for (const { x, y: first, ...tile } of ways.tiles(rows, bytes)) {
      const out = plus(rowAt(to, 0, first), x * bytes)
      const strip: Strip = { ...tile, out, outPitch: to.pitch }
      // the columns of the picture, and the range of them that is inside
      const begin = x / step - margins.left
      const end = begin + strip.n / step + element.width - 1
      const [left, right] = [Math.min(end, Math.max(begin, 0)), Math.max(begin, Math.min(end, width))]
      const beyond = Math.max(left, right)
      const [columns, filled] = [plus(scratch, tile.at.sides), plus(scratch, tile.at.pixel)]
      for (let i = begin; i < end; i++)
        words[columns / 4 + i - begin] = ignored === undefined ? source(i, width) : -1
      samples.fill(outside, filled / bytes, filled / bytes + step)
      for (let i = 0; i < strip.rows + element.height - 1; i++) {
        const row = ways.inputRow(strip, i)
        const y = first + i - margins.top
        const place = ignored === undefined || (y >= 0 && y < height) ? source(y, height) : -1
        if (place < 0) {
          samples.fill(outside, row / bytes, row / bytes + (end - begin) * step)
          continue
        }
        const there = rowAt(from!, 0, place)
        if (right > left)
          wasm.copyBytes(plus(row, (left - begin) * pixel), plus(there, left * pixel), (right - left) * pixel)
        wasm.fillHalo(row, there, columns, left - begin, pixel, filled)
        const [side, table] = [plus(row, (beyond - begin) * pixel), plus(columns, (beyond - begin) * 4)]
        wasm.fillHalo(side, there, table, end - beyond, pixel, filled)
      }
      ways.run(strip)
      yield
    }
  })
}

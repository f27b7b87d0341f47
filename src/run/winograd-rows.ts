import { type BankTile, rowsOfTile } from '../conv/bank.ts'
import { tileSpan } from '../conv/bank-algorithm.ts'
import { tileArea, transformWeights } from '../definition/winograd.ts'
import { type Address, plus } from '../graph/address.ts'
import type { Bank } from '../graph/node.ts'
import { pitchOf } from '../graph/schedule.ts'
import { slotOf } from '../graph/spans.ts'
import { pause } from '../host/turns.ts'
import { borders } from '../tensor/border.ts'
import type { Arena } from './arena.ts'
import { consecutive, put, putInTurns } from './bank.ts'
import type { WasmExports } from './engine.ts'
import { type Compute, rowAt } from './placed-rows.ts'

/** A 3x3 or 5x5 bank that runs by Winograd's algorithm, with its tables in the shared memory. */
export type PlacedWinograd = {
  readonly algorithm: 'winograd'
  readonly plan: Omit<Bank['plan'], 'phases'> & { readonly tile: BankTile }
  /** The number of filters, rounded up to whole blocks. */
  readonly filters: number
  readonly weights: Address
  readonly bias: Address
  /** The tables of each phase. A phase is the output columns that are as far apart as the taps. */
  readonly phases: readonly {
    readonly tiles: number
    /** i32: the input column of each column of the tiles. */
    readonly columns: Address
    readonly copied: readonly [first: number, last: number]
  }[]
  readonly tilesAtOnce: number
}

/** The number of filters that one loop computes side by side. */
const block = 4
/** The number of tiles that one loop computes side by side. */
const lanes = 8
/** The bytes of transformed samples and sums that fit in a second-level cache. */
const cacheBytes = 640 * 1024

/** Lays out the tables of a bank. */
export async function placeWinograd(
  arena: Arena,
  { plan, weights, bias, order }: Bank,
): Promise<PlacedWinograd> {
  const { phases, tile, ...rest } = plan
  const { side } = tile!
  const [taps] = phases.map((phase) => phase.taps) as [(typeof phases)[number]['taps']]
  const { channelsPerGroup: channels, filtersPerGroup: count } = plan
  const filters = Math.ceil(count / block) * block
  const transformed = new Float32Array(tileArea * filters * channels)
  for (let first = 0; first < count; first += block) {
    await pause()
    for (let c = 0; c < channels; c++) {
      for (let f = first; f < Math.min(count, first + block); f++) {
        const at = first * channels + c * block + f - first
        const from = order.first + f * order.filter + c * order.channel
        transformWeights(
          side,
          (tap) => weights[from + taps[tap]!.weight]!,
          transformed,
          at,
          filters * channels,
        )
      }
    }
  }
  const [wide, step] = [plan.grid[2], tile!.apart[1]]
  const tilesOf = (phase: number) => Math.ceil((wide - phase) / (step * side))
  const tiles = tilesOf(0)
  const most = Math.max(1, Math.floor(cacheBytes / (tileArea * 4 * (channels + filters) * lanes))) * lanes
  const pieces = Math.ceil(tiles / most)
  const tilesAtOnce = Math.ceil(tiles / pieces / lanes) * lanes
  const { source } = borders[plan.border]
  const allBias = new Float32Array(filters)
  allBias.set(bias ?? [])
  return {
    algorithm: 'winograd',
    plan: { ...rest, tile: tile! },
    filters,
    weights: await putInTurns(arena, transformed),
    bias: put(arena, allBias),
    phases: Array.from({ length: step }, (_, phase) => {
      // whole vectors of tiles; columns that no tap reads count as outside
      const columns = Int32Array.from({ length: columnsOf(side, tilesOf(phase)) }, (_, i) => {
        const column = phase + i * step
        return column < wide + (tileSpan - side) * step
          ? source(column + plan.columns.first, plan.input[2])
          : -1
      })
      return { tiles: tilesOf(phase), columns: put(arena, columns), copied: consecutive(columns) }
    }),
    tilesAtOnce,
  }
}

/** The columns of whole vectors of tiles. */
const columnsOf = (side: number, tiles: number): number => Math.ceil(tiles / 4) * 4 * side + tileSpan - side

/**
 * Rounds up to an odd multiple of 64, as `pitchOf` does. Otherwise the numbers of a tile would share one set of the
 * cache.
 */
const spaced = (bytes: number): number => Math.ceil(bytes / 128) * 128 + 64

/** Lays out the scratch memory, in bytes. */
function layoutOf({ plan, filters, phases, tilesAtOnce: tiles }: PlacedWinograd) {
  const { side } = plan.tile
  const blockPitch = plan.channelsPerGroup * lanes * 4
  const samplesPitch = spaced((tiles / lanes) * blockPitch)
  const rowPitch = tiles * 4
  const sumsPitch = spaced(filters * rowPitch)
  const columnsPitch = pitchOf(columnsOf(side, tiles))
  const outPitch = tiles * side * 4
  const sizes = {
    rows: 64,
    vectors: tileSpan * side * 16,
    outside: pitchOf(plan.input[2]),
    columns: tileSpan * columnsPitch,
    samples: tileArea * samplesPitch,
    sums: tileArea * sumsPitch,
    out: phases.length > 1 ? filters * side * outPitch : 0,
  }
  let bytes = 0
  const at = Object.fromEntries(
    Object.entries(sizes).map(([name, size]) => {
      bytes += size
      return [name, bytes - size]
    }),
  ) as Record<keyof typeof sizes, number>
  return { at, bytes, blockPitch, samplesPitch, rowPitch, sumsPitch, columnsPitch, outPitch }
}

/** The bytes of scratch memory of a bank. */
export const winogradBytes = (bank: PlacedWinograd): number => layoutOf(bank).bytes

/** Computes rows of a bank's output from rows of its input. */
export function prepareWinograd(bank: PlacedWinograd, wasm: WasmExports, scratch: Address): Compute {
  const { plan, filters, phases, tilesAtOnce } = bank
  const { at, blockPitch, samplesPitch, rowPitch, sumsPitch, columnsPitch, outPitch } = layoutOf(bank)
  const { side } = plan.tile
  const [dy, dx] = plan.tile.apart
  const [, height, width] = plan.input
  const { channelsPerGroup: channels, filtersPerGroup: count, fill } = plan
  const { source } = borders[plan.border]
  const rowTable = plus(scratch, at.rows)
  const outside = plus(scratch, at.outside)
  const words = new Uint32Array(wasm.memory.buffer)
  return (to, [from], [first, end]) => {
    wasm.fillRow(outside, width, fill)
    const block = rowsOfTile(plan.tile)
    for (let y = Math.floor(first / block) * block; y < end; y += y % block < dy - 1 ? 1 : block - dy + 1) {
      const top = Math.max(0, Math.ceil((first - y) / dy))
      const bottom = Math.min(side, Math.ceil((end - y) / dy))
      if (top >= bottom) continue
      for (let i = 0; i < tileSpan; i++) {
        const isRead = y + i * dy < plan.grid[1] + (tileSpan - side) * dy
        const row = isRead ? source(y + i * dy + plan.rows.first, height) : -1
        const place = row < 0 ? outside : plus(from!.address, slotOf(from!.rows, row) * from!.pitch)
        words.set([place, row < 0 ? 0 : from!.plane], rowTable / 4 + 2 * i)
      }
      for (const [phase, { tiles, columns, copied }] of phases.entries()) {
        for (let tile = 0; tile < tiles; tile += tilesAtOnce) {
          const some = Math.min(tilesAtOnce, tiles - tile)
          const column = tile * side
          const inside = (k: number) => Math.max(0, Math.min(k - column, columnsOf(side, some)))
          wasm.winogradSamples(
            plus(scratch, at.samples),
            samplesPitch,
            blockPitch,
            rowTable,
            channels,
            plus(columns, column * 4),
            inside(copied[0]),
            inside(copied[1]),
            side,
            some,
            fill,
            plus(scratch, at.columns),
            columnsPitch,
          )
          wasm.winogradProducts(
            plus(scratch, at.sums),
            sumsPitch,
            rowPitch,
            plus(scratch, at.samples),
            samplesPitch,
            blockPitch,
            bank.weights,
            channels,
            filters,
            some,
          )
          // the address of row `top` of the tiles
          const place = plus(rowAt(to, 0, y + top * dy), (phase + column * dx) * 4)
          const isPlain = dx === 1
          wasm.winogradOutput(
            isPlain ? plus(place, -top * dy * to.pitch) : plus(scratch, at.out),
            isPlain ? to.plane : side * outPitch,
            isPlain ? dy * to.pitch : outPitch,
            side,
            plus(scratch, at.sums),
            sumsPitch,
            rowPitch,
            bank.bias,
            count,
            some,
            top,
            bottom,
            plus(scratch, at.vectors),
          )
          if (isPlain) continue
          const columnsLeft = Math.ceil((plan.grid[2] - phase) / dx) - column
          wasm.scatterRows(
            place,
            to.plane,
            dy * to.pitch,
            plus(scratch, at.out + top * outPitch),
            side * outPitch,
            outPitch,
            count,
            bottom - top,
            Math.min(some * side, columnsLeft),
            dx,
          )
        }
      }
    }
  }
}

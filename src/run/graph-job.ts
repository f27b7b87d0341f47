import { type BankPlan, columnSources, rowsOfTile } from '../conv/bank.ts'
import type { Address } from '../graph/address.ts'
import { type Bank, ofSlice, type WorkOf } from '../graph/node.ts'
import { type Listed, pitchOf } from '../graph/schedule.ts'
import type { Span } from '../graph/spans.ts'
import type { Tone } from '../graph/tone.ts'
import { inTurns, pieceOf } from '../host/turns.ts'
import type { Label, SheetLayout } from '../image/sheet.ts'
import type { Arena } from './arena.ts'
import { block, consecutive, orderWeights, phasesAcross, put, putInTurns } from './bank.ts'
import { blendBytes } from './blend.ts'
import { softmaxBytes } from './layer-loops.ts'
import type { PictureShape, StencilJob } from './picture-job.ts'
import { isPooling, poolingBytes } from './pooling.ts'
import { rankedBytes, windowBytes } from './ranked.ts'
import { resamplingBytes } from './resample.ts'
import { isShaping, shapingBytes } from './shaping.ts'
import { similarityBytes } from './similarity.ts'
import { type PlacedWinograd, placeWinograd, winogradBytes } from './winograd-rows.ts'

/** A graph of steps over planes, computed strip by strip. It is all that a worker needs to compute any strip. */
export type GraphJob = {
  readonly scratchBytes: number
  readonly parts: number
  /** The number of rows that a part gives to the sink. */
  readonly stripRows: number
  /** The number of results of all parts together. A picture is packed a number of rows at a time. */
  readonly pieces: number
  /** The number of rows for the sink that are computed at a time, if a part is computed in passes. */
  readonly passRows?: number
  /** Whether a part may take too long for a thread that must stay responsive to compute it without a pause. */
  readonly isPaced: boolean
  /** The steps. A sheet has one list for each row of maps. */
  readonly lists: readonly StepList[]
  readonly source?: GraphSource | undefined
  readonly sink: GraphSink
  /** Byte offsets in the scratch memory, after the rows of the steps. */
  readonly layout: {
    readonly work: number
    /** Float rows of the picture, for conversion on input. */
    readonly floats: number
    /** Rows of a sheet. */
    readonly pixels: number
    readonly sink: number
  }
}

export type StepList = readonly Listed<PlacedWork>[]

/** Rows that the steps of one list compute. They go to the sink from its row `to`. */
export type Segment = { readonly list: number; readonly rows: Span; readonly to: number }

/** Returns what a part consists of: rows of the last step, or for a sheet, rows of one or more rows of maps. */
export function segmentsOf(sink: GraphSink, height: number, [first, end]: Span): Segment[] {
  if (sink.kind !== 'sheet') return [{ list: 0, rows: [first, Math.min(end, height)], to: first }]
  const [step] = sink.layout.step
  const segments: Segment[] = []
  for (let list = Math.floor(first / step); list * step < Math.min(end, sink.layout.height); list++) {
    const top = list * step
    const rows = [Math.max(0, first - top), Math.min(height, end - top)] as const
    if (rows[1] > rows[0]) segments.push({ list, rows, to: top + rows[0] })
  }
  return segments
}

/** The work of a step with everything in the shared memory; planes are an address. */
export type PlacedWork = WorkOf<PlacedBank, Address, StencilJob>

/** A picture in the shared memory, [y][x][channel], either whole or in slots that hold the rows of a few parts. */
export type PlacedPicture = PictureShape & {
  readonly address: Address
  /** The rows of part p are in slot p modulo `slots`. */
  readonly staged?: { readonly slots: number; readonly slotBytes: number }
}

/** The picture that the graph runs over. Its planes are gray or linear light if requested. */
export type GraphSource = {
  readonly picture: PlacedPicture
  readonly tone: Pick<Tone, 'gray' | 'table' | 'light'>
}

/**
 * Where the rows of the last step go: through the finish of a picture; onto a sheet of maps and through its finish;
 * unchanged to planes [C][H][W] or into an array, strip by strip; or nowhere, if only facts about the maps are
 * collected.
 */
export type GraphSink =
  | { readonly kind: 'picture'; readonly job: StencilJob }
  | {
      readonly kind: 'sheet'
      readonly job: StencilJob
      readonly layout: SheetLayout
      /** The number of channels of a map. */
      readonly depth: 1 | 3
      readonly labels: readonly Label[]
      readonly black: number
    }
  | { readonly kind: 'planes'; readonly target: Address }
  | { readonly kind: 'array' }
  | { readonly kind: 'facts' }
  /** `largest` has an entry for each map. The entries are equal if all maps are counted together. */
  | { readonly kind: 'magnitudes'; readonly largest: readonly number[] }

/** A bank with its tables laid out in the shared memory. */
export type PlacedBank = PlacedTaps | PlacedWinograd

/** A bank that sums up taps. */
export type PlacedTaps = {
  readonly algorithm: 'direct'
  readonly plan: Omit<BankPlan, 'phases'>
  readonly bias: Address
  /**
   * The number of columns that a 1x1 without stride and padding computes at a time (its rows may be joined), otherwise
   * 0.
   */
  readonly directColumns: number
  /** The number of grid rows that are gathered at once. */
  readonly blockRows: number
  readonly tileRows: number
  readonly tilePitch: number
  readonly columnTables: Address
  /** The number of columns that a tile has beyond those of its part of the grid. */
  readonly beside: number
  /** The number of parts of the width, which are computed one by one. */
  readonly pieces: number
  readonly copied: readonly [first: number, last: number]
  readonly phases: readonly {
    readonly slice: number
    readonly offset: number
    readonly column: number
    readonly rows: number
    readonly columns: number
    readonly taps: number
    readonly offsets: Address
    readonly weights: Address
  }[]
}

/** The number of output rows that a bank computes at a time. */
export const rowsAtOnce = (bank: PlacedBank): number =>
  bank.algorithm === 'winograd' ? rowsOfTile(bank.plan.tile) : bank.blockRows * bank.plan.outStep[1]

/** The number of bytes of a tile that fit in a second-level cache. */
const tileBytes = 384 * 1024
/**
 * The grid rows that a tile covers if they fit, and the columns below which a part is too narrow for its edges to pay
 * off.
 */
const fewRows = 4
const fewColumns = 32
/** The number of bytes of a tile of a 1x1 that fit in a first-level cache beside the weights. */
const directBytes = 24 * 1024

/** Lays out the tables of a bank, with pauses for the event loop, because those of a large network take long. */
export const placeBankRows = async (arena: Arena, bank: Bank): Promise<PlacedBank> =>
  bank.plan.algorithm === 'winograd' ? placeWinograd(arena, bank) : placeTaps(arena, bank)

async function placeTaps(arena: Arena, bank: Bank): Promise<PlacedTaps> {
  const { plan, bias } = bank
  const { phases, ...rest } = plan
  const xPhases = phasesAcross(plan)
  const wide = plan.grid[2]
  const depths = plan.depths.length
  /**
   * The columns of a tile beyond those of the grid. `pitch` is the bytes of a tile row under a number of grid columns.
   */
  const beside = Math.floor((plan.columns.span - 1) / plan.step[2])
  const pitch = (columns: number) => Math.ceil((columns + beside - 16) / 32) * 128 + 64
  const rowsUnder = (rows: number) => (rows - 1) * plan.step[1] + plan.rows.span
  const rowBytes = (columns: number) => plan.channelsPerGroup * depths * xPhases * pitch(columns)
  const few = Math.min(fewRows, plan.grid[1])
  let pieces = 1
  while (wide / pieces > 2 * fewColumns && rowsUnder(few) * rowBytes(wide / pieces) > tileBytes) pieces++
  const columnsAtOnce = pieces === 1 ? wide : Math.ceil(wide / pieces / 8 + 1) * 8
  const inTile = Math.floor((tileBytes / rowBytes(columnsAtOnce) - plan.rows.span) / plan.step[1]) + 1
  const blockRows = Math.max(1, Math.min(inTile, 64))
  const [depth, height, width] = plan.input
  const isDirect =
    phases.length === 1 &&
    depths === 1 &&
    plan.depths[0] === 0 &&
    plan.step[0] === 1 &&
    plan.grid[0] === depth &&
    plan.rows.span === 1 &&
    plan.columns.span === 1 &&
    plan.rows.first === 0 &&
    plan.columns.first === 0 &&
    plan.step[1] === 1 &&
    plan.step[2] === 1 &&
    plan.grid[1] === height &&
    plan.grid[2] === width
  const fitting = Math.max(32, Math.floor(directBytes / (4 * plan.channelsPerGroup) / 8) * 8)
  const directColumns = isDirect ? Math.min(fitting, height * width) : 0
  const tilePitch = isDirect ? directColumns * 4 : pitch(columnsAtOnce)
  const tileRows = isDirect ? 1 : rowsUnder(blockRows)
  const columnCount = wide + beside
  const placed: PlacedTaps['phases'][number][] = []
  for (const { offset, count, taps } of phases) {
    const offsets = new Uint32Array(taps.length * plan.channelsPerGroup)
    await inTurns(
      plan.channelsPerGroup,
      (first, end) => {
        for (let channel = first, t = first * taps.length; channel < end; channel++) {
          for (const tap of taps) {
            const plane = channel * depths + tap.plane
            const row = (plane * tileRows + tap.row) * xPhases + (tap.column % xPhases)
            offsets[t++] = row * tilePitch + Math.floor(tap.column / xPhases) * 4
          }
        }
      },
      Math.max(1, Math.floor(pieceOf / taps.length)),
    )
    const ordered = await orderWeights(
      bank,
      Int32Array.from(taps, ({ weight }) => weight),
    )
    placed.push({
      slice: offset[0],
      offset: offset[1],
      column: offset[2],
      rows: count[1],
      columns: count[2],
      taps: offsets.length,
      offsets: await putInTurns(arena, offsets),
      weights: await putInTurns(arena, ordered),
    })
  }
  const tables = Array.from({ length: xPhases }, (_, p) => columnSources(plan, p, columnCount))
  return {
    algorithm: 'direct',
    plan: rest,
    bias: put(arena, bias ?? new Float32Array(plan.groups * plan.filtersPerGroup)),
    directColumns,
    blockRows,
    tileRows,
    tilePitch,
    columnTables: put(
      arena,
      Uint32Array.from(tables, (table) => put(arena, table)),
    ),
    beside,
    pieces,
    copied: tables
      .map((table) => consecutive(table, plan.step[2]))
      .reduce(([a, b], [c, d]) => [Math.max(a, c), Math.max(a, c, Math.min(b, d))]),
    phases: placed,
  }
}

/** The bytes after a loop's last row that it may use. */
const slack = 128

/** The bytes of the table of a mixed vector, or of the parameters for rounding a row. */
const placesBytes = 64

/**
 * Returns the scratch memory in bytes that a step needs while it is computed, beside its rows. `rows` is the most rows
 * of its input at once, `own` the most rows of its output.
 */
export function workBytes(step: Listed<PlacedWork>, rows: number, own: number): number {
  const { work } = step
  const shape = ofSlice(step.shape, step.slices)
  switch (work.kind) {
    case 'windows':
      return windowBytes(shape, work, own)
    case 'mixed':
    case 'rounded':
      return placesBytes
    case 'bank': {
      if (work.bank.algorithm === 'winograd') return winogradBytes(work.bank)
      const { plan, tileRows, tilePitch, blockRows, phases } = work.bank
      const depths = plan.depths.length
      const tile = plan.channelsPerGroup * depths * tileRows * phasesAcross(plan) * tilePitch
      const offsets = phases.reduce((most, { taps }) => Math.max(most, taps), 0) * 4
      return tile + depths * tileRows * 4 + offsets + block * blockRows * pitchOf(plan.grid[2]) + 4 * slack
    }
    case 'filter':
      return work.filter.scratchBytes
    case 'similarity':
      return similarityBytes(shape, work.options, rows)
    case 'layer':
      if (work.name === 'resampledAcross' || work.name === 'resampledDown')
        return resamplingBytes(work.settings)
      if (work.name === 'blend') return blendBytes(shape)
      if (isPooling(work)) return poolingBytes(work)
      if (isShaping(work)) return shapingBytes(work, shape)
      if (work.name === 'softmax') return softmaxBytes(shape)
      return work.name === 'ranked' ? rankedBytes(shape, work.settings, rows) : 0
    default:
      return 0
  }
}

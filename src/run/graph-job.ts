import { apart, type BankPlan, columnSources } from '../conv/bank.ts'
import { tileSide } from '../conv/bank-algorithm.ts'
import type { Address } from '../graph/address.ts'
import { type Bank, ofSlice, type WorkOf } from '../graph/node.ts'
import { type Listed, pitchOf } from '../graph/schedule.ts'
import type { Span } from '../graph/spans.ts'
import type { Tone } from '../graph/tone.ts'
import type { Label, SheetLayout } from '../image/sheet.ts'
import type { Arena } from './arena.ts'
import { block, consecutive, orderWeights, phasesAcross, put } from './bank.ts'
import { blendBytes } from './blend.ts'
import { softmaxBytes } from './layer-loops.ts'
import type { PictureShape, StencilJob } from './picture-job.ts'
import { isPooling, poolingBytes } from './pooling.ts'
import { rankedBytes, windowBytes } from './ranked.ts'
import { resamplingBytes } from './resample.ts'
import { isShaping, shapingBytes } from './shaping.ts'
import { similarityBytes } from './similarity.ts'
import { type PlacedWinograd, placeWinograd, winogradBytes } from './winograd-rows.ts'

/** A graph of steps over planes, strip by strip: what a worker needs to compute any strip. */
export type GraphJob = {
  readonly scratchBytes: number
  readonly parts: number
  /** Rows of what goes to the sink in a part. */
  readonly stripRows: number
  /** Results of all parts together: of a picture they are packed some rows at a time. */
  readonly pieces: number
  /** Rows of what goes to the sink that are computed at a time, where a part is computed in passes. */
  readonly passRows?: number
  /** Whether a part may take longer than a thread that has others to answer works in one go. */
  readonly isPaced: boolean
  /** The steps; of a sheet for each row of maps those that make it. */
  readonly lists: readonly StepList[]
  readonly source?: GraphSource | undefined
  readonly sink: GraphSink
  /** Byte offsets in the scratch memory, behind the rows of the steps. */
  readonly layout: {
    readonly work: number
    /** Float rows of the picture on the way in. */
    readonly floats: number
    /** Rows of a sheet. */
    readonly pixels: number
    readonly sink: number
  }
}

export type StepList = readonly Listed<PlacedWork>[]

/** Steps of one list over some of its rows, which go to the sink from its row `to` on. */
export type Segment = { readonly list: number; readonly rows: Span; readonly to: number }

/** What a part consists of: rows of the last step, or of a sheet those of one or more rows of maps. */
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

/** Planes are an address in the shared memory. */
export type PlacedWork = WorkOf<PlacedBank, Address, StencilJob>

/** A picture in the shared memory, [y][x][channel], whole or in slots for the rows of a few parts. */
export type PlacedPicture = PictureShape & {
  readonly address: Address
  /** Part p finds its rows in slot p modulo slots. */
  readonly staged?: { readonly slots: number; readonly slotBytes: number }
}

/** The picture that the graph runs over; planes of it in gray or as linear light where asked for. */
export type GraphSource = {
  readonly picture: PlacedPicture
  readonly tone: Pick<Tone, 'gray' | 'table' | 'light'>
}

/**
 * Where the last step goes: through the finish of a picture; as maps on a sheet, and through that; as it is to planes
 * [C][H][W] or into an array, strip by strip; or nowhere, because facts about the maps are looked for.
 */
export type GraphSink =
  | { readonly kind: 'picture'; readonly job: StencilJob }
  | {
      readonly kind: 'sheet'
      readonly job: StencilJob
      readonly layout: SheetLayout
      /** Channels of a map. */
      readonly depth: 1 | 3
      readonly labels: readonly Label[]
      readonly black: number
    }
  | { readonly kind: 'planes'; readonly target: Address }
  | { readonly kind: 'array' }
  | { readonly kind: 'facts' }
  /** `largest` of each map; equal where they are counted together. */
  | { readonly kind: 'magnitudes'; readonly largest: readonly number[] }

/** A bank with its tables laid out in the shared memory. */
export type PlacedBank = PlacedTaps | PlacedWinograd

/** A bank that sums up taps. */
export type PlacedTaps = {
  readonly algorithm: 'direct'
  readonly plan: Omit<BankPlan, 'phases'>
  readonly bias: Address
  /** Columns at a time of a 1x1 without stride and padding, whose rows may be joined; else 0. */
  readonly directColumns: number
  /** Grid rows that are gathered at once. */
  readonly blockRows: number
  readonly tileRows: number
  readonly tilePitch: number
  readonly columnTables: Address
  /** Columns of a tile more than of the grid that it is under. */
  readonly beside: number
  /** Parts of the width, computed one by one. */
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

/** Output rows that a bank computes at a time. */
export const rowsAtOnce = (bank: PlacedBank): number =>
  bank.algorithm === 'winograd' ? tileSide * apart(bank.plan.rows) : bank.blockRows * bank.plan.outStep[1]

/** Bytes of a tile that stay in a second-level cache. */
const tileBytes = 384 * 1024
/** Rows of the grid that a tile is for, where they fit, and columns, as fewer are not worth their edges. */
const fewRows = 4
const fewColumns = 32
/** Bytes of a tile of a 1x1 that stay in a first-level cache, beside the weights. */
const directBytes = 24 * 1024

/** Lays out the tables of a bank. */
export const placeBankRows = (arena: Arena, bank: Bank): PlacedBank =>
  bank.plan.algorithm === 'winograd' ? placeWinograd(arena, bank) : placeTaps(arena, bank)

function placeTaps(arena: Arena, bank: Bank): PlacedTaps {
  const { plan, bias } = bank
  const { phases, ...rest } = plan
  const xPhases = phasesAcross(plan)
  const wide = plan.grid[2]
  const depths = plan.depths.length
  /** Columns of a tile under some of the grid, and bytes of a row of it. */
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
    phases: phases.map(({ offset, count, taps }) => {
      const offsets = new Uint32Array(taps.length * plan.channelsPerGroup)
      for (let channel = 0, t = 0; channel < plan.channelsPerGroup; channel++) {
        for (const tap of taps) {
          const plane = channel * depths + tap.plane
          const row = (plane * tileRows + tap.row) * xPhases + (tap.column % xPhases)
          offsets[t++] = row * tilePitch + Math.floor(tap.column / xPhases) * 4
        }
      }
      const ordered = orderWeights(
        bank,
        Int32Array.from(taps, ({ weight }) => weight),
      )
      return {
        slice: offset[0],
        offset: offset[1],
        column: offset[2],
        rows: count[1],
        columns: count[2],
        taps: offsets.length,
        offsets: put(arena, offsets),
        weights: put(arena, ordered),
      }
    }),
  }
}

/** Room behind a loop's last row. */
const slack = 128

/** The places of a mixed vector, or how a row is rounded. */
const placesBytes = 64

/** Scratch memory of a step while it is computed, beside its rows. `rows` is the most rows of its input at once, `own` of what it gives. */
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

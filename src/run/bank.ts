import { type BankPlan, type BankTap, columnSources, type WeightIndex } from '../conv/bank.ts'
import type { Address } from '../graph/address.ts'
import { borders } from '../tensor/border.ts'
import type { Arena } from './arena.ts'

/** A bank plan with its tables laid out in the shared memory: what a worker needs to compute any part. */
export type BankJob = {
  readonly kind: 'bank'
  readonly scratchBytes: number
  /** Blocks of groups x grid planes x strips of rows. */
  readonly parts: number
  readonly plan: Omit<BankPlan, 'phases'>
  /** [C][D][H][W] float32. */
  readonly source: Address
  /** [O][D'][H'][W'] float32. */
  readonly target: Address
  readonly bias: Address
  /** Taps read the source itself, where no tap leaves it; else a tile. */
  readonly direct: boolean
  /** The rows of a strip are read and written as a single one: they are one after the other on both sides. */
  readonly joined: boolean
  /** A tile row is one row for each x phase, each `pitch` bytes. */
  readonly pitch: number
  /** i32: the input row of each tile row, from the first row that grid row 0 needs. */
  readonly rowTable: Address
  /** u32: the address of a table for each x phase, as gatherPlane takes them. */
  readonly columnTables: Address
  readonly columnCount: number
  readonly copied: readonly [first: number, last: number]
  readonly phases: readonly PlacedPhase[]
  /** Grid rows of a part. */
  readonly rowsPerPart: number
  readonly groupsPerPart: number
}

export type PlacedPhase = {
  readonly offset: readonly [number, number, number]
  readonly count: readonly [number, number, number]
  /** Taps times channels of a group. */
  readonly taps: number
  readonly offsets: Address
  readonly weights: Address
}

/** Bytes of a tile that stay in a second-level cache. */
const tileBytes = 384 * 1024
/** Output channels that one loop computes side by side. */
export const block = 4
/** Samples of a row from which on no loop writes past its end. */
export const wholeRow = 8
/** Room that loops may write past the end of a shorter row. */
const slack = 64
/** Parts that are enough to share out. */
const enoughParts = 16

/** The rows of a tile row, one for each column between two places of the grid that a tap meets. */
export const phasesAcross = ({ step, columns }: Pick<BankPlan, 'step' | 'columns'>): number =>
  Math.min(step[2], columns.span)

/** Bytes of a gathered row with the room that loops need behind it: one row for each x phase. */
function rowOfTile(plan: BankPlan): { readonly columnCount: number; readonly pitch: number } {
  const columnCount = plan.grid[2] + Math.floor((plan.columns.span - 1) / plan.step[2])
  return { columnCount, pitch: Math.ceil((columnCount * 4 + slack) / 16) * 16 }
}

/** How the work of a plan is cut into parts. */
export type BankParts = {
  /** Whether the input is read where it is. */
  readonly direct: boolean
  /** Whether the rows of a strip are run over as one. */
  readonly joined: boolean
  /** Grid rows of a strip. */
  readonly rows: number
  readonly strips: number
  readonly groupsPerPart: number
  /** All parts: each is a few groups, one output plane and one strip. */
  readonly count: number
}

/** Cuts a plan into parts: a function of its shapes alone. */
export function partsOf(plan: BankPlan): BankParts {
  const [, height, width] = plan.input
  const planes = plan.channelsPerGroup * plan.depths.length
  const direct = isInside(plan) && spreadsOverCache(height * width * 4, planes)
  const joined = direct && plan.columns.span === 1 && isDense(plan) && plan.grid[2] === width
  const rows = chooseRows(plan, joined ? 0 : planes * phasesAcross(plan) * rowOfTile(plan).pitch)
  const strips = Math.ceil(plan.grid[1] / rows)
  const groupsPerPart = Math.ceil(plan.groups / Math.ceil(enoughParts / (strips * plan.grid[0])))
  const count = Math.ceil(plan.groups / groupsPerPart) * plan.grid[0] * strips
  return { direct, joined, rows, strips, groupsPerPart, count }
}

/** Lays out the tables of a plan. `weightIndex(filter, channel in group, tap)` finds a weight in `weights`. */
export function placeBank(
  arena: Arena,
  plan: BankPlan,
  source: Address,
  target: Address,
  weights: Float32Array,
  bias: Float32Array | undefined,
  weightIndex: WeightIndex,
): BankJob {
  const { phases, ...rest } = plan
  const [depth, height, width] = plan.input
  const xPhases = phasesAcross(plan)
  const { columnCount, pitch } = rowOfTile(plan)
  const planes = plan.channelsPerGroup * plan.depths.length
  const { direct, joined, rows: rowsPerPart, strips, groupsPerPart, count: parts } = partsOf(plan)
  const tileRows = (rowsPerPart - 1) * plan.step[1] + plan.rows.span
  const tables = Array.from({ length: xPhases }, (_, p) => columnSources(plan, p, columnCount))
  const rows = Int32Array.from({ length: (strips - 1) * rowsPerPart * plan.step[1] + tileRows }, (_, i) =>
    borders[plan.border].source(i + plan.rows.first, height),
  )
  const offsetOf = (channel: number, tap: BankTap): number => {
    if (direct)
      return (((channel * depth + plan.depths[tap.plane]!) * height + tap.row) * width + tap.column) * 4
    const row = (channel * plan.depths.length + tap.plane) * tileRows + tap.row
    return (row * xPhases + (tap.column % xPhases)) * pitch + Math.floor(tap.column / xPhases) * 4
  }
  const placed = phases.map((phase): PlacedPhase => {
    const taps = phase.taps.length * plan.channelsPerGroup
    const offsets = new Uint32Array(taps)
    let t = 0
    for (let channel = 0; channel < plan.channelsPerGroup; channel++) {
      for (const tap of phase.taps) offsets[t++] = offsetOf(channel, tap)
    }
    const ordered = orderWeights(
      plan,
      phase.taps.map((tap) => tap.weight),
      weights,
      weightIndex,
    )
    return {
      offset: phase.offset,
      count: phase.count,
      taps,
      offsets: put(arena, offsets),
      weights: put(arena, ordered),
    }
  })
  const filters = plan.groups * plan.filtersPerGroup
  const tile = direct ? 0 : planes * tileRows * xPhases * pitch
  return {
    kind: 'bank',
    scratchBytes: tile + block * rowsPerPart * rowPitch(plan) + 2 * slack,
    parts,
    plan: rest,
    source,
    target,
    bias: put(arena, bias ?? new Float32Array(filters)),
    direct,
    joined,
    pitch,
    rowTable: put(arena, rows),
    columnTables: put(
      arena,
      Uint32Array.from(tables, (table) => put(arena, table)),
    ),
    columnCount,
    copied: xPhases === 1 ? consecutive(tables[0]!) : [columnCount, columnCount],
    phases: placed,
    rowsPerPart,
    groupsPerPart,
  }
}

/** Whether no tap leaves the input, every sample of a row is needed, and rows are long enough to end where they end. */
function isInside({ input, grid, step, rows, columns, depths }: BankPlan): boolean {
  const fits = (first: number, size: number, axis: 0 | 1 | 2) =>
    first >= 0 && first + (grid[axis] - 1) * step[axis] + size <= input[axis]
  // depths ascend
  const [nearest, farthest] = [depths[0]!, depths.at(-1)!]
  return (
    step[2] === 1 &&
    grid[2] >= wholeRow &&
    fits(nearest, farthest - nearest + 1, 0) &&
    fits(rows.first, rows.span, 1) &&
    fits(columns.first, columns.span, 2)
  )
}

/** Whether rows of the grid follow each other without a gap, in the input as in the output. */
const isDense = ({ step, outStep, phases }: BankPlan): boolean =>
  phases.length === 1 && step[1] === 1 && outStep[1] === 1 && outStep[2] === 1

/** Whether samples at one place of all planes find room in a first-level cache: its sets repeat after 4096 bytes. */
function spreadsOverCache(planeBytes: number, planes: number): boolean {
  let places = 1
  while (places < 64 && (planeBytes * places) % 4096 !== 0) places *= 2
  return planes <= 4 * places
}

/** Bytes from one row of sums to the next where they are not written to their places at once. */
export const rowPitch = (plan: Omit<BankPlan, 'phases'>): number =>
  Math.ceil((plan.grid[2] * 4 + slack) / 16) * 16

/** Rows of a part: a tile within the cache, parts enough to share out. A pure function of the shape. */
function chooseRows(plan: BankPlan, rowBytes: number): number {
  const inCache = Math.floor((tileBytes / rowBytes - plan.rows.span) / plan.step[1]) + 1
  return Math.max(1, Math.min(inCache, 64, Math.ceil(plan.grid[1] / 4)))
}

/** Weights of each group in blocks of four filters, [tap][4], then the filters left over one by one. */
export function orderWeights(
  plan: BankPlan,
  taps: readonly number[],
  weights: Float32Array,
  weightIndex: WeightIndex,
): Float32Array {
  const ordered = new Float32Array(plan.groups * plan.filtersPerGroup * plan.channelsPerGroup * taps.length)
  let i = 0
  for (let group = 0; group < plan.groups; group++) {
    for (let f = 0; f < plan.filtersPerGroup; ) {
      const size = plan.filtersPerGroup - f >= block ? block : 1
      for (let channel = 0; channel < plan.channelsPerGroup; channel++) {
        for (const tap of taps) {
          for (let b = 0; b < size; b++) {
            ordered[i++] = weights[weightIndex(group * plan.filtersPerGroup + f + b, channel, tap)]!
          }
        }
      }
      f += size
    }
  }
  return ordered
}

/** The longest run of a table whose entries count up by one: samples that can be copied as a block. */
export function consecutive(table: Int32Array): [first: number, last: number] {
  let best: [number, number] = [0, 0]
  let first = 0
  for (let i = 1; i <= table.length; i++) {
    if (i < table.length && table[i]! === table[i - 1]! + 1 && table[i - 1]! >= 0) continue
    if (table[first]! >= 0 && i - first > best[1] - best[0]) best = [first, i]
    first = i
  }
  return best
}

/** Copies an array into the shared memory. */
export function put(arena: Arena, values: ArrayBufferView): Address {
  const address = arena.alloc(values.byteLength)
  new Uint8Array(arena.memory.buffer).set(
    new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
    address,
  )
  return address
}

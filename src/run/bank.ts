import { type BankPlan, columnSources } from '../conv/bank.ts'
import { borders } from '../tensor/border.ts'
import type { Arena } from './arena.ts'
import type { WasmExports } from './engine.ts'
import type { PartResult } from './jobs.ts'

/** A bank plan with its tables laid out in the shared memory: what a worker needs to compute any part. */
export type BankJob = {
  readonly kind: 'bank'
  readonly scratchBytes: number
  readonly parts: number
  readonly plan: Omit<BankPlan, 'phases'>
  /** [C][D][H][W] float32. */
  readonly source: number
  /** [O][D'][H'][W'] float32. */
  readonly target: number
  readonly bias: number
  /** A tile row is one row for each x phase, each `pitch` bytes. */
  readonly pitch: number
  readonly columnTables: readonly number[]
  readonly columnCount: number
  readonly copied: readonly [first: number, last: number]
  readonly phases: readonly PlacedPhase[]
  /** Grid rows of a part. */
  readonly rowsPerPart: number
}

type PlacedPhase = {
  readonly offset: readonly [number, number, number]
  readonly count: readonly [number, number, number]
  /** Taps times channels of a group. */
  readonly taps: number
  readonly offsets: number
  readonly weights: number
}

/** Bytes of a tile that stay in a second-level cache. */
const tileBytes = 384 * 1024
/** Output channels that one loop computes side by side. */
const block = 4
/** Room that loops may write past the end of a row. */
const slack = 64

/** Bytes of a gathered row with the room that loops need behind it: one row for each x phase. */
function rowOfTile(plan: BankPlan): { readonly columnCount: number; readonly pitch: number } {
  const columnCount = plan.grid[2] + Math.floor((plan.columns.span - 1) / plan.step[2])
  return { columnCount, pitch: Math.ceil((columnCount * 4 + slack) / 16) * 16 }
}

/** How a plan is cut into parts: each is one group, one output plane and a strip of so many grid rows. */
export function partsOf(plan: BankPlan): {
  readonly rows: number
  readonly strips: number
  readonly count: number
} {
  const planes = plan.channelsPerGroup * plan.depths.length
  const rows = chooseRows(plan, planes * plan.step[2] * rowOfTile(plan).pitch)
  const strips = Math.ceil(plan.grid[1] / rows)
  return { rows, strips, count: plan.groups * plan.grid[0] * strips }
}

/** Lays out the tables of a plan. `weightIndex(filter, channel in group, tap)` finds a weight in `weights`. */
export function placeBank(
  arena: Arena,
  plan: BankPlan,
  source: number,
  target: number,
  weights: Float32Array,
  bias: Float32Array | undefined,
  weightIndex: (filter: number, channel: number, tap: number) => number,
): BankJob {
  const { phases, ...rest } = plan
  const xPhases = plan.step[2]
  const { columnCount, pitch } = rowOfTile(plan)
  const planes = plan.channelsPerGroup * plan.depths.length
  const { rows: rowsPerPart, count: parts } = partsOf(plan)
  const tileRows = (rowsPerPart - 1) * plan.step[1] + plan.rows.span
  const tables = Array.from({ length: xPhases }, (_, p) => columnSources(plan, p, columnCount))
  const placed = phases.map((phase): PlacedPhase => {
    const taps = phase.taps.length * plan.channelsPerGroup
    const offsets = new Uint32Array(taps)
    let t = 0
    for (let channel = 0; channel < plan.channelsPerGroup; channel++) {
      for (const tap of phase.taps) {
        const row = (channel * plan.depths.length + tap.plane) * tileRows + tap.row
        offsets[t++] = (row * xPhases + (tap.column % xPhases)) * pitch + Math.floor(tap.column / xPhases) * 4
      }
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
  const dstBytes = block * rowsPerPart * rowPitch(plan)
  return {
    kind: 'bank',
    scratchBytes: planes * tileRows * xPhases * pitch + dstBytes + 2 * slack,
    parts,
    plan: rest,
    source,
    target,
    bias: put(arena, bias ?? new Float32Array(filters)),
    pitch,
    columnTables: tables.map((table) => put(arena, table)),
    columnCount,
    copied: xPhases === 1 ? consecutive(tables[0]!) : [columnCount, columnCount],
    phases: placed,
    rowsPerPart,
  }
}

/** Computes parts of a bank job: each one group, one output plane, one strip of rows. */
export function prepareBank(job: BankJob, wasm: WasmExports, scratch: number): (part: number) => PartResult {
  const { plan, pitch } = job
  const xPhases = job.columnTables.length
  const strips = Math.ceil(plan.grid[1] / job.rowsPerPart)
  const tileRows = (job.rowsPerPart - 1) * plan.step[1] + plan.rows.span
  const planeBytes = tileRows * xPhases * pitch
  const dst = scratch + Math.ceil((plan.channelsPerGroup * plan.depths.length * planeBytes + slack) / 16) * 16
  const dstPitch = rowPitch(plan)
  const dstChannelPitch = job.rowsPerPart * dstPitch
  const rowStep = plan.step[1] * xPhases * pitch
  const source = borders[plan.border].source
  const [depth, height, width] = plan.input

  function gather(group: number, z: number, y: number): void {
    let to = scratch
    for (
      let channel = group * plan.channelsPerGroup;
      channel < (group + 1) * plan.channelsPerGroup;
      channel++
    ) {
      for (const d of plan.depths) {
        const iz = source(z * plan.step[0] + d, depth)
        for (let row = 0; row < tileRows; row++) {
          const iy = source(y * plan.step[1] + plan.rows.first + row, height)
          const from = job.source + ((channel * depth + iz) * height + iy) * width * 4
          for (let p = 0; p < xPhases; p++, to += pitch) {
            if (iz < 0 || iy < 0) wasm.fillRow(to, job.columnCount, plan.fill)
            else wasm.gatherColumns(to, from, job.columnTables[p]!, job.columnCount, ...job.copied, plan.fill)
          }
        }
      }
    }
  }

  /** Writes rows of `channels` channels from scratch to their places in the output. */
  function scatter(
    filter: number,
    channels: number,
    phase: PlacedPhase,
    z: number,
    y: number,
    rows: number,
  ): void {
    const [outDepth, outHeight, outWidth] = plan.output
    const oz = z * plan.outStep[0] + phase.offset[0]
    for (let c = 0; c < channels; c++) {
      for (let r = 0; r < rows; r++) {
        const oy = (y + r) * plan.outStep[1] + phase.offset[1]
        const to =
          job.target + ((((filter + c) * outDepth + oz) * outHeight + oy) * outWidth + phase.offset[2]) * 4
        wasm.scatterRow(to, dst + c * dstChannelPitch + r * dstPitch, phase.count[2], plan.outStep[2])
      }
    }
  }

  return (part) => {
    const strip = part % strips
    const z = Math.floor(part / strips) % plan.grid[0]
    const group = Math.floor(part / strips / plan.grid[0])
    const y = strip * job.rowsPerPart
    gather(group, z, y)
    for (const phase of job.phases) {
      const rows = Math.min(job.rowsPerPart, phase.count[1] - y)
      if (rows <= 0 || z >= phase.count[0]) continue
      const weights = phase.weights + group * plan.filtersPerGroup * phase.taps * 4
      for (let f = 0; f < plan.filtersPerGroup; ) {
        const filter = group * plan.filtersPerGroup + f
        const many = plan.filtersPerGroup - f >= block
        const [w, bias] = [weights + f * phase.taps * 4, job.bias + filter * 4]
        const n = phase.count[2]
        if (many) {
          wasm.taps4(
            dst,
            dstChannelPitch,
            dstPitch,
            scratch,
            rowStep,
            n,
            rows,
            phase.offsets,
            w,
            phase.taps,
            bias,
          )
        } else wasm.taps1(dst, dstPitch, scratch, rowStep, n, rows, phase.offsets, w, phase.taps, bias)
        const channels = many ? block : 1
        scatter(filter, channels, phase, z, y, rows)
        f += channels
      }
    }
    return {}
  }
}

const rowPitch = (plan: Omit<BankPlan, 'phases'>): number => Math.ceil((plan.grid[2] * 4 + slack) / 16) * 16

/** Rows of a part: a tile within the cache, parts enough to share out. A pure function of the shape. */
function chooseRows(plan: BankPlan, rowBytes: number): number {
  const inCache = Math.floor((tileBytes / rowBytes - plan.rows.span) / plan.step[1]) + 1
  return Math.max(1, Math.min(inCache, 64, Math.ceil(plan.grid[1] / 4)))
}

/** Weights of each group in blocks of four filters, [tap][4], then the filters left over one by one. */
function orderWeights(
  plan: BankPlan,
  taps: readonly number[],
  weights: Float32Array,
  weightIndex: (filter: number, channel: number, tap: number) => number,
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
function consecutive(table: Int32Array): [first: number, last: number] {
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
export function put(arena: Arena, values: ArrayBufferView): number {
  const address = arena.alloc(values.byteLength)
  new Uint8Array(arena.memory.buffer).set(
    new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
    address,
  )
  return address
}

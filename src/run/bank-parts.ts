import { type Address, plus } from '../graph/address.ts'
import { borders } from '../tensor/border.ts'
import { type BankJob, block, type PlacedPhase, phasesAcross, rowPitch, wholeRow } from './bank.ts'
import type { WasmExports } from './engine.ts'
import type { PartResult } from './part.ts'

/** Bytes of samples under a block of columns that stay in a first-level cache, beside the weights. */
const columnBytes = 24 * 1024

/** Where sums go: the address for filter 0, and bytes from one filter and one row to the next. */
type Destination = { readonly address: Address; readonly filterPitch: number; readonly rowPitch: number }

/** Computes parts of a bank job: each a block of groups, one output plane, one strip of rows. */
export function prepareBank(job: BankJob, wasm: WasmExports, scratch: Address): (part: number) => PartResult {
  const { plan, pitch } = job
  const xPhases = phasesAcross(plan)
  const strips = Math.ceil(plan.grid[1] / job.rowsPerPart)
  const tileRows = (job.rowsPerPart - 1) * plan.step[1] + plan.rows.span
  const planeBytes = tileRows * xPhases * pitch
  const tile = job.direct ? 0 : plan.channelsPerGroup * plan.depths.length * planeBytes
  const sums = plus(scratch, Math.ceil(tile / 16) * 16)
  const sumsPitch = rowPitch(plan)
  const place = borders[plan.border].source
  const [depth, height, width] = plan.input
  const rowStep = job.direct ? plan.step[1] * width * 4 : plan.step[1] * xPhases * pitch
  const [outDepth, outHeight, outWidth] = plan.output
  const outPlane = outDepth * outHeight * outWidth * 4
  const [first, last] = job.copied

  /** The address that the offsets of the taps are counted from. */
  function gather(group: number, z: number, y: number): Address {
    const channel = group * plan.channelsPerGroup
    if (job.direct) {
      const row = (channel * depth + z * plan.step[0]) * height + y * plan.step[1] + plan.rows.first
      return plus(job.source, (row * width + plan.columns.first) * 4)
    }
    const rows = plus(job.rowTable, y * plan.step[1] * 4)
    let to = scratch
    for (let c = channel; c < channel + plan.channelsPerGroup; c++) {
      for (const d of plan.depths) {
        const iz = place(z * plan.step[0] + d, depth)
        const from = plus(job.source, (c * depth + iz) * height * width * 4)
        const { columnTables, columnCount: n } = job
        if (iz < 0) wasm.fillRow(to, planeBytes / 4, plan.fill)
        else
          wasm.gatherPlane(
            to,
            pitch,
            from,
            width * 4,
            rows,
            tileRows,
            columnTables,
            xPhases,
            n,
            first,
            last,
            plan.fill,
          )
        to = plus(to, planeBytes)
      }
    }
    return scratch
  }

  /** All filters of a group over rows of `n` samples of one phase. A step from sum to sum asks for a scratch between. */
  function accumulate(
    phase: PlacedPhase,
    group: number,
    src: Address,
    n: number,
    rows: number,
    to: Destination,
    step: number,
  ): void {
    const { offsets, taps } = phase
    const scattered = step !== 1 || n < wholeRow
    const sumsPlane = rows * sumsPitch
    const [channelPitch, pitch] = scattered ? [sumsPlane, sumsPitch] : [to.filterPitch, to.rowPitch]
    const end = (group + 1) * plan.filtersPerGroup
    for (let filter = end - plan.filtersPerGroup; filter < end; ) {
      const [w, bias] = [plus(phase.weights, filter * taps * 4), plus(job.bias, filter * 4)]
      const target = plus(to.address, filter * to.filterPitch)
      const dst = scattered ? sums : target
      const channels = end - filter >= block ? block : 1
      if (channels === block)
        wasm.taps4(dst, channelPitch, pitch, src, rowStep, n, rows, offsets, w, taps, bias)
      else wasm.taps1(dst, pitch, src, rowStep, n, rows, offsets, w, taps, bias)
      if (scattered) {
        const { filterPitch, rowPitch } = to
        wasm.scatterRows(target, filterPitch, rowPitch, sums, sumsPlane, sumsPitch, channels, rows, n, step)
      }
      filter += channels
    }
  }

  function computePhase(phase: PlacedPhase, group: number, src: Address, z: number, y: number): void {
    const rows = Math.min(job.rowsPerPart, phase.count[1] - y)
    if (rows <= 0 || z >= phase.count[0]) return
    const n = phase.count[2]
    const row = (z * plan.outStep[0] + phase.offset[0]) * outHeight + y * plan.outStep[1] + phase.offset[1]
    const address = plus(job.target, (row * outWidth + phase.offset[2]) * 4)
    const to = { address, filterPitch: outPlane, rowPitch: plan.outStep[1] * outWidth * 4 }
    if (!job.joined) {
      accumulate(phase, group, src, n, rows, to, plan.outStep[2])
      return
    }
    // Columns outside, filters inside: the samples of a block of columns are then read from the first-level cache.
    const all = n * rows
    const some = Math.max(32, Math.floor(columnBytes / (4 * phase.taps) / 8) * 8)
    for (let x = 0; x < all; x += some) {
      const at = Math.min(x, all - wholeRow)
      const size = Math.min(some, all - at)
      accumulate(phase, group, plus(src, at * 4), size, 1, { ...to, address: plus(address, at * 4) }, 1)
    }
  }

  return (part) => {
    const strip = part % strips
    const z = Math.floor(part / strips) % plan.grid[0]
    const start = Math.floor(part / strips / plan.grid[0]) * job.groupsPerPart
    const y = strip * job.rowsPerPart
    for (let group = start; group < Math.min(plan.groups, start + job.groupsPerPart); group++) {
      const src = gather(group, z, y)
      for (const phase of job.phases) computePhase(phase, group, src, z, y)
    }
    return {}
  }
}

import type { RecipePlan } from '../conv/plan.ts'
import { borders } from '../tensor/border.ts'
import type { Samples } from '../tensor/picture.ts'
import type { PictureJob, PlacedPicture } from './picture-job.ts'

/** Where the rows of the input picture lie for the part at hand. */
export type SourceRows = {
  /** Turns to a part whose tile begins at the full row `tileFirst`. */
  begin(part: number, tileFirst: number): void
  /** The address of the picture row `row`, which stands at tile row `tileRow`. */
  address(tileRow: number, row: number): number
  /** The address of the picture row under output row `y`, or -1 where there is none. */
  under(y: number): number
}

/**
 * The rows of a job's input: in the picture as it lies in memory; or, where the input is staged, in the slot of the part,
 * where row i is the one that stands at tile row i.
 */
export function sourceRows(job: Pick<PictureJob, 'plan' | 'source'>): SourceRows {
  const { plan, source } = job
  const rowBytes = source.width * source.channels * (source.depth / 8)
  const place = borders[plan.border].source
  let slot = source.address
  let first = 0
  const address = (tileRow: number, row: number) =>
    source.staged === undefined ? source.address + row * rowBytes : slot + tileRow * rowBytes
  return {
    begin(part, tileFirst) {
      first = tileFirst
      if (source.staged !== undefined)
        slot = source.address + (part % source.staged.slots) * source.staged.slotBytes
    },
    address,
    under(y) {
      const full = y * plan.stride[0]
      const row = place(plan.origin[0] + full, plan.height)
      return row < 0 ? -1 : address(full - first + plan.halo.top, row)
    },
  }
}

/** The lowest row of the picture that a part's tile takes; -1 when all lie outside. */
export function lastRow(
  plan: RecipePlan,
  reach: { readonly tileFirst: number; readonly tileCount: number },
): number {
  const place = borders[plan.border].source
  const start = plan.origin[0] - plan.halo.top + reach.tileFirst
  let last = -1
  for (let i = 0; i < reach.tileCount + plan.halo.top + plan.halo.bottom; i++) {
    last = Math.max(last, place(start + i, plan.height))
  }
  return last
}

/** Copies the rows that a part's tile takes into its slot: picture row by picture row, neighbours together. */
export function stageRows(
  memory: Uint8Array,
  slot: number,
  data: Samples,
  source: Pick<PlacedPicture, 'width' | 'height' | 'channels' | 'depth'>,
  plan: RecipePlan,
  reach: { readonly tileFirst: number; readonly tileCount: number },
): void {
  const rowBytes = source.width * source.channels * (source.depth / 8)
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  const place = borders[plan.border].source
  const start = plan.origin[0] - plan.halo.top + reach.tileFirst
  const rows = reach.tileCount + plan.halo.top + plan.halo.bottom
  for (let i = 0; i < rows; ) {
    const row = place(start + i, source.height)
    let run = 1
    while (row >= 0 && i + run < rows && place(start + i + run, source.height) === row + run) run++
    if (row >= 0) memory.set(bytes.subarray(row * rowBytes, (row + run) * rowBytes), slot + i * rowBytes)
    i += run
  }
}

import { weightSum } from '../conv/stencil.ts'
import { type Address, plus } from '../graph/address.ts'
import { borders } from '../tensor/border.ts'
import type { WasmExports } from './engine.ts'
import { prepareFloats } from './gather.ts'
import type { StencilJob } from './picture-job.ts'
import type { SourceRows } from './source-rows.ts'

/**
 * Gives transparent neighbours the colour of the pixel itself, in rows of sums whose colours were weighted by alpha
 * (see `Tone.alpha`): sum + c0 (W - A), where W is the sum of the weights and A the result of filtering alpha, both
 * divided by the scale. `begin` reads the colours c0 of output row `y`; `fill` then corrects the row of a stencil in
 * place.
 */
export type OwnColours = { begin(y: number): void; fill(row: Address, stencil: number): void }

/**
 * The share of the weights by which W and A may differ when everything is opaque, because their sums are rounded. Rows
 * within this share keep the bits that they have without alpha.
 */
const roundingShare = 2 ** -16

/**
 * Prepares the own colours of a job. Hidden pixels become 0, so that invisible colours are neither clipped nor the
 * largest.
 */
export function prepareOwnColours(
  job: StencilJob,
  wasm: WasmExports,
  input: SourceRows,
  scratch: Address,
): OwnColours {
  const { plan, source, layout, tileChannels: channels, fullWidth } = job
  const [row, own] = [plus(scratch, layout.row), plus(scratch, layout.own)]
  const toFloats = prepareFloats(job, wasm, row)
  const place = borders[plan.border].source
  const columns = Int32Array.from({ length: fullWidth }, (_, x) => place(plan.origin[1] + x, plan.width))
  const floats = new Float32Array(wasm.memory.buffer)
  const weights = plan.stencils.map((s) => {
    const [sum, all] = [weightSum(s), weightSum(s, Math.abs)]
    return { sum: sum / s.scale, within: Math.abs(all / s.scale) * roundingShare }
  })
  return {
    begin(y) {
      const from = input.under(y)
      if (from >= 0) toFloats(row, from)
      for (let x = 0, to = own / 4; x < fullWidth; x++, to += channels) {
        const column = columns[x]!
        // the fill of the border is opaque
        const at = from < 0 || column < 0 ? job.fill / 4 : row / 4 + column * channels
        const isSeen = floats[at + channels - 1]! > 0
        for (let c = 0; c < channels; c++) floats[to + c] = isSeen ? floats[at + c]! : 0
      }
    },
    fill(sums, stencil) {
      const { sum, within } = weights[stencil]!
      wasm.overOwn(sums, sums, own, fullWidth, channels, sum, source.full, within)
    },
  }
}

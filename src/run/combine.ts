import type { Stencil } from '../conv/stencil.ts'
import { type Address, plus } from '../graph/address.ts'
import type { Sums } from './accumulate.ts'
import { type WasmExports, writeFinishParams } from './engine.ts'
import { finishBytes } from './finish-params.ts'
import type { OwnColours } from './own-colours.ts'
import type { StencilJob } from './picture-job.ts'

/** Combines the sums of all stencils in one row of a block. The result is a float32 row before `/ scale + offset`. */
export type Combiner = (sums: readonly Sums[], row: number, own?: OwnColours) => Address

/** The combine step of a job: converts sums to float32, divides each by its scale, and reduces them to one row. */
export function prepareCombiner(job: StencilJob, wasm: WasmExports, scratch: Address): Combiner {
  const n = job.fullWidth * job.tileChannels
  const { combine, stencils } = job.plan
  const all = plus(scratch, job.layout.finish + 2 * finishBytes)
  stencils.forEach((s, i) => {
    // The weight of a box multiplies the exact sum, then the scale divides.
    if (weightOf(s) !== 1)
      writeFinishParams(wasm.memory, plus(all, i * finishBytes), {
        scale: 1,
        offset: 0,
        affine: { low: 0, gain: weightOf(s) },
      })
  })

  function floatRow(sums: Sums, index: number, row: number): Address {
    const address = plus(sums.address, row * sums.pitch)
    const stencil = stencils[index]!
    const to =
      sums.kind === 'i16'
        ? plus(scratch, job.layout.converted[index]! + row * job.layout.branchPitch)
        : address
    if (sums.kind === 'i16') wasm.convertI16(to, address, n)
    else if (sums.kind === 'i32') wasm.convertI32(to, address, n)
    if (weightOf(stencil) !== 1) wasm.finishF32(to, to, n, plus(all, index * finishBytes))
    if (stencil.scale !== 1) wasm.scaleRow(to, to, n, stencil.scale)
    return to
  }

  return (sums, row, own) => {
    const rows = sums.map((s, i) => floatRow(s, i, row))
    if (own !== undefined) for (const [i, branch] of rows.entries()) own.fill(branch, i)
    const first = rows[0]!
    const second = rows[1] ?? first
    switch (combine.kind) {
      case 'only':
        break
      case 'magnitude':
        wasm.magnitude(first, first, second, n)
        break
      case 'angle':
        wasm.angle(first, first, second, n, job.source.full)
        break
      case 'max':
        for (const other of rows.slice(1)) wasm.larger(first, first, other, n)
        break
      case 'difference':
        wasm.difference(first, first, second, n)
        break
      case 'unsharp':
        wasm.unsharp(
          first,
          first,
          second,
          n,
          combine.amount,
          Math.fround((combine.threshold * job.source.full) / 255) * alphaUnit(job),
        )
        break
      case 'share': {
        // The squares of the first `edges` rows add up to the part; adding the others gives the whole.
        const part = plus(scratch, job.layout.spare)
        wasm.fillRow(part, n, 0)
        for (const b of rows.slice(0, combine.edges)) wasm.addSquare(part, part, b, n)
        rows.slice(combine.edges).reduce((sum, b) => {
          wasm.addSquare(first, sum, b, n)
          return first
        }, part)
        wasm.share(first, part, combine.edges < rows.length ? first : part, n, job.source.full)
      }
    }
    return first
  }
}

const weightOf = (s: Stencil): number => ('weight' in s ? (s.weight ?? 1) : 1)

/** Colours that are weighted by alpha are larger by this factor, and so is a threshold on them. */
const alphaUnit = (job: StencilJob): number => (job.tone.alpha === 'premultiply' ? job.source.full : 1)

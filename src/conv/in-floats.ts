import type { RecipePlan } from './plan.ts'
import type { Stencil } from './stencil.ts'

/**
 * Returns the plan over samples that are converted to float32, with the same arithmetic as over native ones. Whole
 * numbers are exact in both, so the bits are the same where conversion changes nothing. Such parts may run by `native`.
 */
export function inFloats(native: RecipePlan): RecipePlan {
  if (native.samples === 'f32') return native
  // running sums of 16-bit samples may exceed what float32 holds exactly
  const isExact = native.samples === 'u8' || native.stencils.every((s) => s.kH * s.kW < 256)
  const stencils = native.stencils.map(floatStencil)
  return { ...native, samples: 'f32', stencils, ...(isExact && { native }) }
}

function floatStencil(s: Stencil): Stencil {
  const reason = `${s.reason}; in float32 where colours are weighted by opacity`
  if (s.algorithm === 'integer') {
    const { sums: _, ...rest } = s
    return { ...rest, algorithm: 'direct', reason }
  }
  if (s.algorithm === 'integer-separable') return { ...s, algorithm: 'separable', reason }
  if (s.algorithm !== 'box') return s
  const [col, row] = [new Float32Array(s.kH).fill(1), new Float32Array(s.kW).fill(1)]
  return { ...s, col, row, algorithm: 'separable', reason }
}

import type { RecipePlan } from './plan.ts'
import type { Stencil } from './stencil.ts'

/**
 * The plan over samples that are converted to float32, arithmetic as it is over native ones: whole numbers are exact in
 * both, so that where conversion changes nothing the bits are the same. Such parts may run by `native`.
 */
export function inFloats(native: RecipePlan): RecipePlan {
  if (native.samples === 'f32') return native
  // running sums of 16 bits may be larger than float32 holds exactly
  const isExact = native.samples === 'u8' || native.stencils.every((s) => s.kH * s.kW < 256)
  const stencils = native.stencils.map(floatStencil)
  return { ...native, samples: 'f32', stencils, ...(isExact && { native }) }
}

function floatStencil(s: Stencil): Stencil {
  if (s.algorithm === 'integer') {
    const { sums: _, ...rest } = s
    return {
      ...rest,
      algorithm: 'direct',
      reason: `${s.reason}; in float32 where colours are weighted by opacity`,
    }
  }
  if (s.algorithm === 'integer-separable') {
    return {
      ...s,
      algorithm: 'separable',
      reason: `${s.reason}; in float32 where colours are weighted by opacity`,
    }
  }
  if (s.algorithm !== 'box') return s
  const [col, row] = [new Float32Array(s.kH).fill(1), new Float32Array(s.kW).fill(1)]
  return {
    ...s,
    col,
    row,
    algorithm: 'separable',
    reason: `${s.reason}; in float32 where colours are weighted by opacity`,
  }
}

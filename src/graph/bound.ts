import { weightSum } from '../conv/stencil.ts'
import { type Filter, type Node, stepsOf } from './node.ts'

/** The factor by which rounding may exceed a bound. */
const slack = 1.01

/**
 * Returns a bound of the magnitudes that a step makes from samples up to `peak`, or Infinity if none is known without
 * computing it.
 */
export function boundOf(out: Node, peak: () => number): number {
  const known = new Map<Node, number>()
  for (const node of stepsOf([out])) {
    const inputs = node.inputs.map((input) => known.get(input)!)
    known.set(node, slack * boundOfStep(node, inputs, peak))
  }
  return known.get(out)!
}

function boundOfStep({ work }: Node, inputs: readonly number[], peak: () => number): number {
  const largest = Math.max(...inputs)
  switch (work.kind) {
    case 'source':
      return peak()
    case 'filter':
    case 'finish':
      return filterBound(work.filter, inputs[0] ?? peak())
    case 'bank': {
      const { weights, bias, plan } = work.bank
      const sum = weights.reduce((total, w) => total + Math.abs(w), 0)
      const added = bias?.reduce((most, b) => Math.max(most, Math.abs(b)), 0) ?? 0
      return sum * Math.max(largest, Math.abs(plan.fill)) + added
    }
    case 'layer':
      if (work.name === 'framed' && work.settings.border === 'constant')
        return Math.max(largest, Math.abs(work.settings.fill))
      return ['interleaved', 'parted', 'select', 'pool', 'framed', 'means'].includes(work.name)
        ? largest
        : Number.POSITIVE_INFINITY
    default:
      return Number.POSITIVE_INFINITY
  }
}

function filterBound({ plan, tone, full }: Filter, peak: number): number {
  const { stencils, combine, scale, offset, fill } = plan
  if (tone.alpha === 'premultiply' || tone.alpha === 'own') return Number.POSITIVE_INFINITY
  if (combine.kind === 'angle' || combine.kind === 'share') return full
  const most = Math.max(peak, (Math.abs(fill) * full) / 255)
  const sums = stencils.map((s) => Math.abs(weightSum(s, Math.abs) / s.scale) * most)
  const times = combine.kind === 'unsharp' ? 1 + Math.abs(combine.amount) : 1
  const combined = times * sums.reduce((a, b) => a + b, 0)
  return combined / Math.abs(scale) + (Math.abs(offset) * full) / 255
}

import type { LayerName } from '../definition/layers.ts'
import type { Listed } from './schedule.ts'

/** Layers that compute each sample from one sample, and may write where they read. */
const inPlace: ReadonlySet<LayerName> = new Set<LayerName>([
  'activate',
  'prelu',
  'withNumber',
  'normalized',
  'standardize',
  'scaled',
  'threshold',
])

/** Kinds of work that a layer can follow in the same rows. */
const producing: ReadonlySet<string> = new Set(['source', 'bank', 'layer'])

/**
 * Returns the same steps with layers of single samples merged into the step before them, if no other step reads its
 * output. They then work on rows that are still in the cache.
 */
export function fused(list: readonly Listed[]): Listed[] {
  const users = list.map(() => 0)
  for (const { inputs } of list) for (const input of inputs) users[input]!++
  const out: Listed[] = []
  const places: number[] = []
  for (const [i, step] of list.entries()) {
    const { work } = step
    const inputs = step.inputs.map((input) => places[input]!)
    const [only] = step.inputs
    const before = inputs[0] === undefined ? undefined : out[inputs[0]]
    if (
      work.kind === 'layer' &&
      inPlace.has(work.name) &&
      before !== undefined &&
      producing.has(before.work.kind) &&
      before.slices === step.slices &&
      users[only!] === 1
    ) {
      out[inputs[0]!] = { ...before, behind: [...(before.behind ?? []), work] }
      places[i] = inputs[0]!
    } else places[i] = out.push({ ...step, inputs }) - 1
  }
  return out
}

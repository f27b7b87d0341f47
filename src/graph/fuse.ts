import type { LayerName } from '../definition/layers.ts'
import type { Listed } from './schedule.ts'

/** Layers that take samples one by one, and may write where they read. */
const inPlace: ReadonlySet<LayerName> = new Set<LayerName>([
  'activate',
  'prelu',
  'withNumber',
  'normalized',
  'standardize',
  'scaled',
  'threshold',
])

/** Work behind which a layer may follow in the same rows. */
const producing: ReadonlySet<string> = new Set(['source', 'bank', 'layer'])

/**
 * The same steps with layers of single samples as part of the step before them, where nobody else reads that: they then
 * work on rows that are still near.
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

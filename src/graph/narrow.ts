import type { LayerName, LayerSettings } from '../definition/layers.ts'
import type { Node } from './node.ts'

/** Layers that treat every channel alone and have no settings for single ones. */
const channelwise: ReadonlySet<LayerName> = new Set<LayerName>([
  ...(['activate', 'threshold', 'scaled', 'add', 'divide', 'edged', 'means', 'pool', 'maxima'] as const),
])

/**
 * A step that gives only `count` channels of a step, from `first` on: what is not needed for them is not computed, as far
 * down as channels stay apart and to the filters of a bank.
 */
export function narrowed(node: Node, first: number, count: number): Node {
  const { work, inputs, shape } = node
  const [channels, height, width] = shape
  if (first === 0 && count === channels) return node
  const own = [count, height, width] as const
  const below = () => inputs.map((input) => narrowed(input, first, count))
  if (work.kind === 'bank' && work.bank.plan.groups === 1) {
    const { plan, bias, index } = work.bank
    const bank = {
      ...work.bank,
      plan: { ...plan, filtersPerGroup: count },
      bias: bias?.slice(first, first + count),
      index: (filter: number, channel: number, tap: number) => index(first + filter, channel, tap),
    }
    return { shape: own, inputs, work: { kind: 'bank', bank } }
  }
  if (work.kind === 'layer' && channelwise.has(work.name)) return { shape: own, inputs: below(), work }
  if (work.kind === 'layer' && work.name === 'affine') {
    const { scale, bias } = work.settings
    const some = (list: Float32Array | undefined) => list?.slice(first, first + count)
    return {
      shape: own,
      inputs: below(),
      work: { ...work, settings: { scale: some(scale), bias: some(bias) } },
    }
  }
  const settings: LayerSettings['select'] = { first, count }
  return { shape: own, inputs: [node], work: { kind: 'layer', name: 'select', settings } }
}

import type { LayerName } from '../definition/layers.ts'
import type { Levels } from '../definition/levels.ts'
import { layerNode, type Node } from './node.ts'
import { slicesNode } from './slices.ts'

/** Layers that treat every channel separately and have no settings for single channels. */
const channelwise: ReadonlySet<LayerName> = new Set<LayerName>([
  ...(['activate', 'threshold', 'scaled', 'paired', 'framed', 'means', 'pool', 'maxima'] as const),
])

/**
 * Returns a step that gives only `count` channels of `node`, from `first`. What these channels do not need is not
 * computed, as far down as channels stay separate, and down to the filters of a bank.
 */
export function narrowed(node: Node, first: number, count: number): Node {
  const { work, inputs, shape, slices } = node
  const [channels, height, width] = shape
  if (first === 0 && count === channels) return node
  const end = first + count
  // an input that is repeated over all channels stays a single one
  const below = () =>
    inputs.map((input) => (input.shape[0] === channels ? narrowed(input, first, count) : input))
  const as = (work: Node['work'], from = inputs): Node => ({
    shape: [count, height, width],
    inputs: from,
    work,
    slices,
  })
  if (work.kind === 'planes')
    return as({ kind: 'planes', data: work.data.subarray(first * height * width, end * height * width) })
  if (work.kind === 'bank' && work.bank.plan.groups === 1) {
    const { plan, bias, order } = work.bank
    const bank = {
      ...work.bank,
      plan: { ...plan, filtersPerGroup: count },
      bias: bias?.slice(first, end),
      order: { ...order, first: order.first + first * order.filter },
    }
    return as({ kind: 'bank', bank })
  }
  if (work.kind === 'layer' && channelwise.has(work.name)) return as(work, below())
  if (work.kind === 'layer' && work.name === 'affine') {
    const { scale, bias } = work.settings
    const settings = { scale: scale?.slice(first, end), bias: bias?.slice(first, end) }
    return as({ ...work, settings }, below())
  }
  if (work.kind === 'layer' && work.name === 'leveled')
    return as({ ...work, settings: { levels: work.settings.levels.slice(first, end) } }, below())
  if (work.kind === 'layer' && work.name === 'slices') {
    const [colours] = inputs[0]!.shape
    const { height: high, first: before } = work.settings
    if (first % colours === 0 && count % colours === 0)
      return slicesNode(inputs[0]!, high, before + first / colours, count / colours)
  }
  return layerNode('select', [node], { first, count })
}

/** Returns a step that gives some channels of a step, in the given order. */
export function picked(node: Node, channels: readonly number[]): Node {
  const runs: [first: number, count: number][] = []
  for (const c of channels) {
    const last = runs.at(-1)
    if (last !== undefined && last[0] + last[1] === c) last[1]++
    else runs.push([c, 1])
  }
  return runs.map(([first, count]) => narrowed(node, first, count)).reduce(joined)
}

const joined = (a: Node, b: Node): Node => layerNode('join', [a, b], { gain: [1, 1] })

/** Applies levels to a step, separate ones for every channel. */
export const leveled = (node: Node, levels: readonly Levels[]): Node =>
  levels.every(({ kind }) => kind === 'plain') ? node : layerNode('leveled', [node], { levels })

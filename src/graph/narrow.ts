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
  const own = [count, height, width] as const
  // an input that is repeated over all channels stays a single one
  const below = () =>
    inputs.map((input) => (input.shape[0] === channels ? narrowed(input, first, count) : input))
  if (work.kind === 'planes') {
    const data = work.data.subarray(first * height * width, (first + count) * height * width)
    return { shape: own, inputs, work: { kind: 'planes', data } }
  }
  if (work.kind === 'bank' && work.bank.plan.groups === 1) {
    const { plan, bias, order } = work.bank
    const bank = {
      ...work.bank,
      plan: { ...plan, filtersPerGroup: count },
      bias: bias?.slice(first, first + count),
      order: { ...order, first: order.first + first * order.filter },
    }
    return { shape: own, inputs, work: { kind: 'bank', bank }, slices }
  }
  if (work.kind === 'layer' && channelwise.has(work.name))
    return { shape: own, inputs: below(), work, slices }
  if (work.kind === 'layer' && work.name === 'affine') {
    const { scale, bias } = work.settings
    const some = (list: Float32Array | undefined) => list?.slice(first, first + count)
    return {
      shape: own,
      inputs: below(),
      work: { ...work, settings: { scale: some(scale), bias: some(bias) } },
      slices,
    }
  }
  if (work.kind === 'layer' && work.name === 'leveled') {
    const levels = work.settings.levels.slice(first, first + count)
    return { shape: own, inputs: below(), work: { ...work, settings: { levels } }, slices }
  }
  if (work.kind === 'layer' && work.name === 'slices') {
    const [colours] = inputs[0]!.shape
    if (first % colours === 0 && count % colours === 0) {
      return slicesNode(
        inputs[0]!,
        work.settings.height,
        work.settings.first + first / colours,
        count / colours,
      )
    }
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

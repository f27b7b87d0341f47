import type { LayerSettings } from '../definition/layers.ts'
import { layerNode, type Node } from './node.ts'
import { stepsOf } from './walk.ts'

// Steps that must see all of their input before they give anything: sums, and products of matrices. They are computed in a
// pass of their own, strip by strip.

/** A step that sums up all of its input, which leaves little, or one whose inputs are matrices, without settings. */
export type Barrier = {
  readonly node: Node
  readonly settings?: LayerSettings['summary']
  /** The input that must be there, where that is all. */
  readonly input?: Node
}

/** A step that sees all, with no other one below it, of those that `outs` depend on; undefined where there is none. */
export function lowestBarrier(outs: readonly Node[]): Barrier | undefined {
  for (const node of stepsOf(outs)) {
    const { work } = node
    if (work.kind !== 'layer') continue
    if (work.name === 'product') return { node }
    const [input] = node.inputs
    if (work.name === 'sampled' && input!.work.kind !== 'planes') return { node, input: input! }
    if (work.name === 'summary') return { node, settings: work.settings }
  }
  return undefined
}

/** The first part of a barrier, a row at a time; of a product all of it. */
export const rowsOfBarrier = ({ node, settings }: Barrier): Node =>
  settings === undefined
    ? layerNode('productRows', node.inputs, {})
    : layerNode('rowSummary', node.inputs, { of: settings.of })

/** All steps that one depends on, and itself. */
export function nodesOf(out: Node): Node[] {
  const seen = new Set<Node>()
  const open = [out]
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (seen.has(node)) continue
    seen.add(node)
    open.push(...node.inputs.toReversed())
  }
  return [...seen]
}

/** What a step in another order is made of. */
export function unordered(node: Node): Node {
  const { work, inputs } = node
  return work.kind === 'layer' && work.name === 'rearranged' ? unordered(inputs[0]!) : node
}

/** The same steps with some of them in the place of others. */
export function replaced(outs: readonly Node[], by: ReadonlyMap<Node, Node>): Node[] {
  const known = new Map(by)
  for (const node of stepsOf(outs, (one) => by.has(one))) {
    if (by.has(node)) continue
    const inputs = node.inputs.map((input) => known.get(input)!)
    known.set(node, inputs.every((input, i) => input === node.inputs[i]) ? node : { ...node, inputs })
  }
  return outs.map((out) => known.get(out)!)
}

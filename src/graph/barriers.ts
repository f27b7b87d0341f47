import type { LayerSettings } from '../definition/layers.ts'
import { layerNode, type Node } from './node.ts'

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
  const seen = new Set<Node>()
  const visit = (node: Node): Barrier | undefined => {
    if (seen.has(node)) return undefined
    seen.add(node)
    for (const input of node.inputs) {
      const found = visit(input)
      if (found !== undefined) return found
    }
    const { work } = node
    if (work.kind !== 'layer') return undefined
    if (work.name === 'product') return { node }
    const [input] = node.inputs
    if (work.name === 'sampled' && input!.work.kind !== 'planes') return { node, input: input! }
    return work.name === 'summary' ? { node, settings: work.settings } : undefined
  }
  for (const out of outs) {
    const found = visit(out)
    if (found !== undefined) return found
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
  const visit = (node: Node): void => {
    if (seen.has(node)) return
    seen.add(node)
    node.inputs.forEach(visit)
  }
  visit(out)
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
  const visit = (node: Node): Node => {
    const found = known.get(node)
    if (found !== undefined) return found
    const inputs = node.inputs.map(visit)
    const made = inputs.every((input, i) => input === node.inputs[i]) ? node : { ...node, inputs }
    known.set(node, made)
    return made
  }
  return outs.map(visit)
}

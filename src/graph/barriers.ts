import type { LayerSettings } from '../definition/layers.ts'
import { layerNode, type Node } from './node.ts'

// Steps that must see all of their input before they give anything: what they leave is small, and is computed in a pass of
// its own, strip by strip.

/** A step that sums up all of its input. */
export type Barrier = { readonly node: Node; readonly settings: LayerSettings['summary'] }

/** A step that sums up, with no other one below it, of those that `outs` depend on; undefined where there is none. */
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
    return work.kind === 'layer' && work.name === 'summary' ? { node, settings: work.settings } : undefined
  }
  for (const out of outs) {
    const found = visit(out)
    if (found !== undefined) return found
  }
  return undefined
}

/** The first part of a barrier, a row at a time. */
export const rowsOfBarrier = ({ node, settings: { of } }: Barrier): Node =>
  layerNode('rowSummary', node.inputs, { of })

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

import { layerNode, type Node, ofSlice } from './node.ts'

// The slices of a volume are stacked vertically in the steps of a graph.

/** Layers that need all of their input, so they cannot run on one slice of several. */
const summing: ReadonlySet<string> = new Set(['summary', 'rowSummary', 'product', 'productRows'])

/** Returns slices of a volume as channels. The slices of the volume have `height` rows. */
export const slicesNode = (volume: Node, height: number, first: number, count: number): Node =>
  layerNode('slices', [volume], { height, first, count })

/**
 * Returns the steps that make `out` from one slice, over every slice of `volume`, or undefined if any of them depends
 * on something else than the slice, or needs all of it first.
 */
export function sliceBySlice(out: Node, slice: Node, volume: Node, slices: number): Node | undefined {
  const known = new Map<Node, Node | undefined>([[slice, volume]])
  const visit = (node: Node): Node | undefined => {
    if (known.has(node)) return known.get(node)
    const { work, shape } = node
    const inputs = node.inputs.map(visit)
    const isApart =
      inputs.length === 0 || inputs.includes(undefined) || (work.kind === 'layer' && summing.has(work.name))
    const [channels, height, width] = shape
    const made = isApart
      ? undefined
      : { shape: [channels, height * slices, width] as const, inputs: inputs as Node[], work, slices }
    known.set(node, made)
    return made
  }
  return visit(out)
}

/**
 * Returns one slice of a volume of `slices` slices. Steps that work slice by slice are computed for this slice only.
 */
export function sliceOf(volume: Node, z: number, slices: number): Node {
  const known = new Map<Node, Node>()
  const visit = (node: Node): Node => {
    const found = known.get(node)
    if (found !== undefined) return found
    const { shape, work } = node
    const made =
      node.slices === slices
        ? { shape: ofSlice(shape, slices), inputs: node.inputs.map(visit), work }
        : slicesNode(node, shape[1] / slices, z, 1)
    known.set(node, made)
    return made
  }
  return visit(volume)
}

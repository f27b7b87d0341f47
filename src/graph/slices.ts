import { layerNode, type Node, ofSlice } from './node.ts'

// The slices of a volume lie one below the other in the steps of a graph.

/** Layers that must see all of their input, which then is not one slice of several. */
const summing: ReadonlySet<string> = new Set(['summary', 'rowSummary', 'product', 'productRows'])

/** Slices of a volume whose slices have `height` rows, beside each other as channels. */
export const slicesNode = (volume: Node, height: number, first: number, count: number): Node =>
  layerNode('slices', [volume], { height, first, count })

/**
 * The steps that make `out` of one slice, over every slice of `volume`; undefined where there is anything in them that is not
 * made of the slice, or that must see all of it.
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

/** One slice of a volume of as many: what is computed slice by slice is computed of this one only. */
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

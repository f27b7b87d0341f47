import { layerNode, type Node, ofEach, ofSlice } from './node.ts'

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
export const sliceBySlice = (out: Node, slice: Node, volume: Node, slices: number): Node | undefined =>
  ofEach<Node | undefined>((node, of) => {
    if (node === slice) return volume
    const { work, shape } = node
    const inputs = node.inputs.map(of)
    if (inputs.length === 0 || inputs.includes(undefined)) return undefined
    if (work.kind === 'layer' && summing.has(work.name)) return undefined
    const [channels, height, width] = shape
    return { shape: [channels, height * slices, width], inputs: inputs as Node[], work, slices }
  })(out)

/**
 * Returns one slice of a volume of `slices` slices. Steps that work slice by slice are computed for this slice only.
 */
export const sliceOf = (volume: Node, z: number, slices: number): Node =>
  ofEach<Node>((node, of) =>
    node.slices === slices
      ? { shape: ofSlice(node.shape, slices), inputs: node.inputs.map(of), work: node.work }
      : slicesNode(node, node.shape[1] / slices, z, 1),
  )(volume)

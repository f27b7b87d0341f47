import type { LayerSettings } from '../definition/layers.ts'
import { summaryOfRows } from '../definition/summary.ts'
import { sizeOf, Tensor } from '../tensor/tensor.ts'
import { layerNode, type Node, planesNode, stepsOf } from './node.ts'

// Steps that need all of their input before they give any output: sums, and products of matrices. They are computed in
// a separate pass, strip by strip.

/**
 * The maximum size in bytes of a barrier's input that is kept for the steps after it, instead of being computed twice.
 */
const mostKept = 256 * 2 ** 20

/** Whether a step needs no computing. */
const isThere = ({ work: { kind } }: Node): boolean => kind === 'planes' || kind === 'source'

/**
 * Returns the same steps without those that need all of their input. `compute` computes each of these, from the lowest
 * up, in a separate pass. The rows of its input are kept if they take little memory, otherwise they are computed again.
 *
 * @param hold receives the bytes that are kept at a time
 */
export async function withoutBarriers(
  given: readonly Node[],
  compute: (out: Node) => Promise<Tensor>,
  hold?: (bytes: number) => void,
): Promise<readonly Node[]> {
  let outs = given
  for (let barrier = lowestBarrier(outs); barrier !== undefined; barrier = lowestBarrier(outs)) {
    const { node, settings, input } = barrier
    if (input !== undefined) {
      outs = replaced(outs, new Map([[input, planesNode(await compute(input))]]))
      continue
    }
    // the rows of one matrix are read for every row of the other, in another order than they were computed in
    const x =
      settings === undefined ? node.inputs.map(unordered).find((one) => !isThere(one)) : node.inputs[0]!
    if (x !== undefined && !isThere(x) && (settings === undefined || sizeOf(x.shape) * 4 <= mostKept)) {
      const kept = planesNode(await compute(x))
      outs = replaced(outs, new Map([[x, kept]]))
    } else {
      outs = replaced(outs, new Map([[node, planesNode(await summed(barrier, compute))]]))
    }
    // what only the steps below needed is no longer held
    hold?.(planesOf(outs) - planesOf(given))
  }
  return outs
}

/** The bytes of the planes that steps are made from. */
const planesOf = (outs: readonly Node[]): number =>
  stepsOf(outs).reduce((sum, { work, shape }) => sum + (work.kind === 'planes' ? 4 * sizeOf(shape) : 0), 0)

async function summed(barrier: Barrier, compute: (out: Node) => Promise<Tensor>): Promise<Tensor> {
  const { node, settings } = barrier
  const rows = await compute(rowsOfBarrier(barrier))
  return settings === undefined
    ? rows
    : new Tensor(node.shape, summaryOfRows(settings, rows.data, node.inputs[0]!.shape))
}

/** A step that sums up all of its input, which leaves little, or without settings, one whose inputs are matrices. */
type Barrier = {
  readonly node: Node
  readonly settings?: LayerSettings['summary']
  /** The input that must be computed first, if nothing else is needed. */
  readonly input?: Node
}

/**
 * Returns a step that needs all of its input, with no other such step below it, among those that `outs` depend on, or
 * undefined if there is none.
 */
function lowestBarrier(outs: readonly Node[]): Barrier | undefined {
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

/** Whether some step needs all of its input. */
export const hasBarrier = (out: Node): boolean => lowestBarrier([out]) !== undefined

/** The first part of a barrier, which works row by row; for a product, all of it. */
const rowsOfBarrier = ({ node, settings }: Barrier): Node =>
  settings === undefined
    ? layerNode('productRows', node.inputs, {})
    : layerNode('rowSummary', node.inputs, { of: settings.of })

/** Returns the step whose samples a step gives in another order, or the step itself. */
export function unordered(node: Node): Node {
  const { work, inputs } = node
  return work.kind === 'layer' && work.name === 'rearranged' ? unordered(inputs[0]!) : node
}

/** Returns the same steps with some of them replaced by others. */
export function replaced(outs: readonly Node[], by: ReadonlyMap<Node, Node>): Node[] {
  const known = new Map(by)
  for (const node of stepsOf(outs, (one) => by.has(one))) {
    if (by.has(node)) continue
    const inputs = node.inputs.map((input) => known.get(input)!)
    known.set(node, inputs.every((input, i) => input === node.inputs[i]) ? node : { ...node, inputs })
  }
  return outs.map((out) => known.get(out)!)
}

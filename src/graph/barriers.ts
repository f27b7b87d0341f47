import type { LayerSettings } from '../definition/layers.ts'
import { summaryOfRows } from '../definition/summary.ts'
import { sizeOf, Tensor } from '../tensor/tensor.ts'
import { layerNode, type Node, planesNode } from './node.ts'
import { stepsOf } from './walk.ts'

// Steps that must see all of their input before they give anything: sums, and products of matrices. They are computed in a
// pass of their own, strip by strip.

/** Bytes of an input of a barrier up to which it is kept for the steps behind, instead of computing it twice. */
const mostKept = 256 * 2 ** 20

/** Whether a step is as good as there. */
const isThere = ({ work: { kind } }: Node): boolean => kind === 'planes' || kind === 'source'

/**
 * The same steps without those that sum up all of their input: each of them, from the lowest on, is computed by `compute`
 * in a pass of its own. The rows that it saw are kept where they take little memory, and computed again where not.
 *
 * @param hold sees the bytes of what is kept at a time
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
    // a row of a matrix is read for every row of the other, in another order than its samples were made in
    const x =
      settings === undefined ? node.inputs.map(unordered).find((one) => !isThere(one)) : node.inputs[0]!
    if (x !== undefined && !isThere(x) && (settings === undefined || sizeOf(x.shape) * 4 <= mostKept)) {
      const kept = planesNode(await compute(x))
      outs = replaced(outs, new Map([[x, kept]]))
    } else {
      outs = replaced(outs, new Map([[node, planesNode(await summed(barrier, compute))]]))
    }
    // what only steps below looked at is held no more
    hold?.(planesOf(outs) - planesOf(given))
  }
  return outs
}

/** Bytes of the planes that steps are made of. */
const planesOf = (outs: readonly Node[]): number =>
  [...new Set(outs.flatMap(nodesOf))].reduce(
    (sum, { work, shape }) => sum + (work.kind === 'planes' ? 4 * sizeOf(shape) : 0),
    0,
  )

async function summed(barrier: Barrier, compute: (out: Node) => Promise<Tensor>): Promise<Tensor> {
  const { node, settings } = barrier
  const rows = await compute(rowsOfBarrier(barrier))
  return settings === undefined
    ? rows
    : new Tensor(node.shape, summaryOfRows(settings, rows.data, node.inputs[0]!.shape))
}

/** A step that sums up all of its input, which leaves little, or one whose inputs are matrices, without settings. */
type Barrier = {
  readonly node: Node
  readonly settings?: LayerSettings['summary']
  /** The input that must be there, where that is all. */
  readonly input?: Node
}

/** A step that sees all, with no other one below it, of those that `outs` depend on; undefined where there is none. */
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

/** Whether some step must see all of its input. */
export const hasBarrier = (out: Node): boolean => lowestBarrier([out]) !== undefined

/** The first part of a barrier, a row at a time; of a product all of it. */
const rowsOfBarrier = ({ node, settings }: Barrier): Node =>
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

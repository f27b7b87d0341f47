import { summaryOfRows } from '../definition/summary.ts'
import {
  type Barrier,
  lowestBarrier,
  nodesOf,
  replaced,
  rowsOfBarrier,
  unordered,
} from '../graph/barriers.ts'
import { type Node, planesNode } from '../graph/node.ts'
import { sizeOf, Tensor } from '../tensor/tensor.ts'

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
  const before = planesOf(given)
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
    hold?.(planesOf(outs) - before)
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

import type { Network, NetworkNode } from './network.ts'

/** The width of each value divided by the width of the network's input. Unknown factors are missing. */
type Factors = ReadonlyMap<string, number>

const first = (node: NetworkNode, factors: Factors): number | undefined => factors.get(node.inputs[0] ?? '')

/** An attribute for the last axis. */
function last({ attributes }: NetworkNode, name: string, otherwise: number): number {
  const value = attributes.get(name)
  const one = Array.isArray(value) ? value.at(-1) : value
  return typeof one === 'number' && one > 0 ? one : otherwise
}

const times = (by: number, factor: number | undefined): number | undefined =>
  factor === undefined ? undefined : factor * by

/** How operators change the width. The output of all others is as wide as their widest input. */
const changes: Readonly<
  Record<
    string,
    (node: NetworkNode, factors: Factors, network: Pick<Network, 'constants'>) => number | undefined
  >
> = {
  Conv: (node, factors) => times(1 / last(node, 'strides', 1), first(node, factors)),
  MaxPool: (node, factors) => times(1 / last(node, 'strides', 1), first(node, factors)),
  AveragePool: (node, factors) => times(1 / last(node, 'strides', 1), first(node, factors)),
  ConvTranspose: (node, factors) => times(last(node, 'strides', 1), first(node, factors)),
  DepthToSpace: (node, factors) => times(last(node, 'blocksize', 1), first(node, factors)),
  SpaceToDepth: (node, factors) => times(1 / last(node, 'blocksize', 1), first(node, factors)),
  Resize(node, factors, { constants }) {
    const scales = constants.get(node.inputs[2] ?? '')?.data
    return scales === undefined || scales.length === 0
      ? undefined
      : times(scales.at(-1)!, first(node, factors))
  },
}

/** Operators whose output has no width, or one that only a run reveals. */
const unknown: ReadonlySet<string> = new Set([
  'Shape',
  'Reshape',
  'Transpose',
  'Flatten',
  'Gemm',
  'MatMul',
  'GlobalAveragePool',
  'GlobalMaxPool',
  'ReduceMean',
  'ReduceMax',
  'Upsample',
  'Unsqueeze',
  'Squeeze',
])

/**
 * The factor by which the output is larger than the input, from the strides of the layers. Losses at the edges do not
 * count. Undefined if the layers leave it open, or if the output is smaller.
 *
 * @param network with its nodes in execution order
 */
export function scaleOf(
  network: Pick<Network, 'inputs' | 'outputs' | 'nodes' | 'constants'>,
): number | undefined {
  const factors = new Map<string, number>()
  for (const { name } of network.inputs) factors.set(name, 1)
  for (const node of network.nodes) {
    if (unknown.has(node.operator) || node.domain !== '') continue
    const known = node.inputs.map((name) => factors.get(name)).filter((one) => one !== undefined)
    const change = changes[node.operator]
    const factor = change === undefined ? widest(known) : change(node, factors, network)
    if (factor !== undefined) for (const name of node.outputs) factors.set(name, factor)
  }
  const scale = factors.get(network.outputs[0]?.name ?? '')
  return scale !== undefined && scale >= 1 && Number.isInteger(scale) ? scale : undefined
}

const widest = (factors: readonly number[]): number | undefined => {
  let most: number | undefined
  for (const factor of factors) if (most === undefined || factor > most) most = factor
  return most
}

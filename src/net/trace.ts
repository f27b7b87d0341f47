import type { Engine } from '../definition/engine.ts'
import { asConvoError, ConvoError, nearest } from '../error.ts'
import { checkLimit } from '../limits.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { lowerings } from './lowerings.ts'
import { type Network, type NetworkNode, type Port, pictureInput, readsOf } from './network.ts'
import { allOf, type Declared, nameOf, Turn } from './step.ts'
import {
  type Dimension,
  type Item,
  isAxis,
  known,
  knownOf,
  pictureValue,
  plain,
  planesOf,
  shapeOf,
  type Value,
  withChannels,
} from './value.ts'

/** The order of axes that a network takes: `hwc` has channels last. */
export type NetLayout = 'chw' | 'hwc'

/** A node with its shapes. */
export type Seen = Declared & { readonly node: NetworkNode }

/** Called for every node once its outputs are known. */
export type OnNode = (seen: Seen) => void

/** The operators that accept switches, which convo stores as positions within windows. */
const takesSwitches: ReadonlySet<string> = new Set(['MaxUnpool', 'Identity'])
const switchesAlone = (where: string) =>
  new ConvoError('E_NET_OPERATOR', `${where}: the indices of a MaxPool are computed for a MaxUnpool alone`, {
    fix: 'another output (--head), or a network without the indices',
  })

/** The domains whose operators are supported. */
const domains: ReadonlySet<string> = new Set(['', 'ai.onnx', 'com.microsoft'])

/**
 * Traces planes [C,H,W] through a network, node by node. `engine` computes the steps or only records them. Values that do
 * not depend on the picture are computed at once. Returns the outputs as planes [C',H',W'].
 *
 * @throws ConvoError E_NET_OPERATOR for unsupported operators, E_SHAPE if sizes do not fit
 */
export async function trace(
  network: Network,
  x: Tensor,
  engine: Engine,
  layout: NetLayout,
  declared: ReadonlyMap<NetworkNode, Declared> = new Map(),
  onNode: OnNode = () => undefined,
): Promise<Tensor[]> {
  const items = new Map<string, Item>()
  for (const [name, constant] of network.constants) items.set(name, known(constant))
  const port = pictureInput(network)
  items.set(port.name, inputOf(x, port, layout))
  const left = usesLeft(network)
  /** Drops values that no later node reads. */
  const used = (node: NetworkNode) => {
    for (const name of readsOf(node)) {
      const uses = (left.get(name) ?? 0) - 1
      left.set(name, uses)
      if (uses === 0) items.delete(name)
    }
  }
  let steps = 0
  /** The outputs of branches that are not taken. */
  const skipped = new Set<string>()
  for (const node of network.nodes) {
    if (!isTaken(node, items, skipped)) {
      for (const name of node.outputs) skipped.add(name)
      used(node)
      continue
    }
    const inputs = node.inputs.map((name) =>
      name === '' || skipped.has(name) ? undefined : itemOf(items, name, node),
    )
    const lower = domains.has(node.domain) ? lowerings[node.operator] : undefined
    if (lower === undefined || !Object.hasOwn(lowerings, node.operator)) throw unknown(node)
    const switches = inputs.some((item) => item?.kind === 'value' && item.pooling !== undefined)
    if (switches && !takesSwitches.has(node.operator)) throw switchesAlone(nameOf(node))
    const turn = new Turn(node, inputs, engine, declared.get(node))
    const outputs = await attempt(node, async () => allOf(lower(turn)))
    if (outputs.some((item) => item?.kind === 'value')) checkStep(node, ++steps, outputs)
    node.outputs.forEach((name, i) => {
      if (name !== '' && outputs[i] !== undefined) items.set(name, outputs[i])
    })
    onNode({ node, inputs, outputs })
    used(node)
  }
  return Promise.all(
    network.outputs.map(async ({ name }) => {
      const item = items.get(name)
      if (item === undefined) throw new ConvoError('E_NET_OPERATOR', `no node makes the output "${name}"`)
      if (item.kind === 'value' && item.pooling !== undefined) throw switchesAlone(`output "${name}"`)
      return (await outputOf(engine, planesOf(item), x.shape, layout)).planes
    }),
  )
}

/** Refuses steps that would not fit into any memory. @throws ConvoError E_TOO_LARGE */
function checkStep(node: NetworkNode, steps: number, outputs: readonly Item[]): void {
  checkLimit('modelSteps', steps, nameOf(node))
  for (const item of outputs) {
    if (item?.kind !== 'value') continue
    const [channels = 1, , width = 1] = item.planes.shape
    checkLimit('rowSamples', channels * width, nameOf(node))
  }
}

function usesLeft({ nodes, outputs }: Network): Map<string, number> {
  const left = new Map<string, number>()
  for (const name of [...nodes.flatMap(readsOf), ...outputs.map((port) => port.name)])
    left.set(name, (left.get(name) ?? 0) + 1)
  return left
}

/** Whether all branches around a node are taken. @throws ConvoError E_NET_OPERATOR if a condition depends on the picture */
function isTaken(node: NetworkNode, items: ReadonlyMap<string, Item>, skipped: ReadonlySet<string>): boolean {
  return (node.when ?? []).every(([name, is]) => {
    if (skipped.has(name)) return false
    return (knownOf(items.get(name), 'the condition of its branch', nameOf(node)).data[0] !== 0) === is
  })
}

/** Shapes planes as the input of a network. */
function inputOf(planes: Tensor, { shape }: Port, layout: NetLayout): Value {
  const value = pictureValue(planes)
  const dims = layout === 'hwc' ? [0, 2, 3, 1].map((i) => value.dims[i]!) : value.dims
  const rank = shape?.length ?? 4
  // a list [1,C], or [H,W] of a picture of one channel
  if (rank < 3) return { ...value, dims: rank === 2 && shape![0] !== 1 ? dims.slice(2) : dims.slice(0, rank) }
  return { ...value, dims: dims.slice(-rank) }
}

/**
 * Whether the channels of [..,A,B,C] come last, that is, A and B have the proportions of the picture rather than B and C.
 * In a network that takes channels first, this also needs a transposition that moved them.
 */
function comesLast(value: Value, [, height = 1, width = 1]: readonly number[], layout: NetLayout): boolean {
  const [a, b, c] = shapeOf(value).slice(-3) as [number, number, number]
  const stretch = (high: number, wide: number) => Math.abs(Math.log((high * width) / (wide * height)))
  const [last, first] = [stretch(a, b), stretch(b, c)]
  if (layout === 'hwc') return last < first || (last === first && !(b === height && c === width && a !== b))
  return (
    last < Math.min(first, 0.1) &&
    ([1, 2, 0] as const).every((axis, i) => isAxis(value, value.dims.at(i - 3)!, axis))
  )
}

/** Converts an output to planes, channels first. A list of numbers becomes the channels of one sample. */
function outputOf(
  engine: Engine,
  value: Value,
  picture: readonly number[],
  layout: NetLayout,
): Promise<Value> {
  const shape = shapeOf(value)
  const rank = shape.length
  const isPicture = rank >= 3 && shape.slice(0, -3).every((n) => n === 1)
  const isMap = rank === 2 && shape[0]! > 1
  if (rank < 3 && !isMap) return withChannels(engine, value, rank === 0 ? [] : [rank - 1])
  if (isPicture && comesLast(value, picture, layout)) {
    const [rows, columns, channels] = value.dims.slice(-3) as [Dimension, Dimension, Dimension]
    return plain(engine, { ...value, dims: [channels, rows, columns] })
  }
  return plain(engine, value)
}

function itemOf(items: ReadonlyMap<string, Item>, name: string, node: NetworkNode): Item {
  const item = items.get(name)
  if (item !== undefined) return item
  throw new ConvoError('E_NET_OPERATOR', `${nameOf(node)}: nothing makes its input "${name}"`)
}

function unknown(node: NetworkNode): ConvoError {
  const isForeign = !domains.has(node.domain)
  const guess = isForeign ? undefined : nearest(node.operator, Object.keys(lowerings))
  return new ConvoError(
    'E_NET_OPERATOR',
    `${nameOf(node)}: convo does not have the operator ${isForeign ? `${node.domain}.` : ''}${node.operator}`,
    {
      why: [`supported operators: ${Object.keys(lowerings).join(', ')}`],
      fix:
        guess === undefined ? 'a network exported in the operators above' : `a network with ${guess} instead`,
    },
  )
}

/** Runs `act` and adds the name of the node to its errors. */
async function attempt<T>(node: NetworkNode, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    const known = asConvoError(error)
    if (known.code === 'E_INTERNAL' || known.message.includes(`"${node.name}"`)) throw error
    throw new ConvoError(known.code, `${nameOf(node)}: ${known.message}`, {
      why: known.why,
      fix: known.fix,
      cause: error,
    })
  }
}

import type { Engine } from '../definition/engine.ts'
import { asConvoError, ConvoError, nearest } from '../error.ts'
import { sourceNode, traced, tracer } from '../graph/node.ts'
import { borders } from '../tensor/border.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { optional } from '../text/record.ts'
import { type Folded, folded } from './fold.ts'
import {
  type Meaning,
  type NetInputs,
  type Network,
  type NetworkNode,
  type Port,
  readsOf,
  withInputs,
} from './network.ts'
import { placed, upTo } from './places.ts'
import { readNetwork } from './read.ts'
import type { Declared } from './step.ts'
import { type NetLayout, type OnNode, trace } from './trace.ts'

/** A network that is ready to run on pictures of any size. */
export type Model = Folded & {
  readonly layout: NetLayout
  /** The number of channels that it takes; undefined if its file leaves it open. */
  readonly channels: number | undefined
  /** The size that its file is written for, if it is for one size only. */
  readonly fixed: readonly [height: number, width: number] | undefined
  /** The shapes of every node at that size. */
  readonly declared: ReadonlyMap<NetworkNode, Declared>
  readonly meaning: Meaning
  /** The output that was asked for. */
  readonly head: string | undefined
  /** The numbers that were given for its other inputs. */
  readonly set: NetInputs
  /** The names of its outputs. The one that is computed comes first. */
  readonly outputs: readonly string[]
  /** Notes for the user about the choice of output. */
  readonly notes: readonly string[]
  /** Whether it outputs the number of a class for each pixel. */
  readonly givesLabels: boolean
}

/**
 * Prepares a network: finds the sizes, channels and layout that it takes.
 *
 * @param options `head`: the output, by name or by number from 1, by default the first; `set`: numbers for inputs other
 *   than the picture
 * @throws ConvoError E_NET_OPERATOR, E_OPTION for an output or input that does not exist
 */
export async function modelOf(
  given: Network,
  { head, set = {} }: { readonly head?: string | undefined; readonly set?: NetInputs | undefined } = {},
): Promise<Model> {
  const { network, folded: pairs } = folded(withHead(withInputs(given, set), head))
  const [output] = network.outputs as [Port]
  const others = given.outputs.flatMap(({ name }) => (name === output.name ? [] : [name]))
  const port = network.inputs.find(({ name }) => !network.constants.has(name))
  const shape = port?.shape
  const layout = layoutOf(network, port)
  const sizes =
    shape === undefined
      ? []
      : shape.length === 2 && shape[0] !== 1
        ? [1, ...shape]
        : layout === 'hwc'
          ? [shape.at(-1), ...shape.slice(-3, -1)]
          : shape.slice(-3)
  const [stated, height, width] = sizes.map((n) => (typeof n === 'number' && n > 0 ? n : undefined))
  const fixed = height === undefined || width === undefined ? undefined : ([height, width] as const)
  const channels = stated ?? (await channelsTaken(network, layout, fixed ?? [256, 256]))
  const declared = new Map<NetworkNode, Declared>()
  if (fixed !== undefined && channels !== undefined) {
    // an error is about the size of the picture
    await shapesAt({ network, layout }, channels, fixed, ({ node, inputs, outputs }) => {
      declared.set(node, { inputs, outputs })
    }).catch(() => undefined)
  }
  const meaning = network.meaning ?? {}
  return {
    network,
    folded: pairs,
    layout,
    channels,
    fixed,
    declared,
    meaning,
    head,
    set,
    outputs: [output.name, ...others],
    notes:
      head !== undefined || others.length === 0
        ? []
        : [
            `the network has ${others.length + 1} outputs: "${output.name}" is computed; --head ${others[0]} is another`,
          ],
    givesLabels: labels.has(lastOperator(network) ?? ''),
  }
}

/** The part of a network that one of its outputs depends on. @throws ConvoError E_OPTION for an output that does not exist */
export function withHead(network: Network, head?: string): Network {
  const output = headOf(network, head)
  const wanted = new Set([output.name])
  const nodes = network.nodes.toReversed().filter((node) => {
    const isWanted = node.outputs.some((name) => name !== '' && wanted.has(name))
    if (isWanted) for (const name of readsOf(node)) wanted.add(name)
    return isWanted
  })
  const inputs = network.inputs.filter(({ name }) => wanted.has(name))
  return {
    ...network,
    inputs: inputs.length > 0 ? inputs : network.inputs,
    outputs: [output],
    nodes: nodes.reverse(),
    constants: new Map([...network.constants].filter(([name]) => wanted.has(name))),
  }
}

function headOf({ outputs }: Network, head: string | undefined): Network['outputs'][number] {
  const found =
    head === undefined ? outputs[0] : outputs.find(({ name }, i) => name === head || `${i + 1}` === head)
  if (found !== undefined) return found
  throw new ConvoError('E_OPTION', `the network has no output "${head}"`, {
    why: `its outputs: ${outputs.map(({ name }) => name).join(', ')}`,
    fix: `--head ${
      nearest(
        head ?? '',
        outputs.map(({ name }) => name),
      ) ?? outputs[0]?.name
    }`,
  })
}

/** Finds out how many colours a network takes if its file leaves it open. Undefined if it takes any number, or none. */
async function channelsTaken(
  network: Network,
  layout: NetLayout,
  size: readonly [number, number],
): Promise<number | undefined> {
  const taken: number[] = []
  for (const count of [1, 3, 4]) if (await fits({ network, layout }, count, size)) taken.push(count)
  return taken.length === 1 ? taken[0] : undefined
}

/**
 * Channels come last if only the last axis has a size that channels can have, or if the sizes are open but every node that
 * reads the input moves the last axis to the front.
 */
function layoutOf({ nodes }: Network, port: Port | undefined): NetLayout {
  const { name, shape } = port ?? {}
  if (name === undefined || shape === undefined || shape.length < 3) return 'chw'
  const isCount = (n: number | string | undefined) => n === 1 || n === 3 || n === 4
  const [first, , last] = shape.slice(-3)
  if (isCount(last)) return isCount(first) ? 'chw' : 'hwc'
  if (typeof last === 'number' || typeof first === 'number') return 'chw'
  const alike = new Set([name])
  let turns = 0
  for (const { operator, inputs, outputs, attributes } of nodes) {
    if (!inputs.some((one) => alike.has(one))) continue
    if (operator === 'Transpose' && String(attributes.get('perm')) === turned[shape.length]) turns++
    else if (inPlace.has(operator)) for (const one of outputs) alike.add(one)
    else return 'chw'
  }
  return turns > 0 ? 'hwc' : 'chw'
}

/** The permutations of 3 and of 4 axes that move channels from the last place to the first. */
const turned: Readonly<Record<number, string>> = { 3: '2,0,1', 4: '0,3,1,2' }

/** Element-wise operators that may come before this transposition. */
const inPlace = new Set([
  'Cast',
  'Identity',
  'Add',
  'Sub',
  'Mul',
  'Div',
  'QuantizeLinear',
  'DequantizeLinear',
])

/** Operators that do not change the numbers. */
const keeping: ReadonlySet<string> = new Set([
  'Cast',
  'Identity',
  'Squeeze',
  'Unsqueeze',
  'Reshape',
  'Transpose',
  'Flatten',
  'Slice',
  'DepthToSpace',
])

const labels: ReadonlySet<string> = new Set(['ArgMax', 'ArgMin'])

/** The operator that computes the first output, skipping those that do not change the numbers. */
export function lastOperator({ nodes, outputs }: Network): string | undefined {
  let name = outputs[0]?.name
  for (const node of nodes.toReversed()) {
    if (!node.outputs.includes(name ?? '')) continue
    if (!keeping.has(node.operator)) return node.operator
    name = node.inputs[0]
  }
  return undefined
}

/** Traces planes of a size through a network, and returns the shape of its output. */
async function shapesAt(
  { network, layout, declared }: Pick<Model, 'network' | 'layout'> & Partial<Pick<Model, 'declared'>>,
  channels: number,
  [height, width]: readonly [number, number],
  onNode?: OnNode,
): Promise<[channels: number, height: number, width: number]> {
  const planes = traced(sourceNode([channels, height, width]))
  const [out] = await trace(network, planes, tracer, layout, declared, onNode)
  return out!.shape as [number, number, number]
}

const fits = (...asked: Parameters<typeof shapesAt>): Promise<boolean> =>
  shapesAt(...asked).then(
    () => true,
    () => false,
  )

/** How planes of a size are padded for a network, and how its output is cropped. */
export type Fit = {
  /** Samples of mirrored padding before and after the rows and columns. */
  readonly rows: readonly [before: number, after: number]
  readonly columns: readonly [before: number, after: number]
  /** The shape of the output, and the size that is kept, starting at its first row and column. */
  readonly made: readonly [channels: number, height: number, width: number]
  readonly out: readonly [height: number, width: number]
  /** The factors from rows and columns of the input to those of the output. */
  readonly scale: readonly [number, number]
  /** The sizes must be a multiple of this; 1 if any size will do. */
  readonly multiple: number
}

const multiples = [1, 2, 4, 8, 16, 32, 64, 128] as const
const nextMultiple = (n: number, multiple: number): number => Math.ceil(n / multiple) * multiple

/**
 * Finds a padding with which planes of this size fit a model: none, or up to a multiple of 2 to 128, or by the border that
 * its convolutions without padding remove.
 *
 * @throws ConvoError E_SHAPE if no padding fits, E_NET_OPERATOR
 */
export async function fitOf(
  model: Model,
  [channels, height, width]: readonly [number, number, number],
): Promise<Fit> {
  const sizeAt = (high: number, wide: number) => shapesAt(model, channels, [high, wide])
  const fitAt = async (multiple: number): Promise<Fit> => {
    let [high, wide] = [nextMultiple(height, multiple), nextMultiple(width, multiple)]
    let made = await sizeAt(high, wide)
    let before = [0, 0]
    // a border that convolutions without padding remove does not affect the scale
    const isOdd = made[0] === channels && !Number.isInteger(made[1] / high)
    // a network for one size has no other size to compare with
    const isOpen = isOdd && model.meaning.scale === undefined
    const more = isOpen ? await sizeAt(high + 128, wide).catch(() => undefined) : undefined
    const known = model.meaning.scale ?? (more === undefined ? undefined : (more[1] - made[1]) / 128)
    const isCut = known !== undefined && Number.isInteger(known) && known > 0 && made[1] < known * high
    if (isCut) {
      const lost = [high - made[1] / known, wide - made[2] / known]
      before = lost.map((n) => Math.floor(n / 2))
      ;[high, wide] = [nextMultiple(height + lost[0]!, multiple), nextMultiple(width + lost[1]!, multiple)]
      made = await sizeAt(high, wide)
    }
    const scale = isCut ? ([known, known] as const) : ([made[1] / high, made[2] / wide] as const)
    const out = [Math.ceil(height * scale[0] - 1e-9), Math.ceil(width * scale[1] - 1e-9)] as const
    const isList = made[1] === 1 && made[2] === 1
    return {
      rows: [before[0]!, high - height - before[0]!],
      columns: [before[1]!, wide - width - before[1]!],
      made,
      out: isList ? [1, 1] : [Math.min(out[0], made[1]), Math.min(out[1], made[2])],
      scale,
      multiple,
    }
  }
  let first: ConvoError | undefined
  const said = model.meaning.multiple ?? 1
  for (const multiple of said === 1 ? multiples : [said, ...multiples.map((n) => n * said)]) {
    try {
      return await fitAt(multiple)
    } catch (thrown) {
      const error = asConvoError(thrown)
      if (error.code !== 'E_SHAPE') throw thrown
      first ??= error
    }
  }
  const { fixed } = model
  const isTaken = (high: number, wide: number) => fits(model, channels, [high, wide])
  // what its own size does not satisfy is not about the picture
  if (fixed !== undefined && !(await isTaken(...fixed))) throw first
  let larger = 256
  while (fixed === undefined && larger <= 1024 && !(await isTaken(larger, larger))) larger *= 2
  throw new ConvoError('E_SHAPE', `the network does not take ${width}x${height}: ${first!.message}`, {
    why: [
      ...first!.why,
      ...(fixed === undefined ? [] : [`its file is written for ${fixed[1]}x${fixed[0]}`]),
      `sizes up to the next multiple of ${multiples.at(-1)} do not fit either`,
    ],
    fix:
      fixed !== undefined
        ? `a picture of ${fixed[1]}x${fixed[0]}, or the network exported without fixed sizes (dynamic axes)`
        : larger > 1024
          ? 'convo net info lists the layers and their shapes; no size up to 1024x1024 was found to fit'
          : `a picture of another size: the network takes ${larger}x${larger}`,
    cause: first,
  })
}

/** Runs a model on planes [C,H,W]. */
export async function throughModel(
  model: Model,
  x: Tensor,
  engine: Engine,
  fit: Fit,
  onNode?: OnNode,
): Promise<Tensor> {
  const [, height, width] = x.shape as [number, number, number]
  const places = (size: number, [before, after]: readonly [number, number]) =>
    Array.from({ length: size + before + after }, (_, i) => borders.reflect.source(i - before, size))
  const isGrown = [...fit.rows, ...fit.columns].some((n) => n > 0)
  const grown = isGrown
    ? await placed(engine, x, [undefined, places(height, fit.rows), places(width, fit.columns)])
    : x
  const [out] = await trace(model.network, grown, engine, model.layout, model.declared, onNode)
  const [, high, wide] = out!.shape as [number, number, number]
  if (high === fit.out[0] && wide === fit.out[1]) return out!
  return placed(engine, out!, [undefined, upTo(fit.out[0]), upTo(fit.out[1])])
}

/**
 * Reads a network and prepares it for running.
 *
 * @param source its path, or its bytes
 * @throws ConvoError as `readNetwork` and `modelOf` do
 */
export async function readModel(
  source: string | Uint8Array,
  options: {
    readonly scale?: number | undefined
    readonly head?: string | undefined
    readonly set?: NetInputs | undefined
  },
): Promise<Model> {
  const network = await readNetwork(source, optional('scale', options.scale))
  if (network.nodes.length > 0) return modelOf(network, options)
  const name = typeof source === 'string' ? source : 'the network'
  throw new ConvoError('E_NET_FORMAT', `${name} holds no nodes`)
}

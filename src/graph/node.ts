import {
  type BankPlan,
  correlationBank,
  correlationOrder,
  rowsOfTile,
  transpositionBank,
  transpositionOrder,
  type WeightOrder,
} from '../conv/bank.ts'
import type { RecipePlan } from '../conv/plan.ts'
import { reachOf, tileRows } from '../conv/reach.ts'
import { type Engine, flatShape, planOfPlanes, repeatedly, shapeOfLayer } from '../definition/engine.ts'
import type { Shape } from '../definition/layer.ts'
import { type LayerName, type LayerSettings, type LayerWork, layers } from '../definition/layers.ts'
import { bordered } from '../definition/rows.ts'
import { neighbourPlaces, type SimilarityOptions } from '../definition/similarity.ts'
import { invariant } from '../error.ts'
import { borders } from '../tensor/border.ts'
import { hasAlpha } from '../tensor/picture.ts'
import { isPending, pendingTensor, type Tensor, unshaped } from '../tensor/tensor.ts'
import type { Span } from './spans.ts'
import { plainTone, type Tone } from './tone.ts'
import { type Windows, windowRows } from './windows.ts'

/** A step of a graph over planes [C,H,W]: what it computes, and from which other steps. */
export type Node = {
  readonly shape: Shape
  readonly inputs: readonly Node[]
  readonly work: Work
  /** For a step that is computed slice by slice: the number of slices, stacked vertically, in it and in its inputs. */
  readonly slices?: number | undefined
}

/** The shape of one slice of a step that is computed slice by slice. */
export const ofSlice = ([channels, height, width]: Shape, slices = 1): Shape => [
  channels,
  height / slices,
  width,
]

/** What a step computes, as plain data. */
export type WorkOf<B, P = Float32Array, F = Filter> =
  /** the picture that the graph runs over */
  | { readonly kind: 'source' }
  /** planes [C][H][W] that are given */
  | { readonly kind: 'planes'; readonly data: P }
  | { readonly kind: 'bank'; readonly bank: B }
  /** a recipe over every plane, whose pixels are interleaved; without an input, over the picture itself */
  | { readonly kind: 'filter'; readonly filter: F }
  /** a recipe as the last step of all, through the finish of a picture */
  | { readonly kind: 'finish'; readonly filter: F }
  | { readonly kind: 'similarity'; readonly options: SimilarityOptions }
  /** the picture that the graph runs over, unchanged: whole samples of some bytes, interleaved */
  | { readonly kind: 'samples'; readonly bytes: 1 | 2 }
  /** ranks of windows over such samples */
  | { readonly kind: 'windows'; readonly bytes: 1 | 2; readonly windows: Windows }
  /** such samples moved to other places */
  | Moved
  /** the picture in gray, rounded to such samples */
  | { readonly kind: 'rounded'; readonly bytes: 1 | 2 }
  /** pixels of such samples, made from channels of one or two inputs */
  | Mixed
  /** the difference of two steps of such samples; the first is nowhere smaller */
  | { readonly kind: 'apart'; readonly bytes: 1 | 2 }
  | LayerWork

export type Work = WorkOf<Bank>

/** What a step computes, as far as it determines which rows it needs. */
export type WorkToPlan = WorkOf<BankNeeds, unknown, FilterNeeds>

/** A layer that moves whole samples of some bytes, `step` of them per pixel, as it moves the samples of planes. */
export type Moved = {
  readonly kind: 'moved'
  readonly bytes: 1 | 2
  readonly step: number
  readonly layer: Extract<LayerWork, { readonly name: 'framed' | 'chosen' }>
}

/** Pixels of whole samples: for each input, whose pixels have `step` samples, the channels that it gives. */
export type Mixed = {
  readonly kind: 'mixed'
  readonly bytes: 1 | 2
  readonly parts: readonly { readonly step: number; readonly first: number; readonly count: number }[]
}

/** A recipe over pixels of `channels` channels with full scale `full`. */
export type Filter = FilterNeeds & {
  readonly tone: Tone
  readonly channels: 1 | 2 | 3 | 4
  readonly full: number
}

/** The fields of a filter that determine which rows it needs. */
export type FilterNeeds = { readonly plan: RecipePlan }

/** The fields of a bank that determine which rows it needs. */
export type BankNeeds = {
  readonly plan: Omit<BankPlan, 'algorithm' | 'fill' | 'filtersPerGroup' | 'groups' | 'phases'>
}

/** A bank of filters and its weights. */
export type Bank = {
  readonly plan: BankPlan
  readonly weights: Float32Array
  readonly bias: Float32Array | undefined
  readonly order: WeightOrder
}

type StepToPlan = Pick<Node, 'shape' | 'slices'> & { readonly work: WorkToPlan }

/** Returns the rows of each input that a step needs for `rows` of its own. `shapes` are those of the inputs. */
export function needsOf(
  { shape, work, slices = 1 }: StepToPlan,
  shapes: readonly Shape[],
  rows: Span,
): readonly (readonly Span[])[] {
  if (slices === 1) return needs(shapes, work, rows)
  const own = shapes.map((input) => ofSlice(input, slices))
  const all: Span[][] = shapes.map(() => [])
  for (const [z, ...part] of slicesOf(rows, shape[1] / slices)) {
    for (const [k, spans] of needs(own, work, part).entries()) {
      const above = z * own[k]![1]
      all[k]!.push(...spans.map(([first, end]): Span => [first + above, end + above]))
    }
  }
  return all
}

/** Returns the rows of each input that one slice of a step needs, or all of it if it is not computed slice by slice. */
export function needs(shapes: readonly Shape[], work: WorkToPlan, rows: Span): readonly (readonly Span[])[] {
  switch (work.kind) {
    case 'source':
    case 'planes':
    case 'samples':
    case 'rounded':
      return []
    case 'windows':
      return [windowRows(work.windows, rows)]
    case 'moved':
      return layerNeeds(work.layer, rows, shapes)
    case 'apart':
    case 'mixed':
      return shapes.map(() => [rows])
    case 'bank':
      return [bankNeeds(work.bank, rows)]
    case 'filter':
    case 'finish':
      return shapes.map(() => filterNeeds(work.filter, rows))
    case 'similarity':
      return [similarityNeeds(shapes[0]!, work.options, rows)]
    case 'layer':
      return layerNeeds(work, rows, shapes)
  }
}

/** Returns the rows of its input that a filter needs. */
export const filterNeeds = ({ plan }: FilterNeeds, [first, end]: Span): Span[] =>
  bordered(tileRows(plan, reachOf(plan, first, end - first)), plan.height, plan.border)

function bankNeeds(bank: BankNeeds, rows: Span): Span[] {
  const { input, output, depths, rows: taps, step, outStep, border } = bank.plan
  const [depth, height] = input
  const grid = (y: number) => Math.floor(y / outStep[1]) * step[1] + taps.first
  return slicesOf(together(bank, rows), output[1]).flatMap(([z, first, end]) => {
    const own = bordered([grid(first), grid(end - 1) + taps.span], height, border)
    return depths.flatMap((d) => {
      const slice = borders[border].source(Math.floor(z / outStep[0]) * step[0] + d, depth)
      return slice < 0 ? [] : own.map(([a, b]): Span => [slice * height + a, slice * height + b])
    })
  })
}

/** Splits rows of stacked slices of `height` rows into the rows of each slice. */
export function slicesOf([first, end]: Span, height: number): [slice: number, first: number, end: number][] {
  const slices: [number, number, number][] = []
  for (let z = Math.floor(first / height); z * height < end; z++) {
    slices.push([z, Math.max(0, first - z * height), Math.min(height, end - z * height)])
  }
  return slices
}

/** Extends rows to those that a bank computes together: the rows of whole tiles. */
function together({ plan: { tile, grid } }: BankNeeds, [first, end]: Span): Span {
  if (tile === undefined) return [first, end]
  const block = rowsOfTile(tile)
  return [Math.floor(first / block) * block, Math.min(grid[1], Math.ceil(end / block) * block)]
}

/** Extends rows to those that a step computes at once. */
export function wholeRows({ work, shape, slices = 1 }: StepToPlan, rows: Span): Span {
  if (work.kind !== 'bank' || rows[1] <= rows[0]) return rows
  const height = shape[1] / slices
  const above = Math.floor(rows[0] / height) * height
  const under = Math.floor((rows[1] - 1) / height) * height
  if (slices === 1) return together(work.bank, rows)
  const [first] = together(work.bank, [rows[0] - above, height])
  const [, end] = together(work.bank, [0, rows[1] - under])
  return [first + above, end + under]
}

/** Returns the rows that an involution by similarity needs. */
export function similarityNeeds([, height]: Shape, options: SimilarityOptions, [first, end]: Span): Span[] {
  const pad = (options.patch - 1) / 2
  const inside = (y: number) => Math.max(0, Math.min(y, height - 1))
  return neighbourPlaces(options, height)
    .filter((dy) => first + dy < height && end + dy > 0)
    .map((dy) => [inside(first + dy - pad), inside(end - 1 + dy + pad) + 1])
}

const layerNeeds = <K extends LayerName>(
  { name, settings }: { readonly name: K; readonly settings: LayerSettings[K] },
  rows: Span,
  shapes: readonly Shape[],
): readonly (readonly Span[])[] => layers[name].needs(settings, rows, shapes).map(spansOf)

const spansOf = (rows: Span | readonly Span[]): readonly Span[] =>
  typeof rows[0] === 'number' ? [rows as Span] : (rows as readonly Span[])

const nodes = new WeakMap<Tensor, Node>()

/**
 * Returns a tensor that represents what a step will compute. It has a shape, which for a volume is given, and no
 * numbers yet.
 */
export function traced(node: Node, shape: readonly number[] = node.shape): Tensor {
  const tensor = pendingTensor(shape)
  nodes.set(tensor, node)
  return tensor
}

/** Returns the step that a traced tensor represents. A tensor that has numbers becomes planes. */
export function nodeOf(tensor: Tensor): Node {
  const node = nodes.get(unshaped(tensor))
  if (node !== undefined) return node
  invariant(!isPending(tensor), 'a tensor without numbers is traced')
  const made = planesNode(tensor)
  nodes.set(tensor, made)
  return made
}

/** The picture that a graph runs over, as planes. */
export const sourceNode = (shape: Shape): Node => ({ shape, inputs: [], work: { kind: 'source' } })

/** Returns a tensor [C,H,W] as a step. The slices of a volume [C,D,H,W] are stacked: [C,D·H,W]. */
export const planesNode = ({ shape, data }: Tensor): Node => ({
  shape: flatShape(shape),
  inputs: [],
  work: { kind: 'planes', data },
})

/** Returns a filter over planes, slice by slice if there are several, or over the picture if `x` is missing. */
export function filterNode(filter: Filter, x?: Node, slices = 1): Node {
  const { outWidth, outHeight } = filter.plan
  const width = outWidth * outChannels(filter, filter.tone)
  const inputs = x === undefined ? [] : [x]
  const shape = [x?.shape[0] ?? 1, outHeight * slices, width] as const
  return { shape, inputs, work: { kind: 'filter', filter }, ...(slices > 1 && { slices }) }
}

/** The number of channels that a filter gives. */
export const outChannels = (
  { channels }: Pick<Filter, 'channels'>,
  { gray }: Pick<Tone, 'gray'>,
): 1 | 2 | 3 | 4 => (gray ? (hasAlpha(channels) ? 2 : 1) : channels)

/** Interleaves the samples of each pixel: [1,H,W·C]. */
export function interleaved(x: Node): Node {
  const { shape, work, inputs } = x
  if (shape[0] === 1) return x
  if (work.kind === 'layer' && work.name === 'parted') return inputs[0]!
  return layerNode('interleaved', [x], {})
}

/** Splits pixels [1,H,W·C] into planes. */
export const parted = (x: Node, channels: number): Node =>
  channels === 1 ? x : layerNode('parted', [x], { channels })

/** Returns a layer over steps. */
export function layerNode<K extends LayerName>(
  name: K,
  inputs: readonly Node[],
  settings: LayerSettings[K],
): Node {
  const shapes = inputs.map((input) => input.shape)
  const work = { kind: 'layer', name, settings } as LayerWork
  return { shape: layers[name].shape(settings, shapes), inputs, work }
}

function bankNode(x: Tensor, bank: Bank): Tensor {
  const { groups, filtersPerGroup, output } = bank.plan
  const shape = [groups * filtersPerGroup, ...output.slice(4 - x.shape.length)]
  return traced({ shape: flatShape(shape), inputs: [nodeOf(x)], work: { kind: 'bank', bank } }, shape)
}

/** An engine that computes nothing and only records the steps. Its inputs and outputs are traced tensors. */
export const tracer: Engine = {
  async correlate(x, weight, bias, c) {
    const plan = correlationBank(c)
    return bankNode(x, { plan, weights: weight.data, bias, order: correlationOrder(plan, c) })
  },
  async transpose(x, weight, bias, t) {
    const plan = transpositionBank(t)
    return bankNode(x, { plan, weights: weight.data, bias, order: transpositionOrder(plan, t) })
  },
  involve: async (x, options) => {
    const input = nodeOf(x)
    return traced({ shape: input.shape, inputs: [input], work: { kind: 'similarity', options } })
  },
  layer: async (name, tensors, settings) => {
    const node = layerNode(name, tensors.map(nodeOf), settings)
    return traced(node, shapeOfLayer(tensors[0], node.shape))
  },
  recipe: (x, recipe, options, full) => tracer.filter(x, planOfPlanes(x, recipe, options), full),
  filter: async (x, plan, full) =>
    traced(filterNode({ plan, tone: plainTone, channels: 1, full }, nodeOf(x))),
  together: (inputs, steps, times) => repeatedly(tracer, inputs, steps, times),
}

/**
 * Returns the steps that `outs` depend on, each once and after its inputs, except those below a step that `isKnown`. It
 * keeps its own stack, because networks may be deeper than the call stack.
 */
export function stepsOf(outs: readonly Node[], isKnown: (node: Node) => boolean = () => false): Node[] {
  const done = new Set<Node>()
  const open = outs.toReversed().map((node) => ({ node, next: 0 }))
  while (open.length > 0) {
    const top = open.at(-1)!
    const input = done.has(top.node) || isKnown(top.node) ? undefined : top.node.inputs[top.next++]
    if (input !== undefined) {
      if (!done.has(input)) open.push({ node: input, next: 0 })
      continue
    }
    open.pop()
    done.add(top.node)
  }
  return [...done]
}

/** Returns a function that makes something of a step, once, and may call itself for the steps below. */
export function ofEach<T>(make: (node: Node, of: (node: Node) => T) => T): (node: Node) => T {
  const known = new Map<Node, T>()
  const of = (node: Node): T => {
    if (!known.has(node)) known.set(node, make(node, of))
    return known.get(node)!
  }
  return of
}

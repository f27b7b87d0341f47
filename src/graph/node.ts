import {
  type BankPlan,
  correlationBank,
  correlationIndex,
  transpositionBank,
  transpositionIndex,
  type WeightIndex,
} from '../conv/bank.ts'
import type { Engine } from '../definition/engine.ts'
import {
  type LayerName,
  type LayerSettings,
  type LayerWork,
  layers,
  type Shape,
} from '../definition/layers.ts'
import { type LikenessOptions, neighbourPlaces } from '../definition/likeness.ts'
import { invariant } from '../error.ts'
import { pendingTensor, type Tensor } from '../tensor/tensor.ts'
import { bordered, type Span } from './spans.ts'

/** A step of a graph over planes [C,H,W]: what it computes of which other steps. */
export type Node = { readonly shape: Shape; readonly inputs: readonly Node[]; readonly work: Work }

/** What a step computes. Apart from the bank it is plain data. */
export type WorkOf<B, P = Float32Array> =
  /** the picture that the graph runs over */
  | { readonly kind: 'source' }
  /** planes [C][H][W] that are there */
  | { readonly kind: 'planes'; readonly data: P }
  | { readonly kind: 'bank'; readonly bank: B }
  | { readonly kind: 'likeness'; readonly options: LikenessOptions }
  | LayerWork

export type Work = WorkOf<Bank>

/** What of a bank says which rows it needs. */
export type BankNeeds = {
  readonly plan: Pick<BankPlan, 'input' | 'rows' | 'step' | 'outStep' | 'border'>
}

/** A bank of filters and its weights. */
export type Bank = {
  readonly plan: BankPlan
  readonly weights: Float32Array
  readonly bias: Float32Array | undefined
  /** The place of a weight in `weights`. */
  readonly index: WeightIndex
}

/** The rows that a step needs of each of its inputs, which have these shapes, for some rows of its own. */
export function needs<B extends BankNeeds>(
  shapes: readonly Shape[],
  work: WorkOf<B, unknown>,
  rows: Span,
): readonly (readonly Span[])[] {
  switch (work.kind) {
    case 'source':
    case 'planes':
      return []
    case 'bank':
      return [bankNeeds(work.bank, rows)]
    case 'likeness':
      return [likenessNeeds(shapes[0]!, work.options, rows)]
    case 'layer':
      return layerNeeds(work, rows, shapes)
  }
}

function bankNeeds({ plan: { input, rows, step, outStep, border } }: BankNeeds, [first, end]: Span): Span[] {
  const grid = (y: number) => Math.floor(y / outStep[1]) * step[1] + rows.first
  return bordered([grid(first), grid(end - 1) + rows.span], input[1], border)
}

/** The rows that an involution by likeness needs. */
export function likenessNeeds([, height]: Shape, options: LikenessOptions, [first, end]: Span): Span[] {
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
): readonly (readonly Span[])[] => layers[name].needs(settings, rows, shapes).map((span) => [span])

const nodes = new WeakMap<Tensor, Node>()

/** A tensor that stands for what a step will compute: it has a shape, and no numbers yet. */
export function traced(node: Node): Tensor {
  const tensor = pendingTensor(node.shape)
  nodes.set(tensor, node)
  return tensor
}

/** The step that a traced tensor stands for. */
export function nodeOf(tensor: Tensor): Node {
  const node = nodes.get(tensor)
  invariant(node !== undefined, 'the tensor is traced')
  return node
}

/** The picture that a graph runs over, as planes. */
export const sourceNode = (shape: Shape): Node => ({ shape, inputs: [], work: { kind: 'source' } })

/** A tensor [C,H,W] as a step. */
export const planesNode = ({ shape, data }: Tensor): Node => ({
  shape: shape as unknown as Shape,
  inputs: [],
  work: { kind: 'planes', data },
})

function bankNode(x: Tensor, bank: Bank): Tensor {
  const { groups, filtersPerGroup, input, output } = bank.plan
  invariant(input[0] === 1 && output[0] === 1, 'banks of a graph are 2-D')
  const shape = [groups * filtersPerGroup, output[1], output[2]] as const
  return traced({ shape, inputs: [nodeOf(x)], work: { kind: 'bank', bank } })
}

/** Computes nothing: writes down the steps. Tensors that go in and come out are traced. */
export const tracer: Engine = {
  async correlate(x, weight, bias, c) {
    const plan = correlationBank(c)
    return bankNode(x, { plan, weights: weight.data, bias, index: correlationIndex(plan) })
  },
  async transpose(x, weight, bias, t) {
    const plan = transpositionBank(t)
    return bankNode(x, { plan, weights: weight.data, bias, index: transpositionIndex(plan, t) })
  },
  involve: async (x, options) => {
    const input = nodeOf(x)
    return traced({ shape: input.shape, inputs: [input], work: { kind: 'likeness', options } })
  },
  async layer(name, tensors, settings) {
    const inputs = tensors.map(nodeOf)
    const shape = layers[name].shape(
      settings,
      inputs.map((input) => input.shape),
    )
    return traced({ shape, inputs, work: { kind: 'layer', name, settings } as LayerWork })
  },
}

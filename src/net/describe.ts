import type { BankAlgorithm } from '../conv/bank-algorithm.ts'
import { unordered, withoutBarriers } from '../graph/barriers.ts'
import { cutOf, planPart } from '../graph/cut.ts'
import { fused } from '../graph/fuse.ts'
import { type Bank, type Node, nodeOf, sourceNode, traced, tracer } from '../graph/node.ts'
import { listed, planStrip } from '../graph/schedule.ts'
import { sizeOf, unseen } from '../tensor/tensor.ts'
import { fitOf, type Model, throughModel } from './model.ts'
import type { Meaning } from './network.ts'
import { shapeOf } from './value.ts'

/** A node of a network, for an input of a given size. */
export type NodeFacts = {
  /** The ONNX operator. */
  readonly operator: string
  /** Its name in the file. */
  readonly name: string
  /** Shapes of its outputs. */
  readonly shapes: readonly (readonly number[])[]
  /** The number of its weights and biases. */
  readonly parameters: number
  /** The number of its multiplications at this size. */
  readonly multiplications: number
  /** Whether it needs all of its input before it can start. */
  readonly seesAll: boolean
  /** The algorithm of a bank of filters. */
  readonly algorithm?: BankAlgorithm
}

/** A network, for a picture of a given size. */
export type ModelFacts = {
  /** The format of its file, such as `onnx`. */
  readonly format: string
  /** Its name in the file; empty if it has none. */
  readonly name: string
  /** The shape of the picture that it takes. */
  readonly input: readonly [channels: number, height: number, width: number]
  /** The size that the picture is padded to, if it is larger. */
  readonly grown?: readonly [height: number, width: number]
  /** The shape of its output. */
  readonly output: readonly number[]
  /** The names of its outputs. The one that is computed comes first. */
  readonly outputs: readonly string[]
  /** What its file or architecture says about samples. */
  readonly meaning: Meaning
  /** Its layers, in order. */
  readonly nodes: readonly NodeFacts[]
  /** The number of all weights and biases. */
  readonly parameters: number
  /** The number of multiplications at this size. */
  readonly multiplications: number
  /** Rows of the input that one row of the output depends on; undefined if it depends on all of them. */
  readonly receptive: number | undefined
  /** Rows of the output in a strip. */
  readonly stripRows: number
  /** Bytes of working memory of one thread. */
  readonly memory: number
  /** Normalisations that were folded into the bank before them. */
  readonly folded: readonly (readonly [norm: string, bank: string])[]
  /** The order of the axes of its input. */
  readonly layout: 'chw' | 'hwc'
  /** Other metadata of its file, by name. */
  readonly metadata: Readonly<Record<string, string>>
}

/** Describes a model for a picture of a given size without computing anything. @throws ConvoError as a run would */
export async function describeModel(
  model: Model,
  size: readonly [channels: number, height: number, width: number],
): Promise<ModelFacts> {
  const { network } = model
  const fit = await fitOf(model, size)
  const nodes: NodeFacts[] = []
  const counted = new Set<string>()
  const out = await throughModel(
    model,
    traced(sourceNode(size)),
    tracer,
    fit,
    ({ node, inputs, outputs }) => {
      const values = outputs.filter((item) => item.kind === 'value')
      if (values.length === 0) return
      const item = inputs[weightsAt[node.operator] ?? 1]
      const weights = item?.kind === 'known' ? item.constant : undefined
      const [given] = inputs.flatMap((item) => (item?.kind === 'value' ? [shapeOf(item)] : []))
      const made = nodeOf(values[0]!.planes)
      nodes.push({
        operator: node.operator,
        name: node.name,
        shapes: values.map(shapeOf),
        parameters: inputs.reduce((sum, item, i) => {
          const name = node.inputs[i]!
          if (item?.kind !== 'known' || counted.has(name) || sizing.has(node.operator)) return sum
          counted.add(name)
          const { type, data } = item.constant
          return type === 'int64' || type === 'int32' || type === 'bool' ? sum : sum + data.length
        }, 0),
        multiplications: multiplicationsOf(
          node.operator,
          weights?.shape ?? [],
          given ?? [],
          shapeOf(values[0]!),
        ),
        seesAll: isBarrier(made),
        ...(node.operator === 'Conv' &&
          made.work.kind === 'bank' && { algorithm: made.work.bank.plan.algorithm }),
      })
    },
  )
  const node = nodeOf(out)
  // steps that need all of their input run before the rest
  const before: Node[] = []
  const outs = await withoutBarriers([node], async (one) => {
    before.push(one)
    return unseen(one)
  })
  const passes = [...before, ...outs].map((one) => {
    const list = fused(listed(one))
    const { stripRows, passRows } = cutOf(list)
    const middle = Math.floor((one.shape[1] - stripRows) / 2)
    return { stripRows, bytes: planPart(list, [middle, middle + stripRows], passRows).bytes }
  })
  const [, height, width] = size
  const grown = [height + fit.rows[0] + fit.rows[1], width + fit.columns[0] + fit.columns[1]] as const
  return {
    format: network.format,
    name: network.name,
    input: size,
    ...((grown[0] !== height || grown[1] !== width) && { grown }),
    output: node.shape,
    outputs: model.outputs,
    meaning: model.meaning,
    nodes,
    parameters: nodes.reduce((sum, one) => sum + one.parameters, 0),
    multiplications: nodes.reduce((sum, one) => sum + one.multiplications, 0),
    receptive: nodes.some(({ seesAll }) => seesAll) ? undefined : receptiveOf(node),
    stripRows: passes.at(-1)!.stripRows,
    memory: Math.max(...passes.map(({ bytes }) => bytes)),
    folded: model.folded,
    layout: model.layout,
    metadata: Object.fromEntries(network.metadata),
  }
}

/** The input of an operator that contains its weights, if it is not the second. */
const weightsAt: Readonly<Record<string, number>> = { QLinearConv: 3, QLinearMatMul: 3 }
/** Operators whose constants are sizes or positions rather than weights. */
const sizing: ReadonlySet<string> = new Set(['Resize', 'Upsample', 'Pad', 'Clip'])

function isBarrier({ work, inputs }: Node): boolean {
  if (work.kind !== 'layer') return false
  if (work.name === 'across') return inputs.some((one) => isBarrier(unordered(one)))
  return ['summary', 'product', 'sampled', 'standardized'].includes(work.name)
}

const banks: ReadonlySet<string> = new Set(['Conv', 'ConvInteger', 'QLinearConv'])
const products: ReadonlySet<string> = new Set(['MatMul', 'MatMulInteger', 'QLinearMatMul', 'Gemm'])

/** The number of multiplications by weights, of a bank at every position where it is applied. */
function multiplicationsOf(
  operator: string,
  weight: readonly number[],
  given: readonly number[],
  made: readonly number[],
): number {
  if (banks.has(operator)) return sizeOf(made) * sizeOf(weight.slice(1))
  if (operator === 'ConvTranspose') return sizeOf(given) * sizeOf(weight.slice(1))
  return products.has(operator) ? sizeOf(made) * (given.at(-1) ?? 1) : 0
}

const withDirectSums = (bank: Bank): Bank => ({
  ...bank,
  plan: { ...bank.plan, algorithm: 'direct', tile: undefined },
})

/** The largest number of picture rows that one output row near the middle needs. */
function receptiveOf(out: Node): number {
  // tiles need more rows than a single output row does
  const list = listed(out).map((step) =>
    step.work.kind === 'bank'
      ? { ...step, work: { ...step.work, bank: withDirectSums(step.work.bank) } }
      : step,
  )
  const middle = Math.floor(out.shape[1] / 2)
  let most = 0
  for (let y = Math.max(0, middle - 4); y < Math.min(out.shape[1], middle + 4); y++) {
    let [low, high] = [Number.POSITIVE_INFINITY, 0]
    planStrip(list, [y, y + 1]).buffers.forEach(({ rows }, i) => {
      if (list[i]!.work.kind !== 'source') return
      for (const [first, end] of rows) [low, high] = [Math.min(low, first), Math.max(high, end)]
    })
    most = Math.max(most, high - low)
  }
  return most
}

import { modelOf } from '../../src/net/model.ts'
import { networkFrom } from '../../src/net/read.ts'
import { type Attributes, meanings, type Nd, nd } from './interpreter.ts'
import { type OnnxAttribute, onnxModel } from './onnx-writer.ts'

/** A node of a network for a test. Its inputs are names of other nodes, or numbers with a shape. */
export type TestNode = {
  readonly operator: string
  readonly inputs: readonly (string | Weights | undefined)[]
  readonly attributes?: Attributes
  readonly outputs: readonly string[]
}

/** The numbers of an input. */
export type Weights = {
  readonly shape: readonly number[]
  readonly data: readonly number[]
  readonly type?: 'int64' | 'uint8' | 'int8' | 'int32'
}

/** A network for a test. Its input is `x`, its output the first one of the last node. */
export type TestNetwork = {
  readonly shape: readonly number[]
  readonly nodes: readonly TestNode[]
  readonly opset?: number
}

/** Makes reproducible numbers from −1 to 1. */
export function randoms(seed: number): () => number {
  let state = seed * 2654435761 + 1
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 1 | state) + 0x6d2b79f5) | 0
    const mixed = Math.imul(state ^ (state >>> 7), 61 | state) ^ state
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2147483648 - 1
  }
}

/** Makes float32 numbers with a shape. */
export function floats(random: () => number, ...shape: number[]): Weights {
  return {
    shape,
    data: Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => Math.fround(random())),
  }
}

/** Makes a list of whole numbers. */
export const wholes = (...data: number[]): Weights => ({ shape: [data.length], data, type: 'int64' })

const isWeights = (input: TestNode['inputs'][number]): input is Weights => typeof input === 'object'
const names = (node: number, input: number) => `w${node}_${input}`
/** Attributes that are always floats, even if their numbers are whole. */
const floatNames = new Set([
  'alpha',
  'beta',
  'gamma',
  'epsilon',
  'min',
  'max',
  'value',
  'cubic_coeff_a',
  'extrapolation_value',
])

/** Returns the file of a network. */
export function fileOf({ shape, nodes, opset = 17 }: TestNetwork): Uint8Array {
  const initializers = Object.fromEntries(
    nodes.flatMap((node, n) =>
      node.inputs.flatMap((input, i) => (isWeights(input) ? [[names(n, i), input] as const] : [])),
    ),
  )
  return onnxModel({
    inputs: [{ name: 'x', shape }],
    outputs: [{ name: nodes.at(-1)!.outputs[0]! }],
    initializers,
    opset,
    nodes: nodes.map(({ operator, inputs, outputs, attributes = {} }, n) => ({
      operator,
      name: `${operator} ${n}`,
      outputs,
      inputs: inputs.map((input, i) => (input === undefined ? '' : isWeights(input) ? names(n, i) : input)),
      attributes: Object.fromEntries(
        Object.entries(attributes).map(([key, value]): [string, OnnxAttribute] => [
          key,
          floatNames.has(key) && typeof value === 'number' ? { float: value } : value,
        ]),
      ),
    })),
  })
}

/** Returns the network as a model of convo. */
export const modelFor = (network: TestNetwork) => modelOf(networkFrom(fileOf(network)))

/** Returns the result of the network for x, by the textbook. */
export function meaningOf({ nodes, opset = 17 }: TestNetwork, x: Nd): Nd {
  const known = new Map<string, Nd>([['x', x]])
  for (const { operator, inputs, outputs, attributes = {} } of nodes) {
    const given = inputs.map((input) =>
      input === undefined ? undefined : isWeights(input) ? nd(input.shape, input.data) : known.get(input)!,
    )
    meanings[operator]!(given, attributes, opset, outputs.length).forEach((out, i) => {
      known.set(outputs[i]!, out)
    })
  }
  return known.get(nodes.at(-1)!.outputs[0]!)!
}

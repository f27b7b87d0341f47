import { sizeOf } from '../tensor/tensor.ts'
import { strided } from './formats/numbers.ts'
import type { Attribute, Constant, Network, NetworkNode } from './network.ts'

/** The version of ONNX's operators that networks are built with. */
const builtOpset = 17

type Extra = {
  /** For messages. Default: the operator and a number. */
  readonly name?: string
  /** Names of the outputs. Default: one of its own. */
  readonly outputs?: readonly string[]
}

/** Collects the nodes and constants of a network that a file describes in its own words. */
export type Builder = {
  /** Adds a node and gives the name of its first output. */
  readonly add: (
    operator: string,
    inputs: readonly string[],
    attributes?: Readonly<Record<string, Attribute>>,
    extra?: Extra,
  ) => string
  /** Adds a constant and gives its name; names that are taken get a number. */
  readonly constant: (value: Constant, name?: string) => string
  /** float32 numbers as a constant; without a shape, a single one or a list. */
  readonly floats: (numbers: number | ArrayLike<number>, shape?: readonly number[], name?: string) => string
  /** A list of whole numbers as a constant. */
  readonly ints: (numbers: readonly number[]) => string
  /** A name that nothing has yet, this one where it is free. */
  readonly fresh: (wanted: string) => string
  /** A value of this name as another one. */
  readonly alias: (from: string, to: string) => void
  readonly nodes: readonly NetworkNode[]
  readonly constants: ReadonlyMap<string, Constant>
}

/** A builder without nodes. `taken` are names that the file gives to values, so that none of its own meets them. */
export function builder(taken: Iterable<string> = []): Builder {
  const nodes: NetworkNode[] = []
  const constants = new Map<string, Constant>()
  const free = namesBeside(taken)
  const freeNode = namesBeside([])
  const constant: Builder['constant'] = (value, wanted = 'constant') => {
    const name = free(wanted)
    constants.set(name, value)
    return name
  }
  const add: Builder['add'] = (operator, inputs, attributes = {}, extra = {}) => {
    const name = freeNode(extra.name ?? `${operator}_${nodes.length}`)
    const outputs = extra.outputs ?? [free(name)]
    nodes.push({
      operator,
      domain: '',
      opset: builtOpset,
      name,
      inputs,
      outputs,
      attributes: new Map(Object.entries(attributes)),
    })
    return outputs[0]!
  }
  return {
    add,
    constant,
    floats(numbers, shape, name) {
      const isOne = typeof numbers === 'number'
      const data = isOne ? Float32Array.of(numbers) : Float32Array.from(numbers)
      return constant({ type: 'float32', shape: shape ?? (isOne ? [] : [data.length]), data }, name)
    },
    // whole numbers have no zero below zero, which JSON can write
    ints: (numbers) =>
      constant({ type: 'int64', shape: [numbers.length], data: Float64Array.from(numbers, (n) => n + 0) }),
    fresh: free,
    alias: (from, to) => void add('Identity', [from], {}, { outputs: [to] }),
    nodes,
    constants,
  }
}

/** Gives names that were not given before: the one that is wanted, or that with a number behind it. */
export function namesBeside(taken: Iterable<string>): (wanted: string) => string {
  const names = new Set(taken)
  // the next number for each name, so that a thousand of one name are not counted through a thousand times
  const next = new Map<string, number>()
  return (wanted) => {
    let name = wanted
    for (let i = next.get(wanted) ?? 1; names.has(name); i++) {
      name = `${wanted}.${i}`
      next.set(wanted, i + 1)
    }
    names.add(name)
    return name
  }
}

/** What a builder holds, as a network. */
export const networkFrom = (
  { nodes, constants }: Builder,
  {
    metadata = new Map(),
    ...rest
  }: Omit<Network, 'nodes' | 'constants' | 'metadata'> & Partial<Pick<Network, 'metadata'>>,
): Network => ({ ...rest, nodes, constants, metadata })

/** A constant with its axes in another order, as `numpy.transpose`. */
export function transposed(constant: Constant, order: readonly number[]): Constant {
  const { shape } = constant
  const steps = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)))
  return strided(
    constant,
    order.map((axis) => shape[axis]!),
    order.map((axis) => steps[axis]!),
  )
}

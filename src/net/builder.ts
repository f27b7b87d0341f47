import type { Attribute, Constant, Network, NetworkNode } from './network.ts'

/** The ONNX opset that networks are built with. */
const builtOpset = 17

type Extra = {
  /** The name for messages. Default: the operator and a number. */
  readonly name?: string
  /** Names of the outputs. Default: one new name. */
  readonly outputs?: readonly string[]
}

/** Collects the nodes and constants of a network whose file describes it in other terms than ONNX. */
export type Builder = {
  /** Adds a node and returns the name of its first output. */
  readonly add: (
    operator: string,
    inputs: readonly string[],
    attributes?: Readonly<Record<string, Attribute>>,
    extra?: Extra,
  ) => string
  /** Adds a constant and returns its name. A number is added to names that are taken. */
  readonly constant: (value: Constant, name?: string) => string
  /** Adds float32 numbers as a constant. Without a shape they are a scalar or a list. */
  readonly floats: (numbers: number | ArrayLike<number>, shape?: readonly number[], name?: string) => string
  /** Adds a list of integers as a constant. */
  readonly ints: (numbers: readonly number[]) => string
  /** Returns an unused name: this one if it is free. */
  readonly fresh: (wanted: string) => string
  /** Gives a value a second name. */
  readonly alias: (from: string, to: string) => void
  readonly nodes: readonly NetworkNode[]
  readonly constants: ReadonlyMap<string, Constant>
}

/** Creates an empty builder. `taken` are the names of values in the file, which new names must not collide with. */
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
    // adding 0 turns -0 into 0: integers have no negative zero
    ints: (numbers) =>
      constant({ type: 'int64', shape: [numbers.length], data: Float64Array.from(numbers, (n) => n + 0) }),
    fresh: free,
    alias: (from, to) => void add('Identity', [from], {}, { outputs: [to] }),
    nodes,
    constants,
  }
}

/** Creates a function that returns unique names: the wanted one, with a number appended if it is taken. */
export function namesBeside(taken: Iterable<string>): (wanted: string) => string {
  const names = new Set(taken)
  // the next number for each name, so that a thousand values of one name take linear time
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

/** The contents of a builder as a network. */
export const networkFrom = (
  { nodes, constants }: Builder,
  {
    metadata = new Map(),
    ...rest
  }: Omit<Network, 'nodes' | 'constants' | 'metadata'> & Partial<Pick<Network, 'metadata'>>,
): Network => ({ ...rest, nodes, constants, metadata })

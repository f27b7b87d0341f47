import type { Engine } from '../definition/engine.ts'
import type { LayerName, LayerSettings } from '../definition/layers.ts'
import { asConvoError, ConvoError } from '../error.ts'
import { checkLimit } from '../limits.ts'
import { describe } from '../text/describe.ts'
import { optional } from '../text/record.ts'
import type { Attribute, Constant, NetworkNode } from './network.ts'
import { type Item, knownOf, planesOf, shapeOf, type Value } from './value.ts'

/** The shapes of a node at the size that the file declares. */
export type Declared = {
  readonly inputs: readonly (Item | undefined)[]
  readonly outputs: readonly Item[]
}

/** Implements an ONNX operator. Returns an item for each output. */
export type Lowering = (turn: Turn) => Promise<Item | readonly Item[]> | Item | readonly Item[]

/** The outputs of an operator. */
export const allOf = async (made: ReturnType<Lowering>): Promise<Item[]> => [await made].flat() as Item[]

/** The first output of an operator. */
export const firstOf = async (made: ReturnType<Lowering>): Promise<Item> => (await allOf(made))[0]!

/** The name of a node in messages, such as `Conv "head"`. */
export const nameOf = ({ operator, name }: NetworkNode): string => `${operator} "${name}"`

/** A node of a network with its inputs and the engine that computes it. */
export class Turn {
  constructor(
    readonly node: NetworkNode,
    readonly inputs: readonly (Item | undefined)[],
    readonly engine: Engine,
    /** The shapes of this node at the size that the file declares. */
    readonly declared?: Declared | undefined,
  ) {}

  get name(): string {
    return nameOf(this.node)
  }

  /** The same node on other inputs. */
  on(inputs: Turn['inputs'], attributes?: ReadonlyMap<string, Attribute>, engine = this.engine): Turn {
    return new Turn({ ...this.node, ...optional('attributes', attributes) }, inputs, engine, this.declared)
  }

  /** Input `i`. @throws ConvoError E_NET_OPERATOR if it is missing */
  item(i: number): Item {
    const item = this.inputs[i]
    if (item !== undefined) return item
    throw new ConvoError('E_NET_OPERATOR', `${this.name}: input ${i} is missing`)
  }

  /** Input `i` as planes; a constant is converted. @throws ConvoError E_NET_OPERATOR if it is missing */
  value(i: number): Value {
    return planesOf(this.item(i))
  }

  /** Input `i` as a constant; undefined if it is absent. @throws ConvoError E_NET_OPERATOR if it is computed */
  constant(i: number, what: string): Constant | undefined {
    return this.inputs[i] === undefined ? undefined : this.needed(i, what)
  }

  /** Input `i` as a constant. @throws ConvoError E_NET_OPERATOR if it is absent or computed */
  needed(i: number, what: string): Constant {
    return knownOf(this.inputs[i], what, this.name)
  }

  /**
   * Input `i` as a list of `count` numbers.
   *
   * @throws ConvoError E_NET_OPERATOR if it is missing or computed, E_SHAPE for another count
   */
  numbers(i: number, what: string, count: number): Constant['data'] {
    const { data } = this.needed(i, what)
    if (data.length === count) return data
    throw this.unfit(`${what} has ${data.length} numbers for ${count}`)
  }

  /** A list that later opsets have as input `i`, and earlier ones as an attribute. */
  listAt(i: number, name: string): readonly number[] | undefined {
    const given = this.constant(i, `the ${name}`)
    return given === undefined ? this.list(name) : Array.from(given.data)
  }

  /** A number attribute. */
  number(name: string): number | undefined
  number(name: string, otherwise: number): number
  number(name: string, otherwise?: number): number | undefined {
    const value = this.node.attributes.get(name)
    return typeof value === 'number' ? value : otherwise
  }

  /** Whether an attribute is 1. */
  flag(name: string, otherwise = 0): boolean {
    return this.number(name, otherwise) === 1
  }

  /** An attribute that is one of these words; the first is the default. @throws ConvoError E_NET_OPERATOR */
  word<const W extends string>(name: string, words: readonly W[]): W {
    const value = this.node.attributes.get(name) ?? words[0]
    const found = words.find((word) => word === value)
    if (found !== undefined) return found
    throw this.unsupported(`${name} ${describe(value)} is not supported`, `one of: ${words.join(', ')}`)
  }

  /** A list attribute. */
  list(name: string): readonly number[] | undefined {
    const value = this.node.attributes.get(name)
    return Array.isArray(value) && value.every((v) => typeof v === 'number') ? (value as number[]) : undefined
  }

  /**
   * An attribute of `count` integers; undefined if the node does not have it.
   *
   * @throws ConvoError E_NET_OPERATOR for anything else, or for a number below `least`
   */
  counts(name: string, count: number, least: number): readonly number[] | undefined {
    const value = this.node.attributes.get(name)
    if (value === undefined) return undefined
    const list = typeof value === 'number' ? [value] : (this.list(name) ?? [])
    if (list.length === count && list.every((n) => Number.isSafeInteger(n) && n >= least)) return list
    const wanted = count === 1 ? 'a whole number' : `${count} whole numbers`
    throw this.unsupported(`${name} must be ${wanted} of at least ${least}, got ${describe(value)}`)
  }

  /** An attribute of two integers. `otherwise` is both the default and the minimum. */
  pair(name: string, otherwise: number): readonly [number, number] {
    const [y = otherwise, x = y] = this.counts(name, 2, otherwise) ?? []
    return [y, x]
  }

  /** The number of groups of channels. */
  groups(name = 'group'): number {
    return this.counts(name, 1, 1)?.[0] ?? 1
  }

  /** Resolves an axis of a shape of this rank; a negative one counts from the end. @throws ConvoError E_SHAPE */
  axis(axis: number, rank: number): number {
    const at = axis < 0 ? axis + rank : axis
    if (Number.isInteger(at) && at >= 0 && at < rank) return at
    throw this.unfit(`axis ${axis} does not exist in ${rank} dimensions`)
  }

  /** The attribute `axis` for an item. @throws ConvoError E_SHAPE */
  ownAxis(item: Item, otherwise: number): number {
    return this.axis(this.number('axis', otherwise), shapeOf(item).length)
  }

  /**
   * Makes a list of `count` indices along an axis.
   *
   * @throws ConvoError E_SHAPE for an invalid count, E_TOO_LARGE
   */
  places(count: number, of: (i: number) => number): number[] {
    if (!(Number.isSafeInteger(count) && count >= 0))
      throw this.unfit(`it makes ${count} samples along an axis`)
    checkLimit('axisSamples', count, this.name)
    return Array.from({ length: count }, (_, i) => of(i))
  }

  /** Runs a layer over the planes of a value. */
  async layer<K extends LayerName>(name: K, value: Value, settings: LayerSettings[K]): Promise<Value> {
    return { ...value, planes: await this.engine.layer(name, [value.planes], settings) }
  }

  /** The error for an unsupported setting. */
  unsupported(what: string, fix?: string): ConvoError {
    return new ConvoError('E_NET_OPERATOR', `${this.name}: ${what}`, optional('fix', fix))
  }

  /** The error for shapes that do not fit. */
  unfit(what: string): ConvoError {
    const given = this.inputs.map((item) => (item === undefined ? 'nothing' : `[${shapeOf(item)}]`))
    return new ConvoError('E_SHAPE', `${this.name}: ${what}`, { why: `it gets ${given.join(' and ')}` })
  }

  /** Runs `make` and names the node in its errors about sizes. E_TOO_LARGE keeps its code. */
  inNode<T>(make: () => T): T {
    try {
      return make()
    } catch (thrown) {
      const { code, message, why } = asConvoError(thrown)
      throw code === 'E_TOO_LARGE'
        ? new ConvoError(code, `${this.name}: ${message}`, { why })
        : this.unfit(message)
    }
  }
}

import type { ConvoError } from '../../error.ts'
import { describe } from '../../text/describe.ts'
import type { Builder } from '../builder.ts'
import type { Attribute, Constant } from '../network.ts'
import { type NumberType, transposedConstant } from './numbers.ts'

/**
 * A value of a graph: with its axes as in the file, where channels come last, and, for pictures that come from an operator
 * on pictures, [N,C,H,W]. Each form is made when it is first asked for.
 */
export type Held = {
  last?: string
  first?: string
  /** The numbers of a constant, and its name in the file. */
  readonly constant?: Constant
  readonly name?: string
  /** Its rows and columns are those of a picture taken apart into blocks, with this padding. Only convolutions read it. */
  readonly apart?: { readonly from: Held; readonly block: readonly number[]; readonly pads: string }
}

type Attributes = Readonly<Record<string, Attribute>>

/** The types of TensorFlow. */
export const types: Readonly<Record<string, NumberType>> = {
  DT_FLOAT: 'float32',
  DT_DOUBLE: 'float64',
  DT_HALF: 'float16',
  DT_BFLOAT16: 'bfloat16',
  DT_INT64: 'int64',
  DT_INT32: 'int32',
  DT_INT16: 'int16',
  DT_UINT16: 'uint16',
  DT_INT8: 'int8',
  DT_UINT8: 'uint8',
  DT_BOOL: 'bool',
}

/** An operator of a graph with its inputs and attributes, and the builder that its nodes go to. */
export class Op {
  constructor(
    readonly name: string,
    readonly inputs: readonly Held[],
    readonly attributes: Readonly<Record<string, unknown>>,
    readonly builder: Builder,
    readonly refuse: (why: string, fix?: string) => ConvoError,
  ) {}

  /** The same operator on other inputs. */
  on(inputs: readonly Held[]): Op {
    return new Op(this.name, inputs, this.attributes, this.builder, this.refuse)
  }

  /** Adds a node named after the one in the file. */
  add(operator: string, inputs: readonly string[], attributes?: Attributes): string {
    return this.builder.add(operator, inputs, attributes, { name: this.name })
  }

  /** An input by its number. @throws ConvoError E_NET_OPERATOR if it is missing */
  held(i: number): Held {
    const held = this.inputs.at(i)
    if (held === undefined) throw this.refuse(`needs input ${i}`)
    return held
  }

  /** An input with its axes as in the file. */
  last(i: number): string {
    const held = this.held(i)
    if (held.apart !== undefined)
      throw this.refuse('reads a picture taken apart into blocks', 'a network with dilated convolutions')
    return lastOf(this.builder, held)
  }

  /** All inputs with their axes as in the file. */
  all(): string[] {
    return this.inputs.map((_, i) => this.last(i))
  }

  /** An input as [N,C,H,W]. */
  first(i: number): string {
    const held = this.held(i)
    if (this.isFirst) return this.last(i)
    held.first ??= this.builder.add('Transpose', [this.last(i)], { perm: [0, 3, 1, 2] })
    return held.first
  }

  /** Whether the file has channels first at this node. */
  get isFirst(): boolean {
    return this.word('data_format', 'NHWC') === 'NCHW'
  }

  /** A value [N,C,H,W] that a node outputs. */
  pictures(value: string): Held {
    return this.isFirst ? { last: value } : { first: value }
  }

  /** Applies a function to each number of the first input, in the form that it has. */
  each(apply: (value: string) => string): Held {
    const held = this.held(0)
    return held.first !== undefined && held.apart === undefined
      ? { first: apply(held.first) }
      : { last: apply(this.last(0)) }
  }

  /** Applies a function to the numbers of all inputs: as [N,C,H,W] if each is in that form, or has one number per channel. */
  together(apply: (values: readonly string[]) => string): Held {
    const isOne = ({ first, constant, apart }: Held) =>
      apart === undefined &&
      (first !== undefined ||
        (constant !== undefined &&
          constant.shape.length <= 4 &&
          (constant.shape.at(-1) ?? 1) === constant.data.length))
    if (!this.inputs.some(({ first, apart }) => first && !apart) || !this.inputs.every(isOne))
      return { last: apply(this.all()) }
    return { first: apply(this.inputs.map(({ first }, i) => first ?? this.channels(i, 'numbers'))) }
  }

  /** An input that is a constant. @throws ConvoError E_NET_OPERATOR if it is computed */
  constant(i: number, what: string): Constant {
    const { constant } = this.held(i)
    if (constant === undefined) throw this.refuse(`computes ${what}, which must be a constant`)
    return constant
  }

  /** An input that is a constant list. */
  listAt(i: number, what: string): number[] {
    return Array.from(this.constant(i, what).data)
  }

  /** An input that is a constant number. */
  numberAt(i: number, what: string): number {
    return this.listAt(i, what)[0] ?? 0
  }

  /** Adds an input that is a constant with its axes in another order and shape. */
  turned(i: number, what: string, order: readonly number[], shape?: readonly number[]): string {
    const value = this.constant(i, what)
    if (value.shape.length !== order.length)
      throw this.refuse(`has weights of ${describe(value.shape)}, where ${order.length} sizes are needed`)
    const made = transposedConstant(value, order)
    return this.builder.constant({ ...made, shape: shape ?? made.shape }, this.held(i).name)
  }

  /** One number for each channel, for values [N,C,H,W]. */
  channels(i: number, what: string): string {
    const value = this.constant(i, what)
    return this.builder.constant({ ...value, shape: [value.data.length, 1, 1] }, this.held(i).name)
  }

  /** An attribute that is a number. */
  number(name: string, otherwise: number): number {
    const value = this.attributes[name]
    return typeof value === 'number' ? value : otherwise
  }

  /** An attribute that is a list of whole numbers. */
  list(name: string): readonly number[] {
    const value = this.attributes[name] ?? []
    if (Array.isArray(value) && value.every(Number.isSafeInteger)) return value
    throw this.refuse(`has ${name} that are not whole numbers`)
  }

  /** The entries for rows and columns of an attribute with one for each axis. */
  pair(name: string): [number, number] {
    const [a = 1, b = a, c = b, d = c] = this.list(name)
    return this.isFirst ? [c, d] : [b, c]
  }

  /** An attribute that is a word. */
  word(name: string, otherwise: string): string {
    const value = this.attributes[name]
    return typeof value === 'string' && value !== '' ? value : otherwise
  }

  /** An attribute that is a list of words. */
  words(name: string): readonly string[] {
    const value = this.attributes[name]
    return Array.isArray(value) ? value : []
  }

  /** An attribute that is a type. */
  type(name: string): NumberType | undefined {
    return types[String(this.attributes[name])]
  }

  /** Flattens pads [[top, bottom], [left, right]] in the order of ONNX. */
  pads(pads: string): string {
    const turned = this.builder.add('Transpose', [pads], { perm: [1, 0] })
    return this.builder.add('Reshape', [turned, this.builder.ints([-1])])
  }
}

/** A value with its axes as in the file. */
export function lastOf(builder: Builder, held: Held): string {
  held.last ??=
    held.constant === undefined
      ? builder.add('Transpose', [held.first!], { perm: [0, 2, 3, 1] })
      : builder.constant(held.constant, held.name)
  return held.last
}

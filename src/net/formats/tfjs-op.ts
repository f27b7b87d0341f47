import type { ConvoError } from '../../error.ts'
import { describe } from '../../text/describe.ts'
import { isRecord } from '../../text/record.ts'
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
  /** Its rows and columns are those of a picture taken apart into blocks, with this padding. Only convolutions read it. */
  readonly apart?: { readonly from: Held; readonly block: readonly number[]; readonly pads: string }
}

/** A node of a graph with its inputs. */
export type Op = {
  readonly name: string
  readonly inputs: readonly Held[]
  readonly attribute: (name: string) => unknown
  readonly builder: Builder
  readonly refuse: (why: string, fix?: string) => ConvoError
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

/** Adds a node named after the one in the file. */
export const add = (
  { builder, name }: Op,
  operator: string,
  inputs: readonly string[],
  attributes?: Attributes,
) => builder.add(operator, inputs, attributes, { name })

/** A value with its axes as in the file. */
export function lastOf(builder: Builder, held: Held): string {
  held.last ??= builder.add('Transpose', [held.first!], { perm: [0, 2, 3, 1] })
  return held.last
}

/** An input by its number. @throws ConvoError E_NET_OPERATOR if it is missing */
export function heldAt({ inputs, refuse }: Op, i: number): Held {
  const held = inputs.at(i)
  if (held === undefined) throw refuse(`needs input ${i}`)
  return held
}

/** An input with its axes as in the file. */
export function last(op: Op, i: number): string {
  const held = heldAt(op, i)
  if (held.apart !== undefined)
    throw op.refuse('reads a picture taken apart into blocks', 'a network with dilated convolutions')
  return lastOf(op.builder, held)
}

/** All inputs with their axes as in the file. */
export const all = (op: Op): string[] => op.inputs.map((_, i) => last(op, i))

/** An input as [N,C,H,W]. */
export function first(op: Op, i: number): string {
  const held = heldAt(op, i)
  if (isFirst(op)) return last(op, i)
  held.first ??= op.builder.add('Transpose', [last(op, i)], { perm: [0, 3, 1, 2] })
  return held.first
}

/** Whether the file has channels first at this node. */
export const isFirst = (op: Op): boolean => wordAt(op, 'data_format', 'NHWC') === 'NCHW'

/** A value [N,C,H,W] that a node outputs. */
export const pictures = (op: Op, value: string): Held => (isFirst(op) ? { last: value } : { first: value })

/** Applies a function to each number of the first input, in the form that it has. */
export function each(op: Op, apply: (value: string) => string): Held {
  const held = heldAt(op, 0)
  return held.first !== undefined && held.apart === undefined
    ? { first: apply(held.first) }
    : { last: apply(last(op, 0)) }
}

/** Applies a function to the numbers of all inputs: as [N,C,H,W] if each is in that form, or has one number per channel. */
export function together(op: Op, apply: (values: readonly string[]) => string): Held {
  const isOne = ({ shape, data }: Constant) => shape.length <= 4 && (shape.at(-1) ?? 1) === data.length
  const values = op.inputs.map((held, i) => {
    if (held.apart !== undefined) return undefined
    const given = op.builder.constants.get(held.last ?? '')
    return held.first ?? (given !== undefined && isOne(given) ? () => channels(op, i, 'numbers') : undefined)
  })
  if (!values.some((one) => typeof one === 'string') || values.includes(undefined))
    return { last: apply(op.inputs.map((_, i) => last(op, i))) }
  return { first: apply(values.map((one) => (typeof one === 'function' ? one() : one!))) }
}

/** An input that is a constant. @throws ConvoError E_NET_OPERATOR if it is computed */
export function constantAt(op: Op, i: number, what: string): Constant {
  const found = op.builder.constants.get(heldAt(op, i).last ?? '')
  if (found === undefined) throw op.refuse(`computes ${what}, which must be a constant`)
  return found
}

/** An input that is a constant number. */
export const numberAt = (op: Op, i: number, what: string): number => constantAt(op, i, what).data[0] ?? 0

/** Adds a constant with its axes in another order and shape. */
export function turned(op: Op, value: Constant, order: readonly number[], shape?: readonly number[]): string {
  if (value.shape.length !== order.length)
    throw op.refuse(`has weights of ${describe(value.shape)}, where ${order.length} sizes are needed`)
  const made = transposedConstant(value, order)
  return op.builder.constant({ ...made, shape: shape ?? made.shape }, `${op.name}.weight`)
}

/** One number for each channel, for values [N,C,H,W]. */
export function channels(op: Op, i: number, what: string): string {
  const value = constantAt(op, i, what)
  return op.builder.constant({ ...value, shape: [value.data.length, 1, 1] }, `${op.name}.${what}`)
}

const field = ({ attribute }: Op, name: string, kind: string): unknown => {
  const value = attribute(name)
  return isRecord(value) ? value[kind] : undefined
}

/** An attribute that is a number; 64-bit integers are text in JSON. */
export function attributeOf(op: Op, name: string, otherwise: number): number {
  const value = field(op, name, 'i') ?? field(op, name, 'f') ?? field(op, name, 'b')
  return value === undefined ? otherwise : Number(value)
}

/** An attribute that is a list of whole numbers. */
export function listAt(op: Op, name: string): readonly number[] {
  const value = field(op, name, 'list')
  const list = isRecord(value) && Array.isArray(value.i) ? value.i.map(Number) : []
  if (!list.every(Number.isSafeInteger)) throw op.refuse(`has ${name} that are not whole numbers`)
  return list
}

const textOf = (value: unknown): string =>
  typeof value === 'string' ? Buffer.from(value, 'base64').toString() : ''

/** An attribute that is a word, which JSON has in base 64. */
export const wordAt = (op: Op, name: string, otherwise: string): string =>
  textOf(field(op, name, 's')) || otherwise

/** An attribute that is a list of words. */
export function wordsAt(op: Op, name: string): readonly string[] {
  const value = field(op, name, 'list')
  return isRecord(value) && Array.isArray(value.s) ? value.s.map(textOf) : []
}

/** An attribute that is a type. */
export const typeAt = (op: Op, name: string): NumberType | undefined => types[String(field(op, name, 'type'))]

/** Flattens pads [[top, bottom], [left, right]] in the order of ONNX. */
export const padsOf = ({ builder }: Op, pads: string): string =>
  builder.add('Reshape', [builder.add('Transpose', [pads], { perm: [1, 0] }), builder.ints([-1])])

import type { Engine } from '../definition/engine.ts'
import { asConvoError, ConvoError } from '../error.ts'
import { checkLimit } from '../limits.ts'
import { describe } from '../text/describe.ts'
import type { Constant, NetworkNode } from './network.ts'
import { type Item, knownOf, planesOf, shapeOf, type Value } from './value.ts'

/** A node of a network with its inputs and the engine that computes it. */
export type Turn = {
  readonly node: NetworkNode
  readonly inputs: readonly (Item | undefined)[]
  readonly engine: Engine
  /** The shapes of this node at the size that the file declares. */
  readonly declared?: Declared | undefined
}

/** The shapes of a node at the size that the file declares. */
export type Declared = {
  readonly inputs: readonly (Item | undefined)[]
  readonly outputs: readonly Item[]
}

/** Implements an ONNX operator. Returns an item for each output. */
export type Lowering = (turn: Turn) => Promise<Item | readonly Item[]> | Item | readonly Item[]

/** The name of a node in messages, such as `Conv "head"`. */
export const nameOf = ({ operator, name }: NetworkNode): string => `${operator} "${name}"`

/** Input `i` as planes; a constant is converted. @throws ConvoError E_NET_OPERATOR if it is missing */
export function valueAt({ node, inputs }: Turn, i: number): Value {
  const item = inputs[i]
  if (item !== undefined) return item.kind === 'known' ? planesOf(item.constant) : item
  throw new ConvoError('E_NET_OPERATOR', `${nameOf(node)}: input ${i} is missing`)
}

/** Input `i` as a constant; undefined if it is absent. @throws ConvoError E_NET_OPERATOR if it is computed */
export const constantAt = ({ node, inputs }: Turn, i: number, what: string): Constant | undefined =>
  inputs[i] === undefined ? undefined : knownOf(inputs[i], what, nameOf(node))

/** Input `i` as a constant. @throws ConvoError E_NET_OPERATOR if it is absent or computed */
export const neededAt = ({ node, inputs }: Turn, i: number, what: string): Constant =>
  knownOf(inputs[i], what, nameOf(node))

/**
 * Input `i` as a list of `count` numbers.
 *
 * @throws ConvoError E_NET_OPERATOR if it is missing or computed, E_SHAPE for another count
 */
export function numbersAt(turn: Turn, i: number, what: string, count: number): Constant['data'] {
  const { data } = neededAt(turn, i, what)
  if (data.length === count) return data
  throw unfit(turn, `${what} has ${data.length} numbers for ${count}`)
}

/** A number attribute. */
export function numberOf({ node }: Turn, name: string): number | undefined
export function numberOf({ node }: Turn, name: string, otherwise: number): number
export function numberOf({ node }: Turn, name: string, otherwise?: number): number | undefined {
  const value = node.attributes.get(name)
  return typeof value === 'number' ? value : otherwise
}

/** An attribute that is one of these words; the first is the default. @throws ConvoError E_NET_OPERATOR */
export function wordOf<const W extends string>(turn: Turn, name: string, words: readonly W[]): W {
  const value = turn.node.attributes.get(name) ?? words[0]
  const found = words.find((word) => word === value)
  if (found === undefined)
    throw unsupported(turn, `${name} ${describe(value)} is not supported`, `one of: ${words.join(', ')}`)
  return found
}

/** A list attribute. */
export function numbersOf({ node }: Turn, name: string): readonly number[] | undefined {
  const value = node.attributes.get(name)
  return Array.isArray(value) && value.every((v) => typeof v === 'number') ? (value as number[]) : undefined
}

/**
 * An attribute of `count` integers; undefined if the node does not have it.
 *
 * @throws ConvoError E_NET_OPERATOR for anything else, or for a number below `least`
 */
export function countsOf(
  turn: Turn,
  name: string,
  count: number,
  least: number,
): readonly number[] | undefined {
  const value = turn.node.attributes.get(name)
  if (value === undefined) return undefined
  const list = typeof value === 'number' ? [value] : (numbersOf(turn, name) ?? [])
  if (list.length === count && list.every((n) => Number.isSafeInteger(n) && n >= least)) return list
  const wanted = count === 1 ? 'a whole number' : `${count} whole numbers`
  throw unsupported(turn, `${name} must be ${wanted} of at least ${least}, got ${describe(value)}`)
}

/** The number of groups of channels. */
export const groupsOf = (turn: Turn, name = 'group'): number => countsOf(turn, name, 1, 1)?.[0] ?? 1

/**
 * Makes a list of `count` indices along an axis.
 *
 * @throws ConvoError E_SHAPE for an invalid count, E_TOO_LARGE
 */
export function places(turn: Turn, count: number, of: (i: number) => number): number[] {
  if (!(Number.isSafeInteger(count) && count >= 0))
    throw unfit(turn, `it makes ${count} samples along an axis`)
  checkLimit('axisSamples', count, nameOf(turn.node))
  return Array.from({ length: count }, (_, i) => of(i))
}

/** The error for an unsupported setting. */
export const unsupported = ({ node }: Turn, what: string, fix?: string): ConvoError =>
  new ConvoError('E_NET_OPERATOR', `${nameOf(node)}: ${what}`, { ...(fix !== undefined && { fix }) })

/** The error for shapes that do not fit. */
export const unfit = (turn: Turn, what: string): ConvoError =>
  new ConvoError('E_SHAPE', `${nameOf(turn.node)}: ${what}`, {
    why: `it gets ${turn.inputs.map((item) => (item === undefined ? 'nothing' : `[${shapeOf(item)}]`)).join(' and ')}`,
  })

/** Runs `make` and names the node in its errors about sizes. E_TOO_LARGE keeps its code. */
export function inNode<T>(turn: Turn, make: () => T): T {
  try {
    return make()
  } catch (thrown) {
    const { code, message, why } = asConvoError(thrown)
    throw code === 'E_TOO_LARGE'
      ? new ConvoError(code, `${nameOf(turn.node)}: ${message}`, { why })
      : unfit(turn, message)
  }
}

/** Resolves an axis of a shape of this rank; a negative one counts from the end. @throws ConvoError E_SHAPE */
export function axisIn(turn: Turn, axis: number, rank: number): number {
  const at = axis < 0 ? axis + rank : axis
  if (Number.isInteger(at) && at >= 0 && at < rank) return at
  throw unfit(turn, `axis ${axis} does not exist in ${rank} dimensions`)
}

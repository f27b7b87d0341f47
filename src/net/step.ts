import type { Engine } from '../definition/engine.ts'
import { asConvoError, ConvoError } from '../error.ts'
import { checkLimit } from '../limits.ts'
import { describe } from '../text/describe.ts'
import type { Constant, NetworkNode } from './network.ts'
import { type Item, knownOf, planesOf, shapeOf, type Value } from './value.ts'

/** What a node of a network has when it is its turn: its inputs, its attributes, and what computes. */
export type Turn = {
  readonly node: NetworkNode
  readonly inputs: readonly (Item | undefined)[]
  readonly engine: Engine
  /** What the shapes of this node were when the network was looked at in the size that its file declares. */
  readonly declared?: Declared | undefined
}

/** Shapes of a node at the size that the file declares. */
export type Declared = {
  readonly inputs: readonly (Item | undefined)[]
  readonly outputs: readonly Item[]
}

/** What an operator of ONNX computes: an item for each output. */
export type Lowering = (turn: Turn) => Promise<Item | readonly Item[]> | Item | readonly Item[]

/** `Conv "head"`, for messages. */
export const nameOf = ({ operator, name }: NetworkNode): string => `${operator} "${name}"`

/** The input as planes, those of a constant too. @throws ConvoError E_NET_OPERATOR where it is missing */
export function valueAt({ node, inputs }: Turn, i: number): Value {
  const item = inputs[i]
  if (item !== undefined) return item.kind === 'known' ? planesOf(item.constant) : item
  throw new ConvoError('E_NET_OPERATOR', `${nameOf(node)}: input ${i} is missing`)
}

/** The input as a constant, where there is one. @throws ConvoError E_NET_OPERATOR */
export const constantAt = ({ node, inputs }: Turn, i: number, what: string): Constant | undefined =>
  inputs[i] === undefined ? undefined : knownOf(inputs[i], what, nameOf(node))

/** The input as a constant. @throws ConvoError E_NET_OPERATOR */
export const neededAt = ({ node, inputs }: Turn, i: number, what: string): Constant =>
  knownOf(inputs[i], what, nameOf(node))

/**
 * The input as a list of `count` numbers.
 *
 * @throws ConvoError E_NET_OPERATOR where it is missing or computed, E_SHAPE for another number of them
 */
export function numbersAt(turn: Turn, i: number, what: string, count: number): Constant['data'] {
  const { data } = neededAt(turn, i, what)
  if (data.length === count) return data
  throw unfit(turn, `${what} has ${data.length} numbers for ${count}`)
}

/** An attribute that is a number. */
export function numberOf({ node }: Turn, name: string): number | undefined
export function numberOf({ node }: Turn, name: string, otherwise: number): number
export function numberOf({ node }: Turn, name: string, otherwise?: number): number | undefined {
  const value = node.attributes.get(name)
  return typeof value === 'number' ? value : otherwise
}

/** An attribute that is one of these words, the first of them unless given. @throws ConvoError E_NET_OPERATOR */
export function wordOf<const W extends string>(turn: Turn, name: string, words: readonly W[]): W {
  const value = turn.node.attributes.get(name) ?? words[0]
  const found = words.find((word) => word === value)
  if (found === undefined)
    throw unsupported(turn, `${name} ${describe(value)} is not supported`, `one of: ${words.join(', ')}`)
  return found
}

/** An attribute that is a list of numbers. */
export function numbersOf({ node }: Turn, name: string): readonly number[] | undefined {
  const value = node.attributes.get(name)
  return Array.isArray(value) && value.every((v) => typeof v === 'number') ? (value as number[]) : undefined
}

/**
 * An attribute of `count` whole numbers; undefined where the node does not have it.
 *
 * @throws ConvoError E_NET_OPERATOR for others, or for one below `least`
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

/** How many parts of its channels are computed apart from each other. */
export const groupsOf = (turn: Turn, name = 'group'): number => countsOf(turn, name, 1, 1)?.[0] ?? 1

/**
 * Places along an axis, one for each of `count`.
 *
 * @throws ConvoError E_SHAPE for no count, E_TOO_LARGE
 */
export function places(turn: Turn, count: number, of: (i: number) => number): number[] {
  if (!(Number.isSafeInteger(count) && count >= 0))
    throw unfit(turn, `it makes ${count} samples along an axis`)
  checkLimit('axisSamples', count, nameOf(turn.node))
  return Array.from({ length: count }, (_, i) => of(i))
}

/** An error about a setting that is not supported. */
export const unsupported = ({ node }: Turn, what: string, fix?: string): ConvoError =>
  new ConvoError('E_NET_OPERATOR', `${nameOf(node)}: ${what}`, { ...(fix !== undefined && { fix }) })

/** An error about shapes that do not fit. */
export const unfit = (turn: Turn, what: string): ConvoError =>
  new ConvoError('E_SHAPE', `${nameOf(turn.node)}: ${what}`, {
    why: `it gets ${turn.inputs.map((item) => (item === undefined ? 'nothing' : `[${shapeOf(item)}]`)).join(' and ')}`,
  })

/** Names the node in an error about sizes; what is too large stays that. */
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

/** A dimension of a shape of this rank, counted from the end where it is below 0. @throws ConvoError E_SHAPE */
export function axisIn(turn: Turn, axis: number, rank: number): number {
  const at = axis < 0 ? axis + rank : axis
  if (Number.isInteger(at) && at >= 0 && at < rank) return at
  throw unfit(turn, `axis ${axis} does not exist in ${rank} dimensions`)
}

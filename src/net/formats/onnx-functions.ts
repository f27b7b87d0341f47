import { ConvoError } from '../../error.ts'
import { checkLimit } from '../../limits.ts'
import { quoted } from './format.ts'
import type { AttributeMessage, Definition, Model, Node } from './onnx-messages.ts'

/** Versions of operators by their domain; ONNX's own under the empty one. */
export type Opsets = ReadonlyMap<string, number>

/** ONNX has two names for its own domain. */
export const ownDomain = (domain: string): string => (domain === 'ai.onnx' ? '' : domain)

export const versionsOf = (opsets: Model['opsets']): Opsets =>
  new Map(opsets.map(({ domain, version = 1 }) => [ownDomain(domain), version]))

/** A node, and the versions of the operators of its graph or function. */
export type Placed = { readonly node: Node; readonly opsets: Opsets }

/** Functions may call others, never themselves. */
const deepest = 64

const keyOf = (domain: string, name: string, overload: string): string =>
  `${ownDomain(domain)}\0${name}\0${overload}`

/**
 * The nodes of a graph, where those that call a function of the model are replaced by the nodes of the function. Names
 * within a function get that of the call before them.
 *
 * @throws ConvoError E_NET_SYNTAX for functions that call themselves, E_TOO_LARGE
 */
export function inlined(
  nodes: readonly Node[],
  functions: readonly Definition[],
  opsets: Opsets,
  file: string,
): readonly Placed[] {
  const known = new Map(functions.map((one) => [keyOf(one.domain, one.name, one.overload), one] as const))
  const out: Placed[] = []
  const add = (inner: readonly Node[], own: Opsets, depth: number) => {
    for (const node of inner) {
      const called = known.get(keyOf(node.domain, node.operator, node.overload))
      // functions that call others twice each grow as powers of two
      parts += 1 + node.inputs.length + node.outputs.length + node.attributes.length
      checkLimit('modelParts', parts, file)
      if (called === undefined) {
        out.push({ node, opsets: own })
        continue
      }
      if (depth === deepest) {
        throw new ConvoError('E_NET_SYNTAX', `function ${quoted(node.operator)} calls itself`, {
          why: `${file}: ${deepest} nested functions`,
        })
      }
      add(bodyOf(node, called, ++calls), versionsOf(called.opsets), depth + 1)
    }
  }
  let calls = 0
  let parts = 0
  add(nodes, opsets, 0)
  return out
}

/** The nodes of a function with the values and attributes of a call. */
function bodyOf(call: Node, called: Definition, number: number): Node[] {
  const prefix = `${call.name === '' ? `${call.operator}_${number}` : call.name}/`
  const names = new Map<string, string>([['', '']])
  for (const [i, name] of called.inputs.entries()) names.set(name, call.inputs[i] ?? '')
  for (const [i, name] of called.outputs.entries()) {
    const given = call.outputs[i] ?? ''
    if (given !== '') names.set(name, given)
  }
  const renamed = (name: string) => names.get(name) ?? `${prefix}${number}/${name}`
  const given = new Map<string, AttributeMessage>(
    [...called.defaults, ...call.attributes].map((one) => [one.name, one]),
  )
  return called.nodes.map((node) => ({
    ...node,
    name: `${prefix}${node.name === '' ? node.operator : node.name}`,
    inputs: node.inputs.map(renamed),
    outputs: node.outputs.map(renamed),
    attributes: node.attributes.flatMap((one) => {
      if (one.given === '') return [one]
      const value = given.get(one.given)
      // what the call does not give, the operator does not have
      return value === undefined ? [] : [{ ...value, name: one.name }]
    }),
  }))
}

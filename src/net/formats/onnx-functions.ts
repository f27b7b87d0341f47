import { ConvoError } from '../../error.ts'
import { checkLimit } from '../../limits.ts'
import type { Condition } from '../network.ts'
import { damaged, quoted } from './format.ts'
import {
  type AttributeMessage,
  type Definition,
  graph,
  type Model,
  type Node,
  type TensorMessage,
} from './onnx-messages.ts'
import * as pb from './protobuf.ts'

/** Opset versions by domain. The empty domain is ONNX's own. */
export type Opsets = ReadonlyMap<string, number>

/** ONNX has two names for its own domain. */
export const ownDomain = (domain: string): string => (domain === 'ai.onnx' ? '' : domain)

export const versionsOf = (opsets: Model['opsets']): Opsets =>
  new Map(opsets.map(({ domain, version = 1 }) => [ownDomain(domain), version]))

/** A node, and the opsets of its graph or function. */
export type Placed = { readonly node: Node; readonly opsets: Opsets; readonly when: readonly Condition[] }

/** The deepest nesting of function calls and branches. */
const deepest = 64

const keyOf = (domain: string, name: string, overload: string): string =>
  `${ownDomain(domain)}\0${name}\0${overload}`

/**
 * Inlines a graph. A call of a function of the model is replaced by the nodes of the function. An If is replaced by the
 * nodes of both branches with their conditions, and an If that selects their outputs. Names within a function or branch
 * are prefixed with the name of the call. `tensors` are those of branches.
 *
 * @throws ConvoError E_NET_SYNTAX for functions that call themselves, E_TOO_LARGE
 */
export function inlined(
  nodes: readonly Node[],
  functions: readonly Definition[],
  opsets: Opsets,
  file: string,
): { readonly placed: readonly Placed[]; readonly tensors: readonly TensorMessage[] } {
  const known = new Map(functions.map((one) => [keyOf(one.domain, one.name, one.overload), one] as const))
  const out: Placed[] = []
  const tensors: TensorMessage[] = []
  const fail = damaged(file, 'an ONNX file')
  const add = (inner: readonly Node[], { own, when, rename, given, depth }: Scope) => {
    for (const raw of inner) {
      const attributes = raw.attributes.flatMap((one) => filled(one, given))
      const node = { ...raw, attributes, inputs: raw.inputs.map(rename), outputs: raw.outputs.map(rename) }
      const called = known.get(keyOf(node.domain, node.operator, node.overload))
      // functions that each call another one twice grow as powers of two
      parts += 1 + node.inputs.length + node.outputs.length + node.attributes.length
      checkLimit('modelParts', parts, file)
      const isBranch = called === undefined && node.operator === 'If' && ownDomain(node.domain) === ''
      if (called === undefined && !isBranch) {
        out.push({ node, opsets: own, when })
        continue
      }
      if (depth === deepest) {
        const what = isBranch
          ? 'branches are nested too deeply'
          : `function ${quoted(node.operator)} calls itself`
        throw new ConvoError('E_NET_SYNTAX', what, {
          why: `${file}: ${deepest} nested ${isBranch ? 'branches' : 'functions'}`,
        })
      }
      if (called !== undefined) {
        const body = bodyOf(node, called, ++calls)
        add(body.nodes, { own: versionsOf(called.opsets), when, ...body.scope, depth: depth + 1 })
        continue
      }
      const [condition = ''] = node.inputs
      const made = ['then_branch', 'else_branch'].flatMap((key, i) => {
        const bytes = node.attributes.find(({ name }) => name === key)?.graph
        if (bytes === undefined)
          throw new ConvoError('E_NET_SYNTAX', `node ${quoted(node.name)} (If) has no ${key}`, { why: file })
        const branch = pb.readMessage({ bytes, file, fail }, graph)
        const prefix = `${node.name === '' ? node.operator : node.name}/${++calls}/`
        const names = new Set([
          ...branch.initializers.map(({ name }) => name),
          ...branch.nodes.flatMap(({ outputs }) => outputs),
        ])
        const inside = (name: string) => (name !== '' && names.has(name) ? `${prefix}${name}` : rename(name))
        for (const one of branch.initializers) tensors.push({ ...one, name: inside(one.name) })
        add(branch.nodes, {
          own,
          given,
          when: [...when, [condition, i === 0]],
          rename: inside,
          depth: depth + 1,
        })
        return branch.outputs.map(({ name }) => inside(name))
      })
      out.push({ node: { ...node, attributes: [], inputs: [condition, ...made] }, opsets: own, when })
    }
  }
  let calls = 0
  let parts = 0
  add(nodes, { own: opsets, when: [], rename: (name) => name, given: new Map(), depth: 0 })
  return { placed: out, tensors }
}

/** The scope of nodes: their opsets, their conditions, and their names in the outermost graph. */
type Scope = {
  readonly own: Opsets
  readonly when: readonly Condition[]
  readonly rename: (name: string) => string
  /** the attributes of the call of the function that they are in, by name */
  readonly given: ReadonlyMap<string, AttributeMessage>
  readonly depth: number
}

/** The body of a called function, with its scope. */
function bodyOf(
  call: Node,
  called: Definition,
  number: number,
): { readonly nodes: Node[]; readonly scope: Pick<Scope, 'rename' | 'given'> } {
  const prefix = `${call.name === '' ? `${call.operator}_${number}` : call.name}/`
  const names = new Map<string, string>([['', '']])
  for (const [i, name] of called.inputs.entries()) names.set(name, call.inputs[i] ?? '')
  for (const [i, name] of called.outputs.entries()) {
    const given = call.outputs[i] ?? ''
    if (given !== '') names.set(name, given)
  }
  const rename = (name: string) => names.get(name) ?? `${prefix}${number}/${name}`
  const given = new Map<string, AttributeMessage>(
    [...called.defaults, ...call.attributes].map((one) => [one.name, one]),
  )
  const nodes = called.nodes.map((node) => ({
    ...node,
    name: `${prefix}${node.name === '' ? node.operator : node.name}`,
  }))
  return { nodes, scope: { rename, given } }
}

/** Resolves an attribute of a node in a function: itself, or the attribute of the call that it refers to. */
function filled(one: AttributeMessage, given: Scope['given']): AttributeMessage[] {
  if (one.given === '') return [one]
  const value = given.get(one.given)
  // an attribute that the call omits is absent
  return value === undefined ? [] : [{ ...value, name: one.name }]
}

import { ConvoError, nearest } from '../error.ts'
import { checkLimit } from '../limits.ts'
import { quoted } from './formats/format.ts'
import { type Network, type NetworkNode, readsOf } from './network.ts'

/**
 * Sorts the nodes of a network so that each comes after those whose outputs it reads. Keeps the order of the file if it is
 * valid.
 *
 * @throws ConvoError E_NET_SYNTAX for a value that no node or more than one node outputs, and for cycles
 */
export function inOrder(network: Network, file: string): Network {
  checkLimit('modelParts', network.nodes.length + network.constants.size, file)
  const fail = (what: string, why: string) => new ConvoError('E_NET_SYNTAX', what, { why: `${file}: ${why}` })
  /** The node that outputs each value; undefined for constants and inputs. */
  const makers = new Map<string, NetworkNode | undefined>()
  for (const name of network.constants.keys()) makers.set(name, undefined)
  for (const { name } of network.inputs) makers.set(name, undefined)
  for (const node of network.nodes) {
    for (const output of node.outputs.filter((name) => name !== '')) {
      if (makers.has(output)) {
        const other = makers.get(output)
        const giver = other === undefined ? 'an input or a tensor' : `node ${quoted(other.name)}`
        throw fail(`two nodes of the network produce ${quoted(output)}`, `node ${nameOf(node)}, and ${giver}`)
      }
      makers.set(output, node)
    }
  }
  const missing = (name: string, of: string) => {
    const near = [...makers.keys()].filter((one) => one.length <= longestCompared).slice(0, mostCompared)
    const guess = name.length <= longestCompared ? nearest(name, near) : undefined
    const like = guess === undefined ? '' : `; there is ${quoted(guess)}`
    return fail(
      `${of} reads ${quoted(name)}, which nothing produces`,
      `no node, tensor or input has this name${like}`,
    )
  }
  const nodes: NetworkNode[] = []
  const state = new Map<NetworkNode, 'open' | 'done'>()
  // an explicit stack: a network may be deeper than the call stack
  for (const first of network.nodes) {
    const stack = state.has(first) ? [] : [{ node: first, reads: readsOf(first), next: 0 }]
    while (stack.length > 0) {
      const top = stack.at(-1)!
      state.set(top.node, 'open')
      const name = top.reads[top.next++]
      if (name === undefined) {
        state.set(top.node, 'done')
        nodes.push(top.node)
        stack.pop()
        continue
      }
      if (name === '') continue
      if (!makers.has(name)) throw missing(name, `node ${nameOf(top.node)}`)
      const maker = makers.get(name)
      if (maker === undefined || state.get(maker) === 'done') continue
      if (state.get(maker) === 'open') {
        throw fail(
          `the network has a cycle at node ${nameOf(top.node)}`,
          `it reads ${quoted(name)} of node ${nameOf(maker)}, which needs it`,
        )
      }
      stack.push({ node: maker, reads: readsOf(maker), next: 0 })
    }
  }
  if (network.outputs.length === 0) throw fail('the network has no output', 'no output is stated')
  for (const { name } of network.outputs) if (!makers.has(name)) throw missing(name, 'an output')
  return { ...network, nodes }
}

/** Limits on the search for similar names: comparing two takes time in the product of their lengths. */
const [mostCompared, longestCompared] = [2000, 100]

const nameOf = ({ name, operator }: NetworkNode): string => `${quoted(name)} (${operator})`

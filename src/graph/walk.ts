import type { Node } from './node.ts'

/**
 * Returns the steps that `outs` depend on, each once and after its inputs, except those below a step that `isKnown`. It
 * keeps its own stack, because networks may be deeper than the call stack.
 */
export function stepsOf(outs: readonly Node[], isKnown: (node: Node) => boolean = () => false): Node[] {
  const done = new Set<Node>()
  const open = outs.toReversed().map((node) => ({ node, next: 0 }))
  while (open.length > 0) {
    const top = open.at(-1)!
    const input = done.has(top.node) || isKnown(top.node) ? undefined : top.node.inputs[top.next++]
    if (input !== undefined) {
      if (!done.has(input)) open.push({ node: input, next: 0 })
      continue
    }
    open.pop()
    done.add(top.node)
  }
  return [...done]
}

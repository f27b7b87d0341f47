import { expect, it } from 'vitest'
import { replaced } from '../../src/graph/barriers.ts'
import { layerNode, type Node, sourceNode, stepsOf } from '../../src/graph/node.ts'
import { listed } from '../../src/graph/schedule.ts'

it('goes through graphs that are deeper than the stack of calls', () => {
  const source = sourceNode([1, 2, 3])
  let node: Node = source
  for (let i = 0; i < 20000; i++) node = layerNode('activate', [node], { name: 'neg', unit: 1 })
  expect(listed(node).length).toBe(20001)
  expect(stepsOf([node]).length).toBe(20001)
  const [other] = replaced([node], new Map([[source, sourceNode([1, 2, 3])]]))
  expect(listed(other!).length).toBe(20001)
  expect(other === node).toBe(false)
})

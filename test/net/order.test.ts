import { describe, expect, test } from 'vitest'
import { networkFrom } from '../../src/net/read.ts'
import { failure } from '../kernel/expect-failure.ts'
import { type OnnxNode, onnxModel } from './onnx-writer.ts'

const node = (text: string): OnnxNode => {
  const [inputs = '', output = ''] = text.split('>')
  return { operator: 'Sum', name: `to-${output}`, inputs: inputs.split(','), outputs: [output] }
}
const bytes = (nodes: readonly string[], outputs = ['y']) =>
  onnxModel({
    inputs: [{ name: 'x' }],
    outputs,
    nodes: nodes.map(node),
    initializers: { w: { shape: [1], data: [1] } },
  })
const order = (...nodes: string[]) => networkFrom(bytes(nodes)).nodes.map(({ outputs }) => outputs[0])
const refused = (nodes: readonly string[], outputs?: string[]) => {
  const { code, message, why } = failure(() => networkFrom(bytes(nodes, outputs), { name: 'n' }))
  expect(code).toBe('E_NET_SYNTAX')
  return [message, ...why]
}

describe('nodes come after those that they read', () => {
  test('in the order of the file where it is one', () => {
    expect(order('x>a', 'x,w>b', 'a,b,>y', 'a>unused')).toEqual(['a', 'b', 'y', 'unused'])
  })

  test('and otherwise in one that is', () => {
    expect(order('b,a>y', 'a>b', 'x>a')).toEqual(['a', 'b', 'y'])
  })

  test('also in a chain that is deeper than calls can be', () => {
    const chain = Array.from(
      { length: 20_000 },
      (_, i) => `${i === 0 ? 'x' : i - 1}>${i === 19_999 ? 'y' : i}`,
    )
    expect(order(...chain.reverse()).at(-1)).toBe('y')
  })
})

describe('refused by name', () => {
  test('circles', () => {
    expect(refused(['x,c>a', 'a>b', 'b>c', 'c>y'])).toEqual([
      'the network has a cycle at node "to-b" (Sum)',
      'n: it reads "a" of node "to-a" (Sum), which needs it',
    ])
    expect(refused(['y>y'])[0]).toBe('the network has a cycle at node "to-y" (Sum)')
  })

  test('what nothing gives, with what may be meant', () => {
    expect(refused(['x>first', 'frist>y'])).toEqual([
      'node "to-y" (Sum) reads "frist", which nothing produces',
      'n: no node, tensor or input has this name; there is "first"',
    ])
    expect(refused(['x>y'], ['z'])[0]).toBe('an output reads "z", which nothing produces')
  })

  test('names without end, at once', () => {
    const long = 'x'.repeat(200_000)
    const [message] = refused([`x>${long}1`, `${long}2>y`])
    expect(message!.length).toBeLessThan(300)
  })

  test('what two nodes give', () => {
    expect(refused(['x>y', 'w>y'])).toEqual([
      'two nodes of the network produce "y"',
      'n: node "to-y" (Sum), and node "to-y"',
    ])
    expect(refused(['x>w', 'w>y'])[1]).toBe('n: node "to-w" (Sum), and an input or a tensor')
  })

  test('a network without an output', () => {
    expect(refused(['x>y'], [])[0]).toBe('the network has no output')
  })
})

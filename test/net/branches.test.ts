import { describe, expect, it } from 'vitest'
import { referenceEngine } from '../../src/definition/engine.ts'
import { writeNetwork } from '../../src/net/formats/safetensors.ts'
import { modelOf } from '../../src/net/model.ts'
import { networkFrom } from '../../src/net/read.ts'
import { trace } from '../../src/net/trace.ts'
import { Tensor } from '../../src/tensor/tensor.ts'
import { type OnnxGraph, type OnnxNode, onnxModel } from './onnx-writer.ts'

const number = (n: number) => ({ shape: [], data: [n], type: 'int64' as const })
const branch = (
  output: string,
  nodes: readonly OnnxNode[],
  initializers: OnnxGraph['initializers'] = {},
): OnnxGraph => ({
  inputs: [],
  outputs: [output],
  nodes,
  initializers,
})
const op = (
  operator: string,
  inputs: string[],
  output: string,
  attributes: OnnxNode['attributes'] = {},
): OnnxNode => ({
  operator,
  inputs,
  outputs: [output],
  attributes,
})

/**
 * −x if x has one channel; 3 · (x + 1) if it has two, where the inner branch uses a name of the outer one; else x + x.
 */
const nested = onnxModel({
  inputs: [{ name: 'x', shape: [1, 'c', 'h', 'w'] }],
  outputs: [{ name: 'y' }],
  initializers: { one: number(1), two: number(2), axis: number(1), scale: { shape: [], data: [3] } },
  nodes: [
    op('Shape', ['x'], 's'),
    op('Gather', ['s', 'axis'], 'c'),
    op('Equal', ['c', 'one'], 'single'),
    op('If', ['single'], 'r', {
      // only a picture with one channel can be squeezed
      then_branch: branch('made', [op('Squeeze', ['x', 'axes'], 'flat'), op('Neg', ['flat'], 'made')], {
        axes: { shape: [1], data: [1], type: 'int64' },
      }),
      else_branch: branch(
        'made',
        [
          op('Add', ['x', 'unit'], 'more'),
          op('Equal', ['c', 'two'], 'pair'),
          op('If', ['pair'], 'made', {
            then_branch: branch('out', [op('Mul', ['more', 'scale'], 'out')]),
            else_branch: branch('out', [op('Add', ['x', 'x'], 'out')]),
          }),
        ],
        { unit: { shape: [], data: [1] } },
      ),
    }),
    op('Abs', ['r'], 'y'),
  ],
})

async function made(bytes: Uint8Array, channels: number): Promise<number[]> {
  const model = await modelOf(networkFrom(bytes))
  const x = new Tensor(
    [channels, 1, 2],
    Float32Array.from({ length: channels * 2 }, (_, i) => i + 1),
  )
  const [y] = await trace(model.network, x, referenceEngine, 'chw', model.declared)
  return Array.from(y!.data)
}

describe('branches of a network', () => {
  it.each([
    [1, [1, 2]],
    [2, [6, 9, 12, 15]],
    [3, [2, 4, 6, 8, 10, 12]],
  ])('are taken by what is known of the picture: %d channels', async (channels, expected) => {
    expect(await made(nested, channels)).toEqual(expected)
    // and also as a file of convo's own format
    expect(await made(writeNetwork(networkFrom(nested)), channels)).toEqual(expected)
  })

  it('cannot be decided by the picture', async () => {
    const bytes = onnxModel({
      inputs: [{ name: 'x', shape: [1, 1, 1, 1] }],
      outputs: [{ name: 'y' }],
      nodes: [
        op('Cast', ['x'], 'b', { to: 9 }),
        {
          ...op('If', ['b'], 'y', {
            then_branch: branch('a', [op('Neg', ['x'], 'a')]),
            else_branch: branch('a', [op('Abs', ['x'], 'a')]),
          }),
          name: 'gate',
        },
      ],
    })
    await expect(made(bytes, 1)).rejects.toThrow(
      /the condition of its branch must be known before the picture is/,
    )
  })

  it('are not nested without end, and have both sides', () => {
    let inner = branch('a', [op('Neg', ['x'], 'a')])
    for (let i = 0; i < 70; i++)
      inner = branch('a', [
        op('If', ['one'], 'a', { then_branch: inner, else_branch: branch('a', [op('Abs', ['x'], 'a')]) }),
      ])
    const file = (nodes: readonly OnnxNode[]) =>
      onnxModel({
        inputs: [{ name: 'x', shape: [1, 1, 1, 1] }],
        outputs: [{ name: 'a' }],
        nodes,
        initializers: { one: number(1) },
      })
    expect(() => networkFrom(file(inner.nodes))).toThrow('branches are nested too deeply')
    expect(() => networkFrom(file([{ ...op('If', ['one'], 'a'), name: 'gate' }]))).toThrow(
      'node "gate" (If) has no then_branch',
    )
  })
})

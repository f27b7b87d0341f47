import { describe, expect, test } from 'vitest'
import type { Network } from '../../src/net/network.ts'
import { networkFrom } from '../../src/net/read.ts'
import { scaleOf } from '../../src/net/scale.ts'
import { type OnnxNode, type OnnxTensor, onnxModel } from './onnx-writer.ts'

const w: OnnxTensor = { shape: [1], data: [1] }
const scales: OnnxTensor = { shape: [4], data: [1, 1, 2, 2] }

type Line = Partial<OnnxNode> & { readonly operator: string }

/** Makes a network of nodes in sequence, each with additional inputs. */
function network(nodes: readonly Line[], stated?: number): Network {
  const bytes = onnxModel({
    inputs: [{ name: '0' }],
    outputs: [String(nodes.length)],
    initializers: { w, scales },
    nodes: nodes.map((node, i) => ({
      inputs: [String(i), ...(node.inputs ?? [])],
      outputs: [String(i + 1)],
      ...pick(node),
    })),
  })
  return networkFrom(bytes, stated === undefined ? {} : { scale: stated })
}
const pick = ({ operator, attributes }: Line) => ({
  operator,
  ...(attributes !== undefined && { attributes }),
})

const conv = (stride: number) => ({
  operator: 'Conv',
  inputs: ['w'],
  attributes: { strides: [stride, stride] },
})
const up = (stride: number) => ({
  operator: 'ConvTranspose',
  inputs: ['w'],
  attributes: { strides: [stride, stride] },
})
const resize = { operator: 'Resize', inputs: ['', 'scales'] }
const shuffle = { operator: 'DepthToSpace', attributes: { blocksize: 3 } }
const fold = { operator: 'SpaceToDepth', attributes: { blocksize: 2 } }

describe('layers say how large the output is', () => {
  test.each([
    ['nothing', [{ operator: 'Relu' }], 1],
    ['down and up again', [conv(2), up(2)], 1],
    ['once more up than down', [conv(2), up(2), { operator: 'Add', inputs: ['1'] }, up(2)], 2],
    ['enlargements', [resize, conv(1), resize], 4],
    ['a shuffle', [conv(1), shuffle], 3],
    ['a shuffle of what was folded', [fold, shuffle, resize], 3],
    ['less than the input', [conv(4), up(2)], undefined],
    ['no whole number', [fold, shuffle], undefined],
    ['one number for a channel', [conv(1), { operator: 'GlobalAveragePool' }], undefined],
  ])('%s', (_, nodes, scale) => {
    expect(scaleOf(network(nodes))).toBe(scale)
  })

  test('and a reader takes what is stated', () => {
    expect(network([conv(1)]).meaning).toBeUndefined()
    expect(network([{ operator: 'Reshape' }], 2).meaning).toEqual({ scale: 2 })
  })
})

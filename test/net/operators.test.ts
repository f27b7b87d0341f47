import { describe, expect, it } from 'vitest'
import { referenceEngine } from '../../src/definition/engine.ts'
import { lowerings } from '../../src/net/lowerings.ts'
import { modelOf } from '../../src/net/model.ts'
import { networkFrom } from '../../src/net/read.ts'
import { trace } from '../../src/net/trace.ts'
import { Tensor } from '../../src/tensor/tensor.ts'
import { cases } from './cases.ts'
import { floats, meaningOf, modelFor, randoms } from './graphs.ts'
import { nd } from './interpreter.ts'
import { type OnnxNode, onnxModel } from './onnx-writer.ts'

describe('operators of networks', () => {
  it.each(cases.map(([title, network, of = (v: number) => v]) => ({ title, network, of })))(
    '$title is what the textbook says',
    async ({ network, of }) => {
      const samples = floats(randoms(3), ...network.shape).data.map((v) => Math.fround(of(v)))
      const expected = meaningOf(network, nd(network.shape, samples))
      const model = await modelFor(network)
      const size = network.shape.length === 2 ? [network.shape[1]!, 1, 1] : network.shape.slice(1)
      const x = new Tensor(size, Float32Array.from(samples))
      const [y] = await trace(model.network, x, referenceEngine, 'chw', model.declared)
      expect(y!.data.length).toBe(expected.data.length)
      const most = expected.data.reduce((m, v) => Math.max(m, Math.abs(v)), 1)
      const worst = expected.data.reduce((m, v, i) => Math.max(m, Math.abs(v - y!.data[i]!)), 0)
      expect(worst).toBeLessThan(1e-5 * most)
      // sums of whole numbers are int32, rounded to float32 once
      if (network.nodes.at(-1)!.operator.endsWith('Integer'))
        expect(Array.from(y!.data)).toEqual(Array.from(expected.data, Math.fround))
    },
  )

  it('tests every operator that computes', () => {
    const tested = new Set(cases.flatMap(([, { nodes }]) => nodes.map(({ operator }) => operator)))
    // what knows only shapes and constants is tested with the folding of constants, and with the branches of If
    const ofConstants = [
      'If',
      'Cast',
      'Constant',
      'ConstantOfShape',
      'Range',
      'ReduceProd',
      'Shape',
      'Size',
      'Squeeze',
      'Unsqueeze',
      'NonZero',
    ]
    expect(Object.keys(lowerings).filter((name) => !tested.has(name) && !ofConstants.includes(name))).toEqual(
      [],
    )
  })
})

describe('an operator alone', () => {
  async function made(node: Pick<OnnxNode, 'operator' | 'attributes'>, inputs: string[], values: number[]) {
    const bytes = onnxModel({
      inputs: [{ name: 'x', shape: [1, 1, 1, values.length] }],
      outputs: [{ name: 'y' }],
      initializers: {
        scale: { shape: [], data: [0.5] },
        zero: { shape: [], data: [0], type: 'uint8' },
      },
      nodes: [{ ...node, inputs, outputs: ['y'] }],
    })
    const { network, declared } = await modelOf(networkFrom(bytes))
    const x = new Tensor([1, 1, values.length], Float32Array.from(values))
    const [y] = await trace(network, x, referenceEngine, 'chw', declared)
    return Array.from(y!.data)
  }
  const infinity = Number.POSITIVE_INFINITY

  it.each([
    [[-infinity, -infinity], -infinity],
    [[infinity, 1], infinity],
    [[-infinity, 2], 2],
  ])('ReduceLogSumExp of %j', async (values, expected) => {
    expect(await made({ operator: 'ReduceLogSumExp', attributes: { axes: [3] } }, ['x'], values)).toEqual([
      expected,
    ])
  })

  it('pools with channels last are refused', async () => {
    const node = { operator: 'QLinearGlobalAveragePool', attributes: { channels_last: 1 } }
    await expect(made(node, ['x', 'scale', 'zero', 'scale', 'zero'], [1, 2])).rejects.toThrow(
      /channels_last is not supported/,
    )
  })
})

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
      // sums of whole numbers are int32, and rounded to float32 once
      if (network.nodes.at(-1)!.operator.endsWith('Integer'))
        expect(Array.from(y!.data)).toEqual(Array.from(expected.data, Math.fround))
    },
  )

  it('tests every operator that computes', () => {
    const tested = new Set(cases.flatMap(([, { nodes }]) => nodes.map(({ operator }) => operator)))
    // operators that only need shapes and constants are tested with constant folding, and with the branches of If
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
        weights: { shape: [1, 1, 1, 1], data: [1] },
        pads: { shape: [8], data: [0, 0, 0, 1, 0, 0, 0, 1], type: 'int64' },
        scales: { shape: [4], data: [1, 1, 2, 2] },
        grid: { shape: [1, 1, 1, 2], data: [0, 0] },
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

  it('PRelu with a slope for each channel is the same at every width that its file leaves open', async () => {
    const slopes = [0.5, 2, 0, -1]
    const bytes = onnxModel({
      inputs: [{ name: 'x', shape: [1, 4, 'h', 'w'] }],
      outputs: [{ name: 'y' }],
      initializers: { slope: { shape: [4], data: slopes } },
      nodes: [{ operator: 'PRelu', inputs: ['x', 'slope'], outputs: ['y'] }],
    })
    const { network, declared } = await modelOf(networkFrom(bytes))
    for (const width of [3, 4, 5]) {
      const x = new Tensor([4, 1, width], new Float32Array(4 * width).fill(-2))
      const [y] = await trace(network, x, referenceEngine, 'chw', declared)
      expect(Array.from(y!.data)).toEqual(slopes.flatMap((by) => Array(width).fill(-2 * by)))
    }
  })

  // a test of ONNX itself for opset 10
  it('Resize before opset 11 rounds places up where it makes an axis smaller', async () => {
    const bytes = onnxModel({
      inputs: [{ name: 'x', shape: [1, 1, 2, 4] }],
      outputs: [{ name: 'y' }],
      opset: 10,
      initializers: { scales: { shape: [4], data: [1, 1, 0.6, 0.6] } },
      nodes: [
        { operator: 'Resize', inputs: ['x', 'scales'], outputs: ['y'], attributes: { mode: 'nearest' } },
      ],
    })
    const { network, declared } = await modelOf(networkFrom(bytes))
    const x = new Tensor([1, 2, 4], Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8))
    const [y] = await trace(network, x, referenceEngine, 'chw', declared)
    expect(Array.from(y!.data)).toEqual([1, 3])
  })

  it.each(['AveragePool', 'MaxPool'])(
    '%s over all of the size that its file is written for is over all of any picture',
    async (operator) => {
      const windows = { kernel_shape: [2, 4] }
      const bytes = onnxModel({
        inputs: [{ name: 'x', shape: [1, 1, 2, 4] }],
        outputs: [{ name: 'y' }],
        nodes: [{ operator, inputs: ['x'], outputs: ['y'], attributes: windows }],
      })
      const { network, declared } = await modelOf(networkFrom(bytes))
      const x = new Tensor(
        [1, 3, 5],
        Float32Array.from({ length: 15 }, (_, i) => i),
      )
      const [y] = await trace(network, x, referenceEngine, 'chw', declared)
      expect(Array.from(y!.data)).toEqual([operator === 'MaxPool' ? 14 : 7])
    },
  )

  it('Concat of channels that come last moves no samples', async () => {
    const bytes = onnxModel({
      inputs: [{ name: 'x', shape: [1, 'h', 'w', 3] }],
      outputs: [{ name: 'y' }],
      nodes: [
        { operator: 'Neg', inputs: ['x'], outputs: ['n'] },
        { operator: 'Concat', inputs: ['x', 'n', 'x'], outputs: ['y'], attributes: { axis: -1 } },
      ],
    })
    const { network, declared } = await modelOf(networkFrom(bytes))
    const layers: string[] = []
    const engine = new Proxy(referenceEngine, {
      get: (of, key) =>
        key !== 'layer'
          ? Reflect.get(of, key)
          : (...[name, ...rest]: Parameters<typeof referenceEngine.layer>) => {
              layers.push(name)
              return of.layer(name, ...rest)
            },
    })
    const x = new Tensor([3, 1, 2], Float32Array.of(1, 2, 3, 4, 5, 6))
    const [y] = await trace(network, x, engine, 'hwc', declared)
    expect(layers).toEqual(['activate', 'concat'])
    expect(Array.from(y!.data)).toEqual([1, 2, 3, 4, 5, 6, -1, -2, -3, -4, -5, -6, 1, 2, 3, 4, 5, 6])
  })

  it.each([
    ['Conv', { auto_pad: 'SAME' }, 'auto_pad "SAME" is not supported'],
    ['MaxPool', { kernel_shape: [1, 1], auto_pad: 'same_upper' }, 'auto_pad "same_upper" is not supported'],
    ['Gelu', { approximate: 'sigmoid' }, 'approximate "sigmoid" is not supported'],
    ['Pad', { mode: 'toString' }, 'mode "toString" is not supported'],
    ['DepthToSpace', { blocksize: 1, mode: 'RCD' }, 'mode "RCD" is not supported'],
    ['Resize', { coordinate_transformation_mode: 'half' }, 'coordinate_transformation_mode "half" is not'],
    ['Resize', { nearest_mode: 'constructor' }, 'nearest_mode "constructor" is not supported'],
    ['GridSample', { padding_mode: 'wrap' }, 'padding_mode "wrap" is not supported'],
  ])('%s with %j names the setting, the node and what would do', async (operator, attributes, message) => {
    const error = await made({ operator, attributes }, ['x', ...(inputs[operator] ?? [])], [1, 2]).catch(
      (thrown) => thrown,
    )
    expect(error).toMatchObject({ code: 'E_NET_OPERATOR', fix: expect.stringMatching(/^one of: /) })
    expect(error.message).toContain(`${operator} "`)
    expect(error.message).toContain(message)
  })
  const inputs: Readonly<Record<string, readonly string[]>> = {
    Conv: ['weights'],
    Pad: ['pads'],
    Resize: ['', 'scales'],
    GridSample: ['grid'],
  }

  it('indices of a MaxPool in columns are refused', async () => {
    const bytes = onnxModel({
      inputs: [{ name: 'x', shape: [1, 1, 4, 4] }],
      outputs: [{ name: 'y' }],
      nodes: [
        {
          operator: 'MaxPool',
          inputs: ['x'],
          outputs: ['m', 'i'],
          attributes: { kernel_shape: [2, 2], strides: [2, 2], storage_order: 1 },
        },
        {
          operator: 'MaxUnpool',
          inputs: ['m', 'i'],
          outputs: ['y'],
          attributes: { kernel_shape: [2, 2], strides: [2, 2] },
        },
      ],
    })
    const { network, declared } = await modelOf(networkFrom(bytes))
    const x = new Tensor([1, 4, 4], new Float32Array(16))
    await expect(trace(network, x, referenceEngine, 'chw', declared)).rejects.toThrow(
      /indices that count down columns are not/,
    )
  })

  it('pools with channels last are refused', async () => {
    const node = { operator: 'QLinearGlobalAveragePool', attributes: { channels_last: 1 } }
    await expect(made(node, ['x', 'scale', 'zero', 'scale', 'zero'], [1, 2])).rejects.toThrow(
      /channels_last is not supported/,
    )
  })
})

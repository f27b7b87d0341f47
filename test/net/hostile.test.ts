import { describe, expect, it } from 'vitest'
import { referenceEngine } from '../../src/definition/engine.ts'
import { asConvoError, ConvoError } from '../../src/error.ts'
import { nodeOf, sourceNode, traced, tracer } from '../../src/graph/node.ts'
import { fitOf, modelOf, throughModel } from '../../src/net/model.ts'
import { networkFrom } from '../../src/net/read.ts'
import { sizeOf, Tensor } from '../../src/tensor/tensor.ts'
import { cases } from './cases.ts'
import { fileOf, floats, modelFor, randoms, type TestNetwork, type Weights, wholes } from './graphs.ts'
import { type OnnxType, onnxModel } from './onnx-writer.ts'

/** Values that a hostile or broken exporter might write for an attribute. */
const odd: readonly (number | string | readonly number[])[] = [
  ...[0, -1, 5, 1e6, 2 ** 53, -(2 ** 53), 0.5, 'odd'],
  ...[[], [0, 0], [-1, -1], [1], [0, 0, 0, 0], [-2, -2, -2, -2], [1e9, 1e9], [1e9, 1e9, 1e9, 1e9]],
]

/** The same for inputs other than the picture. */
const oddWeights = (w: Weights): (Weights | undefined)[] => [
  undefined,
  { shape: [0], data: [] },
  ...[0, -1, 1e9, 2 ** 40, -(2 ** 53)].map((v) => ({ ...w, data: w.data.map(() => v) })),
  { ...w, data: w.data.map((v, i) => (i === w.data.length - 1 ? 1e9 : v)) },
  { ...w, shape: [...w.shape, 1] },
  { ...w, shape: [2 * w.data.length], data: [...w.data, ...w.data] },
  { ...w, shape: [w.data.length - 1], data: w.data.slice(1) },
]

function* broken(): Generator<readonly [title: string, network: TestNetwork]> {
  for (const [title, network] of cases)
    for (const [n, node] of network.nodes.entries()) {
      const other = (change: Partial<typeof node>): TestNetwork => ({
        ...network,
        nodes: network.nodes.with(n, { ...node, ...change }),
      })
      for (const name of Object.keys(node.attributes ?? {}))
        for (const value of odd)
          yield [`${title}: ${name} ${value}`, other({ attributes: { ...node.attributes, [name]: value } })]
      for (const [i, input] of node.inputs.entries())
        if (typeof input === 'object')
          for (const weights of oddWeights(input))
            yield [
              `${title}: input ${i} [${weights?.shape}]`,
              other({ inputs: node.inputs.with(i, weights) }),
            ]
    }
}

const sizeFor = ({ shape }: TestNetwork): [number, number, number] =>
  (shape.length === 2 ? [shape[1], 1, 1] : shape.slice(1)) as [number, number, number]

/** Runs a network on the definition if its output is small. Returns the shape, or the error. */
async function outcome(network: TestNetwork): Promise<readonly number[] | ConvoError> {
  try {
    const size = sizeFor(network)
    const model = await modelOf(networkFrom(fileOf(network)))
    const fit = await fitOf(model, size)
    const { shape } = nodeOf(await throughModel(model, traced(sourceNode(size)), tracer, fit))
    if (sizeOf(shape) > 20_000) return shape
    const x = new Tensor(size, Float32Array.from(floats(randoms(3), ...size).data))
    return (await throughModel(model, x, referenceEngine, fit)).shape
  } catch (error) {
    return asConvoError(error)
  }
}

const refusal = async (network: TestNetwork): Promise<string> => {
  const error = await outcome(network)
  return error instanceof ConvoError ? `${error.code} ${error.message}` : `made [${error}]`
}

describe('odd networks', () => {
  it('make a picture or end in an error about them, and never hang', async () => {
    // all of them would take more than a minute
    const some = [...broken()].filter((_, i) => i % 17 === 3)
    expect(some.length).toBeGreaterThan(300)
    for (const [title, network] of some) {
      const made = await outcome(network)
      if (made instanceof ConvoError) expect([title, made.code]).not.toContain('E_INTERNAL')
      else expect([title, made.every((n) => Number.isInteger(n) && n > 0)]).toEqual([title, true])
    }
  })

  const windows = (
    operator: string,
    attributes: Record<string, number | readonly number[]>,
  ): TestNetwork => ({
    shape: [1, 4, 7, 9],
    nodes: [{ operator, inputs: ['x'], outputs: ['y'], attributes }],
  })

  it('have strides, dilations and windows of at least 1', async () => {
    for (const operator of ['MaxPool', 'AveragePool'])
      for (const name of ['strides', 'dilations', 'kernel_shape'])
        expect(await refusal(windows(operator, { kernel_shape: [2, 2], [name]: [0, 0] }))).toBe(
          `E_NET_OPERATOR ${operator} "${operator} 0": ${name} must be 2 whole numbers of at least 1, got [0, 0]`,
        )
  })

  it('have a number of each kind for every channel', async () => {
    const numbers = (count: number): Weights => floats(randoms(1), count)
    const bank = (bias: number): TestNetwork => ({
      shape: [1, 4, 7, 9],
      nodes: [
        { operator: 'Conv', inputs: ['x', floats(randoms(1), 2, 4, 1, 1), numbers(bias)], outputs: ['y'] },
      ],
    })
    expect(await outcome(bank(2))).toEqual([2, 7, 9])
    for (const bias of [1, 3])
      expect(await refusal(bank(bias))).toContain(`the bias has ${bias} numbers for 2`)
    const norm: TestNetwork = {
      shape: [1, 4, 7, 9],
      nodes: [
        {
          operator: 'BatchNormalization',
          inputs: ['x', numbers(4), numbers(4), numbers(3), numbers(4)],
          outputs: ['y'],
        },
      ],
    }
    expect(await refusal(norm)).toContain('the mean has 3 numbers for 4')
  })

  it('repeat, spread and count no further than there is memory for', async () => {
    const tiled: TestNetwork = {
      shape: [1, 4, 7, 9],
      nodes: [{ operator: 'Tile', inputs: ['x', wholes(1, 1, 1e12, 1)], outputs: ['y'] }],
    }
    expect(await refusal(tiled)).toContain('E_TOO_LARGE')
    const ranged: TestNetwork = {
      shape: [1, 4, 7, 9],
      nodes: [
        {
          operator: 'Range',
          inputs: [
            { shape: [], data: [0] },
            { shape: [], data: [1e15] },
            { shape: [], data: [1] },
          ],
          outputs: ['r'],
        },
        { operator: 'ReduceMax', inputs: ['r'], outputs: ['m'] },
        { operator: 'Add', inputs: ['x', 'm'], outputs: ['y'] },
      ],
    }
    expect(await refusal(ranged)).toContain('E_TOO_LARGE')
    const shape = [1, 1, 8, 64] as const
    const expanded = { operator: 'Expand', inputs: ['x', wholes(1, 2 ** 22, 8, 64)], outputs: ['y'] }
    expect(await refusal({ shape, nodes: [expanded] })).toContain('samples in a row of all channels')
    const doubled = Array.from({ length: 60 }, (_, i) => {
      const input = i === 0 ? 'x' : `d${i - 1}`
      return { operator: 'Concat', inputs: [input, input], outputs: [`d${i}`], attributes: { axis: 1 } }
    })
    expect(await refusal({ shape, nodes: doubled })).toContain('E_TOO_LARGE')
    const long = Array.from({ length: 20000 }, (_, i) => ({
      operator: 'Neg',
      inputs: [i === 0 ? 'x' : `n${i - 1}`],
      outputs: [`n${i}`],
    }))
    expect(await refusal({ shape, nodes: long })).toContain('nodes for a picture to go through')
  })

  it('leave one size open, and look up what there is', async () => {
    const shape = [1, 4, 7, 9] as const
    const open = { operator: 'Reshape', inputs: ['x', wholes(1, -1, -1, 9)], outputs: ['y'] }
    expect(await refusal({ shape, nodes: [open] })).toContain('leaves more than one size open')
    const empty = { operator: 'Gather', inputs: [{ shape: [0, 3], data: [] }, 'x'], outputs: ['y'] }
    expect(await refusal({ shape, nodes: [empty] })).toContain('the table is empty')
  })

  it('use the indices of a pooling for an unpooling alone', async () => {
    const pool = (next: TestNetwork['nodes']): TestNetwork => ({
      shape: [1, 3, 6, 8],
      nodes: [
        { operator: 'MaxPool', inputs: ['x'], outputs: ['p', 'i'], attributes: { kernel_shape: [2, 2] } },
        ...next,
      ],
    })
    for (const operator of ['Relu', 'Cast', 'Flatten'])
      expect(await refusal(pool([{ operator, inputs: ['i'], outputs: ['y'] }]))).toContain(
        'the indices of a MaxPool are computed for a MaxUnpool alone',
      )
    expect(await refusal(pool([{ operator: 'Identity', inputs: ['i'], outputs: ['y'] }]))).toContain(
      'output "y": the indices of a MaxPool',
    )
  })
})

describe('what a file says of its ends', () => {
  const file = (input: OnnxType, output: OnnxType) =>
    networkFrom(
      onnxModel({
        inputs: [{ name: 'x', shape: [1, 3, 4, 4], type: input }],
        outputs: [{ name: 'y', type: output }, { name: 'z' }],
        nodes: [
          { operator: 'Cast', name: 'a', inputs: ['x'], outputs: ['f'], attributes: { to: 1 } },
          { operator: 'Neg', name: 'b', inputs: ['f'], outputs: ['y'] },
          { operator: 'Einsum', name: 'c', inputs: ['f'], outputs: ['z'] },
        ],
      }),
    )

  it('takes bytes as levels', () => {
    expect(file('uint8', 'uint8').meaning).toEqual({ inRange: '0..255', outRange: '0..255' })
    expect(file('float32', 'float32').meaning).toBe(undefined)
  })

  it('computes the first of several outputs, or the one that is asked for, and nothing else', async () => {
    const model = await modelOf(file('float32', 'float32'))
    expect(model.notes).toEqual(['the network has 2 outputs: "y" is computed; --head z is another'])
    expect(model.network.nodes.map(({ operator }) => operator)).toEqual(['Cast', 'Neg'])
    for (const head of ['z', '2'])
      expect((await modelOf(file('float32', 'float32'), { head })).network.nodes.at(-1)!.operator).toBe(
        'Einsum',
      )
    await expect(modelOf(file('float32', 'float32'), { head: 'q' })).rejects.toThrow(
      'the network has no output "q"',
    )
  })

  it('normalises by the moments of the picture in training, which is not folded', async () => {
    const at = (training_mode: number) =>
      modelFor({
        shape: [1, 1, 1, 2],
        nodes: [
          { operator: 'Conv', inputs: ['x', { shape: [1, 1, 1, 1], data: [1] }], outputs: ['c'] },
          {
            operator: 'BatchNormalization',
            inputs: ['c', ...[1, 0, 0, 1].map((v): Weights => ({ shape: [1], data: [v] }))],
            outputs: ['y'],
            attributes: { training_mode },
          },
        ],
      })
    const x = new Tensor([1, 1, 2], Float32Array.of(3, 5))
    const made = async (training: number) => {
      const model = await at(training)
      const { data } = await throughModel(model, x, referenceEngine, await fitOf(model, [1, 1, 2]))
      return Array.from(data, Math.round)
    }
    expect(await made(0)).toEqual([3, 5])
    expect(await made(1)).toEqual([-1, 1])
  })
})

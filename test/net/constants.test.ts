import { describe, expect, it } from 'vitest'
import { referenceEngine } from '../../src/definition/engine.ts'
import { modelOf } from '../../src/net/model.ts'
import { networkFrom } from '../../src/net/read.ts'
import { trace } from '../../src/net/trace.ts'
import { Tensor } from '../../src/tensor/tensor.ts'
import { type OnnxModel, type OnnxTensor, onnxModel } from './onnx-writer.ts'

const ints = (...data: number[]): OnnxTensor => ({ shape: [data.length], data, type: 'int64' })
const one = (n: number): OnnxTensor => ({ shape: [], data: [n], type: 'int64' })

/** Runs nodes over x [1,C,H,W]; the output is `y`. */
async function run(
  x: Tensor,
  nodes: OnnxModel['nodes'],
  initializers: OnnxModel['initializers'] = {},
  opset = 17,
): Promise<Tensor> {
  const bytes = onnxModel({
    inputs: [{ name: 'x', shape: [1, x.shape[0]!, 'h', 'w'] }],
    outputs: [{ name: 'y' }],
    nodes,
    initializers,
    opset,
  })
  const model = await modelOf(networkFrom(bytes))
  const [y] = await trace(model.network, x, referenceEngine, 'chw', model.declared)
  return y!
}

const counted = (...shape: number[]): Tensor =>
  new Tensor(
    shape,
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i),
  )

describe('what is known before the picture', () => {
  it('takes sizes from the picture: Shape, Gather, arithmetic, Cast, Unsqueeze, Concat, Resize to them', async () => {
    const y = await run(
      counted(2, 3, 5),
      [
        { operator: 'Shape', inputs: ['x'], outputs: ['s'] },
        { operator: 'Gather', inputs: ['s', 'two'], outputs: ['h'] },
        { operator: 'Gather', inputs: ['s', 'three'], outputs: ['w'] },
        { operator: 'Mul', inputs: ['h', 'two'], outputs: ['h2'] },
        { operator: 'Cast', inputs: ['w'], outputs: ['wf'], attributes: { to: 1 } },
        { operator: 'Mul', inputs: ['wf', 'half'], outputs: ['wh'] },
        { operator: 'Floor', inputs: ['wh'], outputs: ['wf2'] },
        { operator: 'Cast', inputs: ['wf2'], outputs: ['w2'], attributes: { to: 7 } },
        { operator: 'Unsqueeze', inputs: ['h2', 'zero1'], outputs: ['a'] },
        { operator: 'Unsqueeze', inputs: ['w2', 'zero1'], outputs: ['b'] },
        { operator: 'Slice', inputs: ['s', 'zero1', 'two1'], outputs: ['front'] },
        { operator: 'Concat', inputs: ['front', 'a', 'b'], outputs: ['sizes'], attributes: { axis: 0 } },
        {
          operator: 'Resize',
          inputs: ['x', '', '', 'sizes'],
          outputs: ['y'],
          attributes: {
            mode: 'nearest',
            coordinate_transformation_mode: 'asymmetric',
            nearest_mode: 'floor',
          },
        },
      ],
      { two: one(2), three: one(3), half: { shape: [], data: [0.5] }, zero1: ints(0), two1: ints(2) },
    )
    expect(y.shape).toEqual([2, 6, 2])
    expect(Array.from(y.data.slice(0, 6))).toEqual([0, 2, 0, 2, 5, 7])
  })

  it('computes weights: ConstantOfShape, Range, Where, Equal, Not, Squeeze, Size, ReduceProd, Mod', async () => {
    const y = await run(
      counted(4, 1, 2),
      [
        { operator: 'Range', inputs: ['zero', 'four', 'one'], outputs: ['r'] },
        { operator: 'Mod', inputs: ['r', 'two'], outputs: ['m'] },
        { operator: 'Equal', inputs: ['m', 'zero'], outputs: ['even'] },
        { operator: 'Not', inputs: ['even'], outputs: ['isOdd'] },
        {
          operator: 'ConstantOfShape',
          inputs: ['shape'],
          outputs: ['tens'],
          attributes: { value: { shape: [1], data: [10] } },
        },
        { operator: 'Squeeze', inputs: ['tens', 'one1'], outputs: ['flat'] },
        { operator: 'ConstantOfShape', inputs: ['list'], outputs: ['zeros'] },
        { operator: 'Where', inputs: ['isOdd', 'flat', 'zeros'], outputs: ['chosen'] },
        { operator: 'Reshape', inputs: ['chosen', 'column'], outputs: ['by'] },
        { operator: 'Add', inputs: ['x', 'by'], outputs: ['t'] },
        { operator: 'Size', inputs: ['x'], outputs: ['n'] },
        { operator: 'Shape', inputs: ['x'], outputs: ['s'] },
        { operator: 'ReduceProd', inputs: ['s'], outputs: ['p'], attributes: { keepdims: 0 } },
        { operator: 'Sub', inputs: ['n', 'p'], outputs: ['none'] },
        { operator: 'Cast', inputs: ['none'], outputs: ['nonef'], attributes: { to: 1 } },
        { operator: 'Add', inputs: ['t', 'nonef'], outputs: ['y'] },
      ],
      {
        zero: one(0),
        four: one(4),
        one: one(1),
        two: one(2),
        one1: ints(1),
        shape: ints(4, 1),
        list: ints(4),
        column: ints(1, 4, 1, 1),
      },
    )
    expect(Array.from(y.data)).toEqual([0, 1, 12, 13, 4, 5, 16, 17])
  })

  it('compares: Greater, Less, GreaterOrEqual, LessOrEqual, And, Or', async () => {
    const bools = ['Greater', 'Less', 'GreaterOrEqual', 'LessOrEqual']
    const y = await run(
      counted(1, 1, 1),
      [
        ...bools.map((operator) => ({ operator, inputs: ['a', 'b'], outputs: [operator] })),
        { operator: 'And', inputs: ['GreaterOrEqual', 'LessOrEqual'], outputs: ['same'] },
        { operator: 'Or', inputs: ['Greater', 'Less'], outputs: ['other'] },
        ...['same', 'other', 'Greater'].map((name) => ({
          operator: 'Cast',
          inputs: [name],
          outputs: [`${name}f`],
          attributes: { to: 1 },
        })),
        { operator: 'Mul', inputs: ['otherf', 'ten'], outputs: ['o'] },
        { operator: 'Mul', inputs: ['Greaterf', 'hundred'], outputs: ['g'] },
        { operator: 'Sum', inputs: ['samef', 'o', 'g', 'x'], outputs: ['y'] },
      ],
      {
        a: ints(1, 2, 3),
        b: ints(2, 2, 2),
        ten: { shape: [], data: [10] },
        hundred: { shape: [], data: [100] },
      },
    )
    expect(Array.from(y.data)).toEqual([10, 1, 110])
  })

  it('folds batch normalisation into the bank before it, rounded once', async () => {
    const bytes = onnxModel({
      inputs: [{ name: 'x', shape: [1, 1, 'h', 'w'] }],
      outputs: [{ name: 'y' }],
      nodes: [
        { operator: 'Conv', name: 'bank', inputs: ['x', 'w', 'b'], outputs: ['c'] },
        {
          operator: 'BatchNormalization',
          name: 'norm',
          inputs: ['c', 'g', 'o', 'm', 'v'],
          outputs: ['y'],
          attributes: { epsilon: { float: 0 } },
        },
      ],
      initializers: {
        w: { shape: [2, 1, 1, 1], data: [1, 3] },
        b: { shape: [2], data: [1, 2] },
        g: { shape: [2], data: [2, 1] },
        o: { shape: [2], data: [5, 7] },
        m: { shape: [2], data: [3, 4] },
        v: { shape: [2], data: [4, 9] },
      },
    })
    const model = await modelOf(networkFrom(bytes))
    expect(model.folded).toEqual([['norm', 'bank']])
    expect(model.network.nodes.map(({ operator }) => operator)).toEqual(['Conv'])
    const [y] = await trace(model.network, counted(1, 1, 2), referenceEngine, 'chw')
    expect(Array.from(y!.data)).toEqual([3, 4, 19 / 3, 22 / 3].map(Math.fround))
  })

  it.each([
    [
      'an input that is missing',
      [{ operator: 'Add', name: 'sum', inputs: ['x', 'nowhere'], outputs: ['y'] }],
      /nowhere/,
    ],
    [
      'weights from the picture',
      [{ operator: 'Conv', name: 'dynamic', inputs: ['x', 'x'], outputs: ['y'] }],
      /Conv "dynamic": the weights must be known before the picture is/,
    ],
    [
      'matrices that do not fit',
      [
        { operator: 'Flatten', name: 'row', inputs: ['x'], outputs: ['r'] },
        { operator: 'MatMul', name: 'attention', inputs: ['x', 'r'], outputs: ['y'] },
      ],
      /MatMul "attention": the matrices do not fit each other/,
    ],
  ])('refuses %s', async (_, nodes, message) => {
    await expect(run(counted(1, 2, 2), nodes)).rejects.toThrow(message)
  })
})

import { floats, randoms, type TestNetwork, type TestNode, type Weights, wholes } from './graphs.ts'
import type { Attributes } from './interpreter.ts'

/** A network of one operator or a few, and a function that samples from −1 to 1 go through first. */
export type Case = readonly [title: string, network: TestNetwork, of?: ((v: number) => number) | undefined]

const random = randoms(7)
const F = (...shape: number[]) => floats(random, ...shape)
/** Indices along an axis of [1,4,7,9], the same at every place of the others. */
function alike(axis: number, list: readonly number[]): Weights {
  const at = axis < 0 ? axis + 4 : axis
  const shape = [1, 4, 7, 9].with(at, list.length)
  const inner = shape.slice(at + 1).reduce((a, b) => a * b, 1)
  const count = shape.reduce((a, b) => a * b, 1)
  const data = Array.from({ length: count }, (_, i) => list[Math.floor(i / inner) % list.length]!)
  return { shape, data, type: 'int64' }
}
const one = (v: number): Weights => ({ shape: [], data: [Math.fround(v)] })
const scales = (y: number, x: number): Weights => ({
  shape: [4],
  data: [1, 1, Math.fround(y), Math.fround(x)],
})
const usual = [1, 4, 7, 9] as const

/** Makes a case of one operator on x. */
function alone(
  operator: string,
  inputs: readonly (Weights | undefined)[] = [],
  attributes: Attributes = {},
  {
    shape = usual,
    opset,
    of,
    outputs = ['y'],
  }: {
    shape?: readonly number[]
    opset?: number
    of?: (v: number) => number
    outputs?: readonly string[]
  } = {},
): Case {
  const node: TestNode = { operator, inputs: ['x', ...inputs], outputs, attributes }
  const said = Object.entries(attributes).map(([key, value]) => `${key} ${value}`)
  const title = [
    operator,
    ...inputs.map((input) => (input === undefined ? '-' : `[${input.shape}]`)),
    ...said,
  ].join(' ')
  return [
    opset === undefined ? title : `${title}, opset ${opset}`,
    { shape, nodes: [node], ...(opset && { opset }) },
    of,
  ]
}

const halves = (v: number) => Math.round(v * 2) / 2
const positive = { of: (v: number) => Math.abs(v) + 0.1 }
const autos = ['SAME_UPPER', 'SAME_LOWER', 'VALID']
const windows = { kernel_shape: [3, 2], strides: [2, 2] }

/** Operators that use many samples, on a picture whose samples are still in their order before a pixel shuffle. */
const shuffled: readonly Case[] = (
  [
    ...['ReduceMean', 'ReduceMax', 'ReduceMin', 'ReduceL2', 'ReduceSumSquare'].flatMap((name) =>
      [[0, 1, 2, 3], [2, 3], [1, 2, 3], [1], [2]].map((axes) => [name, [], { axes }] as const),
    ),
    ['GlobalAveragePool', [], {}],
    ['GlobalMaxPool', [], {}],
    ['InstanceNormalization', [F(3), F(3)], {}],
    ['Softmax', [], { axis: 1 }],
    ['Softmax', [], { axis: -1 }],
    ['LpNormalization', [], { axis: 1 }],
  ] as const
).map(([operator, inputs, attributes]): Case => {
  const apart: TestNode = {
    operator: 'DepthToSpace',
    inputs: ['x'],
    outputs: ['a'],
    attributes: { blocksize: 2, mode: 'CRD' },
  }
  const [title, network] = alone(operator, inputs, attributes, { shape: [1, 12, 5, 6] })
  const [node] = network.nodes as [TestNode]
  return [
    `${title} of shuffled pixels`,
    { ...network, nodes: [apart, { ...node, inputs: ['a', ...inputs] }] },
  ]
})

/** Operators of pictures on a batch of two, and on a signal. */
const inBatches: readonly Case[] = (
  [
    [
      'Conv',
      [F(6, 2, 3, 3), F(6)],
      { pads: [1, 1, 0, 1], strides: [2, 1] },
      [F(6, 2, 3), F(6)],
      { pads: [1, 2] },
    ],
    ['Conv', [F(4, 1, 3, 3)], { group: 2 }, [F(4, 1, 2)], { group: 2, dilations: [3], strides: [2] }],
    ['ConvTranspose', [F(2, 3, 3, 3), F(3)], { strides: [2, 2] }, [F(2, 3, 2), F(3)], { strides: [2] }],
    ['ConvTranspose', [F(2, 3, 3, 3)], { group: 2 }, [F(2, 3, 4)], { group: 2, pads: [1, 0] }],
    ['MaxPool', [], windows, [], { kernel_shape: [3], strides: [2] }],
    ['AveragePool', [], windows, [], { kernel_shape: [3], pads: [1, 1], count_include_pad: 1 }],
    ['GlobalAveragePool', [], {}, undefined, {}],
    [
      'BatchNormalization',
      [F(2), F(2), F(2), { shape: [2], data: [0.5, 2] }],
      {},
      [F(2), F(2), F(2), { shape: [2], data: [0.5, 2] }],
      {},
    ],
    ['InstanceNormalization', [F(2), F(2)], {}, [F(2), F(2)], {}],
    ['GroupNormalization', [F(2), F(2)], { num_groups: 1 }, [F(2), F(2)], { num_groups: 2 }],
  ] as const
).flatMap(([operator, inputs, attributes, ofRow, rowAttributes]) =>
  (
    [
      [[2, 2, 7, 9], inputs, attributes],
      [[2, 2, 63], ofRow, rowAttributes],
      [[1, 2, 126], ofRow, rowAttributes],
    ] as const
  ).flatMap(([shape, own, settings]): Case[] =>
    own === undefined
      ? []
      : [
          [
            `${operator} of [${shape}] ${Object.entries(settings).join(' ')}`,
            {
              shape: usual,
              opset: 21,
              nodes: [
                { operator: 'Reshape', inputs: ['x', wholes(...shape)], outputs: ['a'] },
                { operator, inputs: ['a', ...own], outputs: ['b'], attributes: settings },
                { operator: 'Abs', inputs: ['b'], outputs: ['y'] },
              ],
            },
          ],
        ],
  ),
)

const bytes = (...shape: number[]): Weights => {
  const data = F(...shape).data.map((v) => Math.round(127.5 + 127.5 * v))
  return { shape, data, type: 'uint8' }
}
const signed = (...shape: number[]): Weights => ({
  shape,
  data: F(...shape).data.map((v) => Math.round(127 * v)),
  type: 'int8',
})
const zero = (...data: number[]): Weights => ({
  shape: data.length === 1 ? [] : [data.length],
  data,
  type: data.some((v) => v < 0) ? 'int8' : 'uint8',
})
const scale = (...data: number[]): Weights => ({
  shape: data.length === 1 ? [] : [data.length],
  data: data.map(Math.fround),
})
const steps = { of: (v: number) => Math.round(127.5 + 127.5 * v) }

/** Operators of whole numbers. */
const ofWholes: readonly Case[] = [
  alone('QuantizeLinear', [scale(0.01), zero(100)]),
  alone('QuantizeLinear', [scale(0.011), zero(-3)]),
  alone('QuantizeLinear', [scale(0.02)]),
  alone('QuantizeLinear', [scale(0.01, 0.02, 0.003, 0.5), zero(100, 1, 2, 255)]),
  alone(
    'QuantizeLinear',
    [scale(...F(9).data.map((v) => 0.1 + Math.abs(v))), zero(1, 2, 3, 4, 5, 6, 7, 8, -9)],
    { axis: -1 },
  ),
  alone('DequantizeLinear', [scale(0.01), zero(100)], {}, steps),
  alone('DequantizeLinear', [scale(0.01, 0.02, 0.003, 0.5), zero(100, 1, 2, 255)], {}, steps),
  alone('DynamicQuantizeLinear', [], {}, { outputs: ['y', 's', 'z'] }),
  alone('ConvInteger', [signed(6, 4, 3, 3), zero(128)], { pads: [1, 1, 1, 1] }, steps),
  alone(
    'ConvInteger',
    [bytes(3, 2, 3, 3), undefined, zero(120)],
    { group: 1 },
    { ...steps, shape: [1, 2, 7, 9] },
  ),
  alone('ConvInteger', [bytes(4, 1, 3, 3), zero(7), zero(120, 0, 1, 255)], { group: 4 }, steps),
  // sums beyond 2^24, all exact except for rounding to float32
  alone('ConvInteger', [bytes(2, 64, 5, 5)], {}, { ...steps, shape: [1, 64, 6, 6] }),
  alone('MatMulInteger', [signed(9, 5), zero(128)], {}, steps),
  alone(
    'QLinearConv',
    [scale(0.02), zero(128), signed(6, 4, 3, 3), scale(0.01), zero(-1), scale(0.1), zero(120)],
    { pads: [1, 1, 1, 1] },
    steps,
  ),
  alone(
    'QLinearConv',
    [
      scale(0.02),
      zero(128),
      bytes(2, 64, 5, 5),
      scale(0.01, 0.001),
      zero(120, 130),
      scale(0.1),
      zero(-20),
      { shape: [2], data: [-70000, 900], type: 'int32' },
    ],
    {},
    { ...steps, shape: [1, 64, 6, 6] },
  ),
  alone(
    'QLinearMatMul',
    [scale(0.02), zero(128), signed(9, 5), scale(0.01), zero(-4), scale(0.05), zero(120)],
    {},
    steps,
  ),
  ...['QLinearAdd', 'QLinearMul'].map((name) =>
    alone(
      name,
      [scale(0.02), zero(128), bytes(1, 4, 7, 9), scale(0.01), zero(30), scale(0.013), zero(99)],
      {},
      steps,
    ),
  ),
  alone('QLinearSigmoid', [scale(0.04), zero(128), scale(1 / 255), zero(0)], {}, steps),
  alone('QLinearLeakyRelu', [scale(0.04), zero(128), scale(0.021), zero(40)], { alpha: 0.3 }, steps),
  alone('QLinearAveragePool', [scale(0.04), zero(128), scale(0.021), zero(40)], windows, steps),
  alone('QLinearGlobalAveragePool', [scale(0.04), zero(128), scale(0.0021), zero(40)], {}, steps),
  alone('QLinearSoftmax', [scale(0.04), zero(128), scale(1 / 255), zero(0)], { axis: 1 }, steps),
  [
    'QLinearConcat',
    {
      shape: usual,
      nodes: [
        {
          operator: 'QLinearConcat',
          inputs: [
            scale(0.03),
            zero(100),
            'x',
            scale(0.02),
            zero(128),
            bytes(1, 2, 7, 9),
            scale(0.04),
            zero(3),
          ],
          outputs: ['y'],
          attributes: { axis: 1 },
        },
      ],
    },
    steps.of,
  ],
]

/** Every operator with its attributes. */
export const cases: readonly Case[] = [
  ...shuffled,
  alone('ReduceL2', [], { axes: [1] }, { shape: [1, 1, 7, 9] }),
  alone('LpNormalization', [], { axis: 1 }, { shape: [1, 1, 7, 9] }),
  ...[
    'Relu',
    'Sigmoid',
    'HardSigmoid',
    'HardSwish',
    'Tanh',
    'Elu',
    'Selu',
    'Celu',
    'Softplus',
    'Softsign',
    'Erf',
    'Exp',
    'Neg',
    'Abs',
    'Floor',
    'Ceil',
    'Round',
    'Sign',
    'LeakyRelu',
    'ThresholdedRelu',
    'Identity',
    'Dropout',
  ].map((name) => alone(name)),
  ...['Relu', 'Softplus', 'Erf', 'Sigmoid', 'Tanh', 'Elu'].map((name) =>
    alone(name, [], {}, { of: (v) => 12 * v }),
  ),
  alone('Log', [], {}, positive),
  alone('Sqrt', [], {}, positive),
  alone('Reciprocal', [], {}, positive),
  alone('LeakyRelu', [], { alpha: 0.3 }),
  alone('Elu', [], { alpha: 0.7 }),
  alone('Celu', [], { alpha: 0.4 }),
  alone('Selu', [], { alpha: 1.5, gamma: 1.2 }),
  alone('ThresholdedRelu', [], { alpha: 0.25 }),
  alone('HardSigmoid', [], { alpha: 0.3, beta: 0.4 }),
  alone('Gelu', [], {}, { opset: 20 }),
  alone('Gelu', [], { approximate: 'tanh' }, { opset: 20 }),
  alone('Mish', [], {}, { opset: 18 }),
  alone('Affine', [], { alpha: 1.5, beta: -0.25 }, { opset: 7 }),
  alone('ImageScaler', [], { scale: 0.5, bias: [1, -2, 0.25, 3] }, { opset: 7 }),
  alone('ScaledTanh', [], { alpha: 1.5, beta: 0.75 }, { opset: 7 }),
  alone('ParametricSoftplus', [], { alpha: 1.5, beta: 0.75 }, { opset: 7 }),
  alone('Crop', [], { border: [1, 2, 3, 0] }, { opset: 7 }),
  alone('Crop', [], { border: [1, 2, 0, 0], scale: [3, 5] }, { opset: 7 }),
  alone('Clip', [one(-0.5), one(0.25)]),
  alone('Clip', [undefined, one(0.25)]),
  alone('Clip', [], { min: -0.125, max: 0.5 }, { opset: 7 }),
  alone('PRelu', [F(4, 1, 1)]),
  alone('PRelu', [F(1)]),
  // a list is for columns, or for channels if the columns do not match
  alone('PRelu', [F(9)]),
  alone('PRelu', [F(4)]),
  alone('PRelu', [F(4)], {}, { shape: [1, 4, 7, 4] }),
  // a slope for every column, row or sample
  ...[F(1, 9), F(7, 1), F(4, 7, 9), F(1, 1, 7, 9)].map((slope) => alone('PRelu', [slope])),
  ...['Add', 'Sub', 'Mul', 'Min', 'Max', 'Sum'].flatMap((name) =>
    [F(1, 4, 1, 1), F(4, 1, 1), one(1.5), F(1, 1, 7, 9), F(9), F(1, 4, 7, 9), F(1, 1, 7, 1)].map((input) =>
      alone(name, [input]),
    ),
  ),
  ...['Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual', 'Equal'].flatMap((name) =>
    [F(4, 1, 1), one(0.5), F(1, 1, 7, 9), F(1, 4, 7, 9)].map((input) =>
      alone(name, [{ ...input, data: input.data.map(halves) }], {}, { of: halves }),
    ),
  ),
  [
    'Pad and Conv of a constant',
    {
      shape: usual,
      nodes: [
        { operator: 'Pad', inputs: [F(1, 4, 6, 7), wholes(0, 0, 1, 1, 0, 0, 2, 3)], outputs: ['p'] },
        { operator: 'Conv', inputs: ['p', F(4, 4, 3, 3)], outputs: ['c'] },
        { operator: 'Add', inputs: ['c', 'x'], outputs: ['y'] },
      ],
    },
  ],
  alone('Mod', [one(0.25)], { fmod: 1 }),
  alone('Mod', [{ shape: [4, 1, 1], data: [0.5, -2, 3, -0.25] }]),
  ...['Sin', 'Cos', 'IsNaN'].map((name) => alone(name, [], {}, { of: (v) => 9 * v })),
  alone('Cast', [], { to: 9 }, { of: halves }),
  alone('Cast', [], { to: 6 }, { of: (v) => 9 * v }),
  ...['And', 'Or', 'Xor'].map(
    (name): Case => [
      `${name} of two comparisons, and what is not it`,
      {
        shape: usual,
        nodes: [
          { operator: 'Greater', inputs: ['x', one(-0.3)], outputs: ['a'] },
          { operator: 'Less', inputs: ['x', F(1, 1, 7, 9)], outputs: ['b'] },
          { operator: name, inputs: ['a', 'b'], outputs: ['c'] },
          { operator: 'Not', inputs: ['c'], outputs: ['d'] },
          { operator: 'Where', inputs: ['d', 'x', F(4, 1, 1)], outputs: ['y'] },
        ],
      },
    ],
  ),
  ...[
    ['x', one(0)],
    [one(2), 'x'],
    ['x', F(1, 4, 7, 9)],
    [F(4, 1, 1), F(1, 1, 7, 9)],
    ['t', F(7, 1)],
  ].map(
    ([a, b]): Case => [
      `Where of ${[a, b].map((input) => (typeof input === 'object' ? `[${input.shape}]` : input)).join(' and ')}`,
      {
        shape: usual,
        nodes: [
          { operator: 'ReduceMax', inputs: ['x'], outputs: ['t'], attributes: { axes: [1], keepdims: 1 } },
          { operator: 'Greater', inputs: [a === 't' ? 'x' : 't', one(0.4)], outputs: ['c'] },
          { operator: 'Where', inputs: ['c', a, b], outputs: ['y'] },
        ],
      },
    ],
  ),
  alone('Div', [{ shape: [4, 1, 1], data: [0.5, -2, 3, 4] }]),
  alone('Pow', [one(2)]),
  alone('Pow', [one(3)]),
  alone('Pow', [one(0.5)], {}, positive),
  alone('Pow', [one(1.7)], {}, positive),
  alone('Conv', [F(6, 4, 3, 3), F(6)], { pads: [1, 1, 1, 1] }),
  alone('Conv', [F(6, 2, 3, 3)], { group: 2, strides: [2, 3], dilations: [2, 1], pads: [2, 0, 1, 1] }),
  alone('Conv', [F(4, 1, 5, 1), F(4)], { group: 4 }),
  alone('Conv', [F(3, 4, 1, 1)]),
  alone('ConvTranspose', [F(4, 3, 3, 3), F(3)], {
    strides: [2, 2],
    pads: [1, 1, 1, 1],
    output_padding: [1, 1],
  }),
  alone('ConvTranspose', [F(4, 3, 4, 4)], {
    strides: [2, 3],
    pads: [1, 0, 1, 2],
    group: 2,
    dilations: [1, 2],
  }),
  alone('ConvTranspose', [F(4, 3, 4, 4)], { strides: [2, 2], output_shape: [15, 19] }),
  alone('ConvTranspose', [F(4, 3, 3, 3), F(3)], { strides: [3, 2], output_shape: [23, 20] }),
  ...autos.flatMap((auto_pad) => [
    alone('Conv', [F(3, 4, 4, 3)], { auto_pad, strides: [2, 3] }),
    alone('ConvTranspose', [F(4, 3, 4, 3)], { auto_pad, strides: [2, 3] }),
    alone('MaxPool', [], { auto_pad, ...windows }),
    alone('AveragePool', [], { auto_pad, ...windows }),
  ]),
  ...[0, 1].flatMap((ceil_mode) => [
    alone('MaxPool', [], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], ceil_mode }),
    alone('MaxPool', [], { kernel_shape: [2, 2], strides: [2, 1], dilations: [2, 3], ceil_mode }),
    ...[0, 1].map((count_include_pad) =>
      alone('AveragePool', [], {
        kernel_shape: [3, 3],
        strides: [2, 2],
        pads: [1, 1, 1, 1],
        ceil_mode,
        count_include_pad,
      }),
    ),
  ]),
  alone('AveragePool', [], { kernel_shape: [2, 2], dilations: [2, 3], pads: [0, 1, 1, 0] }, { opset: 19 }),
  ...['GlobalAveragePool', 'GlobalMaxPool'].map((name) => alone(name)),
  ...[
    'ReduceMean',
    'ReduceMax',
    'ReduceMin',
    'ReduceL1',
    'ReduceL2',
    'ReduceSumSquare',
    'ReduceLogSumExp',
  ].flatMap((name) =>
    [[1], [2], [3], [2, 3], [1, 2, 3], [1, 2], [-1, -2]].flatMap((axes) =>
      [0, 1].map((keepdims) => alone(name, [], { axes, keepdims })),
    ),
  ),
  alone('ReduceLogSum', [], { axes: [1] }, positive),
  alone('ReduceLogSumExp', [], { axes: [1] }, { of: (v) => 300 * v }),
  ...[1, 2, -1].flatMap((axis) => [1, 2].map((p) => alone('LpNormalization', [], { axis, p }))),
  alone('LRN', [], { size: 3 }),
  alone('LRN', [], { size: 4, alpha: 0.5, beta: 0.6, bias: 2 }),
  ...[1, 2, 3].flatMap((axis) =>
    [0, 1].flatMap((exclusive) =>
      [0, 1].map((reverse) =>
        alone('CumSum', [{ shape: [], data: [axis], type: 'int64' }], { exclusive, reverse }),
      ),
    ),
  ),
  alone('Swish'),
  alone('Swish', [], { alpha: 0.5 }),
  alone('QuickGelu'),
  alone('Mean', [F(4, 1, 1), F(1, 1, 7, 9)]),
  alone('Gather', [wholes(2, 0, -1)], { axis: 3 }),
  ...(
    [
      ['bchw,cd->bdhw', F(4, 3)],
      ['bchw,wk->bchk', F(9, 2)],
      ['bchw,c->bhw', F(4)],
      ['bchw,bchw->bhw', F(1, 4, 7, 9)],
      ['bchw,bkhw->bck', F(1, 3, 7, 9)],
      ['bchw,chk->bckw', F(4, 7, 3)],
      ['bchw,k->bckw', F(3)],
      ['bchw->wcb'],
      ['bchw->bwhc'],
    ] as const
  ).map(([equation, ...weights]) => alone('Einsum', weights, { equation })),
  ...[0, 1].flatMap((upper) =>
    [-2, 0, 3].map((k) => alone('Trilu', [{ shape: [], data: [k], type: 'int64' }], { upper })),
  ),
  alone('Trilu'),
  ...[1, -2, 3].map((axis) => alone('GatherElements', [alike(axis, [2, 0, -1])], { axis })),
  ...[1, -2, 3].map((axis) => {
    const places = alike(axis, [2, 0, -1])
    return alone('ScatterElements', [places, F(...places.shape)], { axis })
  }),
  alone('GatherElements', [{ shape: [1, 2, 2, 1], data: [1, -1, 0, 8], type: 'int64' }], { axis: 3 }),
  alone('ScatterElements', [{ shape: [1, 2, 2, 1], data: [1, -1, 0, 8], type: 'int64' }, F(1, 2, 2, 1)], {
    axis: 3,
  }),
  alone('GatherND', [{ shape: [2, 3], data: [0, 3, -1, 0, 1, 2], type: 'int64' }]),
  alone('ScatterND', [{ shape: [2, 3], data: [0, 3, -1, 0, 1, 2], type: 'int64' }, F(2, 9)]),
  alone('ScatterND', [{ shape: [3, 1, 2], data: [0, 3, 0, 1, 0, 3], type: 'int64' }, F(3, 1, 7, 9)]),
  alone('ScatterND', [{ shape: [2, 4], data: [0, 3, 1, 2, 0, 0, 0, -1], type: 'int64' }, F(2)]),
  ...[
    [0, F(5)],
    [0, F(5, 3)],
    [1, F(2, 5)],
    [1, F(2, 5, 3)],
  ].map(
    ([axis, table]): Case => [
      `Gather of a table [${(table as Weights).shape}] at places that are computed`,
      {
        shape: usual,
        nodes: [
          { operator: 'Round', inputs: ['x'], outputs: ['r'] },
          {
            operator: 'Gather',
            inputs: [table as Weights, 'r'],
            outputs: ['g'],
            attributes: { axis: axis as number },
          },
          { operator: 'Neg', inputs: ['g'], outputs: ['y'] },
        ],
      },
      (v) => 4.4 * v,
    ],
  ),
  ...inBatches,
  ...ofWholes,
  alone('ReduceSum', [wholes(2, 3)], { keepdims: 0 }),
  alone('ReduceSum', [wholes(1)]),
  // no axes are all axes, unless it says that they are none
  ...['ReduceSum', 'ReduceSumSquare', 'ReduceL1', 'ReduceL2', 'ReduceLogSumExp'].flatMap((operator) =>
    [0, 1].map((noop) => alone(operator, [wholes()], { noop_with_empty_axes: noop })),
  ),
  ...[1, 2, -1].flatMap((axis) => [alone('Softmax', [], { axis }), alone('LogSoftmax', [], { axis })]),
  ...[1, 2, 3].flatMap((axis) => [0, 1].map((keepdims) => alone('ArgMax', [], { axis, keepdims }))),
  alone('ArgMin', [], { axis: 1, select_last_index: 1 }, { of: Math.round }),
  alone('BatchNormalization', [F(4), F(4), F(4), { shape: [4], data: [0.5, 1, 2, 0.1] }], { epsilon: 0.001 }),
  alone('InstanceNormalization', [F(4), F(4)]),
  alone('InstanceNormalization', [F(4), F(4)], {}, { of: (v) => v + 1000 }),
  alone('LayerNormalization', [F(9), F(9)]),
  alone('LayerNormalization', [F(4, 7, 9)], { axis: 1 }),
  alone('MatMul', [F(9, 5)]),
  alone('MatMul', [F(9)]),
  [
    'MatMul of a list by a matrix',
    { shape: usual, nodes: [{ operator: 'MatMul', inputs: [F(7), 'x'], outputs: ['y'] }] },
  ],
  alone('Gemm', [F(6, 5), F(5)], { alpha: 0.5, beta: 2 }, { shape: [1, 6] }),
  alone('Gemm', [F(5, 6), F(5)], { transB: 1 }, { shape: [1, 6] }),
  alone('Concat', [F(1, 2, 7, 9)], { axis: 1 }),
  alone('Concat', [F(1, 4, 2, 9), F(1, 4, 1, 9)], { axis: 2 }),
  alone('Concat', [F(1, 4, 7, 3)], { axis: -1 }),
  alone('Slice', [wholes(1, 2), wholes(3, 100), wholes(1, 3)]),
  alone('Slice', [wholes(-1, 8), wholes(-100, 1), wholes(2, 3), wholes(-1, -2)]),
  alone('Slice', [wholes(0, 1), wholes(4, 7), wholes(1, 2), wholes(2, 3)]),
  alone('Split', [wholes(1, 3)], { axis: 1 }, { outputs: ['y', 'z'] }),
  alone('Split', [wholes(3, 4)], { axis: 2 }, { outputs: ['y', 'z'] }),
  alone('Split', [], { axis: 1 }, { outputs: ['y', 'z'] }),
  alone('Gather', [wholes(3, 1, 1)], { axis: 1 }),
  alone('Gather', [{ shape: [], data: [-1], type: 'int64' }], { axis: 2 }),
  ...['constant', 'edge', 'reflect'].flatMap((mode) => [
    alone('Pad', [wholes(0, 0, 1, 2, 0, 0, 3, 4)], { mode }),
    alone('Pad', [wholes(0, 1, 0, -2, 0, 2, 0, 3)], { mode }),
  ]),
  alone('Pad', [wholes(0, 0, 1, 2, 0, 0, 3, 4), one(2.5)]),
  alone('Pad', [wholes(0, 0, 1, 2, 0, 0, 3, 4)], { mode: 'wrap' }, { opset: 19 }),
  ...['DCR', 'CRD'].map((mode) =>
    alone('DepthToSpace', [], { blocksize: 2, mode }, { shape: [1, 12, 5, 6] }),
  ),
  alone('SpaceToDepth', [], { blocksize: 2 }, { shape: [1, 3, 6, 8] }),
  ...['DCR', 'CRD'].map((mode) =>
    alone('SpaceToDepth', [], { blocksize: 2, mode }, { shape: [1, 3, 6, 8], opset: 28 }),
  ),
  alone('Transpose', [], { perm: [0, 1, 3, 2] }),
  alone('Transpose', [], { perm: [0, 3, 1, 2] }),
  alone('Reshape', [wholes(0, 2, 2, -1)]),
  alone('Reshape', [wholes(1, 4, 63)]),
  alone('Reshape', [wholes(1, 2, 14, 9)]),
  // rows of another length
  alone('Reshape', [wholes(1, 4, 9, 7)]),
  alone('Reshape', [wholes(1, 7, 6, 6)]),
  alone('Flatten', [], { axis: 2 }),
  alone('Expand', [wholes(1, 4, 7, 9)], {}, { shape: [1, 4, 1, 9] }),
  alone('Expand', [wholes(3, 7, 9)], {}, { shape: [1, 1, 7, 1] }),
  alone('Tile', [wholes(1, 2, 1, 3)]),
  ...['half_pixel', 'pytorch_half_pixel', 'asymmetric', 'align_corners', 'half_pixel_symmetric'].flatMap(
    (way) =>
      ['linear', 'cubic', 'nearest'].flatMap((mode) =>
        // for nearest neighbours, only scales without positions that are half-way in one arithmetic but not in another
        (mode === 'nearest'
          ? ([
              [2, 2],
              [3, 1],
              [0.5, 4],
            ] as const)
          : ([
              [2, 2],
              [1.5, 2.3],
              [0.6, 0.5],
              [3, 1],
            ] as const)
        ).map(([y, x]) =>
          alone(
            'Resize',
            [undefined, scales(y, x)],
            { mode, coordinate_transformation_mode: way },
            { opset: 19 },
          ),
        ),
      ),
  ),
  ...['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'].flatMap((nearest_mode) =>
    ['half_pixel', 'asymmetric', 'tf_half_pixel_for_nn'].map((way) =>
      alone(
        'Resize',
        [undefined, scales(2, 4)],
        { mode: 'nearest', nearest_mode, coordinate_transformation_mode: way },
        { opset: 13 },
      ),
    ),
  ),
  alone(
    'Resize',
    [undefined, undefined, wholes(1, 4, 20, 13)],
    { mode: 'linear', coordinate_transformation_mode: 'align_corners' },
    { opset: 13 },
  ),
  alone(
    'Resize',
    [undefined, scales(0.7, 2.2)],
    { mode: 'cubic', exclude_outside: 1, cubic_coeff_a: -0.5 },
    { opset: 13 },
  ),
  ...['linear', 'cubic'].map((mode) =>
    alone('Resize', [undefined, scales(0.4, 0.6)], { mode, antialias: 1, exclude_outside: 1 }, { opset: 18 }),
  ),
  alone('Resize', [scales(2, 1.5)], { mode: 'linear' }, { opset: 10 }),
  alone('Resize', [scales(0.6, 0.6)], { mode: 'linear' }, { opset: 10 }),
  alone('Resize', [scales(0.6, 0.45)], { mode: 'nearest' }, { opset: 10 }),
  alone('Resize', [scales(2.5, 0.7)], { mode: 'nearest' }, { opset: 10 }),
  ...['nearest', 'linear'].map((mode) => alone('Upsample', [scales(2, 3)], { mode }, { opset: 9 })),
  ...['linear', 'nearest', 'cubic'].flatMap((mode) =>
    ['zeros', 'border', 'reflection'].flatMap((padding_mode) =>
      [0, 1].map((align_corners) =>
        alone(
          'GridSample',
          [{ shape: [1, 5, 6, 2], data: F(1, 5, 6, 2).data.map((v) => Math.fround(v * 1.7)) }],
          { mode, padding_mode, align_corners },
          { opset: 20 },
        ),
      ),
    ),
  ),
  [
    'GridSample at places that are computed',
    {
      shape: [1, 2, 8, 9],
      opset: 16,
      nodes: [
        { operator: 'Transpose', inputs: ['x'], outputs: ['grid'], attributes: { perm: [0, 2, 3, 1] } },
        { operator: 'Sigmoid', inputs: ['x'], outputs: ['s'] },
        { operator: 'GridSample', inputs: ['s', 'grid'], outputs: ['y'], attributes: { mode: 'bilinear' } },
      ],
    },
  ],
  [
    'MaxPool and MaxUnpool',
    {
      shape: [1, 3, 6, 8],
      nodes: [
        {
          operator: 'MaxPool',
          inputs: ['x'],
          outputs: ['p', 'i'],
          attributes: { kernel_shape: [2, 2], strides: [2, 2] },
        },
        { operator: 'Relu', inputs: ['p'], outputs: ['r'] },
        {
          operator: 'MaxUnpool',
          inputs: ['r', 'i'],
          outputs: ['y'],
          attributes: { kernel_shape: [2, 2], strides: [2, 2] },
        },
      ],
    },
  ],
  [
    'a pixel shuffle by reshape and transposition',
    {
      shape: [1, 12, 3, 4],
      nodes: [
        { operator: 'Reshape', inputs: ['x', wholes(-1, 3, 2, 2, 3, 4)], outputs: ['a'] },
        { operator: 'Transpose', inputs: ['a'], outputs: ['b'], attributes: { perm: [0, 1, 4, 2, 5, 3] } },
        { operator: 'Reshape', inputs: ['b', wholes(-1, 3, 6, 8)], outputs: ['y'] },
      ],
    },
  ],
  [
    'group normalisation as it is exported',
    {
      shape: [1, 6, 4, 5],
      nodes: [
        { operator: 'Reshape', inputs: ['x', wholes(0, 3, -1)], outputs: ['a'] },
        {
          operator: 'InstanceNormalization',
          inputs: ['a', { shape: [3], data: [1, 1, 1] }, { shape: [3], data: [0, 0, 0] }],
          outputs: ['b'],
        },
        { operator: 'Reshape', inputs: ['b', wholes(1, 6, 4, 5)], outputs: ['c'] },
        { operator: 'Mul', inputs: ['c', F(6, 1, 1)], outputs: ['y'] },
      ],
    },
  ],
  [
    'squeeze and excitation',
    {
      shape: [1, 4, 5, 6],
      nodes: [
        { operator: 'GlobalAveragePool', inputs: ['x'], outputs: ['a'] },
        { operator: 'Flatten', inputs: ['a'], outputs: ['b'] },
        { operator: 'Gemm', inputs: ['b', F(4, 2), F(2)], outputs: ['c'] },
        { operator: 'Relu', inputs: ['c'], outputs: ['d'] },
        { operator: 'Gemm', inputs: ['d', F(2, 4), F(4)], outputs: ['e'] },
        { operator: 'Sigmoid', inputs: ['e'], outputs: ['f'] },
        { operator: 'Reshape', inputs: ['f', wholes(1, 4, 1, 1)], outputs: ['g'] },
        { operator: 'Mul', inputs: ['x', 'g'], outputs: ['y'] },
      ],
    },
  ],
  [
    'a matrix over tokens',
    {
      shape: [1, 4, 5, 6],
      nodes: [
        { operator: 'Reshape', inputs: ['x', wholes(1, 4, 30)], outputs: ['a'] },
        { operator: 'Transpose', inputs: ['a'], outputs: ['b'], attributes: { perm: [0, 2, 1] } },
        { operator: 'MatMul', inputs: ['b', F(4, 7)], outputs: ['c'] },
        { operator: 'Add', inputs: ['c', F(7)], outputs: ['d'] },
        { operator: 'Transpose', inputs: ['d'], outputs: ['e'], attributes: { perm: [0, 2, 1] } },
        { operator: 'Reshape', inputs: ['e', wholes(1, 7, 5, 6)], outputs: ['y'] },
      ],
    },
  ],
  [
    'attention between places',
    {
      shape: [1, 4, 5, 6],
      nodes: [
        ...['q', 'k', 'v'].flatMap((name): TestNode[] => [
          { operator: 'Conv', inputs: ['x', F(4, 4, 1, 1), F(4)], outputs: [`${name}1`] },
          { operator: 'Reshape', inputs: [`${name}1`, wholes(1, 4, -1)], outputs: [`${name}2`] },
          {
            operator: 'Transpose',
            inputs: [`${name}2`],
            outputs: [`${name}3`],
            attributes: { perm: [0, 2, 1] },
          },
        ]),
        { operator: 'MatMul', inputs: ['q3', 'k2'], outputs: ['a'] },
        { operator: 'Mul', inputs: ['a', one(0.5)], outputs: ['b'] },
        { operator: 'Softmax', inputs: ['b'], outputs: ['c'], attributes: { axis: -1 } },
        { operator: 'MatMul', inputs: ['c', 'v3'], outputs: ['d'] },
        { operator: 'Transpose', inputs: ['d'], outputs: ['e'], attributes: { perm: [0, 2, 1] } },
        { operator: 'Reshape', inputs: ['e', wholes(1, 4, 5, 6)], outputs: ['f'] },
        { operator: 'Add', inputs: ['f', 'x'], outputs: ['y'] },
      ],
    },
  ],
  [
    'attention between channels, with two heads and a bank of 3x3 behind it',
    {
      shape: [1, 4, 6, 5],
      nodes: [
        ...['q', 'k', 'v'].flatMap((name): TestNode[] => [
          {
            operator: 'Conv',
            inputs: ['x', F(6, 4, 3, 3)],
            outputs: [`${name}1`],
            attributes: { pads: [1, 1, 1, 1] },
          },
          { operator: 'Reshape', inputs: [`${name}1`, wholes(1, 2, 3, -1)], outputs: [`${name}2`] },
        ]),
        { operator: 'Transpose', inputs: ['k2'], outputs: ['t'], attributes: { perm: [0, 1, 3, 2] } },
        { operator: 'MatMul', inputs: ['q2', 't'], outputs: ['a'] },
        { operator: 'Softmax', inputs: ['a'], outputs: ['b'], attributes: { axis: -1 } },
        { operator: 'MatMul', inputs: ['b', 'v2'], outputs: ['c'] },
        { operator: 'Reshape', inputs: ['c', wholes(1, 6, 6, 5)], outputs: ['d'] },
        {
          operator: 'Conv',
          inputs: ['d', F(2, 6, 3, 3)],
          outputs: ['y'],
          attributes: { pads: [1, 1, 1, 1] },
        },
      ],
    },
  ],
  [
    'matrices of weights on both sides',
    {
      shape: [1, 3, 4, 5],
      nodes: [
        { operator: 'MatMul', inputs: [F(1, 3, 2, 4), 'x'], outputs: ['a'] },
        { operator: 'MatMul', inputs: ['a', F(1, 1, 5, 6)], outputs: ['y'] },
      ],
    },
  ],
]

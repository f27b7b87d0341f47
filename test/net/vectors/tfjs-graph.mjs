// Makes tfjs-graph.json: a graph model with every supported operator, and the results of TensorFlow.js for it, with weights
// from a formula.
//
//     npm install --no-save @tensorflow/tfjs@4 && node test/net/vectors/tfjs-graph.mjs
//
// The test computes the weights again from their shapes, so that only whole numbers are stored.
import { writeFileSync } from 'node:fs'
import * as tf from '@tensorflow/tfjs'

/** Returns numbers from -1 to below 1 in steps of 2^-15. */
const numbers = (count, seed) =>
  Float32Array.from({ length: count }, (_, i) => {
    let k = (Math.imul(i, 2654435761) + seed * 40503 + 12345) >>> 0
    k = Math.imul(k ^ (k >>> 15), 2246822519) >>> 0
    return (k >>> 16) / 32768 - 1
  })
const sizeOf = (shape) => shape.reduce((a, b) => a * b, 1)

const nodes = []
const weights = []
const heads = []
const text = (word) => ({ s: Buffer.from(word).toString('base64') })
const list = (numbers) => ({ list: { i: numbers.map(String) } })
const number = (i) => ({ i: String(i) })
const flag = (b) => ({ b })
const type = (type) => ({ type })
const add = (op, input, attr = {}) => {
  const name = `n${nodes.length}`
  nodes.push({ name, op, input, attr })
  return name
}
/** Adds a constant: of floats by a formula, or of these whole numbers. */
const floats = (...shape) => {
  const name = add('Const', [], { dtype: type('DT_FLOAT') })
  weights.push({ name, shape, dtype: 'float32' })
  return name
}
const wholes = (data, shape = Array.isArray(data) ? [data.length] : [], dtype = 'int32') => {
  const name = add('Const', [], { dtype: type(dtype === 'bool' ? 'DT_BOOL' : 'DT_INT32') })
  weights.push({ name, shape, dtype, data: [data].flat() })
  return name
}
const T = { T: type('DT_FLOAT') }
const whole = { T: type('DT_INT32') }
const head = (value) => heads.push(value)

const x = add('Placeholder', [], {
  dtype: type('DT_FLOAT'),
  shape: { shape: { dim: [1, -1, -1, 3].map((size) => ({ size: String(size) })) } },
})
const windows = (stride, padding, more = {}) => ({
  ...T,
  strides: list([1, stride, stride, 1]),
  padding: text(padding),
  data_format: text('NHWC'),
  dilations: list([1, 1, 1, 1]),
  ...more,
})
const fused = (...ops) => ({ fused_ops: { list: { s: ops.map((op) => text(op).s) } }, num_args: number(1) })
const conv = (from, kernel, more = windows(1, 'SAME')) => add('Conv2D', [from, kernel], more)

// banks
const y = add('Relu', [add('BiasAdd', [conv(x, floats(3, 2, 3, 8)), floats(8)], T)], T)
head(y)
head(conv(x, floats(3, 3, 3, 4), windows(2, 'SAME')))
head(conv(x, floats(3, 3, 3, 4), windows(2, 'VALID')))
head(conv(x, floats(3, 3, 3, 4), windows(1, 'SAME', { dilations: list([1, 2, 3, 1]) })))
head(
  conv(x, floats(3, 3, 3, 4), windows(1, 'EXPLICIT', { explicit_paddings: list([0, 0, 1, 1, 2, 2, 0, 0]) })),
)
for (const act of ['Relu', 'Relu6', 'Elu', 'Sigmoid'])
  head(add('_FusedConv2D', [y, floats(1, 1, 8, 3), floats(3)], windows(1, 'SAME', fused('BiasAdd', act))))
head(
  add(
    '_FusedConv2D',
    [y, floats(1, 1, 8, 3), floats(3)],
    windows(1, 'SAME', { ...fused('BiasAdd', 'LeakyRelu'), leakyrelu_alpha: { f: 0.3 } }),
  ),
)
head(
  add(
    '_FusedConv2D',
    [y, floats(1, 1, 8, 3), floats(3), floats(1, 1, 3)],
    windows(1, 'SAME', { ...fused('BiasAdd', 'Prelu'), num_args: number(2) }),
  ),
)
const deep = add('DepthwiseConv2dNative', [y, floats(3, 3, 8, 2)], windows(2, 'SAME'))
head(deep)
head(
  add(
    'FusedDepthwiseConv2dNative',
    [y, floats(3, 3, 8, 1), floats(8)],
    windows(1, 'SAME', fused('BiasAdd', 'Relu6')),
  ),
)
const shape = add('Shape', [x], { T: type('DT_FLOAT'), out_type: type('DT_INT32') })
const part = (from, to, more = {}) =>
  add('StridedSlice', [shape, wholes([from]), wholes([to]), wholes([1])], { ...whole, ...more })
const drop = { shrink_axis_mask: number(1) }
const [high, wide] = [part(1, 2, drop), part(2, 3, drop)]
const pack = (values, axis = 0) =>
  add('Pack', values, { ...whole, axis: number(axis), N: number(values.length) })
const one = wholes(1)
for (const kernel of [2, 3, 4]) {
  const small = conv(x, floats(3, 3, 3, 4), windows(2, 'SAME'))
  const sizes = pack([one, high, wide, wholes(5)])
  head(add('Conv2DBackpropInput', [sizes, floats(kernel, kernel, 5, 4), small], windows(2, 'SAME')))
}
head(add('Conv2DBackpropInput', [wholes([1, 19, 21, 2]), floats(3, 3, 2, 16), deep], windows(3, 'VALID')))
const block = wholes([2, 2])
const apart = add('SpaceToBatchND', [y, block, wholes([2, 3, 2, 2], [2, 2])], T)
const dilated = add('DepthwiseConv2dNative', [apart, floats(3, 3, 8, 1)], windows(1, 'VALID'))
head(add('BatchToSpaceND', [dilated, block, wholes([0, 1, 0, 0], [2, 2])], T))
const norm = add('FusedBatchNormV3', [y, floats(8), floats(8), floats(8), floats(8)], {
  ...T,
  epsilon: { f: 1.25 },
})
head(norm)
for (const [op, size, stride, padding] of [
  ['MaxPool', 3, 2, 'SAME'],
  ['AvgPool', 3, 2, 'SAME'],
  ['AvgPool', 2, 1, 'VALID'],
])
  head(add(op, [y], windows(stride, padding, { ksize: list([1, size, size, 1]) })))
const gate = add('Mean', [y, wholes([1, 2])], { ...T, keep_dims: flag(false) })
const dense = add('_FusedMatMul', [gate, floats(8, 6), floats(6)], { ...T, ...fused('BiasAdd', 'Relu') })
const weighted = add('MatMul', [dense, floats(8, 6)], { ...T, transpose_b: flag(true) })
head(add('Mul', [y, add('Reshape', [add('Sigmoid', [weighted], T), wholes([1, 1, 1, -1])], T)], T))
head(add('Einsum', [y, floats(8, 3)], { ...T, equation: text('bhwc,cd->bhwd') }))
head(add('Prelu', [add('Neg', [y], T), floats(1, 1, 8)], T))

// sizes
const double = (a) => add('Mul', [a, wholes(2)], whole)
const half = (a) => add('FloorDiv', [a, wholes(2)], whole)
const up = (a) => add('Neg', [add('FloorDiv', [add('Neg', [a], whole), wholes(2)], whole)], whole)
for (const op of ['ResizeBilinear', 'ResizeNearestNeighbor'])
  for (const size of [
    [double(high), double(wide)],
    [half(high), up(wide)],
  ])
    for (const more of [{}, { align_corners: flag(true) }, { half_pixel_centers: flag(true) }])
      head(add(op, [y, pack(size)], { ...T, ...more }))
head(add('DepthToSpace', [y], { ...T, block_size: number(2), data_format: text('NHWC') }))
const pads = wholes([0, 0, 1, 2, 3, 0, 0, 0], [4, 2])
head(add('Pad', [x, pads], T))
head(add('PadV2', [x, pads, floats()], T))
head(add('MirrorPad', [x, pads], { ...T, mode: text('REFLECT') }))
head(add('MirrorPad', [x, pads], { ...T, mode: text('SYMMETRIC') }))
head(add('ConcatV2', [y, x, wholes(-1)], { ...T, N: number(2) }))
head(add('ConcatV2', [y, norm, wholes(3)], { ...T, N: number(2) }))
head(add('ConcatV2', [y, norm, wholes(1)], { ...T, N: number(2) }))
const [, b, c] = [0, 1, 2].map(
  (i) => `${add('Split', [wholes(3), x], { ...T, num_split: number(3) })}${i === 0 ? '' : `:${i}`}`,
)
head(add('Sub', [b, c], T))
const parts = add('SplitV', [y, wholes([5, 3]), wholes(3)], { ...T, num_split: number(2) })
head(`${parts}:1`)
const planes = add('Unpack', [x], { ...T, axis: number(3), num: number(3) })
head(add('Pack', [`${planes}:2`, planes], { ...T, axis: number(-1), N: number(2) }))
const sliced = (begin, end, steps, masks) =>
  add('StridedSlice', [y, wholes(begin), wholes(end), wholes(steps)], {
    ...T,
    ...Object.fromEntries(Object.entries(masks).map(([name, bits]) => [`${name}_mask`, number(bits)])),
  })
head(sliced([0, 1, 0, 2], [0, -1, 9, 0], [1, 1, 2, 2], { begin: 1, end: 9 }))
head(sliced([0, 0, -1], [0, 0, -4], [1, 1, -1], { begin: 1, end: 1, ellipsis: 2 }))
head(sliced([0, 0, 0, -1], [1, 0, 0, 0], [1, 1, 1, 1], { shrink_axis: 9, begin: 6, end: 6 }))
head(
  sliced([0, 0, 0, 1], [0, 0, 0, 2], [1, 1, 1, 1], {
    begin: 5,
    end: 5,
    new_axis: 4,
    shrink_axis: 1,
    ellipsis: 2,
  }),
)
head(add('Slice', [y, wholes([0, 2, 1, 3]), wholes([1, -1, 4, -1])], T))
head(add('Transpose', [y, wholes([0, 2, 1, 3])], T))
head(add('Tile', [x, wholes([1, 1, 2, 2])], T))
head(add('GatherV2', [y, wholes([7, 0, 3]), wholes(3)], T))
head(add('Squeeze', [add('ExpandDims', [y, wholes(0)], T)], { ...T, squeeze_dims: list([0]) }))
head(add('Add', [x, add('Fill', [shape, floats()], T)], T))
head(add('Add', [x, add('BroadcastTo', [floats(1, 1, 1, 3), shape], T)], T))

// numbers
for (const op of ['Max', 'Min', 'Sum', 'Mean'])
  head(add(op, [y, wholes([3])], { ...T, keep_dims: flag(true) }))
for (const op of [
  'Sigmoid',
  'Tanh',
  'Exp',
  'Abs',
  'Floor',
  'Ceil',
  'Round',
  'Sign',
  'Sin',
  'Cos',
  'Erf',
  'Elu',
  'Selu',
  'Softplus',
  'Square',
  'Relu6',
  'Softmax',
  'LogSoftmax',
  'ZerosLike',
  'OnesLike',
  'Expm1',
])
  head(add(op, [x], T))
head(add('LeakyRelu', [add('Neg', [y], T)], { ...T, alpha: { f: 0.125 } }))
const large = add('AddV2', [y, floats(8)], T)
for (const op of ['Sqrt', 'Rsqrt', 'Log1p', 'Reciprocal']) head(add(op, [add('Exp', [large], T)], T))
for (const op of ['Sub', 'Mul', 'RealDiv', 'Maximum', 'Minimum', 'SquaredDifference', 'FloorDiv', 'FloorMod'])
  head(add(op, [large, norm], T))
head(add('AddN', [y, large, norm], { ...T, N: number(3) }))
const low = floats()
head(
  add(
    'ClipByValue',
    [
      large,
      low,
      add('AddV2', [low, add('Cast', [wholes(1)], { SrcT: type('DT_INT32'), DstT: type('DT_FLOAT') })], T),
    ],
    T,
  ),
)
for (const op of ['Greater', 'GreaterEqual', 'Less', 'LessEqual', 'Equal', 'NotEqual'])
  head(add('SelectV2', [add(op, [large, norm], T), y, norm], T))
const more = add('LogicalNot', [
  add('LogicalAnd', [add('Less', [large, norm], T), add('Less', [y, norm], T)]),
])
head(add('Cast', [more], { SrcT: type('DT_BOOL'), DstT: type('DT_FLOAT') }))
head(add('Cast', [add('ArgMax', [y, wholes(3)], T)], { SrcT: type('DT_INT64'), DstT: type('DT_FLOAT') }))
head(add('Cumsum', [y, wholes(3)], { ...T, exclusive: flag(true), reverse: flag(true) }))
head(add('LRN', [y], { ...T, depth_radius: number(2), alpha: { f: 0.5 }, beta: { f: 0.75 }, bias: { f: 2 } }))

const modelTopology = { node: nodes, versions: {}, library: {} }
const weightSpecs = weights.map(({ name, shape, dtype }) => ({ name, shape, dtype }))
const bytes = weights.map(({ shape, data, dtype }, i) =>
  Buffer.from(dtype === 'float32' ? numbers(sizeOf(shape), i).buffer : Int32Array.from(data).buffer),
)
const all = Buffer.concat(bytes)
const weightData = all.buffer.slice(all.byteOffset, all.byteOffset + all.length)
const outputs = Object.fromEntries(
  heads.map((name, i) => [`y${i}`, { name: name.includes(':') ? name : `${name}:0` }]),
)
const model = await tf.loadGraphModel(
  tf.io.fromMemory({ modelTopology, weightSpecs, weightData, format: 'graph-model', signature: { outputs } }),
)
const picture = tf.tensor(
  numbers(11 * 14 * 3, 1000).map((n) => (n + 1) / 2),
  [1, 11, 14, 3],
)
const results = []
for (const [i, name] of heads.entries()) {
  const made = await model.executeAsync({ [x]: picture }, name)
  const data = made.dataSync()
  const step = Math.ceil(data.length / 7)
  results.push({
    shape: made.shape,
    step,
    samples: Array.from({ length: Math.ceil(data.length / step) }, (_, k) => Math.fround(data[k * step])),
    of: nodes.find((node) => node.name === heads[i].split(':')[0]).op,
  })
}
writeFileSync(
  new URL('tfjs-graph.json', import.meta.url),
  `${JSON.stringify({ modelTopology, weights, outputs, results })}\n`,
)

import type { Attribute } from '../network.ts'
import { codeOf } from './numbers.ts'
import {
  batchNorm,
  biasAdd,
  blocksJoined,
  blocksTaken,
  conv,
  depthwise,
  fusedMatMul,
  pool,
  prelu,
  transposedConv,
} from './tfjs-banks.ts'
import {
  add,
  all,
  attributeOf,
  constantAt,
  each,
  first,
  type Held,
  last,
  listAt,
  numberAt,
  type Op,
  padsOf,
  pictures,
  together,
  typeAt,
  wordAt,
} from './tfjs-op.ts'
import { slice, split, splitBy, stridedSlice } from './tfjs-slices.ts'

/** Adds the nodes of an operator of TensorFlow. Returns its outputs. */
type Make = (op: Op) => Held | readonly Held[]
type Attributes = Readonly<Record<string, Attribute>>

/** An operator on each number that is one of ONNX. */
const single =
  (operator: string, attributes?: (op: Op) => Attributes): Make =>
  (op) =>
    each(op, (x) => add(op, operator, [x], attributes?.(op)))

/** An operator on each number that is several of ONNX. */
const several =
  (make: (x: string, op: Op) => string): Make =>
  (op) =>
    each(op, (x) => make(x, op))

/** An operator of ONNX with the same inputs, in the same order. */
const alike =
  (operator: string, attributes?: (op: Op) => Attributes): Make =>
  (op) => ({ last: add(op, operator, all(op), attributes?.(op)) })

/** An operator of ONNX on the numbers at the same place in all inputs. */
const pairwise =
  (operator: string): Make =>
  (op) =>
    together(op, (values) => add(op, operator, values))

const same: Make = (op) => op.inputs.slice(0, 1)
const both = (op: Op): [string, string] => [last(op, 0), last(op, 1)]

const reduce = (operator: string) => alike(operator, (op) => ({ keepdims: attributeOf(op, 'keep_dims', 0) }))

const floorDiv: Make = (op) => {
  const type = typeAt(op, 'T')
  const isWhole = type !== undefined && !type.includes('float')
  const to = (x: string, to: 'float64' | 'int32') =>
    isWhole ? op.builder.add('Cast', [x], { to: codeOf(to, 'onnx') }) : x
  const [a, b] = both(op).map((x) => to(x, 'float64')) as [string, string]
  return { last: to(op.builder.add('Floor', [add(op, 'Div', [a, b])]), 'int32') }
}

const concat: Make = (op) => {
  const axis = numberAt(op, -1, 'the axis')
  const held = op.inputs.slice(0, -1)
  if ((axis === 3 || axis === -1) && held.length > 0 && held.every(({ first, apart }) => first && !apart))
    return {
      first: add(
        op,
        'Concat',
        held.map(({ first }) => first!),
        { axis: 1 },
      ),
    }
  return {
    last: add(
      op,
      'Concat',
      held.map((_, i) => last(op, i)),
      { axis },
    ),
  }
}

const pack: Make = (op) => {
  const axis = attributeOf(op, 'axis', 0)
  const parts = all(op).map((x) => op.builder.add('Unsqueeze', [x, op.builder.ints([axis])]))
  return { last: add(op, 'Concat', parts, { axis }) }
}

const resize =
  (mode: 'linear' | 'nearest'): Make =>
  (op) => {
    const { builder } = op
    const isCorners = attributeOf(op, 'align_corners', 0) !== 0
    const isHalf = attributeOf(op, 'half_pixel_centers', 0) !== 0
    const x = first(op, 0)
    const head = builder.add('Slice', [builder.add('Shape', [x]), builder.ints([0]), builder.ints([2])])
    const size = builder.add('Cast', [last(op, 1)], { to: codeOf('int64', 'onnx') })
    const sizes = builder.add('Concat', [head, size], { axis: 0 })
    const made = add(op, 'Resize', [x, '', '', sizes], {
      mode,
      coordinate_transformation_mode: isCorners ? 'align_corners' : isHalf ? 'half_pixel' : 'asymmetric',
      ...(mode === 'nearest' && { nearest_mode: isCorners || isHalf ? 'round_prefer_ceil' : 'floor' }),
    })
    return pictures(op, made)
  }

const pad =
  (modeOf: (op: Op) => string): Make =>
  (op) => {
    const pads = padsOf(op, last(op, 1))
    const value = op.inputs.length > 2 ? [last(op, 2)] : []
    return { last: add(op, 'Pad', [last(op, 0), pads, ...value], { mode: modeOf(op) }) }
  }

const matMul: Make = (op) => {
  const turn = (i: number, key: string) =>
    attributeOf(op, key, 0) === 0 ? last(op, i) : op.builder.add('Transpose', [last(op, i)], { perm: [1, 0] })
  return { last: add(op, 'MatMul', [turn(0, 'transpose_a'), turn(1, 'transpose_b')]) }
}

const batchMatMul: Make = (op) => {
  if (attributeOf(op, 'adj_x', 0) + attributeOf(op, 'adj_y', 0) === 0) return alike('MatMul')(op)
  throw op.refuse('multiplies by a transposed matrix')
}

const shuffle =
  (operator: string): Make =>
  (op) =>
    pictures(op, add(op, operator, [first(op, 0)], { blocksize: attributeOf(op, 'block_size', 1) }))

const arg =
  (operator: string): Make =>
  (op) => ({
    last: add(op, operator, [last(op, 0)], { axis: numberAt(op, 1, 'the axis'), keepdims: 0 }),
  })

const localNorm: Make = (op) => {
  const size = 2 * attributeOf(op, 'depth_radius', 5) + 1
  const number = (name: string, otherwise: number) => attributeOf(op, name, otherwise)
  const attributes = {
    size,
    alpha: number('alpha', 1) * size,
    beta: number('beta', 0.5),
    bias: number('bias', 1),
  }
  return { first: add(op, 'LRN', [first(op, 0)], attributes) }
}

const clipped = (low: number, high: number) =>
  several((x, op) => add(op, 'Clip', [x, op.builder.floats(low), op.builder.floats(high)]))

/** Operators on numbers at the same place. Here and below: their names in ONNX. */
const renamedPairs: Readonly<Record<string, string>> = {
  AddV2: 'Add',
  Minimum: 'Min',
  Maximum: 'Max',
  RealDiv: 'Div',
  FloorMod: 'Mod',
  LogicalAnd: 'And',
  LogicalOr: 'Or',
  GreaterEqual: 'GreaterOrEqual',
  LessEqual: 'LessOrEqual',
  AddN: 'Sum',
  Select: 'Where',
  SelectV2: 'Where',
  ...Object.fromEntries('Add Sub Mul Div Pow Greater Less Equal'.split(' ').map((name) => [name, name])),
}
/** Operators with the same inputs in ONNX. */
const renamed: Readonly<Record<string, string>> = {
  ExpandDims: 'Unsqueeze',
  GatherNd: 'GatherND',
  BroadcastTo: 'Expand',
  ...Object.fromEntries('Shape Size Tile Range'.split(' ').map((name) => [name, name])),
}
const renamedSingles: Readonly<Record<string, string>> = {
  LogicalNot: 'Not',
  Rint: 'Round',
  Inv: 'Reciprocal',
  ...Object.fromEntries(
    'Relu Sigmoid Tanh Exp Log Sqrt Neg Abs Floor Ceil Round Sign Sin Cos Erf Elu Selu Softplus Softsign Reciprocal'
      .split(' ')
      .map((name) => [name, name]),
  ),
}

/** The operators of TensorFlow's graphs, by name. */
export const graphOperators: Readonly<Record<string, Make>> = {
  ...Object.fromEntries(Object.entries(renamedPairs).map(([name, operator]) => [name, pairwise(operator)])),
  ...Object.fromEntries(Object.entries(renamed).map(([name, operator]) => [name, alike(operator)])),
  ...Object.fromEntries(Object.entries(renamedSingles).map(([name, operator]) => [name, single(operator)])),
  Identity: same,
  StopGradient: same,
  CheckNumerics: same,
  PlaceholderWithDefault: same,
  IdentityN: (op) => op.inputs,
  Relu6: clipped(0, 6),
  LeakyRelu: single('LeakyRelu', (op) => ({ alpha: attributeOf(op, 'alpha', 0.2) })),
  ClipByValue: (op) =>
    together(op, ([x, low, high]) => add(op, 'Min', [op.builder.add('Max', [x!, low!]), high!])),
  Rsqrt: several((x, op) => add(op, 'Reciprocal', [op.builder.add('Sqrt', [x])])),
  Square: several((x, op) => add(op, 'Mul', [x, x])),
  Log1p: several((x, op) => add(op, 'Log', [op.builder.add('Add', [x, op.builder.floats(1)])])),
  Expm1: several((x, op) => add(op, 'Sub', [op.builder.add('Exp', [x]), op.builder.floats(1)])),
  ZerosLike: several((x, op) => add(op, 'Mul', [x, op.builder.floats(0)])),
  OnesLike: several((x, op) =>
    add(op, 'Add', [op.builder.add('Mul', [x, op.builder.floats(0)]), op.builder.floats(1)]),
  ),
  SquaredDifference: (op) =>
    together(op, (pair) => {
      const rest = op.builder.add('Sub', pair)
      return add(op, 'Mul', [rest, rest])
    }),
  NotEqual: (op) => together(op, (pair) => add(op, 'Not', [op.builder.add('Equal', pair)])),
  FloorDiv: floorDiv,
  Prelu: prelu,
  Softmax: (op) => ({ last: add(op, 'Softmax', [last(op, 0)], { axis: -1 }) }),
  LogSoftmax: (op) => ({ last: add(op, 'LogSoftmax', [last(op, 0)], { axis: -1 }) }),
  Cast(op) {
    const type = typeAt(op, 'DstT')
    if (type === undefined) throw op.refuse('makes numbers of an unsupported type')
    return each(op, (x) => add(op, 'Cast', [x], { to: codeOf(type, 'onnx') }))
  },
  Mean: reduce('ReduceMean'),
  Sum: reduce('ReduceSum'),
  Max: reduce('ReduceMax'),
  Min: reduce('ReduceMin'),
  Prod: reduce('ReduceProd'),
  ArgMax: arg('ArgMax'),
  ArgMin: arg('ArgMin'),
  Cumsum: alike('CumSum', (op) => ({
    exclusive: attributeOf(op, 'exclusive', 0),
    reverse: attributeOf(op, 'reverse', 0),
  })),
  Reshape: alike('Reshape', () => ({ allowzero: 1 })),
  Squeeze(op) {
    const axes = listAt(op, 'squeeze_dims')
    return { last: add(op, 'Squeeze', [last(op, 0), ...(axes.length > 0 ? [op.builder.ints(axes)] : [])]) }
  },
  Transpose: (op) => ({
    last: add(op, 'Transpose', [last(op, 0)], { perm: Array.from(constantAt(op, 1, 'its order').data) }),
  }),
  Fill: (op) => ({ last: add(op, 'Expand', [last(op, 1), last(op, 0)]) }),
  ConcatV2: concat,
  Pack: pack,
  Unpack: (op) => split(op, attributeOf(op, 'axis', 0), attributeOf(op, 'num', 1), 0, true),
  Split: (op) => split(op, numberAt(op, 0, 'the axis'), attributeOf(op, 'num_split', 1), 1, false),
  SplitV: splitBy,
  Slice: slice,
  StridedSlice: stridedSlice,
  GatherV2: (op) => ({ last: add(op, 'Gather', both(op), { axis: numberAt(op, 2, 'the axis') }) }),
  Pad: pad(() => 'constant'),
  PadV2: pad(() => 'constant'),
  MirrorPad: pad((op) => wordAt(op, 'mode', 'REFLECT').toLowerCase()),
  MatMul: matMul,
  _FusedMatMul: fusedMatMul(matMul),
  Einsum: alike('Einsum', (op) => ({ equation: wordAt(op, 'equation', '') })),
  BatchMatMul: batchMatMul,
  BatchMatMulV2: batchMatMul,
  BiasAdd: biasAdd,
  Conv2D: conv,
  _FusedConv2D: conv,
  DepthwiseConv2dNative: depthwise,
  FusedDepthwiseConv2dNative: depthwise,
  Conv2DBackpropInput: transposedConv,
  SpaceToBatchND: blocksTaken,
  BatchToSpaceND: blocksJoined,
  MaxPool: pool('MaxPool'),
  AvgPool: pool('AveragePool'),
  FusedBatchNorm: batchNorm,
  FusedBatchNormV2: batchNorm,
  FusedBatchNormV3: batchNorm,
  LRN: localNorm,
  ResizeBilinear: resize('linear'),
  ResizeNearestNeighbor: resize('nearest'),
  DepthToSpace: shuffle('DepthToSpace'),
  SpaceToDepth: shuffle('SpaceToDepth'),
}

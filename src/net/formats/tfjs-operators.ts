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
import type { Held, Op } from './tfjs-op.ts'
import { slice, split, splitBy, stridedSlice } from './tfjs-slices.ts'

/** Adds the nodes of an operator of TensorFlow. Returns its outputs. */
type Make = (op: Op) => Held | readonly Held[]
type Attributes = Readonly<Record<string, Attribute>>

/** An operator on each number that is one of ONNX. */
const single =
  (operator: string, attributes?: (op: Op) => Attributes): Make =>
  (op) =>
    op.each((x) => op.add(operator, [x], attributes?.(op)))

/** An operator on each number that is several of ONNX. */
const several =
  (make: (x: string, op: Op) => string): Make =>
  (op) =>
    op.each((x) => make(x, op))

/** An operator of ONNX with the same inputs, in the same order. */
const alike =
  (operator: string, attributes?: (op: Op) => Attributes): Make =>
  (op) => ({ last: op.add(operator, op.all(), attributes?.(op)) })

/** An operator of ONNX on the numbers at the same place in all inputs. */
const pairwise =
  (operator: string): Make =>
  (op) =>
    op.together((values) => op.add(operator, values))

const same: Make = (op) => op.inputs.slice(0, 1)
const both = (op: Op): [string, string] => [op.last(0), op.last(1)]

const reduce = (operator: string) => alike(operator, (op) => ({ keepdims: op.number('keep_dims', 0) }))

const floorDiv: Make = (op) => {
  const type = op.type('T')
  const isWhole = type !== undefined && !type.includes('float')
  const to = (x: string, to: 'float64' | 'int32') =>
    isWhole ? op.builder.add('Cast', [x], { to: codeOf(to, 'onnx') }) : x
  const [a, b] = both(op).map((x) => to(x, 'float64')) as [string, string]
  return { last: to(op.builder.add('Floor', [op.add('Div', [a, b])]), 'int32') }
}

const concat: Make = (op) => {
  const axis = op.numberAt(-1, 'the axis')
  const parts = op.on(op.inputs.slice(0, -1))
  const firsts = parts.inputs.flatMap(({ first, apart }) => (first && !apart ? [first] : []))
  const isFirst = firsts.length > 0 && firsts.length === parts.inputs.length
  return isFirst && (axis === 3 || axis === -1)
    ? { first: op.add('Concat', firsts, { axis: 1 }) }
    : { last: op.add('Concat', parts.all(), { axis }) }
}

const pack: Make = (op) => {
  const axis = op.number('axis', 0)
  const parts = op.all().map((x) => op.builder.add('Unsqueeze', [x, op.builder.ints([axis])]))
  return { last: op.add('Concat', parts, { axis }) }
}

const resize =
  (mode: 'linear' | 'nearest'): Make =>
  (op) => {
    const { builder } = op
    const isCorners = op.number('align_corners', 0) !== 0
    const isHalf = op.number('half_pixel_centers', 0) !== 0
    const x = op.first(0)
    const head = builder.add('Slice', [builder.add('Shape', [x]), builder.ints([0]), builder.ints([2])])
    const size = builder.add('Cast', [op.last(1)], { to: codeOf('int64', 'onnx') })
    const sizes = builder.add('Concat', [head, size], { axis: 0 })
    const made = op.add('Resize', [x, '', '', sizes], {
      mode,
      coordinate_transformation_mode: isCorners ? 'align_corners' : isHalf ? 'half_pixel' : 'asymmetric',
      ...(mode === 'nearest' && { nearest_mode: isCorners || isHalf ? 'round_prefer_ceil' : 'floor' }),
    })
    return op.pictures(made)
  }

const pad =
  (modeOf: (op: Op) => string): Make =>
  (op) => {
    const pads = op.pads(op.last(1))
    const value = op.inputs.length > 2 ? [op.last(2)] : []
    return { last: op.add('Pad', [op.last(0), pads, ...value], { mode: modeOf(op) }) }
  }

const matMul: Make = (op) => {
  const turn = (i: number, key: string) =>
    op.number(key, 0) === 0 ? op.last(i) : op.builder.add('Transpose', [op.last(i)], { perm: [1, 0] })
  return { last: op.add('MatMul', [turn(0, 'transpose_a'), turn(1, 'transpose_b')]) }
}

const batchMatMul: Make = (op) => {
  if (op.number('adj_x', 0) + op.number('adj_y', 0) === 0) return alike('MatMul')(op)
  throw op.refuse('multiplies by a transposed matrix')
}

const shuffle =
  (operator: string): Make =>
  (op) =>
    op.pictures(op.add(operator, [op.first(0)], { blocksize: op.number('block_size', 1) }))

const arg =
  (operator: string): Make =>
  (op) => ({
    last: op.add(operator, [op.last(0)], { axis: op.numberAt(1, 'the axis'), keepdims: 0 }),
  })

const localNorm: Make = (op) => {
  const size = 2 * op.number('depth_radius', 5) + 1
  const [alpha, beta, bias] = [op.number('alpha', 1) * size, op.number('beta', 0.5), op.number('bias', 1)]
  return { first: op.add('LRN', [op.first(0)], { size, alpha, beta, bias }) }
}

const clipped = (low: number, high: number) =>
  several((x, op) => op.add('Clip', [x, op.builder.floats(low), op.builder.floats(high)]))

/** Operators and their names in ONNX, the same unless they are after a colon. */
const named = (names: string, make: (operator: string) => Make): Readonly<Record<string, Make>> =>
  Object.fromEntries(
    names.split(' ').map((one) => {
      const [name = '', operator = name] = one.split(':')
      return [name, make(operator)]
    }),
  )
const pairs =
  'AddV2:Add Minimum:Min Maximum:Max RealDiv:Div FloorMod:Mod LogicalAnd:And LogicalOr:Or GreaterEqual:GreaterOrEqual LessEqual:LessOrEqual AddN:Sum Select:Where SelectV2:Where Add Sub Mul Div Pow Greater Less Equal'
const sameInputs = 'ExpandDims:Unsqueeze GatherNd:GatherND BroadcastTo:Expand Shape Size Tile Range'
const singles =
  'LogicalNot:Not Rint:Round Inv:Reciprocal Relu Sigmoid Tanh Exp Log Sqrt Neg Abs Floor Ceil Round Sign Sin Cos Erf Elu Selu Softplus Softsign Reciprocal'

/** The operators of TensorFlow's graphs, by name. */
export const graphOperators: Readonly<Record<string, Make>> = {
  ...named(pairs, pairwise),
  ...named(sameInputs, alike),
  ...named(singles, single),
  Identity: same,
  StopGradient: same,
  CheckNumerics: same,
  PlaceholderWithDefault: same,
  IdentityN: (op) => op.inputs,
  Relu6: clipped(0, 6),
  LeakyRelu: single('LeakyRelu', (op) => ({ alpha: op.number('alpha', 0.2) })),
  ClipByValue: (op) =>
    op.together(([x, low, high]) => op.add('Min', [op.builder.add('Max', [x!, low!]), high!])),
  Rsqrt: several((x, op) => op.add('Reciprocal', [op.builder.add('Sqrt', [x])])),
  Square: several((x, op) => op.add('Mul', [x, x])),
  Log1p: several((x, op) => op.add('Log', [op.builder.add('Add', [x, op.builder.floats(1)])])),
  Expm1: several((x, op) => op.add('Sub', [op.builder.add('Exp', [x]), op.builder.floats(1)])),
  ZerosLike: several((x, op) => op.add('Mul', [x, op.builder.floats(0)])),
  OnesLike: several((x, op) =>
    op.add('Add', [op.builder.add('Mul', [x, op.builder.floats(0)]), op.builder.floats(1)]),
  ),
  SquaredDifference: (op) =>
    op.together((pair) => {
      const rest = op.builder.add('Sub', pair)
      return op.add('Mul', [rest, rest])
    }),
  NotEqual: (op) => op.together((pair) => op.add('Not', [op.builder.add('Equal', pair)])),
  FloorDiv: floorDiv,
  Prelu: prelu,
  Softmax: (op) => ({ last: op.add('Softmax', [op.last(0)], { axis: -1 }) }),
  LogSoftmax: (op) => ({ last: op.add('LogSoftmax', [op.last(0)], { axis: -1 }) }),
  Cast(op) {
    const type = op.type('DstT')
    if (type === undefined) throw op.refuse('makes numbers of an unsupported type')
    return op.each((x) => op.add('Cast', [x], { to: codeOf(type, 'onnx') }))
  },
  Mean: reduce('ReduceMean'),
  Sum: reduce('ReduceSum'),
  Max: reduce('ReduceMax'),
  Min: reduce('ReduceMin'),
  Prod: reduce('ReduceProd'),
  ArgMax: arg('ArgMax'),
  ArgMin: arg('ArgMin'),
  Cumsum: alike('CumSum', (op) => ({
    exclusive: op.number('exclusive', 0),
    reverse: op.number('reverse', 0),
  })),
  Reshape: alike('Reshape', () => ({ allowzero: 1 })),
  Squeeze(op) {
    const axes = op.list('squeeze_dims')
    return { last: op.add('Squeeze', [op.last(0), ...(axes.length > 0 ? [op.builder.ints(axes)] : [])]) }
  },
  Transpose: (op) => ({
    last: op.add('Transpose', [op.last(0)], { perm: op.listAt(1, 'its order') }),
  }),
  Fill: (op) => ({ last: op.add('Expand', [op.last(1), op.last(0)]) }),
  ConcatV2: concat,
  Pack: pack,
  Unpack: (op) => split(op, op.number('axis', 0), op.number('num', 1), 0, true),
  Split: (op) => split(op, op.numberAt(0, 'the axis'), op.number('num_split', 1), 1, false),
  SplitV: splitBy,
  Slice: slice,
  StridedSlice: stridedSlice,
  GatherV2: (op) => ({ last: op.add('Gather', both(op), { axis: op.numberAt(2, 'the axis') }) }),
  Pad: pad(() => 'constant'),
  PadV2: pad(() => 'constant'),
  MirrorPad: pad((op) => op.word('mode', 'REFLECT').toLowerCase()),
  MatMul: matMul,
  _FusedMatMul: fusedMatMul(matMul),
  Einsum: alike('Einsum', (op) => ({ equation: op.word('equation', '') })),
  BatchMatMul: batchMatMul,
  BatchMatMulV2: batchMatMul,
  BiasAdd: biasAdd,
  Conv2D: (op) => conv(op),
  _FusedConv2D: (op) => conv(op),
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

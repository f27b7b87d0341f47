import type { Engine } from '../conv/engine.ts'
import type { Axis, Correlation } from '../conv/geometry.ts'
import { biasOf, checkOptions, checkRank, correlationOf } from '../conv/spec.ts'
import { ConvoError } from '../error.ts'
import { describe, Tensor } from '../tensor/tensor.ts'
import type { DepthwiseOptions } from './depthwise.ts'

/** The options of the spatially separable convolution. */
export type SeparableOptions = DepthwiseOptions

/** A 1-D kernel. */
export type Vector = Tensor | Float32Array | Float64Array | readonly number[]

/**
 * Spatially separable convolution of every channel of x [C,H,W] with the outer product of a column and a row, as two
 * passes:
 *
 *     down[c,i,j] = Σ over u of col[u] · x[c, i + u, j]
 *     out[c,i,j]  = bias[c] + Σ over v of row[v] · down[c, i, j + v]
 *
 * The column goes first and its sums are rounded to float32, so that the result is that of the full kernel but for
 * rounding. Sizes as in `conv2d` with a kernel of kH x kW. Weights: kH + kW instead of kH·kW, the same for every channel;
 * multiplications: C·(kH·H'·W + kW·H'·W'). The padding is the same as that of the full kernel in every mode, as a pass
 * down a column that is repeated, mirrored or zero gives a repeated, mirrored or zero column.
 *
 * @returns [C,H',W']
 * @throws ConvoError E_ARGUMENT, E_SHAPE
 */
export async function separableConv2d(
  engine: Engine,
  x: Tensor,
  col: Vector,
  row: Vector,
  options: SeparableOptions = {},
): Promise<Tensor> {
  checkOptions(options, ['bias', 'stride', 'padding', 'dilation', 'paddingMode'])
  checkRank('x', x, 3, '[C,H,W]')
  const [down, across] = [vectorOf('col', col), vectorOf('row', row)]
  const channels = x.shape[0]!
  const full = new Tensor([channels, 1, down.length, across.length], outerBank(down, across, channels))
  const c = correlationOf(2, x, full, { ...options, groups: channels })
  return separablePasses(engine, x, down, across, biasOf(options.bias, channels), c)
}

/** The two passes of a correlation, depthwise, whose kernel is an outer product. */
export async function separablePasses(
  engine: Engine,
  x: Tensor,
  col: Float32Array,
  row: Float32Array,
  bias: Float32Array | undefined,
  c: Correlation,
): Promise<Tensor> {
  const [depth, y, z] = c.axes
  const first: Correlation = { ...c, axes: [depth, y, still(z.input)] }
  // What stands outside under a constant border has been through the first pass, too.
  const fill = col.reduce((acc, w) => Math.fround(acc + Math.fround(w * c.fill)), 0)
  const second: Correlation = { ...c, axes: [depth, still(y.output), z], fill }
  const down = await engine.correlate(x, repeat(col, [c.channels, 1, col.length, 1]), undefined, first)
  return engine.correlate(down, repeat(row, [c.channels, 1, 1, row.length]), bias, second)
}

/** An axis on which nothing happens. */
const still = (size: number): Axis => ({
  input: size,
  kernel: 1,
  stride: 1,
  dilation: 1,
  before: 0,
  after: 0,
  output: size,
})

function repeat(vector: Float32Array, shape: readonly number[]): Tensor {
  const data = new Float32Array(shape[0]! * vector.length)
  for (let c = 0; c < shape[0]!; c++) data.set(vector, c * vector.length)
  return new Tensor(shape, data)
}

/** The outer product for every channel, which is what the shapes are checked with. */
function outerBank(col: Float32Array, row: Float32Array, channels: number): Float32Array {
  const data = new Float32Array(channels * col.length * row.length)
  for (let i = 0; i < data.length; i++) {
    data[i] = col[Math.floor(i / row.length) % col.length]! * row[i % row.length]!
  }
  return data
}

/** A 1-D kernel as float32. @throws ConvoError E_ARGUMENT, E_SHAPE */
export function vectorOf(name: string, vector: Vector): Float32Array {
  if (vector instanceof Tensor) {
    if (vector.shape.length !== 1) {
      throw new ConvoError('E_SHAPE', `${name} must have rank 1, got [${vector.shape}]`)
    }
    return vector.data
  }
  const isList = vector instanceof Float32Array || vector instanceof Float64Array || Array.isArray(vector)
  if (!isList) {
    throw new ConvoError(
      'E_ARGUMENT',
      `${name} must be a tensor of rank 1 or a list of numbers, got ${describe(vector)}`,
    )
  }
  const bad = vector.findIndex((v: unknown) => typeof v !== 'number')
  if (vector.length === 0 || bad >= 0) {
    const got = vector.length === 0 ? 'an empty list' : `${describe(vector[bad])} at index ${bad}`
    throw new ConvoError('E_ARGUMENT', `${name} must hold at least one number, and numbers only, got ${got}`)
  }
  return Float32Array.from(vector)
}

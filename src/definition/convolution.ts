import { bankAlgorithm } from '../conv/bank-algorithm.ts'
import type { Axis, Correlation, Transposition } from '../conv/geometry.ts'
import { borders } from '../tensor/border.ts'
import { Tensor } from '../tensor/tensor.ts'
import { winogradReference } from './winograd.ts'

// The definition of convo's arithmetic, in plain loops. Every other implementation is tested against it.

const f32 = Math.fround

/**
 * Correlation, the definition. For each output sample, acc starts at 0. For each tap, in the order input channel,
 * depth, row, column: acc = f32(acc + f32(weight * sample)). Then the bias is added. Shapes: x [C,D,H,W], weight
 * [O,C/groups,kD,kH,kW] as flat data, result [O,D',H',W'].
 */
export function correlateReference(
  x: Float32Array,
  weight: Float32Array,
  bias: Float32Array | undefined,
  c: Correlation,
): Float32Array {
  const [az, ay, ax] = c.axes
  const { source } = borders[c.border]
  const perGroup = c.channels / c.groups
  return eachSample(c, bias, (filter, z, y, col) => {
    const first = Math.floor(filter / (c.filters / c.groups)) * perGroup
    let acc = 0
    let w = filter * perGroup * az.kernel * ay.kernel * ax.kernel
    for (let channel = first; channel < first + perGroup; channel++) {
      for (let tz = 0; tz < az.kernel; tz++) {
        const iz = source(z * az.stride - az.before + tz * az.dilation, az.input)
        for (let ty = 0; ty < ay.kernel; ty++) {
          const iy = source(y * ay.stride - ay.before + ty * ay.dilation, ay.input)
          for (let tx = 0; tx < ax.kernel; tx++) {
            const ix = source(col * ax.stride - ax.before + tx * ax.dilation, ax.input)
            const outside = iz < 0 || iy < 0 || ix < 0
            const sample = outside ? c.fill : x[((channel * az.input + iz) * ay.input + iy) * ax.input + ix]!
            acc = f32(acc + f32(weight[w++]! * sample))
          }
        }
      }
    }
    return acc
  })
}

/** Computes the output [O,D',H',W'] sample by sample, and adds the bias last. */
function eachSample(
  { filters, axes: [az, ay, ax] }: Correlation | Transposition,
  bias: Float32Array | undefined,
  sum: (filter: number, z: number, y: number, x: number) => number,
): Float32Array {
  const out = new Float32Array(filters * az.output * ay.output * ax.output)
  let o = 0
  for (let filter = 0; filter < filters; filter++) {
    for (let z = 0; z < az.output; z++) {
      for (let y = 0; y < ay.output; y++) {
        for (let x = 0; x < ax.output; x++) {
          const acc = sum(filter, z, y, x)
          out[o++] = bias === undefined ? acc : f32(acc + bias[filter]!)
        }
      }
    }
  }
  return out
}

/**
 * Transposed correlation, the definition. For each output sample, acc starts at 0. For each tap that meets an input
 * sample, in the order input channel, depth, row, column: acc = f32(acc + f32(weight * sample)). Then the bias is
 * added. Shapes: x [C,D,H,W], weight [C,O/groups,kD,kH,kW].
 */
export function transposeReference(
  x: Float32Array,
  weight: Float32Array,
  bias: Float32Array | undefined,
  t: Transposition,
): Float32Array {
  const [az, ay, ax] = t.axes
  const perGroup = t.channels / t.groups
  const filtersPerGroup = t.filters / t.groups
  const taps = az.kernel * ay.kernel * ax.kernel
  return eachSample(t, bias, (filter, z, y, col) => {
    const group = Math.floor(filter / filtersPerGroup)
    let acc = 0
    for (let channel = group * perGroup; channel < (group + 1) * perGroup; channel++) {
      let w = (channel * filtersPerGroup + (filter % filtersPerGroup)) * taps
      for (let tz = 0; tz < az.kernel; tz++) {
        const iz = reach(z, tz, az)
        for (let ty = 0; ty < ay.kernel; ty++) {
          const iy = reach(y, ty, ay)
          for (let tx = 0; tx < ax.kernel; tx++, w++) {
            const ix = reach(col, tx, ax)
            if (iz < 0 || iy < 0 || ix < 0) continue
            const sample = x[((channel * az.input + iz) * ay.input + iy) * ax.input + ix]!
            acc = f32(acc + f32(weight[w]! * sample))
          }
        }
      }
    }
    return acc
  })
}

/** Returns the input sample that tap `t` adds to output sample `o`, or -1. */
function reach(o: number, t: number, a: Axis): number {
  const place = o + a.before - t * a.dilation
  return place % a.stride === 0 && place >= 0 && place < a.input * a.stride ? place / a.stride : -1
}

/** Correlates tensors by the definition. Ranks are those of the public API. */
export function correlateTensors(
  x: Tensor,
  weight: Tensor,
  bias: Float32Array | undefined,
  c: Correlation,
): Tensor {
  const correlate = bankAlgorithm(c).algorithm === 'winograd' ? winogradReference : correlateReference
  return new Tensor(outputShape(x, c.filters, c.axes), correlate(x.data, weight.data, bias, c))
}

/** Returns [O,(D',)H',W'], with the rank of x. */
export const outputShape = (
  x: Tensor,
  filters: number,
  axes: readonly { readonly output: number }[],
): number[] => [filters, ...axes.slice(4 - x.shape.length).map((a) => a.output)]

import { type Blend, blendRow, lumaOf } from './blend.ts'
import { thinned } from './edges.ts'
import { formula } from './formulas.ts'
import { framed } from './frame.ts'
import { type FunctionName, functionOf } from './functions.ts'
import { clipped, copyRow, eachRow, type Layer, pointwise, type Shape, sameShape } from './layer.ts'
import { type Levels, levelOf } from './levels.ts'
import {
  across,
  argmax,
  averaged,
  coloured,
  either,
  evened,
  lookedUp,
  mixed,
  normalized,
  paired,
  prelu,
  softmax,
  switches,
  unpooled,
  windowRows,
  withNumber,
} from './mixing.ts'
import { correlateRow } from './neighbourhood.ts'
import { firstTap, lastTap, type PoolAxes, poolRow } from './pool.ts'
import { chosen, resampledAcross, resampledDown } from './resample.ts'
import type { Rows, Span } from './rows.ts'
import { sampled } from './sampled.ts'
import { concat, placed, rearranged, resized, slices } from './shaping.ts'
import { product, rowSummary, standardized, summary } from './summary.ts'
import { ranked } from './windows.ts'

export type { Shape } from './layer.ts'

// The definition of everything between the convolutions of a network, computed row by row for a whole tensor or a
// strip.

const { fround } = Math

/** Layers of networks and filters. They are documented in the files that they are imported from. */
const others = {
  across,
  argmax,
  averaged,
  chosen,
  coloured,
  concat,
  either,
  evened,
  formula,
  framed,
  lookedUp,
  mixed,
  normalized,
  paired,
  placed,
  prelu,
  product,
  productRows: product,
  ranked,
  rearranged,
  resampledAcross,
  resampledDown,
  resized,
  rowSummary,
  sampled,
  slices,
  softmax,
  standardized,
  summary,
  switches,
  thinned,
  unpooled,
  withNumber,
}

type SettingsOf<L> = L extends Layer<infer S> ? S : never

/** The settings of each layer. */
export type LayerSettings = OwnSettings & { [K in keyof typeof others]: SettingsOf<(typeof others)[K]> }

/** The settings of the layers below. Lists have one number for each channel. */
type OwnSettings = {
  /** x / scale, rounded, then + bias. */
  affine: { readonly scale?: Float32Array | undefined; readonly bias?: Float32Array | undefined }
  /** Computes unit · f(v / unit), where `unit` is the value that represents 1. */
  activate: { readonly name: FunctionName; readonly unit: number; readonly a?: number; readonly b?: number }
  /** `full` (with `keep`: x itself) if x is above the level, else 0. NaN stays NaN. */
  threshold: { readonly level: number; readonly keep: boolean; readonly full: number }
  /** (x / full − mean) / std, rounded once. */
  standardize: { readonly mean: readonly number[]; readonly std: readonly number[]; readonly full: number }
  /** x · by. */
  scaled: { readonly by: number }
  /** max(0, (x − mean) / root · gamma + beta), rounded once: batch normalisation and ReLU. */
  rectified: Readonly<Record<'mean' | 'root' | 'gamma' | 'beta', readonly number[]>> | Record<string, never>
  /** The channels of each pixel side by side: [1,H,W·C]. */
  interleaved: Record<string, never>
  /** The reverse of `interleaved`: planes from samples that are side by side. */
  parted: { readonly channels: number }
  /** A range of channels. */
  select: { readonly first: number; readonly count: number }
  /** Every channel converted to levels with its own settings. */
  leveled: { readonly levels: readonly Levels[] }
  /** The channels of a, then those of b, multiplied by `by` and divided by `over`. */
  join: { readonly gain: readonly [by: number, over: number] }
  /** Colours multiplied by alpha, the last channel, which is unchanged. */
  weighted: Record<string, never>
  /** Colours divided by alpha, which is clamped to 0..full; 0 if alpha is 0. */
  straightened: { readonly full: number }
  /** The luma of RGB, followed by alpha if there is one. */
  luma: Record<string, never>
  /** A result blended with the picture that it was made from: see `blendRow`. */
  blend: Blend
  /** The mean of every whole s x s block. */
  means: { readonly s: number }
  /** x filtered by kernels [G·K²,H',W'], one for each position (involution). */
  kernels: Readonly<Record<'kernelSize' | 'stride' | 'groups' | 'dilation', number>>
  /** Max pooling. */
  pool: { readonly axes: PoolAxes }
  /** Max pooling: the maxima, then their indices in their channel, which has at most 2^24 samples: [2C,H',W']. */
  pooled: { readonly axes: PoolAxes }
  /** Max pooling without overlap: every maximum at its position, or a 1 with `mark`; zeros elsewhere. */
  maxima: {
    readonly axes: PoolAxes
    readonly size: readonly [height: number, width: number]
    readonly mark: boolean
  }
}

/** The name of a layer. */
export type LayerName = keyof LayerSettings

/** Makes a layer on a picture whose last channel is alpha: `f` computes the colours, `alpha` that channel. */
const withAlpha = <S>(
  alpha: (settings: S, v: number) => number,
  f: (v: number, alpha: number) => number,
): Layer<S> => ({
  shape: sameShape,
  needs: (_, rows) => [rows],
  run(settings, out, [x], [first, end], _, [channels, , width]) {
    const last = channels - 1
    for (let y = first; y < end; y++) {
      const [from, to] = [x!.at(last, y), out.at(last, y)]
      for (let i = 0; i < width; i++) out.data[to + i] = alpha(settings, x!.data[from + i]!)
      for (let c = 0; c < last; c++) {
        const [here, there] = [x!.at(c, y), out.at(c, y)]
        for (let i = 0; i < width; i++) out.data[there + i] = f(x!.data[here + i]!, out.data[to + i]!)
      }
    }
  },
})

/** Functions with f(k v) = k f(v) for positive k. */
export const scaleFree: ReadonlySet<FunctionName> = new Set<FunctionName>([
  'none',
  'relu',
  'leakyrelu',
  'abs',
  'neg',
])

/** The layers by name. */
export const layers: { readonly [K in LayerName]: Layer<LayerSettings[K]> } = {
  ...others,
  affine: pointwise(
    ({ scale, bias }) =>
      (v, c) =>
        fround(v / (scale?.[c] ?? 1)) + (bias?.[c] ?? 0),
  ),
  activate: pointwise(({ name, unit, a, b }) => {
    const f = functionOf(name, a, b)
    return unit === 1 || scaleFree.has(name) ? f : (v) => unit * f(v / unit)
  }),
  threshold: pointwise(
    ({ level, keep, full }) =>
      (v) =>
        v > level ? (keep ? v : full) : Number.isNaN(v) ? v : 0,
  ),
  standardize: pointwise(
    ({ mean, std, full }) =>
      (v, c) =>
        (v / full - mean[c]!) / std[c]!,
  ),
  scaled: pointwise(
    ({ by }) =>
      (v) =>
        v * by,
  ),
  rectified: pointwise(({ mean, root, gamma, beta }) => (v, c) => {
    const n = mean === undefined ? v : fround(((v - mean[c]!) / root![c]!) * gamma![c]! + beta![c]!)
    return n > 0 || Number.isNaN(n) ? n : 0
  }),
  interleaved: eachRow(
    (_, [x]) => [1, x![1], x![2] * x![0]],
    (_, out, { y, to }, [x], [given]) => {
      const [channels, , width] = given!
      for (let c = 0; c < channels; c++) {
        const from = x!.at(c, y)
        for (let i = 0; i < width; i++) out[to + c + i * channels] = x!.data[from + i]!
      }
    },
  ),
  parted: eachRow(
    ({ channels }, [x]) => [channels, x![1], x![2] / channels],
    ({ channels }, out, { c, y, to, width }, [x]) => {
      const from = x!.at(0, y) + c
      for (let i = 0; i < width; i++) out[to + i] = x!.data[from + i * channels]!
    },
  ),
  select: eachRow(
    ({ count }, [x]) => [count, x![1], x![2]],
    ({ first }, out, { c, y, to, width }, [x]) => copyRow(out, to, x!, x!.at(first + c, y), width),
  ),
  leveled: eachRow(sameShape, ({ levels }, out, { c, y, to, width }, [x]) => {
    const [from, level] = [x!.at(c, y), levelOf(levels[c]!)]
    for (let i = 0; i < width; i++) out[to + i] = level(x!.data[from + i]!)
  }),
  join: eachRow(
    (_, [a, b]) => [a![0] + b![0], a![1], a![2]],
    ({ gain: [by, over] }, out, { c, y, to, width }, [a, b], [shape]) => {
      const split = shape![0]
      if (c < split) return copyRow(out, to, a!, a!.at(c, y), width)
      const from = b!.at(c - split, y)
      for (let i = 0; i < width; i++) out[to + i] = (b!.data[from + i]! * by) / over
    },
  ),
  weighted: withAlpha(
    (_, alpha) => alpha,
    (v, alpha) => v * alpha,
  ),
  straightened: withAlpha(
    ({ full }, alpha) => Math.min(full, Math.max(0, alpha)),
    (v, alpha) => (alpha > 0 ? v / alpha : 0),
  ),
  luma: eachRow(
    (_, [x]) => [x![0] - 2, x![1], x![2]],
    (_, out, { c, y, to, width }, [x]) => {
      if (c === 1) return copyRow(out, to, x!, x!.at(3, y), width)
      const [r, g, b] = [x!.at(0, y), x!.at(1, y), x!.at(2, y)]
      for (let i = 0; i < width; i++) out[to + i] = lumaOf(x!.data[r + i]!, x!.data[g + i]!, x!.data[b + i]!)
    },
  ),
  blend: {
    shape: (_, [, x]) => x!,
    // needs only rows of the result inside the region
    needs: ({ rows: [top, below] }, [first, end], inputs) => {
      const inside = clipped(
        Math.max(first, top),
        Math.max(first, Math.min(end, below)),
        Number.POSITIVE_INFINITY,
      )
      return inputs.map((_, i) => (i === 1 ? [first, end] : inside[1] > inside[0] ? inside : [first, first]))
    },
    run(settings, out, [made, x, mask], [first, end], shapes, shape) {
      for (let y = first; y < end; y++) blendRow(settings, out, made!, x!, mask, y, shapes[0]![0], shape)
    },
  },
  means: eachRow(
    ({ s }, [x]) => [x![0], Math.floor(x![1] / s), Math.floor(x![2] / s)],
    ({ s }, out, { c, y, to, width }, [x]) => {
      for (let i = 0; i < width; i++) {
        let sum = 0
        for (let u = 0; u < s; u++) {
          const from = x!.at(c, y * s + u) + i * s
          for (let v = 0; v < s; v++) sum += x!.data[from + v]!
        }
        out[to + i] = sum / (s * s)
      }
    },
    ({ s }, [first, end]) => [[first * s, end * s]],
  ),
  kernels: eachRow(
    (_, [x, kernel]) => [x![0], kernel![1], kernel![2]],
    ({ kernelSize, stride, groups, dilation }, out, { c, y, to, width }, [x, kernel], [shape]) => {
      const [channels, height, wide] = shape!
      const area = { height, width: wide, size: kernelSize, stride, dilation }
      const tap = Math.floor(c / (channels / groups)) * kernelSize ** 2
      correlateRow(area, x!, c, y, kernel!, tap, out.subarray(to, to + width).fill(0))
    },
    ({ kernelSize, stride, dilation }, [first, end], [x]) => {
      const reach = ((kernelSize - 1) / 2) * dilation
      return [clipped(first * stride - reach, (end - 1) * stride + reach + 1, x![1]), [first, end]]
    },
  ),
  pool: eachRow(
    ({ axes: [depth, row, column] }, [x]) => [x![0], depth.output * row.output, column.output],
    ({ axes }, out, { c, y, to }, [x]) => {
      const { output: height } = axes[1]
      poolRow(x!, axes, c, Math.floor(y / height), y % height, out, to)
    },
    ({ axes: [depth, row] }, [first, end]) => {
      const { output: height, input } = row
      const spans: Span[] = []
      for (let z = Math.floor(first / height); z * height < end; z++) {
        const [top, bottom] = clipped(first - z * height, end - z * height, height)
        const [from, to] = [firstTap(row, top), lastTap(row, bottom - 1) + 1]
        for (let slice = firstTap(depth, z); slice <= lastTap(depth, z); slice += depth.dilation)
          spans.push([slice * input + from, slice * input + to])
      }
      return [spans]
    },
  ),
  pooled: {
    shape: ({ axes }, [x]) => [2 * x![0], axes[1].output, axes[2].output],
    needs: ({ axes: [, axis] }, rows) => [windowRows(axis, rows)],
    run({ axes }, out, [x], [first, end], [given], [, , width]) {
      const [channels] = given!
      const [best, places] = [new Float32Array(width), new Int32Array(width)]
      for (let c = 0; c < channels; c++) {
        for (let y = first; y < end; y++) {
          poolRow(x!, axes, c, 0, y, best, 0, places)
          out.data.set(best, out.at(c, y))
          out.data.set(places, out.at(channels + c, y))
        }
      }
    },
  },
  maxima: {
    shape: sameShape,
    needs: ({ size: [high] }, [first, end], [x]) => [
      clipped(Math.floor(first / high) * high, Math.ceil(end / high) * high, x![1]),
    ],
    run({ axes, size: [high], mark }, out, [x], [first, end], _, [channels, , width]) {
      const best = new Float32Array(axes[2].output)
      const places = new Int32Array(axes[2].output)
      for (let c = 0; c < channels; c++) {
        for (let y = first; y < end; y++) out.data.fill(0, out.at(c, y), out.at(c, y) + width)
        for (let window = Math.floor(first / high); window * high < end; window++) {
          poolRow(x!, axes, c, 0, window, best, 0, places)
          places.forEach((place, i) => {
            const y = Math.floor(place / width)
            if (y >= first && y < end) out.data[out.at(c, y) + (place % width)] = mark ? 1 : best[i]!
          })
        }
      }
    },
  },
}

/** A layer and its settings. */
export type LayerWork = {
  [K in LayerName]: { readonly kind: 'layer'; readonly name: K; readonly settings: LayerSettings[K] }
}[LayerName]

/** Computes rows of a layer. */
export function runLayer<K extends LayerName>(
  { name, settings }: { readonly name: K; readonly settings: LayerSettings[K] },
  out: Rows,
  inputs: readonly Rows[],
  rows: Span,
  shapes: readonly Shape[],
  shape: Shape,
): void {
  layers[name].run(settings, out, inputs, rows, shapes, shape)
}

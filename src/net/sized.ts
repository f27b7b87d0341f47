import type { Taps } from '../definition/shaping.ts'
import { checkLimit } from '../limits.ts'
import { placed, upTo } from './places.ts'
import type { Lowering, Turn } from './step.ts'
import { arranged, isAxis, pictureValue, plain, shapeOf, type Value, wholeOf } from './value.ts'

// Resizing, in all modes of ONNX, and sampling at computed positions.

/** An axis to resize. `coordinate_transformation_mode` maps its output positions to input positions. */
type Axis = {
  readonly input: number
  readonly output: number
  readonly scale: number
  /** For tf_crop_and_resize: the part that is kept, as fractions. */
  readonly roi: readonly [start: number, end: number]
}

const { fround } = Math
const halved = (o: number, scale: number): number => fround(fround(fround(o + 0.5) / scale) - 0.5)

// In float32, as in frameworks: the rounding decides positions half-way between two samples.
const coordinates = {
  half_pixel: (o, { scale }) => halved(o, scale),
  half_pixel_symmetric(o, { input, output, scale }) {
    const adjustment = output / (scale * input)
    return fround((input / 2) * (1 - adjustment) + halved(o, scale))
  },
  pytorch_half_pixel: (o, { output, scale }) => (output > 1 ? halved(o, scale) : 0),
  asymmetric: (o, { scale }) => fround(o / scale),
  tf_half_pixel_for_nn: (o, { scale }) => fround(fround(o + 0.5) / scale),
  align_corners: (o, { input, output }) => (output === 1 ? 0 : fround((o * (input - 1)) / (output - 1))),
  tf_crop_and_resize: (o, { input, output, roi: [start, end] }) =>
    fround(
      output > 1
        ? start * (input - 1) + (o * (end - start) * (input - 1)) / (output - 1)
        : 0.5 * (start + end) * (input - 1),
    ),
} satisfies Readonly<Record<string, (o: number, axis: Axis) => number>>

const nearests = {
  round_prefer_floor: (x) => Math.ceil(x - 0.5),
  round_prefer_ceil: (x) => Math.floor(x + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
} satisfies Readonly<Record<string, (x: number) => number>>

/** The names of a table, in order. The first is the default. */
const namesOf = <T extends string>(table: Readonly<Record<T, unknown>>) => Object.keys(table) as T[]

/** The weights of taps at these distances from a position. */
const kernels = {
  linear: { reach: 1, at: (_a: number) => (x: number) => Math.max(0, 1 - Math.abs(x)) },
  cubic: {
    reach: 2,
    at: (a: number) => (x: number) => {
      const d = Math.abs(x)
      if (d >= 2) return 0
      return d <= 1 ? ((a + 2) * d - (a + 3)) * d * d + 1 : ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
    },
  },
} as const

/** How an axis is resized. */
export type Way = {
  readonly mode: 'nearest' | 'linear' | 'cubic'
  readonly coordinate: keyof typeof coordinates
  /** `smaller`: rounds up if the axis gets smaller, otherwise down, as before opset 11. */
  readonly nearest: keyof typeof nearests | 'smaller'
  readonly a: number
  readonly excludesOutside: boolean
  readonly smooths: boolean
}

/** Computes the taps of an axis. Index -1 means `outside`. */
export function tapsOf(axis: Axis, way: Way): Taps {
  const { input, output, scale } = axis
  const place = coordinates[way.coordinate]
  const inside = (i: number) => Math.max(0, Math.min(i, input - 1))
  if (way.mode === 'nearest') {
    const round = nearests[way.nearest === 'smaller' ? (scale < 1 ? 'ceil' : 'floor') : way.nearest]
    const places = Int32Array.from({ length: output }, (_, o) => inside(round(place(o, axis))))
    return { taps: 1, places, weights: new Float64Array(output).fill(1) }
  }
  const { reach, at } = kernels[way.mode]
  const weightOf = at(way.a)
  // for smaller outputs, the kernel is widened by the same factor
  const wide = way.smooths ? Math.max(1, 1 / scale) : 1
  const taps = 2 * Math.ceil(reach * wide)
  const places = new Int32Array(output * taps)
  const weights = new Float64Array(output * taps)
  for (let o = 0; o < output; o++) {
    const x = place(o, axis)
    const first = Math.floor(x) - taps / 2 + 1
    let sum = 0
    for (let t = 0; t < taps; t++) {
      const i = first + t
      const isOut = i < 0 || i >= input
      const weight = isOut && way.excludesOutside ? 0 : weightOf((x - i) / wide)
      places[o * taps + t] = inside(i)
      weights[o * taps + t] = weight
      sum += weight
    }
    if (way.excludesOutside || way.smooths) for (let t = 0; t < taps; t++) weights[o * taps + t]! /= sum
  }
  return { taps, places, weights }
}

const resize: Lowering = async (turn) => {
  const { node, engine } = turn
  const isOld = node.operator === 'Upsample' || node.opset < 11
  const value = turn.value(0)
  const shape = shapeOf(value)
  const rank = shape.length
  const mode = turn.word('mode', ['nearest', 'linear', 'cubic', 'bilinear'])
  const listAt = (i: number, what: string) => {
    const { data = [] } = turn.constant(i, what) ?? {}
    return data.length === 0 ? undefined : Array.from(data)
  }
  const scales = listAt(isOld ? 1 : 2, 'the scales') ?? turn.list('scales')
  const sizes = isOld ? undefined : listAt(3, 'the sizes')
  const axes = (turn.list('axes') ?? upTo(rank)).map((axis) => turn.axis(axis, rank))
  const listed = sizes ?? scales
  if (listed === undefined) throw turn.unsupported('it has neither scales nor sizes')
  if (listed.length !== axes.length) throw turn.unfit(`${listed.length} sizes for ${axes.length} axes`)
  const own = wantedSizes(turn, value, axes, scales, sizes)
  for (const { output } of own) {
    if (!(Number.isSafeInteger(output) && output >= 1))
      throw turn.unfit(`it makes [${own.map((one) => one.output)}]`)
    checkLimit('axisSamples', output, turn.name)
  }
  const roi = isOld ? undefined : turn.constant(1, 'the part')?.data
  const way: Way = {
    mode: mode === 'bilinear' ? 'linear' : mode,
    coordinate: isOld ? 'asymmetric' : turn.word('coordinate_transformation_mode', namesOf(coordinates)),
    nearest: isOld ? 'smaller' : turn.word('nearest_mode', namesOf(nearests)),
    a: turn.number('cubic_coeff_a', -0.75),
    excludesOutside: turn.flag('exclude_outside'),
    smooths: turn.flag('antialias'),
  }
  const outer = own.findIndex(({ output, input }, i) => i < rank - 2 && output !== input)
  if (outer >= 0)
    throw turn.unsupported(
      `axis ${outer} of [${shape}] is resized`,
      'a network that resizes rows and columns only',
    )
  const isEven = isAxis(value, value.dims[rank - 2]!, 1) && isAxis(value, value.dims[rank - 1]!, 2)
  const even = isEven ? value : await plain(engine, value)
  const axisOf = (i: number): Axis => {
    const k = axes.indexOf(i)
    return { ...own[i]!, roi: roi === undefined || k < 0 ? [0, 1] : [roi[k]!, roi[k + axes.length]!] }
  }
  const [row, column] = [axisOf(rank - 2), axisOf(rank - 1)]
  const dims = [...even.dims.slice(0, -2), wholeOf(1, row.output), wholeOf(2, column.output)]
  const [rows, columns] = [tapsOf(row, way), tapsOf(column, way)]
  const isCut = way.coordinate === 'tf_crop_and_resize'
  if (way.mode === 'nearest' && !isCut) {
    const planes = await placed(engine, even.planes, [undefined, rows.places, columns.places])
    return { kind: 'value', planes, dims }
  }
  const made = await engine.layer('resized', [even.planes], { rows, columns })
  if (!isCut) return { kind: 'value', planes: made, dims }
  // the part beyond the edge is one number
  const shown = (axis: Axis): Int32Array =>
    Int32Array.from({ length: axis.output }, (_, o) => {
      const x = coordinates[way.coordinate](o, axis)
      return x < 0 || x > axis.input - 1 ? -1 : o
    })
  const outside = turn.number('extrapolation_value', 0)
  return {
    kind: 'value',
    planes: await placed(engine, made, [undefined, shown(row), shown(column)], outside),
    dims,
  }
}

/** The output sizes of a resize, and the scales. */
function wantedSizes(
  turn: Turn,
  value: Value,
  axes: readonly number[],
  scales: readonly number[] | undefined,
  sizes: readonly number[] | undefined,
): { readonly input: number; readonly output: number; readonly scale: number }[] {
  const shape = shapeOf(value)
  const { declared } = turn
  const before = declared?.inputs[0]
  const listBefore = declared?.inputs[3]
  const sizesBefore = listBefore?.kind === 'known' ? listBefore.constant.data : undefined
  const policy = turn.word('keep_aspect_ratio_policy', ['stretch', 'not_larger', 'not_smaller'])
  const ratios = sizes?.map((size, k) => size / shape[axes[k]!]!) ?? []
  const ratio =
    policy === 'not_larger' ? Math.min(...ratios) : policy === 'not_smaller' ? Math.max(...ratios) : undefined
  return shape.map((input, i) => {
    const k = axes.indexOf(i)
    if (k < 0) return { input, output: input, scale: 1 }
    if (sizes === undefined) {
      const scale = scales![k]!
      return { input, output: Math.floor(fround(input * scale)), scale }
    }
    if (ratio !== undefined) return { input, output: Math.round(ratio * input), scale: ratio }
    // a size that is meant for the declared picture becomes a scale for others
    const was = before === undefined ? undefined : shapeOf(before)[i]
    const isBaked = was !== undefined && was !== input && sizesBefore?.[k] === sizes[k]
    const output = isBaked ? Math.round((sizes[k]! / was) * input) : sizes[k]!
    return { input, output, scale: fround(output / input) }
  })
}

/** The modes by their names in ONNX, since opset 20 and before. */
const sampleModes = {
  linear: 'linear',
  nearest: 'nearest',
  cubic: 'cubic',
  bilinear: 'linear',
  bicubic: 'cubic',
} as const

const gridSample: Lowering = async (turn) => {
  const [value, grid] = [turn.value(0), turn.value(1)]
  const [shape, places] = [shapeOf(value), shapeOf(grid)]
  if (shape.length !== 4 || shape[0] !== 1)
    throw turn.unsupported(`its input is [${shape}], but only pictures [1,C,H,W] are supported`)
  if (places.length !== 4 || places[0] !== 1 || places[3] !== 2)
    throw turn.unfit(`its grid is [${places}], not [1,H,W,2]`)
  const mode = sampleModes[turn.word('mode', namesOf(sampleModes))]
  const outside = turn.word('padding_mode', ['zeros', 'border', 'reflection'])
  const { planes } = await plain(turn.engine, value)
  const { planes: wanted } = await arranged(turn.engine, grid, [[3], [0, 1], [2]])
  const settings = { mode, outside, aligned: turn.flag('align_corners') }
  return pictureValue(await turn.engine.layer('sampled', [planes, wanted], settings))
}

/** The operators that resize and sample, by name. */
export const sizedLowerings: Readonly<Record<string, Lowering>> = {
  Resize: resize,
  Upsample: resize,
  GridSample: gridSample,
}

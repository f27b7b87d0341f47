import type { Axis, Correlation } from '../../conv/geometry.ts'
import { type ConvOptions, correlationOf } from '../../conv/spec.ts'
import { referenceEngine } from '../../definition/engine.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import { formatNumber } from '../draw/measure.ts'

// An animation as plain data, without sizes or colours. `layout.ts` adds positions, `draw.ts` draws it.

/** The role of a plane of numbers, which decides its colour. */
export type Tone = 'input' | 'kernel' | 'between' | 'output'

/**
 * The state of a cell: `pad` is outside the input, `window` is under the kernel, `now` is being computed, `overlap`
 * gets contributions from more than one pixel, `cut` is computed, then cropped.
 */
export type Mark = 'pad' | 'window' | 'now' | 'overlap' | 'cut'

/** A cell with one number; without a value it is still empty. */
export type Cell = {
  readonly value?: number | undefined
  readonly mark?: Mark | undefined
  /** A small text in the lower right corner: the weight that the cell is multiplied by, or a switch. */
  readonly corner?: string | undefined
}

/** Numbers in rows and columns, row-major. */
export type Plane = {
  readonly rows: number
  readonly columns: number
  readonly cells: readonly Cell[]
  readonly title?: string | undefined
}

/** The planes of one tensor, drawn as a stack. */
export type Panel = {
  readonly kind: 'panel'
  readonly title: string
  readonly tone: Tone
  readonly planes: readonly Plane[]
}

/** A sign between panels. */
export type Sign = { readonly kind: 'sign'; readonly sign: '∗' | '=' | '→' }

/** One picture of the animation. */
export type Frame = {
  /** Panels and signs, from left to right. */
  readonly parts: readonly (Panel | Sign)[]
  /** The lines under the panels, with the sum written out. */
  readonly caption: readonly string[]
}

/** An animation. */
export type Scene = {
  /** The operator and its sizes. */
  readonly title: string
  /** The formula of the sizes, filled in. */
  readonly formula: string
  /** The frames in order. */
  readonly frames: readonly Frame[]
}

export const panel = (title: string, tone: Tone, planes: readonly Plane[]): Panel => ({
  kind: 'panel',
  title,
  tone,
  planes,
})

export const planePanel = (
  title: string,
  tone: Tone,
  [rows, columns]: readonly [rows: number, columns: number],
  cells: readonly Cell[],
): Panel => panel(title, tone, [{ rows, columns, cells }])

export const sign = (which: Sign['sign']): Sign => ({ kind: 'sign', sign: which })

/** Formats a number for a cell: at most two decimals, and a true minus. */
export const show = (value: number): string =>
  Math.abs(value) < 1e5 ? String(Number(value.toFixed(2)) + 0).replace('-', '−') : formatNumber(value, 3)

/** Returns `=`, or `≈` if a number is shown rounded. */
export const equals = (...values: readonly number[]): '=' | '≈' =>
  values.every((v) => Number(show(v).replaceAll('−', '-')) === v) ? '=' : '≈'

const factor = (value: number): string => (value < 0 ? `(${show(value)})` : show(value))

/** The largest number of terms that are all written out. */
const mostTerms = 27

/** Formats products and their sum, as `1·1 + 0·2 = 1`. Of many products only the first and the last are written. */
export function sumLine(products: readonly (readonly [x: number, w: number])[], sum: number): string {
  const terms = products.map(([x, w]) => `${factor(x)}·${factor(w)}`)
  const written = terms.length > mostTerms ? [...terms.slice(0, 16), '…', ...terms.slice(-4)] : terms
  return `${written.join(' + ')} ${equals(...products.flat(), sum)} ${show(sum)}`
}

/** Formats a total, as `15 + 11 + 12 = 38`. */
export const totalLine = (parts: readonly number[], total: number): string =>
  `${parts.map(factor).join(' + ')} ${equals(...parts, total)} ${show(total)}`

/** Sums products in the order and with the rounding of the definition: multiply, round, add, round. */
export const accumulate = (products: readonly (readonly [x: number, w: number])[]): number =>
  products.reduce((sum, [x, w]) => Math.fround(sum + Math.fround(x * w)), 0)

/** Formats the size of a plane as width x height, and that of channels as channels x height x width. */
export const sizes = (...[height, width, channels]: readonly number[]): string =>
  channels === undefined ? `${width}x${height}` : `${channels}x${height}x${width}`

/**
 * A correlation as a kernel that slides over planes. The planes are the channels of a 2-D correlation, or the slices of
 * a 3-D one. They are multiplied by the planes of the kernel and summed to one number in one plane of the output.
 */
export type Pass = {
  /** The planes that are read; undefined for a slice of padding. */
  readonly inputs: readonly (Float32Array | undefined)[]
  /** The planes that are written and drawn. */
  readonly outputs: readonly Float32Array[]
  /** Returns the planes of the kernel for an output plane. */
  kernel(output: number): readonly Float32Array[]
  /** Returns the indices of the input planes that these are multiplied by, in order. */
  reads(output: number): readonly number[]
  readonly row: Axis
  readonly column: Axis
  readonly names: Names
}

/** The names and tones of panels and planes. */
export type Names = {
  readonly input: string
  readonly kernel: string
  readonly output: string
  /** The name of a plane without its number: `channel` or `slice`. */
  readonly plane?: string
  readonly inputTone?: Tone
  readonly outputTone?: Tone
}

/** A place of the output, and how much of its sum is done: a number of taps or planes, or all if undefined. */
export type Place = { readonly o: number; readonly i: number; readonly j: number; readonly done?: number }

const planesOf = ({ shape, data }: Tensor): Float32Array[] => {
  const size = shape.at(-1)! * shape.at(-2)!
  return Array.from({ length: data.length / size }, (_, p) => data.subarray(p * size, (p + 1) * size))
}

/** Correlates x with weight, and returns the result and its pass, whose names may depend on it. */
export async function passOf(
  x: Tensor,
  weight: Tensor,
  options: ConvOptions,
  names: (out: Tensor) => Names,
  shown?: number,
) {
  const c = correlationOf(x.shape.length === 3 ? 2 : 3, x, weight, options)
  const out = await referenceEngine.correlate(x, weight, undefined, c)
  return { out, pass: passTo([x, weight, out], c, names(out), shown) }
}

/**
 * Returns a pass of x [C,H,W] with weight [O,C/groups,kH,kW], or of x [1,D,H,W] with weight [1,1,kD,kH,kW]. The first
 * `shown` outputs are drawn.
 */
export function passTo(
  [x, weight, out]: readonly [x: Tensor, weight: Tensor, out: Tensor],
  { axes: [depth, row, column], filters, groups }: Correlation,
  names: Names,
  shown?: number,
): Pass {
  const kernels = planesOf(weight)
  const seen = weight.shape[1]!
  const group = (o: number) => Math.floor(o / (filters / groups))
  const outside = (count: number) => Array.from({ length: count }, () => undefined)
  const common = { outputs: planesOf(out).slice(0, shown), row, column }
  return x.shape.length === 3
    ? {
        ...common,
        inputs: planesOf(x),
        kernel: (o) => kernels.slice(o * seen, (o + 1) * seen),
        reads: (o) => Array.from({ length: seen }, (_, c) => group(o) * seen + c),
        names: { plane: 'channel', ...names },
      }
    : {
        ...common,
        inputs: [...outside(depth.before), ...planesOf(x), ...outside(depth.after)],
        kernel: () => kernels,
        reads: (o) => kernels.map((_, t) => o * depth.stride + t * depth.dilation),
        names: { plane: 'slice', ...names },
      }
}

/** Returns every place of a pass in order. The first sum is shown in parts, up to nine. */
export function places(pass: Pass): Place[] {
  const { outputs, row, column } = pass
  const all = outputs.flatMap((_, o) =>
    Array.from({ length: row.output * column.output }, (_, k) => ({
      o,
      i: Math.floor(k / column.output),
      j: k % column.output,
    })),
  )
  const planes = pass.reads(0).length
  const pieces = planes > 1 ? planes : row.kernel * column.kernel
  if (pieces > 9) return all
  const apart = Array.from({ length: pieces - 1 }, (_, k) => ({ o: 0, i: 0, j: 0, done: k + 1 }))
  return [...apart, ...all]
}

/** Returns the panels as input ∗ kernel = output. */
export const correlated = (input: Panel, kernel: Panel, output: Panel): Frame['parts'] => [
  input,
  sign('∗'),
  kernel,
  sign('='),
  output,
]

/** Returns the frames of a pass. `compose` arranges its panels, with others if needed. */
export const slide = (pass: Pass, compose = correlated): Frame[] =>
  places(pass).map((place) => {
    const { input, kernel, output, caption } = momentOf(pass, place)
    return { parts: compose(input, kernel, output), caption }
  })

/** Returns the name of an input plane. Slices of padding are not numbered. */
function planeName({ inputs, names }: Pass, p: number): string {
  if (inputs[p] === undefined) return 'padding'
  return `${names.plane} ${inputs.slice(0, p + 1).filter((plane) => plane !== undefined).length}`
}

type Tap = { readonly y: number; readonly x: number; readonly w: number }

/** Returns the taps of a kernel plane at a place, in the order of accumulation. */
const taps = ({ row, column }: Pass, { i, j }: Place, weights: Float32Array): Tap[] =>
  Array.from(weights, (w, t) => ({
    y: i * row.stride - row.before + Math.floor(t / column.kernel) * row.dilation,
    x: j * column.stride - column.before + (t % column.kernel) * column.dilation,
    w,
  }))

const valueAt = ({ row, column }: Pass, plane: Float32Array | undefined, y: number, x: number): number =>
  plane === undefined || y < 0 || x < 0 || y >= row.input || x >= column.input
    ? 0
    : plane[y * column.input + x]!

/** Returns the three panels of a pass at a place, and the caption. */
export function momentOf(pass: Pass, place: Place) {
  const { o, done } = place
  const { inputs } = pass
  const reads = pass.reads(o)
  const kernels = pass.kernel(o)
  const isFlat = reads.length === 1
  const doneTaps = isFlat ? done : undefined
  const donePlanes = isFlat ? 1 : (done ?? reads.length)
  const used = kernels.slice(0, donePlanes).map((weights) => taps(pass, place, weights).slice(0, doneTaps))
  const products = used.map((list, p) =>
    list.map(({ y, x, w }) => [valueAt(pass, inputs[reads[p]!], y, x), w] as const),
  )
  const sums = products.map(accumulate)
  const k = place.i * pass.column.output + place.j
  const value = done === undefined ? pass.outputs[o]![k]! : accumulate(products.flat())
  return {
    input: inputPanel(pass, new Map(used.map((list, p) => [reads[p]!, list]))),
    kernel: kernelPanel(pass, o),
    output: outputPanel(pass, { ...place, value }),
    caption: isFlat
      ? [sumLine(products[0]!, value)]
      : [
          ...reads.map((read, p) =>
            p < donePlanes ? `${planeName(pass, read)}: ${sumLine(products[p]!, sums[p]!)}` : '',
          ),
          totalLine(sums, value),
        ],
  }
}

/** Returns the input with its padding. `used` has the taps per plane; cells under them show the weights. */
export function inputPanel(pass: Pass, used: ReadonlyMap<number, readonly Tap[]> = new Map()): Panel {
  const { row, column, inputs, names } = pass
  const rows = row.before + row.input + row.after
  const columns = column.before + column.input + column.after
  const planes = inputs.map((plane, p): Plane => {
    const cells = Array.from({ length: rows * columns }, (_, k): Cell => {
      const y = Math.floor(k / columns) - row.before
      const x = (k % columns) - column.before
      const isInside = plane !== undefined && y >= 0 && x >= 0 && y < row.input && x < column.input
      const tap = used.get(p)?.find((t) => t.y === y && t.x === x)
      const mark: Mark | undefined = tap !== undefined ? 'window' : isInside ? undefined : 'pad'
      return { value: valueAt(pass, plane, y, x), mark, corner: tap && show(tap.w) }
    })
    const title = inputs.length === 1 ? undefined : planeName(pass, p)
    return { rows, columns, cells, title }
  })
  return panel(names.input, names.inputTone ?? 'input', planes)
}

export function kernelPanel(pass: Pass, o: number): Panel {
  const planes = pass.kernel(o).map(
    (weights): Plane => ({
      rows: pass.row.kernel,
      columns: pass.column.kernel,
      cells: Array.from(weights, (value) => ({ value })),
    }),
  )
  const isOneOfMany = pass.outputs.length > 1 && pass.names.plane === 'channel'
  return panel(isOneOfMany ? `${pass.names.kernel} ${o + 1}` : pass.names.kernel, 'kernel', planes)
}

/** Returns the output up to a place, which has `value`; or with `none` or `all` of its values. */
export function outputPanel(pass: Pass, at: (Place & { readonly value: number }) | 'none' | 'all'): Panel {
  const { outputs, row, column, names } = pass
  const size = row.output * column.output
  const now =
    at === 'none' ? -1 : at === 'all' ? outputs.length * size : at.o * size + at.i * column.output + at.j
  const planes = outputs.map((plane, o): Plane => {
    const cells = Array.from(plane, (value, k): Cell => {
      const place = o * size + k
      if (place < now) return { value }
      return place === now && typeof at === 'object' ? { value: at.value, mark: 'now' } : {}
    })
    const title = outputs.length === 1 ? undefined : `${names.plane} ${o + 1}`
    return { rows: row.output, columns: column.output, cells, title }
  })
  return panel(names.output, names.outputTone ?? 'output', planes)
}

/**
 * Formats the formula of the output size with its numbers, as `size (5 + 2 − 3) / 1 + 1 = 5`. If they differ, height
 * and width have a formula each.
 */
export function sizeFormula({ row, column }: Pick<Pass, 'row' | 'column'>): string {
  const [height, width] = [axisFormula(row), axisFormula(column)]
  return height === width ? `size ${height}` : `height ${height}, width ${width}`
}

/** Formats the formula of one axis, as `(5 + 2 − 3) / 1 + 1 = 5`. */
function axisFormula({ input, before, after, kernel, dilation, stride, output }: Axis): string {
  const pad = before + after === 0 ? '' : ` + ${before + after}`
  const reach = dilation === 1 ? `${kernel}` : `(${dilation}·(${kernel} − 1) + 1)`
  const isWhole = (input + before + after - dilation * (kernel - 1) - 1) % stride === 0
  const quotient = `(${input}${pad} − ${reach}) / ${stride}`
  return `${isWhole ? quotient : `⌊${quotient}⌋`} + 1 = ${output}`
}

/** Returns the frames of two passes, of which the second reads the output of the first. */
export function twoPasses(first: Pass, second: Pass): Frame[] {
  const all = (mid: Panel, k1: Panel, x: Panel, k2: Panel, y: Panel): Frame['parts'] => [
    ...correlated(x, k1, mid),
    ...correlated(mid, k2, y).slice(1),
  ]
  const [k2, y] = [kernelPanel(second, 0), outputPanel(second, 'none')]
  const [x, k1] = [inputPanel(first), kernelPanel(first, first.outputs.length - 1)]
  return [
    ...slide(first, (input, kernel, output) => all(output, kernel, input, k2, y)),
    ...slide(second, (input, kernel, output) => all(input, k1, x, kernel, output)),
  ]
}

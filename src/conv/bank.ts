import { type BorderName, borders } from '../tensor/border.ts'
import { type BankAlgorithm, bankAlgorithm, tileSide } from './bank-algorithm.ts'
import type { Axis, Correlation, TransposedAxis, Transposition } from './geometry.ts'

/**
 * A correlation or transposed correlation as tap lists over gathered tiles, the form in which the bank loops run both.
 * Output grid place g reads tile rows from `g * step`. A correlation has one phase; a transposed one has stride x
 * stride (x stride) of them, each of which writes every stride-th output sample.
 */
export type BankPlan = {
  readonly algorithm: BankAlgorithm
  /** The tiles of Winograd's algorithm. */
  readonly tile?: BankTile | undefined
  readonly groups: number
  readonly channelsPerGroup: number
  readonly filtersPerGroup: number
  readonly input: readonly [depth: number, height: number, width: number]
  readonly output: readonly [depth: number, height: number, width: number]
  readonly border: BorderName
  readonly fill: number
  /** The output grid: the places of the largest phase. */
  readonly grid: readonly [z: number, y: number, x: number]
  /** The number of input samples from one grid place to the next. */
  readonly step: readonly [z: number, y: number, x: number]
  /** The number of output samples from one grid place to the next. */
  readonly outStep: readonly [z: number, y: number, x: number]
  /** The input planes that grid plane z needs: `z * step + depths[k]`. */
  readonly depths: readonly number[]
  /** The input rows and columns that grid place g needs: `g * step + first` .. `+ span - 1`. */
  readonly rows: Span
  readonly columns: Span
  readonly phases: readonly Phase[]
}

/** The rows and columns of a tile, and how far apart in the output they are. */
export type BankTile = { readonly side: number; readonly apart: readonly [y: number, x: number] }

/** The output rows that tiles compute together. */
export const rowsOfTile = ({ side, apart: [y] }: BankTile): number => side * y

type Span = { readonly first: number; readonly span: number }

/** The taps of one output phase, in the order of accumulation. The loop over channels is outside the one over taps. */
export type Phase = {
  readonly offset: readonly [z: number, y: number, x: number]
  readonly count: readonly [z: number, y: number, x: number]
  readonly taps: readonly BankTap[]
}

/**
 * A tap: its gathered plane, its row and column of the tile (from the first needed), and its weight in the kernel
 * volume.
 */
export type BankTap = {
  readonly plane: number
  readonly row: number
  readonly column: number
  readonly weight: number
}

export function correlationBank(c: Correlation): BankPlan {
  const [az, ay, ax] = c.axes
  let taps: readonly BankTap[] | undefined
  const count = [az.output, ay.output, ax.output] as const
  const { algorithm } = bankAlgorithm(c)
  return {
    algorithm,
    ...(algorithm === 'winograd' && {
      tile: { side: tileSide(ay.kernel), apart: [ay.dilation, ax.dilation] },
    }),
    groups: c.groups,
    channelsPerGroup: c.channels / c.groups,
    filtersPerGroup: c.filters / c.groups,
    input: [az.input, ay.input, ax.input],
    output: count,
    border: c.border,
    fill: c.fill,
    grid: count,
    // with a single place, the stride does not matter
    step: [az, ay, ax].map(({ stride, output }) => (output === 1 ? 1 : stride)) as [number, number, number],
    outStep: [1, 1, 1],
    depths: Array.from({ length: az.kernel }, (_, t) => t * az.dilation - az.before),
    rows: reach(ay),
    columns: reach(ax),
    // made on demand: the taps of a kernel of 2000x3000 take half a second, and a plan that is only explained needs
    // none
    phases: [
      {
        offset: [0, 0, 0],
        count,
        get taps() {
          taps ??= tapsOf(c)
          return taps
        },
      },
    ],
  }
}

function tapsOf({ axes: [az, ay, ax] }: Correlation): readonly BankTap[] {
  const taps: BankTap[] = []
  for (let tz = 0; tz < az.kernel; tz++) {
    for (let ty = 0; ty < ay.kernel; ty++) {
      for (let tx = 0; tx < ax.kernel; tx++) {
        taps.push({ plane: tz, row: ty * ay.dilation, column: tx * ax.dilation, weight: taps.length })
      }
    }
  }
  return taps
}

const reach = (a: Axis): Span => ({ first: -a.before, span: a.dilation * (a.kernel - 1) + 1 })

/** The plan of a transposed correlation. Weights are [C][O/groups][kernel volume]. */
export function transpositionBank(t: Transposition): BankPlan {
  const [z, y, x] = t.axes.map(axisPhases) as [AxisPhases, AxisPhases, AxisPhases]
  const [az, ay, ax] = t.axes
  const depths: number[] = []
  for (let d = z.first; d <= z.last; d++) depths.push(d)
  const phases: Phase[] = []
  for (const pz of z.phases) {
    for (const py of y.phases) {
      for (const px of x.phases) {
        const taps: BankTap[] = []
        for (const tz of pz.taps) {
          for (const ty of py.taps) {
            for (const tx of px.taps) {
              const weight = (tz.tap * ay.kernel + ty.tap) * ax.kernel + tx.tap
              taps.push({ plane: tz.at - z.first, row: ty.at - y.first, column: tx.at - x.first, weight })
            }
          }
        }
        phases.push({
          offset: [pz.offset, py.offset, px.offset],
          count: [pz.count, py.count, px.count],
          taps,
        })
      }
    }
  }
  return {
    algorithm: 'direct',
    groups: t.groups,
    channelsPerGroup: t.channels / t.groups,
    filtersPerGroup: t.filters / t.groups,
    input: [az.input, ay.input, ax.input],
    output: [az.output, ay.output, ax.output],
    border: 'constant',
    fill: 0,
    grid: [z.grid, y.grid, x.grid],
    step: [1, 1, 1],
    outStep: [az.stride, ay.stride, ax.stride],
    depths,
    rows: { first: y.first, span: y.last - y.first + 1 },
    columns: { first: x.first, span: x.last - x.first + 1 },
    phases,
  }
}

/**
 * Where the weights of a bank are in their array: the first, and the steps to the next ones. Weights of the taps are
 * adjacent.
 */
export type WeightOrder = {
  readonly first: number
  readonly group: number
  readonly filter: number
  readonly channel: number
}

/** The order of weights [filters, channels of a group, taps]. */
export function correlationOrder(
  { channelsPerGroup, filtersPerGroup }: BankPlan,
  { axes }: Correlation,
): WeightOrder {
  const taps = volumeOf(axes)
  const filter = channelsPerGroup * taps
  return { first: 0, group: filtersPerGroup * filter, filter, channel: taps }
}

/** The order of weights [channels, filters of a group, taps], as in a transposed convolution. */
export function transpositionOrder(
  { channelsPerGroup, filtersPerGroup }: BankPlan,
  { axes }: Transposition,
): WeightOrder {
  const taps = volumeOf(axes)
  const channel = filtersPerGroup * taps
  return { first: 0, group: channelsPerGroup * channel, filter: taps, channel }
}

const volumeOf = (axes: readonly { readonly kernel: number }[]): number =>
  axes.reduce((product, { kernel }) => product * kernel, 1)

type AxisPhases = {
  readonly grid: number
  readonly first: number
  readonly last: number
  readonly phases: readonly { offset: number; count: number; taps: readonly { tap: number; at: number }[] }[]
}

/**
 * Tap t reaches output place g * stride + p if p + before - t * dilation is a multiple of the stride; the input sample
 * is then g + (p + before - t * dilation) / stride.
 */
function axisPhases(a: TransposedAxis): AxisPhases {
  const phases = Array.from({ length: Math.min(a.stride, a.output) }, (_, offset) => {
    const taps = Array.from({ length: a.kernel }, (_, tap) => ({
      tap,
      at: (offset + a.before - tap * a.dilation) / a.stride,
    }))
    return {
      offset,
      count: Math.ceil((a.output - offset) / a.stride),
      taps: taps.filter((t) => Number.isInteger(t.at)),
    }
  })
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const { taps } of phases) {
    for (const { at } of taps) [first, last] = [Math.min(first, at), Math.max(last, at)]
  }
  const isMet = first <= last
  return { grid: phases[0]!.count, first: isMet ? first : 0, last: isMet ? last : 0, phases }
}

/** Returns the input column of each tile column of an axis, or -1 for the fill value. */
export function columnSources(plan: BankPlan, phase: number, count: number): Int32Array {
  const source = borders[plan.border].source
  const [, , width] = plan.input
  const step = plan.step[2]
  return Int32Array.from({ length: count }, (_, i) => source(i * step + phase + plan.columns.first, width))
}

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
export type BankTap = Readonly<Record<'plane' | 'row' | 'column' | 'weight', number>>

export function correlationBank(c: Correlation): BankPlan {
  const [, ay, ax] = c.axes
  const { algorithm } = bankAlgorithm(c)
  return {
    algorithm,
    ...(algorithm === 'winograd' && {
      tile: { side: tileSide(ay.kernel), apart: [ay.dilation, ax.dilation] },
    }),
    ...bankOf(c, onePhase),
    border: c.border,
    fill: c.fill,
    // with a single place, the stride does not matter
    step: each(c, ({ stride, output }) => (output === 1 ? 1 : stride)),
    outStep: [1, 1, 1],
  }
}

/** The plan of a transposed correlation. Weights are [C][O/groups][kernel volume]. */
export const transpositionBank = (t: Transposition): BankPlan => ({
  algorithm: 'direct',
  ...bankOf(t, axisPhases),
  border: 'constant',
  fill: 0,
  step: [1, 1, 1],
  outStep: each(t, ({ stride }) => stride),
})

type Either = Correlation | Transposition
type EitherAxis = Axis | TransposedAxis

const each = <T>({ axes }: Pick<Either, 'axes'>, of: (axis: Axis) => T): [z: T, y: T, x: T] =>
  (axes as readonly EitherAxis[]).map(of) as [T, T, T]

/** The parts of a plan that follow from the phases of its axes. */
function bankOf(c: Either, phasesOf: (axis: Axis) => AxisPhases) {
  const along = each(c, phasesOf)
  const [z, y, x] = along
  const depths = z.places()
  const phases = z.phases.flatMap((pz) =>
    y.phases.flatMap((py) => x.phases.map((px) => phaseOf(c, along, depths, [pz, py, px]))),
  )
  return {
    groups: c.groups,
    channelsPerGroup: c.channels / c.groups,
    filtersPerGroup: c.filters / c.groups,
    input: each(c, ({ input }) => input),
    output: each(c, ({ output }) => output),
    grid: [z.grid, y.grid, x.grid] as const,
    depths,
    rows: spanOf(y),
    columns: spanOf(x),
    phases,
  }
}

const spanOf = ({ first, last }: AxisPhases): Span => ({ first, span: last - first + 1 })

function phaseOf(
  { axes: [, { kernel: rows }, { kernel: columns }] }: Either,
  [, y, x]: readonly [AxisPhases, AxisPhases, AxisPhases],
  depths: readonly number[],
  [pz, py, px]: readonly [AxisPhase, AxisPhase, AxisPhase],
): Phase {
  let taps: BankTap[] | undefined
  const made = () => {
    const list: BankTap[] = []
    for (const tz of pz.taps) {
      const plane = depths.indexOf(tz.at)
      for (const ty of py.taps) {
        for (const tx of px.taps) {
          const weight = (tz.tap * rows + ty.tap) * columns + tx.tap
          list.push({ plane, row: ty.at - y.first, column: tx.at - x.first, weight })
        }
      }
    }
    return list
  }
  return {
    offset: [pz.offset, py.offset, px.offset],
    count: [pz.count, py.count, px.count],
    // made on demand: the taps of a kernel of 2000x3000 take half a second, and a plan that is only explained needs
    // none
    get taps() {
      taps ??= made()
      return taps
    },
  }
}

/**
 * Where the weights of a bank are in their array: the first, and the steps to the next ones. Weights of the taps are
 * adjacent.
 */
export type WeightOrder = Readonly<Record<'first' | 'group' | 'filter' | 'channel', number>>

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

type AxisPhase = {
  readonly offset: number
  readonly count: number
  readonly taps: readonly { readonly tap: number; readonly at: number }[]
}

type AxisPhases = {
  readonly grid: number
  /** The first and last input place that grid place 0 needs, and all places that are gathered. */
  readonly first: number
  readonly last: number
  places(): number[]
  readonly phases: readonly AxisPhase[]
}

/** The single phase of a correlation. */
function onePhase({ kernel, dilation, before, output }: Axis): AxisPhases {
  const taps = Array.from({ length: kernel }, (_, tap) => ({ tap, at: tap * dilation - before }))
  const phases = [{ offset: 0, count: output, taps }]
  const places = () => taps.map(({ at }) => at)
  return { grid: output, first: taps[0]!.at, last: taps.at(-1)!.at, places, phases }
}

/**
 * Tap t reaches output place g * stride + p if p + before - t * dilation is a multiple of the stride; the input sample
 * is then g + (p + before - t * dilation) / stride.
 */
function axisPhases(a: Axis): AxisPhases {
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
  const met = phases.flatMap(({ taps }) => taps.map(({ at }) => at))
  const first = met.reduce((least, at) => Math.min(least, at), met[0] ?? 0)
  const last = met.reduce((most, at) => Math.max(most, at), met[0] ?? 0)
  const grid = phases[0]!.count
  // a wide dilation has millions, and only those in depth are used
  const places = () => Array.from({ length: last - first + 1 }, (_, i) => first + i)
  return { grid, first, last, places, phases }
}

/** Returns the input column of each tile column of an axis, or -1 for the fill value. */
export function columnSources(plan: BankPlan, phase: number, count: number): Int32Array {
  const source = borders[plan.border].source
  const [, , width] = plan.input
  const step = plan.step[2]
  return Int32Array.from({ length: count }, (_, i) => source(i * step + phase + plan.columns.first, width))
}

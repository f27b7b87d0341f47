import {
  fftProducts2d,
  fftProductsColumns,
  fftProductsRows,
  planFft2d,
  planFftColumns,
  planFftRows,
} from '../../conv/fft.ts'
import type { RecipePlan } from '../../conv/plan.ts'
import { fullSize } from '../../conv/reach.ts'
import { sizeOfElement } from '../../definition/windows.ts'
import type { Node } from '../../graph/node.ts'
import { listed } from '../../graph/schedule.ts'
import type { BorderName } from '../../tensor/border.ts'
import { sizeOf } from '../../tensor/tensor.ts'

/**
 * What an output sample sees along one axis: the samples `first` to `last` of the picture, relative to its own place.
 * The places of neighbouring output samples are `step` samples apart.
 */
type Reach = { readonly first: number; readonly last: number; readonly step: number }

/** What traced steps see of the picture, and what they cost. */
export type ReceptiveField = {
  /** The size of the window of input pixels that one output pixel sees: rows, columns. */
  readonly receptiveField: readonly [height: number, width: number]
  /** Input pixels from one output pixel to the next: rows, columns. */
  readonly step: readonly [y: number, x: number]
  /** Taps that are multiplied, over the samples of all steps. */
  readonly multiplications: number
  /** The windows without weights; equal ones are listed once. */
  readonly windows: readonly Window[]
  /** How the picture is extended beyond its edges; `none` if pixels outside are ignored. */
  readonly borders: readonly (BorderName | 'none')[]
  /** True if all of the input is needed before there is any output. */
  readonly seesAll?: true
}

/** A window of a filter that ranks samples. */
type Window = {
  /** Rows and columns. */
  readonly size: readonly [height: number, width: number]
  /** Pixels of the window that are ranked. */
  readonly pixels: number
}
type Step = ReturnType<typeof listed>[number]

/** Returns what the steps up to `out` see of the picture that they run over. */
export function seenOf(out: Node): ReceptiveField {
  const steps = listed(out)
  const reaches: (readonly [Reach, Reach])[] = []
  for (const { work, shape, inputs } of steps) {
    const given = inputs.map((input) => reaches[input]!)
    const before = inputs[0] === undefined ? shape : steps[inputs[0]]!.shape
    reaches.push(
      [
        wider(given.map(([y]) => y)).map((one) => reachOf(work, one, 0, before[1], shape[1])),
        wider(given.map(([, x]) => x)).map((one) => reachOf(work, one, 1, before[2], shape[2])),
      ].flat() as [Reach, Reach],
    )
  }
  const [y, x] = reaches.at(-1)!
  return {
    receptiveField: [y.last - y.first + 1, x.last - x.first + 1],
    step: [y.step, x.step],
    multiplications: steps.reduce((sum, step) => sum + multiplicationsOf(step), 0),
    windows: steps.flatMap(windowOf).filter((one, i, all) => all.findIndex((w) => isSame(w, one)) === i),
    borders: [...new Set(steps.flatMap((step) => outsideOf(step, steps)))],
  }
}

/** Returns one reach that covers all of `of`; for an empty list, the reach of the picture itself. */
function wider(of: readonly Reach[]): [Reach] {
  const alone = { first: 0, last: 0, step: 1 }
  return [
    of.reduce(
      (a, b) => ({ first: Math.min(a.first, b.first), last: Math.max(a.last, b.last), step: a.step }),
      of[0] ?? alone,
    ),
  ]
}

/** Returns what a step sees of the picture, from `at`, which is what its input sees. */
function reachOf(work: Node['work'], at: Reach, axis: 0 | 1, input: number, output: number): Reach {
  const reached = (before: number, behind: number, times = 1): Reach => ({
    first: at.first + before * at.step,
    last: at.last + behind * at.step,
    step: at.step * times,
  })
  switch (work.kind) {
    case 'filter': {
      const { halo, stride } = work.filter.plan
      return axis === 0
        ? reached(-halo.top, halo.bottom, stride[0])
        : reached(-halo.left, halo.right, stride[1])
    }
    case 'bank': {
      const { rows, columns, step, outStep } = work.bank.plan
      const { first, span } = axis === 0 ? rows : columns
      return reached(first, first + span - 1, step[axis + 1]! / outStep[axis + 1]!)
    }
    case 'similarity': {
      const { size, dilation, patch } = work.options
      const far = ((size - 1) / 2) * dilation + (patch - 1) / 2
      return reached(-far, far)
    }
    case 'layer':
      break
    default:
      return at
  }
  switch (work.name) {
    case 'framed': {
      const before = axis === 0 ? work.settings.margins.top : work.settings.margins.left
      return reached(-before, -before)
    }
    case 'ranked': {
      const { height, width } = work.settings.element
      return reached(0, (axis === 0 ? height : width) - 1)
    }
    case 'thinned':
      return reached(-1, 1)
    case 'chosen': {
      const places = axis === 0 ? work.settings.rows : work.settings.columns
      const isPart = places.at(-1)! - places[0]! === places.length - 1
      return reached(0, 0, isPart ? 1 : input / output)
    }
    case 'averaged': {
      const { start, low, high, dilation } = work.settings.axes[axis + 1]!
      const far = low.reduce((most, first, i) => Math.max(most, high[i]! - first), 0)
      return reached(0, far * dilation, output > 1 ? start[1]! - start[0]! : 1)
    }
    case 'summary':
      return reached(0, input - 1)
    case 'resampledAcross':
      return axis === 0 ? at : reached(0, work.settings.taps - 1, input / output)
    case 'resampledDown':
      return axis === 1 ? at : reached(0, work.settings.taps - 1, input / output)
    default:
      return at
  }
}

/**
 * Counts the multiplications of a filter over a plane: its taps for each output sample, one for each output sample of
 * running sums, or the products of the FFTs.
 */
export function productsOf(plan: RecipePlan): number {
  const { outHeight, outWidth } = plan
  const { fullHeight, fullWidth } = fullSize(plan)
  return plan.stencils.reduce((sum, s) => {
    if (s.algorithm === 'none') return sum
    if (s.algorithm === 'fft') {
      return sum + fftProducts2d(planFft2d(s.kH, s.kW, fullHeight, fullWidth), fullHeight, fullWidth)
    }
    if (s.algorithm === 'fft-separable') {
      const down = fftProductsColumns(planFftColumns(s.kH, fullHeight), fullHeight, fullWidth + s.kW - 1)
      return sum + down + fftProductsRows(planFftRows(s.kW, fullWidth), fullHeight, fullWidth)
    }
    const taps =
      s.algorithm === 'box' ? 1 : 'col' in s ? s.kH + s.kW : s.weights.filter((w) => w !== 0).length
    return sum + taps * outHeight * outWidth
  }, 0)
}

function multiplicationsOf({ work, shape }: Pick<Node, 'work' | 'shape'>): number {
  const [channels, height, width] = shape
  switch (work.kind) {
    case 'filter':
      return productsOf(work.filter.plan) * channels
    case 'bank': {
      const { phases, channelsPerGroup } = work.bank.plan
      return (
        (phases.reduce((sum, { taps }) => sum + taps.length, 0) / phases.length) *
        channelsPerGroup *
        sizeOf(shape)
      )
    }
    case 'similarity':
      // the squares of differences, and the weights
      return 2 * work.options.size ** 2 * sizeOf(shape)
    case 'layer': {
      if (work.name !== 'resampledAcross' && work.name !== 'resampledDown') return 0
      const taps = work.settings.weights.reduce((sum, w) => sum + (w === 0 ? 0 : 1), 0)
      return taps * channels * (work.name === 'resampledAcross' ? height : width)
    }
    default:
      return 0
  }
}

const isSame = (a: Window, b: Window): boolean => a.size.join() === b.size.join() && a.pixels === b.pixels

const windowOf = ({ work }: Pick<Node, 'work'>): Window[] => {
  if (work.kind !== 'layer' || work.name !== 'ranked') return []
  const { element } = work.settings
  return [{ size: [element.height, element.width], pixels: sizeOfElement(element) }]
}

/** Returns how a step extends the picture; an empty list if it does not look beyond it. */
function outsideOf(step: Step, steps: readonly Step[]): (BorderName | 'none')[] {
  const { work } = step
  const places = (sides: object): boolean => Object.values(sides).some((n) => n > 0)
  if (work.kind === 'filter') return places(work.filter.plan.halo) ? [work.filter.plan.border] : []
  if (work.kind !== 'layer' || work.name !== 'framed' || !places(work.settings.margins)) return []
  const isIgnored = steps.some(
    (one) =>
      one.work.kind === 'layer' &&
      one.work.name === 'ranked' &&
      one.work.settings.ignored !== undefined &&
      steps[one.inputs[0]!] === step,
  )
  return [isIgnored ? 'none' : work.settings.border]
}

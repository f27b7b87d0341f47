import type { BankPlan } from '../conv/bank.ts'
import type { LayerWork } from '../definition/layers.ts'
import type { PoolAxis } from '../definition/pool.ts'
import type { Line, Position } from '../tensor/picture.ts'
import { type Bank, type Filter, type Node, ofSlice, stepsOf } from './node.ts'

// Where the pixels of a result are on the picture that it was made from.

const same: Line = { at: 0, step: 1 }

const alike = (line: Line): Position => [line, line]

/** Every pixel where it was. */
export const unmoved: Position = alike(same)

/** The position of pixels that one step moves, and then another. */
export const movedTwice = (before: Position, after: Position): Position => [
  through(before[0], after[0]),
  through(before[1], after[1]),
]

const through = (before: Line, { at, step }: Line): Line => ({
  at: before.at + at * before.step,
  step: before.step * step,
})

/** The position of a result that shows what its input shows, at these scales. */
export const scaled = ([down, across]: readonly [number, number]): Position => [
  covering(down),
  covering(across),
]

const covering = (scale: number): Line => ({ at: (1 / scale - 1) / 2, step: 1 / scale })

/**
 * Finds where the pixels of a step are on its input `x`: in the middle of the pixels that they are computed from, away
 * from the edges. Undefined if they are not at equal distances. If the size stays the same, a shift of less than a pixel
 * does not count: it comes from a kernel with an even number of taps.
 */
export function positionOf(out: Node, x: Node): Position | undefined {
  const known = new Map<Node, Position>()
  const isAsLarge = (node: Node) => sizeOf(node).join() === sizeOf(x).join()
  for (const node of stepsOf([out], (one) => one === x)) {
    const isInput = node === x || (node.inputs.length === 0 && node.work.kind !== 'filter' && isAsLarge(node))
    // inputs without a position are constants
    const input = node.inputs.find((one) => known.has(one))
    const own = isInput ? unmoved : ownPosition(node, input)
    if (own !== undefined) known.set(node, movedTwice(input === undefined ? unmoved : known.get(input)!, own))
  }
  const found = known.get(out)
  if (!isAsLarge(out)) return found
  const still = (line: Line): Line => (line.step === 1 && Math.abs(line.at) < 1 ? same : line)
  return found === undefined ? unmoved : [still(found[0]), still(found[1])]
}

const sizeOf = ({ shape, slices }: Node): readonly [height: number, width: number] => {
  const [, height, width] = ofSlice(shape, slices)
  return [height, width]
}

/** Returns where the pixels of one step are on its input, or undefined without one. */
function ownPosition({ work, ...node }: Node, input: Node | undefined): Position | undefined {
  if (work.kind === 'filter' || work.kind === 'finish') return ofFilter(work.filter)
  if (input === undefined) return undefined
  if (work.kind === 'bank') return ofBank(work.bank)
  if (work.kind !== 'layer') return unmoved
  return ofLayer(work, sizeOf(input), sizeOf({ ...node, work }))
}

const both = (rows: Line | undefined, columns: Line | undefined): Position | undefined =>
  rows && columns && [rows, columns]

/** The distance of a single pixel to the next is not known. */
const unlessOne = (input: number, output: number, line: Line): Line | undefined =>
  output === 1 && input > 1 ? undefined : line

const ofFilter = ({ plan: p }: Filter): Position | undefined => {
  const { top, bottom, left, right } = p.halo
  return both(
    unlessOne(p.height, p.outHeight, { at: p.origin[0] + (bottom - top) / 2, step: p.stride[0] }),
    unlessOne(p.width, p.outWidth, { at: p.origin[1] + (right - left) / 2, step: p.stride[1] }),
  )
}

function ofBank({ plan }: Bank): Position | undefined {
  const { input, output, step, outStep, phases } = plan
  const line = (axis: 1 | 2, { first, span }: BankPlan['rows'], tap: 'row' | 'column') => {
    let at = first + (span - 1) / 2
    // the taps of a correlation are many, and all in one phase
    if (outStep[axis] > 1) {
      let [sum, count] = [0, 0]
      for (const { offset, taps } of phases) {
        for (const one of taps) sum += first + one[tap] - offset[axis] / outStep[axis]
        count += taps.length
      }
      at = sum / count
    }
    return unlessOne(input[axis], output[axis], { at, step: step[axis] / outStep[axis] })
  }
  return both(line(1, plan.rows, 'row'), line(2, plan.columns, 'column'))
}

type Size = readonly [height: number, width: number]

function ofLayer(
  { name, settings }: LayerWork,
  [height, width]: Size,
  [high, wide]: Size,
): Position | undefined {
  switch (name) {
    case 'interleaved':
    case 'parted':
    case 'slices':
      return unmoved
    case 'framed':
      return shifted(-settings.margins.top, -settings.margins.left)
    case 'ranked':
      return shifted((settings.element.height - 1) / 2, (settings.element.width - 1) / 2)
    case 'chosen':
      return both(ofPlaces(settings.rows, height), ofPlaces(settings.columns, width))
    case 'resampledAcross':
    case 'resampledDown':
    case 'rearranged':
    case 'summary':
      return scaled([high / height, wide / width])
    case 'pool':
    case 'averaged':
      return both(ofPool(settings.axes[1]), ofPool(settings.axes[2]))
    case 'unpooled':
      return [inverse(ofPool(settings.axes[1])), inverse(ofPool(settings.axes[2]))]
    case 'means':
      return alike({ at: (settings.s - 1) / 2, step: settings.s })
    case 'kernels':
      return alike({ at: 0, step: settings.stride })
    default:
      return high === height && wide === width ? unmoved : undefined
  }
}

const shifted = (down: number, across: number): Position => [
  { at: down, step: 1 },
  { at: across, step: 1 },
]

function ofPool({ start, high, dilation }: PoolAxis): Line {
  const reach = dilation * high.reduce((most, tap) => Math.max(most, tap), 0)
  return { at: start[0]! + reach / 2, step: start.length > 1 ? start[1]! - start[0]! : reach + 1 }
}

const inverse = ({ at, step }: Line): Line => ({ at: -at / step, step: 1 / step })

/** Returns the line of samples that are taken from these places: neighbours, or the nearest of a resized picture. */
function ofPlaces(places: Int32Array, input: number): Line | undefined {
  const isOn = ({ at, step }: Line, most: number) =>
    places.every((place, i) => Math.abs(place - at - i * step) <= most)
  const lines = [
    [{ at: places[0]!, step: 1 }, 0],
    // half a pixel, and what rounding adds
    [covering(places.length / input), 0.51],
  ] as const
  return lines.find(([line, most]) => isOn(line, most))?.[0]
}

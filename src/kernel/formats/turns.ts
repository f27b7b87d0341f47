import { invariant } from '../../error.ts'

/** The sign after a geometry of ImageMagick: no turns, 45°, 90°, mirrored. */
export type Turn = '' | '@' | '>' | '<'

/** A plane of weights that is being turned. NaN means that a place is not part of the kernel, as opposed to 0. */
export type Turning = {
  /** Its position in the text. */
  readonly at: number
  readonly size: readonly [kH: number, kW: number]
  readonly weights: readonly number[]
  readonly anchor: readonly [y: number, x: number]
}

/**
 * Returns a kernel and the turns that ImageMagick adds to it: clockwise by 45° (only 3x3) or 90° (squares, rows,
 * columns), until one equals the first. Mirrored means turned by 180°, that by 90°, and that by 180°.
 */
export function turnsOf(first: Turning, turn: Turn): readonly Turning[] {
  if (turn === '') return [first]
  if (turn === '<') {
    const half = quarter(quarter(first))
    const third = quarter(half)
    return [first, half, third, quarter(quarter(third))]
  }
  const step = turn === '@' ? eighth : quarter
  const all = [first]
  for (let next = step(first); !isSame(first, next); next = step(next)) {
    invariant(all.length < 8, 'eight turns by 45° or four by 90° lead back')
    all.push(next)
  }
  return all
}

/** Turns a kernel, with its anchor, clockwise by 90°. */
function quarter({ at, size: [kH, kW], weights, anchor: [y, x] }: Turning): Turning {
  const turned = weights.map((_, i) => weights[(kH - 1 - (i % kH)) * kW + Math.floor(i / kH)]!)
  return { at, size: [kW, kH], weights: turned, anchor: [x, kH - 1 - y] }
}

/** The indices around the centre of a 3x3 kernel, clockwise. */
const ring = [0, 1, 2, 5, 8, 7, 6, 3]

/** Turns a 3x3 kernel, with its anchor, clockwise by 45°: each number around the centre moves one place on. */
function eighth({ at, size, weights, anchor: [y, x] }: Turning): Turning {
  const turned = [...weights]
  const before = y * 3 + x
  let place = before
  ring.forEach((from, i) => {
    const to = ring[(i + 1) % 8]!
    turned[to] = weights[from]!
    if (from === before) place = to
  })
  return { at, size, weights: turned, anchor: [Math.floor(place / 3), place % 3] }
}

const isSame = (a: Turning, b: Turning): boolean =>
  String([a.size, a.anchor]) === String([b.size, b.anchor]) &&
  a.weights.every((w, i) => Object.is(w + 0, b.weights[i]! + 0))

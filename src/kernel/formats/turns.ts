import { invariant } from '../../error.ts'

/** What is behind a geometry of ImageMagick: no turns, 45°, 90°, mirrored. */
export type Turn = '' | '@' | '>' | '<'

/** A plane of weights on its way; NaN where a place is not part of the kernel, which a turn keeps apart from 0. */
export type Turning = {
  /** Where it is in the text. */
  readonly at: number
  readonly size: readonly [kH: number, kW: number]
  readonly weights: readonly number[]
  readonly anchor: readonly [y: number, x: number]
}

/**
 * A kernel and the turns that ImageMagick adds to it: by 45° (3x3 alone) or 90° (squares, rows, columns), clockwise, until
 * one is as the first; mirrored: turned by 180°, that by 90°, and that by 180°.
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

/** Clockwise by 90°, the anchor with it. */
function quarter({ at, size: [kH, kW], weights, anchor: [y, x] }: Turning): Turning {
  const turned = weights.map((_, i) => weights[(kH - 1 - (i % kH)) * kW + Math.floor(i / kH)]!)
  return { at, size: [kW, kH], weights: turned, anchor: [x, kH - 1 - y] }
}

/** The places around the centre of a 3x3 kernel, clockwise. */
const ring = [0, 1, 2, 5, 8, 7, 6, 3]

/** Each number around the centre of a 3x3 kernel one place on, clockwise, the anchor with it. */
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

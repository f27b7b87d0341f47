import type { PlaneKernel, Recipe } from '../conv/recipe.ts'
import { choice, flag } from '../params.ts'
import { filter } from './filter.ts'
import { dense, fullStep, several, toKernel } from './plane.ts'

/** The eight directions, clockwise from the top. */
export const directions = ['n', 'ne', 'e', 'se', 's', 'sw', 'w', 'nw'] as const

const ring = [0, 1, 2, 5, 8, 7, 6, 3]

/** Rotates a 3x3 kernel clockwise by `eighths` of a turn: the outer weights move along the ring. */
export function turned(weights: Float64Array, eighths: number): Float64Array {
  const out = weights.slice()
  ring.forEach((from, i) => {
    out[ring[(i + eighths) % 8]!] = weights[from]!
  })
  return out
}

/**
 * Makes the recipe of eight kernels in the order of `directions`, from the one that responds to brightness at the top.
 * The largest result wins.
 */
function compass(rows: string, unit: boolean): Recipe {
  const north = dense(rows)
  const kernel = toKernel(north)
  const kernels = directions.map(
    (_, i): PlaneKernel => ({ form: 'dense', kernel: { ...kernel, weights: turned(kernel.weights, i) } }),
  )
  return several(kernels, { kind: 'max' }, { scale: unit ? fullStep(north) : 1 })
}

const unit = flag('scale the result so that a step from black to white gives white')

/** The nine masks of Frei and Chen as published, each with the divisor that gives it the length 1. */
const r2 = Math.SQRT2
const freiChen: readonly (readonly [rows: string, scale: number])[] = [
  [`1 ${r2} 1; 0 0 0; -1 ${-r2} -1`, 2 * r2],
  [`1 0 -1; ${r2} 0 ${-r2}; 1 0 -1`, 2 * r2],
  [`0 -1 ${r2}; 1 0 -1; ${-r2} 1 0`, 2 * r2],
  [`${r2} -1 0; -1 0 1; 0 1 ${-r2}`, 2 * r2],
  ['0 1 0; -1 0 -1; 0 1 0', 2],
  ['-1 0 1; 0 0 0; 1 0 -1', 2],
  ['1 -2 1; -2 4 -2; 1 -2 1', 6],
  ['-2 1 -2; 1 4 1; -2 1 -2', 6],
  ['1 1 1; 1 1 1; 1 1 1', 3],
]

/** Filters that find edges with several masks and keep the best. */
export const compasses = {
  kirsch: filter({
    summary: 'finds edges in eight directions and keeps the strongest',
    group: 'edges',
    source: 'R. Kirsch 1971: 5 5 5; -3 0 -3; -3 -3 -3 in 8 rotations; the largest wins. Raw gain 15.',
    params: { unit },
    build: (values) => compass('5 5 5; -3 0 -3; -3 -3 -3', values.unit),
  }),
  robinson: filter({
    summary: 'finds edges in eight directions with the Robinson compass and keeps the strongest',
    group: 'edges',
    source:
      'G. Robinson 1977: level 5 is 1 2 1; 0 0 0; -1 -2 -1, level 3 is 1 1 1; 0 0 0; -1 -1 -1, in 8 rotations; the largest wins. ' +
      'Raw gain 4 and 3.',
    params: {
      level: choice('3: Prewitt-like masks of 1s; 5: Sobel-like masks with 2s', ['3', '5'], '5'),
      unit,
    },
    build: ({ level, unit }) =>
      compass(level === '5' ? '1 2 1; 0 0 0; -1 -2 -1' : '1 1 1; 0 0 0; -1 -1 -1', unit),
  }),
  compass: filter({
    summary: 'finds edges in eight directions with the Prewitt compass and keeps the strongest',
    group: 'edges',
    source:
      'J. Prewitt 1970: -1 1 1; -1 -2 1; -1 1 1 in 8 rotations; the largest wins. Raw gain 5. Called Compass in ImageMagick.',
    params: { unit },
    build: (values) => compass('1 1 1; 1 -2 1; -1 -1 -1', values.unit),
  }),
  'frei-chen': filter({
    summary: 'measures how much of a neighbourhood is an edge, independent of contrast',
    group: 'edges',
    source:
      'W. Frei, C. Chen 1977: nine orthonormal masks; the result is √(edge energy / all energy), masks 1 to 4 over 1 to 9. ' +
      'ImageMagick’s set is not orthonormal: two of its masks have a wrong sign.',
    params: {},
    build: () =>
      several(
        freiChen.map(([rows, scale]) => dense(rows, scale)),
        { kind: 'share', edges: 4 },
      ),
  }),
}

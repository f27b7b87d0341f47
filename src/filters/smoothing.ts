import { single } from '../conv/recipe.ts'
import { ConvoError } from '../error.ts'
import { choice, integer, number, numbers } from '../params.ts'
import { filter } from './filter.ts'
import { only, separable } from './plane.ts'
import { disk, gaussianRow, motionLine, pascalRow } from './weights.ts'

const boxSize = {
  ...numbers(
    'width and height in pixels; one number for both',
    '<k>|<w,h>',
    { min: 1, max: 2 },
    { min: 1, max: 2047, whole: true },
  ),
  default: [3] as readonly number[],
}

// The largest radius whose weights are all whole numbers in float32. Above it, the weights include the divisor. The
// divisor is a power of two, so both forms give the same result.
const wholeBinomial = 13

const savgolTaps = {
  smooth5: { taps: [-3, 12, 17, 12, -3], scale: 35 },
  smooth7: { taps: [-2, 3, 6, 7, 6, 3, -2], scale: 21 },
  d1: { taps: [-2, -1, 0, 1, 2], scale: 10 },
  d2: { taps: [2, -1, -2, -1, 2], scale: 7 },
} as const

/** Weighted means of neighbours. All kernels sum to 1, except for the derivatives of savgol, which sum to 0. */
export const smoothing = {
  gaussian: filter({
    summary: 'blurs with a Gaussian',
    group: 'smoothing',
    source:
      'exp(−i²/2σ²), normalised to 1, radius trunc(4σ + 0.5): SciPy’s rule. libvips, sharp and ImageMagick cut it earlier; ' +
      'a cut at 3σ loses a thousandth of the weight.',
    params: {
      sigma: number('standard deviation, in pixels', 1, { min: 0.1, max: 500 }),
      'sigma-y': number('standard deviation in the vertical direction', undefined, {
        min: 0.1,
        max: 500,
        unset: 'the same',
      }),
    },
    build: ({ sigma, 'sigma-y': down }) => only(separable(gaussianRow(down ?? sigma), gaussianRow(sigma))),
  }),
  binomial: filter({
    summary: 'blurs with binomial weights, a Gaussian in whole numbers',
    group: 'smoothing',
    source: 'Row 2r of Pascal’s triangle down and across, over 4^(2r). ImageMagick does not normalise it.',
    params: { radius: integer('pixels on each side of the middle', 1, { min: 1, max: 100 }) },
    build: ({ radius }) => {
      const row = pascalRow(2 * radius)
      let total = 1
      for (let i = 0; i < radius; i++) total *= 4
      if (radius <= wholeBinomial) return only(separable(row, row, total * total))
      const share = row.map((w) => w / total)
      return only(separable(share, share))
    },
  }),
  box: filter({
    summary: 'blurs with the mean of a rectangle',
    group: 'smoothing',
    source:
      'Ones, divided by their number. An even size has its anchor at floor(k/2), as in OpenCV, libvips and SciPy; ImageMagick and G’MIC use (k−1)/2.',
    params: { size: boxSize },
    build: ({ size: [width, height] }) => {
      if (width === undefined) throw new ConvoError('E_OPTION', 'size must be 1 to 2 numbers, got none')
      const ones = (n: number) => new Float64Array(n).fill(1)
      return only(separable(ones(height ?? width), ones(width), width * (height ?? width)))
    },
  }),
  disk: filter({
    summary: 'blurs like a lens that is out of focus',
    group: 'smoothing',
    source:
      'Each weight is the area of its pixel inside the circle, normalised to 1, as in MATLAB’s fspecial. The disk of ImageMagick is binary.',
    params: { radius: number('radius of the circle, in pixels', 3, { min: 0.5, max: 1000 }) },
    build: ({ radius }) => single(disk(radius)),
  }),
  motion: filter({
    summary: 'blurs along a line, like a moving camera',
    group: 'smoothing',
    source:
      'As documented for MATLAB’s fspecial: 1 − the distance to the segment, at least 0, normalised to 1. Length 9 at 0° is nine weights of 1/9.',
    params: {
      length: number('length of the line, in pixels', 9, { min: 1, max: 2000 }),
      angle: number('direction in degrees, counterclockwise from the x axis', 0, { min: -360, max: 360 }),
    },
    build: ({ length, angle }) => single(motionLine(length, angle)),
  }),
  savgol: filter({
    summary:
      'smooths without flattening peaks, or differentiates, by fitting a polynomial along rows or columns',
    group: 'smoothing',
    source:
      'A. Savitzky, M. Golay 1964: smooth5 -3 12 17 12 -3 over 35, smooth7 -2 3 6 7 6 3 -2 over 21, d1 -2 -1 0 1 2 over 10, ' +
      'd2 2 -1 -2 -1 2 over 7. d1 is positive where it gets brighter; SciPy flips it.',
    params: {
      kind: choice(
        'smooth5, smooth7: value of the fit; d1, d2: its first and second derivative',
        ['smooth5', 'smooth7', 'd1', 'd2'],
        'smooth5',
      ),
      axis: choice('x: along rows; y: along columns; both: one after the other', ['x', 'y', 'both'], 'x'),
    },
    build: ({ kind, axis }) => {
      const { taps, scale } = savgolTaps[kind]
      if (axis === 'both') return only(separable(taps, taps, scale * scale))
      return only(axis === 'x' ? separable([1], taps, scale) : separable(taps, [1], scale))
    },
  }),
}

import type { PlaneKernel, Recipe } from '../conv/recipe.ts'
import { choice, flag } from '../params.ts'
import { filter } from './filter.ts'
import { dense, divided, fullStep, only, separable, several } from './plane.ts'

const axes = ['x', 'y', 'magnitude', 'angle'] as const

const gradientParams = {
  axis: choice(
    'x: positive where it gets brighter to the right; y: positive where it gets brighter downwards; magnitude: √(x² + y²); angle: direction of (x, y), -180° is black and 180° white',
    axes,
    'magnitude',
  ),
  unit: flag('scale the result so that a step from black to white gives white; does not change the angle'),
}

type GradientValues = { readonly axis: (typeof axes)[number]; readonly unit: boolean }

/**
 * Makes the recipe of one axis, or of both combined. `both` is the magnitude of a step from black to white, before any
 * division.
 */
function gradient(
  x: PlaneKernel,
  y: PlaneKernel,
  { axis, unit }: GradientValues,
  both = fullStep(x),
): Recipe {
  if (axis === 'x' || axis === 'y') {
    const k = axis === 'x' ? x : y
    return only(unit ? divided(k, fullStep(k)) : k)
  }
  return several([x, y], { kind: axis }, { scale: unit && axis === 'magnitude' ? both : 1 })
}

/** Smooths along the edge and takes differences across it. The y kernel is the transpose of the x kernel. */
const crossed = (smooth: readonly number[], difference: readonly number[], values: GradientValues): Recipe =>
  gradient(separable(smooth, difference), separable(difference, smooth), values)

const faridSmooth = [
  0.0376593171958126, 0.249153396177344, 0.426374573253687, 0.249153396177344, 0.0376593171958126,
]
const faridDifference = [-0.109603762960254, -0.276690988455557, 0, 0.276690988455557, 0.109603762960254]

/** First derivatives: where, how much and in which direction the picture gets brighter. */
export const gradients = {
  sobel: filter({
    summary: 'finds edges, with smoothed differences of neighbouring pixels',
    group: 'edges',
    source:
      'I. Sobel, G. Feldman 1968: -1 0 1; -2 0 2; -1 0 1 and its transpose; size 5: 1 4 6 4 1 down, -1 -2 0 2 1 across. ' +
      'Raw gain, as in ImageMagick, OpenCV and FFmpeg: a step of 64 levels saturates; scikit-image divides by 4, and the magnitude also by √2.',
    params: { size: choice('size of the kernel', ['3', '5'], '3'), ...gradientParams },
    build: ({ size, ...values }) =>
      size === '3'
        ? crossed([1, 2, 1], [-1, 0, 1], values)
        : crossed([1, 4, 6, 4, 1], [-1, -2, 0, 2, 1], values),
  }),
  prewitt: filter({
    summary: 'finds edges, with differences of means of three pixels',
    group: 'edges',
    source: 'J. Prewitt 1970: -1 0 1 in three rows, and its transpose. Raw gain; scikit-image divides by 3.',
    params: gradientParams,
    build: (values) => crossed([1, 1, 1], [-1, 0, 1], values),
  }),
  scharr: filter({
    summary: 'finds edges, with nearly exact directions',
    group: 'edges',
    source:
      'H. Scharr 2000: -3 0 3; -10 0 10; -3 0 3 and its transpose, as in OpenCV and libvips. Raw gain; scikit-image divides by 16; ' +
      'FFmpeg has 47 162 47 over 256.',
    params: gradientParams,
    build: (values) => crossed([3, 10, 3], [-1, 0, 1], values),
  }),
  farid: filter({
    summary: 'finds edges, with 5x5 kernels designed for exact directions',
    group: 'edges',
    source:
      'H. Farid, E. Simoncelli 2004: matched smoothing and difference filters of five taps, with the numbers of scikit-image.',
    params: gradientParams,
    build: (values) => crossed(faridSmooth, faridDifference, values),
  }),
  roberts: filter({
    summary: 'finds edges, with 2x2 kernels along the two diagonals',
    group: 'edges',
    source:
      'L. Roberts 1963: x is 1 0; 0 -1, y is 0 1; -1 0, so the angle is that of the gradient plus 135°. The anchor is the lower ' +
      'right tap, floor(2/2); ImageMagick and G’MIC use the upper left. A full horizontal or vertical step gives √2. FFmpeg’s roberts is a different filter.',
    params: gradientParams,
    build: (values) => gradient(dense('1 0; 0 -1'), dense('0 1; -1 0'), values, Math.SQRT2),
  }),
}

import { single } from '../conv/recipe.ts'
import { flag, number } from '../params.ts'
import { filter } from './filter.ts'
import { bell, dense, only, several } from './plane.ts'
import { gabor } from './weights.ts'

const degrees = { min: -360, max: 360 }
const itself = dense('1')

/** Filters that enhance detail, relief and texture. */
export const detail = {
  sharpen: filter({
    summary: 'sharpens by amplifying the difference between each pixel and its four neighbours',
    group: 'detail',
    source:
      '0 -1 0; -1 5 -1; 0 -1 0, the picture minus its Laplacian. sharp uses -1 and 32 over 24, Pillow -2 and 32 over 16.',
    params: { amount: number('how much of the difference is added', 1, { min: 0, max: 100 }) },
    build: ({ amount: a }) => only(dense(`0 ${-a} 0; ${-a} ${1 + 4 * a} ${-a}; 0 ${-a} 0`)),
  }),
  unsharp: filter({
    summary: 'sharpens with an unsharp mask: adds the difference from a blurred copy',
    group: 'detail',
    hasSeveral: true,
    source:
      'I + amount (I − G(σ) I) where |I − G(σ) I| exceeds the threshold, otherwise I; G is the filter gaussian.',
    params: {
      sigma: number('standard deviation of the blur, in pixels', 1, { min: 0.1, max: 500 }),
      amount: number('how much of the difference is added', 1, { min: 0, max: 100 }),
      threshold: number('smaller differences are not changed, in levels of 0..255', 0, { min: 0, max: 255 }),
    },
    build: ({ sigma, amount, threshold }) =>
      several([itself, bell(sigma)], { kind: 'unsharp', amount, threshold }),
  }),
  highpass: filter({
    summary: 'keeps fine detail: the picture minus its blurred copy, around middle gray',
    group: 'detail',
    hasSeveral: true,
    source:
      'I − G(σ) I, G is the filter gaussian, plus 127.5 levels. --bias 0 --range raw and .npy keep the sign.',
    params: { sigma: number('standard deviation of the blur, in pixels', 3, { min: 0.1, max: 500 }) },
    build: ({ sigma }) => several([itself, bell(sigma)], { kind: 'difference' }, { offset: 127.5 }),
  }),
  'local-contrast': filter({
    summary: 'raises contrast relative to a wide neighbourhood, which removes haze',
    group: 'detail',
    hasSeveral: true,
    source:
      'An unsharp mask of a wide blur: I + amount (I − G(σ) I), G is the filter gaussian. -local-contrast of ImageMagick blurs with a tent.',
    params: {
      sigma: number('standard deviation of the blur, in pixels', 30, { min: 0.1, max: 500 }),
      amount: number('how much of the difference is added', 0.4, { min: 0, max: 100 }),
    },
    build: ({ sigma, amount }) => several([itself, bell(sigma)], { kind: 'unsharp', amount, threshold: 0 }),
  }),
  emboss: filter({
    summary: 'makes a relief lit from the upper left',
    group: 'detail',
    source: '-2 -1 0; -1 1 1; 0 1 2, with sum 1. Pillow uses -1 0 0; 0 1 0; 0 0 0 and adds 128.',
    params: {},
    build: () => only(dense('-2 -1 0; -1 1 1; 0 1 2')),
  }),
  gabor: filter({
    summary: 'responds to stripes of one direction and width',
    group: 'texture',
    source:
      'D. Gabor 1946, J. Daugman 1985: exp(−(x′² + γ² y′²)/2σ²) · cos(2π x′/λ + ψ), x′ = x cos θ + y sin θ, divided by the sum of its ' +
      'positive weights, so that matching black and white stripes give white; cut at 4 standard deviations. OpenCV does not normalise it (--scale 1) and uses radians.',
    params: {
      sigma: number('standard deviation of the envelope across the stripes, in pixels', 3, {
        min: 0.3,
        max: 30,
      }),
      theta: number('direction across the stripes in degrees, clockwise from the x axis', 0, degrees),
      lambda: number('width of a stripe plus its gap, in pixels', 6, { min: 2, max: 500 }),
      gamma: number('width of the envelope across the stripes, divided by its length along them', 0.5, {
        min: 0.1,
        max: 10,
      }),
      psi: number('phase in degrees: 0 a bright stripe in the middle, 90 an edge', 0, degrees),
      'zero-mean': flag('give 0 in flat areas'),
    },
    build: ({ 'zero-mean': zeroMean, ...values }) => single(gabor({ ...values, zeroMean })),
  }),
}

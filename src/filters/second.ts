import { single } from '../conv/recipe.ts'
import { ConvoError } from '../error.ts'
import { choice, number } from '../params.ts'
import { filter } from './filter.ts'
import { bell, dense, only, several } from './plane.ts'
import { laplacianOfGaussian } from './weights.ts'

const lines = {
  '0': '-1 -1 -1; 2 2 2; -1 -1 -1',
  '45': '-1 -1 2; -1 2 -1; 2 -1 -1',
  '90': '-1 2 -1; -1 2 -1; -1 2 -1',
  '135': '2 -1 -1; -1 2 -1; -1 -1 2',
}

/** Second derivatives: spots, lines and the places where edges cross zero. */
export const seconds = {
  laplacian: filter({
    summary: 'finds pixels darker or brighter than their neighbours (second derivative)',
    group: 'edges',
    source:
      '4 neighbours: 0 1 0; 1 -4 1; 0 1 0; 8 neighbours: 1 1 1; 1 -8 1; 1 1 1. The middle is negative, as in OpenCV and SciPy; ' +
      'positive in scikit-image and ImageMagick. OpenCV’s ksize 3 is 2 0 2; 0 -8 0; 2 0 2.',
    params: { neighbours: choice('number of neighbours that the middle is compared with', ['4', '8'], '4') },
    build: ({ neighbours }) =>
      only(dense(neighbours === '4' ? '0 1 0; 1 -4 1; 0 1 0' : '1 1 1; 1 -8 1; 1 1 1')),
  }),
  log: filter({
    summary: 'finds spots and edges of one size, with the Laplacian of a Gaussian',
    group: 'edges',
    source:
      'D. Marr, E. Hildreth 1980: (r² − 2σ²)/σ⁴ · exp(−r²/2σ²), cut at trunc(4σ + 0.5), mean removed. Without the factor 1/2πσ² of ' +
      'SciPy and MATLAB, so that the result does not fade as sigma grows. ImageMagick uses the opposite sign.',
    params: { sigma: number('standard deviation, in pixels', 1, { min: 0.3, max: 30 }) },
    build: ({ sigma }) => single(laplacianOfGaussian(sigma)),
  }),
  dog: filter({
    summary: 'keeps details between two sizes, with the difference of two Gaussians',
    group: 'edges',
    hasSeveral: true,
    source:
      'G(σ) − G(σ2), G is the filter gaussian; σ2 = 1.6 σ comes nearest to the Laplacian (D. Marr, E. Hildreth 1980).',
    params: {
      sigma: number('standard deviation of the first, in pixels', 1, { min: 0.1, max: 500 }),
      sigma2: number('standard deviation of the second, in pixels', undefined, {
        min: 0.1,
        max: 500,
        unset: 'the first times the ratio',
      }),
      ratio: number('the second divided by the first', undefined, { min: 0.01, max: 100, unset: '1.6' }),
    },
    build: ({ sigma, sigma2, ratio }) => {
      if (sigma2 !== undefined && ratio !== undefined) {
        const what = `sigma2 and ratio cannot be used together, got sigma2 ${sigma2} and ratio ${ratio}`
        throw new ConvoError('E_OPTION', what, { fix: 'no --ratio' })
      }
      const second = sigma2 ?? sigma * (ratio ?? 1.6)
      if (second === sigma) {
        const what = `the two standard deviations must differ, got ${sigma} twice: the result would be 0 everywhere`
        throw new ConvoError('E_OPTION', what, { fix: sigma2 === undefined ? 'no --ratio' : 'no --sigma2' })
      }
      return several([bell(sigma), bell(second)], { kind: 'difference' })
    },
  }),
  outline: filter({
    summary: 'draws outlines, with the difference between each pixel and its eight neighbours',
    group: 'edges',
    source: '-1 -1 -1; -1 8 -1; -1 -1 -1, the negative of laplacian with 8 neighbours; FIND_EDGES in Pillow.',
    params: {},
    build: () => only(dense('-1 -1 -1; -1 8 -1; -1 -1 -1')),
  }),
  line: filter({
    summary: 'finds bright lines of one direction, one pixel wide',
    group: 'edges',
    source:
      'The line masks of the textbooks: -1 -1 -1; 2 2 2; -1 -1 -1 and its rotations. 45 rises to the right; books whose x axis points ' +
      'down call that -45.',
    params: {
      angle: choice('direction of the line in degrees, counterclockwise', ['0', '45', '90', '135'], '0'),
    },
    build: ({ angle }) => only(dense(lines[angle])),
  }),
}

import { link } from '../definition/edges.ts'
import type { Engine } from '../definition/engine.ts'
import { ConvoError } from '../error.ts'
import { type Operator, operator, type Step } from '../operators/operator.ts'
import { choice, number } from '../params.ts'
import { Tensor } from '../tensor/tensor.ts'
import { type Outside, outside } from './outside.ts'
import { bell } from './plane.ts'
import { filtered, luminance, mixed, place, slopes } from './planes.ts'

// Filters for edges and corners that need more than one sum of weights.

const mirrored: Outside = { border: 'symmetric', fill: 0, level: 0 }

/**
 * Returns the tensor of the gradient: the products xx, xy and yy of the slopes, where white is 1, summed over channels
 * and smoothed.
 */
async function gradientTensor(
  engine: Engine,
  x: Tensor,
  sigma: number,
  beyond: Outside,
  full: number,
): Promise<[xx: Tensor, xy: Tensor, yy: Tensor]> {
  const across = await filtered(engine, x, slopes(8 * full).x, beyond, full)
  const down = await filtered(engine, x, slopes(8 * full).y, beyond, full)
  const product = async (a: Tensor, b: Tensor) => {
    const each = await place(engine, 'times', [a, b])
    const channels = x.shape[0]!
    const sum = channels === 1 ? each : await mixed(engine, each, new Array<number>(channels).fill(1))
    // the products are extended by the border mode too, with a fill value of 0
    return filtered(engine, sum, bell(sigma), { ...beyond, level: 0 }, 1)
  }
  return [await product(across, across), await product(across, down), await product(down, down)]
}

const ofTensor = (
  sigma: number,
  beyond: Outside,
  full: number,
  make: (engine: Engine, parts: [Tensor, Tensor, Tensor]) => Promise<Tensor>,
): Step => ({
  acts: 'colour',
  arithmetic: { algorithm: 'tensor', reason: 'products of slopes, smoothed in two passes' },
  apply: async (x, engine) => make(engine, await gradientTensor(engine, x, sigma, beyond, full)),
})

const sigmaParam = (what: string, usual: number) =>
  number(`standard deviation of ${what}, in pixels`, usual, { min: 0.1, max: 100 })

const structures = ['coherence', 'angle', 'larger', 'smaller'] as const
const formulaOf = {
  coherence: 'coherence',
  angle: 'direction',
  larger: 'larger',
  smaller: 'smaller',
} as const

/** Filters that find edges and corners. */
export const edges: Readonly<Record<string, Operator>> = {
  canny: operator({
    summary:
      'draws edges as lines one pixel wide, and drops weak edges that are not connected to strong ones',
    formula:
      'gradient (Sobel) of the picture smoothed by σ; ridges of its magnitude, interpolated along the gradient; those of at least ' +
      'low that are connected to one of at least high become white',
    source:
      'Canny 1986, as in scikit-image with mode="nearest", of the luminance, and of each channel of maps. In float32, so ties at the last digit may be decided differently. ' +
      'OpenCV uses whole numbers, four directions and no smoothing',
    group: 'edges',
    params: {
      sigma: number('standard deviation of the blur that is applied first, in pixels; 0 for none', 1, {
        min: 0,
        max: 100,
      }),
      low: number('lowest magnitude of an edge, in levels of 0..255 as from sobel', 25.5, {
        min: 0,
        max: 1500,
      }),
      high: number('magnitude that an edge must reach somewhere', 51, { min: 0, max: 1500 }),
    },
    kernel: 'none',
    takes: ['border', 'fill'],
    examples: ['convo canny in.png out.png --sigma 2', 'convo canny in.png out.png --low 20 --high 60'],
    build({ values: { sigma, low, high }, settings, full }) {
      if (low > high) {
        throw new ConvoError('E_OPTION', `--low ${low} is above --high ${high}`, { fix: `--low ${high}` })
      }
      if (sigma > 0 && sigma < 0.1) {
        throw new ConvoError('E_OPTION', `--sigma must be 0, or at least 0.1, got ${sigma}`, {
          fix: '--sigma 0',
        })
      }
      const beyond = outside(settings, full)
      const level = (v: number) => Math.fround((v * full) / 255)
      return {
        acts: 'colour',
        arithmetic: {
          algorithm: 'canny',
          reason:
            'gradient and ridges in strips; connected edges are found in the whole picture, at two bits per pixel',
        },
        async apply(x, engine) {
          const gray = await luminance(engine, x)
          const smooth = sigma === 0 ? gray : await filtered(engine, gray, bell(sigma), beyond, full)
          const gx = await filtered(engine, smooth, slopes(1).x, mirrored, full)
          const gy = await filtered(engine, smooth, slopes(1).y, mirrored, full)
          return engine.layer('thinned', [gx, gy], { low: level(low), high: level(high) })
        },
        async settle({ shape, data }) {
          const [channels, height, width] = shape as [number, number, number]
          const out = new Float32Array(data.length)
          for (let c = 0, plane = height * width; c < channels; c++) {
            const [to, marked] = [out, data].map((all) => all.subarray(c * plane, (c + 1) * plane))
            await link(to!, marked!, [height, width], full)
          }
          return new Tensor(shape, out)
        },
      }
    },
  }),
  'structure-tensor': operator({
    summary: 'measures the main direction of a neighbourhood, and how strong it is',
    formula:
      'S = G(σ) ∗ Σ over channels of [gx·gx gx·gy; gx·gy gy·gy], where white is 1; eigenvalues l1 ≥ l2; coherence ((l1 − l2)/(l1 + l2))²; ' +
      'angle of the gradient −90°..90°',
    source:
      'Förstner 1986, Bigün and Granlund 1987; channels summed as Di Zenzo 1986. gx and gy are Sobel over 8, so the eigenvalues are 1/64 ' +
      'of scikit-image’s',
    group: 'texture',
    params: {
      sigma: sigmaParam('the neighbourhood', 2),
      give: choice(
        'coherence: black where all directions are equal, white where there is only one; angle: across the stripes, -90° is black and 90° white; larger, ' +
          'smaller: the eigenvalues, for .npy or --range minmax',
        structures,
        'coherence',
      ),
    },
    kernel: 'none',
    takes: ['border', 'fill'],
    build: ({ values: { sigma, give }, settings, full }) =>
      ofTensor(sigma, outside(settings, full), full, async (engine, parts) => {
        const made = await place(engine, formulaOf[give], parts, { full })
        const isLevel = give === 'coherence' || give === 'angle'
        return isLevel ? made : place(engine, 'share', [made], { by: full })
      }),
  }),
  harris: operator({
    summary: 'finds corners: bright at corners, black along edges and in flat areas',
    formula:
      'R = det S − kappa (trace S)², S the tensor of structure-tensor; out = 4 · ⁴√R where R is positive, else 0',
    source:
      'Harris and Stephens 1988. The fourth root of R is proportional to the contrast of a corner: that of a black and a white area gives white. ' +
      'gx and gy are Sobel over 8, so R is 1/4096 of scikit-image’s corner_harris',
    group: 'edges',
    params: {
      sigma: sigmaParam('the neighbourhood', 1),
      kappa: number('how strongly edges are suppressed', 0.05, { min: 0, max: 0.25 }),
      give: choice(
        'corners: their contrast; response: R itself, negative at edges and very small, for .npy or --range minmax',
        ['corners', 'response'],
        'corners',
      ),
    },
    kernel: 'none',
    takes: ['border', 'fill'],
    build: ({ values: { sigma, kappa, give }, settings, full }) =>
      ofTensor(sigma, outside(settings, full), full, async (engine, parts) =>
        give === 'corners'
          ? place(engine, 'corner', parts, { full, by: kappa })
          : place(engine, 'share', [await place(engine, 'harris', parts, { by: kappa })], { by: full }),
      ),
  }),
}

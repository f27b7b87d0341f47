import { ConvoError } from '../error.ts'
import { oddSide } from '../operators/involution.ts'
import { type Operator, operator } from '../operators/operator.ts'
import { choice, integer, number } from '../params.ts'
import { outside } from './outside.ts'
import { filtered, luminance, mean, mixed, place } from './planes.ts'

// Filters that smooth but keep edges.

const similarity = {
  algorithm: 'similarity',
  reason: 'kernels from the similarity of pixels, applied to each pixel',
} as const

/** Filters that smooth but keep edges. */
export const keeping: Readonly<Record<string, Operator>> = {
  bilateral: operator({
    summary: 'smooths but keeps edges: averages neighbours of similar colour',
    formula: 'out = Σ w x / Σ w, w = exp(−distance²/2σs²) · exp(−difference²/2σc²)',
    source:
      'Tomasi and Manduchi 1998; the involution with the generator bilateral. The difference of two colours is the root mean square over ' +
      'channels; OpenCV adds the absolute differences of the channels and uses a round window. At the edges, pixels outside do not count; ' +
      'OpenCV mirrors the picture',
    group: 'smoothing',
    params: {
      size: { ...oddSide('width of the neighbourhood in pixels', 255), default: 9 },
      'sigma-space': number(
        'how quickly weights fall with distance (standard deviation, in pixels)',
        undefined,
        { min: 0.1, max: 1000, unset: 'half the radius of the neighbourhood' },
      ),
      'sigma-color': number(
        'how quickly weights fall with difference (standard deviation, in levels of 0..255)',
        25,
        {
          min: 0.01,
          max: 1e6,
        },
      ),
    },
    kernel: 'none',
    takes: [],
    examples: ['convo bilateral in.png out.png --sigma-color 50'],
    build: ({ values, full }) => ({
      acts: 'colour',
      arithmetic: similarity,
      apply: (x, engine) =>
        engine.involve(x, {
          size: values.size,
          dilation: 1,
          sigmaSpace: values['sigma-space'] ?? Math.max((values.size - 1) / 4, 0.5),
          sigmaRange: (values['sigma-color'] * full) / 255,
          patch: 1,
        }),
    }),
  }),
  nlmeans: operator({
    summary: 'removes noise: averages pixels whose neighbourhoods are similar',
    formula:
      'out = Σ w x / Σ w over the neighbourhood, w = exp(−d²/2 strength²), d² the mean square difference of two patches',
    source:
      'Buades, Coll and Morel 2005; the involution with the generator attention. scikit-image and OpenCV write h² for 2 strength², and subtract ' +
      'the variance of the noise. At the edges, pixels outside do not count',
    group: 'smoothing',
    params: {
      size: { ...oddSide('width of the neighbourhood in pixels', 255), default: 11 },
      patch: { ...oddSide('width of a patch in pixels', 31), default: 5 },
      strength: number(
        'how different similar patches may be, in levels of 0..255; about half the standard deviation of the noise',
        10,
        {
          min: 0.01,
          max: 1e6,
        },
      ),
    },
    kernel: 'none',
    takes: [],
    examples: ['convo nlmeans in.png out.png --strength 5'],
    build: ({ values: { size, patch, strength }, full }) => ({
      acts: 'colour',
      arithmetic: similarity,
      apply: (x, engine) =>
        engine.involve(x, {
          size,
          dilation: 1,
          sigmaSpace: Number.POSITIVE_INFINITY,
          sigmaRange: (strength * full) / 255,
          patch,
        }),
    }),
  }),
  guided: operator({
    summary: 'smooths but keeps edges, without halos, at any radius',
    formula:
      'a = cov(I, p) / (var(I) + edge²), b = mean(p) − a mean(I), out = mean(a) I + mean(b), means over squares',
    source:
      'He, Sun and Tang 2013. At the edges, squares include the border; He divides by the pixels inside. edge is the square root of He’s epsilon',
    group: 'smoothing',
    params: {
      radius: integer('radius of the squares, in pixels', 4, { min: 1, max: 500 }),
      edge: number('contrast that counts as an edge, in levels of 0..255', 25.5, { min: 0.01, max: 1000 }),
      guide: choice(
        'self: each channel guides itself; luminance: one guide for all',
        ['self', 'luminance'],
        'self',
      ),
    },
    kernel: 'none',
    takes: ['border', 'fill'],
    build: ({ values: { radius, edge, guide }, settings, full }) => ({
      acts: 'colour',
      isChannelwise: guide === 'self',
      arithmetic: {
        algorithm: 'guided',
        reason: 'means over squares in two passes, and a line fitted to each',
      },
      async apply(x, engine) {
        const beyond = outside(settings, full)
        const smooth = (planes: typeof x) => filtered(engine, planes, mean(radius), beyond, full)
        const channels = x.shape[0]!
        if (guide === 'luminance' && channels !== 1 && channels !== 3) {
          const what = `--guide luminance needs a picture in gray or colour, got ${channels} maps`
          throw new ConvoError('E_OPTION', what, { fix: '--guide self' })
        }
        const isOwn = guide === 'self' || channels === 1
        const one = isOwn ? x : await luminance(engine, x)
        const i = isOwn ? x : await mixed(engine, one, [1, 1, 1])
        const meanI = await smooth(i)
        const meanP = isOwn ? meanI : await smooth(x)
        const meanII = await smooth(await place(engine, 'times', [i, i]))
        const meanIP = isOwn ? meanII : await smooth(await place(engine, 'times', [i, x]))
        const by = ((edge * full) / 255) ** 2
        const a = await place(engine, 'slope', [meanIP, meanI, meanP, meanII], { by })
        const b = await place(engine, 'rest', [meanP, a, meanI])
        return place(engine, 'line', [await smooth(a), i, await smooth(b)])
      },
    }),
  }),
}

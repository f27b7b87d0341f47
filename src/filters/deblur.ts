import { filterDefaults, planRecipe, type RecipePlan } from '../conv/plan.ts'
import { single } from '../conv/recipe.ts'
import type { Engine } from '../definition/engine.ts'
import { ConvoError } from '../error.ts'
import { flip } from '../kernel/analyse.ts'
import { type Kernel, kernel as kernelOf } from '../kernel/kernel.ts'
import { wrongRank } from '../operators/bank.ts'
import { type Operator, operator } from '../operators/operator.ts'
import { recipeStep } from '../operators/recipe.ts'
import { choice, integer, number } from '../params.ts'
import { Tensor } from '../tensor/tensor.ts'
import { inverseOf, isCutOff } from './inverse.ts'
import { outside } from './outside.ts'
import { place } from './planes.ts'

// Filters that undo a blur of which the kernel is known.

/** The kernel of a blur, whose weights sum to 1. @throws ConvoError E_KERNEL_SHAPE, E_KERNEL_VALUE */
function blurOf(operation: string, given: Kernel, mayBeNegative: boolean): Kernel {
  if (given.shape.length !== 2) throw wrongRank(operation, given, '[kH,kW]')
  const sum = given.weights.reduce((total, w) => total + w, 0)
  const total = given.weights.reduce((all, w) => all + Math.abs(w), 0)
  if (Math.abs(sum) <= 1e-6 * total) {
    throw new ConvoError(
      'E_KERNEL_VALUE',
      `${operation} needs the kernel of a blur, but these weights sum to 0`,
      {
        fix: '--kernel gaussian:sigma=2',
      },
    )
  }
  const weights = given.weights.map((w) => w / sum)
  if (!mayBeNegative && weights.some((w) => w < 0)) {
    throw new ConvoError(
      'E_KERNEL_VALUE',
      `${operation} needs a kernel whose weights all have the same sign`,
      {
        fix: 'wiener, which accepts any blur',
      },
    )
  }
  return kernelOf(given.shape, weights, given.anchor === undefined ? {} : { anchor: given.anchor })
}

/** What to do about an inverse that is cut off; `over` makes others of the same blur. */
function cutNote(balance: number, over: (balance: number, noise?: 'flat') => Kernel): string {
  const larger = () =>
    [3, 10, 30, 100]
      .map((times) => Number((balance * times).toPrecision(3)))
      .find((one) => !isCutOff(over(one)))
  const enough = isCutOff(over(balance, 'flat')) ? larger() : 'flat'
  const advice =
    enough === undefined ? '' : enough === 'flat' ? '--penalty flat or ' : `--balance ${enough} or `
  return `the kernel that undoes this blur was cut off at 511x511, which distorts the result; ${advice}richardson-lucy avoids it`
}

const middleOf = ({ shape: [kH = 1, kW = 1], anchor }: Kernel): readonly [y: number, x: number] =>
  anchor ?? [Math.floor(kH / 2), Math.floor(kW / 2)]

/** Below this share of its weights that are on the picture a pixel outside is not corrected. */
const leastSeen = 1e-3

/** How Richardson and Lucy go about a picture: an estimate that is larger than it, its blur, and what corrects it. */
type Correction = {
  readonly blur: RecipePlan
  readonly back: RecipePlan
  readonly formula: 'ratio' | 'damped'
  readonly by: number
  readonly full: number
}

/** One estimate from the one before; `seen` is the picture with zeros around it, `weight` what of the kernel is on it. */
const corrected = (
  engine: Engine,
  estimate: Tensor,
  seen: Tensor,
  weight: Tensor,
  { blur, back, formula, by, full }: Correction,
): Promise<Tensor> =>
  engine.together([estimate, seen, weight], async (own, e, s, w) => {
    const short = await place(own, formula, [s!, await own.filter(e!, blur, full)], { full, by })
    return place(own, 'refined', [e!, await own.filter(short, back, 1), w!], { by: leastSeen })
  })

/** The estimate after some iterations, of a channel [1,H,W]. It begins flat: the level does not matter. */
async function restored(
  engine: Engine,
  x: Tensor,
  k: Kernel,
  iterations: number,
  damping: number,
  full: number,
): Promise<Tensor> {
  const [, height, width] = x.shape as [number, number, number]
  const [kH = 1, kW = 1] = k.shape
  const [y, left] = middleOf(k)
  // the pixels outside that the picture's own see
  const margins = { top: y, bottom: kH - 1 - y, left, right: kW - 1 - left }
  const seen = await engine.layer('framed', [x], { margins, border: 'constant', fill: 0 })
  const [, high, wide] = seen.shape as [number, number, number]
  const peak = () => x.data.reduce((most, v) => Math.max(most, Math.abs(v)), 0)
  const plan = (kernel: Kernel) =>
    planRecipe(
      single(kernel),
      { ...filterDefaults, border: 'constant' },
      { width: wide, height: high, samples: 'f32', peak },
    )
  const turned = flip({ ...k, anchor: [y, left] })
  const formula = damping === 0 ? 'ratio' : 'damped'
  const steps: Correction = { blur: plan(k), back: plan(turned), formula, by: damping, full }
  const ones = new Tensor(x.shape, new Float32Array(height * width).fill(1))
  const there = await engine.layer('framed', [ones], { margins, border: 'constant', fill: 0 })
  const weight = await engine.filter(there, steps.back, 1)
  let estimate = new Tensor(seen.shape, new Float32Array(high * wide).fill(Math.fround(full / 2)))
  for (let i = 0; i < iterations; i++) estimate = await corrected(engine, estimate, seen, weight, steps)
  const rows = Int32Array.from({ length: height }, (_, i) => y + i)
  const columns = Int32Array.from({ length: width }, (_, i) => left + i)
  return engine.layer('chosen', [estimate], { rows, columns })
}

/** Filters that undo a blur. */
export const deblurring: Readonly<Record<string, Operator>> = {
  wiener: operator({
    summary: 'removes a known blur in one step, as far as noise allows',
    formula:
      'out = F⁻¹(conj H / (|H|² + balance · |L|²)) ∗ x, H the blur, L = 1, or the laplacian with --penalty laplacian',
    source:
      'Wiener 1949; with --penalty laplacian Hunt 1971, as in scikit-image’s wiener. Its kernel is computed in float64, cut where the rest ' +
      'sums to 1/1024, and applied like any other, so --border works (default: symmetric)',
    group: 'detail',
    params: {
      balance: number('expected amount of noise; more is smoother', 0.01, { min: 1e-9, max: 1e6 }),
      penalty: choice(
        'kind of noise: equal at all frequencies, or fine grain',
        ['flat', 'laplacian'],
        'flat',
      ),
    },
    kernel: 'required',
    takes: ['border', 'fill'],
    sample: 'gaussian:sigma=2',
    examples: ['convo wiener in.png out.png --kernel motion:length=15,angle=30'],
    build({ values: { balance, penalty }, kernel, settings, full }) {
      outside(settings, full)
      const blur = blurOf('wiener', kernel!, true)
      const over = (amount: number, noise = penalty) => inverseOf(blur, middleOf(blur), amount, noise)
      const inverse = over(balance)
      const step = recipeStep(
        single(inverse),
        { kernel, settings, full },
        { border: settings.border ?? 'symmetric' },
      )
      return isCutOff(inverse) ? { ...step, notes: [cutNote(balance, over)] } : step
    },
  }),
  'richardson-lucy': operator({
    summary: 'removes a known blur step by step, without values below black',
    formula:
      'e ← e · (Kᵀ(x / K e)) / Kᵀ1, repeated from a flat e; K is the blur, Kᵀ the same rotated by 180°',
    source:
      'Richardson 1972, Lucy 1974. Pixels outside that contribute are estimated too, so that borders do not ring (Bertero and ' +
      'Boccacci 2005); scikit-image assumes black. Damping as in White 1994, for uniform noise',
    group: 'detail',
    params: {
      iterations: integer('number of iterations; more is sharper and noisier', 20, { min: 1, max: 10_000 }),
      damping: number('smaller differences are treated as noise, in levels of 0..255', 0, {
        min: 0,
        max: 255,
      }),
    },
    kernel: 'required',
    takes: [],
    sample: 'gaussian:sigma=2',
    examples: ['convo richardson-lucy in.png out.png --kernel gaussian:sigma=2 --iterations 30'],
    build({ values: { iterations, damping }, kernel, full }) {
      const blur = blurOf('richardson-lucy', kernel!, false)
      return {
        acts: 'colour',
        seesAll: true,
        multiplications: ([channels, height, width]) => {
          const [kH = 1, kW = 1] = blur.shape
          const taps = blur.weights.filter((w) => w !== 0).length
          return 2 * iterations * taps * channels * (height + kH - 1) * (width + kW - 1)
        },
        arithmetic: {
          algorithm: 'richardson-lucy',
          reason: 'two sums and a correction over the whole picture in each iteration',
        },
        async apply(x, engine) {
          const [channels, height, width] = x.shape as [number, number, number]
          const out = Tensor.zeros(x.shape)
          const plane = height * width
          for (let c = 0; c < channels; c++) {
            const own = new Tensor([1, height, width], x.data.subarray(c * plane, (c + 1) * plane))
            const { data } = await restored(engine, own, blur, iterations, (damping * full) / 255, full)
            out.data.set(data, c * plane)
          }
          return out
        },
      }
    },
  }),
}

import { filterDefaults, planRecipe } from '../conv/plan.ts'
import { single } from '../conv/recipe.ts'
import type { Engine } from '../definition/engine.ts'
import { ConvoError } from '../error.ts'
import { inTurns } from '../host/turns.ts'
import { flip } from '../kernel/analyse.ts'
import { type Kernel, kernel as kernelOf } from '../kernel/kernel.ts'
import { wrongRank } from '../operators/bank.ts'
import { type Operator, operator } from '../operators/operator.ts'
import { recipeStep } from '../operators/recipe.ts'
import { choice, integer, number } from '../params.ts'
import { extremes, type Seen } from '../tensor/picture.ts'
import { Tensor } from '../tensor/tensor.ts'
import { inverseOf, isCutOff } from './inverse.ts'
import { outside } from './outside.ts'
import { place } from './planes.ts'

// Filters that undo a known blur.

/**
 * Returns the kernel of a blur, scaled so that its weights sum to 1. @throws ConvoError E_KERNEL_SHAPE, E_KERNEL_VALUE
 */
function blurOf(operation: string, given: Kernel, mayBeNegative: boolean): Kernel {
  if (given.shape.length !== 2) throw wrongRank(operation, given, '[kH,kW]')
  const sum = given.weights.reduce((total, w) => total + w, 0)
  const total = given.weights.reduce((all, w) => all + Math.abs(w), 0)
  if (Math.abs(sum) <= 1e-6 * total) {
    const what = `${operation} needs the kernel of a blur, but these weights sum to 0`
    throw new ConvoError('E_KERNEL_VALUE', what, { fix: '--kernel gaussian:sigma=2' })
  }
  const weights = given.weights.map((w) => w / sum)
  if (!mayBeNegative && weights.some((w) => w < 0)) {
    const what = `${operation} needs a kernel whose weights all have the same sign`
    throw new ConvoError('E_KERNEL_VALUE', what, { fix: 'wiener, which accepts any blur' })
  }
  return kernelOf(given.shape, weights, given.anchor === undefined ? {} : { anchor: given.anchor })
}

/** The note about an inverse that was cut off, with advice; `over` makes other inverses of the same blur. */
async function cutNote(
  balance: number,
  over: (balance: number, noise?: 'flat') => Promise<Kernel>,
): Promise<string> {
  const larger = async () => {
    for (const times of [3, 10, 30, 100]) {
      const one = Number((balance * times).toPrecision(3))
      if (!isCutOff(await over(one))) return one
    }
  }
  const enough = isCutOff(await over(balance, 'flat')) ? await larger() : 'flat'
  const advice =
    enough === undefined ? '' : enough === 'flat' ? '--penalty flat or ' : `--balance ${enough} or `
  return `the kernel that undoes this blur was cut off at 511x511, which distorts the result; ${advice}richardson-lucy avoids it`
}

const middleOf = ({ shape: [kH = 1, kW = 1], anchor }: Kernel): readonly [y: number, x: number] =>
  anchor ?? [Math.floor(kH / 2), Math.floor(kW / 2)]

/** If less than this fraction of its weights is on the picture, a pixel outside is not corrected. */
const leastSeen = 1e-3

/** The level that marks samples not seen: pixels around the picture, and samples that are not finite. */
const unseen = -1

/**
 * Returns the light of a channel, and a map of where it was seen: 0 or 1. Returns undefined if the whole channel is
 * finite and not negative.
 */
async function lightOf(
  { shape, data }: Tensor,
  { min, peak }: Seen,
  note: (what: string) => void,
): Promise<readonly [light: Tensor, where: Tensor] | undefined> {
  if (min >= 0 && peak < Number.POSITIVE_INFINITY) return undefined
  const [light, where] = [new Float32Array(data.length), new Float32Array(data.length)]
  await inTurns(data.length, (from, to) => {
    for (let i = from; i < to; i++) {
      const isSeen = Number.isFinite(data[i])
      light[i] = isSeen ? Math.max(0, data[i]!) : unseen
      where[i] = isSeen ? 1 : 0
    }
  })
  if (min < 0) note('samples below 0 were taken as 0')
  if (where.includes(0)) note('samples that are not finite were estimated from those around them')
  return [new Tensor(shape, light), new Tensor(shape, where)]
}

/**
 * Returns the light of a channel, raised invisibly above 0 because a 0 would stay 0, with half of white where it was
 * not seen.
 */
async function aboveBlack({ shape, data }: Tensor, full: number): Promise<Tensor> {
  const out = new Float32Array(data.length)
  await inTurns(data.length, (from, to) => {
    for (let i = from; i < to; i++)
      out[i] = data[i] === unseen ? full / 2 : Math.max(data[i]!, full * 2 ** -20)
  })
  return new Tensor(shape, out)
}

/**
 * Restores a channel [1,H,W] by some iterations. Without damping, the first estimate of the picture and its
 * surroundings is flat; its level does not matter.
 */
async function restored(
  engine: Engine,
  x: Tensor,
  k: Kernel,
  iterations: number,
  damping: number,
  full: number,
  note: (what: string) => void,
): Promise<Tensor> {
  const seen = await extremes(x.data)
  const odd = await lightOf(x, seen, note)
  const [light, where] = odd ?? [x]
  const [, height, width] = x.shape as [number, number, number]
  const [kH = 1, kW = 1] = k.shape
  const [y, left] = middleOf(k)
  // the pixels outside that affect pixels of the picture
  const margins = { top: y, bottom: kH - 1 - y, left, right: kW - 1 - left }
  const [high, wide] = [height + kH - 1, width + kW - 1]
  const peak = () => seen.peak
  const plan = (kernel: Kernel) =>
    planRecipe(
      single(kernel),
      { ...filterDefaults, border: 'constant' },
      { width: wide, height: high, samples: 'f32', peak },
    )
  const [blur, back] = [plan(k), plan(flip({ ...k, anchor: [y, left] }))]
  const framed = (own: Engine, one: Tensor, fill: number) =>
    own.layer('framed', [one], { margins, border: 'constant', fill })
  const filled = (own: Engine, level: Tensor, rows: number, columns: number) =>
    own.layer('chosen', [level], { rows: new Int32Array(rows), columns: new Int32Array(columns) })
  const level = (v: number) => new Tensor([1, 1, 1], Float32Array.of(v))
  // the part of the kernel that is on the picture
  const weight = await engine.together([where ?? level(1)], async (own, one) =>
    own.filter(await framed(own, where ? one! : await filled(own, one!, height, width), 0), back, 1),
  )
  const formula = damping === 0 ? 'ratio' : 'damped'
  // with damping, a flat estimate would stay flat where the picture is within the damping of it
  const first =
    damping === 0
      ? await filled(engine, level(full / 2), high, wide)
      : await engine.layer('framed', [await aboveBlack(light, full)], {
          margins,
          border: 'replicate',
          fill: 0,
        })
  const estimate = await engine.together(
    [first, light, weight],
    async (own, e, given, w) => {
      const blurred = await own.filter(e!, blur, full)
      const short = await place(own, formula, [await framed(own, given!, unseen), blurred], {
        full,
        by: damping,
      })
      return place(own, 'refined', [e!, await own.filter(short, back, 1), w!], { by: leastSeen })
    },
    iterations,
  )
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
    async build({ values: { balance, penalty }, kernel, settings, full }) {
      outside(settings, full)
      const blur = blurOf('wiener', kernel!, true)
      const over = (amount: number, noise = penalty) => inverseOf(blur, middleOf(blur), amount, noise)
      const inverse = await over(balance)
      const step = recipeStep(
        single(inverse),
        { kernel, settings, full },
        { border: settings.border ?? 'symmetric' },
      )
      return isCutOff(inverse) ? { ...step, notes: [await cutNote(balance, over)] } : step
    },
  }),
  'richardson-lucy': operator({
    summary: 'removes a known blur step by step, without values below black',
    formula:
      'e ← e · (Kᵀ(x / K e)) / Kᵀ1, repeated from a flat e, or with damping from x; K is the blur, Kᵀ the same rotated by 180°',
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
      const notes = new Set<string>()
      return {
        get notes() {
          return [...notes]
        },
        acts: 'colour',
        isChannelwise: true,
        seesAll: 'alone',
        multiplications: ([channels, height, width]) => {
          const [kH = 1, kW = 1] = blur.shape
          const taps = blur.weights.filter((w) => w !== 0).length
          return 2 * iterations * taps * channels * (height + kH - 1) * (width + kW - 1)
        },
        arithmetic: {
          algorithm: 'richardson-lucy',
          reason:
            'two sums and a correction in each iteration, over whole channels: about 50 bytes of memory for each RGB pixel',
        },
        async apply(x, engine) {
          const [channels, height, width] = x.shape as [number, number, number]
          const out = Tensor.zeros(x.shape)
          for (let c = 0; c < channels; c++) {
            const from = c * height * width
            const own = new Tensor([1, height, width], x.data.subarray(from, from + height * width))
            const { data } = await restored(
              engine,
              own,
              blur,
              iterations,
              (damping * full) / 255,
              full,
              (one) => notes.add(one),
            )
            if (channels === 1) return new Tensor(x.shape, data)
            out.data.set(data, from)
          }
          return out
        },
      }
    },
  }),
}

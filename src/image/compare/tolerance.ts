import { ConvoError } from '../../error.ts'
import {
  amountNear,
  choice,
  custom,
  expected,
  flag,
  integer,
  number,
  type Param,
  partOf,
  share,
  text,
  type Values,
} from '../../params.ts'
import type { Picture } from '../../tensor/picture.ts'
import { defined } from '../../text/record.ts'

/** How far a sample may be off, in levels of its depth or in percent of the full scale. */
export type Amount = {
  /** The number, in the unit. */
  readonly value: number
  /** `percent` is of the full scale. */
  readonly unit: 'levels' | 'percent'
}

/** The largest number of differing pixels in any square window of the given side. */
export type Density = {
  /** Number of pixels allowed to differ. */
  readonly pixels: number
  /** The side of the window, in pixels. */
  readonly window: number
}

/** A rectangle of pixels; x and y count from the upper left corner. */
export type Rectangle = {
  /** Its first column. */
  readonly x: number
  /** Its first row. */
  readonly y: number
  /** Columns. */
  readonly width: number
  /** Rows. */
  readonly height: number
}

/**
 * What may differ. By default nothing may.
 *
 * A pixel *counts as differing* if one of its channels is off by more than `maxAbs` (0 by default) or, with
 * `perceptual`, if pixelmatch reports it. `maxDiffPixels`, `maxDiffRatio` and `maxDensity` limit how many may count.
 * Without any of the three, none may. If only limits on the whole picture are given (`minPsnr`, `maxRmse`, `minSsim`),
 * they alone decide.
 */
export type Limits = {
  /** How far a sample may be off. */
  readonly maxAbs?: Amount
  /** Number of pixels that may be off by more. */
  readonly maxDiffPixels?: number
  /** 0..1, a fraction of the pixels that are compared */
  readonly maxDiffRatio?: number
  /** Differing pixels allowed in any window of a given size. */
  readonly maxDensity?: Density
  /** dB, against the full scale */
  readonly minPsnr?: number
  /** levels */
  readonly maxRmse?: number
  /** -1..1 */
  readonly minSsim?: number
  /** threshold of pixelmatch, 0..1 */
  readonly perceptual?: number
  /** pixels by which contents may have moved */
  readonly shift?: number
  /** What to do if colour profiles differ. */
  readonly icc?: IccRule
}

/** All settings of a comparison besides the two pictures. */
export type Tolerance = Limits & {
  readonly ignore?: readonly Rectangle[]
  /** Pixels are compared where it is not black. */
  readonly mask?: Picture
  /** pixels along each edge that are not compared */
  readonly ignoreBorder?: number
  readonly alpha?: AlphaRule
  readonly size?: SizeRule
  /** How `perceptual` measures colours: like pixelmatch 7.2 (yiq) or 8.0 (oklab). */
  readonly metric?: Metric
  /** By default `ignore` with `perceptual`, else `compare`. */
  readonly antialiasing?: AntialiasingRule
  /** Whether gray equals RGB of equal values, 8 bits equal 16, and opaque alpha none. */
  readonly asShown?: boolean
  /** The value of white in floats; guessed from them by default. */
  readonly full?: number
}

const alphaRules = ['strict', 'visible', 'ignore'] as const
const iccRules = ['error', 'warn', 'ignore'] as const
const sizeRules = ['error', 'pad'] as const
const antialiasingRules = ['compare', 'ignore'] as const
const metrics = ['yiq', 'oklab'] as const
export type AlphaRule = (typeof alphaRules)[number]
/** What to do if colour profiles differ: `error`, `warn` or `ignore`. */
export type IccRule = (typeof iccRules)[number]
export type SizeRule = (typeof sizeRules)[number]
export type AntialiasingRule = (typeof antialiasingRules)[number]
export type Metric = (typeof metrics)[number]

/** The settings of a comparison, in `compare` and in the manifest of `check`. */
export const toleranceSettings = {
  'max-abs': {
    ...custom<Amount>(
      'largest allowed difference of a channel, in levels of its own depth, or in % of full scale',
      '<n|n%>',
      parseAmount,
    ),
    unset: '0',
  },
  'max-diff-pixels': integer('number of pixels allowed to differ', undefined, {
    min: 0,
    unset: '0, unless another limit is set',
  }),
  'max-diff-ratio': {
    ...share(
      'fraction of pixels allowed to differ, 0..1 or %; both limits apply if --max-diff-pixels is given too',
    ),
    unset: 'see --max-diff-pixels',
  },
  'max-density': {
    ...custom<Density>(
      'number of pixels, or n%, allowed to differ in any window of NxN',
      '<n/N>',
      parseDensity,
    ),
    unset: 'see --max-diff-pixels',
  },
  'min-psnr': { ...number('lowest allowed PSNR, in dB of full scale'), unset: 'off' },
  'max-rmse': number('largest allowed root mean square error, in levels', undefined, {
    min: 0,
    unset: 'off',
  }),
  'min-ssim': {
    ...similarity(
      'lowest allowed SSIM (Wang 2004: gaussian 11x11, sigma 1.5; mean of the channels), -1..1 or %',
    ),
    unset: 'off',
  },
  perceptual: {
    ...share(
      'let colour distance decide which pixels differ: a fraction of the largest distance; antialiasing is ' +
        'ignored; instead of --max-abs, 8-bit pictures only',
    ),
    unset: 'off',
  },
  metric: choice(
    'colour distance of --perceptual: yiq as in pixelmatch 7.2, oklab as in pixelmatch 8.0',
    metrics,
    'yiq',
  ),
  antialiasing: {
    ...choice(
      'ignore: pixels that are antialiased in one of the pictures are not compared',
      antialiasingRules,
    ),
    unset: 'compare; ignore with --perceptual',
  },
  shift: {
    ...integer(
      'a pixel may be shifted by up to n pixels in each direction, and must then match within --max-abs',
      0,
      {
        min: 0,
        max: 16,
      },
    ),
  },
  'as-shown': flag(
    'treat gray as RGB with equal values, 8 bits as 16 bits, and no alpha as opaque, so that different channels and depths do not count',
  ),
  ignore: {
    ...custom<readonly Rectangle[]>('ignore a rectangle; repeatable', '<x,y,w,h>', parseRectangles),
    repeats: true,
    unset: 'everything is compared',
  },
  mask: {
    ...text('a picture of the same size; pixels are compared only where it is not black', '<file>'),
    unset: 'everything is compared',
  },
  'ignore-border': integer('ignore a border of n pixels', 0, { min: 0 }),
  alpha: choice(
    'strict: alpha is compared like a colour, and colours under alpha 0 count; visible: pixels are compared over black ' +
      'and over white, and the larger difference counts, so hidden colours do not; ' +
      'ignore: only colours are compared',
    alphaRules,
    'strict',
  ),
  icc: choice(
    'what to do if colour profiles differ: error counts it as a difference, warn prints a note',
    iccRules,
    'error',
  ),
  size: choice(
    'what to do if sizes differ. error: count it as a difference; pad: missing pixels differ by full scale',
    sizeRules,
    'error',
  ),
  full: number('the value of white in floats, for %, PSNR and SSIM', undefined, {
    min: 1e-30,
    unset: '1 for floats within 0..1, otherwise 255',
  }),
}

function similarity(summary: string): Param<number> {
  const bounds = { min: -1, max: 1 }
  const plain = number(summary, undefined, bounds)
  const parse = (given: unknown, name: string) => plain.parse(partOf(given) ?? given, name)
  return { ...plain, metavar: '<n|n%>', parse }
}

/** The values of the settings of a comparison. */
export type ToleranceValues = Values<typeof toleranceSettings>

/**
 * Builds the tolerance from settings. `mask` is the decoded picture of the setting of that name.
 *
 * @throws ConvoError E_OPTION for settings that contradict each other
 */
export function toleranceOf(values: ToleranceValues, mask?: Picture): Tolerance {
  const { perceptual, metric, shift } = values
  const refuse = (what: string, fix: string) => {
    throw new ConvoError('E_OPTION', what, { fix })
  }
  if (perceptual !== undefined && shift > 0)
    refuse('--shift compares by --max-abs, and --perceptual replaces that', 'no --perceptual')
  if (perceptual === undefined && metric !== 'yiq')
    refuse('--metric does not apply without --perceptual', '--perceptual 0.1')
  if (perceptual !== undefined && values['max-abs'] !== undefined)
    refuse('--perceptual and --max-abs cannot be used together', 'no --max-abs')
  return {
    ...defined({
      maxAbs: values['max-abs'],
      maxDiffPixels: values['max-diff-pixels'],
      maxDiffRatio: values['max-diff-ratio'],
      maxDensity: values['max-density'],
      minPsnr: values['min-psnr'],
      maxRmse: values['max-rmse'],
      minSsim: values['min-ssim'],
      perceptual,
      ignore: values.ignore,
      mask,
      full: values.full,
      antialiasing: values.antialiasing,
      shift: shift > 0 ? shift : undefined,
      metric: perceptual === undefined ? undefined : metric,
      asShown: values['as-shown'] || undefined,
    }),
    ignoreBorder: values['ignore-border'],
    alpha: values.alpha,
    icc: values.icc,
    size: values.size,
  }
}

/** Formats limits as they are typed: `--max-abs 2 --max-diff-pixels 10`. Empty if there are none. */
export function limitsText(limits: Limits): string {
  return limitsList(limits)
    .map(([name, value]) => `--${name} ${value}`)
    .join(' ')
}

/** Returns limits as a manifest or JSON contains them, keyed by the names of the settings. */
export function limitsRecord(limits: Limits): Readonly<Record<string, string | number>> {
  return Object.fromEntries(limitsList(limits))
}

function limitsList(limits: Limits): [name: string, value: string | number][] {
  const { maxAbs, maxDensity } = limits
  const list: [string, string | number | undefined][] = [
    ['max-abs', maxAbs && amountText(maxAbs)],
    ['max-diff-pixels', limits.maxDiffPixels],
    ['max-diff-ratio', limits.maxDiffRatio],
    ['max-density', maxDensity && `${maxDensity.pixels}/${maxDensity.window}`],
    ['min-psnr', limits.minPsnr],
    ['max-rmse', limits.maxRmse],
    ['min-ssim', limits.minSsim],
    ['perceptual', limits.perceptual],
    ['shift', limits.shift],
    ['icc', limits.icc === 'error' ? undefined : limits.icc],
  ]
  return list.filter((entry): entry is [string, string | number] => entry[1] !== undefined)
}

const amountText = ({ value, unit }: Amount): string | number => (unit === 'percent' ? `${value}%` : value)

/** Converts an amount to levels of a full scale. */
export const levelsOf = ({ value, unit }: Amount, full: number): number =>
  unit === 'levels' ? value : (value / 100) * full

function parseAmount(given: unknown, name: string): Amount {
  const word = String(given).trim()
  const isPercent = word.endsWith('%')
  const digits = isPercent ? word.slice(0, -1).trim() : word
  const value = digits === '' || typeof given === 'boolean' ? Number.NaN : Number(digits)
  if (!(value >= 0 && value < Number.POSITIVE_INFINITY && (!isPercent || value <= 100))) {
    throw expected('a number of levels of at least 0, or 0% to 100%', name, given, {
      near: amountNear(given, { min: 0 }),
    })
  }
  return { value, unit: isPercent ? 'percent' : 'levels' }
}

/** The integer part of a number, corrected for rounding errors in the last digit: 28.999999999999996 gives 29. */
const wholeIn = (value: number): number => Math.floor(Number(value.toPrecision(15)))

function parseDensity(given: unknown, name: string): Density {
  const [, pixels, percent, window] =
    /^\s*(\d{1,9}(?:\.\d+(?=\s*%))?)\s*(%?)\s*\/\s*(\d{1,6})\s*$/.exec(String(given)) ?? []
  const side = Number(window)
  if (pixels === undefined || side < 1 || (percent === '%' && Number(pixels) > 100)) {
    throw expected('pixels/side of the window, such as 3/16 or 2%/16', name, given)
  }
  const allowed = percent === '%' ? wholeIn((Number(pixels) * side * side) / 100) : Number(pixels)
  return { pixels: allowed, window: side }
}

function parseRectangles(given: unknown, name: string): readonly Rectangle[] {
  const list = Array.isArray(given) && given.some((part) => typeof part !== 'number') ? given : [given]
  return list.map((one: unknown) => {
    const parts = (Array.isArray(one) ? one : String(one).split(',')).map((part: unknown) =>
      String(part).trim() === '' ? Number.NaN : Number(part),
    )
    const [x = -1, y = -1, width = 0, height = 0] = parts
    if (
      parts.length !== 4 ||
      !parts.every(Number.isSafeInteger) ||
      Math.min(x, y) < 0 ||
      Math.min(width, height) < 1
    ) {
      const nearest = [0, 0, 1, 1].map((least, i) => Math.max(least, Math.round(parts[i]!)))
      const near = parts.length === 4 && nearest.every(Number.isSafeInteger) ? nearest.join(',') : undefined
      throw expected('x,y,width,height in whole pixels, width and height at least 1', name, one, { near })
    }
    return { x, y, width, height }
  })
}

import { ConvoError } from '../../error.ts'
import { namedKernels } from '../../filters/names.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import {
  custom,
  integer,
  numbers,
  type Params,
  paddingRules,
  resolve,
  textOr,
  type Values,
  wordOr,
} from '../../params.ts'
import { sizeOf, Tensor } from '../../tensor/tensor.ts'

// The default numbers: small and whole, so that sums are easy to follow.

/** Returns whole numbers from `low` to `high` that look random but are always the same. */
export function noise(shape: readonly number[], low: number, high: number): Tensor {
  let state = shape.reduce((seed, n) => seed * 31 + n, 7 + high)
  const data = Float32Array.from({ length: sizeOf(shape) }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    return ((state >>> 16) % (high - low + 1)) + low
  })
  return new Tensor(shape, data)
}

/** Parses a tensor written as rows of numbers. */
const drawn = (shape: readonly number[], rows: string): Tensor =>
  new Tensor(shape, Float32Array.from(rows.trim().split(/\s+/), Number))

/** The example inputs of the textbook; they are found by shape. */
const inputs: readonly Tensor[] = [
  drawn(
    [1, 5, 5],
    `1 1 1 0 0
     0 1 1 1 0
     0 0 1 1 1
     0 0 1 1 0
     0 1 1 0 0`,
  ),
  drawn(
    [3, 5, 5],
    `3 2 2 3 2  3 3 0 0 1  1 3 3 0 1  3 0 3 0 1  3 1 1 1 2
     1 3 1 1 2  2 2 2 3 3  3 2 2 1 3  1 0 3 0 3  2 0 0 1 0
     0 2 3 1 3  3 3 2 1 2  1 1 1 0 3  0 0 0 3 2  3 0 2 1 1`,
  ),
]

const weights: readonly Tensor[] = [
  drawn([1, 1, 3, 3], '1 0 1  0 1 0  1 0 1'),
  drawn(
    [1, 3, 3, 3],
    `-1  1 2  1 -1 1   0 2 2
     -1  1 2  2  1 1  -1 1 0
     -1 -1 1  1  1 1   2 1 0`,
  ),
]

const ofShape = (table: readonly Tensor[], shape: readonly number[]): Tensor | undefined =>
  table.find((t) => t.shape.join() === shape.join())

/** Returns an input of this shape: that of the textbook, if it has one. */
export const exampleInput = (shape: readonly number[]): Tensor => ofShape(inputs, shape) ?? noise(shape, 0, 3)

/** Returns weights of this shape: those of the textbook, if it has them. */
export const exampleWeights = (shape: readonly number[]): Tensor =>
  ofShape(weights, shape) ?? noise(shape, -1, 2)

/** Returns a tent of whole numbers, the product of a column and a row. For size 4 each is 1 2 2 1. */
export function tent(rows: number, columns: number): Tensor {
  const rise = (n: number, i: number) => Math.min(i, n - 1 - i) + 1
  const data = Float32Array.from(
    { length: rows * columns },
    (_, i) => rise(rows, Math.floor(i / columns)) * rise(columns, i % columns),
  )
  return new Tensor([1, 1, rows, columns], data)
}

const whole = (min: number, max: number) => ({ min, max, whole: true })
const each = { min: 1, max: 3 }

function parsePadding(given: unknown, name: string): number | 'same' | 'full' {
  const read = wordOr(paddingRules, 'same, valid, full or a number', integer('', 0, { min: 0, max: 6 }).parse)
  const padding = read(given, name)
  return padding === 'valid' ? 0 : padding
}

/** The settings of all scenes. Each operator has its own defaults, and takes only some. */
export const sceneSettings = {
  size: numbers(
    'size of the input: one number, or (depth,) height and width',
    '<n>|<h,w>',
    each,
    whole(1, 12),
  ),
  kernel: textOr<Kernel>(
    'kernel',
    'weights to use instead of the example: a name, a file or numbers',
    '<kernel>',
  ),
  'kernel-size': numbers(
    'size of the example kernel: one number, or (depth,) height and width',
    '<n>|<h,w>',
    each,
    whole(1, 7),
  ),
  stride: integer('distance between positions of the kernel', undefined, { min: 1, max: 5 }),
  padding: {
    ...custom('zeros added around the input: a number, same, valid or full', '<padding>', parsePadding),
    choices: paddingRules,
  },
  dilation: numbers(
    'distance between taps; dilated accepts up to three, shown in turn',
    '<n>|<n,n,n>',
    each,
    whole(1, 4),
  ),
  channels: integer('number of input channels', undefined, { min: 1, max: 6 }),
  filters: integer('number of filters (output channels); at most three are drawn', undefined, {
    min: 1,
    max: 4096,
  }),
  groups: integer('number of groups of channels', undefined, { min: 1, max: 6 }),
} satisfies Params

export type SettingName = keyof typeof sceneSettings

/** The values that were given. */
export type SceneOptions = Values<typeof sceneSettings>

/**
 * Parses the options of a scene.
 *
 * @throws ConvoError E_OPTION for an option that this operator does not take, and for impossible values
 */
export function sceneOptions(
  operator: string,
  takes: readonly SettingName[],
  given: Readonly<Record<string, unknown>>,
): SceneOptions {
  for (const name of Object.keys(given)) {
    if (given[name] === undefined || (takes as readonly string[]).includes(name)) continue
    throw new ConvoError('E_OPTION', `--${name} does not apply to the animation of ${operator}`, {
      why: `options: ${takes.map((one) => `--${one}`).join(', ')}`,
    })
  }
  const options = resolve(sceneSettings, given)
  if (options.kernel !== undefined && options['kernel-size'] !== undefined) {
    throw new ConvoError('E_OPTION', '--kernel and --kernel-size cannot be used together', {
      fix: 'only one of them: --kernel already has a size',
    })
  }
  return options
}

/** Returns one number per axis. One given number applies to all axes. @throws ConvoError E_OPTION for a wrong count */
export function perAxis<const T extends readonly number[]>(
  name: string,
  given: readonly number[] | undefined,
  fallback: T,
): { readonly [K in keyof T]: number } {
  const [all] = given ?? []
  const list = given === undefined ? fallback : given.length === 1 ? fallback.map(() => all!) : given
  if (list.length === fallback.length) return list as unknown as { [K in keyof T]: number }
  const what = `--${name} must be 1 or ${fallback.length} numbers for this operator, got ${list.join(',')}`
  throw new ConvoError('E_OPTION', what)
}

/** The settings that every scene with one kernel takes. */
export const kernelSettings = ['size', 'kernel', 'kernel-size', 'stride', 'padding', 'dilation'] as const

/** Returns the stride, padding and dilation of a scene. @throws ConvoError E_OPTION for more than one dilation */
export const meeting = (options: SceneOptions) => ({
  stride: options.stride ?? 1,
  padding: options.padding ?? 0,
  dilation: oneDilation(options),
})

/** Returns the dilation for operators that take only one. @throws ConvoError E_OPTION for a list */
export function oneDilation({ dilation }: SceneOptions): number {
  if (dilation === undefined) return 1
  if (dilation.length === 1) return dilation[0]!
  throw new ConvoError('E_OPTION', `--dilation must be one number, got ${dilation.join(',')}`, {
    fix: 'use convo animate dilated, which accepts several',
  })
}

/** The longest side of a kernel that fits a small grid. */
const longest = 7

/**
 * Returns weights [filters, channels, (kD,) kH, kW]: those of --kernel, or the example of --kernel-size. A single plane
 * is used for every channel and filter.
 *
 * @throws ConvoError E_OPTION for a large kernel, E_SHAPE for one that does not fit, and as reading a kernel does
 */
export async function weightsOf(
  options: SceneOptions,
  filters: number,
  channels: number,
  size: readonly number[],
  example: (shape: readonly number[]) => Tensor = exampleWeights,
): Promise<Tensor> {
  const { kernel: source, 'kernel-size': kernelSize } = options
  if (source === undefined) return example([filters, channels, ...perAxis('kernel-size', kernelSize, size)])
  const { loadKernel } = await import('../../kernel/source.ts')
  const kernel = await loadKernel(source, { names: namedKernels })
  const shape = [...kernel.shape]
  // a 2-D kernel has a depth of 1
  while (shape.length < size.length) shape.unshift(1)
  const plane = shape.slice(-size.length)
  if (plane.some((n) => n > longest)) {
    const what = `--kernel must be at most ${longest} wide and high, got ${plane.join('x')}`
    throw new ConvoError('E_OPTION', what)
  }
  const want = [filters, channels, ...plane]
  const bank = shape.slice(0, -size.length)
  const fits = bank.every((n, i) => n === want[i + 2 - bank.length])
  if (!fits) {
    const what = `--kernel is [${kernel.shape.join(',')}], but [${want.join(',')}] is needed`
    throw new ConvoError('E_SHAPE', what, {
      fix: 'a single plane, or different --channels, --filters or --groups',
    })
  }
  const count = sizeOf(want)
  const data = Float32Array.from(
    { length: count },
    (_, i) => kernel.weights[i % kernel.weights.length]! / kernel.scale,
  )
  return new Tensor(want, data)
}

/** Returns how many of the filters are drawn, and a text that says so if not all are. */
export function drawnOf(filters: number, most = 3): readonly [shown: number, words: string] {
  const shown = Math.min(filters, most)
  return [shown, shown < filters ? `, ${shown} drawn` : '']
}

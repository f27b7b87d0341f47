import { ConvoError } from '../error.ts'
import { sizeOf } from '../tensor/tensor.ts'
import { describe } from '../text/describe.ts'

/**
 * How the tool of a format uses the numbers of a file when it convolves: `as` is the command, `turns` is whether it
 * turns them by 180° first, and `other` is the command of the same tool that does not.
 */
export type Direction = {
  /** Whether the tool turns kernels by 180°. */
  readonly turns: boolean
  /** The command that uses the kernel in this way. */
  readonly as: string
  /** The command of the same tool that does not turn it. */
  readonly other?: string
}

/**
 * A kernel from a file, a string or a table: weights with their shape, and what its source states about its use.
 *
 * The rank of `shape` determines how it is applied to a picture: `[kH,kW]` to each channel separately; `[C,kH,kW]`
 * summed over C channels into one; `[O,C/groups,kH,kW]` a bank of O filters; `[O,C/groups,kD,kH,kW]` a 3-D bank.
 */
export type Kernel = {
  /** Its sizes, rank 2 to 5, as above. */
  readonly shape: readonly number[]
  /** Row-major, last index fastest, in double precision as read; rounded to float32 once, when planned. */
  readonly weights: Float64Array
  /** The sum is divided by this. Finite in float32, not 0. */
  readonly scale: number
  /** Added after the division, in levels of 0..255 whatever the depth of the picture. */
  readonly offset: number
  /** `[y, x]` of the tap that is placed on the output sample; default: floor(k/2). */
  readonly anchor?: readonly [y: number, x: number]
  /**
   * One number for each output channel of a bank, added last, in the unit of the samples that the bank is applied to:
   * levels of 0..255 for a picture whatever its depth, or the output of an earlier step. A bank of transposed weights,
   * [C,O/groups,…], does not state its number of outputs, which is a multiple of O/groups.
   */
  readonly bias?: Float64Array
  /** The border mode that the source states, by convo's name. */
  readonly border?: string
  /** Its name in the source. */
  readonly name?: string
  /** Its description in the source. */
  readonly summary?: string
  /** How the tool of its format uses it. Set if the format turned it by 180°. */
  readonly direction?: Direction
}

export type KernelFields = Partial<Omit<Kernel, 'shape' | 'weights'>>

/**
 * Makes a kernel and checks it: rank 2 to 5, whole sizes of at least 1, as many weights as the shape requires, all
 * finite in float32, scale finite and not 0, anchor inside the kernel.
 *
 * @throws ConvoError E_KERNEL_SHAPE, E_KERNEL_VALUE
 */
export function kernel(
  shape: readonly number[],
  weights: ArrayLike<number>,
  fields: KernelFields = {},
): Kernel {
  const wrongShape = (what: string, why: readonly string[] = []) =>
    new ConvoError('E_KERNEL_SHAPE', what, { why })
  const wrongValue = (what: string) => new ConvoError('E_KERNEL_VALUE', what)
  const sizes: readonly unknown[] = Array.from(shape)
  if (sizes.length < 2 || sizes.length > 5 || sizes.some((n) => !Number.isSafeInteger(n) || Number(n) < 1)) {
    const got = sizes.every((n) => typeof n === 'number') ? showShape(shape) : describe(shape)
    const what = `a kernel needs 2 to 5 whole sizes of at least 1, got ${got}`
    throw wrongShape(what, ['shapes: [kH,kW], [C,kH,kW], [O,C/groups,kH,kW] or [O,C/groups,kD,kH,kW]'])
  }
  const count = sizeOf(shape)
  if (weights.length !== count) {
    const got = `${weights.length} numbers for ${shape.join('x')} = ${count}`
    throw wrongShape(`kernel size must match the weights, got ${got}`)
  }
  const data = new Float64Array(weights)
  const bad = data.findIndex((w) => !Number.isFinite(Math.fround(w)))
  if (bad >= 0) {
    const got = `${data[bad]} at index ${bad} ([${placeOf(shape, bad).join(',')}], counted from 0)`
    throw wrongValue(`weights must be finite float32 numbers, got ${got}`)
  }
  const { scale = 1, offset = 0, anchor, bias } = fields
  if (!isScale(scale)) throw wrongValue(`scale must be a finite float32 number other than 0, got ${scale}`)
  if (!isLevel(offset))
    throw wrongValue(`offset must be a number from -${mostLevel} to ${mostLevel}, got ${offset}`)
  if (anchor !== undefined) checkAnchor(anchor, shape)
  const notFinite = bias?.find((b) => !isLevel(b))
  if (bias !== undefined && (notFinite !== undefined || !fitsBias(shape, bias.length))) {
    const got = `${notFinite ?? `${bias.length} numbers`} for ${showShape(shape)}`
    throw wrongValue(`bias must be one finite number per output channel of a bank, got ${got}`)
  }
  return { ...fields, shape: [...shape], weights: data, scale, offset }
}

/** Whether float32 sums can be divided by this number: finite, and not so small that it loses digits or becomes 0. */
export const isScale = (n: number): boolean => Number.isFinite(Math.fround(n)) && Math.abs(n) >= 2 ** -126

/** The largest level that can be added. It fits in float32 even at 16 bits, where levels are 257 times as large. */
export const mostLevel = 1e35

/** Whether this number can be added in levels of 0..255, at any depth. */
export const isLevel = (n: number): boolean => Math.abs(n) <= mostLevel

/**
 * Whether a bank can have this number of biases: one for each of its filters, or for the outputs of a transposed bank.
 */
export const fitsBias = (shape: readonly number[], count: number): boolean =>
  shape.length >= 4 && count > 0 && (count === shape[0] || count % shape[1]! === 0)

/** Refuses an anchor that is not whole or is outside the kernel. @throws ConvoError E_KERNEL_SHAPE */
export function checkAnchor(anchor: readonly number[], shape: readonly number[]): void {
  const [kH, kW] = planeSize(shape)
  const [y, x] = anchor
  const inside = (v: number | undefined, n: number) =>
    v !== undefined && Number.isInteger(v) && v >= 0 && v < n
  if (anchor.length !== 2 || !inside(y, kH) || !inside(x, kW)) {
    const what = `anchor must be inside the ${kW}x${kH} kernel, got x=${x}, y=${y}`
    throw new ConvoError('E_KERNEL_SHAPE', what, { fix: `x from 0 to ${kW - 1}, y from 0 to ${kH - 1}` })
  }
}

/** Refuses an `--anchor` that is outside the kernel, and leads to the nearest tap. @throws ConvoError E_OPTION */
export function checkAskedAnchor([y, x]: readonly [y: number, x: number], shape: readonly number[]): void {
  const [kH, kW] = planeSize(shape)
  if (y < kH && x < kW) return
  throw new ConvoError('E_OPTION', `--anchor ${x},${y} is outside the ${kW}x${kH} kernel`, {
    fix: `--anchor ${Math.min(x, kW - 1)},${Math.min(y, kH - 1)}`,
  })
}

/** Height and width: the last two sizes. */
export const planeSize = (shape: readonly number[]): readonly [kH: number, kW: number] => [
  shape[shape.length - 2]!,
  shape[shape.length - 1]!,
]

/** Formats a shape for errors and explanations: `[1,3,5,5]`. */
export const showShape = (shape: readonly number[]): string => `[${shape.join(',')}]`

/** Converts a flat index to one index per axis. */
export function placeOf(shape: readonly number[], index: number): number[] {
  const place: number[] = []
  let rest = index
  for (const size of shape.toReversed()) {
    place.unshift(rest % size)
    rest = Math.floor(rest / size)
  }
  return place
}

/** Returns the anchor field for an anchor at [y, x]. It is empty if that is the default, floor(k/2). */
export const anchorField = (
  [kH, kW]: readonly [kH: number, kW: number],
  [y, x]: readonly [y: number, x: number],
): { anchor?: readonly [y: number, x: number] } =>
  y === Math.floor(kH / 2) && x === Math.floor(kW / 2) ? {} : { anchor: [y, x] }

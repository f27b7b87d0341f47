import { ConvoError, type ErrorCode } from '../../error.ts'
import { type Kernel, type KernelFields, kernel } from '../kernel.ts'

/** A kernel file as text, with what errors need to quote it. */
export type Source = {
  readonly file: string
  readonly text: string
  /** What the file should be, with its article: `a libvips matrix`. */
  readonly kind: string
}

/** A source with the place up to which it is read. */
export type Cursor = Source & { at: number }

/** More than any kernel that a person writes; what is larger comes from a program, which can write .npy. */
const longestText = 16 * 2 ** 20

/**
 * Decodes a text file: UTF-8, a byte order mark allowed.
 *
 * @throws ConvoError E_KERNEL_SYNTAX when it is no text, empty, or longer than `longestText` bytes
 */
export function openText(bytes: Uint8Array, file: string, kind: string): Cursor {
  if (bytes.length > longestText) {
    throw new ConvoError('E_KERNEL_SYNTAX', `${file} is too long for ${kind}`, {
      why: `${file}: byte ${longestText}: expected the end of the file, found ${bytes.length - longestText} more bytes`,
      fix: 'a .npy or .safetensors file',
    })
  }
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    const at = firstInvalid(bytes)
    const found =
      at < bytes.length ? `the byte 0x${bytes[at]!.toString(16).padStart(2, '0')}` : 'the end of the file'
    throw new ConvoError('E_KERNEL_SYNTAX', `${file} is not ${kind}`, {
      why: `${file}: byte ${at}: expected text in UTF-8, found ${found}`,
      cause,
    })
  }
  const c: Cursor = { file, text, kind, at: 0 }
  if (!/\S/.test(text)) throw expected(c, kind, { found: 'an empty file' })
  return c
}

/** The first byte that is not part of UTF-8: what decodes without it, and no further, by halving. */
function firstInvalid(bytes: Uint8Array): number {
  let good = 0
  let bad = bytes.length
  const decodes = (end: number) => {
    try {
      new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, end), { stream: true })
      return true
    } catch {
      return false
    }
  }
  if (decodes(bad)) return bad
  while (bad - good > 1) {
    const middle = (good + bad) >> 1
    if (decodes(middle)) good = middle
    else bad = middle
  }
  return good
}

/** The beginning of a file as text, for sniffing: what is not UTF-8 is replaced. */
export const headText = (head: Uint8Array): string => new TextDecoder().decode(head)

/** `file:line:column`, both counted from 1, columns in characters. */
export function placeOf({ file, text }: Source, at: number): string {
  let line = 1
  let start = 0
  for (const { index, 0: lineEnd } of text.matchAll(/\r\n|[\r\n]/g)) {
    if (index + lineEnd.length > at) break
    line++
    start = index + lineEnd.length
  }
  return `${file}:${line}:${[...text.slice(start, at)].length + 1}`
}

/** What is at a place, as errors quote it: a word or a character. */
export function foundAt({ text }: Source, at: number): string {
  if (at >= text.length) return 'the end of the file'
  if (/[\r\n]/.test(text[at]!)) return 'the end of the line'
  const word = /^(?:[\p{L}\p{N}_.+-]+|.)/u.exec(text.slice(at, at + 64))?.[0] ?? text[at]!
  return JSON.stringify(word.length > 24 ? `${word.slice(0, 24)}…` : word)
}

/** What an error may say beyond what was expected. `at` and `found` are where the cursor is, unless given. */
export type Mistake = { readonly at?: number; readonly found?: string; readonly fix?: string | undefined }

/** A mistake in how the text is written. */
export function expected(c: Cursor, what: string, { at = c.at, found, fix }: Mistake = {}): ConvoError {
  return failure(c, at, 'E_KERNEL_SYNTAX', `${c.file} is not ${c.kind} that convo can read`, {
    why: `expected ${what}, found ${found ?? foundAt(c, at)}`,
    fix,
  })
}

/** A mistake in what the text says, as a size that does not fit or a number that cannot be; `why` follows the place. */
export function failure(
  source: Source,
  at: number,
  code: ErrorCode,
  message: string,
  { why, fix }: { readonly why: string; readonly fix?: string | undefined },
): ConvoError {
  return new ConvoError(code, message, {
    why: `${placeOf(source, at)}: ${why}`,
    ...(fix === undefined ? {} : { fix }),
  })
}

/** The text that a sticky pattern matches here, moving on; undefined, and staying, when it does not. */
export function take(c: Cursor, pattern: RegExp): string | undefined {
  pattern.lastIndex = c.at
  const found = pattern.exec(c.text)?.[0]
  if (found !== undefined) c.at += found.length
  return found
}

/** Moves over white space, line ends among it. */
export function skipSpace(c: Cursor): void {
  take(c, /\s*/y)
}

/** Moves over one sign. @throws ConvoError E_KERNEL_SYNTAX when another is here */
export function takeSign(c: Cursor, sign: string, what = `"${sign}"`): void {
  if (c.text[c.at] !== sign) throw expected(c, what)
  c.at++
}

/** A decimal number, for `take`; `inf` and `nan` too, so that they can be refused by name. */
const decimal = /[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\p{L}\p{N}_.])/uy

/** Words that other tools write for numbers that are not finite. */
export const notFinite = /[+-]?\.?(?:nan|inf(?:inity)?)(?![\p{L}\p{N}_.])/iuy

/**
 * Takes a decimal number.
 *
 * @throws ConvoError E_KERNEL_SYNTAX where there is none, E_KERNEL_VALUE where it is not finite in float32
 */
export function takeNumber(c: Cursor, what = 'a number'): number {
  const { at } = c
  const word = take(c, decimal)
  if (word !== undefined) return finite(c, at, Number(word))
  if (take(c, notFinite) !== undefined) throw valueError(c, at)
  throw expected(c, what)
}

/** A number with its place. */
export type Placed = { readonly value: number; readonly at: number }

/**
 * Takes numbers up to a place, apart by commas or white space; there may be none.
 *
 * @throws ConvoError E_KERNEL_SYNTAX, E_KERNEL_VALUE
 */
export function takeNumbers(c: Cursor, end: number): Placed[] {
  const found: Placed[] = []
  skipSpace(c)
  while (c.at < end) {
    const { at } = c
    found.push({ at, value: takeNumber(c) })
    if (c.at >= end) break
    const between = take(c, listGap)
    if (c.at >= end ? between?.includes(',') : between === undefined) {
      throw expected(c, between === undefined ? 'a comma or a blank' : 'a number')
    }
  }
  return found
}

const listGap = /\s*,\s*|\s+/y

/** The number, when it is finite in float32. @throws ConvoError E_KERNEL_VALUE */
export function finite(source: Source, at: number, value: number): number {
  if (Number.isFinite(Math.fround(value))) return value
  throw valueError(source, at)
}

function valueError(source: Source, at: number): ConvoError {
  const found = foundAt(source, at)
  const message = `numbers of a kernel must be finite in float32, got ${found.replaceAll('"', '')}`
  return failure(source, at, 'E_KERNEL_VALUE', message, {
    why: `expected a number between -3.4e38 and 3.4e38, found ${found}`,
  })
}

/** The sizes among numbers of a text. @throws ConvoError E_KERNEL_SHAPE for one that is no whole number of at least 1 */
export function wholeSizes(source: Source, what: string, sizes: readonly Placed[]): number[] {
  return sizes.map(({ value, at }) => {
    if (Number.isSafeInteger(value) && value >= 1) return value
    throw failure(source, at, 'E_KERNEL_SHAPE', `${what} of at least 1, got ${value}`, {
      why: `expected a whole number of at least 1, found ${value}`,
    })
  })
}

/** A scale that a text states. @throws ConvoError E_KERNEL_VALUE for 0 */
export function scaleOf(source: Source, { value, at }: Placed): number {
  if (value !== 0) return value
  throw failure(source, at, 'E_KERNEL_VALUE', 'scale must not be 0: the sum is divided by it', {
    why: 'expected a number other than 0, found 0',
  })
}

/** Refuses more or fewer weights than a size has; `size` says it in the words of the format. */
export function checkWeights(
  source: Source,
  at: number,
  found: number,
  count: number,
  size: string,
  why: string,
): void {
  if (found === count) return
  const message = `kernel size must match the weights, got ${numbers(found)} for ${size}`
  throw failure(source, at, 'E_KERNEL_SHAPE', message, { why: `expected ${why}, found ${found}` })
}

/** A line of a text with its place, without the white space around it and the comment behind it. */
export type Line = { readonly text: string; readonly at: number }

/** The lines that hold more than white space. */
export function linesOf({ text }: Source, comments: boolean): Line[] {
  const lines: Line[] = []
  for (const { 0: whole, index } of text.matchAll(/[^\r\n]+/g)) {
    const line = comments ? whole.split('#', 1)[0]! : whole
    if (/\S/.test(line)) lines.push({ text: line.trim(), at: index + line.length - line.trimStart().length })
  }
  return lines
}

/** A kernel, checked, whose errors name a place in the text. @throws ConvoError E_KERNEL_SHAPE, E_KERNEL_VALUE */
export const kernelAt = (
  source: Source,
  at: number,
  shape: readonly number[],
  weights: ArrayLike<number>,
  fields: KernelFields = {},
): Kernel => placed(source, at, () => kernel(shape, weights, fields))

/** What `make` gives; its errors get a place, and a code and a reason of their own where these are given. */
export function placed<T>(source: Source, at: number, make: () => T, code?: ErrorCode, why?: string): T {
  try {
    return make()
  } catch (error) {
    if (!(error instanceof ConvoError)) throw error
    const [first, ...rest] = [...(why === undefined ? [] : [why]), ...error.why]
    throw new ConvoError(code ?? error.code, error.message, {
      why: [`${placeOf(source, at)}: ${first ?? 'in the kernel that starts here'}`, ...rest],
      ...(error.fix === undefined ? {} : { fix: error.fix }),
      cause: error,
    })
  }
}

/** The anchor to state for sizes and a place of the tap: none where it is what a kernel has anyway, floor(k/2). */
export function anchorField(
  [kH, kW]: readonly [kH: number, kW: number],
  [y, x]: readonly [y: number, x: number],
): { anchor?: readonly [y: number, x: number] } {
  return y === Math.floor(kH / 2) && x === Math.floor(kW / 2) ? {} : { anchor: [y, x] }
}

/** The shortest decimal that reads back as the same double, the sign of zero kept. */
export const numberText = (value: number): string => (Object.is(value, -0) ? '-0' : String(value))

/** Rows of numbers, one string for each row of a plane kernel. */
export function rowsText(weights: ArrayLike<number>, width: number, separator: string): string[] {
  return Array.from({ length: weights.length / width }, (_, y) =>
    Array.from({ length: width }, (_, x) => numberText(weights[y * width + x]!)).join(separator),
  )
}

/** What a format of planes alone cannot hold of a kernel, each in words. */
export function planeLosses(k: Kernel, holds: { scale?: true; offset?: true; anchor?: true } = {}): string[] {
  const losses: string[] = []
  const [kH, kW] = [k.shape.at(-2)!, k.shape.at(-1)!]
  if (k.shape.length !== 2) losses.push(`the shape [${k.shape.join(',')}]: it stores one plane [kH,kW]`)
  if (k.scale !== 1 && holds.scale === undefined) losses.push(`a scale of ${k.scale}`)
  if (k.offset !== 0 && holds.offset === undefined) losses.push(`an offset of ${k.offset}`)
  if (k.bias !== undefined) losses.push('a bias for each output channel')
  if (k.border !== undefined) losses.push(`the border mode ${k.border}`)
  if (
    k.anchor !== undefined &&
    holds.anchor === undefined &&
    anchorField([kH, kW], k.anchor).anchor !== undefined
  ) {
    losses.push(`an anchor at x=${k.anchor[1]}, y=${k.anchor[0]}`)
  }
  return losses
}

/** `1 number`, `2 numbers`. */
export const numbers = (count: number): string => `${count} number${count === 1 ? '' : 's'}`

/** Text as the bytes of a file. */
export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

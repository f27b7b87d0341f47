import { ConvoError, type ErrorCode, orElse } from '../../error.ts'
import { type Kernel, type KernelFields, kernel } from '../kernel.ts'

/**
 * A mistake: its position, by default that of the cursor; what was found, by default the text there; and how to fix it.
 */
export type Mistake = { readonly at?: number; readonly found?: string; readonly fix?: string | undefined }

export type Placed = { readonly value: number; readonly at: number }

/** A line of a text with its position, without surrounding white space and without the comment after it. */
export type Line = { readonly text: string; readonly at: number }

/** The longest text, in bytes. No kernel written by hand is longer, and a program can write larger ones as .npy. */
const longestText = 16 * 2 ** 20

/** A decimal number. `notFinite` matches `inf` and `nan`, so that they can be refused by name. */
const decimal = /[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\p{L}\p{N}_.])/uy
const notFinite = /[+-]?\.?(?:nan|inf(?:inity)?)(?![\p{L}\p{N}_.])/iuy

const listGap = /\s*,\s*|\s+/y

/** A kernel file as text, with the position up to which it was read. Its errors name the file and the position. */
export class Cursor {
  at = 0
  readonly text: string
  readonly file: string
  /** The expected contents, with an article: `a libvips matrix`. */
  readonly kind: string

  constructor(text: string, file: string, kind: string) {
    this.text = text
    this.file = file
    this.kind = kind
  }

  /** `file:line:column`, both counted from 1, columns in characters. */
  place(at: number): string {
    let line = 1
    let start = 0
    for (const { index, 0: lineEnd } of this.text.matchAll(/\r\n|[\r\n]/g)) {
      if (index + lineEnd.length > at) break
      line++
      start = index + lineEnd.length
    }
    return `${this.file}:${line}:${[...this.text.slice(start, at)].length + 1}`
  }

  /** The text at a position as errors quote it: a word or a character. */
  found(at: number): string {
    const { text } = this
    if (at >= text.length) return 'the end of the file'
    if (/[\r\n]/.test(text[at]!)) return 'the end of the line'
    const word = /^(?:[\p{L}\p{N}_.+-]+|.)/u.exec(text.slice(at, at + 64))?.[0] ?? text[at]!
    return JSON.stringify(word.length > 24 ? `${word.slice(0, 24)}…` : word)
  }

  expected(what: string, { at = this.at, found = this.found(at), fix }: Mistake = {}): ConvoError {
    const why = `expected ${what}, found ${found}`
    const message = `${this.file} is not ${this.kind} that convo can read`
    return this.failure(at, 'E_KERNEL_SYNTAX', message, why, fix)
  }

  wrongShape(at: number, message: string, why: string, fix?: string): ConvoError {
    return this.failure(at, 'E_KERNEL_SHAPE', message, why, fix)
  }

  wrongValue(at: number, message: string, why: string, fix?: string): ConvoError {
    return this.failure(at, 'E_KERNEL_VALUE', message, why, fix)
  }

  /** The error for a mistake at a position. `why` follows the position. */
  failure(at: number, code: ErrorCode, message: string, why: string, fix?: string): ConvoError {
    return new ConvoError(code, message, { why: `${this.place(at)}: ${why}`, fix })
  }

  /**
   * Takes the text that a sticky pattern matches here, and moves past it. Without a match, returns undefined and stays.
   */
  take(pattern: RegExp): string | undefined {
    const found = this.match(pattern)?.[0]
    if (found !== undefined) this.at += found.length
    return found
  }

  /** Matches a sticky pattern here without moving. */
  match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at
    return pattern.exec(this.text)
  }

  /** Skips white space, including line ends. */
  skipSpace(): void {
    this.take(/\s*/y)
  }

  /** Takes one sign. @throws ConvoError E_KERNEL_SYNTAX if another one is here */
  takeSign(sign: string, what = `"${sign}"`): void {
    if (this.text[this.at] !== sign) throw this.expected(what)
    this.at++
  }

  /**
   * Takes a decimal number.
   *
   * @throws ConvoError E_KERNEL_SYNTAX if there is none, E_KERNEL_VALUE if it is not finite in float32
   */
  takeNumber(what = 'a number'): number {
    const { at } = this
    const word = this.take(decimal)
    if (word !== undefined) return this.finite(at, Number(word))
    if (this.take(notFinite) !== undefined) return this.finite(at, Number.NaN)
    throw this.expected(what)
  }

  /**
   * Takes numbers up to an offset, separated by commas or white space. There may be none.
   *
   * @throws ConvoError E_KERNEL_SYNTAX, E_KERNEL_VALUE
   */
  takeNumbers(end: number, { gap = listGap, one = 'a number', sign = 'a comma or a blank' } = {}): Placed[] {
    const found: Placed[] = []
    this.skipSpace()
    while (this.at < end) {
      const { at } = this
      found.push({ at, value: this.takeNumber(one) })
      if (this.at >= end) break
      const between = this.take(gap)
      if (this.at >= end ? between?.includes(',') : between === undefined) {
        throw this.expected(between === undefined ? sign : one)
      }
    }
    return found
  }

  /** Returns the number if it is finite in float32. @throws ConvoError E_KERNEL_VALUE */
  finite(at: number, value: number): number {
    if (Number.isFinite(Math.fround(value))) return value
    const found = this.found(at)
    const message = `numbers of a kernel must be finite in float32, got ${found.replaceAll('"', '')}`
    const why = `expected a number between -3.4e38 and 3.4e38, found ${found}`
    throw this.wrongValue(at, message, why)
  }

  /** Returns numbers as sizes. @throws ConvoError E_KERNEL_SHAPE for one that is not a whole number of at least 1 */
  wholeSizes(what: string, sizes: readonly Placed[]): number[] {
    return sizes.map(({ value, at }) => {
      if (Number.isSafeInteger(value) && value >= 1) return value
      const why = `expected a whole number of at least 1, found ${value}`
      throw this.wrongShape(at, `${what} of at least 1, got ${value}`, why)
    })
  }

  /** Returns a number as a scale. @throws ConvoError E_KERNEL_VALUE for 0 */
  scale({ value, at }: Placed): number {
    if (value !== 0) return value
    const message = 'scale must not be 0: the sum is divided by it'
    throw this.wrongValue(at, message, 'expected a number other than 0, found 0')
  }

  /** Refuses a number of weights that does not match a size. `size` describes it in the terms of the format. */
  checkWeights(at: number, found: number, count: number, size: string, why: string): void {
    if (found === count) return
    const message = `kernel size must match the weights, got ${numbers(found)} for ${size}`
    throw this.wrongShape(at, message, `expected ${why}, found ${found}`)
  }

  /** Returns the lines that are not blank. */
  lines(comments: boolean): Line[] {
    const lines: Line[] = []
    for (const { 0: whole, index } of this.text.matchAll(/[^\r\n]+/g)) {
      const line = comments ? whole.split('#', 1)[0]! : whole
      const at = index + line.length - line.trimStart().length
      if (/\S/.test(line)) lines.push({ text: line.trim(), at })
    }
    return lines
  }

  /**
   * Makes a checked kernel whose errors name a position in the text. @throws ConvoError E_KERNEL_SHAPE, E_KERNEL_VALUE
   */
  kernel(
    at: number,
    shape: readonly number[],
    weights: ArrayLike<number>,
    fields: KernelFields = {},
  ): Kernel {
    return this.placed(at, () => kernel(shape, weights, fields))
  }

  /** Returns the result of `make`. Its errors get the position, and `code` and `why` if these are given. */
  placed<T>(at: number, make: () => T, code?: ErrorCode, why?: string): T {
    try {
      return make()
    } catch (error) {
      if (!(error instanceof ConvoError)) throw error
      const [first = 'in the kernel that starts here', ...rest] = [why ?? [], error.why].flat()
      const placed = [`${this.place(at)}: ${first}`, ...rest]
      throw new ConvoError(code ?? error.code, error.message, { why: placed, fix: error.fix, cause: error })
    }
  }
}

/**
 * Decodes a text file in UTF-8, with or without a byte order mark.
 *
 * @throws ConvoError E_KERNEL_SYNTAX if it is not text, is empty, or is longer than `longestText` bytes
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
  const c = new Cursor(text, file, kind)
  if (!/\S/.test(text)) throw c.expected(kind, { found: 'an empty file' })
  return c
}

/** Finds the first byte that is not valid UTF-8, by binary search for the longest prefix that decodes. */
function firstInvalid(bytes: Uint8Array): number {
  let good = 0
  let bad = bytes.length
  const decoded = (end: number) =>
    new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(0, end), { stream: true })
  const decodes = (end: number) => orElse(() => decoded(end), undefined) !== undefined
  if (decodes(bad)) return bad
  while (bad - good > 1) {
    const middle = (good + bad) >> 1
    if (decodes(middle)) good = middle
    else bad = middle
  }
  return good
}

/** The beginning of a file as text, for sniffing. Invalid UTF-8 is replaced. */
export const headText = (head: Uint8Array): string => new TextDecoder().decode(head)

/** Formats the shortest decimal that reads back as the same double, including the sign of zero. */
export const numberText = (value: number): string => (Object.is(value, -0) ? '-0' : String(value))

/** Formats rows of numbers, one string for each row of a plane kernel. */
export const rowsText = (weights: ArrayLike<number>, width: number, separator: string): string[] =>
  Array.from({ length: weights.length / width }, (_, y) =>
    Array.from({ length: width }, (_, x) => numberText(weights[y * width + x]!)).join(separator),
  )

/** Formats a count: `1 number`, `2 numbers`. */
export const numbers = (count: number): string => `${count} number${count === 1 ? '' : 's'}`

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

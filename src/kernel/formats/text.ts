import { ConvoError, type ErrorCode } from '../../error.ts'
import { type Kernel, type KernelFields, kernel } from '../kernel.ts'

/** A mistake: where it is, unless at the cursor; what is there, unless what the text shows; and what to do. */
export type Mistake = { readonly at?: number; readonly found?: string; readonly fix?: string | undefined }

/** A number with its place. */
export type Placed = { readonly value: number; readonly at: number }

/** A line of a text with its place, without the white space around it and the comment behind it. */
export type Line = { readonly text: string; readonly at: number }

/** More than any kernel that a person writes; what is larger comes from a program, which can write .npy. */
const longestText = 16 * 2 ** 20

/** A decimal number; `inf` and `nan` are taken too, so that they can be refused by name. */
const decimal = /[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\p{L}\p{N}_.])/uy
const notFinite = /[+-]?\.?(?:nan|inf(?:inity)?)(?![\p{L}\p{N}_.])/iuy

const listGap = /\s*,\s*|\s+/y

/** A kernel file as text, with the place up to which it is read. What it throws names the file and the place. */
export class Cursor {
  at = 0
  readonly text: string
  readonly file: string
  /** What the file should be, with its article: `a libvips matrix`. */
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

  /** What is at a place, as errors quote it: a word or a character. */
  found(at: number): string {
    const { text } = this
    if (at >= text.length) return 'the end of the file'
    if (/[\r\n]/.test(text[at]!)) return 'the end of the line'
    const word = /^(?:[\p{L}\p{N}_.+-]+|.)/u.exec(text.slice(at, at + 64))?.[0] ?? text[at]!
    return JSON.stringify(word.length > 24 ? `${word.slice(0, 24)}…` : word)
  }

  /** A mistake in how the text is written. */
  expected(what: string, { at = this.at, found = this.found(at), fix }: Mistake = {}): ConvoError {
    const why = `expected ${what}, found ${found}`
    return this.failure(
      at,
      'E_KERNEL_SYNTAX',
      `${this.file} is not ${this.kind} that convo can read`,
      why,
      fix,
    )
  }

  /** A size that does not fit. */
  wrongShape(at: number, message: string, why: string, fix?: string): ConvoError {
    return this.failure(at, 'E_KERNEL_SHAPE', message, why, fix)
  }

  /** A number that cannot be. */
  wrongValue(at: number, message: string, why: string, fix?: string): ConvoError {
    return this.failure(at, 'E_KERNEL_VALUE', message, why, fix)
  }

  /** A mistake in what the text says; `why` follows the place. */
  failure(at: number, code: ErrorCode, message: string, why: string, fix?: string): ConvoError {
    return new ConvoError(code, message, { why: `${this.place(at)}: ${why}`, fix })
  }

  /** The text that a sticky pattern matches here, moving on; undefined, and staying, when it does not. */
  take(pattern: RegExp): string | undefined {
    const found = this.match(pattern)?.[0]
    if (found !== undefined) this.at += found.length
    return found
  }

  /** What a sticky pattern matches here, staying. */
  match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at
    return pattern.exec(this.text)
  }

  /** Moves over white space, line ends among it. */
  skipSpace(): void {
    this.take(/\s*/y)
  }

  /** Moves over one sign. @throws ConvoError E_KERNEL_SYNTAX when another is here */
  takeSign(sign: string, what = `"${sign}"`): void {
    if (this.text[this.at] !== sign) throw this.expected(what)
    this.at++
  }

  /**
   * Takes a decimal number.
   *
   * @throws ConvoError E_KERNEL_SYNTAX where there is none, E_KERNEL_VALUE where it is not finite in float32
   */
  takeNumber(what = 'a number'): number {
    const { at } = this
    const word = this.take(decimal)
    if (word !== undefined) return this.finite(at, Number(word))
    if (this.take(notFinite) !== undefined) return this.finite(at, Number.NaN)
    throw this.expected(what)
  }

  /**
   * Takes numbers up to a place, apart by commas or white space; there may be none.
   *
   * @throws ConvoError E_KERNEL_SYNTAX, E_KERNEL_VALUE
   */
  takeNumbers(end: number): Placed[] {
    const found: Placed[] = []
    this.skipSpace()
    while (this.at < end) {
      const { at } = this
      found.push({ at, value: this.takeNumber() })
      if (this.at >= end) break
      const between = this.take(listGap)
      if (this.at >= end ? between?.includes(',') : between === undefined) {
        throw this.expected(between === undefined ? 'a comma or a blank' : 'a number')
      }
    }
    return found
  }

  /** The number, when it is finite in float32. @throws ConvoError E_KERNEL_VALUE */
  finite(at: number, value: number): number {
    if (Number.isFinite(Math.fround(value))) return value
    const found = this.found(at)
    const message = `numbers of a kernel must be finite in float32, got ${found.replaceAll('"', '')}`
    const why = `expected a number between -3.4e38 and 3.4e38, found ${found}`
    throw this.wrongValue(at, message, why)
  }

  /** The sizes among numbers of the text. @throws ConvoError E_KERNEL_SHAPE for one that is no whole number of at least 1 */
  wholeSizes(what: string, sizes: readonly Placed[]): number[] {
    return sizes.map(({ value, at }) => {
      if (Number.isSafeInteger(value) && value >= 1) return value
      const why = `expected a whole number of at least 1, found ${value}`
      throw this.wrongShape(at, `${what} of at least 1, got ${value}`, why)
    })
  }

  /** A scale that the text states. @throws ConvoError E_KERNEL_VALUE for 0 */
  scale({ value, at }: Placed): number {
    if (value !== 0) return value
    const message = 'scale must not be 0: the sum is divided by it'
    throw this.wrongValue(at, message, 'expected a number other than 0, found 0')
  }

  /** Refuses more or fewer weights than a size has; `size` says it in the words of the format. */
  checkWeights(at: number, found: number, count: number, size: string, why: string): void {
    if (found === count) return
    const message = `kernel size must match the weights, got ${numbers(found)} for ${size}`
    throw this.wrongShape(at, message, `expected ${why}, found ${found}`)
  }

  /** The lines that hold more than white space. */
  lines(comments: boolean): Line[] {
    const lines: Line[] = []
    for (const { 0: whole, index } of this.text.matchAll(/[^\r\n]+/g)) {
      const line = comments ? whole.split('#', 1)[0]! : whole
      const at = index + line.length - line.trimStart().length
      if (/\S/.test(line)) lines.push({ text: line.trim(), at })
    }
    return lines
  }

  /** A kernel, checked, whose errors name a place in the text. @throws ConvoError E_KERNEL_SHAPE, E_KERNEL_VALUE */
  kernel(
    at: number,
    shape: readonly number[],
    weights: ArrayLike<number>,
    fields: KernelFields = {},
  ): Kernel {
    return this.placed(at, () => kernel(shape, weights, fields))
  }

  /** What `make` gives; its errors get a place, and a code and a reason of their own where these are given. */
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
  const c = new Cursor(text, file, kind)
  if (!/\S/.test(text)) throw c.expected(kind, { found: 'an empty file' })
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

/** `1 number`, `2 numbers`. */
export const numbers = (count: number): string => `${count} number${count === 1 ? '' : 's'}`

/** Text as the bytes of a file. */
export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

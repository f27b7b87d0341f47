import { ffmpeg } from './formats/ffmpeg.ts'
import { readKernels } from './formats/index.ts'
import { Cursor } from './formats/text.ts'
import { type Kernel, kernel } from './kernel.ts'

/** The name of inline kernels in errors, which otherwise show the name of the file. */
const shown = 'kernel'

// nested lists and convo JSON, a G'MIC literal, the geometry of an ImageMagick string
const literal = /^\s*(?:[[{(]|\d+(?:x\d+)?(?:[+-]\d+)*[@<>]?\s*:)/
// a number, followed by nothing that could be part of a word or a path
const rows = /^[\s,;]*[+-]?\.?\d[-+.\deE,;\s]*$|^[\s,;]*[+-]?\.?\d\S*[\s,;]/

const isFfmpeg = (source: string): boolean => ffmpeg.sniff(new TextEncoder().encode(source))

/** Whether a source contains numbers, and is not a name or a file. */
export const isInline = (source: string): boolean =>
  literal.test(source) || rows.test(source) || isFfmpeg(source)

/**
 * Reads the kernels whose numbers are in a source: one, or several joined in an ImageMagick string.
 *
 * @throws ConvoError E_KERNEL_SYNTAX, E_KERNEL_SHAPE, E_KERNEL_VALUE
 */
export function inlineKernels(source: string): readonly Kernel[] {
  const isFormat = literal.test(source) || isFfmpeg(source)
  return isFormat ? readKernels(new TextEncoder().encode(source), shown) : [readRows(source)]
}

// `-1,0,1 -2,0,2`: groups of at least two numbers with commas, separated by blanks that are not next to a comma
const groups = /^\s*[^\s,;]+(?:,[^\s,;]+)+(?:[ \t]+[^\s,;]+(?:,[^\s,;]+)+)+\s*$/

/**
 * Reads rows separated by `;`, line ends, or blanks between groups with commas. Numbers need spaces, tabs or a comma.
 */
function readRows(source: string): Kernel {
  const c = new Cursor(source, shown, 'rows of numbers')
  const row = groups.test(source) ? /\S+/g : /[^;\n]+/g
  const lines = [...source.matchAll(row)].filter(({ 0: line }) => line.trim() !== '')
  const read = lines.map(({ 0: line, index }) => readRow(c, line, index))
  const width = read[0]?.length ?? 0
  read.forEach((row, y) => {
    if (row.length === width) return
    const why = `expected ${width} numbers as in row 1, found ${row.length} in row ${y + 1}`
    throw c.wrongShape(lines[y]!.index, 'rows of a kernel must have equal length', why, example)
  })
  return kernel([read.length, width], read.flat())
}

const example = 'rows such as "-1 0 1; -2 0 2; -1 0 1"'

/** Reads the numbers of one row. A comma must be between two numbers. */
function readRow(c: Cursor, line: string, index: number): readonly number[] {
  const syntax = (at: number, found: string, fix = example) => {
    const why = `expected a number, found ${found}`
    return c.failure(index + at, 'E_KERNEL_SYNTAX', 'the kernel is not rows of numbers', why, fix)
  }
  const numbers: number[] = []
  let afterComma = true
  for (const { 0: word, index: at } of line.matchAll(/,|[^\s,]+/g)) {
    if (word === ',') {
      if (afterComma) throw syntax(at, '","')
      afterComma = true
      continue
    }
    if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(word)) {
      const isFraction = /^[+-]?\d+\/\d+$/.test(word)
      throw syntax(at, `"${word}"`, isFraction ? 'whole numbers, and --scale for the divisor' : example)
    }
    const value = Number(word)
    if (!Number.isFinite(Math.fround(value))) {
      const message = `weights must be finite float32 numbers, got ${word}`
      const why = `expected a number between -3.4e38 and 3.4e38, found ${word}`
      throw c.wrongValue(index + at, message, why, example)
    }
    numbers.push(value)
    afterComma = false
  }
  if (afterComma) throw syntax(line.length, 'the end of the row')
  return numbers
}

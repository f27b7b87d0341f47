import { type KernelFormat, requireHeld } from './format.ts'
import {
  bytesOf,
  type Cursor,
  expected,
  failure,
  headText,
  kernelAt,
  type Line,
  linesOf,
  numbers,
  openText,
  planeLosses,
  rowsText,
  take,
  takeNumber,
} from './text.ts'

type Separator = { readonly name: string; readonly pattern: RegExp }

const separators = {
  semicolon: { name: 'a semicolon', pattern: /[ \t]*;[ \t]*/y },
  comma: { name: 'a comma', pattern: /[ \t]*,[ \t]*/y },
  tab: { name: 'a tab', pattern: / *\t */y },
  blank: { name: 'white space', pattern: /[ \t]+/y },
} satisfies Record<string, Separator>

/**
 * Rows of numbers, one row a line, apart by commas, semicolons, tabs or white space, the same in the whole file; `#` begins
 * a comment. A semicolon anywhere makes it the separator, then a comma, then a tab where no blanks separate too. Only on
 * a single line that has other separators as well do semicolons end rows: `-1 0 1; -2 0 2; -1 0 1`.
 */
export const csv: KernelFormat = {
  name: 'text matrix',
  summary: 'rows of numbers, one row per line, separated by commas, tabs or blanks; # starts a comment',
  direction: { turns: false, as: 'vips conv' },
  extensions: ['.csv', '.tsv'],
  example: '1,0,-1\n2,0,-2\n1,0,-1\n',
  sniff: (head) => /^\s*[+-]?\.?\d/.test(headText(head).replace(/#[^\r\n]*/g, '')),
  read(bytes, file) {
    const c = openText(bytes, file, 'a text matrix')
    const lines = rowsOf(linesOf(c, true))
    const [first] = lines
    if (first === undefined)
      throw expected(c, 'rows of numbers', { at: c.text.length, found: 'only comments' })
    const separator = separatorOf(lines)
    const rows = lines.map((line) => readRow(c, line, separator))
    const width = rows[0]!.length
    rows.forEach((row, y) => {
      if (row.length === width) return
      const message = `rows of a kernel must have equal length, got ${row.length} in row ${y + 1} after ${width}`
      throw failure(c, lines[y]!.at, 'E_KERNEL_SHAPE', message, {
        why: `expected ${numbers(width)} as in row 1, found ${row.length}`,
        fix: '0 where a weight has no effect',
      })
    })
    return [kernelAt(c, first.at, [rows.length, width], rows.flat())]
  },
  cannotHold: (k) => planeLosses(k),
  write(k) {
    requireHeld(
      'a text matrix',
      planeLosses(k),
      '.mat, which stores scale and offset, or .json, which stores everything',
    )
    return bytesOf(`${rowsText(k.weights, k.shape[1]!, ',').join('\n')}\n`)
  },
}

/** Lines, or the parts of a single one that semicolons end. */
function rowsOf(lines: readonly Line[]): readonly Line[] {
  const [only] = lines
  const parts = lines.length === 1 ? only!.text.split(';') : []
  if (!parts.some((part) => /[,\s]/.test(part.trim()))) return lines
  let at = only!.at
  return parts.flatMap((part) => {
    const row = { text: part.trim(), at: at + part.length - part.trimStart().length }
    at += part.length + 1
    return row.text === '' ? [] : [row]
  })
}

function separatorOf(lines: readonly Line[]): Separator {
  const some = (pattern: RegExp) => lines.some(({ text }) => pattern.test(text))
  if (some(/;/)) return separators.semicolon
  if (some(/,/)) return separators.comma
  return some(/\t/) && !some(/\S +\S/) ? separators.tab : separators.blank
}

function readRow(c: Cursor, { text, at }: Line, separator: Separator): number[] {
  const end = at + text.length
  const row: number[] = []
  c.at = at
  for (;;) {
    if (c.at >= end) throw expected(c, `a number after ${separator.name}`, { found: 'the end of the row' })
    row.push(takeNumber(c))
    if (c.at >= end) return row
    if (take(c, separator.pattern) !== undefined) continue
    take(c, /[ \t]*/y)
    throw expected(c, `${separator.name} or the end of the row`, {
      fix:
        separator === separators.semicolon && c.text[c.at] === ','
          ? 'a decimal point instead of a comma'
          : undefined,
    })
  }
}

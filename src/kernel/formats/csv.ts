import type { KernelFormat } from './format.ts'
import { bytesOf, type Cursor, headText, type Line, numbers, openText, rowsText } from './text.ts'

type Separator = { readonly name: string; readonly pattern: RegExp }

const separators = {
  semicolon: { name: 'a semicolon', pattern: /[ \t]*;[ \t]*/y },
  comma: { name: 'a comma', pattern: /[ \t]*,[ \t]*/y },
  tab: { name: 'a tab', pattern: / *\t */y },
  blank: { name: 'white space', pattern: /[ \t]+/y },
} satisfies Record<string, Separator>

/**
 * Rows of numbers, one per line, separated by commas, semicolons, tabs or white space, the same in the whole file. `#`
 * begins a comment. A semicolon anywhere makes it the separator, else a comma, else a tab if no blanks separate
 * numbers. Semicolons end rows only on a single line that also contains other separators: `-1 0 1; -2 0 2; -1 0 1`.
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
    const lines = rowsOf(c.lines(true))
    const [first] = lines
    if (first === undefined)
      throw c.expected('rows of numbers', { at: c.text.length, found: 'only comments' })
    const separator = separatorOf(lines)
    const rows = lines.map((line) => readRow(c, line, separator))
    const width = rows[0]!.length
    rows.forEach((row, y) => {
      if (row.length === width) return
      const message = `rows of a kernel must have equal length, got ${row.length} in row ${y + 1} after ${width}`
      const why = `expected ${numbers(width)} as in row 1, found ${row.length}`
      throw c.wrongShape(lines[y]!.at, message, why, '0 where a weight has no effect')
    })
    return [c.kernel(first.at, [rows.length, width], rows.flat())]
  },
  kind: 'a text matrix',
  holds: [],
  write: (k) => bytesOf(`${rowsText(k.weights, k.shape[1]!, ',').join('\n')}\n`),
}

/** Returns the lines, or the parts of a single line that semicolons separate. */
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
    if (c.at >= end) throw c.expected(`a number after ${separator.name}`, { found: 'the end of the row' })
    row.push(c.takeNumber())
    if (c.at >= end) return row
    if (c.take(separator.pattern) !== undefined) continue
    c.take(/[ \t]*/y)
    const isDecimal = separator === separators.semicolon && c.text[c.at] === ','
    const fix = isDecimal ? 'a decimal point instead of a comma' : undefined
    throw c.expected(`${separator.name} or the end of the row`, { fix })
  }
}

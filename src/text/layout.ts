/** Wraps text into lines of at most `width` columns. Keeps line ends in the text. */
export function wrap(text: string, width: number): string[] {
  const most = Math.max(width, 16)
  return text
    .split('\n')
    .flatMap((line) => brokenLine(line, ({ length }) => length <= most))
    .map((line) => line.trimEnd())
}

/**
 * Breaks a line between words into lines that fit. The second and later ones begin with `indent`. A word that does not
 * fit gets its own line.
 */
export function brokenLine(line: string, fits: (text: string) => boolean, indent = ''): string[] {
  const lines: string[] = []
  let current = ''
  for (const word of line.split(' ')) {
    const longer = current === '' ? word : `${current} ${word}`
    if (current === '' || fits(longer)) current = longer
    else {
      lines.push(current)
      current = indent + word
    }
  }
  return [...lines, current]
}

/** Indents and wraps a block of text. */
export const indent = (text: string, by: number, width: number): string =>
  wrap(text, width - by)
    .map((line) => (line === '' ? '' : ' '.repeat(by) + line))
    .join('\n')

/** Puts descriptions beside their terms, or below terms that are too long. */
export function definitions(
  rows: readonly (readonly [term: string, description: string])[],
  width: number,
  termWidth = Math.min(Math.max(0, ...rows.map(([term]) => term.length)), Math.floor(width / 3)),
): string {
  // there must be room for a few words beside a term
  const isNarrow = width - termWidth < 32
  const left = isNarrow ? 6 : termWidth + 4
  return rows
    .flatMap(([term, description]) => {
      const [first = '', ...rest] = wrap(description, width - left)
      const after = rest.map((line) => ' '.repeat(left) + line)
      if (isNarrow || term.length > termWidth) return [`  ${term}`, ' '.repeat(left) + first, ...after]
      return [`  ${term.padEnd(termWidth)}  ${first}`.trimEnd(), ...after]
    })
    .join('\n')
}

/**
 * Aligns rows of cells in columns. The last column keeps its length unless a width is given; then it is wrapped, and
 * placed below the others if there is no room beside them.
 */
export function columns(rows: readonly (readonly string[])[], width = Number.POSITIVE_INFINITY): string {
  const widths = (rows[0] ?? []).map((_, i) =>
    rows.reduce((most, row) => Math.max(most, row[i]?.length ?? 0), 0),
  )
  const left = widths.slice(0, -1).reduce((sum, w) => sum + w + 2, 0)
  const isBeside = width - left >= 24
  return rows
    .flatMap((row) => {
      const before = row.slice(0, -1).map((cell, i) => cell.padEnd(widths[i]!))
      const at = isBeside ? left : 4
      const last = wrap(row.at(-1) ?? '', width - at)
      const first = isBeside ? [[...before, last[0]].join('  ')] : wrap(before.join('  ').trimEnd(), width)
      const rest = isBeside ? last.slice(1) : last
      return [...first, ...rest.map((line) => ' '.repeat(at) + line)]
    })
    .map((line) => `${line.trimEnd()}\n`)
    .join('')
}

/** Words on lines of at most `width` columns. Line ends in the text stay. */
export function wrap(text: string, width: number): string[] {
  return text.split('\n').flatMap((line) => wrapLine(line, Math.max(width, 16)))
}

function wrapLine(line: string, width: number): string[] {
  const lines: string[] = []
  let current = ''
  for (const word of line.split(' ')) {
    if (current !== '' && current.length + 1 + word.length > width) {
      lines.push(current)
      current = word
    } else {
      current = current === '' ? word : `${current} ${word}`
    }
  }
  return [...lines, current].map((each) => each.trimEnd())
}

/** A block moved to the right; its lines are wrapped. */
export function indent(text: string, by: number, width: number): string {
  return wrap(text, width - by)
    .map((line) => (line === '' ? '' : ' '.repeat(by) + line))
    .join('\n')
}

/** Terms with their descriptions beside them; below them where the term is too long. */
export function definitions(
  rows: readonly (readonly [term: string, description: string])[],
  width: number,
  termWidth = Math.min(Math.max(0, ...rows.map(([term]) => term.length)), Math.floor(width / 3)),
): string {
  // beside a term there must be room for a few words
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

/** Rows of cells in columns, the last one as long as it is. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)))
  return rows
    .map((row) => row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i]!))).join('  '))
    .map((line) => `${line.trimEnd()}\n`)
    .join('')
}

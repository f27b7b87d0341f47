import { visible } from './visible.ts'

/** Text that Markdown, a cell of its tables and the HTML in it take as text. */
export const markdownText = (text: string): string =>
  visible(
    text
      .replace(/[\r\n\t]+/g, ' ')
      .replace(/[\\`*_{}[\]()#+!|~$@:-]/g, '\\$&')
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;'),
  )

/** Code of a language between fences longer than any in it. */
export function fenced(code: string, language: string): string {
  const shown = visible(code)
  const longest = Math.max(2, ...(shown.match(/`+/g) ?? []).map((run) => run.length))
  const fence = '`'.repeat(longest + 1)
  return `${fence}${language}\n${shown}\n${fence}`
}

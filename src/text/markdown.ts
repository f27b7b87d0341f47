import { visible } from './visible.ts'

/** Escapes text for Markdown, its table cells and its HTML. */
export const markdownText = (text: string): string =>
  visible(
    text
      .replace(/[\r\n\t]+/g, ' ')
      .replace(/[\\`*_{}[\]()#+!|~$@:-]/g, '\\$&')
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;'),
  )

/** Puts code between fences that are longer than any fence in it. */
export function fenced(code: string, language: string): string {
  const shown = visible(code)
  const longest = Math.max(2, ...(shown.match(/`+/g) ?? []).map((run) => run.length))
  const fence = '`'.repeat(longest + 1)
  return `${fence}${language}\n${shown}\n${fence}`
}

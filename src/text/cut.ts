/** Text that may be long, for a message: what is over `most` letters is left out at the end, and `…` says so. */
export function cut(text: string, most = 200): string {
  if (text.length <= most) return text
  const end = text.slice(0, most - 1)
  // half of a letter of two units is none
  return `${/[\ud800-\udbff]$/.test(end) ? end.slice(0, -1) : end}…`
}

/** Letters of a line of a message, and of a word in it: a longer word is no path or number that anybody reads. */
const [mostOfLine, mostOfWord] = [4000, 500]

/** A line of a message with overlong words cut, and cut itself where it is longer than anybody reads. */
export const cutLine = (text: string): string =>
  text.length <= mostOfWord
    ? text
    : cut(
        text.replace(longWord, (word) => cut(word)),
        mostOfLine,
      )

const longWord = new RegExp(`\\S{${mostOfWord + 1},}`, 'g')

/** Text that may be long, for a message: what is over `most` letters is omitted at the end, and `…` says so. */
export function cut(text: string, most = 200): string {
  if (text.length <= most) return text
  const end = text.slice(0, most - 1)
  // half of a letter of two units is none
  return `${/[\ud800-\udbff]$/.test(end) ? end.slice(0, -1) : end}…`
}

/** The most letters in a line of a message, and in a word of it. Longer words are not legible paths or numbers. */
const [mostOfLine, mostOfWord] = [4000, 500]

/** Cuts overlong words in a line of a message, and then the line if it is still too long. */
export const cutLine = (text: string): string =>
  text.length <= mostOfWord
    ? text
    : cut(
        text.replace(longWord, (word) => cut(word)),
        mostOfLine,
      )

const longWord = new RegExp(`\\S{${mostOfWord + 1},}`, 'g')

/** Shortens text for a message to `most` letters. `…` marks the cut. */
export function cut(text: string, most = 200): string {
  if (text.length <= most) return text
  const end = text.slice(0, most - 1)
  // drops half of a surrogate pair
  return `${/[\ud800-\udbff]$/.test(end) ? end.slice(0, -1) : end}…`
}

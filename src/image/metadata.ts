import { directoryAt, exifReader, firstDirectory } from './tiff-directory.ts'

/** Fields of EXIF that say nothing beyond the picture: size, orientation, resolution, and what every writer puts there. */
const plain = new Set([
  ...[256, 257, 258, 259, 262, 274, 277, 282, 283, 284, 296, 531, 34665],
  ...[36864, 37121, 40960, 40961, 40962, 40963],
])

/** Whether an EXIF block holds anything that is lost with it. */
export function saysMore(exif: Uint8Array): boolean {
  const read = exifReader(exif)
  const first = firstDirectory(read)
  if (first === undefined) return false
  const sub = first.tags.get(34665)
  const inner = sub && directoryAt(read, sub.value, first.layout)
  // a second directory is a thumbnail
  if (first.next !== 0 && first.next < exif.length) return true
  return [...first.tags.keys(), ...(inner?.tags.keys() ?? [])].some((one) => !plain.has(one))
}

/** `EXIF, XMP and text` */
export function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}

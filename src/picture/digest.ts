import { type Shape, shapeOf } from '../image/compare/comparison.ts'
import type { Pages } from '../image/compare/pages.ts'
import { createDigest } from '../image/digest.ts'
import { type Source, wholeOf } from '../image/reader.ts'

/** The hash of the pixels of a picture file, and the shape of its first page. */
export type Digest = Shape & {
  /** `sha256:` and the hash of the shape and the samples, in hexadecimal. */
  readonly digest: string
  /** Pages or frames, all of which are part of the digest. */
  readonly pages: number
  /** Notes for the user, in sentences. */
  readonly notes: readonly string[]
}

/**
 * Hashes all pages. If a file contains pictures that are not read, the bytes of the file are hashed too.
 *
 * @param source where the pages are from
 * @param name what to call it in notes
 */
export async function digestOf(pages: Pages, source: Source | undefined, name: string): Promise<Digest> {
  const { count, unread = [], pictures, notes: own = [] } = pages
  const hash = createDigest()
  let first: Shape | undefined
  const notes = [...own]
  for await (const page of pictures) {
    await hash.add(page)
    first ??= shapeOf(page)
  }
  if (unread.length > 0 && source !== undefined) {
    await hash.addFile(await wholeOf(source))
    notes.push(
      `${name} contains data that convo does not read (${unread.join(', ')}), so the bytes of the file were hashed too`,
    )
  }
  return { digest: hash.end(), ...first!, pages: count, notes }
}

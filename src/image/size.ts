import { ConvoError } from '../error.ts'
import { counted } from '../text/count.ts'

/** The pixels of a picture across and down. */
export type Size = { readonly width: number; readonly height: number }

/**
 * Checks the size of a page against the limit, or that of all pictures of an animation, because they build on each other.
 *
 * @throws ConvoError E_TOO_LARGE for more than `maxPixels` pixels
 */
export function checkSize({ width, height }: Size, maxPixels: number, name: string, frames = 1): void {
  const pixels = width * height * frames
  if (pixels <= maxPixels) return
  const what = frames === 1 ? `${width}x${height} is` : `${frames} pictures of ${width}x${height} are`
  throw new ConvoError('E_TOO_LARGE', `${name} has more pixels than allowed`, {
    why: `${name}: ${what} ${pixels} pixels, the limit is ${maxPixels}`,
    fix: `--max-pixels ${pixels}`,
  })
}

/** Refuses a page, from 0, that does not exist. @throws ConvoError E_OPTION */
export function checkPage(page: number, pages: number | undefined, name: string): void {
  if (pages === undefined || page < pages) return
  throw new ConvoError('E_OPTION', `${name} has no page ${page + 1}`, {
    why: `${name} has ${counted(pages, 'page')}`,
    fix: pages === 1 ? 'no --page' : `--page ${pages}`,
  })
}

/** Refuses more pixels than can be in the file, before memory is allocated for them. @throws ConvoError E_DECODE */
export function refuseShort(size: number, leastBytes: number | undefined, name: string): void {
  if (size >= (leastBytes ?? 0)) return
  throw new ConvoError('E_DECODE', `${name} cannot be decoded: it is damaged`, {
    why: `${name}: its pixels do not fit in ${counted(size, 'byte')}`,
    fix: 'a new copy of the file',
  })
}

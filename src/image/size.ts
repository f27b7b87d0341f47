import { ConvoError } from '../error.ts'

/**
 * Checks the size of a page against the limit.
 *
 * @throws ConvoError E_TOO_LARGE for more than `maxPixels` pixels
 */
export function checkSize(
  size: { readonly width: number; readonly height: number },
  maxPixels: number,
  name: string,
) {
  const pixels = size.width * size.height
  if (pixels <= maxPixels) return
  throw new ConvoError('E_TOO_LARGE', `${name} has more pixels than allowed`, {
    why: `${name}: ${size.width}x${size.height} is ${pixels} pixels, the limit is ${maxPixels}`,
    fix: `--max-pixels ${pixels}`,
  })
}

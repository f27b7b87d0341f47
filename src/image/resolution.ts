/** Pixels per metre, across and down. */
export type Resolution = readonly [x: number, y: number]

import { viewOf } from '../files/read.ts'
import type { Read } from './reader.ts'
import { exifReader, firstDirectory } from './tiff-directory.ts'

const perInch = 1 / 0.0254

/** The resolution in the JFIF header of a JPEG, which is its first segment where it has one. */
export function jfifResolution(head: Uint8Array): Resolution | undefined {
  const unit = head[13]
  const isJfif = head.length >= 18 && String.fromCharCode(...head.subarray(6, 10)) === 'JFIF'
  if (!isJfif || (unit !== 1 && unit !== 2)) return undefined
  const view = new DataView(head.buffer, head.byteOffset, head.length)
  return resolution(view.getUint16(12 + 2), view.getUint16(12 + 4), unit === 1 ? perInch : 100)
}

/** The resolution in an EXIF block. */
export const exifResolution = (exif: Uint8Array): Resolution | undefined => tiffResolution(exifReader(exif))

/** The resolution in the first directory of a TIFF (TIFF 6.0, tags 282, 283, 296); nothing where it is not as it should be. */
export function tiffResolution(read: Read): Resolution | undefined {
  const first = firstDirectory(read)
  if (first === undefined || first.layout.isBig) return undefined
  const { tags, layout } = first
  const [x, y] = [282, 283].map((tag) => {
    const ratio = viewOf(read(tags.get(tag)?.value ?? 0, 8))
    if (!tags.has(tag) || ratio.byteLength < 8) return undefined
    return ratio.getUint32(0, layout.little) / ratio.getUint32(4, layout.little)
  })
  const unit = tags.get(296)?.value ?? 2
  if (x === undefined || y === undefined || (unit !== 2 && unit !== 3)) return undefined
  return resolution(x, y, unit === 2 ? perInch : 100)
}

function resolution(x: number, y: number, scale: number): Resolution | undefined {
  const pair = [Math.round(x * scale), Math.round(y * scale)] as const
  return pair.every((n) => n >= 1 && n <= 0xffffffff) ? pair : undefined
}

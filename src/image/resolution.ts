/** Pixels per metre, across and down. */
export type Resolution = readonly [x: number, y: number]

import { viewOf } from '../files/read.ts'
import type { Read } from './reader.ts'
import { type Directory, exifReader, pageOf } from './tiff-directory.ts'

const perInch = 1 / 0.0254

/** The resolution in the JFIF header of a JPEG, which is the first segment if it exists. */
export function jfifResolution(head: Uint8Array): Resolution | undefined {
  const unit = head[13]
  const isJfif = head.length >= 18 && String.fromCharCode(...head.subarray(6, 10)) === 'JFIF'
  if (!isJfif || (unit !== 1 && unit !== 2)) return undefined
  const view = new DataView(head.buffer, head.byteOffset, head.length)
  return resolution(view.getUint16(12 + 2), view.getUint16(12 + 4), unit === 1 ? perInch : 100)
}

export const exifResolution = (exif: Uint8Array): Resolution | undefined => tiffResolution(exifReader(exif))

/** The resolution in the first directory of a TIFF. Undefined if it is missing or invalid. */
export function tiffResolution(read: Read): Resolution | undefined {
  const { x, y, unit } = tiffDensity(read, pageOf(read))
  return unit === 2 || unit === 3 ? resolution(x, y, unit === 2 ? perInch : 100) : undefined
}

/** Whether a TIFF directory states the aspect ratio of its pixels but not their size, which unit 1 means. */
export function tiffHasOwnAspect(read: Read, directory: Directory): boolean {
  const { x, y, unit } = tiffDensity(read, directory)
  return unit === 1 && x > 0 && y > 0 && x !== y
}

/** The values of tags 282, 283 and 296 in a directory (TIFF 6.0, section 8). NaN if a tag is missing or not a ratio. */
function tiffDensity(read: Read, directory: Directory | undefined) {
  const [x, y] = [282, 283].map((tag) => {
    const field = directory?.tags.get(tag)
    const { little = true, isBig = false } = directory?.layout ?? {}
    const ratio = viewOf(read(isBig ? (field?.place ?? 0) : (field?.value ?? 0), 8))
    if (field?.type !== 5 || ratio.byteLength < 8) return Number.NaN
    return ratio.getUint32(0, little) / ratio.getUint32(4, little)
  })
  return { x: x!, y: y!, unit: directory?.tags.get(296)?.value ?? 2 }
}

function resolution(x: number, y: number, scale: number): Resolution | undefined {
  const pair = [Math.round(x * scale), Math.round(y * scale)] as const
  return pair.every((n) => n >= 1 && n <= 0xffffffff) ? pair : undefined
}

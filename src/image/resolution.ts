/** Pixels per metre, across and down. */
export type Resolution = readonly [x: number, y: number]

import { viewOf } from '../files/read.ts'
import type { Read } from './reader.ts'

const perInch = 1 / 0.0254

/** The resolution in the JFIF header of a JPEG, which is its first segment where it has one. */
export function jfifResolution(head: Uint8Array): Resolution | undefined {
  const unit = head[13]
  const isJfif = head.length >= 18 && String.fromCharCode(...head.subarray(6, 10)) === 'JFIF'
  if (!isJfif || (unit !== 1 && unit !== 2)) return undefined
  const view = new DataView(head.buffer, head.byteOffset, head.length)
  return resolution(view.getUint16(12 + 2), view.getUint16(12 + 4), unit === 1 ? perInch : 100)
}

/** The resolution in an EXIF block, which is a small TIFF. */
export function exifResolution(exif: Uint8Array): Resolution | undefined {
  const start = String.fromCharCode(...exif.subarray(0, 4)) === 'Exif' ? 6 : 0
  return tiffResolution((at, length) => exif.subarray(start + at, start + at + length))
}

/** The resolution in the first directory of a TIFF (TIFF 6.0, tags 282, 283, 296); nothing where it is not as it should be. */
export function tiffResolution(read: Read): Resolution | undefined {
  const head = viewOf(read(0, 8))
  if (head.byteLength < 8) return undefined
  const little = head.getUint16(0) === 0x4949
  if (head.getUint16(2, little) !== 42) return undefined
  const directory = head.getUint32(4, little)
  const counted = viewOf(read(directory, 2))
  if (counted.byteLength < 2) return undefined
  const entries = viewOf(read(directory + 2, counted.getUint16(0, little) * 12))
  const found: { x?: number; y?: number; unit: number } = { unit: 2 }
  for (let at = 0; at + 12 <= entries.byteLength; at += 12) {
    const tag = entries.getUint16(at, little)
    if (tag === 296) found.unit = entries.getUint16(at + 8, little)
    if (tag !== 282 && tag !== 283) continue
    const ratio = viewOf(read(entries.getUint32(at + 8, little), 8))
    if (ratio.byteLength < 8) return undefined
    found[tag === 282 ? 'x' : 'y'] = ratio.getUint32(0, little) / ratio.getUint32(4, little)
  }
  const { x, y, unit } = found
  if (x === undefined || y === undefined || (unit !== 2 && unit !== 3)) return undefined
  return resolution(x, y, unit === 2 ? perInch : 100)
}

function resolution(x: number, y: number, scale: number): Resolution | undefined {
  const pair = [Math.round(x * scale), Math.round(y * scale)] as const
  return pair.every((n) => n >= 1 && n <= 0xffffffff) ? pair : undefined
}

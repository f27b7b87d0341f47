import { viewOf } from '../files/read.ts'
import type { PictureMeta } from '../tensor/picture.ts'
import { exifBlock, exifFor } from './exif.ts'
import { concat, iccFits } from './png.ts'
import { textOf } from './reader.ts'
import type { Size } from './size.ts'

// WebP files as chunks (RFC 9649, section 2.7), for their metadata.

const chunk = (type: string, body: Uint8Array): Uint8Array => {
  const head = new Uint8Array(8)
  head.set(Buffer.from(type, 'latin1'))
  viewOf(head).setUint32(4, body.length, true)
  return concat([head, body, new Uint8Array(body.length % 2)])
}

const flags = { profile: 0x20, alpha: 0x10, exif: 0x08, xmp: 0x04 } as const

/**
 * Sets the durations of the pictures of an encoded animation in milliseconds, because the encoder writes 100 for up to
 * 10. The file stays unchanged if it has another number of pictures.
 */
export function webpTimed(webp: Uint8Array, times: readonly number[]): Uint8Array {
  const view = viewOf(webp)
  const frames: number[] = []
  for (let at = 12; at + 24 <= webp.length; at += 8 + ((view.getUint32(at + 4, true) + 1) & ~1))
    if (textOf(webp, at, at + 4) === 'ANMF') frames.push(at + 20)
  // 24 bits, followed by the flags
  if (frames.length === times.length)
    for (const [i, at] of frames.entries())
      view.setUint32(at, (times[i]! & 0xffffff) | (webp[at + 3]! << 24), true)
  return webp
}

/** Adds profile, EXIF and XMP to an encoded WebP. */
export function webpWith(
  webp: Uint8Array,
  meta: PictureMeta,
  size: Size & { readonly channels: number },
): Uint8Array {
  const exif = exifFor(meta, size, true)
  const { xmp } = meta.metadata ?? {}
  const icc = meta.icc !== undefined && iccFits(meta.icc, size.channels) ? meta.icc : undefined
  if (exif === undefined && xmp === undefined && icc === undefined) return webp
  const isExtended = textOf(webp, 12, 16) === 'VP8X'
  const head = isExtended ? webp.slice(20, 30) : new Uint8Array(10)
  if (!isExtended) {
    const view = viewOf(head)
    if (size.channels % 2 === 0) head[0] = flags.alpha
    view.setUint32(4, size.width - 1, true)
    // 24 bits each, first the width, then the height
    view.setUint16(7, (size.height - 1) & 0xffff, true)
    head[9] = (size.height - 1) >> 16
  }
  head[0]! |= (icc && flags.profile) ?? 0
  head[0]! |= (exif && flags.exif) ?? 0
  head[0]! |= (xmp && flags.xmp) ?? 0
  const body = concat([
    Buffer.from('WEBP', 'latin1'),
    chunk('VP8X', head),
    ...(icc === undefined ? [] : [chunk('ICCP', icc)]),
    webp.subarray(isExtended ? 30 : 12),
    ...(exif === undefined ? [] : [chunk('EXIF', exifBlock(exif))]),
    ...(xmp === undefined ? [] : [chunk('XMP ', xmp)]),
  ])
  return chunk('RIFF', body)
}

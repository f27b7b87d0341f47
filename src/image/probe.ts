import { ConvoError } from '../error.ts'
import { counted } from '../text/count.ts'
import type { BorrowedKind } from './borrowed.ts'
import type { OwnKind } from './own.ts'
import { type PngHead, readPngHead } from './png-head.ts'
import { pngSignature } from './png-parts.ts'
import { nameOf, type Reader, type Source, withReader } from './reader.ts'
import { jfifResolution, type Resolution, tiffResolution } from './resolution.ts'
import { holdsArray } from './tiff-array.ts'

/** The kinds of file that are distinguished by their first bytes. */
export type Kind = 'png' | 'jpeg' | 'webp' | 'tiff' | 'gif' | 'avif' | 'svg' | 'npy' | OwnKind | BorrowedKind

/** The information in the first bytes. */
export type Probe = {
  readonly kind?: Kind
  /** Whether it is an array: a .npy file, or a TIFF with many channels or with number types that no picture has. */
  readonly isArray?: true
  readonly png?: PngHead
  /** from pHYs of a PNG, the JFIF header of a JPEG, the first page of a TIFF */
  readonly resolution?: Resolution
  /** bytes */
  readonly size: number
}

/**
 * Examines the first bytes of a picture, without decoding and without sharp, fast enough to start workers by the
 * result. A PNG is also checked for damage that decoders miss: a wrong IHDR, a missing end.
 *
 * @param name what to call the source in errors
 * @throws ConvoError E_INPUT for a file that cannot be read, E_DECODE for an empty file or a damaged PNG
 */
export function probe(source: Source, name = nameOf(source)): Probe {
  return withReader(source, name, (reader) => {
    if (reader.size === 0)
      throw new ConvoError('E_DECODE', `${name} is empty`, {
        why: `${name}: 0 bytes`,
        fix: filled(name),
      })
    const head = reader.read(0, headBytes)
    const kind = kindOf(head)
    if (kind === undefined) refuseDamagedSignature(head, reader.size, name)
    const png = kind === 'png' ? readPngHead(reader, name) : undefined
    const resolution =
      kind === 'tiff' ? tiffFileResolution(reader) : kind === 'jpeg' ? jfifResolution(head) : png?.resolution
    return {
      size: reader.size,
      ...(kind !== undefined && { kind }),
      ...((kind === 'npy' || (kind === 'tiff' && holdsArray(reader.read))) && { isArray: true as const }),
      ...(png !== undefined && { png }),
      ...(resolution !== undefined && { resolution }),
    }
  })
}

/**
 * The number of bytes that are examined. libvips searches as many for the root of an SVG, which may follow comments.
 */
const headBytes = 1000

/** Detects the kind of a file from its first bytes (`headBytes` for SVG). */
export function kindOf(head: Uint8Array): Kind | undefined {
  const text = (from: number, to: number) => String.fromCharCode(...head.subarray(from, to))
  if (pngSignature.every((byte, i) => head[i] === byte)) return 'png'
  if (head[0] === 0xff && head[1] === 0xd8 && head[2] === 0xff) return 'jpeg'
  if (text(0, 4) === 'RIFF' && text(8, 12) === 'WEBP') return 'webp'
  // a CR2 or IIQ is a TIFF in which only the previews are pictures
  if (!/^(CR|IIII|MMMM)/.test(text(8, 12)) && ['II*\0', 'MM\0*', 'II+\0', 'MM\0+'].includes(text(0, 4)))
    return 'tiff'
  if (text(0, 6) === 'GIF87a' || text(0, 6) === 'GIF89a') return 'gif'
  if (text(4, 8) === 'ftyp') {
    const brand = text(8, 12)
    if (brand === 'avif' || brand === 'avis') return 'avif'
    if ((brand === 'mif1' || brand === 'msf1') && text(16, 64).includes('avif')) return 'avif'
    if (/^(hei[cxms]|hev[cx]|mif1|msf1)$/.test(brand)) return 'heic'
  }
  if (text(0, 6) === '\x93NUMPY') return 'npy'
  if (text(0, 2) === '\xff\x0a' || text(0, 8) === '\0\0\0\x0cJXL ') return 'jxl'
  if (text(0, 2) === 'BM' && text(6, 10) === '\0\0\0\0') return 'bmp'
  if (/^P[1-7]\s/.test(text(0, 3))) return 'pnm'
  if (/^P[Ff]\s/.test(text(0, 3))) return 'pfm'
  if (/^#\?(RADIANCE|RGBE)\s/.test(text(0, 11))) return 'hdr'
  if (text(0, 4) === '\x76\x2f\x31\x01') return 'exr'
  if (
    /^(\xef\xbb\xbf)?\s*(<\?xml|<!--|<!DOCTYPE svg|<svg)/.test(text(0, 512)) &&
    text(0, headBytes).includes('<svg')
  ) {
    return 'svg'
  }
  return undefined
}

/** Reads the resolution. 1 pixel per millimetre means none: libvips must write a resolution, and writes this one. */
function tiffFileResolution({ read }: Reader): Resolution | undefined {
  const found = tiffResolution(read)
  return found?.every((n) => n === 1000) ? undefined : found
}

const newCopy = 'a new copy of the file'
/** What to do about an empty file or stream. */
const filled = (name: string): string =>
  name === 'standard input' ? 'a command before the pipe that writes a picture' : newCopy

/**
 * The first bytes of supported files, if they are distinctive, and the part of them that is enough before other bytes.
 */
const starts: readonly (readonly [format: string, bytes: string, enough?: string])[] = [
  ['PNG', '\x89PNG\r\n\x1a\n', '\x89PNG'],
  ['JPEG', '\xff\xd8\xff'],
  ['GIF', 'GIF89a'],
  ['TIFF', 'II*\0'],
  ['TIFF', 'MM\0*'],
  ['WebP', 'RIFF', 'RIFF'],
  ['.npy file', '\x93NUMPY'],
  ['OpenEXR picture', '\x76\x2f\x31\x01'],
]

/**
 * Refuses a file with a damaged signature.
 *
 * @throws ConvoError E_DECODE for a PNG whose signature was changed, for example by a transfer that converts line ends,
 *   and for a file that ends inside its signature
 */
function refuseDamagedSignature(head: Uint8Array, size: number, name: string): void {
  const text = String.fromCharCode(...head.subarray(0, 20))
  if (text.includes('IHDR'))
    throw new ConvoError('E_DECODE', `${name} is a damaged PNG`, {
      why: `${name}: byte 0: the signature is not that of a PNG`,
      fix: `${newCopy}, transferred as binary and not as text`,
    })
  // two letters may begin anything
  const isSure = size < 12 && (size > 2 || /[^ -~]/.test(text))
  const cut =
    isSure && starts.find(([, start, more]) => start.startsWith(text) || (more && text.startsWith(more)))
  if (!cut) return
  throw new ConvoError('E_DECODE', `${name} is a damaged ${cut[0]}`, {
    why: `${name}: it ends after ${counted(size, 'byte')}`,
    fix: newCopy,
  })
}

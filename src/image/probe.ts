// biome-ignore-all lint/suspicious/noControlCharactersInRegex: the first bytes of files are what is looked for

import { ConvoError } from '../error.ts'
import { counted } from '../text/count.ts'
import { defined } from '../text/record.ts'
import type { BorrowedKind } from './borrowed.ts'
import type { OwnKind } from './own.ts'
import { readPngHead } from './png-head.ts'
import { nameOf, type Reader, type Source, textOf, withReader } from './reader.ts'
import { holdsArray } from './tiff-array.ts'
import { jfifResolution, type Resolution, tiffResolution } from './tiff-directory.ts'

/** The kinds of file that are distinguished by their first bytes. */
export type Kind = 'png' | 'jpeg' | 'webp' | 'tiff' | 'gif' | 'avif' | 'svg' | 'npy' | OwnKind | BorrowedKind

/** The information in the first bytes. */
export type Probe = ReturnType<typeof probe>

/**
 * Examines the first bytes of a picture, without decoding and without sharp, fast enough to start workers by the
 * result. A PNG is also checked for damage that decoders miss: a wrong IHDR, a missing end.
 *
 * @param name what to call the source in errors
 * @throws ConvoError E_INPUT for a file that cannot be read, E_DECODE for an empty file or a damaged PNG
 */
export function probe(source: Source, name = nameOf(source)) {
  return withReader(source, name, (reader) => {
    if (reader.size === 0)
      throw new ConvoError('E_DECODE', `${name} is empty`, { why: `${name}: 0 bytes`, fix: filled(name) })
    const head = reader.read(0, headBytes)
    const kind = kindOf(head)
    if (kind === undefined) refuseDamagedSignature(head, reader.size, name)
    const png = kind === 'png' ? readPngHead(reader, name) : undefined
    const resolution =
      kind === 'tiff' ? tiffFileResolution(reader) : kind === 'jpeg' ? jfifResolution(head) : png?.resolution
    // a TIFF with many channels or with number types that no picture has is an array too
    const isArray = kind === 'npy' || (kind === 'tiff' && holdsArray(reader.read)) || undefined
    return { size: reader.size, ...defined({ kind, isArray, png, resolution }) }
  })
}

/**
 * The number of bytes that are examined. libvips searches as many for the root of an SVG, which may follow comments.
 */
const headBytes = 1000

/** How the files of each kind begin, as Latin-1. The first match counts. */
const signatures: readonly (readonly [Kind, RegExp])[] = [
  ['png', /^\x89PNG\r\n\x1a\n/],
  ['jpeg', /^\xff\xd8\xff/],
  ['webp', /^RIFF.{4}WEBP/s],
  // a CR2 or IIQ is a TIFF in which only the previews are pictures
  ['tiff', /^(II[*+]\0|MM\0[*+])(?!.{4}(CR|IIII|MMMM))/s],
  ['gif', /^GIF8[79]a/],
  ['avif', /^.{4}ftyp(avi[fs]|(mif1|msf1).{4,48}avif)/s],
  ['heic', /^.{4}ftyp(hei[cxms]|hev[cx]|mif1|msf1)/s],
  ['npy', /^\x93NUMPY/],
  ['jxl', /^\xff\n|^\0\0\0\x0cJXL /],
  ['bmp', /^BM.{4}\0{4}/s],
  ['pnm', /^P[1-7]\s/],
  ['pfm', /^P[Ff]\s/],
  ['hdr', /^#\?(RADIANCE|RGBE)\s/],
  ['exr', /^\x76\x2f\x31\x01/],
  ['svg', /^(\xef\xbb\xbf)?\s*(?=<\?xml|<!--|<!DOCTYPE svg|<svg).*<svg/s],
]

/** Detects the kind of a file from its first bytes (`headBytes` for SVG). */
export function kindOf(head: Uint8Array): Kind | undefined {
  const text = textOf(head, 0, headBytes)
  return signatures.find(([, start]) => start.test(text))?.[0]
}

/** Reads the resolution. 1 pixel per millimetre means none: libvips must write a resolution, and writes this one. */
function tiffFileResolution({ read }: Reader): Resolution | undefined {
  const found = tiffResolution(read)
  return found?.every((n) => n === 1000) ? undefined : found
}

const newCopy = 'a new copy of the file'
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

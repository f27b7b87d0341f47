import { closeSync, fstatSync, openSync, readFileSync, readSync, statSync } from 'node:fs'
import { ConvoError } from '../error.ts'
import { crc32, pngSignature } from './png.ts'
import { jfifResolution, type Read, type Resolution, tiffResolution } from './resolution.ts'

/** The kinds of file that are told apart by their first bytes. */
export type Kind = 'png' | 'jpeg' | 'webp' | 'tiff' | 'gif' | 'avif' | 'heif' | 'svg' | 'npy'

/** What the chunks of a PNG before its picture data say. */
export type PngHead = {
  readonly width: number
  readonly height: number
  /** as stored: 1, 2, 4, 8 or 16 */
  readonly bits: number
  /** 0 gray, 2 RGB, 3 palette, 4 gray + alpha, 6 RGBA */
  readonly colourType: number
  readonly interlaced: boolean
  /** after decoding: palettes become RGB, a transparent colour or palette becomes alpha, low depths 8 bits */
  readonly channels: 1 | 2 | 3 | 4
  readonly depth: 8 | 16
  /** gAMA: 1/gamma times 100000 */
  readonly gamma?: number
  /** whether there is an sRGB chunk */
  readonly isSrgb?: true
  /** pHYs in pixels per metre; an aspect ratio alone is not one */
  readonly resolution?: Resolution
  readonly hasIcc: boolean
  readonly hasExif: boolean
  /** an animated PNG */
  readonly isAnimated: boolean
}

/** What the first bytes say. */
export type Probe = {
  readonly kind?: Kind
  readonly png?: PngHead
  /** from pHYs of a PNG, the JFIF header of a JPEG, the first page of a TIFF */
  readonly resolution?: Resolution
  /** bytes */
  readonly size: number
}

/** A file, or bytes in memory. */
export type Source = string | Uint8Array

/**
 * Looks at the first bytes of a picture, without decoding and without sharp: quick enough to start workers on. A PNG is
 * also checked for damage that decoders overlook: a wrong IHDR, a missing end.
 *
 * @param name what to call the source in errors
 * @throws ConvoError E_INPUT for a file that cannot be read, E_DECODE for an empty file or a damaged PNG
 */
export function probe(source: Source, name = nameOf(source)): Probe {
  return withReader(source, name, (reader) => {
    if (reader.size === 0) throw new ConvoError('E_DECODE', `${name} is empty`, { why: `${name}: 0 bytes` })
    const head = reader.read(0, headBytes)
    const kind = kindOf(head)
    if (kind === undefined) refuseDamagedSignature(head, name)
    const png = kind === 'png' ? readPngHead(reader, name) : undefined
    const resolution =
      kind === 'tiff' ? tiffFileResolution(reader) : kind === 'jpeg' ? jfifResolution(head) : png?.resolution
    return {
      size: reader.size,
      ...(kind !== undefined && { kind }),
      ...(png !== undefined && { png }),
      ...(resolution !== undefined && { resolution }),
    }
  })
}

/** What to call a source in errors. */
export const nameOf = (source: Source): string => (typeof source === 'string' ? source : 'the input')

/** How much of a file is looked at; libvips looks for the root of an SVG, which stands behind comments, as far. */
const headBytes = 1000

/** The kind of a file from its first bytes (`headBytes` for SVG). */
export function kindOf(head: Uint8Array): Kind | undefined {
  const text = (from: number, to: number) => String.fromCharCode(...head.subarray(from, to))
  if (pngSignature.every((byte, i) => head[i] === byte)) return 'png'
  if (head[0] === 0xff && head[1] === 0xd8 && head[2] === 0xff) return 'jpeg'
  if (text(0, 4) === 'RIFF' && text(8, 12) === 'WEBP') return 'webp'
  if (['II*\0', 'MM\0*', 'II+\0', 'MM\0+'].includes(text(0, 4))) return 'tiff'
  if (text(0, 6) === 'GIF87a' || text(0, 6) === 'GIF89a') return 'gif'
  if (text(4, 8) === 'ftyp') {
    const brand = text(8, 12)
    if (brand === 'avif' || brand === 'avis') return 'avif'
    if (['heic', 'heix', 'hevc', 'mif1', 'msf1'].includes(brand)) {
      return text(16, 64).includes('avif') ? 'avif' : 'heif'
    }
  }
  if (text(0, 6) === '\x93NUMPY') return 'npy'
  if (
    /^(\xef\xbb\xbf)?\s*(<\?xml|<!--|<!DOCTYPE svg|<svg)/.test(text(0, 512)) &&
    text(0, headBytes).includes('<svg')
  ) {
    return 'svg'
  }
  return undefined
}

type Reader = { readonly size: number; readonly read: Read }

function withReader<T>(source: Source, name: string, use: (reader: Reader) => T): T {
  if (typeof source !== 'string') {
    return use({ size: source.length, read: (at, length) => source.subarray(at, at + length) })
  }
  const fd = openInput(source, name)
  try {
    const stat = fstatSync(fd)
    if (stat.isDirectory()) {
      throw new ConvoError('E_INPUT', `${name} is a folder, not a picture`, {
        fix: 'one of the pictures in it, or convo batch',
      })
    }
    const read = (at: number, length: number) => {
      const bytes = new Uint8Array(Math.max(0, Math.min(length, stat.size - at)))
      return bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, at))
    }
    return use({ size: stat.size, read })
  } finally {
    closeSync(fd)
  }
}

/** Reads a file whole, also one that is not a regular file, such as a pipe. */
export function readInput(path: string): Uint8Array {
  const fd = openInput(path, path)
  try {
    return readFileSync(fd)
  } catch (cause) {
    throw inputError(path, cause)
  } finally {
    closeSync(fd)
  }
}

/** True for a pipe, a device or a socket: it can be read once only, from front to back. */
export function isStream(path: string): boolean {
  try {
    // by name: opening a pipe to look at it and closing it again would end its writer
    const stat = statSync(path)
    return !stat.isFile() && !stat.isDirectory()
  } catch (cause) {
    throw inputError(path, cause)
  }
}

function openInput(path: string, name: string): number {
  try {
    return openSync(path, 'r')
  } catch (cause) {
    throw inputError(name, cause)
  }
}

function inputError(name: string, cause: unknown): ConvoError {
  const code = (cause as NodeJS.ErrnoException).code
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new ConvoError('E_INPUT', `there is no file ${name}`, { cause })
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return new ConvoError('E_INPUT', `${name} may not be read`, { cause, why: `${name}: permission denied` })
  }
  if (code === 'EISDIR') return new ConvoError('E_INPUT', `${name} is a folder, not a picture`, { cause })
  return new ConvoError('E_INPUT', `cannot read ${name}`, {
    cause,
    why: `${name}: ${(cause as Error).message}`,
  })
}

const depthsOf: Readonly<Record<number, readonly number[]>> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
}

function readPngHead(reader: Reader, name: string): PngHead {
  const bad = (at: number, why: string) =>
    new ConvoError('E_DECODE', `${name} is a damaged PNG`, {
      why: `${name}: byte ${at}: ${why}`,
      fix: 'a fresh copy of the file',
    })
  const first = reader.read(8, 25)
  if (first.length < 25) throw bad(reader.size, `the file ends inside the header, after ${reader.size} bytes`)
  const view = viewOf(first)
  if (tag(first, 4) !== 'IHDR' || view.getUint32(0) !== 13) throw bad(8, 'expected IHDR of 13 bytes')
  if (view.getUint32(21) !== crc32(first.subarray(4, 21))) throw bad(29, 'IHDR fails its checksum')
  const [width, height, bits, colourType] = [view.getUint32(8), view.getUint32(12), first[16]!, first[17]!]
  if (width === 0 || height === 0) throw bad(16, `the size is ${width}x${height}`)
  const depths = depthsOf[colourType]
  if (depths === undefined) throw bad(25, `colour type ${colourType} is not one of 0, 2, 3, 4, 6`)
  if (!depths.includes(bits)) {
    throw bad(24, `${bits} bits is not a depth of colour type ${colourType}: ${depths.join(', ')}`)
  }

  let hasAlpha = colourType >= 4
  let hasIcc = false
  let hasExif = false
  let isAnimated = false
  const found: { gamma?: number; isSrgb?: true; resolution?: Resolution } = {}
  let at = 33
  for (;;) {
    const head = reader.read(at, 8)
    if (head.length < 8) throw bad(reader.size, 'the file ends before the picture data')
    const length = viewOf(head).getUint32(0)
    const type = tag(head, 4)
    if (type === 'IDAT') break
    if (type === 'IEND') throw bad(at, 'the file holds no picture data')
    const body = viewOf(reader.read(at + 8, Math.min(length, 9)))
    if (type === 'tRNS') hasAlpha = true
    else if (type === 'iCCP') hasIcc = true
    else if (type === 'eXIf') hasExif = true
    else if (type === 'acTL') isAnimated = true
    else if (type === 'sRGB') found.isSrgb = true
    else if (type === 'gAMA' && body.byteLength === 4 && body.getUint32(0) > 0)
      found.gamma = body.getUint32(0)
    else if (type === 'pHYs' && body.byteLength === 9 && body.getUint8(8) === 1) {
      found.resolution = [body.getUint32(0), body.getUint32(4)]
    }
    at += 12 + length
  }
  if (!endsWell(reader, at))
    throw bad(reader.size, `the file ends after ${reader.size} bytes, before its last chunk`)

  const colours = colourType === 0 || colourType === 4 ? 1 : 3
  return {
    width,
    height,
    bits,
    colourType,
    interlaced: first[20] === 1,
    channels: (colours + (hasAlpha ? 1 : 0)) as 1 | 2 | 3 | 4,
    depth: bits === 16 ? 16 : 8,
    hasIcc,
    hasExif,
    isAnimated,
    ...found,
  }
}

/** libvips, which has to write some resolution, writes 1 pixel per millimetre where there is none. */
function tiffFileResolution({ read }: Reader): Resolution | undefined {
  const found = tiffResolution(read)
  return found?.every((n) => n === 1000) ? undefined : found
}

/** Whether there is an IEND: at the very end, as nearly always, or after a walk over the chunks from `at`. */
function endsWell(reader: Reader, at: number): boolean {
  const last = reader.read(reader.size - 12, 8)
  if (tag(last, 4) === 'IEND' && viewOf(last).getUint32(0) === 0) return true
  for (;;) {
    const head = reader.read(at, 8)
    if (head.length < 8) return false
    if (tag(head, 4) === 'IEND') return at + 12 <= reader.size
    at += 12 + viewOf(head).getUint32(0)
  }
}

/** A PNG whose signature was changed on the way, as by a transfer that turned its line ends. */
function refuseDamagedSignature(head: Uint8Array, name: string): void {
  if (!String.fromCharCode(...head.subarray(0, 20)).includes('IHDR')) return
  throw new ConvoError('E_DECODE', `${name} is a damaged PNG`, {
    why: `${name}: byte 0: the signature is not that of a PNG`,
    fix: 'a fresh copy of the file, transferred as binary and not as text',
  })
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
const tag = (bytes: Uint8Array, at: number): string => String.fromCharCode(...bytes.subarray(at, at + 4))

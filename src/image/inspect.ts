import { viewOf } from '../files/read.ts'
import { checkLimit, limits } from '../limits.ts'
import type { TextEntry } from '../tensor/metadata.ts'
import type { PictureMeta } from '../tensor/picture.ts'
import { optional } from '../text/record.ts'
import { type Animation, readApng } from './apng.ts'
import { refusal, wayOf, ways } from './foreign.ts'
import { codingOf, commentOf } from './jpeg.ts'
import { concat } from './png.ts'
import { leastBytesOf, pixelAspect } from './png-head.ts'
import { bodyOf, mostOfLibpng, profileOf, readTexts } from './png-text.ts'
import type { Kind, Probe } from './probe.ts'
import { type Reader, type Source, textOf, withReader } from './reader.ts'
import { readSvg } from './svg.ts'
import { readTiff, type TiffSeen } from './tiff.ts'
import { pageOf } from './tiff-directory.ts'

/** The contents of a file besides the samples of its pages, found without decoding. */
export type Seen = Pick<TiffSeen, 'metadata' | 'unread' | 'notes'> &
  Partial<TiffSeen> & {
    /** how a JPEG was encoded */
    readonly coding?: PictureMeta['jpeg']
    /** colours of an AVIF, if they are not sRGB */
    readonly colours?: string
    /** number of pictures in an animation, if they were counted */
    readonly frames?: number
    /** the EXIF block of a PNG */
    readonly exif?: Uint8Array
    /** the animation in a PNG; sharp reads only its first picture */
    readonly apng?: Animation
  }

type Part = Partial<Seen>

/**
 * Walks over the parts of a file and counts them against the limits. It needs only a few reads, whatever the size.
 *
 * @throws ConvoError E_TOO_LARGE for too many pages or parts, E_DECODE for parts that are damaged or not read
 */
export function inspect(source: Source, probed: Probe, name: string, maxPixels: number): Seen {
  const look = (reader: Reader): Part =>
    (probed.kind && lookers[probed.kind])?.(reader, probed, name, maxPixels) ?? {}
  const seen = { metadata: [], unread: [], notes: [], ...withReader(source, name, look) }
  // the decoder counts the pictures of an AVIF
  const pages = seen.pages ?? seen.frames ?? (probed.kind === 'avif' ? undefined : 1)
  return { ...seen, ...optional('pages', pages) }
}

const lookers: Readonly<
  Partial<Record<Kind, (reader: Reader, probed: Probe, name: string, maxPixels: number) => Part>>
> = {
  png: (reader, { png }, name) => {
    if (png === undefined) return {}
    const texts = readTexts(reader, png.texts)
    const apng = png.isAnimated ? readApng(reader, png, name) : undefined
    const damaged = png.ignored.map(({ type, why }) => `the ${type} chunk of ${name} was ignored: ${why}`)
    const isLost = png.ignored.some(({ type }) => type === 'acTL')
    return {
      metadata: texts.lost ? ['damaged text', ...png.metadata] : png.metadata,
      held: texts.held,
      notes: [...damaged, ...(apng?.notes ?? [])],
      leastBytes: leastBytesOf(png),
      icc: png.icc && profileOf(reader, png.icc, png.channels),
      ...(png.exif && png.exif.length <= mostOfLibpng && { exif: bodyOf(reader, png.exif) }),
      ...(isLost && { unread: ['pictures of an animation whose acTL chunk is damaged'] }),
      ...(apng !== undefined && { apng, frames: apng.frames.length }),
    }
  },
  jpeg: (reader, _, name) => readJpeg(reader, name),
  webp: (reader, _, name) => readWebp(reader, name),
  gif: (reader, _, name) => readGif(reader, name),
  tiff: ({ read }, _, name) => readTiff(read, name) ?? {},
  avif: ({ read, size }) => {
    const brands = textOf(read(8, 56))
    const unread = [
      ...(/avis|msf1/.test(brands) ? ['an image sequence'] : []),
      ...(brands.includes('tmap') ? ['a gain map'] : []),
    ]
    const colours = otherColours(Buffer.from(read(0, Math.min(size, 65536))))
    const metadata = colours === undefined ? [] : ['colour encoding (nclx)']
    return { unread, metadata, ...optional('colours', colours) }
  },
  svg: (reader, _, name, maxPixels) => ({ notes: readSvg(reader, name, maxPixels) }),
}

/**
 * Returns the colours and the tone curve stated by the colr box of an AVIF (ISO 23091-2), unless they are those of sRGB
 * or of BT.709, which is shown as sRGB.
 */
function otherColours(head: Buffer): string | undefined {
  const at = head.indexOf('colrnclx', 0, 'latin1')
  if (at < 0 || at + 12 > head.length) return undefined
  const [primaries, curve] = [head.readUInt16BE(at + 8), head.readUInt16BE(at + 10)]
  const isUsual = [1, 2].includes(primaries) && [1, 2, 6, 13].includes(curve)
  return isUsual ? undefined : `nclx ${primaries},${curve}`
}

const hasOwnAspect = (jfif: string): boolean =>
  jfif.charCodeAt(7) === 0 && jfif.slice(8, 10) !== jfif.slice(10, 12)

/** Codings of JPEG that the decoder does not support, by the markers of their frames (ITU-T T.81, table B.1). */
const codings: readonly (readonly [what: string, ...markers: number[]])[] = [
  ['a lossless JPEG', 0xc3, 0xc7, 0xcb, 0xcf],
  ['a hierarchical JPEG', 0xc5, 0xc6, 0xcd, 0xce],
  ['a JPEG-LS picture', 0xf7],
]

function refuseJpeg(marker: number, bits: number | undefined, name: string): void {
  const [what] = codings.find(([, ...markers]) => markers.includes(marker)) ?? []
  if (what !== undefined) throw refusal(name, what, wayOf(ways.still, name))
  if (marker >= 0xc0 && marker <= 0xc2 && bits === 12)
    throw refusal(name, 'a 12-bit JPEG', wayOf(ways.deep, name), `${name}: only 8-bit JPEGs can be read`)
}

/** The quantisation tables are read until they have this number of bytes. There are at most four of 129 bytes. */
const mostTables = 1024

function readJpeg({ read }: Reader, name: string): Part {
  const metadata = new Set<string>()
  const unread: string[] = []
  const text: TextEntry[] = []
  let tables: Uint8Array | undefined
  let room: number = limits.metadataBytes.most
  let frame: Uint8Array | undefined
  let at = 2
  for (let count = 0; ; count++) {
    checkLimit('segments', count, name)
    const head = read(at, 4)
    // a marker may follow fill bytes
    if (head.length === 4 && head[0] === 0xff && head[1] === 0xff) {
      at++
      continue
    }
    const marker = head[1] ?? 0xda
    if (head.length < 4 || head[0] !== 0xff || marker === 0xda || marker === 0xd9) break
    const length = viewOf(head).getUint16(2)
    refuseJpeg(marker, read(at + 4, 1)[0], name)
    const start = textOf(read(at + 4, Math.min(32, Math.max(0, length - 2))))
    if (marker === 0xe0 && start.startsWith('JFIF\0') && hasOwnAspect(start)) metadata.add(pixelAspect)
    const body = () => new Uint8Array(read(at + 4, Math.max(0, length - 2)))
    if (marker === 0xfe) {
      room -= length
      if (room < 0) metadata.add('text')
      else text.push(commentOf(body()))
    }
    if (marker === 0xdb && (tables?.length ?? 0) < mostTables)
      tables = tables === undefined ? body() : concat([tables, body()])
    if (marker >= 0xc0 && marker <= 0xc2) frame = body()
    if (marker === 0xe2 && start.startsWith('MPF\0')) {
      const count = picturesOfMpf(read(at + 8, length - 6).slice())
      if (count > 1) unread.push(`${count - 1} more ${count === 2 ? 'picture' : 'pictures'} (MPF)`)
    }
    at += 2 + length
  }
  const held = text.length > 0 ? { text } : {}
  return { metadata: [...metadata], unread, held, ...optional('coding', codingOf(tables, frame)) }
}

/** The number of pictures in an MPF index (CIPA DC-007), which is a small TIFF. */
const picturesOfMpf = (block: Uint8Array): number =>
  pageOf((at, length) => block.subarray(at, at + length))?.tags.get(0xb001)?.value ?? 0

function readWebp({ read, size }: Reader, name: string): Part {
  let frames = 0
  for (let at = 12, count = 0; at + 8 <= size; count++) {
    const head = read(at, 8)
    if (textOf(head, 0, 4) === 'ANMF') frames++
    checkLimit('pages', frames, name)
    checkLimit('segments', count, name)
    const length = viewOf(head).getUint32(4, true)
    at += 8 + length + (length & 1)
  }
  return frames === 0 ? {} : { frames }
}

function readGif({ read, size }: Reader, name: string): Part {
  const metadata = new Set<string>()
  const text: TextEntry[] = []
  let room: number = limits.metadataBytes.most
  const unread = new Set<string>()
  const tableBytes = (flags: number) => ((flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 7) + 1))
  // the aspect ratio is (n + 15) / 64; 0 means that none is stated
  if (![0, 49].includes(read(12, 1)[0] ?? 0)) metadata.add(pixelAspect)
  const numbersAt = (from: number, count: number) => {
    const bytes = read(from, 2 * count)
    return Array.from({ length: count }, (_, i) => (bytes[2 * i] ?? 0) + 256 * (bytes[2 * i + 1] ?? 0))
  }
  const [width = 0, height = 0] = numbersAt(6, 2)
  let frames = 0
  /**
   * Whether any part of a page may be clear, whether any such part is not marked in the file, whether a frame has a
   * clear colour, and how the page is disposed of.
   */
  let [isClear, isBare, hasAlpha, disposal] = [true, false, false, 0]
  let at = 13 + tableBytes(read(10, 1)[0] ?? 0)
  /** Skips blocks, and passes their bytes to `take` if it is given. */
  const skip = (take?: (bytes: Uint8Array) => void) => {
    for (let length = read(at, 1)[0] ?? 0; length > 0; length = read(at, 1)[0] ?? 0) {
      take?.(new Uint8Array(read(at + 1, length)))
      at += 1 + length
    }
    at++
  }
  for (let count = 0; at < size; count++) {
    checkLimit('segments', count, name)
    const [sign = 0x3b, label = 0] = read(at, 2)
    if (sign === 0x21) {
      if (label === 0x01) unread.add('text drawn over a picture')
      if (label === 0xf9) {
        const flags = read(at + 3, 1)[0] ?? 0
        hasAlpha ||= flags % 2 === 1
        disposal = (flags >> 2) & 7
      }
      if (label === 0xff) {
        const kind = textOf(read(at + 3, 8))
        if (kind === 'XMP Data') metadata.add('XMP')
        if (kind === 'ICCRGBG1') metadata.add('the ICC profile')
      }
      at += 2
      const parts: Uint8Array[] = []
      skip(
        label === 0xfe
          ? (bytes) => {
              room -= bytes.length
              if (room < 0) metadata.add('text')
              else parts.push(bytes)
            }
          : undefined,
      )
      if (label === 0xfe) text.push(commentOf(concat(parts)))
    } else if (sign === 0x2c) {
      frames++
      checkLimit('pages', frames, name)
      const [left = 0, top = 0, across = 0, down = 0] = numbersAt(at + 1, 4)
      const isWhole = left + top === 0 && across >= width && down >= height
      isBare ||= isClear && !isWhole
      if (disposal < 2) isClear &&= !isWhole
      else isClear ||= disposal === 2
      disposal = 0
      at += 10 + tableBytes(read(at + 9, 1)[0] ?? 0) + 1
      skip()
    } else break
  }
  return {
    frames: Math.max(1, frames),
    metadata: [...metadata],
    unread: [...unread],
    held: text.length > 0 ? { text } : {},
    // the decoder reports no alpha if no pixel is marked as clear
    notes:
      isBare && !hasAlpha ? [`areas of ${name} that no frame covers were filled, mostly with black`] : [],
  }
}

import type { Field, Fields, Metadata } from '../tensor/metadata.ts'
import type { PictureMeta } from '../tensor/picture.ts'
import { defined } from '../text/record.ts'
import { readExif, structural } from './exif.ts'
import { placedAt, unplaced } from './geotiff.ts'
import { concat } from './png.ts'
import type { Size } from './size.ts'
import { exifReader } from './tiff-directory.ts'

/** What happens to the metadata of a picture: keep all, keep none, or keep only what states who owns the picture. */
export const metadataModes = ['keep', 'strip', 'copyright'] as const
export type MetadataMode = (typeof metadataModes)[number]

/** The names of metadata in notes. */
export const metadataNames: Readonly<Record<keyof Metadata, string>> = {
  text: 'text',
  exif: 'EXIF',
  xmp: 'XMP',
  iptc: 'IPTC',
  geo: 'GeoTIFF data',
}

/** EXIF fields that add nothing to the picture: size, orientation, resolution, and those that every writer sets. */
const plain = new Set([...structural, ...[274, 282, 283, 296], ...[36864, 37121, 40960, 40961, 40962, 40963]])

/** The fields of an EXIF block, if any of them adds something to the picture. */
export function sayingExif(exif: Uint8Array | undefined): Fields | undefined {
  const found = exif && readExif(exifReader(exif))
  return found !== undefined && saysMore(found) ? found : undefined
}

const saysMore = ({ fields, below }: Fields): boolean =>
  fields.some(({ tag }) => !plain.has(tag)) || [...below.values()].some(saysMore)

/** Extracts the records of IPTC-IIM from Photoshop resources, which surround them in a JPEG. */
export function iptcOf(bytes: Uint8Array): Uint8Array | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (buffer[0] === 0x1c) return bytes
  let at = buffer.toString('latin1', 0, 13) === 'Photoshop 3.0' ? 14 : 0
  while (at + 12 <= buffer.length && buffer.toString('latin1', at, at + 4) === '8BIM') {
    const id = buffer.readUInt16BE(at + 4)
    const named = at + 6 + ((buffer[at + 6]! + 2) & ~1)
    if (named + 4 > buffer.length) return undefined
    const length = buffer.readUInt32BE(named)
    if (id === 0x0404) return bytes.subarray(named + 4, named + 4 + length)
    at = named + 4 + ((length + 1) & ~1)
  }
  return undefined
}

/** Wraps records of IPTC-IIM in a Photoshop resource, as in a JPEG. */
export function photoshopOf(iptc: Uint8Array): Uint8Array {
  const head = Buffer.from('Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\0', 'latin1')
  head.writeUInt32BE(iptc.length, head.length - 4)
  return concat([head, iptc, new Uint8Array(iptc.length % 2)])
}

/** The metadata that a mode keeps. Undefined if none is left. */
export function keptOf(metadata: Metadata, mode: MetadataMode): Metadata | undefined {
  const kept = mode === 'keep' ? metadata : mode === 'copyright' ? copyrightOf(metadata) : {}
  return Object.values(kept).some((one) => one !== undefined) ? kept : undefined
}

/** Ownership fields: artist and copyright of EXIF; by-line, credit, source, copyright of IPTC; similar texts of PNG. */
const ofRights = { exif: [315, 33432], iptc: [80, 110, 115, 116], text: ['Author', 'Copyright'] }

function copyrightOf({ exif, xmp, iptc, text }: Metadata): Metadata {
  const fields = exif?.fields.filter(({ tag }) => ofRights.exif.includes(tag)) ?? []
  const words = text?.filter(({ keyword }) => ofRights.text.includes(keyword)) ?? []
  const records = iptc && rightsOfIptc(iptc)
  return defined({
    exif: fields.length > 0 ? { fields, below: new Map() } : undefined,
    text: words.length > 0 ? words : undefined,
    xmp: xmp && rightsOfXmp(xmp),
    iptc: records?.length ? records : undefined,
  })
}

/** Keeps the records of application 2 about ownership, after the one that states the character set (1:90). */
function rightsOfIptc(iptc: Uint8Array): Uint8Array {
  const kept: Uint8Array[] = []
  for (let at = 0; at + 5 <= iptc.length && iptc[at] === 0x1c; ) {
    const length = (iptc[at + 3]! << 8) | iptc[at + 4]!
    const [record, set] = [iptc[at + 1], iptc[at + 2]!]
    // longer records state their length elsewhere, and are not names
    if (length > 0x7fff) break
    if ((record === 2 && ofRights.iptc.includes(set)) || (record === 1 && set === 90))
      kept.push(iptc.subarray(at, at + 5 + length))
    at += 5 + length
  }
  return kept.some((one) => one[1] === 2) ? concat(kept) : new Uint8Array(0)
}

/** Makes a packet with only the dc:rights, dc:creator and xmpRights of another. Returns undefined if it has none. */
function rightsOfXmp(xmp: Uint8Array): Uint8Array | undefined {
  const text = Buffer.from(xmp).toString()
  const elements = text.match(/<(dc:rights|dc:creator|xmpRights:\w+)\b[^<>]*>.*?<\/\1>/gs) ?? []
  const attributes = [...text.matchAll(/\sxmpRights:\w+="[^"<>]*"/g)].map(([one]) => one.trim())
  if (elements.length + attributes.length === 0) return undefined
  const spaces =
    'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dc="http://purl.org/dc/elements/1.1/" ' +
    'xmlns:xmpRights="http://ns.adobe.com/xap/1.0/rights/"'
  const body = `<rdf:Description ${[spaces, 'rdf:about=""', ...new Set(attributes)].join(' ')}>${elements.join('')}</rdf:Description>`
  return Buffer.from(
    `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">${body}</rdf:RDF></x:xmpmeta>`,
  )
}

/**
 * Returns the metadata to keep of a picture that may have been turned by its orientation, and a note on what is lost.
 */
export function keptAsTurned(found: Metadata, isTurned: boolean, mode: MetadataMode, name: string) {
  const { geo = [], ...rest } = found
  const kept = isTurned ? unplaced(geo) : geo
  const note = `the GeoTIFF position of ${name} was dropped: it is that of the picture before it was turned`
  return {
    metadata: keptOf({ ...rest, ...(kept.length > 0 && { geo: kept }) }, mode),
    notes: kept.length < geo.length && mode === 'keep' ? [note] : [],
  }
}

export const bytesOf = (fields: readonly Field[], tag: number): Uint8Array | undefined =>
  fields.find((one) => one.tag === tag)?.bytes

/** Joins words into a list: `EXIF, XMP and text`. */
export function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}

/**
 * The number of pages or samples that a description states, in one of the three forms that microscopy programs read.
 */
function statedBy(description: string): { readonly pages?: number; readonly samples?: number } {
  if (description.startsWith('ImageJ='))
    return { pages: Number(/^images=(\d+)/m.exec(description)?.[1] ?? 1) }
  const [, shape] = /^\{"shape": \[([\d, ]+)\]/.exec(description) ?? []
  const pixels = /<OME\s/.test(description) ? /<Pixels\s[^>]*/.exec(description)?.[0] : undefined
  const sizes =
    shape?.split(',') ?? (pixels?.match(/\bSize[XYZCT]="\d+"/g) ?? []).map((one) => one.slice(7, -1))
  return sizes.length === 0 ? {} : { samples: sizes.reduce((product, size) => product * Number(size), 1) }
}

/**
 * Returns the metadata for an output with these numbers of pages and samples. It drops a description from ImageJ,
 * tifffile or OME that states other numbers, because these programs would rely on it. Positions on a map are those of
 * the pixels of the output, or dropped if these have none.
 */
export function describing(
  meta: PictureMeta,
  pages: number,
  { width, height, channels }: Size & { readonly channels: number },
) {
  const { metadata: { exif, geo = [], ...rest } = {}, placed } = meta
  const samples = pages * width * height * channels
  const description = bytesOf(exif?.fields ?? [], 270)
  const stated = description && statedBy(Buffer.from(description).toString('latin1'))
  const isLike = (stated?.pages ?? pages) === pages && (stated?.samples ?? samples) === samples
  const fields = exif && { ...exif, fields: exif.fields.filter(({ tag }) => isLike || tag !== 270) }
  const isWhole = placed?.width === width && placed.height === height
  const moved = isWhole && placed.position && placedAt(geo, placed.position)
  const there = moved || unplaced(geo)
  const metadata = { ...rest, ...(fields && { exif: fields }), ...(there.length > 0 && { geo: there }) }
  return {
    meta: { ...meta, metadata },
    notes: [
      ...(isLike
        ? []
        : ['the description was dropped: it states other pages or sizes than those of the output']),
      ...(there.length === geo.length
        ? []
        : ['the GeoTIFF position was dropped: it does not fit the pixels of the output']),
    ],
  }
}

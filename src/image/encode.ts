import { ConvoError } from '../error.ts'
import { pause } from '../host/turns.ts'
import { nativeWork } from '../signals.ts'
import type { Picture, PictureMeta } from '../tensor/picture.ts'
import { defined } from '../text/record.ts'
import { exifFor } from './exif.ts'
import { fitFormat, inColour } from './fit.ts'
import type { OutputFormat } from './format.ts'
import {
  checkJpegSide,
  chromaOf,
  joinStrips,
  jpegStripRows,
  jpegWith,
  type Subsampling,
  segmentsBeside,
} from './jpeg.ts'
import { listed } from './metadata.ts'
import { plainWriters } from './plain.ts'
import { compressionSettings } from './png.ts'
import { encodePngInTurns, encodePngWhole } from './png-whole.ts'
import { loadSharp, reasons, type Sharp, sharpOf } from './sharp.ts'
import { packStrip, type TiffCompression } from './tiff-pack.ts'
import { joinPages } from './tiff-write.ts'
import { webpTimed, webpWith } from './webp.ts'

/** The bytes of a picture file, and notes on how they differ from the picture. */
export type Encoded = { readonly bytes: Uint8Array; readonly notes: readonly string[] }

/** How to encode. Options that a format does not take are ignored. */
export type EncodeOptions = {
  /** 1..100 for jpeg (default: that of the JPEG it was made from, else 90) and avif (80); makes webp lossy */
  readonly quality?: number | undefined
  /** 0..9 for png */
  readonly compression?: number | undefined
  /** lossless webp and avif */
  readonly lossless?: boolean | undefined
  /** for jpeg (default: that of the JPEG it was made from, else 4:4:4) and avif (4:4:4) */
  readonly subsampling?: Subsampling | undefined
  /** jpeg 0..2 (0), webp 0..6 (4), avif 0..9 (4), gif 1..10 (7) */
  readonly effort?: number | undefined
  /** deflate by default */
  readonly tiffCompression?: TiffCompression | undefined
}

/** How an animation plays. */
export type AnimationOptions = EncodeOptions & {
  /** milliseconds for each page, or for all; 100 by default */
  readonly delay?: number | readonly number[]
  /** how often it plays; 0 (the default) means forever */
  readonly loop?: number
}

/**
 * Encodes a picture. ICC profile, resolution and metadata are written if the format has room for them. tiff is
 * lossless, and so is webp without a quality. jpeg has the chroma subsampling that is requested, else that of the JPEG
 * the picture was made from, else none. Anything that the format cannot hold is reported in `notes` or refused.
 *
 * @throws ConvoError E_OUTPUT for a picture that the format cannot hold, or sides that are too long for it
 */
export async function encode(
  picture: Picture,
  format: OutputFormat,
  options: EncodeOptions = {},
): Promise<Encoded> {
  const { picture: fitted, notes } = await fitFormat(picture, format, options.subsampling)
  return { bytes: await encodeFitted(fitted, format, options), notes }
}

async function encodeFitted(picture: Picture, format: OutputFormat, options: EncodeOptions) {
  const { meta, height } = picture
  switch (format) {
    case 'png':
      return encodePngWhole(picture, compressionSettings(options.compression))
    case 'tiff':
      return encodeTiff([picture], options)
    case 'jpeg': {
      const strips = jpegStrips(picture, options)
      const rows = strips.rows
      const size = picture.width * picture.channels
      const bytes = picture.data as Uint8Array
      const made = Array.from({ length: Math.ceil(height / rows) }, (_, i) =>
        strips.encode(bytes.subarray(i * rows * size, (i + 1) * rows * size)),
      )
      return strips.join(await Promise.all(made))
    }
    case 'webp':
    case 'gif':
      return encodeAnimated([picture], format, options)
    case 'avif': {
      const { quality, lossless = false, effort, subsampling = '4:4:4' } = options
      // sharp passes profile and metadata from its input to the AVIF, so the input is a PNG that contains them
      const exif = exifFor(meta, picture, true)
      const metadata = { ...meta.metadata, ...defined({ exif }) }
      const png = await encodePngInTurns({ ...picture, meta: { ...meta, metadata } }, compressionSettings(0))
      return encodedBy(format, () => {
        const pipeline = sharpOf(png, {}).keepIccProfile().toColourspace(spaceOf(picture.channels))
        if (exif !== undefined) pipeline.keepExif()
        if (meta.metadata?.xmp !== undefined) pipeline.keepXmp()
        const how = { quality: quality ?? 80, lossless, chromaSubsampling: subsampling }
        return pipeline.avif({ ...how, ...defined({ effort }) })
      })
    }
    default:
      return plainWriters[format](picture)
  }
}

/**
 * Starts a JPEG, whose strips are encoded separately while others are computed. It uses the standard Huffman tables, so
 * that all strips share them. With `effort` 1 the tables are made for the picture, and with 2 the coefficients are
 * optimised for size too. Both need the whole picture.
 *
 * @throws ConvoError E_OUTPUT for sides that are too long
 */
export function jpegStrips(
  { width, height, channels, meta }: Pick<Picture, 'width' | 'height' | 'channels' | 'meta'>,
  { quality, subsampling, effort = 0 }: EncodeOptions,
) {
  checkJpegSide(width, height)
  const chroma = chromaOf(meta, subsampling)
  const settings = {
    quality: quality ?? meta.jpeg?.quality ?? 90,
    chromaSubsampling: chroma,
    optimiseCoding: effort > 0,
    mozjpeg: effort > 1,
  }
  const row = width * channels
  return {
    // of a strip, except for the last one
    rows: effort > 0 ? height : jpegStripRows(width, chroma),
    /** Encodes the samples of a strip, which must not change until it is encoded. */
    encode: (samples: Uint8Array) =>
      encodedBy('jpeg', () =>
        loadSharp()(samples, { raw: { width, height: samples.length / row, channels } })
          .toColourspace(spaceOf(channels))
          .jpeg(settings),
      ),
    join: (strips: readonly Uint8Array[]) =>
      jpegWith(joinStrips(strips, height), segmentsBeside(meta, { width, height, channels })),
  }
}

const tiffRows = 64

async function encodeTiff(pages: readonly Picture[], { tiffCompression = 'deflate' }: EncodeOptions) {
  const packed: (Picture & Parameters<typeof joinPages>[0][number])[] = []
  for (const page of pages) {
    const { width, height, channels, depth, data } = page
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    const rowBytes = (width * channels * depth) / 8
    const strips: Uint8Array[] = []
    for (let at = 0; at < bytes.length; at += tiffRows * rowBytes) {
      await pause()
      const rows = bytes.slice(at, at + tiffRows * rowBytes)
      strips.push(await packStrip(rows, rowBytes, channels, depth, tiffCompression))
    }
    packed.push({ ...page, rows: Math.min(tiffRows, height), strips })
  }
  return joinPages(packed, tiffCompression)
}

/** Encodes pages one below the other, which is how libvips writes several. */
async function encodeAnimated(
  pages: readonly Picture[],
  format: 'gif' | 'webp',
  options: AnimationOptions & { readonly delay?: number[] } = {},
): Promise<Uint8Array> {
  const colours = await Promise.all(pages.map(inColour))
  const [{ width, height, channels, meta }] = colours as [Picture]
  const size = width * height * channels
  const data = pages.length === 1 ? (colours[0]!.data as Uint8Array) : new Uint8Array(size * pages.length)
  if (pages.length > 1)
    colours.forEach((page, i) => {
      data.set(page.data, i * size)
    })
  const raw = { width, height: height * pages.length, channels, pageHeight: height }
  const { quality, lossless = quality === undefined, effort, delay, loop } = options
  const common = defined({ effort, delay, loop })
  const how = lossless ? { lossless: true, exact: true } : { quality: quality ?? 80 }
  const bytes = await encodedBy(format, () => {
    const pipeline = loadSharp()(data, { raw })
    // a page must not reuse the palette of the previous one, which sharp considers close enough
    if (format === 'gif') return pipeline.gif({ ...common, interPaletteMaxError: 0 })
    return pipeline.webp({ ...common, ...how })
  })
  if (format === 'gif') return bytes
  // the encoder merges equal pages into one
  const times: number[] = []
  for (const [i, time] of (options.delay ?? []).entries()) {
    if (i > 0 && Buffer.compare(colours[i]!.data as Uint8Array, colours[i - 1]!.data as Uint8Array) === 0)
      times[times.length - 1]! += time
    else times.push(time)
  }
  return webpWith(webpTimed(bytes, times), meta, { width, height, channels: pages[0]!.channels })
}

/**
 * Encodes pages as an animation or as a TIFF. All must have one size, one number of channels and one depth.
 *
 * @throws ConvoError E_SHAPE for pages that differ, or none; E_OUTPUT as `encode` does
 */
export async function encodePages(
  pages: readonly Picture[],
  format: 'gif' | 'webp' | 'tiff',
  options: AnimationOptions = {},
): Promise<Encoded> {
  const fitted = await Promise.all(pages.map((page) => fitFormat(page, format)))
  const pictures = fitted.map(({ picture }) => picture)
  checkAlike(pictures)
  const { delay = 100, loop = 0 } = options
  const delays = typeof delay === 'number' ? pages.map(() => delay) : [...delay]
  const bytes =
    format === 'tiff'
      ? await encodeTiff(pictures, options)
      : await encodeAnimated(pictures, format, { ...options, delay: delays, loop })
  return { bytes, notes: [...new Set([...fitted.flatMap(({ notes }) => notes), ...lostOfPages(pages)])] }
}

/** Returns a note if profiles or resolutions differ, because a file has room for those of one page. */
function lostOfPages([first, ...others]: readonly Picture[]): string[] {
  const differs = (of: (meta: PictureMeta) => ArrayLike<number> | undefined) =>
    others.some(({ meta }) => String(of(meta)) !== String(first && of(first.meta)))
  const lost = [
    ...(differs(({ icc }) => icc) ? ['ICC profiles'] : []),
    ...(differs(({ resolution }) => resolution) ? ['resolutions'] : []),
  ]
  return lost.length === 0
    ? []
    : [`the pages have different ${listed(lost)}: those of the first page are kept`]
}

function checkAlike(pages: readonly Picture[]): void {
  const shapes = new Set(pages.map((p) => `${p.width}x${p.height}x${p.channels} of ${p.depth} bits`))
  if (shapes.size === 1) return
  throw new ConvoError('E_SHAPE', 'all pages of a file must have the same size, channels and depth', {
    why: pages.length === 0 ? 'there are no pages' : `pages: ${[...shapes].join(', ')}`,
    fix: '--depth 8 for pages of different depths, or {index} in the output path',
  })
}

/**
 * Renders an SVG drawing as PNG, with `zoom` pixels for each of its own.
 *
 * @throws ConvoError E_OUTPUT if it cannot be drawn
 */
export const renderSvg = (svg: string, zoom = 1): Promise<Uint8Array> =>
  encodedBy('png', () => sharpOf(Buffer.from(svg), { density: 72 * zoom }).png({ compressionLevel: 9 }))

/** libvips' name of the colour space that keeps the samples as they are. */
const spaceOf = (channels: number) => (channels < 3 ? 'b-w' : 'srgb')

async function encodedBy(format: OutputFormat, pipeline: () => Sharp): Promise<Uint8Array> {
  try {
    return await nativeWork(() => pipeline().toBuffer())
  } catch (cause) {
    if (cause instanceof ConvoError) throw cause
    throw new ConvoError('E_OUTPUT', `the picture cannot be written as ${format}`, {
      why: reasons(cause),
      fix: 'another format, such as .png',
      cause,
    })
  }
}

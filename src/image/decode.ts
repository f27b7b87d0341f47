import { ConvoError, invariant } from '../error.ts'
import { nativeWork } from '../signals.ts'
import type { Arriving, Picture, Samples } from '../tensor/picture.ts'
import {
  checkSize,
  type Facts,
  factsOfPng,
  type Header,
  headerOf,
  type Reading,
  readingOf,
} from './header.ts'
import { isStream, nameOf, type PngHead, probe, readInput, type Source } from './probe.ts'
import { grayAlphaOf, spread, viewSamples } from './samples.ts'
import { type Raw, type RawRecipe, rawOf, reasons, sharpOf } from './sharp.ts'

/** How to decode. */
export type DecodeOptions = {
  /** a page of more pixels is refused before it is decoded */
  readonly maxPixels: number
  /** turn the picture as its EXIF orientation asks */
  readonly orient: boolean
  /** which page of a TIFF, GIF or WebP, from 0 */
  readonly page?: number
  /** what to call the source in errors, where it is bytes */
  readonly name?: string
}

/** A picture and what its file said beside it. */
export type Decoded = Picture & Omit<Header, keyof Picture>

type Opened = {
  readonly input: Source
  readonly name: string
  readonly header: Header
  readonly reading: Reading
  readonly bits: number | undefined
  /** Whether rows are stored from top to bottom as they are shown, so that the upper ones can be had alone. */
  readonly isInOrder: boolean
}

/**
 * What the header of a picture says. The samples are not looked at, so a damaged file may pass.
 *
 * @throws ConvoError as `decode` does
 */
export async function readHeader(source: Source, options: DecodeOptions): Promise<Header> {
  return (await open(source, options)).header
}

/**
 * Decodes one page of a picture to samples as they are stored: 8 bits stay 8, 16 stay 16, float TIFFs stay float and
 * are taken as levels of 0..255; gray stays gray, palettes become RGB, transparent colours become alpha, gray of 1, 2
 * and 4 bits is spread over 0..255, and 10 or 12 bits of an AVIF over 0..65535. Neither the ICC profile nor gAMA is
 * applied: they travel in `meta`. Only CMYK and Lab are converted, to sRGB, with a note.
 *
 * sharp is told to fail on warnings, its strictest setting: JPEG data that is damaged in the middle raises a warning
 * only, and no harmless oddity that was tried did (unknown TIFF tags, bad profiles, bytes after the end, damaged
 * ancillary PNG chunks). Lossy WebP has no checksum: damage inside it may pass as a picture.
 *
 * @throws ConvoError E_INPUT for a file that cannot be read, E_DECODE for one that is damaged or no picture, E_TOO_LARGE
 *   for more than `maxPixels`, before decoding
 */
export async function decode(source: Source, options: DecodeOptions): Promise<Decoded> {
  return decodeOpened(await open(source, options), options, 1)
}

/** Decoded bytes from which on the upper rows are decoded on their own, and up to which there is memory for them. */
const aheadBytes = [12e6, 2 ** 26] as const
/**
 * The share of rows that is decoded ahead. While the whole takes until 1, they are there at 0.4, and filtering and encoding
 * them takes a second thread about the rest of that time.
 */
const aheadShare = 0.4

/**
 * Begins to decode a picture as `decode` does, in a large PNG with its upper rows on their own beside the whole: work on
 * them can begin early. It costs processor time where threads are idle otherwise.
 *
 * @throws ConvoError as `decode` does; damage of the samples shows in the promises
 */
export async function decodeAhead(
  source: Source,
  options: Omit<DecodeOptions, 'page'>,
): Promise<Header & { readonly data: Samples | Arriving }> {
  const opened = await open(source, options)
  const { width, height, channels, depth } = opened.header
  const bytes = width * height * channels * (depth / 8)
  if (!opened.isInOrder || bytes < aheadBytes[0] || bytes > aheadBytes[1]) {
    return decodeOpened(opened, options, 1)
  }
  const rows = Math.ceil(height * aheadShare)
  const whole = decodeOpened(opened, options, 1).then(({ data }) => data)
  const upper = decodeOpened(opened, options, 1, rows).then(({ data }) => data)
  // whoever waits for them is told; a failure of one that nobody waits for any more is no bug
  for (const promise of [whole, upper]) promise.catch(() => undefined)
  return { ...opened.header, data: { rows, upper, whole } }
}

/**
 * Decodes every page, each a picture of its own, in order: slices of a TIFF, pictures of an animation as they are shown.
 * A page is read when it is asked for; of animations, whose pages build on each other, as many at a time as fit 64 MiB.
 */
export async function* decodePages(
  source: Source,
  options: Omit<DecodeOptions, 'page'>,
): AsyncGenerator<Decoded> {
  const name = options.name ?? nameOf(source)
  const input = typeof source === 'string' && isStream(source) ? readInput(source) : source
  const first = await open(input, { ...options, name })
  const { pages, kind, width, height } = first.header
  const isAnimation = kind === 'gif' || kind === 'webp'
  const together = isAnimation ? Math.max(1, Math.floor(2 ** 26 / (width * height * 4))) : 1
  for (let page = 0; page < pages; page += together) {
    const opened = page === 0 || isAnimation ? first : await open(input, { ...options, name, page })
    const count = Math.min(together, pages - page)
    yield* splitPages(await decodeOpened(opened, { ...options, page }, count), count)
  }
}

/** A strip of equally high pages, one below the other, as pictures over the same memory. */
function* splitPages(strip: Decoded, count: number): Generator<Decoded> {
  const height = strip.height / count
  const size = strip.width * height * strip.channels
  for (let i = 0; i < count; i++)
    yield { ...strip, height, data: strip.data.subarray(i * size, (i + 1) * size) }
}

async function open(source: Source, options: DecodeOptions): Promise<Opened> {
  const name = options.name ?? nameOf(source)
  const input = typeof source === 'string' && isStream(source) ? readInput(source) : source
  const probed = probe(input, name)
  const { kind } = probed
  if (kind === undefined || kind === 'npy') {
    throw new ConvoError('E_DECODE', `${name} is not a picture of a known kind`, {
      why: `${name}: byte 0: ${kind === 'npy' ? 'a NumPy array' : 'no signature of a picture format'}`,
      fix: 'a PNG, JPEG, WebP, TIFF, GIF, AVIF or SVG',
    })
  }
  if (probed.png !== undefined) checkSize(probed.png, options.maxPixels, name)
  const facts =
    factsOfPng(probed.png) ??
    (await attempt(name, () => nativeWork(() => sharpOf(input, { page: options.page ?? 0 }).metadata())))
  checkSize(facts, options.maxPixels, name)
  const reading = readingOf(facts, name)
  const header = headerOf(kind, facts, probed, reading, options.orient)
  const bits = kind === 'avif' ? facts.bitsPerSample : undefined
  return { input, name, reading, header, bits, isInOrder: isInOrder(probed.png, facts) }
}

const isInOrder = (png: PngHead | undefined, { orientation = 1 }: Facts): boolean =>
  png !== undefined && !png.interlaced && !png.isAnimated && orientation === 1

/** @param rows the upper ones alone, of a picture in order */
async function decodeOpened(
  opened: Opened,
  options: DecodeOptions,
  pages: number,
  rows?: number,
): Promise<Decoded> {
  const { input, name, reading, header } = opened
  const isGrayAlpha8 = header.channels === 2 && header.depth === 8
  const recipe: RawRecipe = {
    options: {
      page: options.page ?? 0,
      // more than one page cannot be turned, and animations have no orientation
      ...(pages > 1 ? { pages } : { autoOrient: options.orient }),
      ignoreIcc: reading.ignoreIcc,
    },
    ...(rows !== undefined && { size: { width: header.width, height: rows } }),
    // sharp leaves the alpha out of raw gray of 8 bits, so that is asked for as RGBA
    space: isGrayAlpha8 ? 'srgb' : reading.space,
    depth: reading.format,
  }
  const { data, info } = await attempt(name, () =>
    header.kind === 'svg' ? rawApart(input, recipe) : nativeWork(() => rawOf(input, recipe)),
  )
  const { width, channels } = header
  const height = rows ?? header.height * pages
  invariant(
    info.width === width && info.height === height && info.channels === (isGrayAlpha8 ? 4 : channels),
    `${name} decodes to ${info.width}x${info.height}x${info.channels}, its header says ${width}x${height}x${channels}`,
  )
  const samples = isGrayAlpha8 ? grayAlphaOf(data) : viewSamples(data, header.depth)
  if (samples instanceof Uint16Array && opened.bits !== undefined) spread(samples, opened.bits)
  return { ...header, height, data: samples }
}

/** What it needs is loaded for drawings only. */
async function rawApart(input: Source, recipe: RawRecipe): Promise<Raw> {
  const { decodeApart } = await import('./apart.ts')
  return decodeApart(input, recipe)
}

async function attempt<T>(name: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (cause) {
    throw new ConvoError(
      'E_DECODE',
      `${name} cannot be decoded: it is damaged, or of a kind that is not read`,
      {
        why: reasons(cause).map((line) => `${name}: ${line}`),
        fix: 'a fresh copy of the file',
        cause,
      },
    )
  }
}

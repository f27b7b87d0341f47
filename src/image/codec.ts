import { createRequire } from 'node:module'
import type sharpModule from 'sharp'
import type { Sharp, SharpOptions } from 'sharp'
import { ConvoError, invariant } from '../error.ts'
import type { Picture, PictureMeta } from '../tensor/picture.ts'
import { encodePngWhole } from './filter-rows.ts'
import { fitFormat, inColour } from './fit.ts'
import type { OutputFormat } from './format.ts'
import { checkSize, factsOfPng, type Header, headerOf, type Reading, readingOf } from './header.ts'
import { compressionSettings } from './png.ts'
import { isStream, nameOf, probe, readInput, type Source } from './probe.ts'
import { copyInto, grayAlphaOf, spread, viewSamples } from './samples.ts'

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
  /** Gives the memory for the samples, so many bytes long and aligned to a sample; they are copied into it once. */
  readonly into?: (bytes: number) => Uint8Array
}

/** A picture and what its file said beside it. */
export type Decoded = Picture & Omit<Header, keyof Picture>

/** Bytes of a picture file, and what a user should know of how they differ from the picture. */
export type Encoded = { readonly bytes: Uint8Array; readonly notes: readonly string[] }

/** How to encode. */
export type EncodeOptions = {
  /** 1..100 for jpeg (90 unless given) and avif (80); webp is lossless unless it is given */
  readonly quality?: number
  /** 0..9 for png */
  readonly compression?: number
}

/** How an animation plays. */
export type AnimationOptions = EncodeOptions & {
  /** milliseconds for each page, or for all; 100 unless given */
  readonly delay?: number | readonly number[]
  /** how often it plays, 0 (unless given) for ever */
  readonly loop?: number
}

type Opened = {
  readonly input: Source
  readonly name: string
  readonly header: Header
  readonly reading: Reading
  readonly bits: number | undefined
}

let loaded: typeof sharpModule | undefined

/**
 * Loads sharp, once, and blocks while it does: 25 ms through `require`, 45 ms through `import`. To be called when the
 * workers are on their way. Its cache is off: it holds on to pictures and does not see that a file has changed.
 */
export function loadSharp(): typeof sharpModule {
  if (loaded === undefined) {
    loaded = createRequire(import.meta.url)('sharp') as typeof sharpModule
    loaded.cache(false)
  }
  return loaded
}

/**
 * What the header of a picture says. The samples are not looked at, so a damaged file may pass.
 *
 * @throws ConvoError as `decode` does
 */
export async function readHeader(source: Source, options: Omit<DecodeOptions, 'into'>): Promise<Header> {
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

/**
 * Decodes every page, each a picture of its own, in order: slices of a TIFF, pictures of an animation as they are shown.
 * A page is read when it is asked for; of animations, whose pages build on each other, as many at a time as fit 64 MiB.
 */
export async function* decodePages(
  source: Source,
  options: Omit<DecodeOptions, 'page' | 'into'>,
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

async function open(source: Source, options: Omit<DecodeOptions, 'into'>): Promise<Opened> {
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
    (await attempt(name, () => sharpOf(input, { page: options.page ?? 0 }).metadata()))
  checkSize(facts, options.maxPixels, name)
  const reading = readingOf(facts, name)
  const header = headerOf(kind, facts, probed, reading, options.orient)
  return { input, name, reading, header, bits: kind === 'avif' ? facts.bitsPerSample : undefined }
}

async function decodeOpened(opened: Opened, options: DecodeOptions, pages: number): Promise<Decoded> {
  const { input, name, reading, header } = opened
  const pipeline = sharpOf(input, {
    page: options.page ?? 0,
    // more than one page cannot be turned, and animations have no orientation
    ...(pages > 1 ? { pages } : { autoOrient: options.orient }),
    ignoreIcc: reading.ignoreIcc,
  })
  const isGrayAlpha8 = header.channels === 2 && header.depth === 8
  // sharp leaves the alpha out of raw gray of 8 bits, so that is asked for as RGBA
  const { data, info } = await attempt(name, () =>
    pipeline
      .toColourspace(isGrayAlpha8 ? 'srgb' : reading.space)
      .raw({ depth: reading.format })
      .toBuffer({ resolveWithObject: true }),
  )
  const { width, channels } = header
  const height = header.height * pages
  invariant(
    info.width === width && info.height === height && info.channels === (isGrayAlpha8 ? 4 : channels),
    `${name} decodes to ${info.width}x${info.height}x${info.channels}, its header says ${width}x${height}x${channels}`,
  )
  const samples = isGrayAlpha8 ? grayAlphaOf(data) : viewSamples(data, header.depth)
  if (samples instanceof Uint16Array && opened.bits !== undefined) spread(samples, opened.bits)
  return { ...header, height, data: options.into === undefined ? samples : copyInto(samples, options.into) }
}

function sharpOf(input: Source, options: SharpOptions): Sharp {
  // the limit on pixels is checked by name and number before; libvips' other limits against bombs stay on
  return loadSharp()(input, { failOn: 'warning', limitInputPixels: false, ...options })
}

/**
 * Encodes a picture. ICC profile and resolution go with it where the format has room for them. webp and tiff are
 * lossless, jpeg is written without chroma subsampling; what a format cannot hold is told in `notes` or refused.
 *
 * @throws ConvoError E_OUTPUT for a picture that the format cannot hold, or sides that are too long for it
 */
export async function encode(
  picture: Picture,
  format: OutputFormat,
  options: EncodeOptions = {},
): Promise<Encoded> {
  const { picture: fitted, notes } = fitFormat(picture, format)
  if (format === 'png')
    return { bytes: encodePngWhole(fitted, compressionSettings(options.compression)), notes }
  const bytes = await attemptEncode(format, async () => {
    const spaces = fitted.depth === 16 ? (['grey16', 'rgb16'] as const) : (['b-w', 'srgb'] as const)
    const pipeline = sharpOf(containerOf(fitted), {})
      .keepIccProfile()
      .toColourspace(spaces[fitted.channels < 3 ? 0 : 1])
    // EXIF is where these formats have the resolution; the container brings nothing else for it
    if (fitted.meta.resolution !== undefined) pipeline.keepExif()
    return withFormat(pipeline, format, options, fitted.meta).toBuffer()
  })
  return { bytes, notes }
}

/**
 * Encodes pages that play one after another. All have one size and one number of channels.
 *
 * @throws ConvoError E_SHAPE for pages that differ, or none; E_OUTPUT as `encode` does
 */
export async function encodeAnimation(
  pages: readonly Picture[],
  format: 'gif' | 'webp',
  options: AnimationOptions = {},
): Promise<Encoded> {
  checkAlike(pages)
  const fitted = pages.map((page) => fitFormat(page, format))
  const { delay = 100, loop = 0 } = options
  const delays = typeof delay === 'number' ? pages.map(() => delay) : [...delay]
  const bytes = await attemptEncode(format, async () => {
    // the gray of pages that are joined would become their alpha: what is dark would be transparent
    const containers = fitted.map(({ picture }) => containerOf(inColour(picture)))
    const pipeline = loadSharp()(containers, { join: { animated: true } }).keepIccProfile()
    return withFormat(pipeline, format, options, {}, { delay: delays, loop }).toBuffer()
  })
  return { bytes, notes: [...new Set(fitted.flatMap(({ notes }) => notes))] }
}

/**
 * Encodes pictures of one size as the pages of a TIFF, lossless, at their depth; without their profile, which is told.
 *
 * @throws ConvoError E_SHAPE for pages that differ, or none; E_OUTPUT as `encode` does
 */
export async function encodePages(pages: readonly Picture[]): Promise<Encoded> {
  checkAlike(pages)
  const [first] = pages
  invariant(first !== undefined, 'pages were checked')
  const { picture, notes } = fitFormat(first, 'tiff')
  const { width, height: pageHeight, channels, depth, data, meta } = picture
  const count = data.length * pages.length
  const all = depth === 16 ? new Uint16Array(count) : new Uint8Array(count)
  pages.forEach((page, i) => {
    all.set(fitFormat(page, 'tiff').picture.data, i * data.length)
  })
  const spaces = depth === 16 ? (['grey16', 'rgb16'] as const) : (['b-w', 'srgb'] as const)
  const raw = { width, height: pageHeight * pages.length, channels, pageHeight }
  const bytes = await attemptEncode('tiff', () =>
    withFormat(
      loadSharp()(all, { raw }).toColourspace(spaces[channels < 3 ? 0 : 1]),
      'tiff',
      {},
      meta,
    ).toBuffer(),
  )
  const lost = meta.icc === undefined ? [] : ['the colour profile was left out of the pages']
  return { bytes, notes: [...notes, ...lost] }
}

function checkAlike(pages: readonly Picture[]): void {
  const shapes = new Set(pages.map((p) => `${p.width}x${p.height}x${p.channels}`))
  if (shapes.size === 1) return
  throw new ConvoError('E_SHAPE', 'the pages of a file must have one size', {
    why: pages.length === 0 ? 'there are no pages' : `sizes: ${[...shapes].join(', ')}`,
  })
}

/**
 * An SVG drawing as PNG, `zoom` pixels for one of its own.
 *
 * @throws ConvoError E_OUTPUT when it cannot be drawn
 */
export const renderSvg = (svg: string, zoom = 1): Promise<Uint8Array> =>
  attemptEncode('png', () =>
    sharpOf(Buffer.from(svg), { density: 72 * zoom })
      .png({ compressionLevel: 9 })
      .toBuffer(),
  )

/** A stored PNG: the way by which a profile and a resolution reach sharp's encoders without being applied. */
const containerOf = (picture: Picture): Uint8Array => encodePngWhole(picture, compressionSettings(0))

function withFormat(
  pipeline: Sharp,
  format: Exclude<OutputFormat, 'png'>,
  { quality }: EncodeOptions,
  { resolution: [x, y] = [1000, 1000] }: PictureMeta,
  animation: { delay?: number[]; loop?: number } = {},
): Sharp {
  if (format === 'jpeg') return pipeline.jpeg({ quality: quality ?? 90, chromaSubsampling: '4:4:4' })
  if (format === 'tiff')
    return pipeline.tiff({ compression: 'deflate', predictor: 'horizontal', xres: x / 1000, yres: y / 1000 })
  // a page does not take over the palette of the one before, which is near enough to sharp but not its own colours
  if (format === 'gif') return pipeline.gif({ ...animation, interPaletteMaxError: 0 })
  if (format === 'avif') return pipeline.avif({ quality: quality ?? 80, chromaSubsampling: '4:4:4' })
  if (quality === undefined) return pipeline.webp({ lossless: true, exact: true, ...animation })
  return pipeline.webp({ quality, ...animation })
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

async function attemptEncode(format: OutputFormat, act: () => Promise<Uint8Array>): Promise<Uint8Array> {
  try {
    return await act()
  } catch (cause) {
    throw new ConvoError('E_OUTPUT', `the picture cannot be written as ${format}`, {
      why: reasons(cause),
      cause,
    })
  }
}

const reasons = (cause: unknown): string[] =>
  (cause instanceof Error ? cause.message : String(cause)).split('\n').filter((line) => line.trim() !== '')

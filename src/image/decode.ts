import { ConvoError, invariant } from '../error.ts'
import { isStream, readWhole } from '../files/read.ts'
import { nativeWork } from '../signals.ts'
import { type Arriving, fullScale, type Picture, type Samples } from '../tensor/picture.ts'
import { type Animation, type Canvas, clear, framePng, lay } from './apng.ts'
import { arrivingRows } from './arriving.ts'
import { type BorrowedKind, isBorrowed, readBorrowed } from './borrowed.ts'
import { grayAlphaOf, spread, viewSamples } from './flatten.ts'
import { refuseStranger, wayOf, ways } from './foreign.ts'
import { factsOf, factsOfPng, type Header, headerOf, ownHeader, type Reading, readingOf } from './header.ts'
import { inspect, type Seen } from './inspect.ts'
import type { MetadataMode } from './metadata.ts'
import { isOwn, type OwnKind, ownReaders } from './own.ts'
import { isPlainPng, type PlainDecoder, type PlainPng, withoutIgnored } from './png-head.ts'
import { kindOf, type Probe, probe } from './probe.ts'
import { nameOf, type Source, wholeOf, withReader } from './reader.ts'
import { type RawRecipe, rawOf, reasons, sharpOf } from './sharp.ts'
import { checkPage, checkSize, refuseShort, type Size } from './size.ts'
import { pageRead } from './tiff-array.ts'

/** How to decode. */
export type DecodeOptions = {
  /** a page with more pixels is refused before it is decoded */
  readonly maxPixels: number
  /** whether to turn the picture according to its EXIF orientation */
  readonly orient: boolean
  /** which page of a TIFF, GIF or WebP, from 0 */
  readonly page?: number
  /** what to call the source in errors if it is bytes */
  readonly name?: string
  /** what happens to EXIF and other metadata; `keep` by default */
  readonly metadata?: MetadataMode
  /** how plain PNGs are decoded; by default like all others */
  readonly plain?: PlainDecoder
}

/** A picture and the other contents of its file. */
export type Decoded = Picture & Omit<Header, keyof Picture>

type Opened = Awaited<ReturnType<typeof open>>

/**
 * Reads the header of a picture. It does not check the samples, so a damaged file may pass.
 *
 * @throws ConvoError as `decode` does
 */
export async function readHeader(source: Source, options: DecodeOptions): Promise<Header> {
  return (await open(source, options)).header
}

/**
 * Decodes one page of a picture to samples as they are stored: 8 bits stay 8, 16 stay 16, and float TIFFs stay float.
 * Gray stays gray, palettes become RGB, and transparent colours become alpha. 1 to 7 bits are spread over 0..255, and 9
 * to 15 bits over 0..65535. Neither the ICC profile nor gAMA is applied: both are returned in `meta`. Only CMYK is
 * converted, to sRGB, with a note.
 *
 * sharp is set to fail on warnings, its strictest setting, because JPEG data that is damaged in the middle raises only
 * a warning. No harmless oddity that was tried raises one (unknown TIFF tags, bad profiles, bytes after the end,
 * damaged ancillary PNG chunks). Lossy WebP has no checksum, so damage inside it may pass as a picture. So may damage
 * in the last eight rows of a JPEG, because libvips does not check for warnings after them.
 *
 * @throws ConvoError E_INPUT for a file that cannot be read, E_DECODE for one that is damaged or not a picture,
 *   E_TOO_LARGE for more than `maxPixels`, before decoding
 */
export async function decode(source: Source, options: DecodeOptions): Promise<Decoded> {
  const opened = await open(source, options)
  refusePreview(opened, options)
  if (opened.seen.apng === undefined) return decodeOpened(opened, options, 1)
  const pages = animationPages(opened, opened.seen.apng)
  for (let page = 0; ; page++) {
    const { value } = await pages.next()
    invariant(value !== undefined, `${opened.name} has a page ${options.page ?? 0}`)
    if (page === (options.page ?? 0)) return value
  }
}

/** @throws ConvoError E_DECODE if one picture is wanted and the first page is a smaller copy of it */
function refusePreview({ header: { preview }, name }: Opened, { page }: DecodeOptions): void {
  if (preview === undefined || page !== undefined) return
  throw new ConvoError('E_DECODE', `the first page of ${name} is a smaller copy of the picture`, {
    why: `${name}: ${preview.why}`,
    fix: preview.fix,
  })
}

/** Whether a picture is so large that it is worked on while it is decoded: from 1 MB on. */
const isLarge = ({ width, height, channels, depth }: Header): boolean =>
  width * height * channels * (depth / 8) >= 1e6

/**
 * Starts to decode a picture like `decode` does. The rows of a large PNG arrive one after the other, so that work on
 * them can begin early, and only some of them are held at a time.
 *
 * @throws ConvoError as `decode` does; damage to the samples rejects the promises
 */
export async function decodeAhead(
  source: Source,
  options: Omit<DecodeOptions, 'page'>,
): Promise<Header & { readonly data: Samples | Arriving }> {
  const opened = await open(source, options)
  refusePreview(opened, options)
  const { header, plain } = opened
  const { width, height, channels, depth } = header
  const { plain: strips, ...general } = options
  if (plain === undefined || strips === undefined || depth === 32 || !header.inRows)
    return opened.seen.apng === undefined ? decodeOpened(opened, options, 1) : decode(source, options)
  const rowBytes = width * channels * (depth / 8)
  const whole = async () => (await decodeOpened(opened, general, 1)).data
  return { ...header, data: arrivingRows(strips(plain), { height, rowBytes, depth }, whole) }
}

/**
 * Decodes every page as a separate picture, in order: slices of a TIFF, pictures of an animation as they are shown. A
 * page is read when it is requested. Pages of an animation, which build on each other, and pages that are alike are
 * read in groups of up to 64 MiB, because opening the file for each page would walk over all pages before it.
 */
export async function* decodePages(
  source: Source,
  options: Omit<DecodeOptions, 'page'>,
): AsyncGenerator<Decoded> {
  const name = options.name ?? nameOf(source)
  const input = await seekable(source, name)
  const first = await open(input, { ...options, name })
  if (first.seen.apng !== undefined) {
    yield* animationPages(first, first.seen.apng)
    return
  }
  const { pages, kind, width, height } = first.header
  const isJoined = kind === 'gif' || kind === 'webp' || first.header.isAlike
  const together = isJoined ? pagesAtOnce(width, height) : 1
  for (let page = 0; page < pages; page += together) {
    const opened =
      page === 0 || isJoined ? first : await open(first.input, { ...options, name, page }, first.seen)
    const count = Math.min(together, pages - page)
    yield* splitPages(await decodeOpened(opened, { ...options, page }, count), count)
  }
}

/** The largest number of pages of this size that are decoded at once. */
export const pagesAtOnce = (width: number, height: number): number =>
  Math.max(1, Math.floor(2 ** 26 / (width * height * 4)))

/** Splits a strip of equally high pages, one below the other, into pictures over the same memory. */
function* splitPages(strip: Decoded, count: number): Generator<Decoded> {
  const height = strip.height / count
  const size = strip.width * height * strip.channels
  for (let i = 0; i < count; i++)
    yield { ...strip, height, data: strip.data.subarray(i * size, (i + 1) * size) }
}

/** Returns a path as it is, or the bytes of a source that can be read only once. */
async function seekable(source: Source, name: string): Promise<Source> {
  if (typeof source !== 'string' || !isStream(source)) return source
  return readWhole(source, { limit: 'encodedBytes', name, check: checkHead(name) })
}

/** Refuses anything that is not a picture by its first bytes, before the rest of a stream is read. */
export const checkHead =
  (name: string) =>
  (head: Uint8Array): void => {
    if (kindOf(head) === undefined && head.length > 0)
      refuseStranger(head.length, (at, length) => head.subarray(at, at + length), name)
  }

/** @param known what `inspect` found in the same file earlier */
async function open(source: Source, options: DecodeOptions, known?: Seen) {
  const name = options.name ?? nameOf(source)
  const stored = await seekable(source, name)
  const probed = probe(stored, name)
  const { kind, png } = probed
  if (kind === undefined)
    return withReader(stored, name, ({ size, read }) => refuseStranger(size, read, name))
  if (probed.isArray) {
    throw new ConvoError('E_DECODE', `${name} holds an array, and a picture is needed here`, {
      why:
        kind === 'npy'
          ? `${name}: it is a .npy file`
          : `${name}: its samples are not 8 or 16 bits or float32, or it has many channels`,
      fix: 'a PNG of it, made by conv2d with --kernel 1 and --range minmax',
    })
  }
  if (png !== undefined) checkSize(png, options.maxPixels, name)
  if (isOwn(kind) || isBorrowed(kind)) return openOwn(kind, stored, options, name)
  const seen = known ?? inspect(stored, probed, name, options.maxPixels)
  checkPage(options.page ?? 0, seen.pages, name)
  const input = await soundInput(stored, probed, seen)
  const here = kind === 'tiff' ? pageRead(stored, options.page ?? 0, name) : undefined
  const ofHere = here && {
    ...factsOf(here, here.orientation),
    pages: seen.pages ?? 1,
    ...(seen.icc !== undefined && { icc: Buffer.from(seen.icc) }),
  }
  const facts =
    factsOfPng(png, seen) ??
    ofHere ??
    (await attempt(name, () => nativeWork(() => sharpOf(input, { page: options.page ?? 0 }).metadata())))
  checkSize(facts, options.maxPixels, name)
  checkSize(facts, options.maxPixels, name, seen.frames)
  refuseShort(probed.size, seen.leastBytes, name)
  const reading = readingOf(facts, name)
  const mode = options.metadata ?? 'keep'
  const header = headerOf(kind, facts, probed, seen, reading, options.orient, mode, name)
  const bits = kind === 'avif' ? facts.bitsPerSample : undefined
  const plain = input === stored && (facts.orientation ?? 1) === 1 ? plainOf(probed, stored) : undefined
  const own = here && { samples: () => here.samples(options.orient) }
  const inRows = plain !== undefined && isLarge(header)
  return { input, name, seen, reading, header: { ...header, inRows }, bits, plain, own }
}

async function openOwn(
  kind: OwnKind | BorrowedKind,
  source: Source,
  { maxPixels, page = 0 }: DecodeOptions,
  name: string,
) {
  checkPage(page, 1, name)
  const bytes = await wholeOf(source)
  const check = (size: Size) => checkSize(size, maxPixels, name)
  const own = isOwn(kind) ? ownReaders[kind](bytes, name) : await readBorrowed(kind, bytes, name, check)
  checkSize(own, maxPixels, name)
  const header = ownHeader(kind, own, name)
  const seen: Seen = { metadata: [], unread: [...header.unread], notes: [] }
  const reading: Reading = { space: 'srgb', format: 'uchar', ignoreIcc: true }
  return { input: bytes, name, seen, reading, header, own, bits: undefined, plain: undefined }
}

/** Returns the input of the decoder: a PNG without chunks that it must not see, or a TIFF without apparent damage. */
async function soundInput(source: Source, { png }: Probe, { mends = [] }: Seen): Promise<Source> {
  const ignored = png?.ignored ?? []
  if (ignored.length === 0 && mends.length === 0) return source
  const bytes = await wholeOf(source)
  if (ignored.length > 0) return withoutIgnored(bytes, ignored)
  if (mends.every(({ at, byte }) => bytes[at] === byte)) return source
  // a copy, because `slice` of a Buffer shares memory
  const mended = new Uint8Array(bytes)
  for (const { at, byte } of mends) mended[at] = byte
  return mended
}

/** Yields the pictures of an animated PNG as they are shown, each flattened onto those before it. */
async function* animationPages({ input, name, header }: Opened, apng: Animation): AsyncGenerator<Decoded> {
  const bytes = await wholeOf(input)
  const { width, height, channels, depth } = header
  const samples = () => new (depth === 16 ? Uint16Array : Uint8Array)(width * height * channels)
  const canvas: Canvas = { width, channels, full: fullScale(depth), data: samples() }
  for (const [i, frame] of apng.frames.entries()) {
    const png = framePng(bytes, frame, apng.shared)
    const { data } = await decode(png, {
      maxPixels: frame.width * frame.height,
      orient: false,
      name: `picture ${i + 1} of ${name}`,
    })
    const before = frame.dispose === 'previous' && i > 0 ? canvas.data.slice() : undefined
    lay(canvas, frame, data)
    yield { ...header, data: canvas.data.slice() }
    if (before !== undefined) canvas.data.set(before)
    else if (frame.dispose !== 'none') clear(canvas, frame)
  }
}

/** Returns the PNG if its rows can be decoded one by one, before it is turned according to its EXIF orientation. */
export const plainOf = ({ png, size }: Probe, source: Source): PlainPng | undefined =>
  isPlainPng(png) && png.ignored.length === 0 ? { source, size, head: png } : undefined

async function decodeOpened(opened: Opened, options: DecodeOptions, pages: number): Promise<Decoded> {
  const { input, name, reading, header, own, plain } = opened
  if (own !== undefined) return { ...header, data: await own.samples() }
  if (plain !== undefined && options.plain !== undefined) {
    const data = await gathered(options.plain(plain), header)
    if (data !== undefined) return { ...header, data }
  }
  const isGrayAlpha = header.channels === 2 && header.depth !== 16
  const recipe: RawRecipe = {
    options: {
      page: options.page ?? 0,
      // multiple pages cannot be turned, and animations have no orientation
      ...(pages > 1 ? { pages } : { autoOrient: options.orient }),
      ignoreIcc: reading.ignoreIcc,
    },
    // sharp drops the alpha from raw 8-bit and float gray, so those are read as RGBA
    space: isGrayAlpha ? 'srgb' : reading.space,
    depth: reading.format,
  }
  const { data, info } = await attempt(name, async () => {
    if (header.kind !== 'svg') return nativeWork(() => rawOf(input, recipe))
    // only drawings need a separate process
    return (await import('./apart.ts')).decodeApart(input, recipe)
  })
  const { width, channels } = header
  const height = header.height * pages
  invariant(
    info.width === width && info.height === height && info.channels === (isGrayAlpha ? 4 : channels),
    `${name} decodes to ${info.width}x${info.height}x${info.channels}, but its header says ${width}x${height}x${channels}`,
  )
  const stored = viewSamples(data, header.depth)
  const samples = isGrayAlpha ? await grayAlphaOf(stored) : stored
  if (samples instanceof Uint16Array && opened.bits !== undefined) await spread(samples, opened.bits)
  return { ...header, height, data: samples }
}

/** Gathers the rows of a plain PNG. Returns undefined for one that is damaged. */
async function gathered(
  strips: AsyncGenerator<Uint8Array, boolean>,
  { width, height, channels, depth }: Header,
): Promise<Samples | undefined> {
  const out = Buffer.allocUnsafeSlow(width * height * channels * (depth / 8))
  for (let at = 0; ; ) {
    const { done, value } = await strips.next()
    if (done) return value ? viewSamples(out, depth) : undefined
    out.set(value, at)
    at += value.length
  }
}

async function attempt<T>(name: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (cause) {
    if (cause instanceof ConvoError) throw cause
    const why = reasons(cause)
    const isCut = why.some((line) => /premature end of JPEG/i.test(line))
    throw new ConvoError('E_DECODE', `${name} cannot be decoded: it is damaged or in an unsupported format`, {
      why: why.map((line) => `${name}: ${line}`),
      fix: isCut
        ? `a new copy of the file, or the part that can be read: ${wayOf(ways.still, name)}`
        : 'a new copy of the file',
      cause,
    })
  }
}

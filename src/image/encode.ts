import { ConvoError } from '../error.ts'
import { nativeWork } from '../signals.ts'
import type { Picture, PictureMeta } from '../tensor/picture.ts'
import { fitFormat, inColour } from './fit.ts'
import type { OutputFormat } from './format.ts'
import { listed } from './metadata.ts'
import { compressionSettings } from './png.ts'
import { encodePngWhole } from './png-whole.ts'
import { loadSharp, reasons, type Sharp, sharpOf } from './sharp.ts'

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

/**
 * Encodes a picture. ICC profile and resolution go with it where the format has room for them. webp and tiff are
 * lossless, jpeg is written without chroma subsampling; what a format cannot hold is reported in `notes` or refused.
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
    const pipeline = sharpOf(containerOf(fitted), {}).keepIccProfile().toColourspace(spaceOf(fitted))
    // EXIF is where these formats have resolution and orientation; the container brings nothing else for it
    if (fitted.meta.resolution !== undefined || fitted.meta.orientation !== undefined) pipeline.keepExif()
    return nativeWork(() => withFormat(pipeline, format, options, fitted.meta).toBuffer())
  })
  return { bytes, notes }
}

/**
 * Encodes pages that play one after another, or of a TIFF. All have one size and one number of channels.
 *
 * @throws ConvoError E_SHAPE for pages that differ, or none; E_OUTPUT as `encode` does
 */
export async function encodePages(
  pages: readonly Picture[],
  format: 'gif' | 'webp' | 'tiff',
  options: AnimationOptions = {},
): Promise<Encoded> {
  const fitted = pages.map((page) => fitFormat(page, format))
  checkAlike(fitted.map(({ picture }) => picture))
  const { delay = 100, loop = 0 } = options
  const delays = typeof delay === 'number' ? pages.map(() => delay) : [...delay]
  const bytes = await attemptEncode(format, async () => {
    const [first] = fitted
    // the gray of pages that are joined would become the alpha of an animation: what is dark would be transparent
    const containers = fitted.map(({ picture }) =>
      containerOf(format === 'tiff' ? picture : inColour(picture)),
    )
    const pipeline =
      format === 'tiff' && first!.picture.channels < 3
        ? tallOf(fitted.map(({ picture }) => picture))
        : (containers.length === 1
            ? sharpOf(containers[0]!, {})
            : loadSharp()(containers, { join: { animated: true } })
          ).keepIccProfile()
    if (format === 'tiff') pipeline.toColourspace(spaceOf(first!.picture))
    const { meta } = first!.picture
    if (meta.orientation !== undefined) pipeline.withMetadata({ orientation: meta.orientation })
    else if (meta.resolution !== undefined) pipeline.keepExif()
    return nativeWork(() => withFormat(pipeline, format, options, meta, { delay: delays, loop }).toBuffer())
  })
  return { bytes, notes: [...new Set([...fitted.flatMap(({ notes }) => notes), ...lostOfPages(pages)])] }
}

/** That a file has room for the profile and the resolution of one page. */
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
    fix: '--depth 8 for pages of 8 and 16 bits, or {index} in the output path',
  })
}

/**
 * An SVG drawing as PNG, `zoom` pixels for one of its own.
 *
 * @throws ConvoError E_OUTPUT when it cannot be drawn
 */
export const renderSvg = (svg: string, zoom = 1): Promise<Uint8Array> =>
  attemptEncode('png', () =>
    nativeWork(() =>
      sharpOf(Buffer.from(svg), { density: 72 * zoom })
        .png({ compressionLevel: 9 })
        .toBuffer(),
    ),
  )

/** Gray pages one below the other, which is how libvips writes the pages of a TIFF: to join them makes colour of them. */
function tallOf(pages: readonly Picture[]): Sharp {
  const [{ width, height, channels, depth }] = pages as [Picture]
  const size = width * height * channels
  const data = new (depth === 16 ? Uint16Array : Uint8Array)(size * pages.length)
  pages.forEach((page, i) => {
    data.set(page.data, i * size)
  })
  return loadSharp()(data, { raw: { width, height: height * pages.length, channels, pageHeight: height } })
}

/** libvips' name of the colour space that keeps the samples as they are. */
function spaceOf({ depth, channels }: Picture): 'grey16' | 'rgb16' | 'b-w' | 'srgb' {
  if (depth === 16) return channels < 3 ? 'grey16' : 'rgb16'
  return channels < 3 ? 'b-w' : 'srgb'
}

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

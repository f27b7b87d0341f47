import { ConvoError } from '../error.ts'
import { converted, inTurns } from '../host/turns.ts'
import type { Pages } from '../image/compare/pages.ts'
import { samplesLike } from '../image/flatten.ts'
import { lostNote } from '../image/header.ts'
import { keptAsTurned, type MetadataMode } from '../image/metadata.ts'
import { iccFits } from '../image/png.ts'
import { kindOf, probe } from '../image/probe.ts'
import { checkPage, checkSize } from '../image/size.ts'
import { readTiff, type TiffSeen } from '../image/tiff.ts'
import { readTiffArray } from '../image/tiff-array.ts'
import { readNpyArray, type StoredArray } from '../kernel/formats/npy.ts'
import {
  type Depth,
  type Extremes,
  extremes,
  fullScale,
  guessFull,
  type Picture,
  type PictureMeta,
  type Samples,
} from '../tensor/picture.ts'
import { Tensor } from '../tensor/tensor.ts'
import type { Layout } from './run-settings.ts'

export type ArrayOptions = {
  readonly layout: Layout
  /** The value of white, if the array does not state it or states it wrong. */
  readonly full?: number | undefined
  readonly maxPixels?: number | undefined
  /** The page of a TIFF, from 0. */
  readonly page?: number
  readonly metadata?: MetadataMode | undefined
  /** Whether to apply the orientation of a TIFF. Default: true. */
  readonly orient?: boolean
}

/** An array as a picture or volume, with its numbers in the order of the file. */
export type PictureArray = {
  readonly name: string
  readonly layout: 'hwc' | 'chw'
  readonly channels: number
  /** Absent for a picture, which has no such axis. */
  readonly slices?: number
  readonly height: number
  readonly width: number
  /** 8 and 16 for u1 and u2 with their own full scale; 32 for everything else, as float32. */
  readonly depth: Depth
  readonly full: number
  readonly data: Samples
  /** Whether the numbers are unsigned and have at most 16 bits in the file, though they may be floats here. */
  readonly isWhole?: boolean
  /** Metadata, of a TIFF. */
  readonly meta?: PictureMeta
  readonly notes?: readonly string[]
  /** The number of pages in the file, of a TIFF. */
  readonly pages?: number
  /** The note that the layout was guessed, and how. */
  readonly layoutNote?: string
  /** The note that the full scale was guessed, and its value. */
  readonly scaleNote?: string
  /** The first number of the array that float32 cannot represent. */
  readonly lost?: { readonly at: number; readonly was: number; readonly type: string }
}

/** The most channels that a pixel of a picture has, including alpha. */
const mostChannels = 4

/**
 * Finds whether the channels of an array come last or first. [H,W] has none. For [H,W,C] and [C,H,W], and for [D,H,W,C]
 * and [C,D,H,W]:
 *
 * - a last axis of more than 4 is a width: the channels are first;
 * - a last axis of 1 to 4, with all others longer than 4: the channels are last, which is reported;
 * - anything else is ambiguous, such as [3,480,3] and [64,4,4].
 *
 * @throws ConvoError E_OPTION if it is ambiguous and `asked` is `auto`; E_DECODE for a rank other than 2 to 4
 */
export function layoutOf(
  shape: readonly number[],
  asked: Layout,
  name: string,
): { readonly layout: 'hwc' | 'chw'; readonly isFound: boolean } {
  if (shape.length < 2 || shape.length > 4) {
    const what = `${name} has rank ${shape.length}, but a picture or volume has rank 2 to 4`
    const why = `${name}: shape [${shape.join(',')}]; accepted: [H,W], [C,H,W], [H,W,C], [C,D,H,W] and [D,H,W,C]`
    throw new ConvoError('E_DECODE', what, { why })
  }
  if (shape.length === 2) return { layout: 'chw', isFound: false }
  if (asked !== 'auto') return { layout: asked, isFound: false }
  const others = shape.slice(0, -1)
  if (shape.at(-1)! > mostChannels) return { layout: 'chw', isFound: false }
  if (others.every((size) => size > mostChannels)) return { layout: 'hwc', isFound: true }
  throw new ConvoError('E_OPTION', `it is not clear which axis of ${name} holds the channels`, {
    why: (['hwc', 'chw'] as const).map(
      (layout) => `${name}: [${shape.join(',')}] with --layout ${layout} is ${sizeText(shape, layout)}`,
    ),
    fix: '--layout hwc, or --layout chw',
  })
}

function axesOf(shape: readonly number[], layout: 'hwc' | 'chw') {
  if (shape.length === 2) return { channels: 1, height: shape[0]!, width: shape[1]! }
  const channels = layout === 'hwc' ? shape.at(-1)! : shape[0]!
  const [width, height, slices] = (layout === 'hwc' ? shape.slice(0, -1) : shape.slice(1)).toReversed()
  return { channels, height: height!, width: width!, ...(slices !== undefined && { slices }) }
}

function sizeText(shape: readonly number[], layout: 'hwc' | 'chw'): string {
  const { channels, slices, height, width } = axesOf(shape, layout)
  const picture = `${width}x${height} pixels with ${channels} ${channels === 1 ? 'channel' : 'channels'}`
  return slices === undefined ? picture : `${slices} slices of ${picture}`
}

/**
 * Reads a .npy file, or a page of a TIFF, as a picture or volume of rank 2 to 4, with any of NumPy's number types or
 * booleans.
 *
 * The full scale is 255 for u1 and 65535 for u2, which are pictures of that depth, and 1 for booleans. For other types
 * it is a guess: 1 if all numbers are in 0..1; else 65535 for integer types whose numbers are in 0..65535 but not in
 * 0..255; else 255. `full` overrides it, for u1 and u2 too, such as 4095 for levels of 12 bits.
 *
 * @throws ConvoError E_DECODE for a damaged file or an unsupported type; E_OPTION as `layoutOf` does
 */
export async function readArray(
  bytes: Uint8Array,
  name: string,
  {
    layout: asked,
    full: given,
    maxPixels = Number.POSITIVE_INFINITY,
    page,
    metadata = 'keep',
    orient = true,
  }: ArrayOptions,
): Promise<PictureArray> {
  const isTiff = kindOf(bytes) === 'tiff'
  const seen = isTiff ? readTiff((at, length) => bytes.subarray(at, at + length), name) : undefined
  checkPage(page ?? 0, seen?.pages, name)
  const array: Placed & StoredArray = isTiff
    ? await readTiffArray(bytes, name, (size) => checkSize(size, maxPixels, name), page, orient)
    : await npyOf(bytes, name)
  const { shape, dtype } = array
  // a TIFF states where its channels are
  const { layout, isFound } = layoutOf(shape, isTiff ? 'hwc' : asked, name)
  const type = dtype.slice(1)
  const depth = given !== undefined ? 32 : type === 'u1' ? 8 : type === 'u2' ? 16 : 32
  const data = await samplesOf(array, depth)
  const scale = given === undefined && depth === 32 && type !== 'b1' ? await guessOf(array, name) : undefined
  const full = given ?? scale?.full ?? (depth === 32 ? 1 : fullScale(depth))
  return {
    name,
    layout,
    ...axesOf(shape, layout),
    depth,
    full,
    data,
    isWhole: ['u1', 'u2', 'b1'].includes(type),
    ...(isFound && { layoutNote: foundText(shape, name) }),
    ...(asked === 'auto' && isLikeBatch(shape) && { layoutNote: batchText(shape, name) }),
    ...(scale !== undefined && { scaleNote: scale.note }),
    ...(await lostIn(array, data)),
    ...(seen && besideArray(bytes, name, seen, page, axesOf(shape, layout).channels, metadata, array)),
  }
}

/** Reads the array of a .npy file. Reports damage as that of a picture. */
async function npyOf(bytes: Uint8Array, name: string): Promise<StoredArray> {
  try {
    return await readNpyArray(bytes, name)
  } catch (error) {
    if (!(error instanceof ConvoError)) throw error
    const { message, why, fix = 'a new copy of the file' } = error
    throw new ConvoError('E_DECODE', message, { why, fix, cause: error })
  }
}

/** The orientation that remains for an array of a TIFF, and whether it was turned by one. */
type Placed = Pick<PictureMeta, 'orientation'> & { readonly isTurned?: boolean }

/** Returns what a TIFF contains besides the page that is an array. */
function besideArray(
  bytes: Uint8Array,
  name: string,
  { held, icc, pages, metadata: lost }: TiffSeen,
  page: number | undefined,
  channels: number,
  mode: MetadataMode,
  { orientation, isTurned = false }: Placed,
): Pick<PictureArray, 'meta' | 'notes' | 'pages'> {
  const { resolution } = probe(bytes, name)
  const { metadata, notes } = keptAsTurned(held, isTurned, mode, name)
  return {
    pages,
    meta: {
      ...(resolution && { resolution }),
      ...(orientation !== undefined && { orientation }),
      ...(icc && iccFits(icc, channels) && { icc }),
      ...(metadata && { metadata }),
    },
    notes: [
      ...(pages > 1 && page === undefined
        ? [`${name} has ${pages} pages, but only the first was used; --page <n> selects another`]
        : []),
      ...notes,
      ...lostNote(lost, mode, name),
    ],
  }
}

/**
 * Whether a shape is like [1,3,H,W], which is a picture for networks in other programs, but 3 slices of a volume here.
 */
const isLikeBatch = ([batch, channels = 0, , width]: readonly number[]): boolean =>
  width !== undefined && batch === 1 && channels > 1 && channels <= mostChannels && width > mostChannels

const batchText = (shape: readonly number[], name: string): string =>
  `${name} has the shape [${shape.join(',')}], and was read as [C,D,H,W], ${sizeText(shape, 'chw')}; a picture of ${shape[1]} channels is array[0] in NumPy`

function foundText(shape: readonly number[], name: string): string {
  const { channels, slices } = axesOf(shape, 'hwc')
  const [hwc, chw] = slices === undefined ? ['[H,W,C]', '[C,H,W]'] : ['[D,H,W,C]', '[C,D,H,W]']
  const alpha = channels === 2 || channels === 4 ? 'with alpha last' : ''
  return `${name} has the shape [${shape.join(',')}], and was read as ${hwc}${alpha}; --layout chw reads ${chw}`
}

async function samplesOf({ data }: StoredArray, depth: Depth): Promise<Samples> {
  const type = depth === 8 ? Uint8Array : depth === 16 ? Uint16Array : Float32Array
  return data instanceof type ? data : converted<Samples>(data, type)
}

async function lostIn({ data, dtype }: StoredArray, samples: Samples): Promise<Pick<PictureArray, 'lost'>> {
  const at = data instanceof Float64Array ? await firstLost(data, samples) : -1
  return at < 0 ? {} : { lost: { at, was: data[at]!, type: dtype.slice(1) } }
}

/** Returns the place of the first number that its sample does not represent, or -1. */
export async function firstLost(data: Float64Array, samples: Samples): Promise<number> {
  let at = -1
  await inTurns(data.length, (from, to) => {
    for (let i = from; i < to && at < 0; i++) if (data[i] !== samples[i] && !Number.isNaN(data[i])) at = i
    return at >= 0
  })
  return at
}

async function guessOf({ data, dtype }: StoredArray, name: string): Promise<{ full: number; note: string }> {
  const found = await extremes(data)
  const { min, max } = found
  const isDeep = /[iu]/.test(dtype) && min >= 0 && max > 255 && max <= 65535
  const full = isDeep ? 65535 : (guessFull(found) ?? 255)
  return { full, note: scaleNote(name, found, full) }
}

/** The note that a full scale was guessed from the smallest and the largest number. */
export const scaleNote = (name: string, { min, max }: Extremes, full: number): string =>
  min > max
    ? `${name} has no finite numbers, so 255 is used as white; --full <n> changes it`
    : `${name} has numbers from ${brief(min)} to ${brief(max)}, so ${full} is used as white; --full <n> changes it`

/** The note that numbers differ from those of the file. */
export const roundedNote = (name: string, type: string): string =>
  `${name} has numbers of type ${type}, which were rounded to float32`

const brief = (value: number): string => String(Number(value.toPrecision(6)))

/** Whether the channels of each pixel are adjacent, 1 to 4 of them: a picture, with alpha after 1 or 3 colours. */
const isInterleaved = ({ layout, channels }: PictureArray): boolean =>
  layout === 'hwc' && channels <= mostChannels

/** Whether steps take the array as a picture: gray, RGB, or channels last. Anything else is maps or a volume. */
export const isPicture = (array: PictureArray): boolean =>
  array.slices === undefined && (isInterleaved(array) || array.channels === 1 || array.channels === 3)

/** Converts an array that is a picture to interleaved samples. */
export async function pictureOfArray(
  array: PictureArray,
): Promise<Omit<Picture, 'meta'> & { readonly full: number }> {
  const { channels, height, width, depth, full } = array
  return { width, height, channels: channels as 1, depth, full, data: await ordered(array, 'hwc') }
}

/** Returns the shape of an array with its channels first: [C,H,W] or [C,D,H,W]. */
export const shapeOfArray = ({ channels, slices, height, width }: PictureArray): number[] =>
  slices === undefined ? [channels, height, width] : [channels, slices, height, width]

/** Converts an array to a tensor with its channels first. */
export async function tensorOfArray(array: PictureArray): Promise<Tensor> {
  const values = await ordered(array, 'chw')
  const floats = values instanceof Float32Array ? values : await converted(values, Float32Array)
  return new Tensor(shapeOfArray(array), floats)
}

/** Returns the samples with their channels last or first. */
async function ordered(
  { data, layout, channels }: PictureArray,
  as: PictureArray['layout'],
): Promise<Samples> {
  if (layout === as || channels === 1) return data
  const plane = data.length / channels
  const out = samplesLike(data, data.length)
  // how far apart the channels of a pixel are, and neighbouring pixels
  const [last, first] = [[1, channels] as const, [plane, 1] as const]
  const [[apartIn, stepIn], [apartOut, stepOut]] = as === 'hwc' ? [first, last] : [last, first]
  await inTurns(plane, (begin, end) => {
    for (let c = 0; c < channels; c++) {
      let [from, to] = [c * apartIn + begin * stepIn, c * apartOut + begin * stepOut]
      for (let i = begin; i < end; i++, from += stepIn, to += stepOut) out[to] = data[from]!
    }
  })
  return out
}

/**
 * Splits an array into pages to compare or hash: a picture for each slice if the channels come last, else a gray
 * picture for each plane of each channel.
 *
 * @throws ConvoError E_DECODE for numbers that float32 cannot represent
 */
export async function pagesOfArray(array: PictureArray): Promise<Pages> {
  const { name, slices = 1, width, height, depth, full, lost } = array
  if (lost !== undefined) {
    const what = `${name} has numbers of type ${lost.type} that float32 cannot represent`
    throw new ConvoError('E_DECODE', what, {
      why: `${name}: number ${lost.at} is ${lost.was}, which would be compared as ${Math.fround(lost.was)}`,
      fix: "array.astype('<f4') before numpy.save, for both files",
    })
  }
  const isTogether = isInterleaved(array)
  const channels = isTogether ? (array.channels as 1 | 2 | 3 | 4) : 1
  const samples = isTogether ? array.data : await ordered(array, 'chw')
  const count = isTogether ? slices : slices * array.channels
  const size = width * height * channels
  const about = { width, height, channels, depth, meta: {}, ...(depth === 32 && { full }) }
  async function* pictures(): AsyncGenerator<Picture> {
    for (let page = 0; page < count; page++)
      yield { ...about, data: samples.subarray(page * size, (page + 1) * size) }
  }
  return { count, pictures: pictures(), ...(array.layoutNote !== undefined && { notes: [array.layoutNote] }) }
}

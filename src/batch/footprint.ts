import { extensionOf, formatOfPath, type OutputFormat } from '../image/format.ts'
import { probe } from '../image/probe.ts'
import type { Item } from './items.ts'

/** What a picture takes, as its header shows. */
export type Footprint = {
  /** 0 where the header shows nothing. */
  readonly pixels: number
  /** Bytes of memory that the work on it takes at most, beyond that of an idle worker. */
  readonly bytes: number
}

/** How work takes memory, for each byte of the decoded picture and for each sample. */
export type Appetite = {
  /** Whether network operators run, on float32 planes. */
  readonly isTensor: boolean
  /** Outputs of more pixels than this are refused before they are decoded. */
  readonly maxPixels: number
}

/** Memory of a worker that has done nothing, in bytes. */
export const idleWorker = 70 * 2 ** 20

/**
 * Bytes for each byte of the decoded picture, by what is written: what a worker had resident at most for `sobel` and
 * `gaussian --linear` of 2 and 12 megapixels, and a little more. The decoded samples are there twice for a moment, from
 * the decoder and in the memory of the loops. Strips of a PNG are written as they are made; others are held whole, and
 * encoders of other formats take several times that.
 */
const byOutput: Readonly<Partial<Record<OutputFormat | 'npy', number>>> = {
  png: 4,
  tiff: 6,
  jpeg: 12,
  npy: 13,
  webp: 20,
  gif: 20,
  avif: 20,
}

/** The same for formats that are samples behind a header. */
const plainOutput = 10

/** Bytes for each sample where network operators run: float32 planes of an input, of results, and on their way. */
const byTensorSample = 48

/**
 * Estimates from the header, without decoding. An operator that makes many more samples than it is given, as a bank of 64
 * filters does, takes more than this.
 */
export async function footprintOf(item: Item, appetite: Appetite): Promise<Footprint> {
  const size = await sizeOf(item)
  // one that cannot be read, or is too large, ends before it takes memory
  if (size === undefined || size.pixels > appetite.maxPixels) return { pixels: size?.pixels ?? 0, bytes: 0 }
  // an animation or a TIFF is written when all its pages are there
  const pages = ['gif', 'webp', 'tiff'].includes(formatOf(item.output)) ? size.pages : 1
  const samples = size.pixels * size.channels * pages
  const decoded = samples * size.sampleBytes
  const held = decoded * (byOutput[formatOf(item.output)] ?? plainOutput)
  return {
    pixels: size.pixels,
    bytes: item.bytes + held + (appetite.isTensor ? samples * byTensorSample : 0),
  }
}

function formatOf(output: string): OutputFormat | 'npy' {
  if (extensionOf(output) === '.npy') return 'npy'
  try {
    return formatOfPath(output)
  } catch {
    // the worker refuses it before it decodes
    return 'png'
  }
}

type Size = {
  /** Of one page. */
  readonly pixels: number
  readonly pages: number
  readonly channels: number
  readonly sampleBytes: number
}

async function sizeOf(item: Item): Promise<Size | undefined> {
  if (item.stat?.isFile() !== true) return undefined
  try {
    const { isArray, png } = probe(item.input)
    if (png !== undefined && !png.isAnimated) {
      return {
        pixels: png.width * png.height,
        pages: 1,
        channels: png.channels,
        sampleBytes: png.depth / 8,
      }
    }
    if (isArray) return { pixels: item.bytes / 4, pages: 1, channels: 1, sampleBytes: 4 }
    // Loaded only for other formats than PNG: it takes 25 ms and 30 MB.
    const { readHeader } = await import('../image/decode.ts')
    const header = await readHeader(item.input, { maxPixels: Number.POSITIVE_INFINITY, orient: false })
    const { width, height, pages, channels, depth } = header
    return { pixels: width * height, pages, channels, sampleBytes: depth / 8 }
  } catch {
    // the worker meets the same error, and shows it
    return undefined
  }
}

import { extensionOf } from '../image/format.ts'
import { probe } from '../image/probe.ts'
import { estimate } from '../picture/dry-run.ts'
import type { PictureJob } from '../picture/job.ts'
import type { Known } from '../picture/known.ts'
import { fullScale } from '../tensor/picture.ts'
import type { Item } from './items.ts'

/** The size and memory of a picture, from its header. */
export type Footprint = {
  /** The number of pixels; 0 if the header does not show it. */
  readonly pixels: number
  /** The most bytes of memory that its job takes, beyond that of an idle worker. */
  readonly bytes: number
}

/** The properties of jobs on pictures that affect memory. */
export type Appetite = {
  job(input: string, output: string): PictureJob
  /** Threads for a picture that is split into strips. */
  readonly threads: number
}

/** Memory of a worker that has done nothing, in bytes. */
export const idleWorker = 70 * 2 ** 20

/**
 * Pictures with more pixels than this are split into strips if threads would be idle otherwise: at the end of the queue, or
 * when no other picture fits into memory. As long as there are others, each picture has one thread, because decoding cannot
 * be split: six pictures of 12 megapixels take 1.8 s two at a time, and 2.5 s one after another in strips.
 */
export const largePixels = 4e6

/** The most sizes that are planned exactly. A plan takes about 2 ms of the thread that hands out the work. */
const mostExact = 64

/** Rounds a size up to one of eight sizes for each octave, so that pictures of any size need a few hundred plans at most. */
const roundedUp = (side: number): number => {
  const step = 2 ** Math.max(0, Math.ceil(Math.log2(side)) - 4)
  return Math.ceil(side / step) * step
}

function similar(size: Size): Size {
  const [width, height, pages] = [size.width, size.height, size.pages].map(roundedUp) as [
    number,
    number,
    number,
  ]
  return { ...size, width, height, pages, pixels: width * height }
}

/** Reads headers, without decoding, and plans the job on each picture. Equal shapes and formats are planned once. */
export function createFootprints({ job, threads }: Appetite): (item: Item) => Promise<Footprint> {
  const plans = new Map<string, Promise<number>>()
  return async (item) => {
    const size = await sizeOf(item)
    if (size === undefined) return { pixels: 0, bytes: 0 }
    const { pixels } = size
    try {
      const own = job(item.input, item.output)
      // a picture that is too large fails before it takes memory
      if (pixels > own.settings['max-pixels']) return { pixels, bytes: 0 }
      const keyOf = (one: Size) => JSON.stringify([one, extensionOf(item.output)])
      const isExact = plans.size < mostExact || plans.has(keyOf(size))
      const like = isExact ? size : similar(size)
      const planned = plans.get(keyOf(like)) ?? planOf(own, like, like.pixels > largePixels ? threads : 1)
      plans.set(keyOf(like), planned)
      return { pixels, bytes: item.bytes + (await planned) }
    } catch {
      // the worker meets the same error and reports it, perhaps only after decoding
      return { pixels, bytes: item.bytes + (pixels * size.channels * size.depth) / 8 }
    }
  }
}

/** The bytes that a job takes, apart from the program. */
async function planOf(job: PictureJob, { depth, ...size }: Size, threads: number): Promise<number> {
  const full = fullScale(depth)
  const known = { ...size, depth, full, hasSlices: false, isMaps: size.channels > 4 }
  const { total, program } = await estimate({ ...job, settings: { ...job.settings, threads } }, known)
  return total - program
}

type Size = Pick<Known, 'width' | 'height' | 'channels' | 'depth' | 'pages' | 'isStack'> & {
  readonly pixels: number
}

async function sizeOf(item: Item): Promise<Size | undefined> {
  if (item.stat?.isFile() !== true) return undefined
  try {
    const { isArray, png, kind } = probe(item.input)
    if (png !== undefined && !png.isAnimated) {
      const { width, height, channels, depth } = png
      return { width, height, channels, depth, pixels: width * height, pages: 1 }
    }
    if (isArray) {
      const side = Math.ceil(Math.sqrt(item.bytes / 4))
      return { width: side, height: side, channels: 1, depth: 32, pixels: side * side, pages: 1 }
    }
    // loaded only for formats other than PNG: it takes 25 ms and 30 MB
    const { readHeader } = await import('../image/decode.ts')
    const header = await readHeader(item.input, { maxPixels: Number.POSITIVE_INFINITY, orient: false })
    const { width, height, pages, channels, depth } = header
    return { width, height, channels, depth, pixels: width * height, pages, isStack: kind === 'tiff' }
  } catch {
    // the worker meets the same error and reports it
    return undefined
  }
}

import { extensionOf } from '../image/format.ts'
import { probe } from '../image/probe.ts'
import { estimate } from '../picture/dry-run.ts'
import type { PictureJob } from '../picture/job.ts'
import type { Known } from '../picture/known.ts'
import { fullScale } from '../tensor/picture.ts'
import type { Item } from './items.ts'

/** What a picture takes, as its header shows. */
export type Footprint = {
  /** 0 where the header shows nothing. */
  readonly pixels: number
  /** Bytes of memory that the work on it takes at most, beyond that of an idle worker. */
  readonly bytes: number
}

/** What work on pictures is, as far as it takes memory. */
export type Appetite = {
  /** The job on one of them. */
  job(input: string, output: string): PictureJob
  /** Threads for a picture that is split in strips. */
  readonly threads: number
}

/** Memory of a worker that has done nothing, in bytes. */
export const idleWorker = 70 * 2 ** 20

/**
 * Pictures of more pixels than this are split in strips when threads would be idle otherwise: at the end of the queue,
 * or when no other fits into the memory. While there are others, each has one thread: six of 12 megapixels take 1.8 s two
 * at once and 2.5 s one after the other in strips, since decoding does not split.
 */
export const largePixels = 4e6

/** Reads headers, without decoding, and plans the job on each; pictures of one shape and format are planned once. */
export function createFootprints({ job, threads }: Appetite): (item: Item) => Promise<Footprint> {
  const plans = new Map<string, Promise<number>>()
  return async (item) => {
    const size = await sizeOf(item)
    if (size === undefined) return { pixels: 0, bytes: 0 }
    const { pixels, pages } = size
    try {
      const own = job(item.input, item.output)
      // one that is too large ends before it takes memory
      if (pixels > own.settings['max-pixels']) return { pixels, bytes: 0 }
      const key = JSON.stringify([size, extensionOf(item.output)])
      const planned = plans.get(key) ?? planOf(own, size, pixels > largePixels ? threads : 1)
      plans.set(key, planned)
      // an animation or a TIFF is written when all its pages are there
      const together = !own.isVolume && ['.gif', '.webp', '.tif', '.tiff'].includes(extensionOf(item.output))
      return { pixels, bytes: item.bytes + (await planned) * (together ? pages : 1) }
    } catch {
      // the worker meets the same error, and shows it, perhaps not before it has decoded
      return { pixels, bytes: item.bytes + (pixels * size.channels * size.depth) / 8 }
    }
  }
}

/** The bytes that a job takes, beside the program. */
async function planOf(job: PictureJob, { depth, ...size }: Size, threads: number): Promise<number> {
  const full = fullScale(depth)
  const known = { ...size, depth, full, hasSlices: false, isMaps: size.channels > 4 }
  const { total, program } = await estimate({ ...job, settings: { ...job.settings, threads } }, known)
  return total - program
}

type Size = Pick<Known, 'width' | 'height' | 'channels' | 'depth' | 'pages' | 'isStack'> & {
  /** Of one page. */
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
    // Loaded only for other formats than PNG: it takes 25 ms and 30 MB.
    const { readHeader } = await import('../image/decode.ts')
    const header = await readHeader(item.input, { maxPixels: Number.POSITIVE_INFINITY, orient: false })
    const { width, height, pages, channels, depth } = header
    return { width, height, channels, depth, pixels: width * height, pages, isStack: kind === 'tiff' }
  } catch {
    // the worker meets the same error, and shows it
    return undefined
  }
}

import { adlerCombine } from '../definition/adler.ts'
import { flatShape } from '../definition/engine.ts'
import { openOutput, writeAtomically } from '../files/output.ts'
import { pause } from '../host/turns.ts'
import { type EncodeOptions, encode, jpegStrips } from '../image/encode.ts'
import { type CodingOption, extensionOf, formatOfPath, traitsOf } from '../image/format.ts'
import {
  type Compression,
  concat,
  idatChunk,
  type PngShape,
  pngHeader,
  pngTrailer,
  zlibHeader,
} from '../image/png.ts'
import { chunksBeside } from '../image/png-text.ts'
import type { TiffCompression } from '../image/tiff-pack.ts'
import { isBigTiff, type TiffPage, tiffDirectory, tiffHead } from '../image/tiff-write.ts'
import { npyHeader } from '../kernel/formats/npy.ts'
import { createDiscard, rejuvenate } from '../run/collect.ts'
import type { PartResult } from '../run/part.ts'
import type { Depth, Picture } from '../tensor/picture.ts'
import type { Settings } from './settings.ts'

/** The kind of output that a path selects. */
export type OutputKind = 'png' | 'npy' | 'picture'

/** Returns the kind of an output path. @throws ConvoError E_OUTPUT for an unsupported extension */
export function outputKind(path: string): OutputKind {
  if (extensionOf(path) === '.npy') return 'npy'
  return formatOfPath(path) === 'png' ? 'png' : 'picture'
}

type Target = { readonly output: string; readonly settings: Pick<Settings, 'depth'> }

/** Whether an output holds floats: .npy, PFM, a TIFF of 32 bits. */
export const holdsFloats = ({ output, settings }: Target): boolean =>
  outputKind(output) === 'npy' || settings.depth === 32 || formatOfPath(output) === 'pfm'

/** Whether an output holds floats if its input does: its format supports them, and no depth was chosen. */
export const mayHoldFloats = ({ output, settings }: Target): boolean =>
  settings.depth === undefined &&
  outputKind(output) === 'picture' &&
  (traitsOf(formatOfPath(output)).depths as readonly Depth[]).includes(32)

/** Converts the settings for encoders. */
export const codingOf = (settings: Pick<Settings, CodingOption>): EncodeOptions => ({
  ...settings,
  lossless: settings.lossless || undefined,
  tiffCompression: settings['tiff-compression'],
})

/** A file that is being written. Its strips may come in any order. */
export type Stream = {
  strip(part: number, strip: PartResult, parts: number): void
  /** Lets writes proceed, and waits for them if more than a few strips are held. */
  drain(): Promise<void>
  /** Writes the rest and puts the file in place. Returns its size in bytes. */
  finish(): Promise<number>
  abort(): Promise<void>
}

/** Bytes of finished strips that may wait to be written. */
const mostHeld = 2 * 2 ** 20

/** Writes to an output piece by piece, and counts the bytes that wait. */
function inTurn(output: Awaited<ReturnType<typeof openOutput>>) {
  const discard = createDiscard()
  let held = 0
  let writing = Promise.resolve()
  return {
    add(size: number, write: () => Promise<unknown> | undefined): void {
      held += size
      writing = writing.then(async () => {
        await write()
        held -= size
        discard(size)
      })
      // A failure is reported by `finish`; until then it must not be an unhandled rejection.
      writing.catch(() => undefined)
    },
    /** Returns the file. `rest` writes what comes after the strips, and returns the size of it all. */
    file: (strip: Stream['strip'], rest: () => number | Promise<number>): Stream => ({
      strip,
      drain: () => (held > mostHeld ? writing : pause()),
      async finish() {
        await writing
        const bytes = await rest()
        await output.commit()
        return bytes
      },
      async abort() {
        await writing.catch(() => undefined)
        await output.abort()
      },
    }),
  }
}

/** Reorders strips that come in any order. */
function inOrder(take: (strip: PartResult, part: number, parts: number) => void): Stream['strip'] {
  const waiting = new Map<number, PartResult>()
  let next = 0
  return (part, strip, parts) => {
    waiting.set(part, strip)
    for (let ready = waiting.get(next); ready !== undefined; ready = waiting.get(next)) {
      waiting.delete(next)
      take(ready, next, parts)
      next++
    }
  }
}

/** Begins a PNG at `path`. Strips are written in order. @throws ConvoError E_OUTPUT */
export async function openPng(path: string, shape: PngShape, compression: Compression): Promise<Stream> {
  const output = await openOutput(path)
  const { add, file } = inTurn(output)
  let adler = 1
  let bytes = 0
  const write = async (chunks: readonly Uint8Array[]) => {
    for (const { length } of chunks) bytes += length
    await output.write(chunks)
    if (!output.holds) chunks.forEach(rejuvenate)
  }
  const header = pngHeader(shape, chunksBeside(shape.meta, shape))
  add(header.length, () => write([header]))
  const strip = inOrder(({ packing, bytes: packed, adler: own = 1, length = 0 }, part, parts) => {
    packing?.catch(() => undefined)
    adler = adlerCombine(adler, own, length)
    const trailer = part === parts - 1 ? [pngTrailer(adler)] : []
    add(packed?.length ?? length, async () => {
      const deflated = packed ?? (await packing) ?? new Uint8Array()
      const pieces = part === 0 ? [zlibHeader(compression.level), deflated] : [deflated]
      await write([...idatChunk(pieces), ...trailer])
    })
  })
  return file(strip, () => bytes)
}

/**
 * Begins a .npy file [C,H,W] or [C,D,H,W]. Its strips are [C][rows][W], and each row goes to its place.
 *
 * @throws ConvoError E_OUTPUT
 */
export async function openArray(path: string, shape: readonly number[]): Promise<Stream> {
  const output = await openOutput(path)
  const { add, file } = inTurn(output)
  const [channels, height, width] = flatShape(shape)
  const header = npyHeader(shape, '<f4')
  const size = header.length + channels * height * width * 4
  // only a file can be written at any position
  const whole = output.writeAt === undefined ? new Uint8Array(size) : undefined
  const write = (bytes: Uint8Array, at: number) => {
    if (whole !== undefined) whole.set(bytes, at)
    else add(bytes.length, () => output.writeAt?.(bytes, at))
  }
  write(header, 0)
  const strip: Stream['strip'] = (part, { bytes = new Uint8Array() }, parts) => {
    const rows = bytes.length / (channels * width * 4)
    const first = part === parts - 1 ? height - rows : part * rows
    for (let c = 0, plane = bytes.length / channels; c < channels; c++) {
      const at = header.length + (c * height + first) * width * 4
      write(bytes.subarray(c * plane, (c + 1) * plane), at)
    }
  }
  return file(strip, async () => {
    if (whole !== undefined) await output.write(whole)
    return size
  })
}

/**
 * Begins a TIFF of one page with compressed strips. They are written in order, followed by the directory.
 *
 * @throws ConvoError E_OUTPUT
 */
export async function openTiff(path: string, page: TiffPage, compression: TiffCompression): Promise<Stream> {
  const output = await openOutput(path)
  const { add, file } = inTurn(output)
  const { width, height, channels, depth } = page
  const isBig = isBigTiff((width * height * channels * depth) / 8)
  const places: [number, number][] = []
  // the head points to the directory, so an output that is not a file is held until the end
  const whole: Uint8Array[] | undefined = output.writeAt === undefined ? [] : undefined
  let rows = height
  let at = tiffHead(0, isBig).length
  const write = async (bytes: Uint8Array) => {
    const from = at
    const even = bytes.length % 2 === 0 ? bytes : concat([bytes, new Uint8Array(1)])
    at += even.length
    if (whole !== undefined) whole.push(even)
    else await output.writeAt?.(even, from)
  }
  const strip = inOrder(({ packing, bytes: packed, length = 0, rows: [first, end] = [0, height] }, part) => {
    packing?.catch(() => undefined)
    if (part === 0) rows = end - first
    add(packed?.length ?? length, async () => {
      const bytes = packed ?? (await packing) ?? new Uint8Array()
      places.push([at, bytes.length])
      await write(bytes)
    })
  })
  return file(strip, async () => {
    const first = at
    await write(tiffDirectory(page, { rows, places }, compression, first, isBig))
    const head = tiffHead(first, isBig)
    if (whole === undefined) await output.writeAt?.(head, 0)
    else await output.write([head, ...whole])
    return at
  })
}

/**
 * Begins a JPEG of a picture whose rows appear in memory. A strip is encoded once it has all its rows.
 *
 * @param samples returns the rows from `first` to before `end`, which must not change until the file is finished
 * @throws ConvoError E_OUTPUT
 */
export async function openJpeg(
  path: string,
  shape: Pick<Picture, 'width' | 'height' | 'channels' | 'meta'>,
  coding: EncodeOptions,
  samples: (first: number, end: number) => Uint8Array,
): Promise<Stream> {
  const { height } = shape
  const encoder = jpegStrips(shape, coding)
  const output = await openOutput(path)
  const done = new Map<number, number>()
  const strips: Promise<Uint8Array>[] = []
  let ready = 0
  return {
    strip(_, { rows: [first, end] = [0, height] }) {
      done.set(first, end)
      for (let to = done.get(ready); to !== undefined; to = done.get(ready)) ready = to
      for (let at = strips.length * encoder.rows; at < height; at += encoder.rows) {
        const below = Math.min(at + encoder.rows, height)
        if (below > ready) break
        const strip = encoder.encode(samples(at, below))
        // A failure is reported by `finish`; until then it must not be an unhandled rejection.
        strip.catch(() => undefined)
        strips.push(strip)
      }
    },
    drain: pause,
    async finish() {
      const bytes = encoder.join(await Promise.all(strips))
      await output.write(bytes)
      await output.commit()
      return bytes.length
    },
    async abort() {
      await Promise.allSettled(strips)
      await output.abort()
    },
  }
}

/**
 * Writes a picture in the format of its path. Returns the size in bytes, and notes on what the format could not hold.
 */
export async function writePicture(
  path: string,
  picture: Picture,
  options: EncodeOptions = {},
): Promise<{ bytes: number; notes: readonly string[] }> {
  const { bytes, notes } = await encode(picture, formatOfPath(path), options)
  await writeAtomically(path, (output) => output.write(bytes))
  return { bytes: bytes.length, notes }
}

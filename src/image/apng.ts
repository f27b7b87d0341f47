import type { ConvoError } from '../error.ts'
import { viewOf } from '../files/read.ts'
import { checkLimit } from '../limits.ts'
import { hasAlpha, type Samples } from '../tensor/picture.ts'
import type { Rectangle } from './compare/tolerance.ts'
import { damaged } from './own-picture.ts'
import { chunk, concat } from './png.ts'
import { chunkAt, isSound, type PngHead } from './png-head.ts'
import { pngSignature } from './png-parts.ts'
import type { Reader } from './reader.ts'

/** A picture of an animated PNG: its position, how it is drawn, and where its data are. */
export type Frame = Rectangle & {
  /** milliseconds */
  readonly delay: number
  /** what happens to its area after it was shown: kept, cleared, or restored */
  readonly dispose: 'none' | 'background' | 'previous'
  /** whether it replaces what is there or is flattened onto it */
  readonly blend: 'source' | 'over'
  /** pieces of its zlib stream */
  readonly data: readonly { readonly at: number; readonly length: number }[]
}

export type Animation = ReturnType<typeof readApng>

type Mutable = Omit<Frame, 'data'> & { data: { at: number; length: number }[] }

const disposals = ['none', 'background', 'previous'] as const
const blends = ['source', 'over'] as const

/**
 * Finds the pictures of an animated PNG (PNG, third edition, section 11.3.4). Readers of still pictures show the first.
 *
 * @throws ConvoError E_DECODE for damage, E_TOO_LARGE for more pictures than are read
 */
export function readApng(reader: Reader, png: PngHead, name: string) {
  const bad = damaged(name, 'animated PNG')
  const frames: Mutable[] = []
  const shared: Uint8Array[] = []
  const left = new Set(png.ignored.map(({ at }) => at))
  // a first picture that is not part of the animation has no effect on the next
  const whole = {
    x: 0,
    y: 0,
    width: png.width,
    height: png.height,
    delay: 0,
    dispose: 'background',
    blend: 'source',
  } as const
  let stated = 0
  let loop = 0
  let sequence = 0
  let isApart = false
  for (let at = 33, found = chunkAt(reader, at); ; at = found.end, found = chunkAt(reader, at)) {
    if (found === undefined || found.end > reader.size)
      throw bad(reader.size, 'the file ends before its last chunk')
    const { type, length } = found
    if (type === 'IEND') break
    const isFrame = type === 'fcTL' || type === 'fdAT'
    if (isFrame && !isSound(reader, found)) throw bad(at, `${type} fails its checksum`)
    const body = (most: number) => viewOf(reader.read(at + 8, Math.min(length, most)).slice())
    if (isFrame && (length < 4 || body(4).getUint32(0) !== sequence++))
      throw bad(at, `${type} is out of order`)
    const frame = frames.at(-1)
    if (type === 'acTL' && !left.has(at)) [stated, loop] = [body(8).getUint32(0), body(8).getUint32(4)]
    else if ((type === 'PLTE' || type === 'tRNS') && !left.has(at))
      shared.push(reader.read(at, length + 12).slice())
    else if (type === 'fcTL') {
      if (length !== 26) throw bad(at, 'expected fcTL of 26 bytes')
      frames.push(frameOf(body(26), png, (why) => bad(at, why)))
      checkLimit('pages', frames.length, name)
    } else if (type === 'IDAT') {
      if (frame === undefined) {
        isApart = true
        frames.push({ ...whole, data: [] })
      }
      frames.at(-1)!.data.push({ at: at + 8, length })
    } else if (type === 'fdAT') {
      if (frame === undefined) throw bad(at, 'fdAT comes before fcTL')
      frame.data.push({ at: at + 12, length: length - 4 })
    }
  }
  const count = frames.length - (isApart ? 1 : 0)
  if (count !== stated) throw bad(reader.size, `${stated} pictures were expected, but ${count} were found`)
  const empty = frames.findIndex(({ data }) => data.length === 0)
  if (empty >= 0) throw bad(reader.size, `picture ${empty + 1} has no data`)
  const covers = (frame: Frame) => frame.width === png.width && frame.height === png.height
  return {
    frames,
    // 0 means forever
    loop,
    // whether pixels can become transparent although no picture has transparency
    addsAlpha:
      png.channels % 2 === 1 &&
      frames.some(
        (frame, i) =>
          i < frames.length - 1 &&
          (frame.dispose === 'background' || (i === 0 && frame.dispose === 'previous')) &&
          !covers(frames[i + 1]!),
      ),
    // the palette and its transparency
    shared: concat(shared),
    notes: isApart
      ? [`the first picture of ${name} is not part of its animation; it was used as the first page`]
      : [],
  }
}

function frameOf(view: DataView, { width, height }: PngHead, bad: (why: string) => ConvoError): Mutable {
  const [w, h, x, y] = [4, 8, 12, 16].map((at) => view.getUint32(at)) as [number, number, number, number]
  const [dispose, blend] = [disposals[view.getUint8(24)], blends[view.getUint8(25)]]
  if (w === 0 || h === 0 || x + w > width || y + h > height)
    throw bad(`a picture of ${w}x${h} at ${x},${y} does not fit`)
  if (dispose === undefined || blend === undefined) throw bad('an unknown dispose or blend mode')
  const [numerator, denominator] = [view.getUint16(20), view.getUint16(22) || 100]
  return {
    x,
    y,
    width: w,
    height: h,
    delay: Math.round((1000 * numerator) / denominator),
    dispose,
    blend,
    data: [],
  }
}

/** Returns a picture of an animation as a separate PNG. */
export function framePng(bytes: Uint8Array, { width, height, data }: Frame, shared: Uint8Array): Uint8Array {
  const header = Uint8Array.from(bytes.subarray(16, 29))
  const view = viewOf(header)
  view.setUint32(0, width)
  view.setUint32(4, height)
  const parts = data.map(({ at, length }) => bytes.subarray(at, at + length))
  return concat([
    pngSignature,
    chunk('IHDR', header),
    shared,
    chunk('IDAT', concat(parts)),
    chunk('IEND', new Uint8Array(0)),
  ])
}

/** The surface on which the pictures of an animation are flattened onto each other: [y][x][channel]. */
export type Canvas = {
  readonly width: number
  readonly channels: number
  readonly full: number
  readonly data: Samples
}

/** Draws a picture on the canvas. It has the channels of the canvas, or it has no alpha and is opaque. */
export function lay(canvas: Canvas, { x, y, width, height, blend }: Frame, data: Samples): void {
  const { channels } = canvas
  const own = data.length / (width * height)
  const colours = hasAlpha(channels) ? channels - 1 : channels
  for (let row = 0; row < height; row++) {
    let from = row * width * own
    let to = ((y + row) * canvas.width + x) * channels
    if (own === channels && (blend === 'source' || !hasAlpha(channels))) {
      canvas.data.set(data.subarray(from, from + width * own), to)
      continue
    }
    for (let column = 0; column < width; column++, from += own, to += channels) {
      const alpha = own === channels ? data[from + colours]! : canvas.full
      if (blend === 'source' || alpha === canvas.full || canvas.data[to + colours] === 0) {
        for (let c = 0; c < colours; c++) canvas.data[to + c] = data[from + c]!
        canvas.data[to + colours] = alpha
      } else if (alpha > 0) over(canvas, to, colours, data, from, alpha)
    }
  }
}

/**
 * Composes straight alpha: a = s + d (1 - s), c = (s cs + d (1 - s) cd) / a. It is exact in integers and rounds once.
 */
function over(
  { data, full }: Canvas,
  to: number,
  colours: number,
  source: Samples,
  from: number,
  alpha: number,
): void {
  const below = (full - alpha) * data[to + colours]!
  const sum = alpha * full + below
  for (let c = 0; c < colours; c++) {
    data[to + c] = Math.round((source[from + c]! * alpha * full + data[to + c]! * below) / sum)
  }
  data[to + colours] = Math.round(sum / full)
}

/** Clears the area of a picture to transparent black. */
export function clear(canvas: Canvas, { x, y, width, height }: Frame): void {
  for (let row = y; row < y + height; row++) {
    const at = (row * canvas.width + x) * canvas.channels
    canvas.data.fill(0, at, at + width * canvas.channels)
  }
}

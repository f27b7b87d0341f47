import { viewOf } from '../files/read.ts'
import { inRows, inTurns } from '../host/turns.ts'
import type { Picture } from '../tensor/picture.ts'
import { refusal, wayOf, ways } from './foreign.ts'
import { checkEnd, type Damage, damaged, type OwnPicture } from './own-picture.ts'
import type { Size } from './size.ts'

// BMP as described by Microsoft's BITMAPINFOHEADER and its successors.

const compressions = { none: 0, rle8: 1, rle4: 2, fields: 3, alphaFields: 6 } as const
/** The bits of a pixel with each of them. */
const depths: Readonly<Record<number, readonly number[]>> = {
  ...{ 0: [1, 2, 4, 8, 16, 24, 32], 1: [8], 2: [4], 3: [16, 32], 6: [16, 32] },
}

/** The bits of a colour in a pixel of 16 or 32 bits. */
const maskOf = (bits: number) => {
  const low = bits & -bits
  const shift = bits === 0 ? 0 : 31 - Math.clz32(low)
  return { shift, most: bits >>> shift }
}

/**
 * Reads a BMP of 1 to 32 bits, packed (RLE) or not. A palette of grays gives a gray picture, anything else RGB. Alpha
 * is read if there is a mask for it: in a header from version 3 on, or with the compression BI_ALPHABITFIELDS.
 */
export function readBmp(bytes: Uint8Array, name: string): OwnPicture {
  const bad = damaged(name, 'BMP')
  const view = viewOf(bytes)
  if (bytes.length < 26) throw bad(bytes.length, 'the file ends inside the header')
  const head = view.getUint32(14, true)
  const isCore = head === 12
  if (14 + head > bytes.length || (!isCore && (head < 40 || head > 1024)))
    throw bad(14, `a header of ${head} bytes`)
  const width = isCore ? view.getUint16(18, true) : view.getInt32(18, true)
  const tall = isCore ? view.getInt16(20, true) : view.getInt32(22, true)
  const height = Math.abs(tall)
  const bits = view.getUint16(isCore ? 24 : 28, true)
  const compression = isCore ? 0 : view.getUint32(30, true)
  if (width < 1 || height < 1) throw bad(18, `the size is ${width}x${tall}`)
  if (compression === 4 || compression === 5)
    throw refusal(name, `a BMP that contains a ${['JPEG', 'PNG'][compression - 4]}`, wayOf(ways.still, name))
  const isPacked = compression === compressions.rle8 || compression === compressions.rle4
  const isFields = compression === compressions.fields || compression === compressions.alphaFields
  const fits = depths[compression]?.includes(bits)
  if (!fits) throw bad(28, `${bits} bits with compression ${compression}`)
  const start = view.getUint32(10, true)
  const resolution = isCore ? [0, 0] : [view.getInt32(38, true), view.getInt32(42, true)]
  const size = { width, height }
  const common = {
    ...(resolution.every((n) => n > 0) && { resolution: resolution as [number, number] }),
    ...profileIn(bytes, head),
  }
  if (bits <= 8) {
    const entry = isCore ? 3 : 4
    const at = 14 + head
    const used = isCore ? 0 : view.getUint32(46, true)
    // the samples may begin directly after it
    const room = Math.floor((Math.min(bytes.length, Math.max(start, at)) - at) / entry)
    const count = Math.min(used === 0 ? 2 ** bits : used, 2 ** bits, Math.max(0, room))
    const palette = Array.from({ length: count }, (_, i) => [2, 1, 0].map((c) => bytes[at + i * entry + c]!))
    const channels = count > 0 && palette.every(([r, g, b]) => r === g && g === b) ? 1 : 3
    return {
      ...size,
      ...common,
      channels,
      depth: 8,
      async samples() {
        const places = await (isPacked
          ? unpacked({ bytes, start, size, bits, bad })
          : indices({ bytes, start, size, bits, bad }))
        const out = new Uint8Array(width * height * channels)
        await inRows(height, width * channels, (y) => {
          const row = (tall < 0 ? y : height - 1 - y) * width
          for (let x = 0, to = y * width * channels; x < width; x++) {
            const colour = palette[places[row + x]!]
            if (colour === undefined) throw bad(start, `a pixel has colour ${places[row + x]} of ${count}`)
            for (let c = 0; c < channels; c++) out[to++] = colour[c]!
          }
        })
        return out
      },
    }
  }
  const field = (i: number): number => {
    const from = 54 + 4 * i
    // after a header of 40 bytes, or inside a longer one
    return from + 4 <= Math.max(14 + head, start) && from + 4 <= bytes.length ? view.getUint32(from, true) : 0
  }
  const hasAlphaField = compression === compressions.alphaFields || head >= 56
  const given = isFields
    ? [field(0), field(1), field(2), hasAlphaField ? field(3) : 0]
    : bits === 16
      ? [0x7c00, 0x3e0, 0x1f, 0]
      : [0xff0000, 0xff00, 0xff, 0]
  const masks = given.map(maskOf)
  const channels = masks[3]!.most > 0 ? 4 : 3
  const pixel = bits / 8
  const pitch = Math.ceil((width * pixel) / 4) * 4
  return {
    ...size,
    ...common,
    channels,
    depth: 8,
    ...(bits === 32 &&
      channels === 3 &&
      (given[0]! | given[1]! | given[2]!) >>> 24 === 0 &&
      isVaried(bytes, start + 3, start + pitch * height) && {
        asRead: [`the fourth byte of the pixels of ${name} was not read as alpha: its header has none`],
      }),
    async samples() {
      checkEnd(bytes, start + pitch * height, bad)
      const out = new Uint8Array(width * height * channels)
      await inRows(height, width * channels, (y) => {
        let at = start + (tall < 0 ? y : height - 1 - y) * pitch
        for (let x = 0, to = y * width * channels; x < width; x++, at += pixel) {
          const value =
            pixel === 2
              ? view.getUint16(at, true)
              : pixel === 3
                ? (bytes[at + 2]! << 16) | (bytes[at + 1]! << 8) | bytes[at]!
                : view.getUint32(at, true)
          for (let c = 0; c < channels; c++) {
            const { shift, most } = masks[c]!
            const level = (value >>> shift) & most
            out[to++] = most === 255 || most === 0 ? level : Math.round((level >>> 0) * (255 / (most >>> 0)))
          }
        }
      })
      return out
    },
  }
}

/** Whether the bytes at every fourth position differ. Unused bytes are all alike. */
function isVaried(bytes: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < Math.min(to, bytes.length); at += 4) if (bytes[at] !== bytes[from]) return true
  return false
}

/** Reads the ICC profile of a version 5 header, which gives its offset from its own start. */
function profileIn(bytes: Uint8Array, head: number): Pick<OwnPicture, 'icc'> {
  const view = viewOf(bytes)
  // "MBED", low byte first
  if (head < 124 || view.getUint32(70, true) !== 0x4d424544) return {}
  const at = 14 + view.getUint32(126, true)
  const end = at + view.getUint32(130, true)
  return { icc: new Uint8Array(bytes.subarray(at, end)) }
}

type Packed = {
  readonly bytes: Uint8Array
  readonly start: number
  readonly size: Size
  readonly bits: number
  readonly bad: Damage
}

async function indices({ bytes, start, size: { width, height }, bits, bad }: Packed): Promise<Uint8Array> {
  const pitch = Math.ceil((width * bits) / 32) * 4
  checkEnd(bytes, start + pitch * height, bad)
  const out = new Uint8Array(width * height)
  const mask = 2 ** bits - 1
  const each = 8 / bits
  await inRows(height, width, (y) => {
    for (let x = 0; x < width; x++) {
      const byte = bytes[start + y * pitch + Math.floor(x / each)]!
      out[y * width + x] = (byte >> (8 - bits - (x % each) * bits)) & mask
    }
  })
  return out
}

/** Unpacks the palette indices from runs. Skipped pixels get index 0. */
async function unpacked({ bytes, start, size: { width, height }, bits, bad }: Packed): Promise<Uint8Array> {
  const isNibbles = bits === 4
  const out = new Uint8Array(width * height)
  let [x, y, at] = [0, 0, start]
  const put = (place: number) => {
    if (x < width && y < height) out[y * width + x] = place
    x++
  }
  const half = (byte: number, i: number) => (i % 2 === 0 ? byte >> 4 : byte & 15)
  const cut = () => bad(bytes.length, 'the file ends inside its runs')
  const run = (): boolean => {
    if (y >= height) return true
    if (at + 2 > bytes.length) throw cut()
    const [count, value] = [bytes[at]!, bytes[at + 1]!]
    at += 2
    if (count > 0) {
      for (let i = 0; i < count; i++) put(isNibbles ? half(value, i) : value)
    } else if (value === 0) {
      x = 0
      y++
    } else if (value === 1) return true
    else if (value === 2) {
      if (at + 2 > bytes.length) throw cut()
      x += bytes[at]!
      y += bytes[at + 1]!
      at += 2
    } else {
      const length = isNibbles ? Math.ceil(value / 2) : value
      if (at + length > bytes.length) throw cut()
      for (let i = 0; i < value; i++) put(isNibbles ? half(bytes[at + (i >> 1)]!, i) : bytes[at + i]!)
      at += length + (length % 2)
    }
    return false
  }
  // a run has at least 2 bytes
  await inTurns(
    bytes.length,
    (from, to) => {
      for (let i = from; i < to; i++) if (run()) return true
      return false
    },
    2 ** 14,
  )
  return out
}

/** Writes a BMP with 8 bits per sample: gray with a palette, 24-bit RGB, or 32-bit RGBA with masks (version 4). */
export async function writeBmp({ width, height, channels, data, meta }: Picture): Promise<Uint8Array> {
  const hasAlpha = channels % 2 === 0
  const isGray = channels === 1
  const head = hasAlpha ? 108 : 40
  const palette = isGray ? 1024 : 0
  const pixel = isGray ? 1 : hasAlpha ? 4 : 3
  const pitch = Math.ceil((width * pixel) / 4) * 4
  const start = 14 + head + palette
  const out = new Uint8Array(start + pitch * height)
  const view = viewOf(out)
  out.set([0x42, 0x4d])
  const [across = 0, down = 0] = meta.resolution ?? []
  // a plane, and the bits of its pixels
  const planes = 1 | ((pixel * 8) << 16)
  const fields = [
    head,
    width,
    height,
    planes,
    hasAlpha ? compressions.fields : 0,
    pitch * height,
    across,
    down,
  ]
  for (const [i, field] of [out.length, 0, start, ...fields].entries()) view.setUint32(2 + 4 * i, field, true)
  if (isGray) {
    view.setUint32(46, 256, true)
    for (let i = 0; i < 256; i++) out.fill(i, 54 + 4 * i, 57 + 4 * i)
  }
  if (hasAlpha) {
    for (const [i, mask] of [0xff0000, 0xff00, 0xff, 0xff000000].entries())
      view.setUint32(54 + 4 * i, mask, true)
    // the colour space is sRGB
    view.setUint32(70, 0x73524742, true)
  }
  await inRows(height, width * channels, (y) => {
    let to = start + (height - 1 - y) * pitch
    for (let x = 0, from = y * width * channels; x < width; x++, from += channels, to += pixel) {
      if (isGray) out[to] = data[from]!
      else for (let c = 0; c < 3; c++) out[to + 2 - c] = data[from + (channels === 2 ? 0 : c)]!
      if (hasAlpha) out[to + 3] = data[from + channels - 1]!
    }
  })
  return out
}

import { roundHalfEven } from '../definition/quantise.ts'
import { ConvoError } from '../error.ts'
import { viewOf } from '../files/read.ts'
import { converted, copyTo, inRows, inTurns } from '../host/turns.ts'
import { fullScale, type Picture, type Samples } from '../tensor/picture.ts'
import { writeBmp } from './bmp.ts'
import { inColour, levels8 } from './fit.ts'
import { checkEnd, type Damage, damaged, type OwnPicture } from './own-picture.ts'
import { textOf } from './reader.ts'

// The formats of Netpbm, as its manual describes them: PBM, PGM and PPM as text (P1 to P3) and as bytes (P4 to P6), and
// PAM (P7). Also PFM.

/** Reads the words of a header, which are separated by white space. A comment runs from # to the end of its line. */
function wordsFrom(bytes: Uint8Array, bad: Damage) {
  let at = 2
  const next = (): string => {
    at = wordAt(bytes, at)
    const start = at
    while (at < bytes.length && !isSpace(bytes[at]!) && bytes[at] !== 0x23 && at - start < 64) at++
    if (start === at) throw bad(at, 'the file ends inside the header')
    return textOf(bytes, start, at)
  }
  const number = (least: number, most: number, meaning: string): number => {
    const from = at
    const word = next()
    const value = /^\d+$/.test(word) ? Number(word) : Number.NaN
    if (value >= least && value <= most) return value
    throw bad(from, `${meaning} must be a whole number from ${least} to ${most}, got ${JSON.stringify(word)}`)
  }
  const line = (): string => {
    const start = at
    at = lineEnd(bytes, at)
    return textOf(bytes, start, at).trim()
  }
  return { next, number, line, at: () => at }
}

function wordAt(bytes: Uint8Array, from: number): number {
  let at = from
  for (;;) {
    while (at < bytes.length && isSpace(bytes[at]!)) at++
    if (bytes[at] !== 0x23) return at
    at = lineEnd(bytes, at)
  }
}

const lineEnd = (bytes: Uint8Array, from: number): number => {
  const end = bytes.indexOf(0x0a, from)
  return end < 0 ? bytes.length : end
}

const isSpace = (byte: number): boolean => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)
const mostSide = 2 ** 31 - 1

/**
 * Reads PBM, PGM, PPM and PAM. White in a PBM is 255. Samples with a largest value other than 255 or 65535 are spread
 * over 0..255 or 0..65535.
 */
export function readPnm(bytes: Uint8Array, name: string): OwnPicture {
  const kind = bytes[1]! - 0x30
  if (kind === 7) return readPam(bytes, name)
  const what = ['PBM', 'PGM', 'PPM'][(kind - 1) % 3]!
  const bad = damaged(name, what)
  const words = wordsFrom(bytes, bad)
  const width = words.number(1, mostSide, 'the width')
  const height = words.number(1, mostSide, 'the height')
  const isBits = kind === 1 || kind === 4
  const most = isBits ? 1 : words.number(1, 65535, 'the largest value')
  const channels = what === 'PPM' ? 3 : 1
  const depth = most > 255 ? 16 : 8
  const start = words.at() + 1
  const size = { width, height, channels, depth } as const
  if (kind < 4)
    return {
      ...size,
      ...furtherText(bytes, start),
      samples: () => fromText(bytes, start - 1, size, most, isBits, bad),
    }
  const rowBytes = isBits ? Math.ceil(width / 8) : width * channels * (depth / 8)
  const end = start + rowBytes * height
  return {
    ...size,
    ...further(bytes, end),
    async samples() {
      checkEnd(bytes, end, bad)
      if (!isBits) return fromBytes(bytes.subarray(start, end), depth, most, bad, start)
      const out = new Uint8Array(width * height)
      await inRows(height, width, (y) => {
        const row = start + y * rowBytes
        for (let x = 0; x < width; x++)
          out[y * width + x] = (bytes[row + (x >> 3)]! >> (7 - (x & 7))) & 1 ? 0 : 255
      })
      return out
    },
  }
}

const tuples = ['GRAYSCALE', 'GRAYSCALE_ALPHA', 'RGB', 'RGB_ALPHA']

function readPam(bytes: Uint8Array, name: string): OwnPicture {
  const bad = damaged(name, 'PAM')
  const words = wordsFrom(bytes, bad)
  const found = new Map<string, number>()
  const types: string[] = []
  const ranges: Readonly<Record<string, readonly [number, number]>> = {
    WIDTH: [1, mostSide],
    HEIGHT: [1, mostSide],
    DEPTH: [1, 4],
    MAXVAL: [1, 65535],
  }
  for (;;) {
    const word = words.next()
    if (word === 'ENDHDR') break
    if (word === 'TUPLTYPE') types.push(words.line())
    else if (Object.hasOwn(ranges, word)) found.set(word, words.number(...ranges[word]!, word))
    else throw bad(words.at(), `${JSON.stringify(word)} is not a line of its header`)
  }
  const missing = Object.keys(ranges).find((key) => !found.has(key))
  if (missing !== undefined) throw bad(words.at(), `the header has no ${missing}`)
  const [width, height, channels, most] = Object.keys(ranges).map((key) => found.get(key)!) as [
    number,
    number,
    1,
    number,
  ]
  const depth = most > 255 ? 16 : 8
  const start = words.at() + 1
  const end = start + width * height * channels * (depth / 8)
  return {
    ...{ width, height, channels, depth },
    ...further(bytes, end),
    // for example CMYK, which is not supported
    asRead: types
      .filter((type) => !tuples.includes(type.replace('BLACKANDWHITE', 'GRAYSCALE')))
      .map(
        (type) =>
          `samples of the type ${JSON.stringify(type)} of ${name} were read as ${tuples[channels - 1]}`,
      ),
    async samples() {
      checkEnd(bytes, end, bad)
      return fromBytes(bytes.subarray(start, end), depth, most, bad, start)
    },
  }
}

/** Detects further pictures, which may follow in the same file after white space. */
const further = (bytes: Uint8Array, end: number): Pick<OwnPicture, 'unread'> =>
  /^\s*P[1-7]\s/.test(textOf(bytes, end, end + 64)) ? { unread: ['pictures after the first'] } : {}

/**
 * Does the same after samples in text. They consist of digits, so a letter outside a comment begins another picture.
 */
function furtherText(bytes: Uint8Array, start: number): Pick<OwnPicture, 'unread'> {
  for (let at = bytes.indexOf(0x50, start); at >= 0; at = bytes.indexOf(0x50, lineEnd(bytes, at))) {
    const line = bytes.subarray(Math.max(start, bytes.lastIndexOf(0x0a, at) + 1), at)
    if (!line.includes(0x23)) return further(bytes, at)
  }
  return {}
}

/** Reads samples with the high byte first, spread so that `most` is white. */
async function fromBytes(bytes: Uint8Array, depth: 8 | 16, most: number, bad: Damage, start: number) {
  const full = fullScale(depth)
  if (depth === 8 && most === full) return converted(bytes, Uint8Array)
  const out = new (depth === 16 ? Uint16Array : Uint8Array)(bytes.length / (depth / 8))
  await inTurns(out.length, (from, to) => {
    for (let i = from; i < to; i++) {
      const level = depth === 8 ? bytes[i]! : (bytes[2 * i]! << 8) | bytes[2 * i + 1]!
      if (level > most)
        throw bad(start + (i * depth) / 8, `a sample is ${level}, and the largest value ${most}`)
      out[i] = most === full ? level : roundHalfEven((level * full) / most)
    }
  })
  return out
}

/** Reads samples as numbers between white space. Those of a PBM are single digits that need no white space. */
async function fromText(
  bytes: Uint8Array,
  start: number,
  { width, height, channels, depth }: Pick<OwnPicture, 'width' | 'height' | 'channels' | 'depth'>,
  most: number,
  isBits: boolean,
  bad: Damage,
): Promise<Samples> {
  const count = width * height * channels
  // a sample takes at least a byte
  if (count > bytes.length)
    throw bad(bytes.length, `the file ends after ${bytes.length} bytes, and ${count} samples are needed`)
  const out = new (depth === 16 ? Uint16Array : Uint8Array)(count)
  const full = fullScale(depth)
  let at = start
  const next = (i: number) => {
    at = wordAt(bytes, at)
    const from = at
    let value = 0
    while (at < bytes.length && bytes[at]! >= 0x30 && bytes[at]! <= 0x39 && at - from < (isBits ? 1 : 6))
      value = value * 10 + bytes[at++]! - 0x30
    if (at === from) throw bad(at, `expected sample ${i + 1} of ${count}`)
    if (value > most) throw bad(from, `a sample is ${value}, and the largest value ${most}`)
    out[i] = isBits ? (value === 1 ? 0 : 255) : most === full ? value : roundHalfEven((value * full) / most)
  }
  await inRows(height, width * channels, (y) => {
    for (let i = y * width * channels; i < (y + 1) * width * channels; i++) next(i)
  })
  return out
}

/**
 * Reads a PFM: gray (Pf) or RGB (PF) as float32, rows from the bottom up, where 1 is white. A negative scale means that
 * the low byte comes first.
 */
export function readPfm(bytes: Uint8Array, name: string): OwnPicture {
  const bad = damaged(name, 'PFM')
  const words = wordsFrom(bytes, bad)
  const channels = bytes[1] === 0x46 ? 3 : 1
  const width = words.number(1, mostSide, 'the width')
  const height = words.number(1, mostSide, 'the height')
  const at = words.at()
  const scale = Number(words.next())
  if (!Number.isFinite(scale) || scale === 0) throw bad(at, 'the scale must be a number other than 0')
  const start = words.at() + 1
  const row = width * channels
  return {
    ...{ width, height, channels, depth: 32, full: 1 },
    // some programs multiply by the scale, some divide by it, and some ignore it
    asRead: Math.abs(scale) === 1 ? [] : [`the scale ${Math.abs(scale)} of ${name} was not applied`],
    async samples() {
      checkEnd(bytes, start + row * height * 4, bad)
      const view = viewOf(bytes)
      const out = new Float32Array(row * height)
      await inRows(height, row, (y) => {
        const from = start + (height - 1 - y) * row * 4
        for (let i = 0; i < row; i++) out[y * row + i] = view.getFloat32(from + i * 4, scale < 0)
      })
      return out
    },
  }
}

const header = (text: string): Uint8Array => Buffer.from(text, 'latin1')
const isGray = ({ channels }: Picture): boolean => channels < 3
const mostOf = ({ depth }: Picture): number => fullScale(depth)

/** Joins a header and integer samples, high byte first. */
async function withSamples(text: string, { data }: Picture): Promise<Uint8Array> {
  const head = header(text)
  const out = new Uint8Array(head.length + data.byteLength)
  out.set(head)
  if (data.BYTES_PER_ELEMENT === 1) await copyTo(out, data, head.length)
  else
    await inTurns(data.length, (from, to) => {
      for (let i = from, at = head.length + 2 * from; i < to; i++) {
        out[at++] = data[i]! >>> 8
        out[at++] = data[i]! & 0xff
      }
    })
  return out
}

const writePnm = (picture: Picture): Promise<Uint8Array> => {
  const { width, height } = picture
  const kind = isGray(picture) ? 'P5' : 'P6'
  return withSamples(`${kind}\n${width} ${height}\n${mostOf(picture)}\n`, picture)
}

function checkGray(picture: Picture, format: string): void {
  if (isGray(picture)) return
  throw new ConvoError('E_OUTPUT', `${format} stores only gray, and the picture has colours`, {
    why: `the picture has ${picture.channels} channels`,
    fix: '--gray, or an output path ending in .ppm',
  })
}

/** The writers of uncompressed formats, for pictures that fit them. */
export const plainWriters: Readonly<
  Record<'bmp' | 'pnm' | 'ppm' | 'pgm' | 'pbm' | 'pam' | 'pfm', (picture: Picture) => Promise<Uint8Array>>
> = {
  bmp: writeBmp,
  pnm: writePnm,
  ppm: async (picture) => writePnm(await inColour(picture)),
  async pgm(picture) {
    checkGray(picture, 'pgm')
    return writePnm(picture)
  },
  async pbm(picture) {
    checkGray(picture, 'pbm')
    const { width, height, data } = picture
    const levels = data instanceof Uint16Array ? await levels8(data) : data
    const rowBytes = Math.ceil(width / 8)
    const head = header(`P4\n${width} ${height}\n`)
    const out = new Uint8Array(head.length + rowBytes * height)
    out.set(head)
    await inRows(height, width, (y) => {
      for (let x = 0, row = head.length + y * rowBytes; x < width; x++)
        if (levels[y * width + x]! < 128) out[row + (x >> 3)]! |= 0x80 >> (x & 7)
    })
    return out
  },
  pam(picture) {
    const { width, height, channels } = picture
    const lines = [
      'P7',
      `WIDTH ${width}`,
      `HEIGHT ${height}`,
      `DEPTH ${channels}`,
      `MAXVAL ${mostOf(picture)}`,
    ]
    return withSamples(`${[...lines, `TUPLTYPE ${tuples[channels - 1]}`, 'ENDHDR'].join('\n')}\n`, picture)
  },
  async pfm(picture) {
    const { width, height, channels, full = 1, data } = picture
    const row = width * channels
    const head = header(`${channels === 1 ? 'Pf' : 'PF'}\n${width} ${height}\n-1.0\n`)
    const out = new Uint8Array(head.length + row * height * 4)
    out.set(head)
    const view = viewOf(out)
    await inRows(height, row, (y) => {
      for (let i = 0, from = (height - 1 - y) * row, at = head.length + y * row * 4; i < row; i++, at += 4)
        view.setFloat32(at, data[from + i]! / full, true)
    })
    return out
  },
}

import * as zlib from 'node:zlib'
import { packStrip } from '../../src/image/tiff-pack.ts'

type Kind = {
  readonly size: number
  readonly format: 1 | 2 | 3
  readonly write: (view: DataView, at: number, v: number, le: boolean) => void
}
/** The types of numbers, by NumPy's names. */
export const kinds: Readonly<Record<string, Kind>> = {
  u1: { size: 1, format: 1, write: (v, at, n) => v.setUint8(at, n) },
  u2: { size: 2, format: 1, write: (v, at, n, le) => v.setUint16(at, n, le) },
  u4: { size: 4, format: 1, write: (v, at, n, le) => v.setUint32(at, n, le) },
  i1: { size: 1, format: 2, write: (v, at, n) => v.setInt8(at, n) },
  i2: { size: 2, format: 2, write: (v, at, n, le) => v.setInt16(at, n, le) },
  i4: { size: 4, format: 2, write: (v, at, n, le) => v.setInt32(at, n, le) },
  f4: { size: 4, format: 3, write: (v, at, n, le) => v.setFloat32(at, n, le) },
  f8: { size: 8, format: 3, write: (v, at, n, le) => v.setFloat64(at, n, le) },
}

/** Packs with Zstandard. Undefined in Node before 22.15. */
export const zstdCompressSync = (zlib as unknown as Record<string, typeof zlib.deflateSync>).zstdCompressSync

/** Packs integers of some bytes into fewer bits, highest bit first. Every row begins with a byte. */
function bitsOf(bytes: Uint8Array, size: number, little: boolean, perRow: number, bits: number): Uint8Array {
  const out: string[] = []
  for (let at = 0; at < bytes.length; at += perRow * size) {
    const row = Array.from({ length: perRow }, (_, i) => {
      const number = [...bytes.subarray(at + i * size, at + (i + 1) * size)]
      return (little ? number.reverse() : number).reduce((sum, byte) => sum * 256 + byte, 0)
    })
    const text = row.map((number) => number.toString(2).padStart(bits, '0')).join('')
    out.push(...text.padEnd(Math.ceil(text.length / 8) * 8, '0').match(/.{8}/g)!)
  }
  return Uint8Array.from(out, (byte) => Number.parseInt(byte, 2))
}

type Make = {
  readonly type: string
  readonly width: number
  readonly height: number
  readonly channels?: number
  readonly little?: boolean
  readonly compression?: 1 | 5 | 8 | 32773 | 50000
  readonly predictor?: 1 | 2 | 3
  readonly planar?: boolean
  readonly tile?: number
  readonly rows?: number
  /** whether the bits of each byte are stored in reverse order */
  readonly reversed?: boolean
  /** the bits of an integer, if they are not those of its type; the byte order is then that of the rest */
  readonly bits?: number
  /** the offset at which it begins in a file that starts with another page */
  readonly base?: number
  readonly fields?: readonly (readonly [tag: number, value: number])[]
}

/** Writes a TIFF of one page from its description. */
export function tiffArrayOf(values: readonly number[], make: Make): Buffer {
  const {
    type,
    width,
    height,
    channels = 1,
    little = true,
    compression = 1,
    predictor = 1,
    planar = false,
    tile,
    rows = height,
    reversed = false,
    base = 0,
  } = make
  const { size, format, write } = kinds[type]!
  const { bits = size * 8 } = make
  const [w, h] = tile === undefined ? [width, rows] : [tile, tile]
  const per = planar ? 1 : channels
  const pieces: Buffer[] = []
  for (let plane = 0; plane < (planar ? channels : 1); plane++) {
    for (let top = 0; top < height; top += h) {
      for (let left = 0; left < width; left += w) {
        const high = tile === undefined ? Math.min(h, height - top) : h
        const bytes = new Uint8Array(w * high * per * size)
        const view = new DataView(bytes.buffer)
        const at = (x: number, y: number, c: number) => ((y * w + x) * per + c) * size
        for (let y = 0; y < high; y++) {
          for (let x = 0; x < w; x++) {
            for (let c = 0; c < per; c++) {
              const inside = top + y < height && left + x < width
              write(
                view,
                at(x, y, c),
                inside ? values[((top + y) * width + left + x) * channels + c + plane]! : 0,
                little,
              )
            }
          }
          const row = bytes.subarray(at(0, y, 0), at(0, y + 1, 0))
          if (predictor === 3) {
            const apart = row.slice()
            const count = w * per
            for (let i = 0; i < count; i++)
              for (let b = 0; b < size; b++)
                row[b * count + i] = apart[i * size + (little ? size - 1 - b : b)]!
            for (let i = row.length - 1; i >= per; i--) row[i] = row[i]! - row[i - per]!
          } else if (predictor === 2) {
            const numbers = Array.from({ length: w * per }, (_, i) => {
              let n = 0n
              for (let b = 0; b < size; b++)
                n |= BigInt(row[i * size + (little ? b : size - 1 - b)]!) << BigInt(8 * b)
              return n
            })
            numbers.forEach((n, i) => {
              const change = BigInt.asUintN(8 * size, n - (i < per ? 0n : numbers[i - per]!))
              for (let b = 0; b < size; b++)
                row[i * size + (little ? b : size - 1 - b)] = Number((change >> BigInt(8 * b)) & 255n)
            })
          }
        }
        const own = bits === size * 8 ? bytes : bitsOf(bytes, size, little, w * per, bits)
        const packed =
          compression === 8
            ? zlib.deflateSync(own)
            : compression === 50000
              ? zstdCompressSync!(own)
              : compression === 1
                ? own
                : (packStrip(
                    own,
                    own.length,
                    own.length,
                    8,
                    compression === 5 ? 'lzw' : 'packbits',
                  ) as Uint8Array)
        const turned = (byte: number) =>
          Number.parseInt(byte.toString(2).padStart(8, '0').split('').reverse().join(''), 2)
        pieces.push(Buffer.from(reversed ? packed.map(turned) : packed))
      }
    }
  }
  const n = pieces.length
  let at = 8
  const places = pieces.map((piece) => {
    at += piece.length
    return at - piece.length
  })
  const list = (place: number) => (n === 1 ? undefined : place + base)
  const lists = at + (at % 2)
  const fields: [number, number, number, number][] = [
    [256, 4, 1, width],
    [257, 4, 1, height],
    [258, 3, 1, bits],
    [259, 3, 1, compression],
    [262, 3, 1, 1],
    ...(reversed ? [[266, 3, 1, 2] as [number, number, number, number]] : []),
    ...(tile === undefined
      ? ([[273, 4, n, list(lists) ?? places[0]! + base]] as [number, number, number, number][])
      : []),
    [277, 3, 1, channels],
    ...(tile === undefined
      ? ([
          [278, 4, 1, rows],
          [279, 4, n, list(lists + 4 * n) ?? pieces[0]!.length],
        ] as [number, number, number, number][])
      : []),
    [284, 3, 1, planar ? 2 : 1],
    [317, 3, 1, predictor],
    ...(tile === undefined
      ? []
      : ([
          [322, 4, 1, tile],
          [323, 4, 1, tile],
          [324, 4, n, list(lists) ?? places[0]! + base],
          [325, 4, n, list(lists + 4 * n) ?? pieces[0]!.length],
        ] as [number, number, number, number][])),
    [339, 3, 1, format],
    ...(make.fields ?? []).map(([tag, value]): [number, number, number, number] => [tag, 4, 1, value]),
  ]
  // a given field replaces the default one
  const tags = new Set(make.fields?.map(([tag]) => tag))
  const own = fields.length - (make.fields?.length ?? 0)
  fields.splice(0, own, ...fields.slice(0, own).filter(([tag]) => !tags.has(tag)))
  fields.sort(([a], [b]) => a - b)
  const out = Buffer.alloc(lists + 8 * n + 2 + fields.length * 12 + 4)
  const u16 = (to: number, v: number) => (little ? out.writeUInt16LE(v, to) : out.writeUInt16BE(v, to))
  const u32 = (to: number, v: number) => (little ? out.writeUInt32LE(v, to) : out.writeUInt32BE(v, to))
  out.write(little ? 'II' : 'MM')
  u16(2, 42)
  u32(4, lists + 8 * n)
  pieces.forEach((piece, i) => {
    piece.copy(out, places[i])
    u32(lists + 4 * i, places[i]! + base)
    u32(lists + 4 * n + 4 * i, piece.length)
  })
  u16(lists + 8 * n, fields.length)
  fields.forEach(([tag, kind, count, value], i) => {
    const to = lists + 8 * n + 2 + 12 * i
    u16(to, tag)
    u16(to + 2, kind)
    u32(to + 4, count)
    if (kind === 3) u16(to + 8, value)
    else u32(to + 8, value)
  })
  return out
}

/** Makes a TIFF of two pages. */
export function twoPages(first: readonly number[], second: readonly number[], make: Make): Buffer {
  const head = tiffArrayOf(first, { ...make, little: true })
  const rest = tiffArrayOf(second, { ...make, little: true, base: head.length })
  // the directory comes last, and ends with the offset of the next one
  head.writeUInt32LE(rest.readUInt32LE(4) + head.length, head.length - 4)
  return Buffer.concat([head, rest])
}

import { inflateSync } from 'node:zlib'

/** The parts of a decoded PNG. This decoder can do just enough to check the writer, and shares no code with it. */
export type Taken = {
  width: number
  height: number
  depth: number
  colourType: number
  chunks: { type: string; body: Buffer }[]
  samples: number[]
}

const channelCount: Record<number, number> = { 0: 1, 2: 3, 4: 2, 6: 4 }

/** Decodes a PNG of 8 or 16 bits without palette or interlace; checks every CRC, and zlib checks the Adler-32. */
export function decodePng(bytes: Uint8Array): Taken {
  const file = Buffer.from(bytes)
  if (file.toString('latin1', 0, 8) !== '\x89PNG\r\n\x1a\n') throw new Error('no PNG signature')
  const chunks: Taken['chunks'] = []
  let at = 8
  while (at < file.length) {
    const length = file.readUInt32BE(at)
    const type = file.toString('latin1', at + 4, at + 8)
    if (slowCrc(file.subarray(at + 4, at + 8 + length)) !== file.readUInt32BE(at + 8 + length)) {
      throw new Error(`wrong CRC in ${type}`)
    }
    chunks.push({ type, body: file.subarray(at + 8, at + 8 + length) })
    at += 12 + length
  }
  const ihdr = chunks[0]!.body
  const [width, height] = [ihdr.readUInt32BE(0), ihdr.readUInt32BE(4)]
  const [depth, colourType] = [ihdr[8]!, ihdr[9]!]
  const data = inflateSync(Buffer.concat(chunks.filter((c) => c.type === 'IDAT').map((c) => c.body)))
  const bpp = channelCount[colourType]! * (depth / 8)
  const rowBytes = width * bpp
  if (data.length !== height * (rowBytes + 1)) throw new Error(`${data.length} bytes for ${height} rows`)
  const raw = Buffer.alloc(height * rowBytes)
  for (let y = 0; y < height; y++) {
    for (let i = 0; i < rowBytes; i++) {
      const left = i >= bpp ? raw[y * rowBytes + i - bpp]! : 0
      const up = y > 0 ? raw[(y - 1) * rowBytes + i]! : 0
      const upLeft = y > 0 && i >= bpp ? raw[(y - 1) * rowBytes + i - bpp]! : 0
      const guess = guesses[data[y * (rowBytes + 1)]!]!(left, up, upLeft)
      raw[y * rowBytes + i] = data[y * (rowBytes + 1) + 1 + i]! + guess
    }
  }
  const samples: number[] = []
  for (let i = 0; i < raw.length; i += depth / 8) samples.push(depth === 8 ? raw[i]! : raw.readUInt16BE(i))
  return { width, height, depth, colourType, chunks, samples }
}

/** Returns the filter number of each row. */
export function rowFilters(bytes: Uint8Array): number[] {
  const { chunks, width, height, depth, colourType } = decodePng(bytes)
  const data = inflateSync(Buffer.concat(chunks.filter((c) => c.type === 'IDAT').map((c) => c.body)))
  const stride = width * channelCount[colourType]! * (depth / 8) + 1
  return Array.from({ length: height }, (_, y) => data[y * stride]!)
}

const guesses: ((left: number, up: number, upLeft: number) => number)[] = [
  () => 0,
  (left) => left,
  (_, up) => up,
  (left, up) => Math.floor((left + up) / 2),
  (left, up, upLeft) => {
    const wish = left + up - upLeft
    return [left, up, upLeft].reduce((best, x) => (Math.abs(wish - x) < Math.abs(wish - best) ? x : best))
  },
]

/** Computes the CRC-32 bit by bit, as defined in the PNG specification. */
export function slowCrc(bytes: Uint8Array): number {
  let c = 0xffffffff
  for (const byte of bytes) {
    c ^= byte
    for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1
  }
  return (c ^ 0xffffffff) >>> 0
}

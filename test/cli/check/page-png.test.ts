import { deflateSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { rowFilters } from '../../image/png-decoder.ts'
import { png } from './repository.ts'

type Decode = (bytes: Uint8Array) => Promise<{ data: ArrayLike<number>; depth: number; channels: number }>

// Its types are those of browsers, which the compiler does not know in this project.
const source = new URL('../../../src/golden/page/pixels.ts', import.meta.url).href
const { decodePng } = (await import(/* @vite-ignore */ source)) as { decodePng: Decode }

const colourTypes = { 1: 0, 2: 4, 3: 2, 4: 6 } as const

/** Makes a PNG whose rows use the filters 0, 1, 2, 3, 4, 0, … in turn. The page does not check CRCs. */
function everyFilter(bytes: Uint8Array, stride: number, size: number, head: readonly number[]): Uint8Array {
  const rows: number[] = []
  for (let y = 0; y * stride < bytes.length; y++) {
    rows.push(y % 5)
    for (let i = 0; i < stride; i++) {
      const at = (dx: number, dy: number) => (i < dx || y < dy ? 0 : bytes[(y - dy) * stride + i - dx]!)
      const [left, up, corner] = [at(size, 0), at(0, 1), at(size, 1)]
      const near = [left, up, corner].map((v) => Math.abs(left + up - corner - v))
      const paeth = [left, up, corner][near.indexOf(Math.min(...near))]!
      const guess = [0, left, up, Math.floor((left + up) / 2), paeth][y % 5]!
      rows.push((bytes[y * stride + i]! - guess) & 255)
    }
  }
  const chunk = (type: string, body: Uint8Array) => {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(body.length)
    return Buffer.concat([length, Buffer.from(type, 'latin1'), body, Buffer.alloc(4)])
  }
  const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')
  const data = deflateSync(Uint8Array.from(rows))
  // in two chunks, as in large files
  const parts = [data.subarray(0, 50), data.subarray(50)].map((part) => chunk('IDAT', part))
  return Buffer.concat([
    signature,
    chunk('IHDR', Uint8Array.from(head)),
    ...parts,
    chunk('IEND', new Uint8Array()),
  ])
}

describe('the decoder of the page', () => {
  it.each([1, 2, 3, 4].flatMap((channels) => [8, 16].map((depth) => [channels, depth] as const)))(
    'undoes every row filter: %i channels of %i bits',
    async (channels, depth) => {
      const [width, height] = [17, 15]
      const size = (channels * depth) / 8
      const bytes = Uint8Array.from({ length: width * height * size }, (_, i) => (i * i * 7 + (i >> 3)) & 255)
      const head = [0, 0, 0, width, 0, 0, 0, height, depth, colourTypes[channels as 1], 0, 0, 0]
      const found = await decodePng(everyFilter(bytes, width * size, size, head))
      expect({ depth: found.depth, channels: found.channels }).toEqual({ depth, channels })
      const samples =
        depth === 8
          ? [...bytes]
          : Array.from({ length: bytes.length / 2 }, (_, i) => bytes[2 * i]! * 256 + bytes[2 * i + 1]!)
      expect(Array.from(found.data)).toEqual(samples)
    },
  )

  it('reads what convo writes', async () => {
    const sample = (x: number, y: number, c: number) => (x * x * 3 + y * (7 + c) + (x * y) / 3) & 255
    const bytes = png(50, 40, sample)
    expect(new Set(rowFilters(bytes)).size).toBeGreaterThan(1)
    const { data } = await decodePng(bytes)
    expect(Array.from(data)).toEqual(
      Array.from({ length: 6000 }, (_, i) => sample(Math.floor(i / 3) % 50, Math.floor(i / 150), i % 3)),
    )
  })
})

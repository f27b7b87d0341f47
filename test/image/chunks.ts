import { deflateSync } from 'node:zlib'
import { slowCrc } from './png-decoder.ts'

/** Makes a chunk of a PNG; with `bad`, its checksum is wrong. */
export function chunkOf(type: string, body: Uint8Array | string = '', bad = false): Buffer {
  const tagged = Buffer.concat([
    Buffer.from(type, 'latin1'),
    typeof body === 'string' ? Buffer.from(body, 'latin1') : body,
  ])
  const ends = [Buffer.alloc(4), Buffer.alloc(4)] as const
  ends[0].writeUInt32BE(tagged.length - 4)
  ends[1].writeUInt32BE((slowCrc(tagged) ^ (bad ? 1 : 0)) >>> 0)
  return Buffer.concat([ends[0], tagged, ends[1]])
}

/** Returns big-endian 32-bit numbers. */
export function words(...numbers: number[]): Buffer {
  const bytes = Buffer.alloc(4 * numbers.length)
  numbers.forEach((number, i) => {
    bytes.writeUInt32BE(number, 4 * i)
  })
  return bytes
}

export const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')
/** Samples per pixel by colour type, as defined by PNG. */
const samplesOf: Record<number, number> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }

export const ihdr = (width: number, height: number, colourType: number): Buffer =>
  chunkOf('IHDR', Buffer.concat([words(width, height), Buffer.from([8, colourType, 0, 0, 0])]))

/** Returns the zlib stream of 8-bit samples, without filters. */
export function stream(
  width: number,
  height: number,
  colourType: number,
  samples: readonly number[],
): Buffer {
  const row = width * samplesOf[colourType]!
  const rows = Array.from({ length: height }, (_, y) => [0, ...samples.slice(y * row, (y + 1) * row)])
  return deflateSync(Buffer.from(rows.flat()))
}

/** Makes an 8-bit PNG with extra chunks before and after its picture data. */
export function pngOf(
  [width, height, colourType]: readonly [number, number, number],
  samples: readonly number[],
  before: readonly Buffer[] = [],
  behind: readonly Buffer[] = [],
): Buffer {
  const data = chunkOf('IDAT', stream(width, height, colourType, samples))
  return Buffer.concat([
    signature,
    ihdr(width, height, colourType),
    ...before,
    data,
    ...behind,
    chunkOf('IEND'),
  ])
}

/** One frame of an animation. */
export type AnimationFrame = {
  readonly samples: readonly number[]
  readonly at?: readonly [x: number, y: number, width: number, height: number]
  readonly dispose?: 0 | 1 | 2
  readonly blend?: 0 | 1
  readonly milliseconds?: number
}

/** Makes an 8-bit animated PNG. With `apart`, its first picture is not part of the animation. */
export function apngOf(
  [width, height, colourType]: readonly [number, number, number],
  frames: readonly AnimationFrame[],
  { apart = false, announced, bad = false }: { apart?: boolean; announced?: number; bad?: boolean } = {},
): Buffer {
  let sequence = 0
  const parts = frames.flatMap(
    ({ samples, at = [0, 0, width, height], dispose = 0, blend = 0, milliseconds = 100 }, i) => {
      const [x, y, w, h] = at
      const control = () => {
        const tail = Buffer.alloc(6)
        tail.writeUInt16BE(milliseconds)
        tail.writeUInt16BE(1000, 2)
        tail[4] = dispose
        tail[5] = blend
        return chunkOf('fcTL', Buffer.concat([words(sequence++, w, h, x, y), tail]))
      }
      const data = stream(w, h, colourType, samples)
      if (i === 0) return [...(apart ? [] : [control()]), chunkOf('IDAT', data)]
      return [control(), chunkOf('fdAT', Buffer.concat([words(sequence++), data]))]
    },
  )
  const count = announced ?? frames.length - (apart ? 1 : 0)
  return Buffer.concat([
    signature,
    ihdr(width, height, colourType),
    chunkOf('acTL', words(count, 0), bad),
    ...parts,
    chunkOf('IEND'),
  ])
}

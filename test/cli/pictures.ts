import { readFileSync } from 'node:fs'
import sharp from 'sharp'
import { readNpy } from '../../src/kernel/formats/npy.ts'

/** Raw samples: interleaved, [y][x][channel]. */
export type Raw = { width: number; height: number; channels: number; data: Uint8Array | Uint16Array }

/** Writes samples as PNG, or as the format of the extension; in 16 bits if the samples have 16. */
export async function write(path: string, { width, height, channels, data }: Raw): Promise<void> {
  const isWide = data instanceof Uint16Array
  const raw = { width, height, channels: channels as 1 | 2 | 3 | 4 }
  const space = channels < 3 ? (isWide ? 'grey16' : 'b-w') : isWide ? 'rgb16' : 'srgb'
  await sharp(data, { raw }).toColourspace(space).toFile(path)
}

/** Reads samples with sharp, as stored in a PNG of 8 or 16 bits. */
export async function read(path: string): Promise<Raw> {
  const { depth, channels } = await sharp(path).metadata()
  const isWide = depth === 'ushort'
  const space = channels < 3 ? (isWide ? 'grey16' : 'b-w') : isWide ? 'rgb16' : 'srgb'
  const { data, info } = await sharp(path)
    .toColourspace(space)
    .raw({ depth: isWide ? 'ushort' : 'uchar' })
    .toBuffer({ resolveWithObject: true })
  const samples = isWide ? new Uint16Array(data.buffer, data.byteOffset, data.length / 2) : data
  return { width: info.width, height: info.height, channels: info.channels, data: samples }
}

/** Reads the shape and numbers of a .npy file. */
export function readArray(path: string): { shape: readonly number[]; data: Float64Array } {
  const { shape, data } = readNpy(readFileSync(path), path)
  return { shape, data: Float64Array.from(data) }
}

/** Returns levels from 0 to `most` that look random, but are always the same for a count and seed. */
export function noise(count: number, seed = 1, most = 255): number[] {
  let state = (count * 2654435761 + seed) >>> 0
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * (most + 1))
  })
}

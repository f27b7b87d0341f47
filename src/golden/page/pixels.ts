import { unfilterRows } from '../../definition/filter-rows.ts'

/** A decoded picture: samples interleaved, [y][x][channel], 1 gray, 2 gray + alpha, 3 RGB, 4 RGBA. */
export type Pixels = {
  readonly width: number
  readonly height: number
  readonly channels: number
  readonly depth: 8 | 16 | 32
  readonly data: Uint8Array | Uint16Array | Float32Array
}

/** How floats become levels of 0..255. */
export type Stretch = { readonly from: number; readonly factor: number }

/** Leaves levels unchanged. */
export const plain: Stretch = { from: 0, factor: 1 }

/** Undoes deflate. */
export async function inflate(parts: readonly Uint8Array[]): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob(parts as Uint8Array<ArrayBuffer>[])
    .stream()
    .pipeThrough(new DecompressionStream('deflate'))
  return new Uint8Array(await new Response(stream).arrayBuffer())
}

/** Decodes floats: the bytes `f32`, channels, width, height, and the deflated samples. */
export async function decodeFloats(bytes: Uint8Array): Promise<Pixels> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const samples = await inflate([bytes.subarray(12)])
  return {
    width: view.getUint32(4),
    height: view.getUint32(8),
    channels: bytes[3]!,
    depth: 32,
    data: new Float32Array(samples.buffer),
  }
}

/** Whether bytes are floats, not a PNG. */
export const areFloats = (bytes: Uint8Array): boolean =>
  String.fromCharCode(...bytes.subarray(0, 3)) === 'f32'

/** A sample as a level of 0..255, of any depth. */
export const levelOf = (sample: number, depth: Pixels['depth'], { from, factor }: Stretch): number =>
  depth === 8 ? sample : depth === 16 ? sample >> 8 : (sample - from) * factor

/** The picture on a canvas of its own size. */
export function canvasOf(pixels: Pixels, stretch: Stretch): HTMLCanvasElement {
  const { width, height, channels, depth, data } = pixels
  const image = new ImageData(width, height)
  const isColour = channels >= 3
  const level = (at: number) => levelOf(data[at]!, depth, stretch)
  for (let i = 0, from = 0, to = 0; i < width * height; i++, from += channels, to += 4) {
    image.data[to] = level(from)
    image.data[to + 1] = level(from + (isColour ? 1 : 0))
    image.data[to + 2] = level(from + (isColour ? 2 : 0))
    image.data[to + 3] = channels % 2 === 0 ? level(from + channels - 1) : 255
  }
  const canvas = document.createElement('canvas')
  canvas.width = image.width
  canvas.height = image.height
  canvas.getContext('2d')?.putImageData(image, 0, 0)
  return canvas
}

/** Returns the samples of a pixel; undefined outside the picture. */
export function samplesAt(picture: Pixels | undefined, x: number, y: number): number[] | undefined {
  if (picture === undefined || x < 0 || y < 0 || x >= picture.width || y >= picture.height) return undefined
  const at = (y * picture.width + x) * picture.channels
  return [...picture.data.subarray(at, at + picture.channels)]
}

const channelsOf: Readonly<Record<number, number>> = { 0: 1, 2: 3, 4: 2, 6: 4 }

/**
 * Decodes a PNG of 8 or 16 bits without palette or interlacing to its own samples: a browser's decoder would give 8 bits,
 * in the colours of the screen.
 */
export async function decodePng(bytes: Uint8Array): Promise<Pixels> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const [width, height] = [view.getUint32(16), view.getUint32(20)]
  const depth = bytes[24] === 16 ? 16 : 8
  const channels = channelsOf[bytes[25] ?? 0] ?? 3
  const parts: Uint8Array[] = []
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = view.getUint32(at)
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8))
    if (type === 'IDAT') parts.push(bytes.subarray(at + 8, at + 8 + length))
    at += 12 + length
  }
  const rows = await inflate(parts)
  const size = (channels * depth) / 8
  const samples = unfilterRows(rows.subarray(0, (width * size + 1) * height), width * size, size) ?? rows
  return { width, height, channels, depth, data: depth === 8 ? samples : wide(samples) }
}

function wide(bytes: Uint8Array): Uint16Array {
  const out = new Uint16Array(bytes.length / 2)
  for (let i = 0; i < out.length; i++) out[i] = bytes[2 * i]! * 256 + bytes[2 * i + 1]!
  return out
}

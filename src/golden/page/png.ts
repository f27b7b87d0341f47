import { unfilterRows } from '../../definition/filter-rows.ts'
import { inflate, type Pixels } from './pixels.ts'

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

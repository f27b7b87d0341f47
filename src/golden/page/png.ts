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
  const samples = unfilter(rows, width * size, height, size)
  return { width, height, channels, depth, data: depth === 8 ? samples : wide(samples) }
}

/** Undoes the row filters of PNG. */
function unfilter(rows: Uint8Array, stride: number, height: number, size: number): Uint8Array {
  const out = new Uint8Array(stride * height)
  let above = new Uint8Array(stride)
  for (let y = 0; y < height; y++) {
    const from = y * (stride + 1)
    const row = out.subarray(y * stride, (y + 1) * stride)
    row.set(rows.subarray(from + 1, from + 1 + stride))
    unfilterRow(rows[from] ?? 0, row, above, size)
    above = row
  }
  return out
}

/** @param size bytes of a pixel */
function unfilterRow(filter: number, row: Uint8Array, above: Uint8Array, size: number): void {
  if (filter === 1) for (let i = size; i < row.length; i++) row[i]! += row[i - size]!
  if (filter === 2) for (let i = 0; i < row.length; i++) row[i]! += above[i]!
  if (filter === 3) {
    for (let i = 0; i < row.length; i++) row[i]! += ((i < size ? 0 : row[i - size]!) + above[i]!) >> 1
  }
  if (filter !== 4) return
  for (let i = 0; i < size; i++) row[i]! += above[i]!
  for (let i = size; i < row.length; i++) {
    const [left, up, corner] = [row[i - size]!, above[i]!, above[i - size]!]
    const a = Math.abs(up - corner)
    const b = Math.abs(left - corner)
    const c = Math.abs(left + up - 2 * corner)
    row[i]! += a <= b && a <= c ? left : b <= c ? up : corner
  }
}

function wide(bytes: Uint8Array): Uint16Array {
  const out = new Uint16Array(bytes.length / 2)
  for (let i = 0; i < out.length; i++) out[i] = bytes[2 * i]! * 256 + bytes[2 * i + 1]!
  return out
}

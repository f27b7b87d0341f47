import { invariant } from '../error.ts'

/**
 * The PNG row filters (PNG, section 9): the definition that the WASM loop matches byte for byte.
 *
 * `rows` holds whole rows of `rowBytes` bytes, 16-bit samples with the high byte first; `bpp` is the number of bytes of
 * a pixel, 1..8; `above` is the raw row before the first one. With x the byte, a the byte `bpp` to the left (0 at the
 * left edge), b the byte above, c the byte above a, all modulo 256:
 *
 *     0 None     x
 *     1 Sub      x - a
 *     2 Up       x - b
 *     3 Average  x - floor((a + b) / 2)
 *     4 Paeth    x - whichever of a, b, c is nearest to a + b - c; ties go to a, then b
 *
 * `none` writes filter 0 for every row. `adaptive` writes the filter with the lowest cost. The cost of a filter is the
 * sum of min(byte, 256 - byte) over the filtered bytes of the row, without the filter byte: that is |byte|, read as
 * signed. Of equal costs, the lower filter number wins. If `above` is undefined, the first row can only be None or Sub.
 * Strips are filtered independently, and their height depends only on the shape, so the bytes do not depend on the
 * number of threads.
 *
 * @returns for each row the filter number, then `rowBytes` filtered bytes
 */
export function filterRows(
  rows: Uint8Array,
  rowBytes: number,
  bpp: number,
  above: Uint8Array | undefined,
  mode: 'none' | 'adaptive',
): Uint8Array {
  invariant(rowBytes >= 1 && rows.length % rowBytes === 0, 'rows are whole')
  invariant(above === undefined || above.length === rowBytes, 'the row above is as long as the others')
  const count = rows.length / rowBytes
  const out = new Uint8Array(count * (rowBytes + 1))
  const candidate = new Uint8Array(rowBytes)
  let before = above
  for (let y = 0; y < count; y++) {
    const row = rows.subarray(y * rowBytes, (y + 1) * rowBytes)
    const at = y * (rowBytes + 1)
    if (mode === 'none') {
      out.set(row, at + 1)
      continue
    }
    const allowed = before === undefined ? 2 : 5
    let least = Number.POSITIVE_INFINITY
    for (let filter = 0; filter < allowed; filter++) {
      const cost = filterRow(filter, row, before, bpp, candidate)
      if (cost >= least) continue
      least = cost
      out[at] = filter
      out.set(candidate, at + 1)
    }
    before = row
  }
  return out
}

/** Filters one row into `out` and returns its cost. */
function filterRow(
  filter: number,
  row: Uint8Array,
  before: Uint8Array | undefined,
  bpp: number,
  out: Uint8Array,
) {
  let cost = 0
  for (let i = 0; i < row.length; i++) {
    const a = i < bpp ? 0 : row[i - bpp]!
    const b = before === undefined ? 0 : before[i]!
    const c = before === undefined || i < bpp ? 0 : before[i - bpp]!
    const byte = (row[i]! - predict(filter, a, b, c)) & 0xff
    out[i] = byte
    cost += Math.min(byte, 256 - byte)
  }
  return cost
}

function predict(filter: number, a: number, b: number, c: number): number {
  if (filter === 0) return 0
  if (filter === 1) return a
  if (filter === 2) return b
  if (filter === 3) return (a + b) >> 1
  return paeth(a, b, c)
}

/**
 * Undoes the filters of `filterRows` or any other encoder, and returns the whole raw rows.
 *
 * @param filtered for each row the filter number, then `rowBytes` bytes
 * @param above the raw row before the first one; for the first row of a picture it is omitted and counts as zeros
 * @returns undefined if a row has a filter that does not exist
 */
export function unfilterRows(
  filtered: Uint8Array,
  rowBytes: number,
  bpp: number,
  above = new Uint8Array(rowBytes),
): Uint8Array | undefined {
  const count = filtered.length / (rowBytes + 1)
  invariant(Number.isInteger(count), 'rows are whole')
  const out = new Uint8Array(count * rowBytes)
  let before = above
  for (let y = 0; y < count; y++) {
    const filter = filtered[y * (rowBytes + 1)]!
    if (filter > 4) return undefined
    const row = out.subarray(y * rowBytes, (y + 1) * rowBytes)
    for (let i = 0; i < rowBytes; i++) {
      const a = i < bpp ? 0 : row[i - bpp]!
      const c = i < bpp ? 0 : before[i - bpp]!
      row[i] = filtered[y * (rowBytes + 1) + 1 + i]! + predict(filter, a, before[i]!, c)
    }
    before = row
  }
  return out
}

/** Returns the Paeth prediction. */
export function paeth(a: number, b: number, c: number): number {
  const p = a + b - c
  const pa = Math.abs(p - a)
  const pb = Math.abs(p - b)
  const pc = Math.abs(p - c)
  return pa <= pb && pa <= pc ? a : pb <= pc ? b : c
}

/** Returns samples as PNG stores them: 8-bit unchanged, 16-bit with the high byte first. */
export function pngBytes(samples: Uint8Array | Uint16Array): Uint8Array {
  if (samples instanceof Uint8Array) return samples
  const bytes = new Uint8Array(samples.length * 2)
  for (let i = 0; i < samples.length; i++) {
    bytes[2 * i] = samples[i]! >>> 8
    bytes[2 * i + 1] = samples[i]! & 0xff
  }
  return bytes
}

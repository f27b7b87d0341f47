import { pause } from '../host/turns.ts'

const piece = 2 ** 18

/** Unpacks a PackBits strip, up to `length` bytes. */
export async function unpackBits(packed: Uint8Array, length: number): Promise<Uint8Array> {
  const out = new Uint8Array(length)
  let [to, turned] = [0, 0]
  for (let at = 0; at < packed.length && to < length; ) {
    if (to - turned > piece) {
      await pause()
      turned = to
    }
    const head = packed[at++]!
    if (head < 128) {
      const run = packed.subarray(at, at + Math.min(head + 1, length - to))
      out.set(run, to)
      to += run.length
      at += head + 1
    } else if (head > 128) {
      const count = Math.min(257 - head, length - to)
      out.fill(packed[at++] ?? 0, to, to + count)
      to += count
    }
  }
  return out.subarray(0, to)
}

/**
 * Unpacks an LZW strip as in TIFF (TIFF 6.0, section 13), up to `length` bytes. @throws RangeError for an invalid code
 */
export async function unpackLzw(packed: Uint8Array, length: number): Promise<Uint8Array> {
  const out = new Uint8Array(length)
  // an entry is a run of the output, by its start and length
  const starts = new Int32Array(4096)
  const counts = new Int32Array(4096)
  let [to, held, bits, width, next, at] = [0, 0, 0, 9, 258, 0]
  let [before, long, turned] = [-1, 0, 0]
  while (to < length) {
    if (to - turned > piece) {
      await pause()
      turned = to
    }
    while (bits < width && at < packed.length) {
      held = ((held << 8) | packed[at++]!) & 0xffffff
      bits += 8
    }
    if (bits < width) break
    const code = (held >> (bits - width)) & ((1 << width) - 1)
    bits -= width
    if (code === 257) break
    if (code === 256) {
      ;[width, next, before] = [9, 258, -1]
      continue
    }
    const from = to
    if (code < 256) {
      out[to++] = code
    } else {
      const isNew = code === next
      if (before < 0 || (!isNew && code > next)) throw new RangeError('an invalid code')
      const [start, count] = isNew ? [before, long + 1] : [starts[code]!, counts[code]!]
      for (let i = 0; i < count && to < length; i++) out[to++] = out[start + i]!
    }
    if (before >= 0 && next < 4096) {
      starts[next] = before
      counts[next] = long + 1
      next++
    }
    ;[before, long] = [from, to - from]
    // the writer is one entry ahead
    if (next + 1 >= 1 << width && width < 12) width++
  }
  return out.subarray(0, to)
}

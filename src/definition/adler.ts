const adlerBase = 65521
/** The largest number of bytes whose sums fit in 32 bits before the remainder must be taken (zlib's NMAX). */
const adlerRun = 5552

/** Returns the Adler-32 of bytes (RFC 1950), continued from `start`. */
export function adler32(bytes: Uint8Array, start = 1): number {
  let a = start & 0xffff
  let b = start >>> 16
  for (let i = 0; i < bytes.length; ) {
    const end = Math.min(i + adlerRun, bytes.length)
    for (; i < end; i++) {
      a = (a + bytes[i]!) | 0
      b = (b + a) | 0
    }
    a = (a >>> 0) % adlerBase
    b = (b >>> 0) % adlerBase
  }
  return ((b << 16) | a) >>> 0
}

/**
 * Returns the Adler-32 of two runs of bytes, one after the other, from the Adler-32 of each and the length of the
 * second.
 */
export function adlerCombine(first: number, second: number, secondLength: number): number {
  const a = ((first & 0xffff) + (second & 0xffff) + adlerBase - 1) % adlerBase
  // each byte of the first run counts once more for every byte of the second
  const carried = ((secondLength % adlerBase) * ((first & 0xffff) + adlerBase - 1)) % adlerBase
  const b = ((first >>> 16) + (second >>> 16) + carried) % adlerBase
  return ((b << 16) | a) >>> 0
}

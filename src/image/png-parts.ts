import * as zlib from 'node:zlib'

/** The first bytes of every PNG. */
export const pngSignature: Uint8Array = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)

let crcTable: Uint32Array | undefined

const newCrcTable = () =>
  Uint32Array.from({ length: 256 }, (_, n) => {
    let c = n
    for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1
    return c
  })

/** CRC-32 as used in PNG, from a table, for Node before 20.15. */
export function crc32ByTable(bytes: Uint8Array, start = 0): number {
  crcTable ??= newCrcTable()
  let c = ~start
  for (const byte of bytes) c = crcTable[(c ^ byte) & 0xff]! ^ (c >>> 8)
  return ~c >>> 0
}

/** The number of bytes up to which the table is used, because loading zlib would take longer. */
const few = 1024

/** CRC-32 as used in PNG, continued from `start`. It uses zlib's function if Node has it. */
export const crc32 = (bytes: Uint8Array, start = 0): number =>
  bytes.length <= few || typeof zlib.crc32 !== 'function'
    ? crc32ByTable(bytes, start)
    : zlib.crc32(bytes, start)

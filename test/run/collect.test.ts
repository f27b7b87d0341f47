import { expect, it } from 'vitest'
import { ownBytes } from '../../src/run/collect.ts'

// Node 21 and later refuse to transfer the pool that small Buffers share, such as the compressed rows of a flat strip.
it.each([0, 1, 3000, 2 ** 16, 2 ** 16 + 1, 2 ** 20])(
  '%i bytes are given away with a buffer of their own',
  (n) => {
    const pooled = Buffer.concat([Buffer.alloc(n, 7)])
    const own = ownBytes(pooled)
    expect([own.length, own.every((byte) => byte === 7)]).toEqual([n, true])
    expect(own.buffer.byteLength).toBe(n)
    // larger ones are not copied
    expect(own.buffer === pooled.buffer).toBe(n > 2 ** 16)
  },
)

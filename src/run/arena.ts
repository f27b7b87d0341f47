import { ConvoError } from '../error.ts'
import type { Address } from '../graph/address.ts'
import { mebibytes } from '../text/count.ts'

const page = 65536
const maximumPages = 65536
/** The control block of the pool (control.ts) is here, near the start of the memory. */
export const controlAddress = 64
const firstAddress = 1024

/**
 * Hands out addresses in one shared WebAssembly memory, in ascending order. `release` takes back everything since a
 * mark.
 */
export type Arena = {
  readonly memory: WebAssembly.Memory
  /** Returns an address divisible by 64 with `bytes` bytes, plus 64 more that loops may read and write past the end. */
  alloc(bytes: number): Address
  /** Returns the address of an array, or undefined if it is not in this memory. */
  addressOf(values: ArrayBufferView): Address | undefined
  mark(): number
  release(mark: number): void
}

/** Creates an arena with its own memory, which grows as needed up to 4 GiB. */
export function createArena(): Arena {
  const memory = new WebAssembly.Memory({ initial: 16, maximum: maximumPages, shared: true })
  let top = firstAddress
  // growing replaces the buffer of the memory, but arrays keep the old one
  const buffers = new WeakSet<ArrayBufferLike>([memory.buffer])
  return {
    memory,
    alloc(bytes) {
      const address = top as Address
      const end = Math.ceil((address + bytes + 64) / 64) * 64
      const missing = Math.ceil((end - memory.buffer.byteLength) / page)
      if (missing > 0) grow(memory, missing, bytes)
      buffers.add(memory.buffer)
      top = end
      return address
    },
    addressOf: ({ buffer, byteOffset }) => (buffers.has(buffer) ? (byteOffset as Address) : undefined),
    mark: () => top,
    release(mark) {
      top = mark
    },
  }
}

function grow(memory: WebAssembly.Memory, pages: number, bytes: number): void {
  try {
    memory.grow(pages)
  } catch (cause) {
    const asked = `${mebibytes(bytes)} more on top of ${mebibytes(memory.buffer.byteLength)}`
    throw new ConvoError('E_TOO_LARGE', `${asked} are needed, and at most 4096 MiB can be used`, {
      fix: 'a smaller picture or tensor, or process it in parts',
      cause,
    })
  }
}

import { ConvoError } from '../error.ts'
import type { Address } from '../graph/address.ts'
import { mebibytes } from '../text/count.ts'

const page = 65536
const maximumPages = 65536
/** The first bytes hold the control block of the pool (control.ts). */
export const controlAddress = 64
const firstAddress = 1024

/** Hands out addresses in one shared WebAssembly memory, upwards; `release` takes back all since a mark. */
export type Arena = {
  readonly memory: WebAssembly.Memory
  /** An address divisible by 64 with `bytes` bytes and 64 more behind them, that loops may read and write past the end. */
  alloc(bytes: number): Address
  /** Where an array is, if it is in this memory. */
  addressOf(values: ArrayBufferView): Address | undefined
  mark(): number
  release(mark: number): void
}

/** A new memory of its own. It grows as needed up to 4 GiB. */
export function createArena(): Arena {
  const memory = new WebAssembly.Memory({ initial: 16, maximum: maximumPages, shared: true })
  let top = firstAddress
  // the memory shows another buffer once it has grown, and arrays keep theirs
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

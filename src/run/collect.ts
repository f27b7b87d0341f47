import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** The number of bytes of discarded buffers that may accumulate before they are collected. */
const patience = 4 * 2 ** 20

/**
 * Reports that a number of bytes of buffers have become garbage. Buffers are outside the JavaScript heap, so the engine
 * would let 64 MiB of them accumulate in every thread before it collects. A minor collection takes well under a
 * millisecond and frees those that were made since the last one.
 */
export type Discard = (bytes: number) => void

/**
 * The size in bytes from which a buffer is worth the effort. It is more than Node's pool holds, whose shared memory
 * must not be transferred.
 */
const largeBuffer = 2 ** 16

/** Returns bytes whose buffer may be transferred. Small arrays may be part of Node's pool, and are copied. */
export const ownBytes = (bytes: Uint8Array): Uint8Array & { readonly buffer: ArrayBuffer } =>
  (bytes.byteLength > largeBuffer ? bytes : new Uint8Array(bytes)) as Uint8Array & {
    readonly buffer: ArrayBuffer
  }

/**
 * Moves the memory of bytes that are no longer needed to a new object, which the next minor collection finds. Bytes
 * that have waited to be written may have survived two minor collections and would stay until a major one: 20 MiB of
 * the peak at 53 megapixels.
 */
export function rejuvenate({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && byteLength > largeBuffer)
    structuredClone(buffer, { transfer: [buffer] })
}

/** Creates a counter of the discarded buffers of this thread. */
export function createDiscard(): Discard {
  let lying = 0
  let collect: ((options: { type: 'minor' }) => void) | undefined
  return (bytes) => {
    lying += bytes
    if (lying < patience) return
    lying = 0
    collect ??= exposeCollector()
    collect({ type: 'minor' })
  }
}

function exposeCollector(): (options: { type: 'minor' }) => void {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as (options: { type: 'minor' }) => void
}

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Bytes of buffers that may stay before they are collected. */
const patience = 4 * 2 ** 20

/**
 * Informs the engine that a number of bytes of buffers have become garbage. Buffers are outside of its heap, so it would let
 * 64 MiB of them pile up in every thread before it looks; a minor collection takes well under a millisecond and finds
 * those that were made since the last one.
 */
export type Discard = (bytes: number) => void

/** Bytes that are worth the trouble, and more than Node's pool holds, whose memory is shared and not to be given away. */
const largeBuffer = 2 ** 16

/** Bytes whose buffer can be given away: small ones may be part of Node's pool, and are copied. */
export const ownBytes = (bytes: Uint8Array): Uint8Array & { readonly buffer: ArrayBuffer } =>
  (bytes.byteLength > largeBuffer ? bytes : new Uint8Array(bytes)) as Uint8Array & {
    readonly buffer: ArrayBuffer
  }

/**
 * Hands the memory of bytes that nobody needs any more to a young owner, which the next minor collection finds. Bytes that
 * have waited to be written may have survived two of those, and would stay until a major one: 20 MiB of the peak
 * at 53 megapixels.
 */
export function rejuvenate({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && byteLength > largeBuffer)
    structuredClone(buffer, { transfer: [buffer] })
}

/** Keeps count of discarded buffers for this thread. */
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

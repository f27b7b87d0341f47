import { joined } from '../host/turns.ts'

/** An output under way. Nothing is seen at its path before `commit`. */
export type Output = {
  /** True when bytes are kept until `commit`, and must not change before. */
  readonly holds: boolean
  /** Appends bytes. */
  write(chunks: Uint8Array | readonly Uint8Array[]): Promise<void>
  /** Writes bytes at a place of the file, where the output is one; `write` is not for such an output. */
  readonly writeAt?: (bytes: Uint8Array, position: number) => Promise<void>
  /** Puts what was written in place, all at once. */
  commit(): Promise<void>
  /** Drops what was written; after `commit`, or a second time, it does nothing. */
  abort(): Promise<void>
}

/** Memory that is not shared: it may be transferred, and be the body of a `Response` or a part of a `Blob`. */
export type Own = {
  /** Its memory, which is the caller's. */
  readonly buffer: ArrayBuffer
}

/** What is written to paths that represent memory. */
const kept = new Map<string, Uint8Array[]>()
let count = 0

/** A file that is written to memory instead of a disk; the extension says the format. */
export function memoryFile(extension: string) {
  const path = `memory:${++count}/output${extension}`
  const chunks: Uint8Array[] = []
  kept.set(path, chunks)
  return {
    /** What to write it as. */
    path,
    /** The bytes, once it is written. */
    async bytes(): Promise<Buffer & Own> {
      const first = chunks.length === 1 ? chunks[0]! : await joined(chunks)
      return Buffer.from(first.buffer as ArrayBuffer, first.byteOffset, first.length) as Buffer & Own
    },
    /** Forgets it. */
    close: () => void kept.delete(path),
  }
}

/** Whether a path represents memory. */
export const isInMemory = (path: string): boolean => kept.has(path)

/** The output to a path that represents memory; undefined for any other path. */
export function memoryOutput(path: string): Output | undefined {
  const chunks = kept.get(path)
  if (chunks === undefined) return undefined
  return {
    holds: true,
    write: async (more) => void chunks.push(...(more instanceof Uint8Array ? [more] : more)),
    commit: async () => undefined,
    abort: async () => void chunks.splice(0),
  }
}

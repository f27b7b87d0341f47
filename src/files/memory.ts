import { joined } from '../host/turns.ts'

/** An output in progress. Nothing appears at its path before `commit`. */
export type Output = {
  /** Whether bytes are kept until `commit`, and must not change before. */
  readonly holds: boolean
  /** Appends bytes. */
  write(chunks: Uint8Array | readonly Uint8Array[]): Promise<void>
  /** Writes bytes at a position, if the output is a file; do not mix it with `write`. */
  readonly writeAt?: (bytes: Uint8Array, position: number) => Promise<void>
  /** Puts the whole output in place at once. */
  commit(): Promise<void>
  /** Drops the output. Does nothing after `commit`, or if called again. */
  abort(): Promise<void>
}

/** Memory that is not shared. It can be transferred, and used as the body of a `Response` or as part of a `Blob`. */
export type Own = {
  /** Its memory, which belongs to the caller. */
  readonly buffer: ArrayBuffer
}

const kept = new Map<string, Uint8Array[]>()
let count = 0

/** Makes a file that is written to memory instead of a disk. The extension selects the format. */
export function memoryFile(extension: string) {
  const path = `memory:${++count}/output${extension}`
  const chunks: Uint8Array[] = []
  kept.set(path, chunks)
  return {
    path,
    /** Returns the bytes once the file is written. */
    async bytes(): Promise<Buffer & Own> {
      const first = chunks.length === 1 ? chunks[0]! : await joined(chunks)
      return Buffer.from(first.buffer as ArrayBuffer, first.byteOffset, first.length) as Buffer & Own
    },
    /** Releases the memory. */
    close: () => void kept.delete(path),
  }
}

export const isInMemory = (path: string): boolean => kept.has(path)

/** Returns the output to a path that represents memory, or undefined for any other path. */
export function memoryOutput(path: string): Output | undefined {
  const chunks = kept.get(path)
  return chunks && heldOutput(chunks, async () => undefined)
}

/** Returns an output that holds its bytes in `chunks` until `commit`. */
export const heldOutput = (chunks: Uint8Array[], commit: () => Promise<void>): Output => ({
  holds: true,
  write: async (more) => {
    for (const chunk of listOf(more)) chunks.push(chunk)
  },
  commit,
  abort: async () => void chunks.splice(0),
})

export const listOf = (chunks: Uint8Array | readonly Uint8Array[]): readonly Uint8Array[] =>
  chunks instanceof Uint8Array ? [chunks] : chunks

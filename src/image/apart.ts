import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { distFile } from '../files/package.ts'
import { listening } from '../signals.ts'
import type { Borrowing } from './borrowed-decoders.ts'
import type { Source } from './reader.ts'
import type { Raw, RawRecipe } from './sharp.ts'

/** The request to the process, sent as JSON after its length. Without a path, `bytes` of input follow it. */
export type Order = {
  readonly path?: string
  readonly bytes: number
  readonly recipe?: RawRecipe
  readonly borrowing?: Borrowing
}

/** The response of the process, in the same form. The samples follow it. */
export type Answer = { readonly info: Raw['info']; readonly bytes: number } | { readonly error: string }

/**
 * Decodes to raw samples in a separate process. It takes 0.1 s to start, but it can be abandoned: the cost of a drawing
 * cannot be known in advance, and a thread that draws for minutes would delay the exit of its process.
 */
export const decodeApart = (input: Source, how: RawRecipe | Borrowing): Promise<Raw> =>
  listening(async () => {
    const child = spawn(process.execPath, [fileURLToPath(distFile('decoder.js'))], {
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    const failed = new Promise<never>((_, reject) => child.once('error', reject))
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-2000)
    })
    // the child may exit before it has read everything; that is handled below
    child.stdin.on('error', () => undefined)
    const bytes = typeof input === 'string' ? new Uint8Array(0) : input
    const work = 'kind' in how ? { borrowing: how } : { recipe: how }
    const order: Order = { bytes: bytes.length, ...work, ...(typeof input === 'string' && { path: input }) }
    // stdin stays open: its end shows the child that its parent is gone
    for (const piece of [framed(order), bytes]) child.stdin.write(piece)
    try {
      const answer = await Promise.race([unframed<Answer>(child.stdout), failed])
      if (answer === undefined) throw new Error(said.trim() || 'the decoding process ended')
      if ('error' in answer.head) throw new Error(answer.head.error)
      return { data: answer.body, info: answer.head.info }
    } finally {
      child.kill('SIGKILL')
    }
  })

/** Encodes a value as JSON after its length in bytes. */
export function framed(value: Order | Answer): Buffer {
  const json = Buffer.from(JSON.stringify(value))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(json.length)
  return Buffer.concat([length, json])
}

/** Reads a framed value and the bytes after it, as many as it states. Returns undefined if the stream ends early. */
export async function unframed<T extends object>(
  stream: NodeJS.ReadableStream,
): Promise<{ readonly head: T; readonly body: Buffer } | undefined> {
  let start = Buffer.alloc(0)
  let found: { head: T; body: Buffer; filled: number } | undefined
  return new Promise((done) => {
    const take = (piece: Buffer) => {
      let rest = piece
      if (found === undefined) {
        start = Buffer.concat([start, piece])
        const end = start.length < 4 ? Number.POSITIVE_INFINITY : 4 + start.readUInt32LE()
        if (start.length < end) return
        const head = JSON.parse(start.toString('utf8', 4, end)) as T & { bytes?: number }
        found = { head, body: Buffer.allocUnsafeSlow(head.bytes ?? 0), filled: 0 }
        rest = start.subarray(end)
      }
      found.filled += rest.copy(found.body, found.filled)
      if (found.filled === found.body.length) done(found)
    }
    stream.on('data', take)
    stream.once('close', () => done(undefined))
  })
}

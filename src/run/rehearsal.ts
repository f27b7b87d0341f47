import { type Arena, createArena } from './arena.ts'
import type { Session } from './pool.ts'

/** The maximum number of bytes that work takes at the same time, beside an input that is held whole. */
export type Taken = {
  /** The part of the input that is held because it is read again. */
  readonly input: number
  /**
   * The memory that all threads work on, with the tables that they read and the rows of the input that are brought in.
   */
  readonly strips: number
  /** Results of steps that are held whole. */
  readonly whole: number
  /** A result that is held until it is encoded, and its encoder. */
  readonly output: number
}

/**
 * Measures the memory that work takes, with a session that computes nothing but lays out the same memory as a real one.
 */
export async function rehearse(
  threads: number,
  work: (session: Session) => Promise<unknown>,
): Promise<Taken> {
  const real = createArena()
  const held = { input: 0, whole: 0, output: 0 }
  let strips = 0
  const arena: Arena = {
    ...real,
    alloc(bytes) {
      const address = real.alloc(bytes)
      strips = Math.max(strips, real.mark())
      return address
    },
  }
  await work({
    arena,
    threads,
    async run(job, { length: parts }, _, { parallel = true, aside = false } = {}) {
      const mark = arena.mark()
      arena.alloc(job.scratchBytes * (parallel || aside ? Math.min(threads, parts) : 1))
      arena.release(mark)
    },
    hold(what, bytes) {
      // whole results are held one at a time, or their holder reports the sum; parts of the output add up
      held[what] = what === 'output' ? held.output + bytes : Math.max(held[what], bytes)
    },
  })
  return { strips, ...held }
}

import { involveRows, type LikenessOptions } from '../conv/likeness.ts'
import type { PartResult } from './jobs.ts'

/** An involution by likeness over planes in the shared memory: each part some rows. */
export type LikenessJob = {
  readonly kind: 'likeness'
  readonly scratchBytes: number
  readonly parts: number
  readonly shape: readonly [channels: number, height: number, width: number]
  readonly options: LikenessOptions
  /** [C][H][W] float32, both. */
  readonly source: number
  readonly target: number
}

/** Rows of a part: enough that what a part makes ready for itself is little beside them. */
export const rowsPerPart = 16

/** Computes parts of a job. The loops are those of the definition. */
export function prepareLikeness(job: LikenessJob, memory: WebAssembly.Memory): (part: number) => PartResult {
  const { shape, options } = job
  const size = shape[0] * shape[1] * shape[2]
  const data = new Float32Array(memory.buffer, job.source, size)
  const out = new Float32Array(memory.buffer, job.target, size)
  return (part) => {
    const top = part * rowsPerPart
    involveRows({ shape, data }, options, top, Math.min(top + rowsPerPart, shape[1]), out)
    return {}
  }
}

import type { MapFacts } from '../image/sheet.ts'
import type { BankJob } from './bank.ts'
import { prepareBank } from './bank-parts.ts'
import type { WasmExports } from './engine.ts'
import type { GraphJob } from './graph-job.ts'
import { prepareGraph } from './graph-part.ts'
import { preparePicture } from './picture.ts'
import type { PictureJob } from './picture-job.ts'

/** Work that is cut into parts. Plain data: it is copied to the workers. */
export type Job = PictureJob | BankJob | GraphJob

/** What a part leaves behind besides what it wrote into the shared memory. */
export type PartResult = {
  /** Deflated rows of a PNG, their Adler-32 and length before. */
  readonly bytes?: Uint8Array
  readonly adler?: number
  readonly length?: number
  /** Samples clipped at either end. */
  readonly low?: number
  readonly high?: number
  /** The extremes, for a job that looks for them. */
  readonly min?: number
  readonly max?: number
  /** Of each map, for a job that looks for them. */
  readonly maps?: readonly MapFacts[]
  readonly bins?: readonly Uint32Array[]
}

/** Computes one part; a promise only where that waits for others than this thread. */
export type RunPart = (part: number) => PartResult | Promise<PartResult>

/** Gets a thread ready for a job. `scratch` is the thread's own memory. */
export function prepareJob(
  job: Job,
  wasm: WasmExports,
  memory: WebAssembly.Memory,
  scratch: number,
): RunPart {
  if (job.kind === 'graph') return prepareGraph(job, wasm, memory, scratch)
  return job.kind === 'picture' ? preparePicture(job, wasm, memory, scratch) : prepareBank(job, wasm, scratch)
}

import type { BankJob } from './bank.ts'
import { prepareBank } from './bank-parts.ts'
import type { WasmExports } from './engine.ts'
import type { GraphJob } from './graph-job.ts'
import { prepareGraph } from './graph-part.ts'
import type { RunPart } from './part.ts'
import { preparePicture } from './picture.ts'
import type { PictureJob } from './picture-job.ts'

/** Work that is cut into parts. Plain data: it is copied to the workers. */
export type Job = PictureJob | BankJob | GraphJob

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

import type { Address } from '../graph/address.ts'
import type { BankJob } from './bank.ts'
import { prepareBank } from './bank-parts.ts'
import type { WasmExports } from './engine.ts'
import type { GraphJob } from './graph-job.ts'
import { prepareGraph } from './graph-part.ts'
import type { RunPart } from './part.ts'

/** Work that is cut into parts. Plain data: it is copied to the workers. */
export type Job = BankJob | GraphJob

/** Gets a thread ready for a job. `scratch` is the thread's own memory. */
export function prepareJob(
  job: Job,
  wasm: WasmExports,
  memory: WebAssembly.Memory,
  scratch: Address,
): RunPart {
  return job.kind === 'graph' ? prepareGraph(job, wasm, memory, scratch) : prepareBank(job, wasm, scratch)
}

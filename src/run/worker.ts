import { parentPort, workerData } from 'node:worker_threads'
import { invariant } from '../error.ts'
import { controlAddress } from './arena.ts'
import { ownBytes } from './collect.ts'
import { awaitStaged, claim, controlWords, release } from './control.ts'
import { loadEngine } from './engine.ts'
import { prepareGraph } from './graph-part.ts'
import type { WorkerMessage, WorkerOrder } from './pool.ts'

// The body of a worker thread: claims parts of the job at hand until none is left.

const port = parentPort
invariant(port !== null, 'worker.ts runs only as a worker thread')
// The compiled module is shared: what one thread has compiled, all have.
const { memory, module } = workerData as { memory: WebAssembly.Memory; module: WebAssembly.Module }
const engine = loadEngine(memory, module)
const control = new Int32Array(memory.buffer, controlAddress, controlWords)
const say = (message: WorkerMessage, transfer: readonly ArrayBuffer[] = []) =>
  port.postMessage(message, [...transfer])

port.on('message', async ({ job, parts, scratch, slots }: WorkerOrder) => {
  try {
    const runPart = prepareGraph(job, engine, scratch)
    for (let part = claim(control); part < parts; part = claim(control)) {
      if (slots > 0) awaitStaged(control, part)
      for (const made of runPart(part)) {
        if (made === undefined) continue
        const { packing, ...result } = made.result
        const bytes = packing === undefined ? result.bytes : await packing
        const own = bytes && ownBytes(bytes)
        const { piece } = made
        if (own === undefined) say({ kind: 'made', made: { piece, result } })
        else say({ kind: 'made', made: { piece, result: { ...result, bytes: own } } }, [own.buffer])
      }
      if (slots > 0) release(control, part, slots)
    }
    say({ kind: 'done' })
  } catch (error) {
    const { message, stack = '' } = error as Error
    say({ kind: 'failed', message, stack })
  }
})

say({ kind: 'ready' })

import { parentPort } from 'node:worker_threads'
import { invariant } from '../error.ts'
import { loadEngine, optimise } from './engine.ts'
import type { RowsAnswer, RowsOrder } from './png-crew.ts'
import { nextStrip } from './png-data.ts'

// The body of a thread that makes rows of PNGs.

const port = parentPort
invariant(port !== null, 'png-helper.ts runs only as a worker thread')
const say = (answer: RowsAnswer) => port.postMessage(answer)

port.on('message', ({ cursor, memory, module, control }: RowsOrder) => {
  const words = new Int32Array(memory.buffer, control, 2)
  let isSound = false
  try {
    const bench = { memory, wasm: loadEngine(memory, module) }
    for (let made = 0; ; made++) {
      let used = Atomics.load(words, 0)
      for (; used <= made - cursor.slots.length; used = Atomics.load(words, 0)) Atomics.wait(words, 0, used)
      if (Atomics.load(words, 1) !== 0) break
      const strip = nextStrip(cursor, bench)
      isSound = strip === undefined
      if (strip === undefined) break
      say({ kind: 'strip', strip })
    }
  } catch {
    // what it is, the decoder of whole pictures says
  }
  say({ kind: 'end', isSound })
})

optimise()
say({ kind: 'ready' })

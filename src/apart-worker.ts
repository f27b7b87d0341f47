import { parentPort } from 'node:worker_threads'
import { asConvoError, invariant } from './error.ts'
import { namedKernels } from './filters/names.ts'
import { selfTest } from './golden/self-test.ts'
import { comparePictures } from './image/compare/compare.ts'
import { glowOf } from './image/compare/render.ts'
import { writeKernel } from './kernel/formats/index.ts'
import { loadKernel } from './kernel/source.ts'
import { readModel } from './net/model.ts'
import type { Answer, Order, Task } from './run/apart.ts'
import { animation } from './teach/animate/animate.ts'
import { card } from './teach/show/show.ts'

// The worker thread for long tasks, so that the main thread of a program can do other work meanwhile.

const tasks: Readonly<Record<Task, (...given: never[]) => unknown>> = {
  animate: animation,
  compare: comparePictures,
  glow: glowOf,
  network: readModel,
  readKernel: (source: string) => loadKernel(source, { names: namedKernels }),
  selfTest,
  show: card,
  writeKernel,
}

const port = parentPort
invariant(port !== null, 'apart-worker.ts runs only as a worker thread')

port.on('message', async ({ id, task, given }: Order) => {
  try {
    const found = await tasks[task](...(given as never[]))
    const answer: Answer = { id, found }
    port.postMessage(answer, [...buffersIn(found)])
  } catch (cause) {
    const { code, message, why, fix, instead } = asConvoError(cause)
    const meant = instead === undefined ? fix : undefined
    const answer: Answer = { id, error: { code, message, why, fix: meant, instead } }
    port.postMessage(answer)
  }
})

/**
 * Returns the large arrays in a result, which are transferred instead of copied. Small ones are copied: Node may keep
 * several of them in one buffer.
 */
function buffersIn(found: unknown, all = new Set<ArrayBuffer>()): ReadonlySet<ArrayBuffer> {
  if (ArrayBuffer.isView(found)) {
    if (found.buffer instanceof ArrayBuffer && found.buffer.byteLength > 2 ** 16) all.add(found.buffer)
  } else if (found instanceof Map || Array.isArray(found))
    for (const one of found.values()) buffersIn(one, all)
  else if (typeof found === 'object' && found !== null)
    for (const one of Object.values(found)) buffersIn(one, all)
  return all
}

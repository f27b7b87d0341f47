import { parentPort } from 'node:worker_threads'
import { asConvoError, invariant } from '../error.ts'
import { comparePictures } from '../image/compare/compare.ts'
import type { CompareAnswer, CompareOrder } from './compare-apart.ts'

// The body of the thread that compares pictures for programs that have others to answer meanwhile.

const port = parentPort
invariant(port !== null, 'compare-worker.ts runs only as a worker thread')
const say = (answer: CompareAnswer, transfer: readonly ArrayBuffer[] = []) =>
  port.postMessage(answer, [...transfer])

port.on('message', ({ id, expected, actual, tolerance }: CompareOrder) => {
  try {
    const comparison = comparePictures(expected, actual, tolerance)
    const { map, ignored } = comparison
    const buffers = [map?.values, map?.counted, ignored].map((one) => one?.buffer)
    const own = buffers.filter((one): one is ArrayBuffer => one instanceof ArrayBuffer)
    say({ id, comparison }, [...new Set(own)])
  } catch (cause) {
    const { code, message, why, fix } = asConvoError(cause)
    say({ id, error: { code, message, why, fix } })
  }
})

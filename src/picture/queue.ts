import { setMaxListeners } from 'node:events'

/** The most jobs that run at a time. The others wait with nothing read or prepared. */
const mostBegun = 3
let begun = 0
const waiting: (() => void)[] = []

/**
 * Runs a job when its turn comes. The job must not wait for anything that may need a turn too, such as a stream. A
 * waiting job is only a promise, so thousands are cheap.
 *
 * @throws the reason of the signal, if it is aborted before the job begins
 */
export function inQueue<T>(signal: AbortSignal | undefined, job: () => Promise<T>): Promise<T> {
  if (signal?.aborted) return Promise.reject(signal.reason)
  if (begun < mostBegun) {
    begun++
    return passing(job)
  }
  return new Promise((done, failed) => {
    const turn = () => {
      signal?.removeEventListener('abort', leave)
      done(passing(job))
    }
    const leave = () => {
      waiting.splice(waiting.indexOf(turn), 1)
      failed(signal?.reason)
    }
    if (signal !== undefined) {
      // thousands of jobs may share one signal
      setMaxListeners(0, signal)
      signal.addEventListener('abort', leave)
    }
    waiting.push(turn)
  })
}

/** Runs a job, then passes its turn to the next job in the queue. */
async function passing<T>(job: () => Promise<T>): Promise<T> {
  try {
    return await job()
  } finally {
    const next = waiting.shift()
    if (next === undefined) begun--
    else next()
  }
}

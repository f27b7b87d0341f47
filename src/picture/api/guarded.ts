import { types } from 'node:util'
import { asConvoError, ConvoError } from '../../error.ts'
import type { Watch } from '../../run/watch.ts'
import type { Report } from '../job.ts'

/** How a caller aborts its work, follows its progress and learns what it did. */
export type Follow = Watch & {
  /** Called with the report of the run once its result is there; its notes say what was lost. */
  readonly onReport?: ((report: Report) => void) | undefined
}

/** Wraps the callbacks. Their errors are reported as E_ARGUMENT. `settled` waits for the promises that they returned. */
export function guarded({ onProgress, onReport }: Follow) {
  const promised: Promise<unknown>[] = []
  const calling = <T>(name: string, act: ((given: T) => unknown) | undefined) => {
    const failed = (cause: unknown) =>
      new ConvoError('E_ARGUMENT', `${name} threw an error`, { why: asConvoError(cause).message, cause })
    return (given: T): void => {
      try {
        const made = act?.(given)
        if (types.isPromise(made)) promised.push(made.then(() => undefined, failed))
      } catch (cause) {
        throw failed(cause)
      }
    }
  }
  return {
    onProgress: onProgress && calling('onProgress', onProgress),
    onReport: calling('onReport', onReport),
    async settled(): Promise<void> {
      const error = (await Promise.all(promised)).find((one) => one !== undefined)
      if (error !== undefined) throw error
    },
  }
}

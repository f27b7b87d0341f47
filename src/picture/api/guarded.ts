import { types } from 'node:util'
import { asConvoError, ConvoError } from '../../error.ts'
import type { Watch } from '../../run/watch.ts'
import type { Report } from '../job.ts'

/** How a caller aborts its work, follows its progress and learns what it did. */
export type Follow = Watch & {
  /** Called with the report of the run once its result is there; its notes say what was lost. */
  readonly onReport?: ((report: Report) => void) | undefined
}

/**
 * Returns `calling`, which wraps callbacks so that their errors are E_ARGUMENT, and `settled`, which waits for the promises
 * that they returned.
 */
export function guarded() {
  const promised: Promise<unknown>[] = []
  return {
    calling<A extends readonly unknown[]>(name: string, act: ((...given: A) => unknown) | undefined) {
      const failed = (cause: unknown) =>
        new ConvoError('E_ARGUMENT', `${name} threw an error`, { why: asConvoError(cause).message, cause })
      if (act === undefined) return undefined
      return (...given: A): void => {
        try {
          const made = act(...given)
          if (types.isPromise(made)) promised.push(made.then(() => undefined, failed))
        } catch (cause) {
          throw failed(cause)
        }
      }
    },
    async settled(): Promise<void> {
      const error = (await Promise.all(promised)).find((one) => one !== undefined)
      if (error !== undefined) throw error
    },
  }
}

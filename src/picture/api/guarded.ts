import { types } from 'node:util'
import { asConvoError, ConvoError } from '../../error.ts'

/**
 * Wraps a progress callback. Its errors are reported as E_ARGUMENT. `settled` waits for the promises that it returned.
 */
export function guarded(onProgress: (share: number) => unknown) {
  const promised: Promise<unknown>[] = []
  const failed = (cause: unknown) =>
    new ConvoError('E_ARGUMENT', 'onProgress threw an error', { why: asConvoError(cause).message, cause })
  return {
    call(share: number): void {
      try {
        const made = onProgress(share)
        if (types.isPromise(made)) promised.push(made.then(() => undefined, failed))
      } catch (cause) {
        throw failed(cause)
      }
    },
    async settled(): Promise<void> {
      const error = (await Promise.all(promised)).find((one) => one !== undefined)
      if (error !== undefined) throw error
    },
  }
}

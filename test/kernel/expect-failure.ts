import { ConvoError } from '../../src/error.ts'

/** Returns the ConvoError that `run` throws or rejects with. Other errors are passed on. */
export function failure(run: () => unknown): ConvoError {
  try {
    run()
  } catch (error) {
    if (error instanceof ConvoError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

/** The same for a promise. */
export async function rejection(promise: Promise<unknown>): Promise<ConvoError> {
  try {
    await promise
  } catch (error) {
    if (error instanceof ConvoError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

import { counted } from '../../error.ts'
import { ownOptions } from '../../params.ts'
import { closePools, poolOf } from '../../run/shared.ts'
import { Chain, type ConvoOptions, type Runner } from './chain.ts'
import type { PictureInput } from './inputs.ts'
import { checkFunction, checkSignal, optionName } from './names.ts'
import { pictureParams } from './params.ts'

const run: Runner = async (job, threads) => {
  // loaded here, so that importing convo stays quick
  const { processPicture } = await import('../process.ts')
  return processPicture(job, poolOf(threads))
}

/**
 * Ends the worker threads once running work is done, and frees their memory. Threads do not keep a program running, so few
 * programs need this. Later work starts new ones.
 */
export const close = (): Promise<void> => closePools()

const known = [...Object.keys(pictureParams).map(optionName), 'signal', 'onProgress', 'onReport']

function begin(input: PictureInput, given: ConvoOptions = {}): Chain {
  const options = ownOptions(given, 'convo', known)
  const { signal, onProgress, onReport } = options
  checkSignal(signal)
  checkFunction('onProgress', onProgress)
  checkFunction('onReport', onReport)
  return new Chain({ input, options, steps: [], run })
}

/**
 * Begins a chain of operations on a picture. `await using threads = convo` calls `close` at the end of a block.
 *
 * @param input a path, a `file:` URL, the bytes of a file, a `Blob` or stream of them, samples, a tensor, or a sharp
 *   pipeline
 * @throws ConvoError E_NAME for an unknown option
 */
export const convo: {
  (input: PictureInput, options?: ConvoOptions): Chain
  [Symbol.asyncDispose](): Promise<void>
} = Object.assign(counted('convo', 2, begin), { [Symbol.asyncDispose]: close })

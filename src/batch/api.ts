import { PassThrough } from 'node:stream'
import { ConvoError, counted, mismatch } from '../error.ts'
import type { Io } from '../host/io.ts'
import { isHeld, ownOptions, resolve } from '../params.ts'
import { Chain } from '../picture/api/chain.ts'
import { convo } from '../picture/api/convo.ts'
import type { BatchOptions, PictureOptions } from '../picture/api/methods.ts'
import {
  checkPath,
  checkPaths,
  checkSignal,
  inWords,
  isUrl,
  libraryErrors,
  typedOptions,
} from '../picture/api/names.ts'
import { pictureParams } from '../picture/api/params.ts'
import { written } from '../text/message.ts'
import { pick } from '../text/record.ts'
import { optionWords } from '../text/shell.ts'
import type { Entry, ItemEntry } from './journal.ts'
import { batchParams, batchSettings } from './options.ts'

/** The operations on each picture of a batch. */
export type Steps = (picture: Chain) => Chain

/**
 * Runs a chain over many pictures in several processes. Yields an event when the batch starts, one for each picture,
 * and one when it ends. Outputs that are up to date are not made again.
 *
 *     for await (const event of batch('photos', 'out/{stem}.png', (picture) => picture.gaussian({ sigma: 2 }))) ...
 *
 * @param inputs files, folders and patterns
 * @param output a path with keys such as `{stem}`
 * @param options those of the command, those of `convo` apart from `threads`, and `signal`, which stops the batch and its
 *   processes, as leaving the loop does
 * @throws ConvoError if the batch cannot start; a picture that fails is an event. The reason of `signal` if it aborts
 */
export const batch = counted(
  'batch',
  4,
  async function* (
    inputs: string | URL | readonly (string | URL)[],
    output: string | URL,
    steps: Steps,
    options: BatchOptions &
      Omit<PictureOptions, 'threads'> & {
        /** Stops the batch and its processes. */
        readonly signal?: AbortSignal | undefined
      } = {},
  ): AsyncGenerator<Entry, void> {
    const { signal, ...others } = ownOptions(options, 'batch')
    checkSignal(signal)
    const paths =
      typeof inputs === 'string' || isUrl(inputs, 'the inputs')
        ? [checkPath('the inputs', inputs)]
        : checkPaths('the inputs', inputs)
    if (paths.length === 0) throw new ConvoError('E_ARGUMENT', 'the list of inputs is empty')
    const typed = typedOptions(others, { ...batchParams, ...wholeParams }, 'batch', ['signal'])
    const target = checkPath('the output', output)
    const given = { ...pick(typed, batchParams), output: target, json: true, quiet: true }
    const operation = wordsOf(steps, target, pick(typed, wholeParams))
    const entries = new PassThrough({ objectMode: true })
    const io: Io = {
      async out(message) {
        if (!entries.destroyed) entries.write(reworded(JSON.parse(written(message))))
      },
      page: async () => undefined,
      err: () => undefined,
      width: 80,
    }
    const { runBatch } = await import('./batch.ts')
    const left = new AbortController()
    const work = async () => {
      const settings = resolve(batchSettings, given)
      const all = signal === undefined ? left.signal : AbortSignal.any([signal, left.signal])
      await runBatch({ inputs: paths, settings, operation, again: 'the same batch' }, io, all)
    }
    const failed: unknown[] = []
    const running = libraryErrors(work)
      .catch((error: unknown) => failed.push(error))
      .finally(() => entries.end())
    try {
      for await (const entry of entries) yield entry as Entry
    } finally {
      left.abort()
      await running
    }
    signal?.throwIfAborted()
    if (failed.length > 0) throw failed[0]
  },
)

/** The options of the whole picture that workers take: how many there are is for `jobs`. */
const { threads: _, ...wholeParams } = pictureParams

/** Rewords what an event says about its picture for the library. */
function reworded(entry: Entry): Entry {
  if (entry.event !== 'item') return entry
  const { reason, notes, error } = entry
  return {
    ...entry,
    reason: inWords(reason),
    ...(notes && { notes: notes.map(inWords) }),
    ...(error && { error: { ...error, ...worded(error) } }),
  }
}

const worded = ({ message, why, fix }: NonNullable<ItemEntry['error']>) => ({
  message: inWords(message),
  why: why.map(inWords),
  ...(fix !== undefined && { fix: inWords(fix) }),
})

/** Returns the words of a chain, as a batch on the command line has them after `--`. */
function wordsOf(steps: Steps, output: string, whole: object): string[] {
  if (typeof steps !== 'function') throw mismatch('steps must be a function that takes a chain', steps)
  const chain = steps(convo('input'))
  if (!(chain instanceof Chain)) {
    throw mismatch('steps must return a chain', chain, { fix: '(picture) => picture.sharpen()' })
  }
  const asked = Chain.steps(chain)
  if (asked.length === 0) {
    throw new ConvoError('E_ARGUMENT', 'the steps add no operation to the chain', {
      fix: '(picture) => picture.sharpen()',
    })
  }
  const coding = optionWords({ ...whole, ...Chain.agreed(chain, output) })
  const words = asked.flatMap(({ operation, given }, i) => {
    if (operation.made?.files.length === 0) {
      throw new ConvoError('E_ARGUMENT', 'the network of a batch must be loaded from a file', {
        why: 'worker processes read it themselves',
        fix: "loadNet('model.onnx'), with the path instead of bytes",
      })
    }
    const held = Object.keys(given).find((name) => isHeld(given[name]))
    if (held !== undefined) {
      throw new ConvoError('E_ARGUMENT', `the ${held} of a batch must be a name or a file`, {
        why: 'worker processes read it themselves',
        fix: held === 'kernel' ? 'writeKernel, and the path that it wrote' : 'the path of a file',
      })
    }
    const own = [...(operation.made?.words ?? []), ...optionWords(given)]
    return [...(i === 0 ? [] : ['--']), operation.name, ...own]
  })
  return asked.length === 1 ? [...words, ...coding] : ['chain', ...coding, '--', ...words]
}

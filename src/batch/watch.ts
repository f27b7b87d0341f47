import { dirname, relative, resolve, sep } from 'node:path'
import { ConvoError } from '../error.ts'
import { passedOver } from '../image/foreign.ts'
import { looksLikePicture } from '../image/format.ts'
import { looksForeign } from '../picture/find.ts'
import { type Item, makeItem } from './items.ts'
import type { Plan } from './plan.ts'
import type { Printer } from './printer.ts'

type Watching = {
  readonly folders: readonly string[]
  readonly recursive: boolean
  /** A folder that is not searched: that of the outputs. */
  readonly without: string
  /** Called for a new or changed picture, once it has not been written to for a moment. */
  onPicture(path: string, rel: string): void
  /** Called for a new or changed picture of a format that convo does not read. */
  onStranger(path: string): void
  /** Called for a folder that can no longer be watched. */
  onError(error: Error): void
}

/** Watches folders until the signal, and then settles. */
async function watchFolders(watching: Watching, signal: AbortSignal): Promise<void> {
  const { watch } = await import('chokidar')
  const { folders, recursive, without } = watching
  const watchers = folders.map((folder) => {
    const isOut = (path: string) =>
      resolve(without) !== resolve(folder) && (resolve(path) + sep).startsWith(resolve(without) + sep)
    const watcher = watch(folder, {
      ignoreInitial: true,
      followSymlinks: false,
      ...(!recursive && { depth: 0 }),
      ignored: (path) => isOut(path) || /[/\\]\.[^/\\.]/.test(path.slice(folder.length)),
      awaitWriteFinish: { stabilityThreshold: 500, pollInterval: 100 },
    })
    const found = (path: string) => {
      const rel = dirname(relative(folder, path))
      if (looksLikePicture(path)) watching.onPicture(path, rel === '.' ? '' : rel)
      else if (looksForeign(path)) watching.onStranger(path)
    }
    watcher.on('add', found)
    watcher.on('change', found)
    watcher.on('error', (error) => watching.onError(error as Error))
    return watcher
  })
  await new Promise<void>((done) => {
    if (signal.aborted) done()
    else signal.addEventListener('abort', () => done(), { once: true })
  })
  await Promise.all(watchers.map((watcher) => watcher.close()))
}

/**
 * Watches the folders of a plan: each new or changed picture becomes an item, which is handed on. Outputs of the batch
 * are not inputs, wherever they are.
 */
export async function watchPlan(
  plan: Plan,
  signal: AbortSignal,
  printer: Printer,
  onItem: (item: Item) => Promise<void>,
): Promise<void> {
  const { all, folders, making, template, batch } = plan
  const indexes = new Map(all.map(({ input }, i) => [resolve(input), i + 1]))
  const owners = new Map(all.map(({ input, output }) => [resolve(output), resolve(input)]))
  let queue = Promise.resolve()

  async function take(path: string, rel: string): Promise<void> {
    const place = resolve(path)
    if (owners.has(place) && owners.get(place) !== place) return
    const index = indexes.get(place) ?? indexes.size + 1
    try {
      const item = await makeItem({ path, rel, named: false }, index, making)
      const owner = owners.get(resolve(item.output))
      if (owner !== undefined && owner !== place) {
        throw new ConvoError('E_USAGE', `${path} would overwrite the output of ${owner}`, {
          why: `both write ${item.output}`,
          fix: 'a template with {rel} and {ext}',
        })
      }
      indexes.set(place, index)
      owners.set(resolve(item.output), place)
      await onItem(item)
    } catch (error) {
      if (!(error instanceof ConvoError)) throw error
      printer.error(error)
    }
  }

  printer.note(`watching ${folders.join(', ')}; press Ctrl-C to stop`)
  await watchFolders(
    {
      folders,
      recursive: batch.settings.recursive,
      without: template.root,
      onPicture(path, rel) {
        queue = queue.then(() => take(path, rel))
      },
      onStranger(path) {
        for (const note of passedOver([path])) printer.note(note)
      },
      onError: (error) =>
        printer.error(new ConvoError('E_INPUT', 'a folder cannot be watched', { why: error.message })),
    },
    signal,
  )
  await queue
}

import { dirname, relative, resolve, sep } from 'node:path'
import { ConvoError } from '../error.ts'
import { passedOver } from '../image/foreign.ts'
import { looksLikePicture } from '../image/format.ts'
import { looksForeign } from '../picture/find.ts'
import { type Item, makeItem } from './items.ts'
import type { Plan } from './plan.ts'
import type { Printer } from './printer.ts'

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
  const { watch } = await import('chokidar')
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
  const isWithout = (path: string, folder: string) =>
    resolve(template.root) !== resolve(folder) &&
    (resolve(path) + sep).startsWith(resolve(template.root) + sep)
  const watchers = folders.map((folder) => {
    const watcher = watch(folder, {
      ignoreInitial: true,
      followSymlinks: false,
      ...(!batch.settings.recursive && { depth: 0 }),
      ignored: (path) => isWithout(path, folder) || /[/\\]\.[^/\\.]/.test(path.slice(folder.length)),
      awaitWriteFinish: { stabilityThreshold: 500, pollInterval: 100 },
    })
    const found = (path: string) => {
      const rel = dirname(relative(folder, path))
      if (looksLikePicture(path)) queue = queue.then(() => take(path, rel === '.' ? '' : rel))
      else if (looksForeign(path)) for (const note of passedOver([path])) printer.note(note)
    }
    watcher.on('add', found)
    watcher.on('change', found)
    watcher.on('error', (error) => {
      const why = (error as Error).message
      printer.error(new ConvoError('E_INPUT', 'a folder cannot be watched', { why }))
    })
    return watcher
  })
  await new Promise<void>((done) => {
    if (signal.aborted) done()
    else signal.addEventListener('abort', () => done(), { once: true })
  })
  await Promise.all(watchers.map((watcher) => watcher.close()))
  await queue
}

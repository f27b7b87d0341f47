import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { ConvoError, type ErrorDetail } from '../error.ts'
import { isDynamicPattern } from '../files/glob.ts'
import { hashFile } from '../files/hash.ts'
import { leaves, placeFinder, statOf } from '../files/root.ts'
import { fillTemplate, hasKey, parseTemplate, type Template } from '../files/template.ts'
import type { Shard } from '../host/engines.ts'
import { itemsOfShard, parseShard, shardName } from '../host/shard.ts'
import type { Values } from '../params.ts'
import { type Found, findInputs, type Input } from '../picture/find.ts'
import { counted } from '../text/count.ts'
import { type Item, type Making, makeItems } from './items.ts'
import { type BatchOperation, prepareBatchOperation } from './operation.ts'
import { type batchSettings, inFolder } from './options.ts'
import { readState, type State } from './state.ts'

export type BatchSettings = Values<typeof batchSettings>

/** A batch as requested: on the command line, or in a file. */
export type Batch = {
  readonly inputs: readonly string[]
  readonly settings: BatchSettings
  readonly operation: readonly string[]
  /** The command line that continues with the remaining inputs. */
  readonly again: string
}

/** Everything that is known before the work begins. */
export type Plan = Awaited<ReturnType<typeof planBatch>>

/**
 * Parses and checks a batch without writing anything, and reports every error that can be known beforehand.
 *
 * @throws ConvoError for a batch that cannot start
 */
export async function planBatch(batch: Batch) {
  const { settings } = batch
  const template = parseTemplate(outputOf(batch))
  const operation = await prepareBatchOperation(batch.operation)
  const shard = settings.shard === undefined ? undefined : parseShard(settings.shard, process.env)
  refuseSharedFiles(settings, shard)
  const inPlace = settings['in-place']
  const making: Making = { template, operation: operation.name, inPlace, hashOf }
  const found = await findInputs({
    words: batch.inputs,
    recursive: settings.recursive,
    filesFrom: settings['files-from'],
    isNull: settings.null,
    without: template.root,
  })
  refuseToWatch(batch, found)
  const own = ownOutputs(readState(template.root), template, inPlace)
  const inputs = found.inputs.filter((input) => input.named || !own(input))
  const all = await makeItems(inputs, making)
  if (all.length === 0 && !settings.watch) throw nothingFound(batch, found)
  checkOutputs(template, operation, all)
  refuseOwnFiles(settings, shard, all)
  if (shard !== undefined && !inPlace) refuseMovingInputs(found.folders, template, all)
  const leftOut = found.inputs.length - inputs.length
  return {
    batch,
    template,
    operation,
    making,
    shard,
    all,
    items: shard === undefined ? all : itemsOfShard(all, shard, settings['shard-by']),
    // those that were searched for inputs
    folders: found.folders,
    notes: [...found.notes, ...(leftOut === 0 ? [] : [leftOutNote(leftOut)])],
  }
}

const hashOf = async (path: string): Promise<string> => hashFile(path, Number(statOf(path)?.size ?? 0))

const leftOutNote = (count: number): string =>
  count === 1
    ? `1 file was skipped because a batch wrote it; to process it, name it as an input`
    : `${count} files were skipped because a batch wrote them; to process them, name them as inputs`

function outputOf({ settings: { output }, inputs }: Batch): string {
  if (output !== undefined) return output
  throw new ConvoError('E_USAGE', 'no output was given for the batch', {
    why: '--output (-o) <template>: a path with keys',
    ...outputMeant(inputs),
  })
}

/** The last of several inputs as the folder of the outputs, where it looks like one; else a folder `out`. */
function outputMeant(inputs: readonly string[]): ErrorDetail {
  const last = inputs.at(-1)
  const isFolder = last !== undefined && inputs.length > 1 && (last.endsWith('/') || !existsSync(last))
  if (isFolder && !isDynamicPattern(last)) return { instead: [last, '-o', inFolder(last)] }
  return { fix: '--output out/{rel}/{stem}.png' }
}

/** Refuses files that every shard would write: each shard needs its own. */
function refuseSharedFiles(settings: BatchSettings, shard: Shard | undefined): void {
  for (const option of ['log', 'failed-list'] as const) {
    const path = settings[option]
    if (path === undefined || hasKey(parseTemplate(path, option).parts, 'shard')) continue
    if (shard === undefined) continue
    throw new ConvoError('E_OPTION', `--${option} ${path} would be written by all ${shard.count} shards`, {
      why: `{shard} in its name becomes ${shardName(shard)}`,
      fix: `--${option} ${path.replace(/(\.[^./]*)?$/, '-{shard}$1')}`,
    })
  }
}

/** The path of the requested log or list of failures. */
export function fileOf(
  option: 'log' | 'failed-list',
  settings: BatchSettings,
  shard: Shard | undefined,
): string | undefined {
  const given = settings[option]
  return given && fillTemplate(parseTemplate(given, option), { shard: shardName(shard, '1-of-1') })
}

/** Refuses a file that is two of the log, the list of failures and the outputs. */
function refuseOwnFiles(settings: BatchSettings, shard: Shard | undefined, items: readonly Item[]): void {
  const options = ['log', 'failed-list'] as const
  const files = options.map((option) => [option, fileOf(option, settings, shard)] as const)
  if (files.every(([, path]) => path === undefined)) return
  const places = placeFinder()
  const taken = new Map(items.map(({ input, output }) => [places(output), `the output of ${input}`]))
  for (const [option, path] of files) {
    if (path === undefined) continue
    const other = taken.get(places(path))
    if (other !== undefined)
      throw new ConvoError('E_USAGE', `--${option} ${path} is also ${other}`, {
        fix: `--${option} ${option}${shard === undefined ? '' : '-{shard}'}.txt`,
      })
    taken.set(places(path), 'the log')
  }
}

function refuseToWatch({ inputs, settings }: Batch, { folders }: Found): void {
  if (!settings.watch) return
  const other = inputs.find((word) => !folders.includes(word))
  const what = other ?? (settings['files-from'] === undefined ? undefined : '--files-from')
  if (what === undefined && settings.shard === undefined) return
  throw new ConvoError(
    'E_USAGE',
    what === undefined
      ? '--watch and --shard cannot be used together'
      : `--watch needs folders, and ${what} is not a folder`,
    { fix: what === undefined ? 'one of the two' : 'the folder that holds the pictures' },
  )
}

/** Returns a test for files that are unchanged outputs of earlier batches here. */
function ownOutputs(state: State, { root }: Template, inPlace: boolean): (input: Input) => boolean {
  const known = new Map([...state].map(([name, made]) => [resolve(root, name), made]))
  return ({ path }) => {
    const made = known.get(resolve(path))
    const stat = made === undefined ? undefined : statOf(path)
    if (made === undefined || stat === undefined) return false
    return made.some(
      ({ input, size, time }) =>
        size === Number(stat.size) &&
        time === String(stat.mtimeNs) &&
        !(inPlace && resolve(input) === resolve(path)),
    )
  }
}

function nothingFound({ inputs, settings }: Batch, { notes, hidden, below }: Found): ConvoError {
  const where = [...inputs, ...(settings['files-from'] === undefined ? [] : [settings['files-from']])]
  if (where.length === 0) {
    return new ConvoError('E_USAGE', 'the batch needs inputs', {
      why: 'files, folders, globs in quotes, or --files-from <file>',
      fix: 'convo batch photos -o out/{stem}.png -- sobel',
    })
  }
  return new ConvoError(
    'E_INPUT',
    `no pictures found in ${where.map((one) => (one === '-' ? 'the list from standard input' : one)).join(', ')}`,
    {
      why: [
        ...notes,
        ...(hidden.length === 0
          ? []
          : [`skipped ${counted(hidden.length, 'hidden picture')}, such as ${hidden[0]}`]),
      ],
      ...(below.length > 0 && notes.length === 0 && { fix: '--recursive' }),
    },
  )
}

/** Refuses an extension or option that no output could have. */
function checkOutputs({ parts, text }: Template, operation: BatchOperation, items: readonly Item[]): void {
  const [first] = items
  const last = parts.at(-1)
  // {ext} and {path} bring the extension of each input: those that are not written fail one by one
  if (first === undefined || last?.kind !== 'text' || !last.text.includes('.')) return
  operation.job(first.input, text)
}

/** Ensures that all shards find the same inputs, whatever the others have written by then. */
function refuseMovingInputs(folders: readonly string[], { root }: Template, items: readonly Item[]): void {
  for (const folder of folders) {
    // a folder of outputs inside is not searched
    if (!leaves(folder, root) && resolve(folder) !== resolve(root)) continue
    const inside = items.find(({ output }) => !leaves(folder, output))
    if (inside === undefined) continue
    throw new ConvoError('E_USAGE', `shards would read each other's outputs as inputs in ${folder}`, {
      why: `${inside.output} is in ${folder}`,
      fix: 'a different output folder, or --files-from with one list for all shards',
    })
  }
}

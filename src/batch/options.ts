import { dirname, extname, join } from 'node:path'
import { ConvoError } from '../error.ts'
import type { ShardBy } from '../host/shard.ts'
import { amountNear, choice, custom, expected, flag, text } from '../params.ts'
import { runSettings } from '../picture/run-settings.ts'
import { amountIn } from '../text/amount.ts'

export type Amount = { readonly kind: 'count' | 'share'; readonly value: number }

/** A template for outputs in the folder that a path without keys names, or in that of the file that it names. */
export function inFolder(text: string): string {
  const extension = text.endsWith('/') ? '' : extname(text)
  const folder = extension === '' ? text : dirname(text)
  return join(folder, '{rel}', `{stem}${extension || '.png'}`)
}

function parseOutput(given: unknown, name: string): string {
  if (typeof given !== 'string' || given === '') throw expected('text', name, given)
  if (!given.endsWith('/')) return given
  throw new ConvoError('E_OPTION', `${name} is the path of each output, got the folder ${given}`, {
    why: 'names of outputs are made of those of the inputs, with keys such as {stem}',
    instead: [given, inFolder(given)],
  })
}

/** The settings of the batch itself, before `--`. */
export const batchSettings = {
  output: custom('path of each output, with {keys}, such as out/{rel}/{stem}.png', '<template>', parseOutput),
  recursive: flag('search folders recursively'),
  'files-from': text('read input paths from a file, one per line; - is standard input', '<file>'),
  null: flag('paths in --files-from and --failed-list are separated by NUL instead of line breaks'),
  'in-place': flag('allow an output to replace its input'),
  force: flag('make every output again, even if it is up to date'),
  explain: flag('print for every input why it is processed or skipped'),
  'dry-run': flag('print what would be done, without doing it'),
  'fail-fast': flag('stop after the first failure'),
  'max-failures': {
    ...custom('stop after this many failures', '<n>|<n%>', parseAmount),
    unset: 'never',
  },
  'failed-list': text(
    'write the paths of failed inputs to a file, one per line, to run only these again',
    '<file>',
  ),
  log: text(
    'write one line of JSON for every picture to a file; {shard} in its name becomes 2-of-8',
    '<file>',
  ),
  jobs: {
    ...custom('number of pictures processed at the same time', '<n>|<n%>|auto', parseJobs),
    unset: 'auto: the number of cores available to this process (Slurm, cgroups, CPU affinity)',
  },
  memory: {
    ...custom(
      'memory for all pictures processed at the same time, such as 2GiB or 50%; a picture that needs more is processed alone',
      '<size>|<n%>',
      parseMemory,
    ),
    unset: '50% of the memory available to this process',
  },
  shard: {
    ...text(
      'process only the i-th of n shards; auto: i and n are taken from the job system (Slurm, Kubernetes, CI); auto/n: only i is',
      '<i/n>|auto[/n]',
    ),
    unset: 'all',
  },
  'shard-by': {
    ...choice<ShardBy>(
      'order: every n-th input; size: shards of about equal size in bytes',
      ['order', 'size'],
      'order',
    ),
    metavar: 'order|size',
  },
  wait: flag('wait for another batch that writes to the same folder instead of failing'),
  watch: flag('keep running and process new and changed pictures, until interrupted'),
  json: flag('print one line of JSON for every picture on standard output'),
  quiet: runSettings.quiet,
  verbose: flag('print one line for every picture, with its notes'),
  debug: runSettings.debug,
}

function parseAmount(given: unknown, name: string): Amount {
  const match = /^(\d+(?:\.\d+)?)(%?)$/.exec(String(given).trim())
  const value = Number(match?.[1])
  const isShare = match?.[2] === '%'
  const isFit = isShare ? value > 0 && value <= 100 : Number.isSafeInteger(value) && value >= 1
  if (match === null || !isFit)
    throw expected('a number of at least 1, or a percentage such as 5%', name, given, {
      near: amountNear(given, { min: 1 }),
    })
  return { kind: isShare ? 'share' : 'count', value }
}

function parseJobs(given: unknown, name: string): Amount {
  if (given === 'auto') return { kind: 'share', value: 100 }
  const match = /^(\d+)(%?)$/.exec(String(given).trim())
  const value = Number(match?.[1])
  if (match === null || value < 1 || value > 4096) {
    throw expected('a number of at least 1, a percentage of the cores such as 50%, or auto', name, given, {
      near: amountNear(given, { min: 1, max: 4096 }),
    })
  }
  return { kind: match[2] === '%' ? 'share' : 'count', value }
}

function parseMemory(given: unknown, name: string): Amount {
  const share = /^(\d+(?:\.\d+)?)\s*%$/.exec(String(given).trim())
  const value = share === null ? amountIn(given) : Number(share[1])
  if (!(value >= 1) || (share !== null && value > 100)) {
    throw expected('a size such as 2GiB or 500MB, or a percentage of the memory such as 50%', name, given)
  }
  return { kind: share === null ? 'count' : 'share', value }
}

/** Returns the count, or the share (in percent) of `whole`, at least 1. */
export const amountOf = ({ kind, value }: Amount, whole: number): number =>
  kind === 'count' ? value : Math.max(1, Math.floor((whole * value) / 100))

/** Settings of the command only, which the batch of the library does not have. */
const ofCommand = ['output', 'files-from', 'null', 'explain', 'json', 'quiet', 'verbose', 'debug', 'watch']

export const batchParams = Object.fromEntries(
  Object.entries(batchSettings).filter(([name]) => !ofCommand.includes(name)),
)

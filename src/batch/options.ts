import type { ShardBy } from '../host/shard.ts'
import { amountIn, choice, custom, expected, flag, text } from '../params.ts'
import { runSettings } from '../picture/settings.ts'

/** A number, or a share of what there is. */
export type Amount = { readonly kind: 'count' | 'share'; readonly value: number }

/** What the batch itself is told, before `--`. */
export const batchSettings = {
  output: text('where each output goes: a path with {keys}, as out/{rel}/{stem}.png', '<template>'),
  recursive: flag('look into the folders of folders'),
  'files-from': text('take the paths of inputs from a file, one a line; - is standard input', '<file>'),
  null: flag('the paths of --files-from, and those of --failed-list, end in NUL'),
  'in-place': flag('let an output be its own input'),
  force: flag('make all outputs anew, also those that are up to date'),
  explain: flag('say of every input why it is processed, or why not'),
  'dry-run': flag('say what would be done, and do nothing'),
  'fail-fast': flag('start no other picture after the first failure'),
  'max-failures': {
    ...custom('start no other picture after this many failures', '<n>|<n%>', parseAmount),
    unset: 'all are tried',
  },
  'failed-list': text('write the paths of the inputs that failed, for --files-from', '<file>'),
  log: text('write a line of JSON for every picture; {shard} in it is as 2-of-8', '<file>'),
  jobs: {
    ...custom('how many pictures at once', '<n>|<n%>|auto', parseJobs),
    unset: 'auto: the cores that this process may use, as Slurm, cgroups and its affinity say',
  },
  memory: {
    ...custom(
      'how much memory the pictures in flight may take, as 2GiB or 50%; one that needs more runs alone',
      '<size>|<n%>',
      parseMemory,
    ),
    unset: '50 % of what this process may use',
  },
  shard: {
    ...text(
      'do only the i-th of n shares; auto: as the engine that runs it says; auto/n: of n',
      '<i/n>|auto[/n]',
    ),
    unset: 'all',
  },
  'shard-by': {
    ...choice<ShardBy>(
      'order: every n-th input; size: shares of about as many bytes',
      ['order', 'size'],
      'order',
    ),
    metavar: 'order|size',
  },
  wait: flag('wait for another batch with the same outputs, instead of failing'),
  watch: flag('go on with new and changed pictures of the folders, until stopped'),
  json: flag('print a line of JSON for every picture on standard output'),
  quiet: runSettings.quiet,
  verbose: flag('print a line for every picture, with its notes'),
  debug: runSettings.debug,
}

function parseAmount(given: unknown, name: string): Amount {
  const match = /^(\d+(?:\.\d+)?)(%?)$/.exec(String(given).trim())
  const value = Number(match?.[1])
  const isShare = match?.[2] === '%'
  const isFit = isShare ? value > 0 && value <= 100 : Number.isSafeInteger(value) && value >= 1
  if (match === null || !isFit) throw expected('a number of at least 1, or a share as 5%', name, given)
  return { kind: isShare ? 'share' : 'count', value }
}

function parseJobs(given: unknown, name: string): Amount {
  if (given === 'auto') return { kind: 'share', value: 100 }
  const match = /^(\d+)(%?)$/.exec(String(given).trim())
  const value = Number(match?.[1])
  if (match === null || value < 1 || value > 4096) {
    throw expected('a number of at least 1, a share of the cores as 50%, or auto', name, given)
  }
  return { kind: match[2] === '%' ? 'share' : 'count', value }
}

function parseMemory(given: unknown, name: string): Amount {
  const share = /^(\d+(?:\.\d+)?)\s*%$/.exec(String(given).trim())
  const value = share === null ? amountIn(given) : Number(share[1])
  if (!(value >= 1) || (share !== null && value > 100)) {
    throw expected('a size as 2GiB or 500MB, or a share of the memory as 50%', name, given)
  }
  return { kind: share === null ? 'count' : 'share', value }
}

/** The amount of something of which there is so much, at least 1. */
export function amountOf({ kind, value }: Amount, whole: number): number {
  return kind === 'count' ? value : Math.max(1, Math.floor((whole * value) / 100))
}

/** What the batch of the library is told besides inputs, output and steps. */
const ofCommand = ['output', 'files-from', 'null', 'explain', 'json', 'quiet', 'verbose', 'debug', 'watch']

export const batchParams = Object.fromEntries(
  Object.entries(batchSettings).filter(([name]) => !ofCommand.includes(name)),
)

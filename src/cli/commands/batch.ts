import { join } from 'node:path'
import { batchSettings } from '../../batch/options.ts'
import { ConvoError, formatError } from '../../error.ts'
import { outputKeys } from '../../files/template.ts'
import { flag, type Params, resolve } from '../../params.ts'
import { isName } from '../../picture/words/count.ts'
import { argument, type OptionGroup } from '../../picture/words/syntax.ts'
import { counted } from '../../text/count.ts'
import { definitions } from '../../text/layout.ts'
import { commandLine, optionWords } from '../../text/shell.ts'
import { visibleLine } from '../../text/visible.ts'
import { type Call, type Command, commandOf } from '../command.ts'

const among = (title: string, ...names: (keyof typeof batchSettings)[]): OptionGroup => ({
  title,
  params: Object.fromEntries(names.map((name) => [name, batchSettings[name]])) as Params,
})

const jobFile = `
    inputs: [photos, scans/*.tif]
    recursive: true
    output: out/{rel}/{stem}.png
    run: gaussian --sigma 2`

/** `convo batch [options] <inputs...> -o <template> -- <operation> [its options]`, `convo batch job.yaml` */
export const batchCommand: Command = {
  name: 'batch',
  summary:
    'runs an operation on many pictures, skips outputs that are up to date, and resumes after an interruption',
  group: 'commands',
  arguments: [
    argument(
      '[inputs...]',
      'files, folders, quoted globs; or one .yaml or .json file that describes the whole batch',
    ),
  ],
  tail: '<operation> [its options]',
  options: [
    among('Inputs and outputs', 'output', 'recursive', 'files-from', 'null', 'in-place'),
    among('What to process', 'force', 'explain', 'dry-run', 'watch', 'shard', 'shard-by'),
    among('Failures', 'fail-fast', 'max-failures', 'failed-list'),
    among('Run', 'jobs', 'memory', 'wait', 'json', 'log', 'quiet', 'verbose', 'debug'),
  ],
  examples: [
    'convo batch photos -r -o out/{rel}/{stem}.png -- sobel',
    "convo batch 'scans/*.tif' -o out/{index:04}.png --jobs 50% -- gaussian --sigma 2",
    "find . -name '*.jpg' -print0 | convo batch --files-from - -0 -o out/{dir}/{stem}.png -- sharpen",
    'convo batch photos -o out/{stem}.png --shard 2/8 -- sobel',
    'convo batch job.yaml',
  ],
  details: (width) => ({
    'Template keys': definitions(
      outputKeys.map(([key, summary]) => [`{${key}}`, summary]),
      width,
    ),
    'A batch in a file':
      'job.yaml has inputs, output, and run or chain, and any option of batch by its name. Paths in it are relative to ' +
      'its folder. Options on the command line take precedence.' +
      `\n${jobFile}`,
    'What is up to date':
      'An output is skipped if a batch wrote it from the same input bytes, it has not changed since, and the operation and the ' +
      'arithmetic are the same. The record of this is kept in .convo in the folder of the outputs. To resume a batch that was stopped, ' +
      'run the same command again.',
  }),
  run: (call) => run(call),
}

async function run({ args, tail, given, io }: Call): Promise<number> {
  const { runBatch } = await import('../../batch/batch.ts')
  const [file = ''] = args
  const again = sameCommand(args, given, tail)
  if (args.length === 1 && /\.(ya?ml|json)$/i.test(file)) {
    const { readManifest } = await import('../../batch/manifest.ts')
    const manifest = readManifest(file)
    const whole = { ...manifest.given, ...given }
    const operation = tail === undefined || tail.length === 0 ? manifest.operation : tail
    // the manifest would force the batch to begin again
    const rest = manifest.given.force ? sameCommand(manifest.inputs, whole, operation) : again
    const settings = resolve(batchSettings, whole)
    return runBatch({ inputs: manifest.inputs, settings, operation, again: rest }, io)
  }
  if (tail === undefined || tail.length === 0) {
    throw new ConvoError('E_USAGE', 'no operation was given for the batch', {
      why: 'usage: convo batch [options] <inputs...> -o <template> -- <operation> [its options]',
      fix: withSobel(args, given),
    })
  }
  return runBatch({ inputs: args, settings: resolve(batchSettings, given), operation: tail, again }, io)
}

/**
 * Completes a command line: an operation that comes first goes after `--`, otherwise sobel is used. The last word
 * becomes the folder of the outputs if there are others and no option for it.
 */
function withSobel([first = '', ...others]: readonly string[], given: Call['given']): string {
  const isAhead = isName(first)
  const args = isAhead ? others : first === '' ? [] : [first, ...others]
  const last = args.at(-1) ?? ''
  const isFolder = given.output === undefined && args.length > 1 && last.endsWith('/')
  const inputs = args.length === 0 ? ['photos'] : isFolder ? args.slice(0, -1) : args
  const output = given.output ?? (isFolder ? join(last, '{rel}/{stem}.png') : 'out/{rel}/{stem}.png')
  return sameCommand(inputs, { ...given, output }, [isAhead ? first : 'sobel'])
}

/** Repeats the command line without the option that makes it begin again. */
function sameCommand(
  args: readonly string[],
  { force: _, ...given }: Call['given'],
  tail: Call['tail'],
): string {
  const options = optionWords(given)
  return commandLine(['convo', 'batch', ...args, ...options, ...(tail === undefined ? [] : ['--', ...tail])])
}

/** `convo batch merge <logs...>` */
export const batchMerge: Command = commandOf(
  { json: flag('print one JSON object') },
  {
    name: 'batch merge',
    summary: 'merges the logs of shards into one summary; lists what is missing',
    arguments: [argument('<logs...>', 'log files, or the output folder that contains them')],
    examples: ['convo batch merge out', 'convo batch merge logs/*.jsonl --json'],
    async run({ json }, { args, io }) {
      const [{ mergeLogs }, { summaryText }, { errorOf }] = await Promise.all([
        import('../../batch/merge.ts'),
        import('../../batch/tally.ts'),
        import('../../batch/journal.ts'),
      ])
      const merged = mergeLogs(args)
      if (json) await io.out(`${JSON.stringify(merged)}\n`)
      else {
        const failures = merged.failures.map(({ input, error }) => {
          const unknown = { code: 'E_INTERNAL' as const, message: 'failed', why: [] }
          return `${formatError(errorOf(input, error ?? unknown))}\n`
        })
        const missing = merged.missing.map((line) => `missing: ${visibleLine(line)}\n`)
        const sum = summaryText(merged, merged.milliseconds, merged.megapixels)
        await io.out([...failures, ...missing, `${counted(merged.shards, 'log')}: ${sum}\n`].join(''))
      }
      return merged.failed + merged.left > 0 || merged.missing.length > 0 ? 1 : 0
    },
  },
)

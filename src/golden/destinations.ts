import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ConvoError, nearest } from '../error.ts'
import { inFolder, removeUnder, writeUnder, writeWhole } from '../files/change.ts'
import { placeFinder } from '../files/root.ts'
import { fillTemplate, parseTemplate } from '../files/template.ts'
import type { Shard } from '../host/engines.ts'
import { hasColour, type Io } from '../host/io.ts'
import { shardName } from '../host/shard.ts'
import { type Message, written } from '../text/message.ts'
import { shellWord } from '../text/shell.ts'
import { reporters } from './reporters/index.ts'
import type { Approve, Beside, Reporter } from './reporters/reporter.ts'
import { type Run, resultsName } from './results.ts'
import { defaultResults, type ReporterName } from './settings.ts'

/** A requested reporter and its file. Without a file it writes to standard output. */
export type Asked = ReturnType<typeof parseReporter>

/**
 * Returns the reporters of a run: those requested as `name` or `name=file`, `pretty` unless another one writes to
 * standard output, and `github` on GitHub's servers.
 *
 * @throws ConvoError E_NAME for a reporter that does not exist, E_USAGE for two on standard output
 */
export function askedReporters(words: readonly string[], results: string, shard?: Shard): Asked[] {
  const asked = words.map((word) => parseReporter(word, results, shard))
  const onOutput = asked.filter(({ name, file }) => file === undefined && name !== 'github')
  if (onOutput.length > 1) {
    const [first, second] = onOutput
    throw new ConvoError('E_USAGE', `${first!.name} and ${second!.name} cannot both go to standard output`, {
      instead: [second!.name, `${second!.name}=${second!.name}.txt`],
    })
  }
  const all = [...(onOutput.length === 0 ? [{ name: 'pretty', reporter: reporters.pretty }] : []), ...asked]
  const placeOf = placeFinder()
  const taken = new Map([[placeOf(join(results, resultsName)), 'the results of the check']])
  for (const { name, file } of asked) {
    if (file === undefined) continue
    const other = taken.get(placeOf(file))
    if (other !== undefined)
      throw new ConvoError('E_USAGE', `${other} and ${name} cannot both be written to ${file}`, {
        fix: 'a file for each --reporter',
      })
    taken.set(placeOf(file), name)
  }
  const isOnGithub = process.env.GITHUB_ACTIONS === 'true' && !all.some(({ name }) => name === 'github')
  return isOnGithub ? [...all, { name: 'github', reporter: reporters.github }] : all
}

function parseReporter(word: string, results: string, shard: Shard = { index: 1, count: 1 }) {
  const at = word.indexOf('=')
  const name = at < 0 ? word : word.slice(0, at)
  const reporter = Object.hasOwn(reporters, name) ? reporters[name as ReporterName] : undefined
  if (reporter === undefined) {
    const guess = nearest(name, Object.keys(reporters))
    throw new ConvoError('E_NAME', `there is no reporter ${JSON.stringify(name)}`, {
      why: `reporters: ${Object.keys(reporters).join(', ')}`,
      instead: [word, guess && guess + word.slice(name.length)],
    })
  }
  const given = at < 0 ? '' : word.slice(at + 1)
  const own = reporter.file === undefined ? undefined : join(results, reporter.file)
  const file =
    given === '' ? own : fillTemplate(parseTemplate(given, 'reporter'), { shard: shardName(shard) })
  if (file?.endsWith('/')) {
    if (name === 'html') return { name, reporter, file: join(file, 'index.html'), isFolder: true }
    throw new ConvoError('E_OPTION', `${name} writes one file, and ${file} is a folder`, {
      instead: [word, `${word}${name}.txt`],
    })
  }
  return { name, reporter, ...(file !== undefined && { file }) }
}

/**
 * Reports a run with all requested reporters.
 *
 * @param isToApprove whether to show the commands that approve
 * @throws ConvoError E_OUTPUT
 */
export async function reportAll(
  run: Run,
  asked: readonly Asked[],
  results: string,
  io: Io,
  passing = false,
  isToApprove = true,
): Promise<void> {
  const isOutputForMachines = asked.some(
    ({ name, file }) => file === undefined && name !== 'pretty' && name !== 'github',
  )
  for (const { name, reporter, file, isFolder } of asked) {
    // GitHub reads commands from both streams. On standard output they would break JSON.
    const toErrors = name === 'github' && isOutputForMachines
    const parts: string[] = []
    const write = async (message: Message) => {
      if (file !== undefined) parts.push(written(message))
      else if (toErrors) io.err(message)
      else await io.out(message)
    }
    const beside = isFolder ? besideIn(dirname(file!)) : undefined
    await reporter.report(run, {
      ...{ write, env: process.env, results, beside, passing, width: io.width },
      approve: isToApprove ? () => approveCommand(results) : undefined,
      hasColour: file === undefined && hasColour(process.stdout, process.env),
    })
    if (file !== undefined) await writeText(file, parts.join(''))
  }
}

/** Writes a file beside a page, or removes that of an earlier page. Returns whether the file exists or existed. */
export const besideIn: (folder: string) => Beside = (folder) => async (path, text) => {
  const isThere = text !== undefined || existsSync(join(folder, path))
  if (text !== undefined) await writeUnder(folder, path, text)
  else if (isThere) await removeUnder(folder, path)
  return isThere
}

export const approveCommand = (results: string): string =>
  results === defaultResults ? 'convo approve' : `convo approve --results ${shellWord(results)}`

/** Writes a report in one step, and creates its folders. */
export async function writeText(file: string, text: string): Promise<void> {
  await inFolder(dirname(file), () => writeWhole(file, text))
}

/** Returns the report of a run as text. @throws ConvoError E_NAME for a reporter that does not exist */
export const reportText = (run: Run, name: string): Promise<string> =>
  textOf(run, parseReporter(name, run.results).reporter, run.results, () => approveCommand(run.results))

/** Returns everything that a reporter writes as text; no file is written. */
export async function textOf(
  run: Run,
  reporter: Reporter,
  results: string,
  approve: Approve,
  width = 100,
): Promise<string> {
  const parts: string[] = []
  await reporter.report(run, {
    ...{ env: {}, results, approve, width, hasColour: false },
    write: async (message) => void parts.push(written(message)),
  })
  return parts.join('')
}

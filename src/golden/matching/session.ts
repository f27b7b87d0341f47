import { randomUUID } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { ConvoError, orElse } from '../../error.ts'
import { removeUnder } from '../../files/change.ts'
import { sha256 } from '../../files/hash.ts'
import { leaves } from '../../files/root.ts'
import { printInTest } from '../../host/io.ts'
import { counted } from '../../text/count.ts'
import { pictureUnder } from '../files.ts'
import { pathOfName } from '../names.ts'
import { obsoleteResult } from '../obsolete.ts'
import { testGoldens } from '../settings.ts'
import { beginRecords, record, writeRun } from './records.ts'
import { type Calling, type Runner, type SnapshotState, shownPath } from './runner.ts'

export type Session = ReturnType<typeof newSession>

/** The folder that the tests run in. */
export const root = process.cwd()
const lives = new WeakMap<SnapshotState, Session>()
const sessions = new Map<string, Session>()

/** Returns the run of the file that a test belongs to. Calls `onBegin` for its first test. */
export function sessionOf(runner: Runner, onBegin: (session: Session) => void): Session {
  const { file, life } = runner
  const known = life === undefined ? sessions.get(file) : lives.get(life)
  if (known !== undefined) return known
  const session = newSession(file, recordsOf(runner))
  // each comparison awaits it
  session.begun.catch(() => undefined)
  if (life === undefined) sessions.set(file, session)
  else lives.set(life, session)
  onBegin(session)
  return session
}

/** One run of a test file, as far as this process sees it. */
const newSession = (file: string, records: string) => ({
  ...{ root, file, records },
  // the goldens that were compared, relative to `__goldens__/<file>`, in lower case
  used: new Set<string>(),
  // the test of each golden, by the golden's name in lower case
  owners: new Map<string, string>(),
  // the number of unnamed goldens of each test, and the attempt that they belong to
  counts: new Map<string, { readonly attempt: string; count: number }>(),
  // the attempt that wrote each golden
  written: new Map<string, string>(),
  // the results of an earlier run are removed
  begun: beginRecords(root, records, shownPath(root, file)),
})

/** The folder of a test file's results, in the folder of all results. */
export function recordsOf({
  file,
  setting = '',
  run = randomUUID(),
}: Pick<Runner, 'file' | 'setting' | 'run'>): string {
  const short = (text: string) => sha256(text).slice(0, 8)
  const which = `${shownPath(root, file)}\0${setting}`
  return `${pathOfName(basename(file)).slice(0, 80)}.${short(which)}.${short(run)}`
}

export type Golden = ReturnType<typeof goldenOf>

/** The folder of a test file's goldens, relative to the folder of the file. */
export const goldensOf = (file: string): string => `${testGoldens}/${pathOfName(basename(file))}`

/**
 * Returns the golden that a comparison requests: the next one of the test, or the one with the given name. `file` is
 * relative to `folder`, `shown` to the folder that the tests run in, `pictures` to the folder of all results.
 *
 * @throws ConvoError E_NAME for a name without a letter, or for two tests whose names give the same golden
 */
export function goldenOf(session: Session, runner: Runner, calling: Calling, given: string | undefined) {
  const { test, attempt, project } = runner
  const ending = given === undefined ? String(nextCount(session, test, attempt)) : slugOf(given)
  if (given !== undefined && !/\p{L}/u.test(ending)) {
    throw new ConvoError('E_NAME', `a golden cannot be called ${JSON.stringify(given)}`, {
      why: 'names become file names, which need a letter',
      fix: 'a name with a letter in it',
    })
  }
  const stem = `${stemOf(test, project)}-${ending}`
  const owner = session.owners.get(stem.toLowerCase())
  if (owner !== undefined && owner !== test) {
    throw new ConvoError('E_NAME', 'two tests have the same golden', {
      why: [`${JSON.stringify(owner)} and ${JSON.stringify(test)}: both are ${stem}.png`],
      fix: `a different name for one of the tests, or ${calling.call('picture', "'name'")}`,
    })
  }
  session.owners.set(stem.toLowerCase(), test)
  session.used.add(`${stem}.png`.toLowerCase())
  const folder = dirname(session.file)
  const file = `${goldensOf(session.file)}/${stem}.png`
  const shown = shownPath(session.root, join(folder, file))
  return {
    folder,
    file,
    shown,
    isBelow: !leaves(session.root, folder),
    name: `${shownPath(session.root, session.file)} > ${project === undefined ? '' : `${project} > `}${test} > ${ending}`,
    pictures: `${session.records}/${stem}`,
  }
}

/** How the paths of a test's goldens begin, relative to the folder of the goldens of its file. */
export const stemOf = (test: string, project?: string): string =>
  `${project === undefined ? '' : `${slugOf(project) || 'project'}/`}${slugOf(test) || 'test'}`

function nextCount({ counts }: Session, test: string, attempt: string): number {
  const known = counts.get(test)
  if (known?.attempt === attempt) return ++known.count
  counts.set(test, { attempt, count: 1 })
  return 1
}

/** The most letters that a name keeps. */
const longest = 100

/** Converts a name to a file name: letters and digits, with - for everything between them. */
function slugOf(name: string): string {
  const slug = name
    .normalize('NFC')
    .replace(/[^\p{L}\p{M}\p{N}_.]+/gu, '-')
    .replace(/^[-.]+|[-.]+$/g, '')
  return slug.length <= longest ? slug : `${slug.slice(0, longest - 9)}-${sha256(name).slice(0, 8)}`
}

/**
 * Reports the goldens that no test of a file has compared, once the file is done. Vitest and Jest are done when they
 * save their snapshots. Before that they mark the tests that they skipped, whose goldens are not obsolete. node:test is
 * done at the end of the process. Each process of Playwright sees only part of a file, so its reporter does this
 * (playwright.ts).
 */
export function watchEnd(session: Session, runner: Runner): void {
  const { life, unpassed, isOwnProcess } = runner
  if (isOwnProcess) {
    const isPart = process.execArgv.some((word) => /^--test-(name-pattern|skip-pattern|only)/.test(word))
    // the last results that passed may not be written yet
    process.once('beforeExit', () => writeRun(session.root).catch(() => undefined))
    process.on('exit', (code) => {
      const unused = isPart || code !== 0 || process.exitCode ? [] : unusedOf(session, [])
      if (unused.length > 0) printInTest(textOf(session, unused, false), true)
    })
    return
  }
  if (typeof life?.save !== 'function' || typeof life.markSnapshotsAsCheckedForTest !== 'function') return
  const excused: string[] = []
  const { save, markSnapshotsAsCheckedForTest: mark } = life
  life.markSnapshotsAsCheckedForTest = function (name) {
    excused.push(name)
    mark.call(this, name)
  }
  life.save = function (...words) {
    const stems = [...excused, ...(unpassed?.() ?? [])].map((name) => stemOf(name))
    const done = reportUnused(session, unusedOf(session, stems), runner.update)
    const saved = save.apply(this, words)
    return saved instanceof Promise ? done.then(() => saved) : saved
  }
}

/** Returns goldens of a file that no test compared, relative to their folder, except those that begin with a stem. */
export function unusedOf({ file, used }: Pick<Session, 'file' | 'used'>, stems: readonly string[]): string[] {
  const starts = stems.map((stem) => `${stem}-`.toLowerCase())
  return picturesIn(join(dirname(file), goldensOf(file))).filter((golden) => {
    const name = golden.toLowerCase()
    return !used.has(name) && !starts.some((start) => name.startsWith(start))
  })
}

const picturesIn = (folder: string): string[] =>
  orElse(() => readdirSync(folder, { recursive: true, encoding: 'utf8' }), [])
    .filter((name) => name.endsWith('.png'))
    .map((name) => name.replaceAll('\\', '/'))

type Place = Pick<Session, 'root' | 'file' | 'records'>

function textOf(
  { root, file }: Pick<Place, 'root' | 'file'>,
  unused: readonly string[],
  isRemoved: boolean,
): string {
  const folder = shownPath(root, join(dirname(file), goldensOf(file)))
  const what = `${counted(unused.length, 'golden')} that no test compares${isRemoved ? ', removed' : ''}`
  return `${what}\n${unused.map((name) => `  ${folder}/${name}`).join('\n')}`
}

/** Prints the names of obsolete goldens, and adds them to the results or removes them. */
export async function reportUnused(
  place: Place,
  unused: readonly string[],
  isRemoved: boolean,
): Promise<void> {
  const { root, file, records } = place
  if (unused.length > 0) printInTest(textOf(place, unused, isRemoved), true)
  const folder = dirname(file)
  for (const one of unused) {
    const golden = `${goldensOf(file)}/${one}`
    if (isRemoved) {
      await removeUnder(folder, golden)
      continue
    }
    const bytes = await pictureUnder(folder, golden)
    const [name, path] = [`${shownPath(root, file)} > ${one}`, shownPath(root, join(folder, golden))]
    const found = await obsoleteResult(name, 'no test is compared with this golden', path, bytes)
    record(root, records, { ...found, failed: false })
  }
  await writeRun(root)
}

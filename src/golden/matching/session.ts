import { randomUUID } from 'node:crypto'
import { basename, dirname, join } from 'node:path'
import { ConvoError } from '../../error.ts'
import { sha256 } from '../../files/hash.ts'
import { leaves } from '../../files/root.ts'
import { pathOfName } from '../names.ts'
import { testGoldens } from '../settings.ts'
import { beginRecords } from './records.ts'
import { type Calling, type Runner, type SnapshotState, shownPath } from './runner.ts'

/** One run of a test file, as far as this process sees it. */
export type Session = {
  /** The folder that the tests run in. */
  readonly root: string
  readonly file: string
  /** The folder of its results, in the folder of all results. */
  readonly records: string
  /** The goldens that were compared, relative to `__goldens__/<file>`, in lower case. */
  readonly used: Set<string>
  /** The test of each golden, by the golden's name in lower case. */
  readonly owners: Map<string, string>
  /** The number of unnamed goldens of each test, and the attempt that they belong to. */
  readonly counts: Map<string, { readonly attempt: string; count: number }>
  /** The attempt that wrote each golden. */
  readonly written: Map<string, string>
  /** Resolves when the results of an earlier run are removed. */
  readonly begun: Promise<void>
}

/** The folder that the tests run in. */
export const root = process.cwd()
const lives = new WeakMap<SnapshotState, Session>()
const sessions = new Map<string, Session>()

/** Returns the run of the file that a test belongs to. Calls `onBegin` for its first test. */
export function sessionOf(runner: Runner, onBegin: (session: Session) => void): Session {
  const { file, life } = runner
  const known = life === undefined ? sessions.get(file) : lives.get(life)
  if (known !== undefined) return known
  const records = recordsOf(runner)
  const session: Session = {
    root,
    file,
    records,
    used: new Set(),
    owners: new Map(),
    counts: new Map(),
    written: new Map(),
    begun: beginRecords(root, records, shownPath(root, file)),
  }
  // each comparison awaits it
  session.begun.catch(() => undefined)
  if (life === undefined) sessions.set(file, session)
  else lives.set(life, session)
  onBegin(session)
  return session
}

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

/** A golden: where it is, and what it is called. */
export type Golden = {
  readonly folder: string
  /** The path relative to that folder. */
  readonly file: string
  /** The path relative to the folder that the tests run in, for messages. */
  readonly shown: string
  /** Whether it is below the folder that the tests run in. */
  readonly isBelow: boolean
  readonly name: string
  /** The folder of its pictures, in the folder of all results. */
  readonly pictures: string
}

/** The folder of a test file's goldens, relative to the folder of the file. */
export const goldensOf = (file: string): string => `${testGoldens}/${pathOfName(basename(file))}`

/**
 * Returns the golden that a comparison requests: the next one of the test, or the one with the given name.
 *
 * @throws ConvoError E_NAME for a name without a letter, or for two tests whose names give the same golden
 */
export function goldenOf(
  session: Session,
  runner: Runner,
  calling: Calling,
  given: string | undefined,
): Golden {
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

import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { orElse } from '../../error.ts'
import { removeUnder } from '../../files/change.ts'
import { sha256InTurns } from '../../files/hash.ts'
import { isCi } from '../../host/engines.ts'
import { printInTest } from '../../host/io.ts'
import { counted } from '../../text/count.ts'
import { pictureUnder } from '../files.ts'
import { record, writeRun } from './records.ts'
import { type Runner, shownPath } from './runner.ts'
import { goldensOf, type Session, stemOf } from './session.ts'

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
    const done = reportUnused(session, unusedOf(session, stems), runner.update && !isCi(process.env))
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
    record(root, records, {
      name: `${shownPath(root, file)} > ${one}`,
      status: 'obsolete',
      failed: false,
      message: 'no test is compared with this golden',
      why: [],
      facts: [],
      ...(bytes !== undefined && {
        approval: {
          golden: { path: shownPath(root, join(folder, golden)), sha256: await sha256InTurns(bytes) },
          inputs: [],
        },
      }),
      milliseconds: 0,
    })
  }
  await writeRun(root)
}

import { statSync } from 'node:fs'
import { extname, join, relative, resolve } from 'node:path'
import { ConvoError, nearest } from '../error.ts'
import { removeUnder, writeUnder } from '../files/change.ts'
import { sha256InTurns } from '../files/hash.ts'
import { type Hold, takeHold } from '../files/hold.ts'
import { clearLeftovers } from '../files/leftovers.ts'
import { isSameFile } from '../files/output.ts'
import { readWhole } from '../files/read.ts'
import { under } from '../files/root.ts'
import { counted, partsText } from '../text/count.ts'
import { isPicture, pictureUnder } from './files.ts'
import { areGoldensOf, readGoldens } from './goldens-folder.ts'
import { neverApproved } from './judgement.ts'
import { type Lock, type LockEntry, lockName, readLock, writeLock } from './lock.ts'
import { folded, nameMatches, pathOfName } from './names.ts'
import { type Approval, type CaseResult, type Run, readResults, type Seen, type Waiting } from './results.ts'
import { testGoldens } from './settings.ts'

/**
 * Which cases of a run to approve: the named ones, where `*` matches any text in the names of cases that failed; all
 * that are new, changed, obsolete, or goldens of another tool; or only the new ones. Goldens that were tampered with,
 * tolerated differences, and obsolete goldens that are allowed must be named.
 */
export type Choice = 'all' | 'new' | readonly string[]

/** What an approval did. */
export type Approved = {
  /** Cases whose golden is now the picture that the run made. */
  readonly written: readonly string[]
  /** Cases whose golden was removed. */
  readonly removed: readonly string[]
  /** Named cases that already pass: their goldens stay as they are. */
  readonly untouched: readonly string[]
}

type Approvable = CaseResult & { readonly approval: Approval }

/** Whether a case has something to approve. */
export const isApprovable = (one: CaseResult): one is Approvable =>
  one.approval !== undefined && one.status !== 'pass'

/**
 * Replaces goldens with the pictures of a run, without computing anything again. All files are checked first. If the
 * manifest, an input, a picture or a golden has changed since the run, nothing is written. Then each golden is replaced
 * in one step, and the lock file last. If the process is killed in between, every golden is complete, either old or
 * new, and the same approval finishes the work.
 *
 * Another approval of the same goldens is waited for if `waiting` is given.
 *
 * The run is not trusted, as it may come from another machine. Only pictures are written and removed, and only in the
 * folder that the manifest names.
 *
 * @throws ConvoError E_NAME for a name that the run does not have, E_STALE, E_PATH, E_OUTPUT
 */
export async function approve(
  run: Run,
  results: string,
  choice: Choice,
  waiting?: Waiting,
): Promise<Approved> {
  const holds: Holds = { taken: new Map(), waiting }
  try {
    const parts = await prepare(run, results, choice, holds)
    refuseTwice(parts)
    const all = { written: [] as string[], removed: [] as string[], untouched: [] as string[] }
    for (const part of parts) {
      const done = await promoteAll(part)
      for (const key of ['written', 'removed', 'untouched'] as const)
        for (const name of done[key]) all[key].push(part.label + name)
    }
    return all
  } finally {
    for (const hold of holds.taken.values()) hold.release()
  }
}

/** Holds on folders of goldens, which keep other approvals from writing there. Parts may share a folder. */
type Holds = { readonly taken: Map<string, Hold>; readonly waiting: Waiting | undefined }

async function holdGoldens(folder: string, { taken, waiting }: Holds): Promise<void> {
  if (taken.has(resolve(folder))) return
  const hold = await takeHold({
    folder,
    taken: { message: `another approval is writing to ${folder}`, fix: '--wait' },
    onWait: waiting && ((other) => waiting(`waiting for another approval in ${folder}: ${other}`)),
  })
  taken.set(resolve(folder), hold)
}

type Prepared = Awaited<ReturnType<typeof prepare>>[number]

const lockOf = ({ source, goldens }: Run): Lock => (source === 'tests' ? new Map() : readLock(goldens))

/** Checks the approval of each manifest of a run. */
async function prepare(run: Run, results: string, choice: Choice, holds: Holds) {
  const named =
    typeof choice === 'string' ? undefined : [...new Set(casesNamed(run, choice).map(({ name }) => name))]
  const parts = run.parts?.map(({ label, folder }) => {
    const own = join(results, folder)
    return { run: readResults(own), folder: own, label: `${label}/` }
  }) ?? [{ run, folder: results, label: '' }]
  // one order for all, as two approvals that wait for each other would never end
  const placed = parts.map((part) => ({ ...part, goldens: resolve(part.run.goldens) }))
  placed.sort(({ goldens: a }, { goldens: b }) => Number(a > b) - Number(a < b))
  // an obsolete golden may have the name of another manifest's case: then the name means the case
  const cases = new Set(
    parts.flatMap(({ run: { cases }, label }) =>
      cases.flatMap(({ name, status }) => (status === 'obsolete' ? [] : [label + name])),
    ),
  )
  const prepared = []
  for (const { run: own, folder, label } of placed) {
    const asked = named?.flatMap((whole) =>
      own.cases.filter(
        ({ name, status }) => label + name === whole && (status !== 'obsolete' || !cases.has(whole)),
      ),
    )
    if (asked?.length === 0) continue
    // a damaged lock is found before anything is written
    const lock = lockOf(own)
    const chosen = asked ?? choose(own, choice, lock)
    const approvable = chosen.filter(isApprovable)
    const untouched = chosen.filter((one) => !isApprovable(one)).map(({ name }) => name)
    const pictures = await lookAtAll(own, folder, approvable, holds)
    prepared.push({ run: own, cases: approvable, untouched, label, pictures })
  }
  return prepared
}

/** @throws ConvoError E_NAME if two pictures would become one golden: cases of the same name that share a folder */
function refuseTwice(parts: readonly Prepared[]): void {
  const seen = new Map<string, { readonly name: string; readonly sha256: string }>()
  for (const { run, cases, label } of parts) {
    for (const { name, approval } of cases) {
      if (approval.actual === undefined) continue
      const path = join(run.goldens, approval.actual.entry.file)
      const { sha256: digest } = approval.actual
      const before = seen.get(resolve(path))
      if (before !== undefined && before.sha256 !== digest) {
        throw new ConvoError('E_NAME', `${before.name} and ${label}${name} would both become ${path}`, {
          why: 'the cases have the same name and the same folder of goldens, but different pictures',
          fix: 'different names, or a folder of goldens for each manifest',
        })
      }
      seen.set(resolve(path), { name: label + name, sha256: digest })
    }
  }
}

async function promoteAll({ run, cases, untouched, pictures }: Prepared): Promise<Approved> {
  const isOfTests = run.source === 'tests'
  // read again, as an earlier part may have written the same lock
  const lock = new Map(lockOf(run))
  if (!isOfTests) clearLeftovers(run.goldens)
  const written: string[] = []
  const removed: string[] = []
  for (const { name, approval } of cases) {
    const { actual } = approval
    const picture = pictures.get(name)
    if (actual === undefined || picture === undefined) lock.delete(name)
    else {
      const there = await pictureUnder(run.goldens, actual.entry.file)
      if (!there?.equals(picture)) await writeUnder(run.goldens, actual.entry.file, picture)
      lock.set(name, actual.entry)
    }
    ;(actual === undefined ? removed : written).push(name)
  }
  if (cases.length > 0 && !isOfTests) await writeLock(run.goldens, lock)
  // Only now, when no lock names them any more.
  for (const { approval } of cases) await removeOld(approval, lock, run.goldens)
  return { written, removed, untouched }
}

/** Whether a case failed. Goldens that no test compares fail no test, but are removed as if they did. */
const isOwed = (run: Run, { status, failed }: CaseResult): boolean =>
  failed || (status === 'obsolete' && run.source === 'tests')

function choose(run: Run, choice: Choice, lock: Lock): CaseResult[] {
  if (choice === 'new') return run.cases.filter(({ status }) => status === 'new')
  const needs = (one: Approvable) =>
    one.status === 'error' ? isOfOtherTool(one, lock) : one.status !== 'obsolete' || isOwed(run, one)
  return run.cases.filter((one) => isApprovable(one) && one.status !== 'tolerated' && needs(one))
}

/** The cases of those names, and failed, approvable cases that `*` matches. @throws ConvoError E_NAME, E_STALE */
function casesNamed(run: Run, names: readonly string[]): CaseResult[] {
  const found = names.flatMap((pattern) => {
    const [exact] = run.cases.filter(({ name }) => name === pattern)
    if (exact?.status === 'error' && !isApprovable(exact)) {
      const { name, message, why, fix } = exact
      throw new ConvoError('E_STALE', `${JSON.stringify(name)} has no picture to approve`, {
        why: [message, ...why],
        fix,
      })
    }
    if (exact !== undefined) return [exact]
    const matches = run.cases.filter(({ name }) => nameMatches(name, pattern))
    if (matches.length === 0) throw unknownName(pattern, run)
    return matches.filter((one) => isOwed(run, one) && isApprovable(one))
  })
  return [...new Set(found)]
}

/** Whether a golden exists and was never approved: it can be read, and was neither tampered with nor damaged. */
const isOfOtherTool = ({ name, message }: Approvable, lock: Lock): boolean =>
  message === neverApproved && !lock.has(name)

function unknownName(pattern: string, run: Run): ConvoError {
  const names = run.cases.map(({ name }) => name)
  return new ConvoError('E_NAME', `the last run has no case ${JSON.stringify(pattern)}`, {
    why: [
      `it has ${counted(names.length, 'case')}; with --filter or --shard, only those that it ran`,
      ...(run.parts === undefined ? [] : ['names start with the folder of their manifest']),
    ],
    instead: [pattern, nearest(pattern, names)],
  })
}

/** Verifies that nothing has changed since the run, and returns the pictures to promote by case name. */
async function lookAtAll(run: Run, results: string, cases: readonly Approvable[], holds: Holds) {
  const moved: string[] = []
  const seen = new Map<string, Promise<boolean>>()
  const isAsSeen = (file: Seen) => {
    const known = seen.get(file.path) ?? isUnchanged(file)
    seen.set(file.path, known)
    return known
  }
  if (run.source === 'tests') refuseOtherThanGoldens(run, cases)
  else if (cases.length > 0 && !(await isAsSeen(run.manifest))) {
    moved.push(`${run.manifest.path}: the manifest was changed after the check`)
  } else if (cases.length > 0) {
    refuseOtherGoldens(run)
    await holdGoldens(run.goldens, holds)
  }
  const pictures = new Map<string, Buffer>()
  for (const { name, approval } of cases) {
    for (const input of approval.inputs) {
      if (!(await isAsSeen(input)))
        moved.push(`${input.path}: this input of ${name} was changed after the check`)
    }
    const picture = approval.actual && (await pictureUnder(results, approval.actual.file))
    if (
      approval.actual !== undefined &&
      (!picture || (await sha256InTurns(picture)) !== approval.actual.sha256)
    ) {
      moved.push(`${join(results, approval.actual.file)}: differs from what the check made`)
    }
    if (picture !== undefined) pictures.set(name, promotable(name, approval, picture, run))
    const { path, sha256: before } = approval.golden
    const golden = await pictureUnder(run.goldens, goldenFile(approval, run.goldens))
    const now = golden && (await sha256InTurns(golden))
    // A golden that already is the new picture comes from an interrupted approval.
    if (now !== before && now !== approval.actual?.sha256) {
      moved.push(`${path}: this golden was changed after the check`)
    }
  }
  if (moved.length > 0) {
    const shown = [...new Set(moved)]
    throw new ConvoError('E_STALE', 'what would be approved has changed since the check', {
      why: shown.length > 10 ? [...shown.slice(0, 10), `and ${shown.length - 10} more`] : shown,
      fix: `run ${run.source === 'tests' ? 'the tests again' : 'convo check'}, then approve`,
    })
  }
  return pictures
}

function refuseOtherGoldens({ manifest, goldens }: Run): void {
  if (areGoldensOf(manifest.path, goldens)) return
  const own = readGoldens(manifest.path)
  throw new ConvoError('E_PATH', `the results name ${goldens} as the folder of the goldens`, {
    why: `${manifest.path}: it is ${own}`,
    fix: 'run convo check, then approve',
  })
}

/**
 * Refuses files that are not goldens of tests. Those are PNGs in folders beside the tests, below the folder that the
 * tests ran in.
 *
 * @throws ConvoError E_PATH for any other file
 */
function refuseOtherThanGoldens({ goldens }: Run, cases: readonly Approvable[]): void {
  const paths = cases.flatMap(({ approval }) => [
    goldenFile(approval, goldens),
    ...(approval.actual === undefined ? [] : [approval.actual.entry.file]),
  ])
  const isGolden = (path: string) => new RegExp(`(^|/)${testGoldens}/.+\\.png$`).test(path)
  const other = resolve(goldens) === resolve('.') ? paths.find((path) => !isGolden(path)) : goldens
  if (other === undefined) return
  throw new ConvoError('E_PATH', `${JSON.stringify(other)} is not a golden of a test`, {
    why: `they are PNGs in folders called ${testGoldens}, below the folder that the tests run in`,
    fix: 'run the tests again, then approve',
  })
}

/** The path of a case's golden, relative to the folder of the goldens. */
const goldenFile = ({ golden }: Approval, goldens: string): string =>
  relative(goldens, golden.path).replaceAll('\\', '/')

/** Returns the picture if it may become a golden. @throws ConvoError E_PATH if its path is not the golden's, E_STALE */
function promotable(name: string, approval: Approval, picture: Buffer, run: Run): Buffer {
  const { goldens } = run
  const file = approval.actual?.entry.file ?? ''
  under(goldens, file)
  if (file === lockName || !isPicture(picture)) {
    throw new ConvoError('E_STALE', `${JSON.stringify(name)} is not a picture that can be approved`, {
      why: `${join(goldens, file)}: goldens must be pictures`,
    })
  }
  if (!isGoldenOf(name, file, approval, run)) {
    throw new ConvoError('E_PATH', `${JSON.stringify(name)} would replace the golden of another case`, {
      why: join(goldens, file),
      fix: `run ${run.source === 'tests' ? 'the tests' : 'convo check'} again, then approve`,
    })
  }
  return picture
}

function isGoldenOf(name: string, file: string, approval: Approval, run: Run): boolean {
  if (run.source !== 'tests') return file === pathOfName(name) + extname(file)
  const isOfOther = (one: CaseResult) =>
    one.name !== name && (one.golden === file || one.approval?.actual?.entry.file === file)
  return file === goldenFile(approval, run.goldens) && !run.cases.some(isOfOther)
}

async function isUnchanged({ path, sha256: before }: Seen): Promise<boolean> {
  try {
    // reading a device may never end
    return (
      statSync(path).isFile() &&
      (await sha256InTurns(await readWhole(path, { limit: 'encodedBytes' }))) === before
    )
  } catch {
    return false
  }
}

/** Removes a golden that no entry of the lock names: an obsolete one, or one of another format. */
async function removeOld(approval: Approval, lock: Lock, goldens: string): Promise<void> {
  const file = goldenFile(approval, goldens)
  // on some file systems, names that differ only in case or in how accents are encoded are the same file
  const isNamed = (entry: LockEntry) =>
    entry.file === file ||
    (folded(entry.file) === folded(file) && isSameFile(join(goldens, entry.file), join(goldens, file)))
  if ([...lock.values()].some(isNamed)) return
  const there = await pictureUnder(goldens, file)
  if (there !== undefined && isPicture(there)) await removeUnder(goldens, file)
}

/** Summarises an approval in one line. */
export const approvedText = ({ written, removed, untouched }: Approved): string =>
  partsText(
    [written.length, 'golden', 'written'],
    [removed.length, 'golden', 'removed'],
    [untouched.length, 'case', 'already passing'],
  ) || 'nothing to approve'

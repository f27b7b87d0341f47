import { mkdir, readdir, rm } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { ConvoError, nearest } from '../../error.ts'
import { readWhole } from '../../files/read.ts'
import { writeAtomically } from '../../image/output.ts'
import { counted } from '../words.ts'
import { bytesIfThere, sha256 } from './files.ts'
import { type Lock, type LockEntry, readLock, writeLock } from './lock.ts'
import { nameMatches } from './names.ts'
import type { Approval, CaseResult, Run, Seen } from './results.ts'

/**
 * Which cases of a run to approve: by name, or by `*` for any text among those that failed; all that are new, changed or
 * obsolete; the new ones. A golden that was tampered with, or a tolerated case, has to be named.
 */
export type Choice =
  | { readonly kind: 'names'; readonly names: readonly string[] }
  | { readonly kind: 'all' }
  | { readonly kind: 'new' }

/** What an approval did. */
export type Approved = {
  /** Cases whose golden is now what the run made. */
  readonly written: readonly string[]
  /** Cases whose golden is gone. */
  readonly removed: readonly string[]
  /** Cases that were named and pass: their goldens stay as they are. */
  readonly untouched: readonly string[]
}

type Approvable = CaseResult & { readonly approval: Approval }

/** Whether a case has something to approve. */
export const isApprovable = (one: CaseResult): one is Approvable =>
  one.approval !== undefined && one.status !== 'pass'

/**
 * Makes what a run made the goldens. Nothing is computed again: first everything is looked at, and if manifest, inputs,
 * pictures or goldens are not what they were, nothing is done. Then each golden is replaced in one step, the lock file
 * last; killed in between, every golden is the old or the new one, whole, and the same approval completes it.
 *
 * @throws ConvoError E_NAME for a name that the run does not have, E_STALE, E_OUTPUT
 */
export async function approve(run: Run, results: string, choice: Choice): Promise<Approved> {
  const chosen = choose(run, choice)
  const cases = chosen.filter(isApprovable)
  const untouched = chosen.filter((one) => !isApprovable(one)).map(({ name }) => name)
  const pictures = await lookAtAll(run, results, cases)
  const lock = new Map(readLock(run.goldens))
  await removeLeftovers(run.goldens, cases)
  const written: string[] = []
  const removed: string[] = []
  for (const { name, approval } of cases) {
    await promote(approval, pictures.get(name), lock, name, run.goldens)
    ;(approval.actual === undefined ? removed : written).push(name)
  }
  if (cases.length > 0) await writeLock(run.goldens, lock)
  // Only now, when no lock tells of them any more.
  for (const { approval } of cases) await removeOld(approval, lock, run.goldens)
  return { written, removed, untouched }
}

function choose(run: Run, choice: Choice): CaseResult[] {
  if (choice.kind === 'new') return run.cases.filter(({ status }) => status === 'new')
  if (choice.kind === 'all') {
    return run.cases.filter(
      (one) => isApprovable(one) && one.status !== 'tolerated' && one.status !== 'error',
    )
  }
  const found = new Set<CaseResult>()
  for (const pattern of choice.names) {
    const exact = run.cases.find(({ name }) => name === pattern)
    if (exact !== undefined) {
      if (exact.status === 'error' && !isApprovable(exact)) throw notApprovable(exact)
      found.add(exact)
      continue
    }
    const matches = run.cases.filter(({ name }) => nameMatches(name, pattern))
    if (matches.length === 0) throw unknownName(pattern, run)
    for (const one of matches) if (one.failed && isApprovable(one)) found.add(one)
  }
  return [...found]
}

function unknownName(pattern: string, run: Run): ConvoError {
  const names = run.cases.map(({ name }) => name)
  const guess = nearest(pattern, names)
  return new ConvoError('E_NAME', `the last run has no case ${JSON.stringify(pattern)}`, {
    why: `it has ${counted(names.length, 'case')}; a run with --filter or --shard has those that it ran`,
    ...(guess !== undefined && { instead: [pattern, guess] as const }),
  })
}

function notApprovable({ name, message, why, fix }: CaseResult): ConvoError {
  return new ConvoError('E_STALE', `${JSON.stringify(name)} made no picture to approve`, {
    why: [message, ...why],
    ...(fix !== undefined && { fix }),
  })
}

/** Makes sure that all is as it was, and brings the pictures to be promoted. */
async function lookAtAll(
  run: Run,
  results: string,
  cases: readonly Approvable[],
): Promise<Map<string, Buffer>> {
  const moved: string[] = []
  const seen = new Map<string, Promise<boolean>>()
  const isAsSeen = (file: Seen) => {
    const known = seen.get(file.path) ?? isUnchanged(file)
    seen.set(file.path, known)
    return known
  }
  if (cases.length > 0 && !(await isAsSeen(run.manifest))) {
    moved.push(`${run.manifest.path}: the manifest was changed after the check`)
  }
  const pictures = new Map<string, Buffer>()
  for (const { name, approval } of cases) {
    for (const input of approval.inputs) {
      if (!(await isAsSeen(input)))
        moved.push(`${input.path}: this input of ${name} was changed after the check`)
    }
    const picture = approval.actual && (await bytesIfThere(join(results, approval.actual.file)))
    if (approval.actual !== undefined && (!picture || sha256(picture) !== approval.actual.sha256)) {
      moved.push(`${join(results, approval.actual.file)}: is not what the check made`)
    }
    if (picture !== undefined) pictures.set(name, picture)
    const { path, sha256: before } = approval.golden
    const golden = await bytesIfThere(path)
    const now = golden && sha256(golden)
    // What is there already comes of an approval that was broken off.
    if (now !== before && now !== approval.actual?.sha256) {
      moved.push(`${path}: this golden was changed after the check`)
    }
  }
  if (moved.length > 0) {
    const shown = [...new Set(moved)]
    throw new ConvoError('E_STALE', 'what would be approved is not what was checked', {
      why: shown.length > 10 ? [...shown.slice(0, 10), `and ${shown.length - 10} more`] : shown,
      fix: 'convo check, then approve what it finds',
    })
  }
  return pictures
}

async function isUnchanged({ path, sha256: before }: Seen): Promise<boolean> {
  try {
    return sha256(await readWhole(path, { limit: 'encodedBytes' })) === before
  } catch {
    return false
  }
}

async function promote(
  { actual }: Approval,
  picture: Buffer | undefined,
  lock: Map<string, LockEntry>,
  name: string,
  goldens: string,
): Promise<void> {
  if (actual === undefined || picture === undefined) {
    lock.delete(name)
    return
  }
  const target = join(goldens, actual.entry.file)
  const there = await bytesIfThere(target)
  if (there === undefined || !there.equals(picture)) {
    await mkdir(dirname(target), { recursive: true })
    await writeAtomically(target, (output) => output.write(picture))
  }
  lock.set(name, actual.entry)
}

/** Removes a golden that no entry of the lock names: an obsolete one, or one of another format. */
async function removeOld({ golden }: Approval, lock: Lock, goldens: string): Promise<void> {
  const file = relative(goldens, golden.path).replaceAll('\\', '/')
  if ([...lock.values()].some((entry) => entry.file === file)) return
  await rm(golden.path, { force: true })
}

/** Temporary files of processes that are no more: a killed approval leaves them. */
async function removeLeftovers(goldens: string, cases: readonly Approvable[]): Promise<void> {
  const folders = new Set([goldens, ...cases.map(({ approval }) => dirname(approval.golden.path))])
  for (const folder of folders) {
    const files = await readdir(folder).catch(() => [])
    for (const file of files) {
      const pid = /^\.convo-(\d+)-\w+\.tmp$/.exec(file)?.[1]
      if (pid !== undefined && !isAlive(Number(pid))) await rm(join(folder, file), { force: true })
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** One sentence on an approval. */
export function approvedText({ written, removed, untouched }: Approved): string {
  const parts = [
    ...(written.length > 0 ? [`${counted(written.length, 'golden')} written`] : []),
    ...(removed.length > 0 ? [`${counted(removed.length, 'golden')} removed`] : []),
    ...(untouched.length > 0 ? [`${counted(untouched.length, 'case')} left alone, passing already`] : []),
  ]
  return parts.length === 0 ? 'nothing to approve' : parts.join(', ')
}

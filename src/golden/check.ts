import { join } from 'node:path'
import { ConvoError } from '../error.ts'
import { noteRead, refuseReplacing } from '../files/reads.ts'
import { isCi } from '../host/engines.ts'
import { type Io, noteMessage } from '../host/io.ts'
import { parseShard } from '../host/shard.ts'
import type { Values } from '../params.ts'
import { counted } from '../text/count.ts'
import { columns } from '../text/layout.ts'
import { Verbatim } from '../text/message.ts'
import { shellWord } from '../text/shell.ts'
import { visibleLine } from '../text/visible.ts'
import { type Approved, approve, approvedText, type Choice, isApprovable } from './approve.ts'
import { approveCommand, askedReporters, reportAll } from './destinations.ts'
import { lockName } from './lock.ts'
import { findManifest, loadManifest, type Manifest, manifestFiles } from './manifest.ts'
import { checkMany } from './many.ts'
import { holdingResults, lastResults, type Run, type Waiting } from './results.ts'
import type { RunOptions } from './run.ts'
import type { checkSettings, reportSettings, resultsSettings, waitSettings } from './settings.ts'

type CheckValues = Values<
  typeof checkSettings & typeof reportSettings & typeof resultsSettings & typeof waitSettings
>

/** `convo check`: runs, reports, and approves with `--update`. Returns the exit status. */
export async function check(files: readonly string[], settings: CheckValues, io: Io): Promise<number> {
  const { results, filter, memory } = settings
  if (settings.update) refuseOnCi('--update')
  const shard = settings.shard === undefined ? undefined : parseShard(settings.shard, process.env)
  const asked = askedReporters(settings.reporter ?? [], results, shard)
  const manifests: Manifest[] = []
  for (const file of files.length === 0 ? [findManifest()] : await manifestFiles(files))
    manifests.push(await loadManifest(file))
  for (const { file, goldens, cases } of manifests) {
    for (const path of [file, join(goldens, lockName)]) noteRead(path)
    for (const { input, golden, tolerance } of cases) {
      for (const path of [input, join(goldens, golden)]) noteRead(path)
      if (tolerance.mask !== undefined) noteRead(tolerance.mask)
    }
  }
  for (const { file: to } of asked) if (to !== undefined) refuseReplacing(to)
  const waiting = waitingOn(io, settings)
  const work = async () => {
    const progress = progressOn(io, 'case')
    const options: RunOptions = {
      results,
      shard,
      memory,
      filter: filter ?? [],
      tags: settings.tag ?? [],
      allow: settings.allow ?? [],
      selfTest: settings['self-test'],
      onCase: (_, done, all) => progress.show(done, all),
    }
    const run = await checkMany(manifests, options).finally(async () => {
      progress.clear()
      if (manifests.some(({ cases }) => cases.some(({ steps }) => steps.length > 0)))
        await (await import('../run/shared.ts')).closePools()
    })
    await reportAll(run, asked, results, io, settings.passing, !settings.update)
    for (const note of run.notes ?? []) io.err(noteMessage(note))
    const isPrinted = asked.some(({ name, file: to }) => name === 'pretty' && to === undefined)
    const print = isPrinted ? (text: string) => io.out(text) : async (text: string) => io.err(text)
    if (settings.tighten) await print(tightenText(run))
    if (!settings.update) return run.failed > 0 ? 1 : 0
    const done = await approve(run, results, 'all', waiting)
    await print(`${visibleLine(approvedText(done))}\n`)
    return noteLeft(run, done, results, io)
  }
  return holdingResults(results, work, waiting)
}

/** Returns a progress line such as `7 of 20 cases` on standard error, shown only on terminals. */
export function progressOn(io: Io, what: string) {
  const clear = new Verbatim('\r\x1b[2K')
  const isShown = process.stderr.isTTY === true
  return {
    show: (done: number, all: number) => isShown && io.err([clear, `${done} of ${counted(all, what)}`]),
    clear: () => isShown && io.err(clear),
  }
}

/** Returns a function that reports a wait, with `--wait`. */
export const waitingOn = (io: Io, { wait }: { readonly wait: boolean }): Waiting | undefined =>
  wait ? (what) => io.err(`${visibleLine(what)}\n`) : undefined

/** `convo approve`: promotes cases of the last run. Returns the exit status. */
export async function approveFromResults(
  names: readonly string[],
  settings: Pick<CheckValues, 'results' | 'wait'> & { readonly all: boolean; readonly new: boolean },
  io: Io,
): Promise<number> {
  refuseOnCi('approve')
  const choice = choiceOf(names, settings)
  const waiting = waitingOn(io, settings)
  const run = await lastResults(settings.results, waiting)
  const done = await approve(run, settings.results, choice, waiting)
  await io.out(`${visibleLine(approvedText(done))}\n`)
  return choice === 'all' ? noteLeft(run, done, settings.results, io) : 0
}

/** Notes cases that `all` did not approve: they made no picture, or must be named. Returns the exit status. */
function noteLeft({ cases }: Run, { written }: Approved, results: string, io: Io): number {
  const left = cases.filter((one) => one.failed && one.status === 'error' && !written.includes(one.name))
  for (const one of left) {
    const command = `${approveCommand(results)} ${shellWord(one.name)}`
    const accept = `${one.name}: ${one.message}; to accept the new picture: ${command}`
    io.err(noteMessage(isApprovable(one) ? accept : `${one.name} has no picture to approve`))
  }
  return left.length > 0 ? 1 : 0
}

function choiceOf(names: readonly string[], { all, new: isNew }: { all: boolean; new: boolean }): Choice {
  const given = [names.length > 0 && 'names of cases', all && '--all', isNew && '--new'].filter(
    (one) => one !== false,
  )
  if (given.length !== 1) {
    const problem =
      given.length === 0 ? 'needs names of cases, --all or --new' : `takes one of ${given.join(' and ')}`
    throw new ConvoError('E_USAGE', `approve ${problem}`, {
      why: 'usage: convo approve [names...] [--all | --new]',
      fix: `convo approve ${all && !isNew ? '--all' : '--new'}`,
    })
  }
  return names.length > 0 ? names : all ? 'all' : 'new'
}

/** @throws ConvoError E_USAGE on a CI server, which must not change the goldens that it checks */
export function refuseOnCi(what: string): void {
  if (!isCi(process.env)) return
  throw new ConvoError('E_USAGE', `${what} would write goldens, and this is a CI server`, {
    why: `CI=${process.env.CI} is set`,
    fix: 'download the results of this run and approve them on your own machine',
  })
}

/** Lists the smallest tolerance of each case that needs one, or has one that it does not need. */
function tightenText({ cases }: Run): string {
  const rows = cases
    .filter(({ measured }) => measured !== undefined)
    .filter(({ tolerance, status }) => tolerance !== undefined || status !== 'pass')
    .map(({ name, tolerance = 'exact', smallest }) => [
      visibleLine(name),
      `has ${tolerance}`,
      `needs ${smallest ?? 'more than any tolerance allows'}`,
    ])
  if (rows.length > 0) return columns(rows)
  const areAllEqual = cases.length > 0 && cases.every(({ status }) => status === 'pass')
  return areAllEqual ? 'every case passes without a tolerance\n' : 'no tolerance to tighten\n'
}

import { basename, dirname, extname, join, relative } from 'node:path'
import { ConvoError } from '../error.ts'
import { sha256 } from '../files/hash.ts'
import { isWithin } from '../files/root.ts'
import { defined } from '../text/record.ts'
import type { Manifest } from './manifest.ts'
import { nameMatches, pathOfName } from './names.ts'
import { type CaseResult, clearResults, type Run, totalled, writeResults } from './results.ts'
import { matching, type RunOptions, refuseNoCase, runCheck, turnsOf } from './run.ts'

/**
 * Checks several manifests one after the other. Each has results of its own in a folder of the results; together they are
 * one run, in which the names of cases have the folder of their manifest in front.
 *
 * @throws ConvoError as `runCheck` does; E_USAGE where no manifest has a case that matches the filters
 */
export async function checkMany(manifests: readonly Manifest[], options: RunOptions): Promise<Run> {
  const began = performance.now()
  const { results, onCase } = options
  const labels = labelsOf(manifests.map(({ file }) => file))
  const turns = turnsOf(options.shard)
  const wanted = manifests.map((manifest, i): [Manifest, RunOptions] => {
    const label = labels[i]!
    const among = { label, manifests, turns }
    return [manifest, { ...options, results: join(results, pathOfName(label)), among }]
  })
  refuseNoCase(wanted)
  await clearResults(results)
  const all = turnsOf(options.shard).made(wanted.flatMap((one) => matching(...one))).length
  const runs: Run[] = []
  let done = 0
  const onOwn = onCase && ((one: CaseResult) => onCase(one, ++done, all))
  for (const [manifest, own] of wanted) runs.push(await runCheck(manifest, { ...own, onCase: onOwn }))
  const run = joined(runs, labels, results, performance.now() - began)
  await writeResults(results, run)
  return run
}

/** What the manifests are called: their folders, or files where a folder has several. */
function labelsOf(files: readonly string[]): string[] {
  const folders = files.map(
    (file) => relative('', dirname(file)).replaceAll('\\', '/') || basename(process.cwd()),
  )
  const isShared = (label: string) => folders.filter((one) => one === label).length > 1
  const labels = folders.map((folder, i) => {
    const file = files[i]!
    return (isShared(folder) ? `${folder}/${basename(file, extname(file))}` : folder).replace(
      /^(\.\.\/)+/,
      '',
    )
  })
  const twice = labels.findIndex((label, i) => labels.indexOf(label) < i)
  if (twice < 0) return labels
  throw new ConvoError('E_USAGE', `${files[twice]} is given twice, or another manifest has the same name`, {
    fix: 'each manifest once',
  })
}

function joined(runs: readonly Run[], labels: readonly string[], results: string, milliseconds: number): Run {
  const parts = labels.map((label) => ({ label, folder: pathOfName(label) }))
  const cases = runs
    .flatMap((run, i) => run.cases.map((one) => within(one, run, parts[i]!)))
    // obsolete goldens come last, as in a run of one manifest and in the merge of shards
    .sort((a, b) => Number(a.status === 'obsolete') - Number(b.status === 'obsolete'))
  const [first] = runs
  const notes = runs.flatMap((run) => run.notes ?? [])
  const { shard, filter, tags, links, tools } = first!
  return totalled(cases, milliseconds, {
    tools,
    manifest: {
      path: runs.map(({ manifest }) => manifest.path).join(', '),
      sha256: sha256(runs.map((run) => run.manifest.sha256).join('')),
    },
    goldens: '.',
    results,
    ...defined({ shard, filter, tags, links }),
    ...(notes.length > 0 && { notes }),
    parts,
  })
}

/** A case of one manifest as one of all: by its label, with pictures from the folder of all results. */
function within(one: CaseResult, run: Run, { label, folder }: { label: string; folder: string }): CaseResult {
  const { golden, expected, actual, diff, difference, ...rest } = one
  const path = golden === undefined ? undefined : join(run.goldens, golden).replaceAll('\\', '/')
  return {
    ...rest,
    name: `${label}/${one.name}`,
    // what is elsewhere is not shown
    ...(path !== undefined && isWithin('.', path) && { golden: path }),
    ...defined({
      expected: expected && `${folder}/${expected}`,
      actual: actual && `${folder}/${actual}`,
      diff: diff && `${folder}/${diff}`,
      difference: difference && { ...difference, picture: `${folder}/${difference.picture}` },
    }),
  }
}

/** One of the runs that a run of several manifests is made of, and which of its cases are meant. */
export type Part = { readonly folder: string; readonly names: readonly string[] }

/**
 * The cases that names mean, by the folders that their results are in.
 *
 * @throws ConvoError E_NAME for a name that no case has
 */
export function partsOfNames(run: Run, names: readonly string[]): Part[] {
  const chosen = new Set<string>()
  for (const pattern of names) {
    const exact = run.cases.find(({ name }) => name === pattern)
    const found = exact
      ? [exact]
      : run.cases.filter(({ name, failed }) => failed && nameMatches(name, pattern))
    if (found.length === 0) {
      throw new ConvoError('E_NAME', `the last run has no case ${JSON.stringify(pattern)}`, {
        why: 'names start with the folder of their manifest',
        fix: run.cases[0]?.name ?? 'another name',
      })
    }
    for (const { name } of found) chosen.add(name)
  }
  return (run.parts ?? []).flatMap(({ label, folder }) => {
    const own = [...chosen]
      .filter((name) => name.startsWith(`${label}/`))
      .map((name) => name.slice(label.length + 1))
    return own.length === 0 ? [] : [{ folder, names: own }]
  })
}

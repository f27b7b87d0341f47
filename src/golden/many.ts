import { basename, dirname, extname, join, relative } from 'node:path'
import { ConvoError } from '../error.ts'
import { sha256 } from '../files/hash.ts'
import { isWithin } from '../files/root.ts'
import { defined } from '../text/record.ts'
import type { Manifest } from './manifest.ts'
import { folded, pathOfName } from './names.ts'
import { type CaseResult, clearResults, type Run, totalled, writeResults } from './results.ts'
import { matching, type RunOptions, refuseNoCase, runCheck, turnsOf } from './run.ts'

/**
 * Checks manifests one after the other. Each of several has its own folder in the results. Together they are one run,
 * in which case names start with the folder of their manifest.
 *
 * @throws ConvoError as `runCheck` does; E_USAGE if no case of any manifest matches the filters
 */
export async function checkMany(manifests: readonly Manifest[], options: RunOptions): Promise<Run> {
  if (manifests.length === 1) return runCheck(manifests[0]!, options)
  const began = performance.now()
  const { results, onCase } = options
  const labels = labelsOf(manifests.map(({ file }) => file))
  const turns = turnsOf(options.shard)
  const wanted = manifests.map((manifest, i): [Manifest, RunOptions] => {
    const label = labels[i]!
    const among = { label, manifests, turns }
    return [manifest, { ...options, results: join(results, folderOf(label)), among }]
  })
  refuseNoCase(wanted)
  refuseTwice(wanted)
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

/** The folder of a manifest's results. All are side by side, though one manifest may be in a folder of another one. */
function folderOf(label: string): string {
  const name = pathOfName(label).replaceAll('/', '%2F')
  // file names have at most 255 bytes
  return Buffer.byteLength(name) <= 200
    ? name
    : `${[...name].slice(0, 45).join('')}-${sha256(label).slice(0, 8)}`
}

/** @throws ConvoError E_NAME for two cases with the same full name, which nested manifests can have */
function refuseTwice(wanted: readonly (readonly [Manifest, RunOptions])[]): void {
  const seen = new Map<string, string>()
  for (const [{ cases, file }, { among }] of wanted) {
    for (const { name } of cases) {
      const whole = `${among!.label}/${name}`
      const before = seen.get(folded(whole))
      if (before !== undefined)
        throw new ConvoError('E_NAME', `two cases would be called ${whole}`, {
          why: [before, file].map((one) => `one is in ${one}`),
          fix: 'another name for one of the cases',
        })
      seen.set(folded(whole), file)
    }
  }
}

/** The labels of the manifests: their folders, or their files if a folder has several. */
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
  const parts = labels.map((label) => ({ label, folder: folderOf(label) }))
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

/** Converts a case of one manifest to one of the whole run, with its label and paths in the folder of all results. */
function within(one: CaseResult, run: Run, { label, folder }: { label: string; folder: string }): CaseResult {
  const { golden, expected, actual, diff, difference, ...rest } = one
  const path = golden === undefined ? undefined : join(run.goldens, golden).replaceAll('\\', '/')
  return {
    ...rest,
    name: `${label}/${one.name}`,
    // a golden outside the current folder is not shown
    ...(path !== undefined && isWithin('.', path) && { golden: path }),
    ...defined({
      expected: expected && `${folder}/${expected}`,
      actual: actual && `${folder}/${actual}`,
      diff: diff && `${folder}/${diff}`,
      difference: difference && { ...difference, picture: `${folder}/${difference.picture}` },
    }),
  }
}

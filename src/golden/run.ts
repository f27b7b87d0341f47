import { extname, join } from 'node:path'
import { ConvoError } from '../error.ts'
import { placeUnder, writeUnder } from '../files/change.ts'
import { sha256InTurns } from '../files/hash.ts'
import { version } from '../files/package.ts'
import { linksOf, type Shard } from '../host/engines.ts'
import { timingNote } from '../image/compare/comparison.ts'
import { loadSharp, versionsInUse } from '../image/sharp.ts'
import { counted } from '../text/count.ts'
import { optional } from '../text/record.ts'
import { budgetOf, estimate } from './budget.ts'
import type { Case } from './cases.ts'
import { pictureUnder, readBytes } from './files.ts'
import { judge } from './judge.ts'
import { failedJudgement, type Judgement, type Surroundings } from './judgement.ts'
import { type Lock, readLock } from './lock.ts'
import type { Manifest } from './manifest.ts'
import { nameMatches, pathOfName } from './names.ts'
import { findObsolete, type Obsolete, obsoleteResult } from './obsolete.ts'
import { isEqual } from './page/data.ts'
import {
  type About,
  type CaseResult,
  clearResults,
  type Run,
  rounded,
  type Seen,
  totalled,
  writeResults,
} from './results.ts'
import { toleranceText } from './tolerance.ts'

/** The options of a check. */
export type CheckOptions = {
  /** The folder for pictures and results.json; earlier results are removed. Default: the same as for `convo check`. */
  readonly results?: string | URL | undefined
  /** Names of cases, with `*` for any text. Default: all. */
  readonly filter?: readonly string[] | undefined
  /** Tags; a case must have one of them. Default: all cases. */
  readonly tags?: readonly string[] | undefined
  /** Statuses that do not make the check fail, such as `new`. Default: none. */
  readonly allow?: readonly string[] | undefined
  /** The part of the cases to check; `index` counts from 1. Default: all. */
  readonly shard?: Shard | undefined
  /** Also checks that every case would fail for a picture just beyond its tolerance. Default: false. */
  readonly selfTest?: boolean | undefined
  /** Called when a case is done. */
  readonly onCase?: ((result: CaseResult, done: number, all: number) => void) | undefined
}

/** The options of a run of one manifest, alone or among several. */
export type RunOptions = Omit<CheckOptions, 'results'> & {
  readonly results: string
  /** For one of several manifests: the prefix of its case names, all manifests, and the turns of the shards. */
  readonly among?: { readonly label: string; readonly manifests: readonly Manifest[]; readonly turns: Turns }
  /** The bytes that all decoded pictures together may take. */
  readonly memory?: number | undefined
}

/**
 * Makes and compares every case, several at a time within the memory budget, and writes results.json. Goldens are never
 * written.
 *
 * @throws ConvoError if no case can be checked; a case that cannot be made has the status `error`
 */
export async function runCheck(manifest: Manifest, options: RunOptions): Promise<Run> {
  const began = performance.now()
  const { results, filter = [], tags = [], shard, among, onCase = () => undefined } = options
  const turns = among?.turns ?? turnsOf(shard)
  const lock = readLock(manifest.goldens)
  if (among === undefined) refuseNoCase([[manifest, options]])
  const chosen = turns.made(matching(manifest, options))
  await clearResults(results)
  const around = { results, goldens: manifest.goldens, selfTest: options.selfTest === true }
  const budget = budgetOf(options.memory)
  const digests = new Map<string, Promise<Seen>>()
  let done = 0
  const made = await Promise.all(
    chosen.map((one) =>
      budget.within(estimate(one.input), async () => {
        const bare = await runCase(one, lock, manifest, around, digests)
        const result = withVerdict(bare, one.allow, manifest, options)
        onCase(result, ++done, chosen.length)
        return result
      }),
    ),
  )
  const isChosen = filter.length + tags.length > 0
  const left = isChosen ? [] : await findObsolete(manifest, lock, results, among?.manifests)
  const gone = await Promise.all(turns.gone(left).map((one) => resultOf(one, manifest.goldens, results)))
  const cases = [...made, ...gone.map((result) => withVerdict(result, new Set(), manifest, options))]
  const run = runOf(cases, performance.now() - began, {
    manifest: { path: manifest.file, sha256: manifest.digest },
    goldens: manifest.goldens,
    results,
    ...(filter.length > 0 && { filter }),
    ...(tags.length > 0 && { tags }),
    ...optional('links', linksOf(process.env)),
    ...(manifest.chosen !== undefined && { notes: [`goldens of ${manifest.chosen}: ${manifest.goldens}`] }),
    ...optional('shard', shard),
  })
  await writeResults(results, run)
  return run
}

/** Returns the cases that the filters match. Among several manifests, names may start with the manifest's label. */
export function matching(
  { cases }: Manifest,
  { filter = [], tags = [], among }: RunOptions,
): readonly Case[] {
  const isNamed = ({ name }: Case) =>
    filter.some((one) => nameMatches(name, one) || (among && nameMatches(`${among.label}/${name}`, one)))
  return cases
    .filter((one) => filter.length === 0 || isNamed(one))
    .filter((one) => tags.length === 0 || tags.some((tag) => one.tags.includes(tag)))
}

/** @throws ConvoError E_USAGE if the filters match no case of any manifest */
export function refuseNoCase(runs: readonly (readonly [Manifest, RunOptions])[]): void {
  if (runs.some((run) => matching(...run).length > 0)) return
  const { filter = [], tags = [] } = runs[0]![1]
  const named = runs.flatMap(([manifest, options]) => matching(manifest, { ...options, tags: [] }))
  const files = runs.map(([{ file }]) => file).join(', ')
  if (named.length === 0) {
    const cases = runs.flatMap(([manifest]) => manifest.cases)
    throw new ConvoError('E_USAGE', `no case matches ${filter.join(' or ')}`, {
      why: `${files}: ${counted(cases.length, 'case')}, such as ${cases[0]?.name}`,
      fix: 'a name, or part of one between stars: --filter "*blur*"',
    })
  }
  const known = [...new Set(named.flatMap((one) => one.tags))].sort()
  const those = filter.length === 0 ? '' : ` that matches ${filter.join(' or ')}`
  const without = filter.length === 0 ? 'tags: [slow] in a case' : `no ${tags.map(() => '--tag').join(', ')}`
  throw new ConvoError('E_USAGE', `no case${those} has the tag ${tags.join(' or ')}`, {
    why: `tags in ${files}: ${known.join(', ') || 'none'}`,
    fix: known[0] === undefined ? without : `--tag ${known[0]}`,
  })
}

/** Selects a shard's part of the lists of cases, and of those of obsolete goldens. */
export type Turns = Readonly<Record<'made' | 'gone', <T>(list: readonly T[]) => readonly T[]>>

/** Shards take turns through all successive lists, so that the lists of several manifests count as one. */
export function turnsOf(shard: Shard | undefined): Turns {
  const share = () => {
    let turn = 0
    return <T>(list: readonly T[]) =>
      shard === undefined ? list : list.filter(() => turn++ % shard.count === shard.index - 1)
  }
  return { made: share(), gone: share() }
}

type Bare = Omit<CaseResult, 'failed'>

async function runCase(
  one: Case,
  lock: Lock,
  manifest: Manifest,
  around: Surroundings,
  digests: Map<string, Promise<Seen>>,
): Promise<Bare> {
  const began = performance.now()
  const tolerance = toleranceText(one.tolerance)
  const about = {
    name: one.name,
    place: one.place,
    ...(tolerance !== '' && { tolerance }),
    ...optional('reason', one.reason),
    ...(one.tags.length > 0 && { tags: one.tags }),
  }
  let command: string | undefined
  const attempt = async (): Promise<Judgement> => {
    const { made, command: line, notes = [] } = await make(one, manifest, around.results, digests)
    command = line
    const judged = await judge(one, made, lock.get(one.name), around)
    return { ...judged, facts: [...judged.facts, ...notes.map((note): [string, string] => ['note', note])] }
  }
  const judgement = await attempt().catch((error: unknown) => failedJudgement(error, one.place))
  const milliseconds = rounded(performance.now() - began)
  return { ...about, ...optional('command', command), ...judgement, milliseconds }
}

/** Makes the picture of a case, or reads the existing one. */
async function make(one: Case, manifest: Manifest, results: string, digests: Map<string, Promise<Seen>>) {
  const see = (path: string) => {
    const known = digests.get(path) ?? readBytes(path).then((bytes) => seenAs(path, bytes))
    digests.set(path, known)
    return known
  }
  const file = join(pathOfName(one.name), `actual${extname(one.golden)}`)
  // a command that people copy must not overwrite a golden
  const names = { input: one.input, output: `out${extname(one.golden)}` }
  const mask = one.tolerance.mask === undefined ? [] : [one.tolerance.mask]
  if (one.steps.length === 0) {
    const bytes = await readBytes(one.input)
    const inputs = async () => [await seenAs(one.input, bytes), ...(await Promise.all(mask.map(see)))]
    return { made: { file, bytes, isWritten: false, inputs, tools: {} } }
  }
  // loads all operations, which cases of existing pictures do not need
  const { prepareCase } = await import('./operation.ts')
  const work = await prepareCase(one.steps, manifest.folder, names)
  const inputs = await Promise.all([one.input, ...work.files, ...mask].map(see))
  placeUnder(results, file)
  const notes = await work.run(one.input, join(results, file))
  const bytes = await readBytes(join(results, file))
  const made = { file, bytes, isWritten: true, inputs: async () => inputs, tools: toolVersions() }
  return { made, command: work.command, notes }
}

const seenAs = async (path: string, bytes: Uint8Array): Promise<Seen> => ({
  path,
  sha256: await sha256InTurns(bytes),
})

async function resultOf({ name, file }: Obsolete, goldens: string, results: string): Promise<Bare> {
  const bytes = await pictureUnder(goldens, file)
  const expected = join(pathOfName(name), `expected${extname(file)}`)
  if (bytes !== undefined) await writeUnder(results, expected, bytes)
  const message = 'no case is compared with this golden'
  const found = await obsoleteResult(name, message, join(goldens, file), bytes)
  return { ...found, ...(bytes !== undefined && { expected }) }
}

function withVerdict(
  result: Bare,
  allow: ReadonlySet<string>,
  manifest: Manifest,
  options: Omit<CheckOptions, 'results'>,
): CaseResult {
  const { status } = result
  const isAllowed = [...allow, ...manifest.allow, ...(options.allow ?? [])].includes(status)
  return { ...result, failed: !isEqual(status) && status !== 'tolerated' && !isAllowed }
}

/** Returns a run of cases with the versions in use. sharp is not loaded if every file equals its golden. */
export function runOf(
  cases: readonly CaseResult[],
  milliseconds: number,
  { source, notes = [], ...about }: Omit<About, 'tools'>,
): Run {
  const untimed = cases.filter(({ facts }) => facts.some(([, value]) => value === timingNote))
  const [first, ...others] = untimed.map(({ name }) => name)
  const rest = others.length === 0 ? '' : ` and ${counted(others.length, 'other')}`
  const all = [...notes, ...(first === undefined ? [] : [`${first}${rest}: ${timingNote}`])]
  const inUse = versionsInUse() === undefined ? { convo: version() } : toolVersions()
  const tools = { ...inUse, node: process.versions.node }
  return totalled(cases, milliseconds, {
    ...optional('source', source),
    tools,
    ...about,
    ...(all.length > 0 && { notes: all }),
  })
}

/** Versions of the programs that affect pixels. */
function toolVersions(): Record<string, string> {
  const { sharp, vips } = loadSharp().versions
  return { convo: version(), sharp: sharp ?? 'unknown', libvips: vips }
}

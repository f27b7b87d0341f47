import { dirname, extname, join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { ConvoError } from '../error.ts'
import { sha256 } from '../files/hash.ts'
import { readFileWhole } from '../files/read.ts'
import { isFile, isFolder, isWithin, under } from '../files/root.ts'
import { fillTemplate, parseTemplate } from '../files/template.ts'
import { type Io, noteMessage } from '../host/io.ts'
import { counted } from '../text/count.ts'
import { defined } from '../text/record.ts'
import { visibleLine } from '../text/visible.ts'
import { approveCommand, besideIn, textOf, writeText } from './destinations.ts'
import { pictureUnder } from './files.ts'
import { reportPage } from './reporters/html.ts'
import { reporters } from './reporters/index.ts'
import { countsText, verdictText } from './reporters/reporter.ts'
import { type CaseResult, isOwn, type Run, readRun, resultsName, totalled } from './results.ts'
import type { ReporterName } from './settings.ts'

type Part = ReturnType<typeof readPart>

const reporterOf: Readonly<Record<string, ReporterName>> = {
  '.html': 'html',
  '.htm': 'html',
  '.json': 'json',
  '.jsonl': 'jsonl',
  '.xml': 'junit',
  '.md': 'markdown',
  '.txt': 'pretty',
}

/** `convo report merge`: writes one report of several runs. Returns the exit status. */
export async function mergeReports(paths: readonly string[], given: string, io: Io): Promise<number> {
  const output = fillTemplate(parseTemplate(given, 'report'), {})
  const isFolder = output.endsWith('/')
  const file = isFolder ? join(output, 'index.html') : output
  const name = reporterOf[extname(file).toLowerCase()]
  if (name === undefined) {
    const kind = extname(output) || 'a file without extension'
    throw new ConvoError('E_OPTION', `reports cannot be written as ${kind}`, {
      why: `extensions: ${Object.keys(reporterOf).join(' ')}`,
      fix: '--output report.html',
    })
  }
  const parts = paths.map(readPart)
  const run = mergeRuns(parts)
  const folders = new Map(parts.flatMap(({ folder, run: { cases } }) => cases.map((one) => [one, folder])))
  const approve = (one: CaseResult) => approveCommand(folders.get(one)!)
  let text = ''
  if (name === 'html') {
    const beside = isFolder ? besideIn(output) : undefined
    text = await reportPage(run, (path, one) => pictureUnder(folders.get(one)!, path), approve, { beside })
  } else {
    text = await textOf(run, reporters[name], dirname(output), approve, io.width)
  }
  await writeText(file, text)
  await io.out(
    `${[visibleLine(file), verdictText(run), countsText(run)].filter((part) => part !== '').join(': ')}\n`,
  )
  const missing = missingShards(parts)
  const without = parts.filter(({ hasPictures }) => !hasPictures).map(({ file }) => file)
  const absent = `the pictures of ${without.join(', ')} are missing; convo check --results sets their folder`
  for (const line of [...missing, ...(without.length > 0 ? [absent] : [])]) io.err(noteMessage(line))
  return missing.length > 0 || run.failed > 0 ? 1 : 0
}

/** Reads one of the runs to merge, and finds the folder of its pictures. */
function readPart(path: string) {
  const file = isFolder(path) ? join(path, resultsName) : path
  const found = readRun(file, 'the results.json that convo check writes, or its folder')
  // cases that pass show their goldens, but not from a folder outside the current one
  const isHere = isWithin('.', found.goldens)
  const run = isHere ? found : { ...found, cases: found.cases.map(({ golden: _, ...rest }) => rest) }
  // Pictures are beside results.json, but not beside a file that --reporter json wrote elsewhere. The folder that the
  // file names is read only if a check wrote there.
  const folders = isOwn(run.results) ? [dirname(file), run.results] : [dirname(file)]
  const folder = folders.find((one) => holdsPictures(one, run))
  return { file, folder: folder ?? dirname(file), hasPictures: folder !== undefined, run }
}

/** Whether a folder has pictures of this run. True for a run without pictures. */
function holdsPictures(folder: string, { cases }: Run): boolean {
  // with several manifests, an approval's path is relative to the folder of its own manifest's results
  const made = cases.flatMap(({ actual, approval }) =>
    approval?.actual === undefined ? [] : [[actual ?? approval.actual.file, approval.actual.sha256] as const],
  )
  const isThere = ([file, digest]: (typeof made)[number]) => {
    const path = under(folder, file)
    return isFile(path) && sha256(readFileWhole(path, { limit: 'encodedBytes' })) === digest
  }
  return made.length === 0 || made.some(isThere)
}

/** @throws ConvoError E_USAGE for runs of different manifests, or a case in two of them */
function mergeRuns(parts: readonly Part[]): Run {
  const [first] = parts
  const other = parts.find(({ run }) => run.manifest.sha256 !== first!.run.manifest.sha256)
  if (other !== undefined) {
    throw new ConvoError('E_USAGE', 'these are not shards of one check', {
      why: [`${first!.file}: of ${manifestText(first!.run)}`, `${other.file}: of ${manifestText(other.run)}`],
      fix: 'results of the same run of the same manifest',
    })
  }
  const owners = new Map<string, string>()
  for (const { file, run } of parts) {
    for (const one of run.cases) {
      // an obsolete golden may have the name of another manifest's case
      const key = `${one.status === 'obsolete' ? 'golden' : 'case'} ${one.name}`
      const owner = owners.get(key)
      if (owner !== undefined) {
        throw new ConvoError('E_USAGE', `the case ${JSON.stringify(one.name)} is in two of the results`, {
          why: [owner, file],
          fix: 'name each shard once',
        })
      }
      owners.set(key, file)
    }
  }
  const cases = inOrder(parts)
  const { shard: _, filter, tags, notes: __, ...rest } = first!.run
  const isOfAll = (key: 'filter' | 'tags') =>
    parts.every(({ run }) => isDeepStrictEqual(run[key], first!.run[key]))
  const notes = [...new Set(parts.flatMap(({ run }) => run.notes ?? []))]
  return totalled(cases, Math.max(...parts.map(({ run }) => run.milliseconds)), {
    ...rest,
    ...defined({ filter: isOfAll('filter') ? filter : undefined, tags: isOfAll('tags') ? tags : undefined }),
    ...(notes.length > 0 && { notes }),
  })
}

/** Returns all cases in the order of a check without shards: shards took turns, and obsolete goldens come last. */
function inOrder(parts: readonly Part[]): CaseResult[] {
  const placed = parts.flatMap(({ run: { shard = { index: 1, count: 1 }, cases } }, part) => {
    const seen = { made: 0, gone: 0 }
    return cases.map((one) => {
      const isGone = one.status === 'obsolete'
      const turn = isGone ? seen.gone++ : seen.made++
      return { one, order: [isGone ? 1 : 0, turn * shard.count + shard.index - 1, part] as const }
    })
  })
  const before = (a: readonly number[], b: readonly number[]) => {
    const at = a.findIndex((n, i) => n !== b[i])
    return at < 0 ? 0 : a[at]! - b[at]!
  }
  return placed.sort((a, b) => before(a.order, b.order)).map(({ one }) => one)
}

const manifestText = ({ manifest }: Run): string =>
  `${manifest.path}, SHA-256 ${manifest.sha256.slice(0, 12)}…`

const mostNamed = 100

function missingShards(parts: readonly Part[]): string[] {
  const shards = parts.flatMap(({ run }) => (run.shard === undefined ? [] : [run.shard]))
  const counts = [...new Set(shards.map(({ count }) => count))]
  if (counts.length > 1)
    return [`the shards are of ${counts.join(' and of ')}: they come from different runs`]
  const there = new Set(shards.map(({ index }) => index))
  const [all = 0] = counts
  const missing = all - there.size
  if (missing <= 0) return []
  const named: number[] = []
  for (let index = 1; named.length < Math.min(missing, mostNamed); index++)
    if (!there.has(index)) named.push(index)
  const more = missing > mostNamed ? ', …' : ''
  return [`${counted(missing, 'shard')} of ${all} missing: ${named.join(', ')}${more}`]
}

import { nameTrouble } from '../files/root.ts'
import { cut } from '../text/cut.ts'
import { isRecord } from '../text/record.ts'
import { isEntry } from './lock.ts'
import { statuses } from './page/data.ts'

/** Why a value is no `Run`, with the place in it; undefined for one that is. */
export function runProblem(run: unknown): string | undefined {
  if (!isRecord(run)) return 'it is not an object'
  if (run.version !== 1) return `its version is ${cut(JSON.stringify(run.version) ?? 'missing')}`
  const { manifest, goldens, results, counts, cases, tools, shard, source } = run
  if (source !== undefined && source !== 'tests') return 'it is neither from a check nor from tests'
  if (!isSeen(manifest)) return 'it has no manifest'
  if (!isText(goldens) || !isText(results)) return 'it has no folder of goldens or results'
  if (!isRecord(counts) || !isRecord(tools)) return 'it has no counts or no tools'
  if (shard !== undefined && !isShard(shard)) return 'its shard has no index and count'
  if (!Array.isArray(cases)) return 'it has no cases'
  if (run.parts !== undefined && !isParts(run.parts)) return 'its parts have no labels or folders'
  if (run.links !== undefined && !isLinks(run.links)) return 'its links have no text or address'
  for (const [i, one] of cases.entries()) {
    const problem = caseProblem(one)
    if (problem !== undefined) return `cases[${i}]: ${problem}`
  }
  return undefined
}

const isParts = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.every((one) => isRecord(one) && isText(one.label) && pathProblem(one.folder) === undefined)

const isLinks = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.every((one) => isRecord(one) && isText(one.text) && isText(one.url) && /^https?:\/\//.test(one.url))

const isText = (value: unknown): value is string => typeof value === 'string'

const isSeen = (value: unknown): boolean => isRecord(value) && isText(value.path) && isText(value.sha256)

const isShard = (value: unknown): boolean =>
  isRecord(value) && Number.isSafeInteger(value.index) && Number.isSafeInteger(value.count)

/** The pictures of a case, in the folder of the results but for the golden. */
const pictures = ['expected', 'actual', 'diff', 'golden'] as const

function caseProblem(one: unknown): string | undefined {
  if (!isRecord(one)) return 'it is not an object'
  const { name, status, message, why, facts, approval, fix, place } = one
  if (!isText(name)) return 'it has no name'
  if (!statuses.some((one) => one === status)) return `unknown status ${cut(JSON.stringify(status) ?? '')}`
  if (!isText(message) || !Array.isArray(why) || !why.every(isText)) return 'it has no message'
  if (!Array.isArray(facts) || !facts.every((fact) => Array.isArray(fact) && fact.every(isText))) {
    return 'its facts are not pairs of words'
  }
  if (fix !== undefined && !isText(fix)) return 'its fix is not a string'
  if (place !== undefined && !(isRecord(place) && isText(place.file))) return 'its place has no file'
  for (const key of pictures) {
    const problem = one[key] === undefined ? undefined : pathProblem(one[key])
    if (problem !== undefined) return `${key}: ${problem}`
  }
  return differenceProblem(one.difference) ?? (approval === undefined ? undefined : approvalProblem(approval))
}

const isBox = (value: unknown): boolean =>
  isRecord(value) && [value.x, value.y, value.width, value.height].every(Number.isSafeInteger)

function differenceProblem(difference: unknown): string | undefined {
  if (difference === undefined) return undefined
  if (!isRecord(difference)) return 'its difference is not an object'
  const { picture, boxes, kinds } = difference
  if (!Array.isArray(boxes) || !boxes.every(isBox)) return 'its difference has no boxes'
  if (!Array.isArray(kinds) || !kinds.every(isText)) return 'its difference has no kinds'
  const problem = pathProblem(picture)
  return problem === undefined ? undefined : `difference: ${problem}`
}

function approvalProblem(approval: unknown): string | undefined {
  if (!isRecord(approval)) return 'its approval is not an object'
  const { golden, actual, inputs } = approval
  if (!isRecord(golden) || !isText(golden.path)) return 'its approval has no golden'
  if (!Array.isArray(inputs) || !inputs.every(isSeen)) return 'its approval has no inputs'
  if (actual === undefined) return undefined
  if (!isRecord(actual) || !isText(actual.sha256) || !isEntry(actual.entry)) {
    return 'its approval has no picture'
  }
  return pathProblem(actual.file) ?? pathProblem(actual.entry.file)
}

function pathProblem(path: unknown): string | undefined {
  if (!isText(path)) return 'a path must be a string'
  const trouble = nameTrouble(path)
  return trouble === undefined ? undefined : `${cut(JSON.stringify(path))}: ${trouble}`
}

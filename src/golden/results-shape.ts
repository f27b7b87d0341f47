import { nameTrouble } from '../files/root.ts'
import {
  list,
  map,
  maybe,
  must,
  number,
  object,
  oneOf,
  type Rule,
  text,
  truth,
  whole,
} from '../files/shape.ts'
import { cut } from '../text/cut.ts'
import { isEntry } from './lock.ts'
import { statuses } from './page/data.ts'

/** JSON has neither NaN nor Infinity. */
const measure = must((value) => value === null || typeof value === 'number', 'a number or null')
const path: Rule = (value) => {
  const trouble = typeof value === 'string' ? nameTrouble(value) : undefined
  return trouble === undefined ? text(value) : { at: '', what: `${cut(JSON.stringify(value))}: ${trouble}` }
}
const seen = object({ path: text, sha256: text })
const entry: Rule = (value) => must(isEntry, 'an entry of a lock')(value) ?? object({ file: path })(value)

const caseRule = object({
  name: text,
  status: must((value) => statuses.some((one) => one === value), 'a status'),
  failed: truth,
  message: text,
  why: list(text),
  fix: maybe(text),
  place: maybe(object({ file: text, line: whole, column: whole })),
  command: maybe(text),
  tolerance: maybe(text),
  reason: maybe(text),
  tags: maybe(list(text)),
  measured: maybe(map(measure)),
  facts: list(list(text)),
  smallest: maybe(text),
  selfTest: maybe(oneOf('noticed', 'missed')),
  page: maybe(object({ number: whole, count: whole })),
  // all in the folder of the results, except the golden
  golden: maybe(path),
  expected: maybe(path),
  actual: maybe(path),
  diff: maybe(path),
  difference: maybe(
    object({
      picture: path,
      boxes: list(object({ x: whole, y: whole, width: whole, height: whole })),
      kinds: list(text),
    }),
  ),
  approval: maybe(
    object({
      golden: object({ path: text, sha256: maybe(text) }),
      actual: maybe(object({ file: path, sha256: text, entry })),
      inputs: list(seen),
    }),
  ),
  milliseconds: number,
})

const runRule = object({
  version: oneOf(1),
  // a comparison of folders has nothing to approve
  source: maybe(oneOf('tests')),
  tools: map(text),
  manifest: seen,
  goldens: text,
  results: text,
  filter: maybe(list(text)),
  tags: maybe(list(text)),
  shard: maybe(object({ index: whole, count: whole })),
  parts: maybe(list(object({ label: text, folder: path }))),
  links: maybe(
    list(
      object({
        text,
        url: must((url) => typeof url === 'string' && /^https?:\/\//.test(url), 'a web address'),
      }),
    ),
  ),
  // a check writes none, and a foreign one would be shown as a command to run
  accept: must((value) => value === undefined, 'absent'),
  notes: maybe(list(text)),
  counts: map(whole),
  failed: whole,
  milliseconds: number,
  cases: list(caseRule),
})

/** Returns why a value is not a `Run`, and where in it; undefined if it is one. */
export function runProblem(run: unknown): string | undefined {
  const problem = runRule(run)
  return problem && `${problem.at.slice(1) || 'it'} ${problem.what}`
}

import { dirname, extname, parse, relative, resolve } from 'node:path'
import { ConvoError } from '../error.ts'
import { fixedPart, glob, isPattern } from '../files/glob.ts'
import { from, type Place, placeText } from '../files/located.ts'
import { isSameFile } from '../files/output.ts'
import type { ToleranceValues } from '../image/compare/tolerance.ts'
import { cut } from '../text/cut.ts'
import { fileInTheWay, fillName, folded, nameProblem, pathOfName } from './names.ts'
import { isOwn } from './results.ts'

/** Statuses that may pass without an approval. */
export type Allowed = 'new' | 'obsolete'

/** One picture to be compared with its golden. */
export type Case = {
  readonly name: string
  readonly template: string
  /** Where it is in the manifest. */
  readonly place: Place
  /** Operations to run on the input; none for an existing picture. */
  readonly steps: readonly (readonly string[])[]
  /** The input of the steps, or the picture to compare. */
  readonly input: string
  /** The path of the golden, relative to the folder of goldens. */
  readonly golden: string
  readonly tolerance: ToleranceValues
  readonly reason?: string
  readonly allow: ReadonlySet<Allowed>
  readonly tags: readonly string[]
}

/** An entry of `cases`, before its inputs are searched for. */
export type Entry = Pick<Case, 'name' | 'steps' | 'tolerance' | 'reason' | 'allow' | 'tags'> & {
  readonly place: (key?: string) => Place
  readonly inputKey: 'input' | 'inputs' | 'actual'
  readonly patterns: readonly string[]
}

/** The problems found in a manifest. */
export class Complaints {
  readonly list: { readonly place: Place; readonly message: string }[] = []

  add(place: Place, message: string): undefined {
    this.list.push({ place, message })
  }

  /** Returns the result of `act`. A ConvoError becomes a complaint, by default with its whole text. */
  attempt<T>(place: Place, act: () => T, say = wholeOf): T | undefined {
    try {
      return act()
    } catch (error) {
      if (!(error instanceof ConvoError)) throw error
      return this.add(place, say(error))
    }
  }
}

const wholeOf = ({ message, why, fix }: ConvoError): string =>
  `${[message, ...why].join('; ')}${fix === undefined ? '' : `; try ${fix}`}`

/** The folders of a manifest and of its goldens, and what is wrong in it. */
export type Around = { readonly folder: string; readonly goldens: string; readonly complaints: Complaints }

/** Returns the cases of an entry: one for each input. */
export async function casesOf(entry: Entry, around: Around): Promise<Case[]> {
  const { folder, goldens, complaints } = around
  const { place, steps, tolerance, reason, allow, tags } = entry
  const cases: Case[] = []
  const mask = tolerance.mask === undefined ? undefined : from(folder, tolerance.mask)
  for (const { path, base } of await findInputs(entry, around)) {
    const file = from(folder, path)
    const fields = { path, base, file, index: cases.length + 1, operation: steps.at(-1)?.[0] ?? 'actual' }
    const name = complaints.attempt(place('name'), () => fillName(entry.name, fields))
    const problem = name && nameProblem(name)
    if (problem !== undefined)
      complaints.add(place('name'), `the name ${cut(JSON.stringify(name))} ${problem}`)
    if (name === undefined || problem !== undefined) return []
    const extension = steps.length === 0 ? extname(path).toLowerCase() : isRaw(steps) ? '.npy' : '.png'
    const golden = pathOfName(name) + extension
    const target = resolve(goldens, golden)
    if (target === resolve(file) || isSameFile(target, file)) {
      const trouble = steps.length === 0 ? 'so it would always pass' : 'which approving would replace'
      complaints.add(place('name'), `${name}: its golden would be ${path} itself, ${trouble}`)
      return []
    }
    cases.push({
      name,
      template: entry.name,
      place: place(),
      steps,
      input: file,
      golden,
      tolerance: { ...tolerance, mask },
      ...(reason !== undefined && { reason }),
      allow,
      tags,
    })
  }
  return cases
}

/** Whether the result is kept as floats, which `--range raw` requests. */
const isRaw = (steps: Entry['steps']): boolean =>
  steps.some((words) => words.includes('--range=raw') || words[words.indexOf('--range') + 1] === 'raw')

type Found = { readonly path: string; readonly base: string }

/**
 * Returns a test for files below `base` that a check wrote: goldens and results. A pattern matches those only if its
 * fixed part, `base`, already leads into their folder.
 */
function writtenByCheck(base: string, goldens: string): (file: string) => boolean {
  const known = new Map([[resolve(base), false]])
  const isWritten = (folder: string): boolean => {
    const before = known.get(folder)
    if (before !== undefined) return before
    const isOne = folder === resolve(goldens) || isOwn(folder)
    const above = dirname(folder)
    const found = isOne || (above !== folder && isWritten(above))
    known.set(folder, found)
    return found
  }
  return (file) => isWritten(resolve(dirname(file)))
}

/** Returns the files that patterns match, each once. A path without wildcards need not exist: its case reports that. */
async function findInputs({ patterns, place, inputKey, name }: Entry, around: Around): Promise<Found[]> {
  const { folder, goldens, complaints } = around
  const found = new Map<string, Found>()
  for (const pattern of new Set(patterns)) {
    if (!isPattern(pattern, folder)) {
      found.set(pattern, { path: pattern, base: dirname(pattern) })
      continue
    }
    const fail = (problem: string) => complaints.add(place(inputKey), `${name}: ${problem}`)
    const paths = await glob(pattern, { cwd: folder }).catch((error: unknown) => {
      if (error instanceof ConvoError) return fail(error.message)
      throw error
    })
    if (paths === undefined) continue
    // like the found paths: relative to the folder, without `./`
    const base = relative(folder, from(folder, fixedPart(pattern))) || '.'
    const isWritten = writtenByCheck(from(folder, base), goldens)
    const inputs = paths.filter((path) => !isWritten(from(folder, path))).sort()
    const hint = inputKey === 'actual' ? '; a check compares existing pictures: make them first' : ''
    if (inputs.length === 0) fail(`no file matches ${pattern}${hint}`)
    for (const path of inputs) found.set(path, { path, base })
  }
  return [...found.values()]
}

/** Suggests a key that the template of an entry lacks and that would make its names differ. */
function apartHint({ template, input }: Case, other: Case): string {
  const isOneFolder = dirname(input) === dirname(other.input)
  const isOneStem = parse(input).name === parse(other.input).name
  const useful = [...(isOneStem ? [] : ['stem']), isOneFolder ? 'ext' : 'dir', 'index']
  const key = useful.find((one) => !template.includes(`{${one}`))
  return key === undefined
    ? 'give each input its own name'
    : `{${key}} in the name makes it different for each input`
}

/** Complains of names that are equal apart from case, which some file systems ignore, or that are file and folder. */
export function complainOfRepeated(cases: readonly Case[], complaints: Complaints): void {
  const seen = new Map<string, Case>()
  const names = new Set(cases.map(({ name }) => folded(name)))
  const goldens = new Set(cases.map(({ golden }) => folded(golden)))
  for (const one of cases) {
    const shown = JSON.stringify(one.name)
    const before = seen.get(folded(one.name))
    if (before === undefined) {
      seen.set(folded(one.name), one)
      const other = fileInTheWay(one, names, goldens)
      if (other !== undefined)
        complaints.add(one.place, `the files of ${shown} would be inside ${other}, which is a file`)
      continue
    }
    const first = `${relative('', before.input)} at ${placeText(before.place)}`
    const isOneEntry = placeText(before.place) === placeText(one.place) && before.template === one.template
    const hint = isOneEntry ? `; ${apartHint(before, one)}` : ''
    const input = relative('', one.input)
    complaints.add(one.place, `the name ${shown} of ${input} is already used by ${first}${hint}`)
  }
}

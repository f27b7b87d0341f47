import { existsSync } from 'node:fs'
import { dirname, extname, parse, relative, resolve as resolvePath } from 'node:path'
import { isMap, isScalar, isSeq, type Node, type YAMLMap } from 'yaml'
import { ConvoError } from '../error.ts'
import { manifestError, readSource, readValid, type Source } from '../files/document.ts'
import { glob, isDynamicPattern, isPattern } from '../files/glob.ts'
import { sha256 } from '../files/hash.ts'
import { from, operationWords, type Place, placeText } from '../files/located.ts'
import { isWithin } from '../files/root.ts'
import { fillFromMachine, fitsSomeMachine, parseTemplate, type Template } from '../files/template.ts'
import { type ToleranceValues, toleranceSettings } from '../image/compare/tolerance.ts'
import { resolve } from '../params.ts'
import { cut } from '../text/cut.ts'
import { checkSchema } from './check-schema.ts'
import { fileInTheWay, fillName, folded, nameProblem, pathOfName } from './names.ts'
import { isLoose } from './tolerance.ts'

/** What may be there without an approval. */
export type Allowed = 'new' | 'obsolete'

/** One picture to be compared with its golden. */
export type Case = {
  readonly name: string
  /** What its name was made of. */
  readonly template: string
  /** Where the manifest has it. */
  readonly place: Place
  /** Operations to run on the input, or none for an existing picture. */
  readonly steps: readonly (readonly string[])[]
  /** The input of the steps, or the picture to compare. */
  readonly input: string
  /** The golden, from the folder of goldens. */
  readonly golden: string
  readonly tolerance: ToleranceValues
  readonly reason?: string
  readonly allow: ReadonlySet<Allowed>
  readonly tags: readonly string[]
}

/** A manifest, understood: globs resolved, names filled in. */
export type Manifest = {
  readonly file: string
  readonly folder: string
  /** The folder of the goldens. */
  readonly goldens: string
  readonly allow: ReadonlySet<Allowed>
  readonly cases: readonly Case[]
  /** SHA-256 of the file. */
  readonly digest: string
  /** What `goldens` says, where the folder depends on the machine. */
  readonly chosen?: string
}

/** The names under which a manifest is looked for. */
const manifestNames = ['convo.check.yaml', 'convo.check.yml', 'convo.check.json'] as const

/** The manifest of a folder. @throws ConvoError E_USAGE where there is none */
export function findManifest(): string {
  const found = manifestNames.find((path) => existsSync(path))
  if (found !== undefined) return found
  throw new ConvoError('E_USAGE', 'there is no manifest in this folder', {
    why: [
      `looked for ${manifestNames.join(', ')}`,
      'the help shows an example; a manifest with another name is given as an argument',
    ],
    fix: 'convo check --help',
  })
}

/** Manifests from files and globs, which are sorted. @throws ConvoError E_INPUT for a glob that fits nothing */
export async function manifestFiles(words: readonly string[]): Promise<string[]> {
  const found: string[] = []
  for (const word of words) {
    if (!isPattern(word)) {
      found.push(word)
      continue
    }
    const files = (await glob(word)).filter((file) => !file.includes('node_modules/')).sort()
    if (files.length === 0)
      throw new ConvoError('E_INPUT', `no manifest matches ${word}`, { fix: 'convo check init' })
    for (const file of files) found.push(file)
  }
  return found
}

/** What is wrong with a manifest, collected. */
class Complaints {
  readonly list: { readonly place: Place; readonly message: string }[] = []

  add(place: Place, message: string): undefined {
    this.list.push({ place, message })
  }

  /** What `act` gives; an error of convo's becomes a complaint, by default in its whole. */
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

/**
 * Reads and checks a manifest. Paths in it are taken from its own folder.
 *
 * @throws ConvoError E_INPUT, E_MANIFEST with every complaint at file:line:column
 */
export async function loadManifest(file: string): Promise<Manifest> {
  const kind = 'a valid manifest of checks'
  const source = readValid(file, checkSchema, kind, 'cases')
  const folder = dirname(file)
  const raw = source.document.toJS() as RawManifest
  const complaints = new Complaints()
  const list = (source.root as YAMLMap).get('cases', true)
  const nodes = isSeq(list) ? list.items : []
  const cases: Case[] = []
  for (const [i, one] of raw.cases.entries()) {
    const entry = entryOf(source, nodes[i] as Node, one, raw, complaints)
    if (entry !== undefined) for (const each of await casesOf(entry, folder, complaints)) cases.push(each)
  }
  complainOfRepeated(cases, complaints)
  if (complaints.list.length > 0) throw manifestError(`${file} is not ${kind}`, complaints.list)
  return {
    file,
    folder,
    goldens: goldensOf(source, file),
    allow: new Set(raw.allow),
    cases,
    digest: sha256(source.text),
    ...(raw.goldens?.includes('{') && { chosen: raw.goldens }),
  }
}

/** The folder of the goldens of a manifest. @throws ConvoError E_INPUT, E_MANIFEST */
export const readGoldens = (file: string): string => goldensOf(readSource(file, 'cases'), file)

const goldensNode = ({ root }: Source): Node | undefined =>
  isMap(root) ? (root.get('goldens', true) as Node | undefined) : undefined

function goldensTemplate(source: Source): Template {
  const node = goldensNode(source)
  return parseTemplate(isScalar(node) ? String(node.value) : 'goldens', 'goldens')
}

/** Whether a folder is that of the goldens of a manifest, on this machine or on another one. */
export function areGoldensOf(file: string, goldens: string): boolean {
  const source = readSource(file, 'cases')
  const template = goldensTemplate(source)
  const folder = dirname(file)
  if (template.parts.every(({ kind }) => kind === 'text'))
    return resolvePath(goldensOf(source, file)) === resolvePath(goldens)
  const isInside = isWithin(folder, goldens) || isWithin('.', goldens)
  return isInside && fitsSomeMachine(template, relative(folder, goldens).replaceAll('\\', '/'))
}

/** Approvals write there: a manifest of somebody else's must not say that it is anywhere. */
function goldensOf(source: Source, file: string): string {
  const folder = dirname(file)
  const refuse = (what: string, message: string, fix?: string) =>
    manifestError(`${file} ${what}`, [{ place: source.placeOf(goldensNode(source)), message }], fix)
  let filled: string
  try {
    filled = fillFromMachine(goldensTemplate(source), process.env)
  } catch (error) {
    if (!(error instanceof ConvoError)) throw error
    throw refuse('has no folder of goldens here', [error.message, ...error.why].join('; '), error.fix)
  }
  const goldens = from(folder, filled)
  if (isWithin(folder, goldens) || isWithin('.', goldens)) return goldens
  const message = `${goldens} is neither in the folder of the manifest nor in the current folder`
  const fix = 'a folder next to the manifest, or run convo in a folder that contains both'
  throw refuse('keeps its goldens elsewhere', message, fix)
}

type RawTolerance = 'exact' | Readonly<Record<string, unknown>>

type RawCase = {
  readonly name: string
  readonly input?: string | readonly string[]
  /** Another name for it. */
  readonly inputs?: string | readonly string[]
  readonly run?: string | readonly Word[]
  readonly chain?: string | readonly (Word | readonly Word[])[]
  readonly actual?: string | readonly string[]
  readonly tolerance?: RawTolerance
  readonly allow?: readonly Allowed[]
  readonly tags?: readonly string[]
}

type RawManifest = {
  readonly goldens?: string
  readonly allow?: readonly Allowed[]
  readonly defaults?: Pick<RawCase, 'tolerance' | 'allow' | 'tags'>
  readonly cases: readonly RawCase[]
}

type Word = string | number | boolean

/** An entry of `cases`, before its inputs are looked for. */
type Entry = {
  readonly name: string
  readonly place: (key?: string) => Place
  readonly steps: readonly (readonly string[])[]
  readonly inputKey: 'input' | 'inputs' | 'actual'
  readonly patterns: readonly string[]
  readonly tolerance: ToleranceValues
  readonly reason?: string
  readonly allow: ReadonlySet<Allowed>
  readonly tags: readonly string[]
}

function entryOf(
  source: Source,
  node: Node,
  raw: RawCase,
  manifest: RawManifest,
  complaints: Complaints,
): Entry | undefined {
  const place = (key?: string) => source.placeOf(nodeAt(node, key))
  const { run, chain, actual, inputs } = raw
  const { input = inputs } = raw
  const ways = Object.entries({ run, chain, actual }).filter(([, value]) => value !== undefined)
  const complain = (message: string, key?: string) => complaints.add(place(key), `${raw.name}: ${message}`)
  if (ways.length !== 1) {
    const got = ways.length === 0 ? 'none' : ways.map(([key]) => key).join(' and ')
    return complain(`needs one of run, chain and actual, got ${got}`)
  }
  if (raw.input !== undefined && inputs !== undefined)
    return complain('has both input and inputs, use one of them', 'inputs')
  if (actual !== undefined && input !== undefined) {
    return complain('has actual, which is only compared, so it takes no input', 'input')
  }
  const patterns = actual ?? input
  if (patterns === undefined) return complain('needs an input for its operation')
  const loose = toleranceOf(source, node, raw, manifest, complaints)
  if (loose === undefined) return undefined
  return {
    name: raw.name,
    place,
    steps:
      run !== undefined
        ? stepsOfRun(operationWords(run))
        : chain !== undefined
          ? stepsOf(typeof chain === 'string' ? operationWords(chain) : chain)
          : [],
    inputKey: actual !== undefined ? 'actual' : raw.input === undefined ? 'inputs' : 'input',
    patterns: [patterns].flat(),
    ...loose,
    allow: new Set(raw.allow ?? manifest.defaults?.allow),
    tags: raw.tags ?? manifest.defaults?.tags ?? [],
  }
}

/** One operation, or several with `--` between them, as a batch takes them; `chain` brings its own. */
const stepsOfRun = (words: string[]): string[][] => (words[0] === 'chain' ? [words] : stepsOf(words))

/** Steps from an array of arrays, or from one array with `--` between the steps. */
function stepsOf(chain: readonly (Word | readonly Word[])[]): string[][] {
  const steps: string[][] = [[]]
  for (const part of chain) {
    if (Array.isArray(part)) steps.push(part.map(String))
    else if (part === '--') steps.push([])
    else steps.at(-1)?.push(String(part))
  }
  return steps.filter((step) => step.length > 0)
}

function toleranceOf(
  source: Source,
  node: Node,
  raw: RawCase,
  { defaults }: RawManifest,
  complaints: Complaints,
): { tolerance: ToleranceValues; reason?: string } | undefined {
  const own = raw.tolerance !== undefined
  const given = raw.tolerance ?? defaults?.tolerance ?? 'exact'
  if (given === 'exact') return { tolerance: resolve(toleranceSettings, {}) }
  const { reason, ...settings } = given
  const where = own
    ? nodeAt(node, 'tolerance')
    : (source.document.getIn(['defaults', 'tolerance'], true) as Node)
  const place = (key?: string) => source.placeOf(nodeAt(where, key))
  const values: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(settings)) {
    const read = () => resolve(toleranceSettings, { [name]: value }, (n) => n)
    const all = complaints.attempt(place(name), read, ({ message }) => message)
    if (all === undefined) return undefined
    values[name] = all[name as never]
  }
  const tolerance: ToleranceValues = { ...resolve(toleranceSettings, {}), ...values }
  if (isLoose(tolerance)) return { tolerance, reason: String(reason) }
  return complaints.add(place(), 'this tolerance allows nothing; remove it, or write exact')
}

/** The value of a key of a mapping, or the node itself. */
function nodeAt(node: Node, key?: string): Node {
  const found = key !== undefined && isMap(node) ? node.get(key, true) : undefined
  return (found as Node | undefined) ?? node
}

async function casesOf(entry: Entry, folder: string, complaints: Complaints): Promise<Case[]> {
  const { place, steps, tolerance, reason, allow, tags } = entry
  const cases: Case[] = []
  const mask = tolerance.mask === undefined ? undefined : from(folder, tolerance.mask)
  for (const { path, base } of await findInputs(entry, folder, complaints)) {
    const file = from(folder, path)
    const fields = { path, base, file, index: cases.length + 1, operation: steps.at(-1)?.[0] ?? 'actual' }
    const name = nameOf(entry, fields, complaints)
    if (name === undefined) return []
    const extension = steps.length === 0 ? extname(path).toLowerCase() : isRaw(steps) ? '.npy' : '.png'
    cases.push({
      name,
      template: entry.name,
      place: place(),
      steps,
      input: from(folder, path),
      golden: pathOfName(name) + extension,
      tolerance: { ...tolerance, mask },
      ...(reason !== undefined && { reason }),
      allow,
      tags,
    })
  }
  return cases
}

/** Floats are kept as they are where no range is asked for. */
const isRaw = (steps: Entry['steps']): boolean =>
  steps.some((words) => words.includes('--range=raw') || words[words.indexOf('--range') + 1] === 'raw')

function nameOf(
  { name: template, place }: Entry,
  fields: Parameters<typeof fillName>[1],
  complaints: Complaints,
): string | undefined {
  const name = complaints.attempt(place('name'), () => fillName(template, fields))
  const problem = name && nameProblem(name)
  if (problem === undefined) return name
  return complaints.add(place('name'), `the name ${cut(JSON.stringify(name))} ${problem}`)
}

type Found = { readonly path: string; readonly base: string }

/** The files that patterns name, each once. A path without wildcards need not exist: its case will say so. */
async function findInputs(
  { patterns, place, inputKey, name }: Entry,
  folder: string,
  complaints: Complaints,
): Promise<Found[]> {
  const found = new Map<string, Found>()
  for (const pattern of patterns) {
    if (!isPattern(pattern, folder)) {
      found.set(pattern, { path: pattern, base: dirname(pattern) })
      continue
    }
    const fail = (problem: string) => complaints.add(place(inputKey), `${name}: ${problem}`)
    const paths = await glob(pattern, { cwd: folder }).catch((error: unknown) => {
      if (error instanceof ConvoError) return fail(error.message)
      throw error
    })
    if (paths?.length === 0) fail(`no file matches ${pattern}`)
    for (const path of paths?.sort() ?? []) found.set(path, { path, base: fixedPart(pattern) })
  }
  return [...found.values()]
}

/** The folders of a glob before its first wildcard. */
function fixedPart(pattern: string): string {
  const parts = pattern.split('/')
  const wild = parts.findIndex((part) => isDynamicPattern(part))
  return parts.slice(0, wild).join('/') || '.'
}

/** What makes the names of an entry differ, of what its template has not. */
function apartHint({ template, input }: Case, other: Case): string {
  const isOneFolder = dirname(input) === dirname(other.input)
  const isOneStem = parse(input).name === parse(other.input).name
  const useful = [...(isOneStem ? [] : ['stem']), isOneFolder ? 'ext' : 'dir', 'index']
  const key = useful.find((one) => !template.includes(`{${one}`))
  return key === undefined
    ? 'give each input a name of its own'
    : `{${key}} in the name makes it different for each input`
}

/** Names are compared without regard to case: some file systems have none. Nor may one be a folder and one a file. */
function complainOfRepeated(cases: readonly Case[], complaints: Complaints): void {
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

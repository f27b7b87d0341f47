import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { isMap, isSeq, type Node, type YAMLMap } from 'yaml'
import { ConvoError } from '../error.ts'
import { manifestError, readValid, type Source } from '../files/document.ts'
import { glob, isPattern } from '../files/glob.ts'
import { sha256 } from '../files/hash.ts'
import { type ToleranceValues, toleranceSettings } from '../image/compare/tolerance.ts'
import { resolve } from '../params.ts'
import { stepsOf, type Written } from '../picture/words/written.ts'
import { type Allowed, type Case, Complaints, casesOf, complainOfRepeated, type Entry } from './cases.ts'
import { checkSchema } from './check-schema.ts'
import { goldensOf } from './goldens-folder.ts'
import { isLoose } from './tolerance.ts'

/** A parsed manifest, with globs resolved and names filled in. */
export type Manifest = Awaited<ReturnType<typeof loadManifest>>

const manifestNames = ['convo.check.yaml', 'convo.check.yml', 'convo.check.json'] as const

/** Returns the manifest of the current folder. @throws ConvoError E_USAGE if there is none */
export function findManifest(): string {
  const found = manifestNames.find((path) => existsSync(path))
  if (found !== undefined) return found
  throw new ConvoError('E_USAGE', 'there is no manifest in this folder', {
    why: [`looked for ${manifestNames.join(', ')}`, 'for another name: convo check <manifest>'],
    fix: 'convo check --help',
  })
}

/** Returns the manifests of files and globs, sorted per glob. @throws ConvoError E_INPUT for a glob without matches */
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

/**
 * Reads and checks a manifest. Paths in it are relative to its own folder.
 *
 * @throws ConvoError E_INPUT, E_MANIFEST with every complaint at file:line:column
 */
export async function loadManifest(file: string) {
  const kind = 'a valid manifest of checks'
  const source = readValid(file, checkSchema, kind, 'cases')
  const folder = dirname(file)
  const goldens = goldensOf(source, file)
  const raw = source.document.toJS() as RawManifest
  const complaints = new Complaints()
  const list = (source.root as YAMLMap).get('cases', true)
  const nodes = isSeq(list) ? list.items : []
  const cases: Case[] = []
  for (const [i, one] of raw.cases.entries()) {
    const entry = entryOf(one, { source, node: nodes[i] as Node, defaults: raw.defaults, complaints })
    if (entry !== undefined)
      for (const each of await casesOf(entry, { folder, goldens, complaints })) cases.push(each)
  }
  complainOfRepeated(cases, complaints)
  if (complaints.list.length > 0) throw manifestError(`${file} is not ${kind}`, complaints.list)
  return {
    file,
    folder,
    goldens,
    allow: new Set(raw.allow),
    cases,
    digest: sha256(source.text),
    // the text of `goldens`, if the folder depends on the machine
    chosen: raw.goldens?.includes('{') ? raw.goldens : undefined,
  }
}

type RawTolerance = 'exact' | Readonly<Record<string, unknown>>

type RawCase = Written & {
  readonly name: string
  readonly input?: string | readonly string[]
  /** An alias of `input`. */
  readonly inputs?: string | readonly string[]
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

/** Where an entry is written, and what applies to all. */
type Site = {
  readonly source: Source
  readonly node: Node
  readonly defaults: RawManifest['defaults']
  readonly complaints: Complaints
}

function entryOf(raw: RawCase, site: Site): Entry | undefined {
  const { source, node, defaults, complaints } = site
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
  const loose = toleranceOf(raw, site)
  if (loose === undefined) return undefined
  const steps = stepsOf({ run, chain })
  if (actual === undefined && steps.length === 0)
    return complain('names no operation', run === undefined ? 'chain' : 'run')
  return {
    name: raw.name,
    place,
    steps,
    inputKey: actual !== undefined ? 'actual' : raw.input === undefined ? 'inputs' : 'input',
    patterns: [patterns].flat(),
    ...loose,
    allow: new Set(raw.allow ?? defaults?.allow),
    tags: raw.tags ?? defaults?.tags ?? [],
  }
}

function toleranceOf(raw: RawCase, { source, node, defaults, complaints }: Site) {
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

import { join } from 'node:path'
import { readUnder, writeUnder } from '../../files/change.ts'
import { sha256InTurns } from '../../files/hash.ts'
import { isCi } from '../../host/engines.ts'
import { shapeOf } from '../../image/compare/comparison.ts'
import { type Tolerance, toleranceOf, toleranceSettings } from '../../image/compare/tolerance.ts'
import { digestOf } from '../../image/digest.ts'
import { ownOptions } from '../../params.ts'
import { type CompareOptions, limitsOf } from '../../picture/api/comparing.ts'
import { inWords, optionName } from '../../picture/api/names.ts'
import { compareApart } from '../../run/apart.ts'
import type { Picture } from '../../tensor/picture.ts'
import { defined, optional } from '../../text/record.ts'
import { visibleLine } from '../../text/visible.ts'
import { findingsOf } from '../describe.ts'
import { approveCommand } from '../destinations.ts'
import { loadPages, refusePointer } from '../files.ts'
import { showPictures, statusOf } from '../judge-pictures.ts'
import { type Approval, type CaseResult, rounded } from '../results.ts'
import { readingOf, testResults } from '../settings.ts'
import { toleranceText } from '../tolerance.ts'
import { pngOf, type Received, receive } from './received.ts'
import { record, writeRun, writeRunSoon } from './records.ts'
import type { Calling, Runner } from './runner.ts'
import { type Golden, goldenOf, type Session, sessionOf, watchEnd } from './session.ts'

/** How much a picture may differ from its golden, how both are read, and the name of the golden. */
export type GoldenOptions = Omit<CompareOptions, 'diffStyle'> & {
  /** Appended to the name of the test, instead of a number. */
  readonly name?: string
}

/** The result of a comparison with a golden. */
export type Found = {
  readonly pass: boolean
  /** The message for people; for a failure the reason, the pictures and what to do. */
  readonly text: string
  /** The path of the golden, relative to the folder that the tests run in. */
  readonly golden: string
  /** Whether the golden was written, which is reported. */
  readonly isNew?: boolean
}

type Match = {
  readonly runner: Runner
  readonly calling: Calling
  readonly session: Session
  readonly golden: Golden
  readonly asked: ReturnType<typeof understand>
  readonly began: number
}

/** Compares a picture with the golden of a test, writes the golden if that is allowed, and records the result. */
export async function match(
  runner: Runner,
  calling: Calling,
  given: Promise<unknown>,
  options: GoldenOptions,
): Promise<Found> {
  const { name, ...rest } = ownOptions(options, calling.name)
  const session = sessionOf(runner, (begun) => watchEnd(begun, runner))
  // named now, as the test may request its next golden while this picture is being made
  const golden = goldenOf(session, runner, calling, name)
  const asked = understand(rest, calling)
  const picture = await given
  const one: Match = { runner, calling, session, golden, asked, began: performance.now() }
  const received = await receive(picture, asked.reading, calling)
  const expected = await readUnder(golden.folder, golden.file, 'encodedBytes')
  if (expected === undefined) return withoutGolden(one, received)
  // most pictures equal their golden, and then nothing is decoded
  if (received.png?.equals(expected))
    return passed(one, { status: 'pass', message: 'every byte equals the golden' })
  return compare(one, received, expected)
}

function understand({ mask, ...rest }: Omit<GoldenOptions, 'name'>, calling: Calling) {
  const { values, reading } = limitsOf(rest, calling.name, ['mask', 'name'])
  toleranceOf(values)
  return { values, mask, reading: { ...readingOf(reading), ...optional('full', values.full) } }
}

async function withoutGolden(one: Match, received: Received): Promise<Found> {
  const { runner, golden } = one
  const png = await pngOf(received)
  // a picture that does not decode must not become a golden
  const picture = await received.picture()
  if (runner.mayWrite || runner.update) {
    await writeGolden(one, png)
    const found = { status: 'new', message: 'the golden was written' } as const
    return { ...(await passed(one, found)), isNew: true }
  }
  const actual = await keepActual(one, png)
  const approval = await approvalOf(golden, undefined, actual, png, picture)
  const found = { message: 'there is no golden', why: [], facts: [] }
  await fail(one, { status: 'new', ...found, actual, ...optional('approval', approval) })
  const why = isCi(process.env)
    ? `CI=${process.env.CI} is set, so goldens are not written`
    : 'writing goldens is turned off'
  return failed(one, `there is no golden ${golden.shown}`, [
    why,
    label('actual', `${testResults}/${actual}`),
    `try: the test on your own machine, then commit ${golden.shown}`,
  ])
}

async function compare(one: Match, received: Received, expected: Buffer): Promise<Found> {
  const { runner, session, golden, asked } = one
  refusePointer(expected, `the golden ${golden.shown}`, golden.shown)
  const [actual, [before]] = await Promise.all([received.picture(), loadPages(expected, golden.shown)])
  const tolerance = await toleranceFor(one)
  const found = await compareApart(before!, actual, tolerance)
  const status = statusOf[found.outcome]
  if (status === 'pass') return passed(one, { status, message: 'every sample equals the golden' })
  if (status === 'tolerated') return passed(one, { status, ...findingsOf(found) })
  const isSecond = session.written.get(golden.file) === attemptOf(one)
  const png = await pngOf(received)
  if (runner.update && !isSecond) {
    await writeGolden(one, png)
    return { ...(await passed(one, { status: 'pass', message: 'the golden was replaced' })), isNew: true }
  }
  const file = await keepActual(one, png)
  const results = { results: join(session.root, testResults) }
  const was = { path: golden.file, bytes: expected }
  const pictures = await showPictures({ file }, was, [before!, actual], found, results)
  const findings = findingsOf(found)
  const message = limitsInWords(findings.message)
  const allowed = toleranceText(asked.values)
  await fail(one, {
    status,
    ...findings,
    message,
    actual: file,
    ...pictures,
    ...optional('approval', await approvalOf(golden, expected, file, png, actual)),
  })
  const shown = { expected: pictures.expected, actual: file, difference: pictures.diff }
  const review = golden.isBelow ? `convo review --results ${testResults}, or ` : ''
  const fix = isCi(process.env)
    ? `download ${testResults} of this run, then ${approveCommand(testResults)} on your own machine`
    : `${review}${runner.updateWith}, if the new picture is right`
  return failed(one, inWords(message), [
    label('golden', golden.shown),
    ...Object.entries(defined(shown)).map(([key, path]) => label(key, `${testResults}/${path}`)),
    ...(allowed === '' ? [] : [label('tolerance', inWords(allowed))]),
    ...(findings.smallest === undefined ? [] : [label('would pass', `with ${inWords(findings.smallest)}`)]),
    `try: ${fix}`,
  ])
}

/** Rewrites `max-abs: …` as `maxAbs: …`. */
const limitsInWords = (text: string): string =>
  text.replace(/[a-z]+(?:-[a-z]+)+(?=: )/g, (word) =>
    Object.hasOwn(toleranceSettings, word) ? optionName(word) : word,
  )

const label = (name: string, text: string): string => `${name.padEnd(11)} ${text}`

const failed = ({ golden, calling }: Match, first: string, rest: readonly string[]): Found => ({
  pass: false,
  golden: golden.shown,
  text: [`${calling.name}: ${first}`, ...rest.map((line) => `  ${line}`)].map(visibleLine).join('\n'),
})

async function toleranceFor({ asked, calling }: Match): Promise<Tolerance> {
  const { values, mask, reading } = asked
  const received = mask === undefined ? undefined : await receive(mask, reading, calling)
  return toleranceOf(values, await received?.picture())
}

async function writeGolden(one: Match, png: Buffer): Promise<void> {
  const { golden, session } = one
  await writeUnder(golden.folder, golden.file, png)
  session.written.set(golden.file, attemptOf(one))
}

const attemptOf = ({ runner: { test, attempt } }: Match): string => `${test} ${attempt}`

async function keepActual({ session, golden }: Match, png: Buffer): Promise<string> {
  await session.begun
  const file = `${golden.pictures}/actual.png`
  await writeUnder(session.root, `${testResults}/${file}`, png)
  return file
}

/** Returns what `convo approve` and `convo review` need; undefined for a golden outside the current folder. */
async function approvalOf(
  { shown, isBelow }: Golden,
  before: Buffer | undefined,
  actual: string,
  png: Buffer,
  picture: Picture,
): Promise<Approval | undefined> {
  if (!isBelow) return undefined
  const entry = { file: shown, digest: await digestOf(picture), ...shapeOf(picture), tools: {} }
  return {
    golden: { path: shown, ...optional('sha256', before && (await sha256InTurns(before))) },
    actual: { file: actual, sha256: await sha256InTurns(png), entry },
    inputs: [],
  }
}

type Outcome = Omit<CaseResult, 'name' | 'failed' | 'milliseconds' | 'tolerance'>

async function passed(one: Match, found: Pick<Outcome, 'status' | 'message'> & Partial<Outcome>) {
  const { golden, session } = one
  try {
    await session.begun
    note(one, false, { why: [], facts: [], ...found, ...(golden.isBelow && { golden: golden.shown }) })
    writeRunSoon(session.root)
  } catch {
    // tests may run where nothing can be written, and a test that passes needs no results
  }
  return { pass: true, text: `${golden.shown}: ${found.message}`, golden: golden.shown }
}

async function fail(one: Match, outcome: Outcome): Promise<void> {
  note(one, true, outcome)
  await writeRun(one.session.root)
}

function note({ golden, session, asked, began }: Match, failed: boolean, outcome: Outcome): void {
  const milliseconds = rounded(performance.now() - began)
  const allowed = toleranceText(asked.values)
  const tolerance = allowed !== '' && { tolerance: allowed }
  record(session.root, session.records, { name: golden.name, failed, ...outcome, ...tolerance, milliseconds })
}

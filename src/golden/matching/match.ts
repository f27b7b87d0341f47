import { join } from 'node:path'
import { ConvoError } from '../../error.ts'
import { readUnder, writeUnder } from '../../files/change.ts'
import { isCi } from '../../host/engines.ts'
import { comparePictures } from '../../image/compare/compare.ts'
import type { Comparison } from '../../image/compare/comparison.ts'
import {
  type Tolerance,
  type ToleranceValues,
  toleranceOf,
  toleranceSettings,
} from '../../image/compare/tolerance.ts'
import { digestOf } from '../../image/digest.ts'
import { resolve } from '../../params.ts'
import { type CompareOptions, readParams } from '../../picture/api/comparing.ts'
import { inWords, optionName, typedOptions } from '../../picture/api/names.ts'
import type { Picture } from '../../tensor/picture.ts'
import { optional } from '../../text/record.ts'
import { visibleLine } from '../../text/visible.ts'
import { factsOf, measuredOf, messageOf } from '../describe.ts'
import { approveCommand } from '../destinations.ts'
import { isLfsPointer, loadPages, sha256 } from '../files.ts'
import { showPictures, statusOf } from '../judge-pictures.ts'
import type { Approval, CaseResult } from '../results.ts'
import { testResults } from '../settings.ts'
import { smallestText, toleranceText } from '../tolerance.ts'
import { pngOf, type Reading, type Received, receive } from './received.ts'
import { record, writeRun, writeRunSoon } from './records.ts'
import type { Runner } from './runner.ts'
import { type Golden, goldenOf, type Session, sessionOf } from './session.ts'
import { watchEnd } from './unused.ts'

/** What a picture may differ by from its golden, how both are read, and what the golden is called. */
export type GoldenOptions = Omit<CompareOptions, 'diffStyle'> & {
  /** Behind the name of the test, instead of a number. */
  readonly name?: string
}

/** What came of a comparison with a golden. */
export type Found = {
  readonly pass: boolean
  /** What a person reads: of a failure why, with the pictures and what to do. */
  readonly text: string
  /** The golden, from the folder that the tests run in. */
  readonly golden: string
  /** That the golden was written, which is reported. */
  readonly isNew?: boolean
}

type Asked = {
  readonly values: ToleranceValues
  readonly mask: CompareOptions['mask']
  readonly reading: Reading
}

/** One comparison on its way. */
type Match = {
  readonly runner: Runner
  readonly session: Session
  readonly golden: Golden
  readonly asked: Asked
  readonly began: number
}

/** Compares a picture with the golden of a test, writes it where it may be written, and reports it. */
export async function match(runner: Runner, given: Promise<unknown>, options: GoldenOptions): Promise<Found> {
  const { name, ...rest } = options
  const session = sessionOf(runner, (begun) => watchEnd(begun, runner))
  // taken now, as the next of the test may be asked for while this one is made
  const golden = goldenOf(session, runner, name)
  const asked = understand(rest)
  const picture = await given
  const one: Match = { runner, session, golden, asked, began: performance.now() }
  const received = await receive(picture, asked.reading)
  const expected = await readUnder(golden.folder, golden.file, 'encodedBytes')
  if (expected === undefined) return withoutGolden(one, received)
  // most goldens are what they were: then nothing is decoded
  if (received.png?.equals(expected)) return passed(one, 'every byte equals the golden')
  return compare(one, received, expected)
}

function understand({ mask, ...rest }: Omit<GoldenOptions, 'name'>): Asked {
  const { mask: _, ...limits } = toleranceSettings
  const given = typedOptions(rest, { ...limits, ...readParams }, 'toMatchGolden')
  const among = (isRead: boolean) =>
    Object.fromEntries(Object.entries(given).filter(([key]) => Object.hasOwn(readParams, key) === isRead))
  const values = resolve(toleranceSettings, among(false), optionName) as ToleranceValues
  toleranceOf(values)
  const {
    'max-pixels': maxPixels,
    'no-orient': noOrient,
    layout,
  } = resolve(readParams, among(true), optionName)
  return { values, mask, reading: { maxPixels, orient: !noOrient, layout, ...optional('full', values.full) } }
}

async function withoutGolden(one: Match, received: Received): Promise<Found> {
  const { runner, golden } = one
  const png = await pngOf(received)
  // what does not decode is no golden
  const picture = await received.picture()
  if (runner.mayWrite || (runner.update && !isCi(process.env))) {
    await writeGolden(one, png)
    return { ...(await passed(one, 'the golden was written', 'new')), isNew: true }
  }
  const actual = await keepActual(one, png)
  await fail(one, {
    status: 'new',
    message: 'there is no golden',
    why: [],
    facts: [],
    actual,
    ...optional('approval', approvalOf(golden, undefined, actual, png, picture)),
  })
  return {
    pass: false,
    golden: golden.shown,
    text: lines(`there is no golden ${golden.shown}`, [
      isCi(process.env)
        ? `CI=${process.env.CI} is set, so goldens are not written`
        : 'writing goldens is turned off',
      label('actual', `${testResults}/${actual}`),
      `try: the test on your own machine, then commit ${golden.shown}`,
    ]),
  }
}

async function compare(one: Match, received: Received, expected: Buffer): Promise<Found> {
  const { runner, session, golden, asked } = one
  refusePointer(golden, expected)
  const [actual, before] = await Promise.all([received.picture(), decodeGolden(golden, expected)])
  const tolerance = await toleranceFor(asked)
  const found = comparePictures(before, actual, tolerance)
  const status = statusOf[found.outcome]
  if (status === 'pass') return passed(one, 'every sample equals the golden')
  if (status === 'tolerated') return passed(one, messageOf(found), status, found)
  const isSecond = session.written.get(golden.file) === attemptOf(one)
  if (runner.update && !isSecond && !isCi(process.env)) {
    await writeGolden(one, await pngOf(received))
    return { ...(await passed(one, 'the golden was replaced')), isNew: true }
  }
  return differs(one, received, { expected, before, actual, found })
}

type Difference = {
  readonly expected: Buffer
  readonly before: Picture
  readonly actual: Picture
  readonly found: Comparison
}

async function differs(one: Match, received: Received, difference: Difference): Promise<Found> {
  const { golden, session, asked, runner } = one
  const { expected, before, actual, found } = difference
  const png = await pngOf(received)
  const file = await keepActual(one, png)
  const pictures = await showPictures(
    { file },
    { path: golden.file, bytes: expected },
    [before, actual],
    found,
    { results: join(session.root, testResults) },
  )
  const smallest = smallestText(found)
  const allowed = toleranceText(asked.values)
  const message = limitsInWords(messageOf(found))
  await fail(one, {
    status: statusOf[found.outcome],
    message,
    why: [],
    facts: factsOf(found),
    ...(allowed !== '' && { tolerance: allowed }),
    ...optional('measured', measuredOf(found)),
    ...optional('smallest', smallest),
    actual: file,
    ...pictures,
    ...optional('approval', approvalOf(golden, expected, file, png, actual)),
  })
  const shown = [
    ['golden', golden.shown],
    ...(['expected', 'actual'] as const).map((key) => [key, { ...pictures, actual: file }[key]] as const),
    ['difference', pictures.diff],
  ] as const
  const paths = shown.flatMap(([key, path], i) =>
    path === undefined ? [] : [label(key, i === 0 ? path : `${testResults}/${path}`)],
  )
  const review = golden.isBelow ? `convo review --results ${testResults}, or ` : ''
  const fix = isCi(process.env)
    ? `download ${testResults} of this run, then ${approveCommand(testResults)} on your own machine`
    : `${review}${runner.updateWith}, if the new picture is right`
  return {
    pass: false,
    golden: golden.shown,
    text: lines(inWords(message), [
      ...paths,
      ...(allowed === '' ? [] : [label('tolerance', inWords(allowed))]),
      ...(smallest === undefined ? [] : [label('would pass', `with ${inWords(smallest)}`)]),
      `try: ${fix}`,
    ]),
  }
}

/** `max-abs: …` as `maxAbs: …` */
const limitsInWords = (text: string): string =>
  text.replace(/[a-z]+(?:-[a-z]+)+(?=: )/g, (word) =>
    Object.hasOwn(toleranceSettings, word) ? optionName(word) : word,
  )

const label = (name: string, text: string): string => `${name.padEnd(11)} ${text}`

const lines = (first: string, rest: readonly string[]): string =>
  [`toMatchGolden: ${first}`, ...rest.map((line) => `  ${line}`)].map(visibleLine).join('\n')

/** @throws ConvoError E_INPUT for the pointer to a golden that was not fetched */
function refusePointer({ shown }: Golden, bytes: Buffer): void {
  if (!isLfsPointer(bytes)) return
  throw new ConvoError('E_INPUT', `the golden ${shown} was not fetched`, {
    why: `${shown}:1:1: this is a Git LFS pointer, not the picture itself`,
    fix: 'git lfs pull',
  })
}

async function decodeGolden({ shown }: Golden, bytes: Buffer): Promise<Picture> {
  const [picture] = await loadPages(bytes, shown)
  return picture!
}

async function toleranceFor({ values, mask, reading }: Asked): Promise<Tolerance> {
  return toleranceOf(values, mask === undefined ? undefined : await (await receive(mask, reading)).picture())
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

/** What `convo approve` and `convo review` need; nothing for a golden that is not below the current folder. */
function approvalOf(
  { shown, isBelow }: Golden,
  before: Buffer | undefined,
  actual: string,
  png: Buffer,
  picture: Picture,
): Approval | undefined {
  if (!isBelow) return undefined
  const { width, height, channels, depth } = picture
  const entry = { file: shown, digest: digestOf(picture), width, height, channels, depth, tools: {} }
  return {
    golden: { path: shown, ...optional('sha256', before && sha256(before)) },
    actual: { file: actual, sha256: sha256(png), entry },
    inputs: [],
  }
}

type Outcome = Omit<CaseResult, 'name' | 'failed' | 'milliseconds'>

async function passed(
  one: Match,
  message: string,
  status: 'pass' | 'tolerated' | 'new' = 'pass',
  found?: Comparison,
): Promise<Found> {
  const { golden, asked, session } = one
  const allowed = toleranceText(asked.values)
  const outcome: Outcome = {
    status,
    message,
    why: [],
    facts: found === undefined ? [] : factsOf(found),
    ...(allowed !== '' && { tolerance: allowed }),
    ...(found !== undefined && optional('measured', measuredOf(found))),
    ...(found !== undefined && optional('smallest', smallestText(found))),
    ...(golden.isBelow && { golden: golden.shown }),
  }
  try {
    await session.begun
    note(one, false, outcome)
    writeRunSoon(session.root)
  } catch {
    // tests may run where nothing can be written; what passes has nothing to show
  }
  return { pass: true, text: `${golden.shown}: ${message}`, golden: golden.shown }
}

async function fail(one: Match, outcome: Outcome): Promise<void> {
  note(one, true, outcome)
  await writeRun(one.session.root)
}

function note({ golden, session, began }: Match, failed: boolean, outcome: Outcome): void {
  const milliseconds = Math.round((performance.now() - began) * 10) / 10
  record(session.root, session.records, { name: golden.name, failed, ...outcome, milliseconds })
}

import { AssertionError } from 'node:assert'
import { ConvoError, formatError, mismatch } from '../error.ts'
import { printInTest } from '../host/io.ts'
import { inLibraryWords } from '../picture/api/names.ts'
import { isRecord } from '../text/record.ts'
import type { GoldenOptions } from './matching/match.ts'
import type { GoldenPicture } from './matching/received.ts'
import { type Calling, type GoldenTest, nodeRunner, type Runner, runnerOf } from './matching/runner.ts'

export type { GoldenOptions } from './matching/match.ts'
export type { GoldenPicture } from './matching/received.ts'
export type { GoldenTest } from './matching/runner.ts'

/** The result of a matcher, for its runner. */
export type MatcherResult = {
  /** Whether the picture equals its golden. */
  readonly pass: boolean
  /** What the runner shows when the assertion fails. */
  readonly message: () => string
}

/** The matchers that `expect.extend({ toMatchGolden })` adds, for runners whose types are not declared here. */
export interface GoldenMatchers {
  /**
   * Passes if the picture equals the golden of this test, or differs by no more than is allowed. Must be awaited.
   *
   * @param options the allowed differences, or the golden's name instead of a number
   */
  toMatchGolden(options?: GoldenOptions | string): Promise<void>
}

declare global {
  // Vitest uses the matchers declared for Jest
  namespace jest {
    interface Matchers<R, T> extends GoldenMatchers {}
  }
  namespace PlaywrightTest {
    interface Matchers<R, T> extends GoldenMatchers {}
  }
}

/**
 * The matcher for Vitest, Jest and Playwright Test: `expect.extend({ toMatchGolden })`, then
 * `await expect(picture).toMatchGolden({ maxAbs: 1 })`.
 *
 * The golden is a PNG beside the test: `__goldens__/<file>/<test>-<number or name>.png`, in a folder for each
 * Playwright project. A missing golden is written and reported, but if `CI` is set the test fails. The runner's `-u`
 * replaces goldens that differ. If the test fails, the expected picture, the actual one and the difference are written
 * to a folder below `.convo/tests`, which `convo review --results .convo/tests` and `convo report merge .convo/tests
 * --output report.html` read.
 *
 * @param received a picture of any kind that `convo` accepts, a chain, or a promise of one; floats are rounded to 8
 *   bits
 * @param options the allowed differences, or the golden's name instead of a number
 */
export async function toMatchGolden(
  this:
    | {
        /** Whether the assertion is negated. */
        readonly isNot?: boolean | undefined
      }
    | undefined,
  received: GoldenPicture | PromiseLike<GoldenPicture>,
  options: GoldenOptions | string = {},
): Promise<MatcherResult> {
  const { pass, text, isBroken } = await attempt(matcher, () => runnerOf(this), received, options)
  // a picture that could not be compared fails the test, also with `.not`
  return { pass: isBroken === true ? this?.isNot === true : pass, message: () => text }
}

/**
 * The same for node:test: `test('name', async (t) => { await matchGolden(t, picture, { maxAbs: 1 }) })`. Goldens that
 * differ are replaced by `node --test --test-update-snapshots`, or in any runner if `CONVO_UPDATE=1` is set.
 *
 * @param t the context of the test, which names the golden
 * @param picture as `toMatchGolden` takes it
 * @param options the allowed differences, or the golden's name instead of a number
 * @throws AssertionError for a picture that differs from its golden, has none while `CI` is set, or cannot be read
 */
export async function matchGolden(
  t: GoldenTest,
  picture: GoldenPicture | PromiseLike<GoldenPicture>,
  options: GoldenOptions | string = {},
): Promise<void> {
  const { pass, text } = await attempt(plain, () => nodeRunner(t), picture, options)
  if (!pass) throw new AssertionError({ message: text, stackStartFn: matchGolden })
}

const matcher: Calling = {
  name: 'toMatchGolden',
  call: (picture, options = '') => `await expect(${picture}).toMatchGolden(${options})`,
}

const plain: Calling = {
  name: 'matchGolden',
  call: (picture, options) =>
    `await matchGolden(t, ${picture}${options === undefined ? '' : `, ${options}`})`,
}

/** Compares and returns the result. An error that prevents the comparison fails the test with its full text. */
async function attempt(
  calling: Calling,
  runner: () => Runner,
  received: unknown,
  options: GoldenOptions | string,
): Promise<{ readonly pass: boolean; readonly text: string; readonly isBroken?: true }> {
  const picture = Promise.resolve(received)
  // a rejection is reported where the promise is awaited, and must not end the process before that
  picture.catch(() => undefined)
  try {
    const asked = optionsOf(options, calling)
    // found now, as another test may be running later
    const one = runner()
    // loaded here, as only a comparison needs it
    const { match } = await import('./matching/match.ts')
    const found = await match(one, calling, picture, asked)
    if (found.isNew) printInTest(found.text)
    return found
  } catch (error) {
    // a rejection of the test's own promise is passed on to the test
    if (!(error instanceof ConvoError)) throw error
    return { pass: false, isBroken: true, text: textOf(error, calling) }
  }
}

const textOf = (error: ConvoError, { name }: Calling): string =>
  formatError(inLibraryWords(error)).replace(/^error: /, `${name}: `)

function optionsOf(given: unknown, { name: called, call }: Calling): GoldenOptions {
  if (typeof given === 'string') return { name: given }
  const { name } = typeof given === 'object' && given !== null ? (given as GoldenOptions) : {}
  if (isRecord(given) && ['string', 'undefined'].includes(typeof name)) return given
  throw mismatch(`${called} takes options or the name of a golden`, name ?? given, {
    fix: call('picture', "{ maxAbs: 1, name: 'after' }"),
  })
}

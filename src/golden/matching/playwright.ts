import { dirname, join } from 'node:path'
import { readText } from '../../files/read.ts'
import { beginRecords, recorded } from './records.ts'
import { isUpdateOfPlaywright, runOfPlaywright, shownPath } from './runner.ts'
import { goldensOf, recordsOf, reportUnused, root, stemOf, unusedOf } from './session.ts'

// Each process of Playwright sees a part of a test file. Only a reporter, which runs in the parent process, knows which
// tests exist, and whether all of them ran.

type Configuration = {
  readonly grep?: unknown
  readonly grepInvert?: unknown
  readonly shard?: unknown
  readonly updateSnapshots?: string
  readonly projects?: readonly Configuration[]
}

type TestCase = {
  readonly location: { readonly file: string }
  /** An empty string, the project, the file, then groups and test. */
  titlePath(): readonly string[]
  outcome(): string
}

type Suite = { allTests(): readonly TestCase[] }

/**
 * A reporter for Playwright Test. It names the goldens of `toMatchGolden` that no test compares any more, and adds them
 * to the results that `convo approve` and `convo review` read; with `-u` it removes them. It reports nothing if only
 * part of the tests ran or the run was interrupted. Goldens of tests that were skipped or failed are not obsolete.
 */
export class GoldenReporter {
  #config: Configuration = {}
  #tests: readonly TestCase[] = []

  printsToStdio(): boolean {
    return false
  }

  onBegin(config: Configuration, suite: Suite): void {
    this.#config = config
    this.#tests = suite.allTests()
  }

  async onEnd({ status }: { readonly status: string }): Promise<void> {
    const isWhole =
      (status === 'passed' || status === 'failed') && !isPart(this.#config, process.argv.slice(2))
    if (!isWhole) return
    for (const file of new Set(this.#tests.map(({ location }) => location.file))) {
      if (!/\.only\s*\(/.test(readText(file, 'manifestBytes'))) await this.#reportFile(file)
    }
  }

  async #reportFile(file: string): Promise<void> {
    const records = recordsOf({ file, run: runOfPlaywright(process.pid) })
    const folder = `${shownPath(root, join(dirname(file), goldensOf(file)))}/`
    const used = recorded(root, records)
      .flatMap(({ golden, approval }) => golden ?? approval?.golden.path ?? [])
      .map((path) => path.slice(folder.length).toLowerCase())
    const stems = this.#tests
      .filter((test) => test.location.file === file && !/^(?:expected|flaky)$/.test(test.outcome()))
      .map((test) => {
        const [, project = '', , ...words] = test.titlePath()
        return stemOf(words.join(' > '), project === '' ? undefined : project)
      })
    const unused = unusedOf({ file, used: new Set(used) }, stems)
    if (unused.length === 0) return
    await beginRecords(root, records, shownPath(root, file))
    const mayRemove = isUpdateOfPlaywright(this.#config.updateSnapshots)
    await reportUnused({ root, file, records }, unused, mayRemove)
  }
}

/** Whether the command line or the configuration selects some of the tests. */
function isPart({ projects = [], ...own }: Configuration, argv: readonly string[]): boolean {
  const isChosen = ({ grep, grepInvert, shard }: Configuration) =>
    (grep !== undefined && String(grep) !== '/.*/') ||
    (grepInvert ?? undefined) !== undefined ||
    (shard ?? undefined) !== undefined
  const choosing =
    /^(?:-g.*|--(?:grep|grep-invert|project|shard|last-failed|only-changed|test-list|test-list-invert)(?:=.*)?|.*:\d+)$/
  return [own, ...projects].some(isChosen) || argv.some((word) => choosing.test(word))
}

import { visibleLine } from '../../text/visible.ts'
import type { Reporter } from './reporter.ts'

/** One JSON object per line for each case, then one for the run. */
export const jsonl: Reporter = {
  summary: 'one JSON object per line for each case, and one for the totals',
  async report(run, to) {
    const { cases, ...rest } = run
    const lines = [
      ...cases.map((one) => JSON.stringify({ type: 'case', ...one })),
      JSON.stringify({ type: 'run', ...rest }),
    ]
    await to.write(`${lines.join('\n')}\n`)
  },
}

export const json: Reporter = {
  summary: 'the whole run as one JSON object, like results.json',
  report: (run, to) => to.write(`${JSON.stringify(run, null, 2)}\n`),
}

export const lines: Reporter = {
  summary: 'status, name and message of each case, separated by tabs, for grep',
  async report(run, to) {
    const text = run.cases.map(({ status, name, message }) =>
      [status, name, message].map(visibleLine).join('\t'),
    )
    await to.write(`${text.join('\n')}\n`)
  },
}

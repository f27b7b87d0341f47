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

import type { Reporter } from './reporter.ts'

/** The whole run as JSON: what results.json holds. */
export const json: Reporter = {
  summary: 'the whole run as one JSON object, like results.json',
  report: (run, to) => to.write(`${JSON.stringify(run, null, 2)}\n`),
}

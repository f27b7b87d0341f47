import type { Reporter } from './reporter.ts'

export const json: Reporter = {
  summary: 'the whole run as one JSON object, like results.json',
  report: (run, to) => to.write(`${JSON.stringify(run, null, 2)}\n`),
}

import { visibleLine } from '../../text/visible.ts'
import type { Reporter } from './reporter.ts'

export const lines: Reporter = {
  summary: 'status, name and message of each case, separated by tabs, for grep',
  async report(run, to) {
    const text = run.cases.map(({ status, name, message }) =>
      [status, name, message].map(visibleLine).join('\t'),
    )
    await to.write(`${text.join('\n')}\n`)
  },
}

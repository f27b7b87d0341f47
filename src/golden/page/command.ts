import { shellWord } from '../../text/shell.ts'
import type { ReportCase } from './data.ts'
import type { Mark } from './list.ts'

/** What approves the marked cases, or the current one where none is marked; one command for each folder of results. */
export function commandText(
  all: readonly ReportCase[],
  marks: ReadonlyMap<string, Mark>,
  current: ReportCase | undefined,
): string {
  const chosen = all.filter(({ name }) => marks.get(name) === 'approve')
  const cases = marks.size > 0 || current === undefined ? chosen : [current]
  const commands = new Map<string, string[]>()
  for (const { name, approve } of cases) {
    if (approve !== undefined) commands.set(approve, [...(commands.get(approve) ?? []), shellWord(name)])
  }
  return [...commands].map(([command, names]) => `${command} ${names.join(' ')}`).join(' && ')
}

import { lineWidth } from '../../host/io.ts'
import { choice, flag } from '../../params.ts'
import { argument } from '../../picture/words/syntax.ts'
import { columns } from '../../text/layout.ts'
import { type Command, commandOf } from '../command.ts'
import type { Row } from '../lists.ts'

/** The lists in `../lists.ts`, which is loaded on demand. */
const listNames = ['filters', 'operators', 'kernels', 'borders', 'formats'] as const
type Lists = Readonly<Record<(typeof listNames)[number], () => readonly Row[]>>

/** `convo list <what>` */
export const list: Command = commandOf(
  { json: flag('print a JSON array of objects; for all lists, an object of arrays') },
  {
    name: 'list',
    summary: 'lists filters, operators, kernels, borders and file formats',
    arguments: [argument('[what]', `${listNames.join(', ')}. Default: all of them`, listNames)],
    examples: ['convo list filters', 'convo list kernels --json', 'convo list'],
    async run({ json }, { args, io }) {
      const lists: Lists = (await import('../lists.ts')).lists
      const table = (rows: readonly Row[]) =>
        columns(
          rows.map((row) => Object.values(row)),
          lineWidth(),
        )
      if (args[0] === undefined) {
        const all = Object.entries(lists).map(([name, rows]) => [name, rows()] as const)
        if (json) await io.out(`${JSON.stringify(Object.fromEntries(all), null, 2)}\n`)
        else await io.page(all.map(([name, rows]) => `${name}\n${table(rows)}`).join('\n'))
        return 0
      }
      const rows = lists[choice('', listNames).parse(args[0], 'the list')]!()
      await (json ? io.out(`${JSON.stringify(rows, null, 2)}\n`) : io.page(table(rows)))
      return 0
    },
  },
)

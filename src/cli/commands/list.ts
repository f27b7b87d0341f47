import { namedKernels } from '../../filters/names.ts'
import { lineWidth } from '../../host/io.ts'
import { formatRows } from '../../image/format.ts'
import { directionText } from '../../kernel/direction.ts'
import { formats } from '../../kernel/formats/index.ts'
import { readyMade, readyMadeSummary } from '../../kernel/source.ts'
import { choice, flag } from '../../params.ts'
import { operations } from '../../picture/operations.ts'
import { borderAliases, borders } from '../../tensor/border.ts'
import { columns } from '../../text/layout.ts'
import type { Command } from '../command.ts'

type Row = Readonly<Record<string, string>>

/** What can be listed: rows of the same fields. */
const lists: Readonly<Record<string, () => readonly Row[]>> = {
  filters: () => operationRows('filter'),
  operators: () => operationRows('operator'),
  kernels: () => [
    ...Object.entries(namedKernels).map(([name, { summary, params }]) => ({
      name,
      settings: Object.entries(params)
        .map(([key, { isFlag, default: fallback }]) =>
          isFlag || fallback === undefined ? key : `${key}=${String(fallback)}`,
        )
        .join(','),
      summary,
    })),
    ...readyMade().map((name) => ({ name, settings: 'a file', summary: readyMadeSummary(name) })),
  ],
  borders: () =>
    Object.entries(borders).map(([name, { picture, summary }]) => ({
      name,
      picture,
      aliases: Object.keys(borderAliases)
        .filter((alias) => borderAliases[alias] === name)
        .join(' '),
      summary,
    })),
  formats: () => [
    ...Object.entries(formats).map(([name, { extensions, summary, direction, write }]) => ({
      name,
      for: 'kernels',
      access: write === undefined ? 'read' : 'read, write',
      files: extensions.join(' '),
      summary: `${summary}; ${directionText(direction)}`,
    })),
    ...formatRows().map(({ name, files, access, depths, alpha, frames, profile, metadata }) => ({
      name,
      for: 'pictures',
      access,
      files,
      summary: [
        `bits ${depths}`,
        `alpha ${alpha}`,
        `frames ${frames}`,
        `profile ${profile}`,
        `metadata ${metadata}`,
      ].join('; '),
    })),
  ],
}

function operationRows(kind: 'filter' | 'operator'): Row[] {
  return Object.values(operations)
    .filter((operation) => operation.kind === kind)
    .map(({ name, group, summary }) => (kind === 'filter' ? { name, group, summary } : { name, summary }))
}

/** `convo list <what>` */
export const list: Command = {
  name: 'list',
  summary: 'lists filters, operators, kernels, borders and file formats',
  group: 'commands',
  arguments: [
    {
      name: 'what',
      summary: `${Object.keys(lists).join(', ')}. Default: all of them`,
      kind: 'word',
      choices: Object.keys(lists),
      optional: true,
    },
  ],
  options: [{ title: 'Options', params: { json: flag('print a JSON array of objects') } }],
  examples: ['convo list filters', 'convo list kernels --json', 'convo list'],
  async run({ args, given, io }) {
    const table = (rows: readonly Row[]) =>
      columns(
        rows.map((row) => Object.values(row)),
        lineWidth(),
      )
    if (args[0] === undefined) {
      const all = Object.entries(lists).map(([name, rows]) => [name, rows()] as const)
      if (given.json === true) await io.out(`${JSON.stringify(Object.fromEntries(all), null, 2)}\n`)
      else await io.page(all.map(([name, rows]) => `${name}\n${table(rows)}`).join('\n'))
      return 0
    }
    const rows = lists[choice('', Object.keys(lists)).parse(args[0], 'what to list')]!()
    await (given.json === true ? io.out(`${JSON.stringify(rows, null, 2)}\n`) : io.page(table(rows)))
    return 0
  },
}

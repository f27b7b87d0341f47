import { namedKernels } from '../filters/names.ts'
import { formatRows } from '../image/format.ts'
import { directionText } from '../kernel/analyse.ts'
import { formats } from '../kernel/formats/index.ts'
import { readyMade, readyMadeSummary } from '../kernel/source.ts'
import { operations } from '../picture/operations.ts'
import { borderAliases, borders } from '../tensor/border.ts'

/** The fields of an entry by name. */
export type Row = Readonly<Record<string, string>>

/** The lists: rows with the same fields. */
export const lists = {
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
} satisfies Readonly<Record<string, () => readonly Row[]>>

const operationRows = (kind: 'filter' | 'operator'): Row[] =>
  Object.values(operations)
    .filter((operation) => operation.kind === kind)
    .map(({ name, group, summary }) => (kind === 'filter' ? { name, group, summary } : { name, summary }))

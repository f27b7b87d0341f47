import { commands } from '../../src/cli/registry.ts'
import { errorCodes } from '../../src/error.ts'
import { animationOf, hasAnimation } from './animations.ts'
import { apiReference } from './api.ts'
import { formatsPage } from './formats.ts'
import { type Exhibit, examples, shownFirst, shownInTable, textbook } from './gallery.ts'
import { lossesPage } from './losses.ts'
import { exitStatuses, manPage, readmeTables } from './manual.ts'

/** The documents with generated sections, and the sections that each has a place for: `<!-- name:begin -->`. */
const places = {
  'README.md': ['examples', 'more-examples', 'textbook', 'animations'],
  'docs/options.md': ['filters', 'operators', 'options', 'exit-codes', 'errors'],
  'docs/gallery.md': ['gallery-examples', 'gallery-textbook'],
} as const

/**
 * The generated documents by path; of those with places for sections, the sections are made again.
 *
 * @param textOf the text of a document as it is
 * @throws Error for a section that a document has no place for
 */
export function documents(textOf: (path: string) => string): Record<string, string> {
  const sections = sectionTexts()
  const filled = Object.entries(places).map(([path, names]) => [
    path,
    names.reduce((text, name) => withSection(text, path, name, sections[name]), textOf(path)),
  ])
  return {
    ...Object.fromEntries(filled),
    'docs/convo.1': manPage(commands),
    'docs/api.md': apiReference(),
    'docs/losses.md': lossesPage(),
    'docs/formats.md': formatsPage(),
  }
}

const sectionTexts = () => ({
  ...readmeTables(),
  'exit-codes': table(['exit code', 'meaning'], exitStatuses),
  errors: table(
    ['code', 'meaning'],
    Object.entries(errorCodes).map(([code, meaning]) => [`\`${code}\``, meaning]),
  ),
  examples: examples
    .slice(0, shownFirst)
    .map((one) => shown(one, ''))
    .join('\n\n'),
  'more-examples': table(
    ['', ''],
    inRows(
      examples
        .slice(shownFirst, shownFirst + shownInTable)
        .map(
          ({ name, title, line, command }) =>
            `**${title}.** ${line}<br>\`convo ${command}\`<br>${imageOf(name, `${title}: before and after`)}`,
        ),
      2,
    ),
  ),
  textbook: table(
    ['operator', '', 'example'],
    textbook.map(({ name, title, line, alone }) => [
      `**${title}**<br>\`${name}\``,
      line,
      imageOf(name, `${title}: ${alone ? 'the result' : 'before and after'}`),
    ]),
  ),
  animations: table(
    ['', '', ''],
    inRows(
      textbook.map(({ name, title }) => `<img src="${animationOf(name)}" width="260" alt="${title}">`),
      3,
    ),
  ),
  'gallery-examples': examples.map((one) => shown(one, '../')).join('\n\n'),
  'gallery-textbook': textbook.map((one) => shown(one, '../')).join('\n\n'),
})

function withSection(text: string, path: string, name: string, section: string): string {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`]
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`${path} has no ${begin} … ${end}`)
  return `${text.slice(0, from + begin.length)}\n\n${section}\n\n${text.slice(to)}`
}

const pictureOf = (name: string): string => `docs/pictures/${name}.webp`

const imageOf = (name: string, alt: string): string =>
  `<img src="${pictureOf(name)}" width="400" alt="${alt}">`

/** An exhibit with its command and pictures; `up` is the way from the document to the top of the repository. */
function shown({ name, title, line, command, alone }: Exhibit, up: string): string {
  const pictures = [
    `![${title}: ${alone ? 'the result' : 'before and after'}](${up}${pictureOf(name)})`,
    ...(up !== '' && hasAnimation(name) ? [`![${title}, step by step](${up}${animationOf(name)})`] : []),
  ]
  return [`**${title}.** ${line}`, `\`\`\`sh\nconvo ${command}\n\`\`\``, ...pictures].join('\n\n')
}

const inRows = (cells: readonly string[], size: number): string[][] =>
  Array.from({ length: Math.ceil(cells.length / size) }, (_, row) =>
    Array.from({ length: size }, (_, column) => cells[row * size + column] ?? ''),
  )

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n')
}

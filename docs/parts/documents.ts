import { exitStatuses, manPage, readmeTables } from '../../src/cli/generate.ts'
import { commands } from '../../src/cli/registry.ts'
import { errorCodes } from '../../src/error.ts'
import { animationOf, hasAnimation } from './animations.ts'
import { apiReference } from './api.ts'
import { formatsPage } from './formats.ts'
import { type Exhibit, examples, textbook } from './gallery.ts'
import { lossesPage } from './losses.ts'
import { methodsText } from './methods.ts'

/** The generated documents by path, the README with its sections made anew. */
export function documents(readme: string): Record<string, string> {
  return {
    'README.md': filled(readme),
    'docs/convo.1': manPage(commands),
    'docs/api.md': apiReference(),
    'docs/losses.md': lossesPage(),
    'docs/formats.md': formatsPage(),
    'src/picture/api/methods.ts': methodsText(),
  }
}

/**
 * The README with what stands between its markers made anew.
 *
 * @throws Error for a section that the README has no place for
 */
function filled(readme: string): string {
  const sections = {
    ...readmeTables(),
    'exit-codes': table(['exit code', 'meaning'], exitStatuses),
    errors: table(
      ['code', 'meaning'],
      Object.entries(errorCodes).map(([code, meaning]) => [`\`${code}\``, meaning]),
    ),
    examples: examples.map(shown).join('\n\n'),
    textbook: textbook.map(shown).join('\n\n'),
  }
  return Object.entries(sections).reduce((text, [name, section]) => {
    const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`]
    const [from, to] = [text.indexOf(begin), text.indexOf(end)]
    if (from < 0 || to < from) throw new Error(`README.md has no ${begin} … ${end}`)
    return `${text.slice(0, from + begin.length)}\n\n${section}\n\n${text.slice(to)}`
  }, readme)
}

function shown({ name, title, line, command, alone }: Exhibit): string {
  const pictures = [
    `![${title}: ${alone ? 'the result' : 'before and after'}](docs/pictures/${name}.webp)`,
    ...(hasAnimation(name) ? [`![${title}, step by step](${animationOf(name)})`] : []),
  ]
  return [`**${title}.** ${line}`, `\`\`\`sh\nconvo ${command}\n\`\`\``, ...pictures].join('\n\n')
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n')
}

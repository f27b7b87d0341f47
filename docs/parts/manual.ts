import type { Command } from '../../src/cli/command.ts'
import { optionTerm, optionText } from '../../src/cli/help.ts'
import { errorCodes } from '../../src/error.ts'
import { version } from '../../src/files/package.ts'
import type { Param, Params } from '../../src/params.ts'
import { type Operation, operations } from '../../src/picture/operations.ts'
import { runSettings } from '../../src/picture/run-settings.ts'
import { correlationSettings, pictureSettings } from '../../src/picture/settings.ts'
import { optionsOf, usageOf } from '../../src/picture/words/syntax.ts'

// The manual page and tables of options, from the tables of filters, operators, commands and settings.

/** The Markdown tables of the README by the name of their markers: `<!-- filters:begin -->`. */
export function readmeTables(): Record<'filters' | 'operators' | 'options', string> {
  const all = Object.values(operations)
  const rows = (kind: Operation['kind']) =>
    all
      .filter((operation) => operation.kind === kind)
      .map(({ name, summary, params }) => [`\`${name}\``, summary, optionList(params)])
  const shared = { ...correlationSettings, ...pictureSettings, ...runSettings }
  return {
    filters: markdown(['filter', 'what it does', 'its options'], rows('filter')),
    operators: markdown(['operator', 'what it does', 'its options'], rows('operator')),
    options: markdown(
      ['option', 'what it does'],
      Object.entries(shared).map(([name, param]) => [`\`${optionTerm(name, param)}\``, optionText(param)]),
    ),
  }
}

function optionList(params: Params): string {
  const shown = (param: Param<unknown>) => {
    if (param.isFlag) return ''
    const value = param.choices?.join('|') ?? param.metavar ?? ''
    return ` ${value}${param.default === undefined ? '' : ` (${String(param.default)})`}`
  }
  return Object.entries(params)
    .map(([name, param]) => `\`--${name}${shown(param)}\``)
    .join(' ')
}

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n')
}

/** What the exit status says. */
export const exitStatuses: readonly (readonly [status: string, meaning: string])[] = [
  ['0', 'success, or everything matches'],
  [
    '1',
    'it ran, but the result is negative: pictures differ, a golden is missing or not approved, some pictures of a batch ' +
      'failed, or samples were clipped under --fail-on-clip',
  ],
  ['2', 'it could not run: wrong usage, a bad kernel, an unreadable input, an output that cannot be written'],
  ['70', 'a bug in convo; --debug prints the stack'],
  ['129, 130, 143', 'it was interrupted or terminated; no partial output is left'],
]

/** The manual page, in roff's man macros. */
export function manPage(commands: readonly Command[]): string {
  const all = Object.values(operations)
  const entry = (term: string, text: string) => `.TP\n.B ${roff(term)}\n${roff(text)}`
  const option = ([name, param]: [string, Param<unknown>]) =>
    entry(optionTerm(name, param), optionText(param))
  const operation = ({ name, summary, params, source }: Operation) =>
    [
      entry(name, `${summary}.`),
      ...Object.entries(params).map(([key, param]) => `.RS\n${option([key, param])}\n.RE`),
      `.RS\n.PP\nSource: ${roff(source)}\n.RE`,
    ].join('\n')
  const section = (title: string, lines: readonly string[]) => `.SH ${title}\n${lines.join('\n')}`
  const options = (params: Params) => Object.entries(params).map(option)
  return `${[
    `.TH CONVO 1 "" "convo ${version()}" "User Commands"`,
    section('NAME', ['convo \\- exact convolution of pictures: filters, kernels, network operators']),
    section('SYNOPSIS', ['.B convo', '.I operation input output', '[\\fIoptions\\fR]']),
    section('DESCRIPTION', [
      roff(
        'An operation is a filter or an operator. Input and output are files; - is standard input or output.',
      ),
      roff('Results are the same, bit for bit, on every machine and with any number of threads.'),
    ]),
    section('FILTERS', all.filter(({ kind }) => kind === 'filter').map(operation)),
    section('OPERATORS', all.filter(({ kind }) => kind === 'operator').map(operation)),
    section(
      'OTHER COMMANDS',
      commands
        .filter(({ group }) => group === 'commands')
        .map((command) =>
          [
            entry(usageOf(command).replace(/^convo /, ''), `${command.summary}.`),
            ...options(optionsOf(command)).map((one) => `.RS\n${one}\n.RE`),
          ].join('\n'),
        ),
    ),
    section('KERNEL OPTIONS', options(correlationSettings)),
    section('PICTURE OPTIONS', options(pictureSettings)),
    section('RUN OPTIONS', options(runSettings)),
    section(
      'EXIT STATUS',
      exitStatuses.map(([status, meaning]) => entry(status, `${meaning}.`)),
    ),
    section('ENVIRONMENT', [
      entry(
        'NO_COLOR',
        'If set and not empty, messages and kernels are printed without colour. --preview still uses colour.',
      ),
      entry('TERM, COLORTERM, TERM_PROGRAM', 'Used to detect what the terminal can display.'),
    ]),
    section(
      'ERROR CODES',
      Object.entries(errorCodes).map(([code, meaning]) => entry(code, `${meaning}.`)),
    ),
    section('EXAMPLES', [
      '.nf',
      ...commands.slice(0, 40).flatMap(({ examples }) => examples.slice(0, 1).map(roff)),
      '.fi',
    ]),
  ].join('\n')}\n`
}

/** Text that roff takes as it is: it has signs of its own, and reads ASCII only. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('^', '\\(ha')
    .replaceAll('~', '\\(ti')
    .replace(/^([.'])/gm, '\\&$1')
    .replace(/[^\n -\x7e]/gu, (sign) => `\\[u${codeOf(sign)}]`)
}

const codeOf = (sign: string): string => sign.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')

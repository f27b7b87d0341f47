import type { Param } from '../params.ts'
import { shortNames } from '../picture/run-settings.ts'
import { usageOf } from '../picture/words/syntax.ts'
import { definitions, indent, wrap } from '../text/layout.ts'
import type { Command } from './command.ts'

const overviewExamples: readonly (readonly [line: string, meaning: string])[] = [
  ['convo sobel in.png out.png', 'find edges'],
  ['convo gaussian in.jpg out.png --sigma 3', 'blur'],
  ['convo conv2d in.png out.png --kernel edge.mat', 'apply a kernel from a file'],
  ['convo help sobel', 'explain sobel'],
]

/** The headings of the overview, in order, by the group of a command. */
const headings: Readonly<Record<string, string>> = {
  edges: 'Edges',
  smoothing: 'Smoothing',
  detail: 'Detail',
  texture: 'Texture',
  windows: 'Rank filters and morphology',
  size: 'Size',
  operators: 'Operators',
  steps: 'Network steps',
  commands: 'Other commands',
}

/** Returns the text of `convo --help`. */
export function overview(commands: readonly Command[], width: number, isBrief = false): string {
  const groups = Object.entries(headings).flatMap(([group, title]) => {
    if (isBrief && group !== 'commands') return []
    const members = commands.filter((command) => command.group === group)
    if (members.length === 0) return []
    if (group === 'commands' && !isBrief) {
      return [
        `${title}\n${definitions(
          // the help of the command lists the rest
          members.map(({ name, summary }) => [name, summary.split(/[:;] /)[0]!]),
          width,
        )}`,
      ]
    }
    return [`${title}\n${indent(members.map(({ name }) => name).join('  '), 2, width)}`]
  })
  const longest = Math.max(...overviewExamples.map(([line]) => line.length))
  const usage = '- is standard input or output; a .npy output keeps floating point'
  return `${[
    wrap(
      'convo applies convolutions to pictures: filters, your own kernels, network operators and trained networks. Every machine computes the same bits.',
      width,
    ).join('\n'),
    definitions(overviewExamples, width, longest + 20 <= width ? longest : 0),
    `${usageText('convo <operation> <input> <output> [options]', width)}\n${indent(usage, 7, width)}`,
    ...groups,
    wrap(
      isBrief
        ? 'convo --help lists all operations; convo help <operation> explains one.'
        : 'convo help <name> explains an operation or command; convo list filters describes each filter in one line.',
      width,
    ).join('\n'),
  ].join('\n\n')}\n`
}

/**
 * Returns the text of `convo help <command>`, with examples first. The brief form for `-h` has one example and the
 * command's own options.
 */
export function commandHelp(command: Command, width: number, isBrief = false): string {
  const shown = isBrief ? command.examples.slice(0, 1) : command.examples
  const examples = shown.map((line) => `  ${line}`).join('\n')
  const details = isBrief ? [] : Object.entries(command.details?.(width) ?? {})
  const all = command.options.filter(({ params }) => Object.keys(params).length > 0)
  const groups = isBrief ? all.slice(0, 1) : all
  const terms = groups.flatMap(({ params }) => Object.entries(params).map(([name, p]) => optionTerm(name, p)))
  const termWidth = Math.min(
    Math.max(0, ...terms.map((term) => term.length)),
    Math.max(20, Math.floor(width / 3)),
  )
  return `${[
    wrap(`convo ${command.name}: ${command.summary}`, width).join('\n'),
    examples,
    usageText(usageOf(command), width),
    ...(command.arguments.length === 0 || isBrief
      ? []
      : [
          definitions(
            command.arguments.map(({ name, summary }) => [`<${name}>`, summary]),
            width,
            termWidth,
          ),
        ]),
    ...details.flatMap(([title, text]) => (text === '' ? [] : [`${title}\n${fitted(text, width)}`])),
    ...groups.map(
      ({ title, params }) =>
        `${title}\n${definitions(
          Object.entries(params).map(([name, p]) => [optionTerm(name, p), optionText(p)]),
          width,
          termWidth,
        )}`,
    ),
    ...(isBrief ? [wrap(`convo ${command.name} --help shows everything.`, width).join('\n')] : []),
  ]
    .filter((block) => block !== '')
    .join('\n\n')}\n`
}

/** Returns a usage line. In a narrow terminal, it continues below its first word. */
const usageText = (line: string, width: number): string => `Usage: ${indent(line, 7, width).trimStart()}`

/** Indents text under a title, and wraps lines that are too long at their own indentation. */
const fitted = (text: string, width: number): string =>
  text
    .split('\n')
    .map((line) => {
      if (line === '') return line
      const by = Math.max(2, line.length - line.trimStart().length)
      return by + line.trimStart().length <= width
        ? ' '.repeat(by) + line.trimStart()
        : indent(line.trimStart(), by, width)
    })
    .join('\n')

/** Returns an option as a term: `-k, --kernel <kernel>`. */
export function optionTerm(name: string, param: Param<unknown>): string {
  const short = shortNames[name] === undefined ? '' : `-${shortNames[name]}, `
  return `${short}--${name}${param.isFlag ? '' : ` ${valueTerm(param)}`}`
}

function valueTerm(param: Param<unknown>): string {
  const { choices, metavar = '<value>' } = param
  const words = choices?.join('|')
  return words !== undefined && words.length <= 24 && metavar.startsWith('<word') ? words : metavar
}

/**
 * Returns the summary, followed in brackets by the choices if the term does not show them, the range and the default.
 */
export function optionText(param: Param<unknown>): string {
  const { summary, choices = [] } = param
  const isShown = (word: string) => valueTerm(param).includes(word) || summary.includes(word)
  const more = [choices.every(isShown) ? '' : choices.join(', '), rangeText(param), defaultText(param)]
  const rest = more.filter((part) => part !== '').join('; ')
  return rest === '' ? summary : `${summary} (${rest})`
}

/** Returns `0.1 to 500`, or an empty text. */
export function rangeText({ min, max }: Param<unknown>): string {
  if (min !== undefined && max !== undefined) return `${min} to ${max}`
  if (min !== undefined) return `at least ${min}`
  return max === undefined ? '' : `at most ${max}`
}

/** Returns `default 1`, or what happens without the option, or an empty text. */
function defaultText({ default: fallback, unset, isFlag }: Param<unknown>): string {
  if (isFlag || (fallback === undefined && unset === undefined)) return ''
  return `default: ${fallback === undefined ? unset : Array.isArray(fallback) ? fallback.join(',') : String(fallback)}`
}

import { ConvoError } from '../../error.ts'
import type { Params } from '../../params.ts'
import { netSyntax } from '../net.ts'
import { type Operation, operations } from '../operations.ts'
import { sharedSettings } from '../settings.ts'
import { valueHint } from './hints.ts'
import { longName } from './line.ts'

/** Returns the positions of the words that are neither options nor values of options in `params`. */
export function positionals(words: readonly string[], params: Params): number[] {
  const places: number[] = []
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!
    if (!/^-[^\d.]/.test(word)) places.push(i)
    else if (!word.includes('=') && takesValue(params, word)) i++
  }
  return places
}

/** Whether an option takes a value. An unknown option is assumed to; the parser reports it. */
export const takesValue = (params: Params, word: string): boolean => {
  const name = longName(word)
  return !Object.hasOwn(params, name) || params[name]!.isFlag !== true
}

/** The operations of a step: all operations, and networks. */
export const stepOperations: Readonly<Record<string, Operation>> = { ...operations, net: netSyntax }

const isOperation = (word: string): boolean => Object.hasOwn(stepOperations, word)

/** Returns the positions of words in a step that are neither options nor the file of its operation. */
const oddWords = ({ file, params, shared }: Operation, words: readonly string[], more: Params): number[] =>
  positionals(words, { ...more, ...shared, ...params }).slice(file === undefined ? 0 : 1)

/** Splits an operation that was quoted as one word with its options. */
export const unpacked = (word: string): readonly string[] => {
  const words = word.trim().split(/\s+/)
  return words.length > 1 && isOperation(words[0]!) ? words : [word]
}

/**
 * Splits words that begin with an operation into steps, before every other operation. Steps may have the options in
 * `more`.
 */
export function stepsIn(typed: readonly string[], more: Params = {}): string[][] {
  const words = typed.flatMap(unpacked)
  const [name = '', ...rest] = words
  if (!isOperation(name)) return [words]
  const next = oddWords(stepOperations[name]!, rest, more).find((place) => isOperation(rest[place]!))
  if (next === undefined) return [words]
  return [[name, ...rest.slice(0, next)], ...stepsIn(rest.slice(next), more)]
}

/** Joins steps as they are typed, with `--` between them. */
export const joinedSteps = (steps: readonly (readonly string[])[]): string[] =>
  steps.flatMap((step, i) => (i === 0 ? step : ['--', ...step]))

/** Whether a word is an option of all operations that takes a value. */
function isValueOf(word: string | undefined): boolean {
  const name = /^--([\w-]+)$/.exec(word ?? '')?.[1]
  const all: Params = sharedSettings
  return name !== undefined && Object.hasOwn(all, name) && all[name]!.isFlag !== true
}

/**
 * Refuses a chain whose steps are not after `--`.
 *
 * @throws ConvoError E_USAGE
 */
export function refuseOpenChain(words: readonly string[]): void {
  if (words[0] !== 'chain') return
  const end = words.indexOf('--')
  const [head, behind] = end < 0 ? [words, []] : [words.slice(0, end), words.slice(end)]
  // `--range abs` does not name a step
  const at = head.findIndex((word, i) => !isValueOf(head[i - 1]) && isOperation(unpacked(word)[0]!))
  if (end >= 0 && at < 0) return
  const steps =
    at < 0
      ? [
          ['gaussian', '--sigma', '2'],
          ['sobel', '--unit'],
        ]
      : stepsIn(head.slice(at))
  throw new ConvoError('E_USAGE', 'a chain needs its steps after --', {
    instead: [words, ...head.slice(0, at < 0 ? undefined : at), '--', ...joinedSteps(steps), ...behind],
  })
}

/**
 * Refuses words of a step that are neither its name nor its options nor those of `more`.
 *
 * @throws ConvoError E_USAGE
 */
export function checkStep(words: readonly string[], more: Params = {}): void {
  const [name = '', ...rest] = words
  if (unpacked(name).length > 1) {
    throw new ConvoError('E_USAGE', `the step "${name}" is quoted as one word`, {
      why: 'the operation and its options must be separate words',
      instead: [words, ...joinedSteps(stepsIn(words, more))],
    })
  }
  if (!isOperation(name)) return
  const [, second] = stepsIn(words, more)
  if (second !== undefined) {
    throw new ConvoError('E_USAGE', `${second[0]} is another step and needs -- before it`, {
      why: 'the steps of a chain are separated by --',
      instead: [words, ...joinedSteps(stepsIn(words, more))],
    })
  }
  const [odd] = oddWords(stepOperations[name]!, rest, more)
  if (odd === undefined) return
  throw new ConvoError('E_USAGE', `the step ${name} takes options only, got ${rest[odd]}`, {
    why: words.join(' '),
    instead: [
      words,
      name,
      ...rest.toSpliced(odd, 1, ...(valueHint(rest[odd]!, stepOperations[name]!.params) ?? [])),
    ],
  })
}

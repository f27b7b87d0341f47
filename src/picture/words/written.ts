import { type Schema, text } from '../../files/schema.ts'
import { joinedSteps } from './steps.ts'

type Word = string | number | boolean

/** How a manifest states its operations: exactly one of these keys. */
export type Written = {
  readonly run?: string | readonly Word[] | undefined
  readonly chain?: string | readonly (Word | readonly Word[])[] | undefined
}

const words: Schema = { type: 'array', minItems: 1, items: { type: ['string', 'number', 'boolean'] } }

/** The keys of a manifest for its operations. */
export const writtenSchema = {
  run: {
    description:
      'The operation with its options, as on the command line: [gaussian, --sigma, 2] or gaussian --sigma 2.',
    oneOf: [text, words],
  },
  chain: {
    description: 'Several operations in a row: an array of arrays, or one array with -- between the steps.',
    oneOf: [text, words, { type: 'array', minItems: 1, items: words }],
  },
} as const satisfies Record<keyof Written, Schema>

/** Returns the steps in a manifest. If the first begins with options, it is a chain with its own options. */
export function stepsOf({ run, chain = run ?? [] }: Written): string[][] {
  const list = typeof chain === 'string' ? wordsOf(chain) : chain
  // `chain` brings its own --
  if (run !== undefined && list[0] === 'chain') return [list.map(String)]
  const steps: string[][] = [[]]
  for (const part of list) {
    if (Array.isArray(part)) steps.push(part.map(String))
    else if (part === '--') steps.push([])
    else steps.at(-1)?.push(String(part))
  }
  return steps.filter((step) => step.length > 0)
}

/** In a string, spaces separate words. A word that contains spaces needs the list form. */
const wordsOf = (line: string): string[] => line.trim().split(/\s+/)

/** Returns the steps of a manifest as they are typed on the command line. */
export const lineOf = (steps: readonly (readonly string[])[]): string[] =>
  joinedSteps(steps[0]?.[0]?.startsWith('-') ? [['chain', ...steps[0]], ...steps.slice(1)] : steps)

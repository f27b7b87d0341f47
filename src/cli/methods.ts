import { batchParams } from '../batch/options.ts'
import { toleranceSettings } from '../image/compare/tolerance.ts'
import type { Param, Params } from '../params.ts'
import { operationParams, pictureParams } from '../picture/api/chain.ts'
import { readParams } from '../picture/api/comparing.ts'
import { camelCase, inWords, optionName } from '../picture/api/names.ts'
import { operations } from '../picture/operations.ts'
import { correlationSettings } from '../picture/settings.ts'

// The types of the library's methods, from the tables of operations and settings.

/** The type of what JavaScript gives for a setting. */
function typeOf(name: string, { isFlag, choices, metavar = '', repeats }: Param<unknown>): string {
  if (isFlag) return 'boolean'
  if (name === 'kernel') return 'KernelInput'
  if (name === 'border') return 'BorderName | BorderAlias'
  const numbers = /^<(k|n)>\|<(\w+(,\w+)+)>/.test(metavar) || metavar.includes('|<y,x>')
  const kinds = [
    ...(choices ?? []).map((word) => (/^\d+$/.test(word) ? word : `'${word}'`)),
    ...(/^<[nk](\|n%)?>/.test(metavar) && choices === undefined ? ['number'] : []),
    ...(numbers || metavar === '<padding>' ? ['readonly number[]'] : []),
    ...(metavar === '<padding>' ? ['number'] : []),
    ...(metavar === '<x,y>' ? ['readonly [x: number, y: number]'] : []),
    ...(/<n,n|<list>/.test(metavar) ? ['readonly number[]'] : []),
    ...(/n%|\/N|x,y,w,h/.test(metavar) ? ['string'] : []),
    ...(metavar === '<x,y,w,h>'
      ? [repeats ? 'readonly string[]' : 'readonly [x: number, y: number, width: number, height: number]']
      : []),
  ]
  return [...new Set(kinds)].join(' | ') || 'string'
}

const shown = (value: unknown): string =>
  typeof value === 'string' && !/^\d+$/.test(value) ? `'${value}'` : String(value)

function docOf(
  name: string,
  { summary, default: fallback, unset, min, max, isFlag }: Param<unknown>,
): string {
  const range =
    min === undefined && max === undefined
      ? ''
      : max === undefined
        ? `, at least ${min}`
        : min === undefined
          ? `, at most ${max}`
          : `, ${min} to ${max}`
  const isNo = name.startsWith('no-')
  const text = isNo ? summary.replace(/^do not /, '') : summary
  const or = isNo ? 'true' : isFlag ? 'false' : fallback === undefined ? unset : shown(fallback)
  const said = or === undefined ? '' : ` Default: ${or}.`
  return inWords(`${sentence(text)}${range}.${said}`)
}

const property = ([name, param]: [string, Param<unknown>]): string => {
  const type = isNoOption(name) ? 'boolean' : typeOf(name, param)
  return `  /** ${docOf(name, param)} */\n  readonly ${optionName(name)}?: ${type} | undefined\n`
}

const isNoOption = (name: string): boolean => name.startsWith('no-')

const properties = (params: Params): string => Object.entries(params).map(property).join('')

const typeName = (name: string): string => {
  const camel = camelCase(name)
  return `${camel[0]!.toUpperCase()}${camel.slice(1)}Options`
}

/** A text as the beginning of a sentence, in the words of the library, inside a comment. */
const sentence = (text: string): string =>
  `${text[0]!.toUpperCase()}${inWords(text.slice(1)).replaceAll('*/', '* /')}`

/** The text of src/picture/api/methods.ts. */
export function methodsText(): string {
  const list = Object.values(operations)
  const shared = Object.keys(correlationSettings)
  const types = list.map((operation) => {
    const params = operationParams(operation)
    const own = Object.fromEntries(
      Object.entries(params).filter(([name]) => Object.hasOwn(operation.params, name)),
    )
    const taken = shared.filter((name) => Object.hasOwn(params, name) && !Object.hasOwn(own, name))
    const left = shared.filter((name) => !taken.includes(name))
    const [pick, names] = left.length < taken.length ? ['Omit', left] : ['Pick', taken]
    const listed = names.map((name) => `'${optionName(name)}'`).join(' | ')
    const chosen = left.length === 0 ? 'CorrelationOptions' : `${pick}<CorrelationOptions, ${listed}>`
    const base = taken.length === 0 ? [] : [chosen]
    const options = Object.keys(own).length === 0 ? [] : [`{\n${properties(own)}}`]
    const type = [...base, ...options].join(' & ') || 'Readonly<Record<string, never>>'
    return `/** Options of \`${camelCase(operation.name)}\`. */\nexport type ${typeName(operation.name)} = ${type}\n`
  })
  const methods = list.map(({ name, summary, source, kernel }) => {
    const isNeeded = kernel === 'required'
    const options = isNeeded
      ? `options: ${typeName(name)} & { readonly kernel: KernelInput }`
      : `options?: ${typeName(name)}`
    return `  /**\n   * ${sentence(summary)}.\n   *\n   * Source: ${sentence(source)}\n   */\n  ${camelCase(name)}(${options}): C\n`
  })
  return [
    '// Made by npm run build from the tables of operations and settings.\n',
    "import type { BorderAlias, BorderName } from '../../tensor/border.ts'\n",
    "import type { KernelInput } from './kernel-input.ts'\n\n",
    '/** How a picture is read, computed and written. */\nexport type PictureOptions = {\n',
    properties(pictureParams),
    '}\n\n',
    '/** How a picture that is compared or hashed is read. */\nexport type ReadOptions = {\n',
    properties(readParams),
    '}\n\n',
    '/** What two pictures may differ by. */\nexport type ToleranceOptions = {\n',
    properties(toleranceSettings),
    '}\n\n',
    '/** How a batch runs. */\nexport type BatchOptions = {\n',
    properties(batchParams),
    '}\n\n',
    '/** How kernels meet a picture. */\nexport type CorrelationOptions = {\n',
    properties(correlationSettings),
    '}\n\n',
    types.join('\n'),
    '\n/** The operations, each a method that adds it to a chain. */\nexport interface Methods<C> {\n',
    methods.join('\n'),
    '}\n',
  ].join('')
}

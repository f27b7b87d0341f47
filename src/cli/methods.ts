import { batchParams } from '../batch/options.ts'
import { toleranceSettings } from '../image/compare/tolerance.ts'
import { encodedFormats } from '../image/format.ts'
import type { Param, Params } from '../params.ts'
import { readParams } from '../picture/api/comparing.ts'
import { camelCase, inWords, optionName } from '../picture/api/names.ts'
import { encoderParams, fileParams, operationParams, pictureParams } from '../picture/api/params.ts'
import { modelParams, netParams } from '../picture/net.ts'
import { operations } from '../picture/operations.ts'
import { correlationSettings } from '../picture/settings.ts'
import { sceneSettings } from '../teach/animate/settings.ts'
import { explainSettings } from '../teach/explain/settings.ts'
import { rangeText } from './help.ts'

// Generates the types of the library's methods from the tables of operations and settings.

/** Returns the TypeScript type of a setting. */
function typeOf(name: string, { isFlag, choices, metavar = '', repeats, held }: Param<unknown>): string {
  if (isFlag) return 'boolean'
  if (held === 'kernel') return 'KernelInput'
  if (held === 'generator') return 'string | URL | KernelGenerator'
  if (/^<(file|kernel|path|picture)>$/.test(metavar)) return 'string | URL'
  if (name === 'border') return 'BorderName | BorderAlias'
  const numbers = /^<(k|n)>\|<(\w+(,\w+)+)>/.test(metavar) || metavar.includes('|<y,x>')
  const kinds = [
    ...(choices ?? []).map((word) => (/^\d+$/.test(word) ? word : `'${word}'`)),
    ...(/^<(?:[nk](?:\|n%)?|size|count)>/.test(metavar) && choices === undefined ? ['number'] : []),
    ...(numbers || metavar === '<padding>' ? ['readonly number[]'] : []),
    ...(metavar === '<padding>' ? ['number'] : []),
    ...(metavar === '<x,y>' ? ['readonly [x: number, y: number]'] : []),
    ...(/<n,n|<list>/.test(metavar) ? ['number', 'readonly number[]'] : []),
    ...(metavar.endsWith('|<file>') ? ['string', 'URL', 'Float32Array', 'Tensor'] : []),
    ...(/n%|\/N|x,y,w,h|name=n|count/.test(metavar) ? ['string'] : []),
    ...(metavar.includes('name=n') ? ['Readonly<Record<string, number>>'] : []),
    ...(metavar === '<w,h>' ? ['number', 'string', 'readonly [width: number, height: number]'] : []),
    ...(metavar === '<x,y,w,h>' ? [rectangle] : []),
    ...(repeats ? [`readonly (string | ${rectangle})[]`] : []),
  ]
  return [...new Set(kinds)].join(' | ') || 'string'
}

const rectangle = 'readonly [x: number, y: number, width: number, height: number]'

const shown = (value: unknown): string =>
  typeof value === 'string' && !/^\d+$/.test(value) ? `'${value}'` : String(value)

function docOf(name: string, param: Param<unknown>): string {
  const { summary, default: fallback, unset, isFlag } = param
  const range = rangeText(param)
  const isNo = name.startsWith('no-')
  const text = isNo ? summary.replace(/^do not /, '') : summary
  const or = isNo ? 'true' : isFlag ? 'false' : fallback === undefined ? unset : shown(fallback)
  const said = or === undefined ? '' : ` Default: ${or}.`
  return inWords(`${sentence(text)}${range && `, ${range}`}.${said}`)
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

/** Formats text as the beginning of a sentence in a comment, reworded for the library. */
const sentence = (text: string): string =>
  `${text[0]!.toUpperCase()}${inWords(text.slice(1)).replaceAll('*/', '* /')}`

/** Returns the text of src/picture/api/methods.ts. */
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
  const groups: readonly (readonly [name: string, doc: string, params: Params])[] = [
    ['PictureOptions', 'How a picture is read, computed and written.', pictureParams],
    ['FileOptions', 'What `toFile` may be given besides the path.', fileParams],
    ...encodedFormats.map(
      (name) => [typeName(name), `Options of \`${name}\`.`, encoderParams(name)] as const,
    ),
    ['ReadOptions', 'How a picture that is compared or hashed is read.', readParams],
    ['ToleranceOptions', 'What two pictures may differ by.', toleranceSettings],
    ['BatchOptions', 'How a batch runs.', batchParams],
    ['NetOptions', 'How a network is read.', modelParams],
    ['NetPictureOptions', 'How a network is applied to a picture.', netParams],
    ['ExplainOptions', 'What `explain` takes besides the options of the operation.', explainParams],
    ['CorrelationOptions', 'How kernels meet a picture.', correlationSettings],
  ]
  return [
    '// Made by npm run build from the tables of operations and settings.\n',
    "import type { KernelGenerator } from '../../operators/involution-weights.ts'\n",
    "import type { BorderAlias, BorderName } from '../../tensor/border.ts'\n",
    "import type { Tensor } from '../../tensor/tensor.ts'\n",
    "import type { KernelInput } from './kernel-input.ts'\n\n",
    ...groups.map(([name, doc, params]) => typeText(name, doc, properties(params))),
    typeText(
      'AnimateOptions',
      'What an operator is animated with; each takes some of them. Defaults are those of its example.',
      properties(sceneSettings),
    ),
    types.join('\n'),
    '\n/** The options of each operation, by its name on the command line. */\nexport interface OperationOptions {\n',
    ...list.map(({ name }) => `  readonly '${name}': ${typeName(name)}\n`),
    '}\n',
    '\n/** The operations, each a method that adds it to a chain. */\nexport interface Methods<C> {\n',
    methods.join('\n'),
    '}\n',
  ].join('')
}

/**
 * The options of `explain` in the library. The input is an argument, and the result contains everything that can be
 * printed.
 */
const { input: _input, svg: _svg, json: _json, verbose: _verbose, ...explainParams } = explainSettings

const typeText = (name: string, doc: string, body: string): string =>
  `/** ${doc} */\nexport type ${name} = {\n${body}}\n\n`

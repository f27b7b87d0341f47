import { dirname, isAbsolute, join } from 'node:path'
import { manifestError, readSource } from '../files/document.ts'
import { located, operationWords } from '../files/located.ts'
import { readText } from '../files/read.ts'
import { type Schema, violations } from '../files/schema.ts'
import type { Param, Params } from '../params.ts'
import { batchSettings } from './options.ts'

/** A batch as it is written in a file. */
export type ManifestBatch = {
  readonly inputs: readonly string[]
  readonly operation: readonly string[]
  /** Settings of the batch, by the names of their options. */
  readonly given: Readonly<Record<string, unknown>>
}

type Raw = {
  readonly inputs?: string | readonly string[]
  /** Another name for them. */
  readonly input?: string | readonly string[]
  readonly operation: string | readonly (string | number)[]
  readonly options?: Readonly<Record<string, string | number | boolean>>
} & Readonly<Record<string, unknown>>

/** Settings that are paths. */
const paths = ['output', 'files-from', 'failed-list', 'log']

/** Settings that are for the command line only. */
const typedOnly = ['debug', 'dry-run', 'explain', 'quiet', 'verbose']

/**
 * Reads `convo batch job.yaml`: `inputs`, `operation`, its `options`, and the settings of the batch under the names of
 * their options. Paths are taken from the file's folder.
 *
 * @throws ConvoError E_INPUT, E_MANIFEST with every complaint at file:line:column
 */
export function readManifest(file: string): ManifestBatch {
  refuseEmpty(file)
  const source = readSource(file)
  const wrong = violations(source.root, schema)
  if (wrong.length > 0) {
    throw manifestError(
      `${file} is not a valid batch`,
      wrong.map(({ node, message }) => ({ place: source.placeOf(node), message })),
    )
  }
  const { input = [], inputs = input, operation, options = {}, ...settings } = source.document.toJS() as Raw
  const folder = dirname(file)
  const from = (path: string) => (isAbsolute(path) || path === '-' ? path : join(folder, path))
  const words = [...operationWords(operation), ...Object.entries(options).flatMap(optionWords)]
  const given = Object.fromEntries(
    Object.entries(settings)
      .filter(([, value]) => value !== false)
      .map(([key, value]) => [
        key,
        paths.includes(key) ? from(String(value)) : value === true ? true : String(value),
      ]),
  )
  return {
    inputs: [inputs].flat().map(from),
    operation: words.map((word) => located(word, folder).word),
    given,
  }
}

/** `sigma: 2` is `--sigma 2`; `gray: true` is `--gray`. */
function optionWords([name, value]: [string, string | number | boolean]): string[] {
  if (value === false) return []
  return value === true ? [`--${name}`] : [`--${name}`, String(value)]
}

function refuseEmpty(file: string): void {
  const isEmpty = readText(file, 'manifestBytes')
    .split('\n')
    .every((line) => line.trim() === '' || line.trim().startsWith('#'))
  if (isEmpty) {
    const place = { file, line: 1, column: 1 }
    throw manifestError(`${file} is empty`, [{ place, message: 'it needs inputs, output and operation' }])
  }
}

const word: Schema = { type: 'string', minLength: 1 }

const words: Schema = { oneOf: [word, { type: 'array', minItems: 1, items: word }] }

const scalar = (param: Param<unknown>): Schema =>
  param.isFlag ? { type: 'boolean' } : { type: ['string', 'number'] }

const settings: Params = Object.fromEntries(
  Object.entries(batchSettings).filter(([name]) => !typedOnly.includes(name)),
)

const schema: Schema = {
  type: 'object',
  required: ['output', 'operation'],
  additionalProperties: false,
  properties: {
    inputs: words,
    input: words,
    operation: { oneOf: [word, { type: 'array', minItems: 1, items: { type: ['string', 'number'] } }] },
    options: { type: 'object' },
    ...Object.fromEntries(Object.entries(settings).map(([name, param]) => [name, scalar(param)])),
  },
}

import { dirname, isAbsolute, join } from 'node:path'
import { readValid } from '../files/document.ts'
import { located, operationWords } from '../files/located.ts'
import { type Schema, settingSchema, text, textOrList } from '../files/schema.ts'
import { optionWords } from '../text/shell.ts'
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
  const source = readValid(file, batchSchema, 'a valid batch', 'inputs, output and operation')
  const {
    $schema: _,
    input = [],
    inputs = input,
    operation,
    options = {},
    ...settings
  } = source.document.toJS() as Raw
  const folder = dirname(file)
  const from = (path: string) => (isAbsolute(path) || path === '-' ? path : join(folder, path))
  const words = [...operationWords(operation), ...optionWords(options)]
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

const settings = Object.fromEntries(
  Object.entries(batchSettings)
    .filter(([name]) => !typedOnly.includes(name))
    .map(([name, setting]) => [name, settingSchema(setting)]),
)

/** The JSON Schema of a batch in a file: what is read, and what editors show. */
export const batchSchema: Schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'convo batch manifest',
  description: 'Inputs, output and operation of `convo batch`, and its options by their names.',
  type: 'object',
  required: ['output', 'operation'],
  additionalProperties: false,
  properties: {
    $schema: { type: 'string' },
    inputs: {
      description: 'Files, folders or globs, relative to the folder of the manifest.',
      ...textOrList,
    },
    input: { description: 'The same as inputs.', ...textOrList },
    operation: {
      description: 'The operation with its options, as on the command line.',
      oneOf: [text, { type: 'array', minItems: 1, items: { type: ['string', 'number'] } }],
    },
    options: { description: 'Options of the operation, by name.', type: 'object' },
    ...settings,
  },
}

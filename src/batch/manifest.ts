import { dirname, isAbsolute, join } from 'node:path'
import { manifestError, readValid } from '../files/document.ts'
import { located } from '../files/located.ts'
import { type Schema, settingSchema, textOrList } from '../files/schema.ts'
import { lineOf, stepsOf, type Written, writtenSchema } from '../picture/words/written.ts'
import { optionWords } from '../text/shell.ts'
import { batchSettings } from './options.ts'

type Raw = {
  readonly inputs?: string | readonly string[]
  /** An alias of `inputs`. */
  readonly input?: string | readonly string[]
  /** An alias of `run`. */
  readonly operation?: Written['run']
  readonly options?: Readonly<Record<string, string | number | boolean>>
} & Written &
  Readonly<Record<string, unknown>>

const paths = ['output', 'files-from', 'failed-list', 'log']

const kind = 'a valid batch'

/** The settings that only work on the command line. */
const typedOnly = ['debug', 'dry-run', 'explain', 'quiet', 'verbose']

/**
 * Reads the file of `convo batch job.yaml`: `inputs`, `run` or `chain`, the `options` of the operation, and the settings of
 * the batch under the names of their options. Paths are relative to the file's folder.
 *
 * @throws ConvoError E_INPUT, E_MANIFEST with all errors at file:line:column
 */
export function readManifest(file: string) {
  const source = readValid(file, batchSchema, kind, 'inputs, output and run')
  const {
    $schema: _,
    input = [],
    inputs = input,
    run,
    chain,
    operation,
    options = {},
    ...settings
  } = source.document.toJS() as Raw
  const ways = Object.entries({ run, chain, operation }).filter(([, value]) => value !== undefined)
  const refuse = (message: string) =>
    manifestError(`${file} is not ${kind}`, [{ place: source.placeOf(source.root), message }])
  if (ways.length !== 1) {
    const got = ways.length === 0 ? 'none' : ways.map(([key]) => key).join(' and ')
    throw refuse(`the manifest needs one of run and chain, got ${got}`)
  }
  const steps = stepsOf({ run: run ?? operation, chain })
  if (steps.length === 0) throw refuse(`${ways[0]![0]} names no operation`)
  const folder = dirname(file)
  const from = (path: string) => (isAbsolute(path) || path === '-' ? path : join(folder, path))
  const words = [...lineOf(steps), ...optionWords(options)]
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

/** The JSON Schema of batch files, for validation and for editors. */
export const batchSchema: Schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'convo batch manifest',
  description: 'Inputs, output and operation of `convo batch`, and its options by their names.',
  type: 'object',
  required: ['output'],
  additionalProperties: false,
  properties: {
    $schema: { type: 'string' },
    inputs: {
      description: 'Files, folders or globs, relative to the folder of the manifest.',
      ...textOrList,
    },
    input: { description: 'The same as inputs.', ...textOrList },
    ...writtenSchema,
    operation: { ...writtenSchema.run, description: 'The same as run.' },
    options: { description: 'Options of the operation, by name.', type: 'object' },
    ...settings,
  },
}

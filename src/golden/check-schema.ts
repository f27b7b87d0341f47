import { type Schema, settingSchema, text, textOrList } from '../files/schema.ts'
import { toleranceSettings } from '../image/compare/tolerance.ts'
import { writtenSchema } from '../picture/words/written.ts'

const tags: Schema = {
  description: 'Words to choose cases by: --tag slow.',
  type: 'array',
  items: text,
}

const allow: Schema = {
  description: 'Goldens that do not fail the check although they are not approved.',
  type: 'array',
  items: { enum: ['new', 'obsolete'] },
}

const tolerance: Schema = {
  description: 'How much a picture may differ from its golden: `exact`, or limits with the reason for them.',
  oneOf: [
    { const: 'exact' },
    {
      type: 'object',
      additionalProperties: false,
      required: ['reason'],
      properties: {
        reason: { description: 'Why the picture cannot be exactly equal.', type: 'string', minLength: 3 },
        ...Object.fromEntries(
          Object.entries(toleranceSettings).map(([name, setting]) => [name, settingSchema(setting)]),
        ),
      },
    },
  ],
}

const oneCase: Schema = {
  type: 'object',
  additionalProperties: false,
  required: ['name'],
  properties: {
    name: {
      description:
        'Name of the case and its golden. {stem} {ext} {rel} {dir} {index:04} {op} are replaced for each input.',
      ...text,
    },
    input: { description: 'A picture, a glob, or a list of them. Each picture is a case.', ...textOrList },
    inputs: { description: 'The same as input.', ...textOrList },
    ...writtenSchema,
    actual: {
      description:
        'Pictures made by another program, which are only compared: a path, a glob, or a list of them.',
      ...textOrList,
    },
    tags,
    tolerance,
    allow,
  },
}

/** The JSON Schema of a manifest of checks, for validation and for editors. */
export const checkSchema: Schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'convo check manifest',
  description: 'The cases that `convo check` runs, and the golden pictures that it compares them with.',
  type: 'object',
  additionalProperties: false,
  required: ['cases'],
  properties: {
    $schema: { type: 'string' },
    goldens: {
      description:
        'Folder of the goldens and their lock file, relative to the manifest; {platform} and {env:NAME} are filled in.',
      ...text,
      default: 'goldens',
    },
    allow,
    defaults: {
      description: 'Defaults for all cases.',
      type: 'object',
      additionalProperties: false,
      properties: { tags, tolerance, allow },
    },
    cases: { type: 'array', minItems: 1, items: oneCase },
  },
}

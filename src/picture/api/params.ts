import { ConvoError } from '../../error.ts'
import { type CodingOption, type OutputFormat, outputFormats, traitsOf } from '../../image/format.ts'
import type { Params } from '../../params.ts'
import type { Operation } from '../operations.ts'
import { runSettings } from '../run-settings.ts'
import { pictureSettings } from '../settings.ts'
import { checkText } from './names.ts'

// Which command-line options the library has, and where. Its types are generated from these tables.

/** Settings of a picture that exist only on the command line. */
const ofCommand = [
  'preview',
  'force',
  'dry-run',
  'json',
  'quiet',
  'verbose',
  'debug',
  'fail-on-clip',
  'in-place',
]

/** The options of a whole picture. */
export const pictureParams = Object.fromEntries(
  Object.entries({ ...pictureSettings, ...runSettings }).filter(([name]) => !ofCommand.includes(name)),
)

/** The options of an operation in a chain: its own, and those for applying its kernel to the picture. */
export const operationParams = ({ params, shared }: Operation) => ({
  ...params,
  ...Object.fromEntries(
    Object.entries(shared).filter(
      ([name]) => !Object.hasOwn(pictureSettings, name) && !Object.hasOwn(runSettings, name),
    ),
  ),
})

/** The options of `toFile`. */
export const fileParams = { 'in-place': pictureSettings['in-place'] }

/** The encoder options of a format under the names of its method: `compression`, not `tiff-compression`. */
export function encoderParams(name: OutputFormat): Params {
  const { takes, depths } = traitsOf(name)
  const own = (Object.entries(takes) as [CodingOption, true | readonly [number, number]][]).map(
    ([option, bounds]): [string, Params[string]] => {
      const param: Params[string] = pictureSettings[option]
      if (bounds === true) return [option.replace(`${name}-`, ''), param]
      const [min, max] = bounds
      return [option, { ...param, summary: param.summary.replace(/: .*/, ''), min, max }]
    },
  )
  // only formats with 32 bits mention '; 32 is floating point'
  const summary = depths.includes(32) ? pictureSettings.depth.summary : 'bits per sample of the output'
  const depth = { ...pictureSettings.depth, summary, choices: depths.map(String) }
  return { ...Object.fromEntries(own), ...(depths.length > 1 && { depth }) }
}

/** Finds a format by its name or an extension. @throws ConvoError E_OUTPUT for another word */
export function formatNamed(given: string): OutputFormat {
  const word = checkText('the name of a format', given)
  const names = Object.keys(outputFormats) as OutputFormat[]
  const ends = (name: OutputFormat) => outputFormats[name].extensions as readonly string[]
  const found = names.find((name) => name === word || ends(name).includes(`.${word}`))
  if (found !== undefined) return found
  throw new ConvoError('E_OUTPUT', `there is no picture format ${word}`, {
    why: `formats: ${names.join(', ')}`,
    fix: word === 'npy' ? 'toTensor()' : "as('png')",
  })
}

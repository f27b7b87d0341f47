import { statSync } from 'node:fs'
import { isStream } from '../files/read.ts'
import { expandTemplate, fileValues, hasKey, parseTemplate } from '../files/template.ts'

/** Where the output of one input goes. */
export type OutputPath = {
  readonly output: string
  /** Of a path with {index}: where the parts of a result go, from 1. */
  readonly series?: ((index: number) => string) | undefined
}

/**
 * An output path as typed, a template of the same keys as in a batch, for one input.
 *
 * @throws ConvoError E_NAME for an unknown key, E_OPTION for what is no template
 */
export async function outputOf(text: string, input: string, operation: string): Promise<OutputPath> {
  // most are none: the rest of this is not asked of them
  if (!/[{}]/.test(text)) return { output: text }
  const template = parseTemplate(text)
  const file = input === '-' ? {} : fileValues(input)
  const hash = template.needsHash ? await hashOf(input) : {}
  const at = (index: number) => expandTemplate(template, { ...file, ...hash, op: operation, index })
  return { output: at(1), series: hasKey(template.parts, 'index') ? at : undefined }
}

/** A stream can be read once only, which is for the picture. */
async function hashOf(input: string): Promise<{ hash?: string }> {
  if (input === '-' || isStream(input)) return {}
  // loaded here: it takes longer than a small picture
  const { hashFile } = await import('../files/hash.ts')
  return { hash: await hashFile(input, statSync(input).size) }
}

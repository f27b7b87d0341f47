import { statSync } from 'node:fs'
import { isStream } from '../files/read.ts'
import { expandTemplate, fileValues, hasKey, parseTemplate } from '../files/template.ts'

export type OutputPath = {
  readonly output: string
  /** For a path with {index}: the paths of the parts of a result, from 1. */
  readonly series?: ((index: number) => string) | undefined
}

/**
 * Resolves an output path for one input. It may be a template with the same keys as in a batch.
 *
 * @throws ConvoError E_NAME for an unknown key, E_OPTION for an invalid template
 */
export async function outputOf(text: string, input: string, operation: string): Promise<OutputPath> {
  // most paths are not templates and need no more work
  if (!/[{}]/.test(text)) return { output: text }
  const template = parseTemplate(text)
  const file = input === '-' ? {} : fileValues(input)
  const hash = template.needsHash ? await hashOf(input) : {}
  const at = (index: number) => expandTemplate(template, { ...file, ...hash, op: operation, index })
  return { output: at(1), series: hasKey(template.parts, 'index') ? at : undefined }
}

/** A stream can be read only once, and the picture needs it. */
async function hashOf(input: string): Promise<{ hash?: string }> {
  if (input === '-' || isStream(input)) return {}
  // loaded here, since loading it takes longer than a small picture
  const { hashFile } = await import('../files/hash.ts')
  return { hash: await hashFile(input, statSync(input).size) }
}

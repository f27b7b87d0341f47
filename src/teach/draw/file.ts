import { extname } from 'node:path'
import { ConvoError } from '../../error.ts'
import { writeWhole } from '../../files/change.ts'
import { isStreamPath } from '../../files/output.ts'
import { renderSvg } from '../../image/encode.ts'

/**
 * Returns the format, one of `kinds`, that the extension of a path selects. A pipe, such as `-`, gets an SVG.
 *
 * @param what the formats in words, for errors
 * @throws ConvoError E_OUTPUT for another extension
 */
export function formatOf<K extends string>(
  output: string,
  kinds: readonly K[],
  what: string,
  name = '',
): K | 'svg' {
  const extension = extname(output).toLowerCase()
  if (extension === '' && isStreamPath(output)) return 'svg'
  const kind = kinds.find((one) => extension === `.${one}`)
  if (kind !== undefined) return kind
  const stem = output.slice(0, output.length - extension.length) || name
  throw new ConvoError('E_OUTPUT', `${what}, got ${output}`, { instead: [output, `${stem}.${kinds[0]}`] })
}

/** Returns the format of a drawing. @throws ConvoError E_OUTPUT for another extension */
export const drawingFormat = (output: string): 'svg' | 'png' =>
  formatOf(output, ['png', 'svg'], 'a drawing must be .svg or .png', 'drawing')

/** Writes a drawing. @throws ConvoError E_OUTPUT */
export async function writeDrawing(svg: string, output: string, zoom = 1): Promise<void> {
  await writeWhole(output, drawingFormat(output) === 'svg' ? svg : await renderSvg(svg, zoom))
}

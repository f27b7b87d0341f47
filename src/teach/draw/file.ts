import { extname } from 'node:path'
import { ConvoError } from '../../error.ts'
import { isStreamPath, writeAtomically } from '../../files/output.ts'
import { renderSvg } from '../../image/encode.ts'

/** What a drawing is written as: a pipe, as `-` is, gets an SVG. */
export type DrawingFormat = 'svg' | 'png'

/** The format of a path. @throws ConvoError E_OUTPUT for an ending that is neither */
export function drawingFormat(output: string): DrawingFormat {
  const extension = extname(output).toLowerCase()
  if (extension === '.svg' || (extension === '' && isStreamPath(output))) return 'svg'
  if (extension === '.png') return 'png'
  throw new ConvoError('E_OUTPUT', `a drawing must be .svg or .png, got ${output}`, {
    instead: [output, `${output.slice(0, output.length - extension.length) || 'drawing'}.png`],
  })
}

/** Writes a drawing. @throws ConvoError E_OUTPUT */
export async function writeDrawing(svg: string, output: string, zoom = 1): Promise<void> {
  const bytes = drawingFormat(output) === 'svg' ? new TextEncoder().encode(svg) : await renderSvg(svg, zoom)
  await writeAtomically(output, (file) => file.write(bytes))
}

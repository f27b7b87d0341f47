import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConvoError } from '../error.ts'
import { removeQuietly } from '../files/change.ts'
import { isStandardOutput } from '../files/output.ts'
import type { Io } from '../host/io.ts'
import { extensionOf } from '../image/format.ts'
import { loadSharp } from '../image/sharp.ts'
import { cube } from '../image/terminal/colours.ts'
import { detectGraphics, type Graphics, graphicsOf } from '../image/terminal/graphics.ts'
import { type Pixels, sixelText } from '../image/terminal/sixel.ts'
import { nativeWork, undoAtEnd } from '../signals.ts'
import { Verbatim } from '../text/message.ts'
import type { Report } from './job.ts'
import type { Settings } from './settings.ts'

/** Bytes of base64 in one kitty command. */
const kittyChunk = 4096

/**
 * Returns text that shows a picture within a number of columns and rows, or an empty text if the terminal cannot show
 * any.
 *
 * @param source a file, or its bytes
 * @throws any error from sharp if it cannot decode the picture
 */
export async function previewText(
  source: string | Uint8Array,
  graphics: Graphics,
  columns: number,
  rows: number,
): Promise<string> {
  if (graphics === 'none') return ''
  if (graphics === 'blocks' || graphics === 'blocks256') {
    return blocksText(await pixelsOf(source, { width: columns, height: rows * 2 }), graphics)
  }
  // A cell is about 10 by 20 pixels; the terminal scales the picture.
  const size = { width: columns * 10, height: rows * 20, withoutEnlargement: true }
  if (graphics === 'sixel') return `${sixelText(await pixelsOf(source, size))}\n`
  const png = await nativeWork(() =>
    loadSharp()(source)
      .resize({ ...size, fit: 'inside' })
      .toColourspace('srgb')
      .png()
      .toBuffer(),
  )
  const base64 = png.toString('base64')
  if (graphics === 'iterm') {
    return `\x1b]1337;File=inline=1;preserveAspectRatio=1;size=${png.length}:${base64}\x07\n`
  }
  const chunks = base64.match(new RegExp(`.{1,${kittyChunk}}`, 'g')) ?? []
  return `${chunks
    .map((chunk, i) => {
      const control = i === 0 ? 'a=T,f=100,q=2,' : ''
      return `\x1b_G${control}m=${i < chunks.length - 1 ? 1 : 0};${chunk}\x1b\\`
    })
    .join('')}\n`
}

/** Returns a picture as RGB within a size. Transparent pixels are flattened onto gray. */
async function pixelsOf(
  source: string | Uint8Array,
  size: { readonly width: number; readonly height: number; readonly withoutEnlargement?: boolean },
): Promise<Pixels> {
  const { data, info } = await nativeWork(() =>
    loadSharp()(source)
      .flatten({ background: '#808080' })
      .toColourspace('srgb')
      .resize({ ...size, fit: 'inside', kernel: 'lanczos3' })
      .removeAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true }),
  )
  const { width, height, channels } = info
  if (channels === 3) return { width, height, data }
  return {
    width,
    height,
    data: Uint8Array.from({ length: width * height * 3 }, (_, i) => data[Math.floor(i / 3) * channels]!),
  }
}

/** Puts two pixels in a cell: the upper one is the foreground of a half block, the lower one its background. */
function blocksText({ width, height, data }: Pixels, graphics: 'blocks' | 'blocks256'): string {
  const colour = (x: number, y: number) => {
    const at = (Math.min(y, height - 1) * width + x) * 3
    const rgb = [data[at]!, data[at + 1]!, data[at + 2]!] as const
    return graphics === 'blocks' ? `2;${rgb.join(';')}` : `5;${cube(rgb)}`
  }
  let text = ''
  for (let y = 0; y < height; y += 2) {
    for (let x = 0; x < width; x++) text += `\x1b[38;${colour(x, y)};48;${colour(x, y + 1)}m▀`
    text += '\x1b[0m\n'
  }
  return text
}

// A preview is a message. It goes to standard error, so that a picture or a report on standard output is not disturbed.
// An option requested it, so NO_COLOR, which is about unrequested colours, does not hide it.

const environment = () => ({ ...process.env, NO_COLOR: '' })

/**
 * Refuses a preview that the terminal cannot show, before any work is done for it.
 *
 * @throws ConvoError E_USAGE
 */
export function checkTerminal(): void {
  const { isTTY } = process.stderr
  if (isTTY === true && graphicsOf(environment()) !== 'none') return
  throw new ConvoError('E_USAGE', '--preview needs standard error to be a terminal with colours', {
    why: isTTY ? `TERM is "${process.env.TERM ?? ''}"` : 'standard error is not a terminal',
  })
}

/**
 * Returns the path of a picture that will be shown: the given output, or else a temporary file.
 *
 * @throws ConvoError E_OPTION for an output that cannot be shown, E_USAGE if there is no terminal
 */
export function previewTarget(given: string, { channels }: Pick<Settings, 'channels'>): string {
  if (isStandardOutput(given)) {
    throw new ConvoError('E_OPTION', '--preview shows the written file, but the output is standard output', {
      fix: 'a file as the output, or no output',
    })
  }
  if (extensionOf(given) === '.npy') {
    throw new ConvoError('E_OPTION', `--preview shows pictures, and ${given} would hold numbers`, {
      fix: 'an output path ending in .png, with --range minmax',
    })
  }
  if (given === '' && channels === 'split') {
    throw new ConvoError('E_OPTION', '--channels split needs an output path', {
      fix: '--channels montage, or an output path',
    })
  }
  checkTerminal()
  return given === '' ? join(tmpdir(), `convo-preview-${randomUUID()}.png`) : given
}

/** Shows the written picture, and removes it if no output was given. Returns the report to print. */
export async function showResult(report: Report, given: string, io: Io): Promise<Report> {
  const { output } = report
  const remove = () => (given === '' ? removeQuietly(output.path) : undefined)
  const forget = undoAtEnd(remove)
  try {
    await showPreview(output.path, io)
  } finally {
    remove()
    forget()
  }
  return given === '' ? { ...report, output: { ...output, path: '(preview)' } } : report
}

/** Shows a picture in the terminal. @throws as `previewText` */
export async function showPreview(source: string | Uint8Array, io: Io): Promise<void> {
  const { columns, rows } = process.stderr
  const graphics = await detectGraphics(environment())
  // leaves room for the prompt and the command; a terminal that reports no size is given one
  const size = [Math.min(columns || 80, 120), Math.max(8, (rows || 24) - 4)] as const
  const text = await previewText(source, graphics, ...size)
  io.err(new Verbatim(text))
}

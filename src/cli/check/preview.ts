import { loadSharp } from '../../image/codec.ts'

/** How a terminal can show a picture. */
export type Graphics = 'kitty' | 'iterm' | 'blocks' | 'none'

type Environment = Readonly<Record<string, string | undefined>>

/** What the terminal can show, by the variables that it sets. Within tmux and screen only blocks come through. */
export function graphicsOf(env: Environment): Graphics {
  const { TERM = '', TERM_PROGRAM = '', COLORTERM = '', NO_COLOR = '' } = env
  if (NO_COLOR !== '' || TERM === 'dumb' || TERM === '') return 'none'
  const isWrapped = env.TMUX !== undefined || TERM.startsWith('screen') || TERM.startsWith('tmux')
  if (!isWrapped) {
    if (TERM.includes('kitty') || TERM.includes('ghostty') || env.KITTY_WINDOW_ID !== undefined)
      return 'kitty'
    if (TERM_PROGRAM === 'iTerm.app' || TERM_PROGRAM === 'WezTerm') return 'iterm'
  }
  return COLORTERM === 'truecolor' || COLORTERM === '24bit' ? 'blocks' : 'none'
}

/** Bytes of base64 in one command of kitty's. */
const kittyChunk = 4096

/**
 * Text that shows a picture within so many columns and rows, or nothing where the terminal shows none.
 *
 * @throws whatever sharp throws for a picture that it cannot decode
 */
export async function previewText(
  file: string,
  graphics: Graphics,
  columns: number,
  rows: number,
): Promise<string> {
  if (graphics === 'none') return ''
  if (graphics === 'blocks') return blocksText(file, columns, rows)
  // A cell is about 10 by 20 pixels; the terminal scales what it is given.
  const size = { width: columns * 10, height: rows * 20, fit: 'inside', withoutEnlargement: true } as const
  const png = await loadSharp()(file).resize(size).toColourspace('srgb').png().toBuffer()
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

/** Two pixels in a cell: the upper one is the ink of a half block, the lower one its ground. */
async function blocksText(file: string, columns: number, rows: number): Promise<string> {
  const { data, info } = await loadSharp()(file)
    .flatten({ background: '#808080' })
    .toColourspace('srgb')
    .resize({ width: columns, height: rows * 2, fit: 'inside', kernel: 'lanczos3' })
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  const { width, height, channels } = info
  const colour = (x: number, y: number) => {
    const at = (Math.min(y, height - 1) * width + x) * channels
    return channels >= 3
      ? `${data[at]};${data[at + 1]};${data[at + 2]}`
      : `${data[at]};${data[at]};${data[at]}`
  }
  let text = ''
  for (let y = 0; y < height; y += 2) {
    for (let x = 0; x < width; x++) text += `\x1b[38;2;${colour(x, y)};48;2;${colour(x, y + 1)}m▀`
    text += '\x1b[0m\n'
  }
  return text
}

import { loadSharp } from '../../image/codec.ts'

/** How a terminal can show a picture. */
export type Graphics = 'kitty' | 'iterm' | 'blocks' | 'palette' | 'none'

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
  if (COLORTERM === 'truecolor' || COLORTERM === '24bit') return 'blocks'
  // over ssh, and in tmux as it comes, nothing tells of more
  return TERM.includes('256color') ? 'palette' : 'none'
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
  if (graphics === 'blocks') return blocksText(file, columns, rows, (...rgb) => `2;${rgb.join(';')}`)
  if (graphics === 'palette') return blocksText(file, columns, rows, (...rgb) => `5;${paletteIndex(rgb)}`)
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

type Rgb = [red: number, green: number, blue: number]

/** The levels of the cube of 6x6x6 colours in the palette of 256 that xterm has; 24 grays stand behind it. */
const cube = [0, 95, 135, 175, 215, 255]

/** The nearest colour of that palette: of the cube, or a gray where the colour is nearly one. */
function paletteIndex(rgb: Rgb): number {
  const steps = rgb.map((level) =>
    cube.reduce((best, at, i) => (Math.abs(at - level) < Math.abs(cube[best]! - level) ? i : best), 0),
  )
  const grayStep = Math.min(23, Math.max(0, Math.round((rgb.reduce((a, b) => a + b) / 3 - 8) / 10)))
  const distance = (of: (i: number) => number) => rgb.reduce((sum, level, i) => sum + (level - of(i)) ** 2, 0)
  const isGray = distance(() => 8 + 10 * grayStep) < distance((i) => cube[steps[i]!]!)
  return isGray ? 232 + grayStep : 16 + 36 * steps[0]! + 6 * steps[1]! + steps[2]!
}

/** Two pixels in a cell: the upper one is the ink of a half block, the lower one its ground. */
async function blocksText(
  file: string,
  columns: number,
  rows: number,
  colourText: (...rgb: Rgb) => string,
): Promise<string> {
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
    const [green, blue] = channels >= 3 ? [at + 1, at + 2] : [at, at]
    return colourText(data[at]!, data[green]!, data[blue]!)
  }
  let text = ''
  for (let y = 0; y < height; y += 2) {
    for (let x = 0; x < width; x++) text += `\x1b[38;${colour(x, y)};48;${colour(x, y + 1)}m▀`
    text += '\x1b[0m\n'
  }
  return text
}

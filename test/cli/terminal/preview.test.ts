import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { describe, expect, it } from 'vitest'
import { detectGraphics, graphicsOf } from '../../../src/image/terminal/graphics.ts'
import { sixelText } from '../../../src/image/terminal/sixel.ts'
import { previewText } from '../../../src/picture/preview.ts'
import { png, stripes } from '../check/repository.ts'
import { convo, scratch } from '../convo.ts'
import { atTerminal, hasTerminals } from '../pseudo-terminal.ts'

const here = scratch('scene.png')

/** Makes the escape characters in a text visible. */
const visible = (text: string): string => text.replaceAll('\x1b', '␛')

describe('what a terminal shows', () => {
  it.each([
    [{ TERM: 'xterm-kitty' }, 'kitty'],
    [{ TERM: 'xterm-ghostty' }, 'kitty'],
    [{ TERM: 'xterm-256color', TERM_PROGRAM: 'iTerm.app', COLORTERM: 'truecolor' }, 'iterm'],
    [{ TERM: 'xterm-256color', TERM_PROGRAM: 'WezTerm' }, 'iterm'],
    [{ TERM: 'foot' }, 'sixel'],
    [{ TERM: 'xterm', TERM_PROGRAM: 'mintty' }, 'sixel'],
    [{ TERM: 'xterm-256color', COLORTERM: 'truecolor' }, 'blocks'],
    [{ TERM: 'xterm-256color' }, 'blocks256'],
    [{ TERM: 'tmux-256color', TMUX: '/tmp/x', TERM_PROGRAM: 'iTerm.app', COLORTERM: 'truecolor' }, 'blocks'],
    [{ TERM: 'screen-256color', KITTY_WINDOW_ID: '1' }, 'blocks256'],
    [{ TERM: 'vt100' }, 'none'],
    [{ TERM: 'dumb', COLORTERM: 'truecolor' }, 'none'],
    [{}, 'none'],
    [{ TERM: 'xterm-kitty', NO_COLOR: '1' }, 'none'],
  ])('by %j is %s', (env, graphics) => {
    expect(graphicsOf(env)).toBe(graphics)
  })

  it.each([
    ['\x1b[?62;4;22c', 'sixel'],
    ['\x1b[?62;22;14;24c', 'blocks'],
    ['\x1b[?4;6c', 'blocks'],
    ['', 'blocks'],
  ])('and by the answer %j to a question is %s', async (answer, graphics) => {
    const env = { TERM: 'xterm-256color', COLORTERM: 'truecolor' }
    expect(await detectGraphics(env, async () => answer)).toBe(graphics)
  })

  it('is not asked where it is known', async () => {
    const ask = () => Promise.reject(new Error('asked'))
    expect(await detectGraphics({ TERM: 'xterm-kitty' }, ask)).toBe('kitty')
    expect(await detectGraphics({ TERM: 'dumb' }, ask)).toBe('none')
  })
})

describe('a preview', () => {
  it('shows two pixels in a cell, gray and colour, 8 and 16 bits, within the room', async () => {
    const red = png(4, 4, (_x, _y, c) => (c === 0 ? 255 : 0))
    expect(await previewText(red, 'blocks', 4, 2)).toBe(
      `${'\x1b[38;2;255;0;0;48;2;255;0;0m▀'.repeat(4)}\x1b[0m\n`.repeat(2),
    )
    const gray = png(2, 2, () => 7, { channels: 1 })
    expect(await previewText(gray, 'blocks', 2, 1)).toBe(
      `${'\x1b[38;2;7;7;7;48;2;7;7;7m▀'.repeat(2)}\x1b[0m\n`,
    )
    const deep = png(2, 2, () => 200 * 257, { channels: 1, depth: 16 })
    expect(await previewText(deep, 'blocks', 2, 1)).toBe(
      `${'\x1b[38;2;200;200;200;48;2;200;200;200m▀'.repeat(2)}\x1b[0m\n`,
    )
    expect(await previewText(red, 'blocks256', 1, 1)).toBe('\x1b[38;5;196;48;5;196m▀\x1b[0m\n')
  })

  it('hands PNGs to terminals that take them, in commands of at most 4096 bytes', async () => {
    const kitty = await previewText(stripes(128), 'kitty', 80, 24)
    const commands = [...visible(kitty).matchAll(/␛_G([^;]*);([^␛]*)␛\\/g)]
    expect(commands.length).toBeGreaterThan(1)
    expect(commands[0]![1]).toBe('a=T,f=100,q=2,m=1')
    expect(commands.at(-1)![1]).toBe('m=0')
    for (const [, , base64] of commands) expect(base64!.length).toBeLessThanOrEqual(4096)
    const bytes = Buffer.from(commands.map(([, , base64]) => base64).join(''), 'base64')
    expect(bytes.subarray(1, 4).toString()).toBe('PNG')
    const iterm = await previewText(stripes(128), 'iterm', 80, 24)
    expect(visible(iterm)).toMatch(/^␛\]1337;File=inline=1;preserveAspectRatio=1;size=\d+:iVBOR/)
  })

  it('draws sixels: the picture again, but for the rounding to 252 colours', () => {
    const [width, height] = [19, 14]
    const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 37 + (i % 3) * 60) % 256)
    const back = readSixels(sixelText({ width, height, data }))
    expect([back.width, back.height]).toEqual([width, height])
    // dithering changes single samples, but not their mean
    for (const c of [0, 1, 2]) {
      const mean = (of: ArrayLike<number>) => {
        let sum = 0
        for (let i = c; i < of.length; i += 3) sum += of[i]!
        return sum / (width * height)
      }
      expect(Math.abs(mean(back.data) - mean(data))).toBeLessThan(5)
    }
    const flat = Uint8Array.from({ length: width * height * 3 }, (_, i) => [255, 0, 51][i % 3]!)
    expect(readSixels(sixelText({ width, height, data: flat })).data).toEqual(flat)
  })
})

/** Reads sixels like a terminal. */
function readSixels(text: string): { width: number; height: number; data: Uint8Array } {
  const [, size = '', body = ''] = /^␛P0;1;0q"1;1;(\d+;\d+)(.*)␛\\$/.exec(visible(text)) ?? []
  const [width = 0, height = 0] = size.split(';').map(Number)
  const data = new Uint8Array(width * height * 3)
  const palette = new Map<string, number[]>()
  let [x, top, colour] = [0, 0, '']
  for (const [, name, rgb, back, count, sign] of body.matchAll(
    /#(\d+)(?:;2;(\d+;\d+;\d+))?|([$-])|(?:!(\d+))?([?-~])/g,
  )) {
    if (rgb !== undefined)
      palette.set(
        name!,
        rgb.split(';').map((v) => Math.round((Number(v) * 255) / 100)),
      )
    else if (name !== undefined) colour = name
    else if (back !== undefined) {
      x = 0
      if (back === '-') top += 6
    } else {
      const bits = sign!.charCodeAt(0) - 63
      for (let n = Number(count ?? 1); n > 0; n--, x++) {
        for (let row = 0; row < 6; row++) {
          if ((bits >> row) & 1) data.set(palette.get(colour)!, ((top + row) * width + x) * 3)
        }
      }
    }
  }
  return { width, height, data }
}

const leftovers = () => readdirSync(tmpdir()).filter((name) => name.startsWith('convo-preview-'))

describe.skipIf(!hasTerminals)('--preview at a terminal (skipped without the program script)', () => {
  const run = (
    args: string[],
    env: Record<string, string> = {},
    more: { into?: string; answer?: string } = {},
  ) => atTerminal(args, { cwd: here.path(), env, columns: 60, rows: 20, ...more })

  it('shows the result of a filter beside writing it, no wider than the terminal', async () => {
    const { status, text } = await run(['sobel', 'scene.png', 'out.png', '--preview'])
    expect(status).toBe(0)
    const rows = text.split('\n').filter((line) => line.includes('▀'))
    expect(rows.length).toBeLessThanOrEqual(16)
    for (const row of rows) expect(row.match(/▀/g)!.length).toBeLessThanOrEqual(60)
    expect((await convo(['sobel', 'scene.png', 'plain.png'], { cwd: here.path() })).status).toBe(0)
    expect(readFileSync(here.path('out.png')).equals(readFileSync(here.path('plain.png')))).toBe(true)
  })

  it('needs no output, of a chain too, and leaves nothing behind', async () => {
    const before = leftovers()
    for (const args of [
      ['gaussian', 'scene.png', '--preview'],
      ['chain', 'scene.png', '--preview', '--', 'gaussian', '--', 'sobel'],
    ]) {
      const { status, text } = await run(args)
      expect(status).toBe(0)
      expect(text).toContain('▀')
    }
    expect(leftovers()).toEqual(before)
    const failed = await run(['gaussian', 'none.png', '--preview'])
    expect([failed.status, failed.text]).toEqual([2, expect.stringContaining('E_INPUT')])
    expect(leftovers()).toEqual(before)
  })

  it('is asked for, so NO_COLOR does not hide it', async () => {
    expect((await run(['sobel', 'scene.png', '--preview'], { NO_COLOR: '1' })).text).toContain('▀')
  })

  it('shows sixels where the terminal answers that it knows them, and pictures in kitty', async () => {
    const sixel = await run(['sobel', 'scene.png', '--preview'], {}, { answer: '\x1b[?62;4;22c' })
    expect(visible(sixel.text)).toMatch(/␛\[c.*␛P0;1;0q"1;1;\d+;\d+#/s)
    const kitty = await run(['sobel', 'scene.png', '--preview'], { TERM: 'xterm-kitty' })
    expect(visible(kitty.text)).toMatch(/^␛_Ga=T,f=100,q=2,m=1;iVBOR/)
  })

  it('leaves standard output to the report', async () => {
    const { status, text } = await run(
      ['sobel', 'scene.png', 'out.png', '--preview', '--json'],
      {},
      { into: 'report.json' },
    )
    expect([status, text]).toEqual([0, expect.stringContaining('▀')])
    const report = () => JSON.parse(readFileSync(here.path('report.json'), 'utf8')).output.path
    expect(report()).toBe('out.png')
    await run(['sobel', 'scene.png', '--preview', '--json'], {}, { into: 'report.json' })
    expect(report()).toBe('(preview)')
  })

  it('shows the drawing of a kernel', async () => {
    expect((await run(['show', 'sobel-x', '--preview'])).text).toContain('▀')
    const { status, text } = await run(['show', 'sobel-x', 'k.svg', '--preview'])
    expect([status, text, existsSync(here.path('k.svg'))]).toEqual([0, expect.stringContaining('▀'), true])
  })

  it('is refused by a terminal without colours', async () => {
    const { status, text } = await run(['sobel', 'scene.png', 'dumb.png', '--preview'], { TERM: 'dumb' })
    expect([status, text]).toEqual([2, expect.stringContaining('TERM is "dumb"')])
    expect(existsSync(here.path('dumb.png'))).toBe(false)
  })
})

describe('--preview is refused', () => {
  it.each([
    [['sobel', 'scene.png', 'x.png', '--preview'], 'standard error is not a terminal'],
    [['show', 'sobel-x', '--preview'], 'standard error is not a terminal'],
    [['sobel', 'scene.png', '-', '--preview'], 'the output is standard output'],
    [['sobel', 'scene.png', 'x.npy', '--preview'], 'x.npy would hold numbers'],
    [['sobel', 'scene.png', '--preview', '--channels', 'split'], '--channels split needs an output path'],
    [['sobel', 'scene.png', 'x.png', '--preview', '--dry-run'], 'cannot be used together'],
    [['sobel', 'scene.png'], 'needs <input> and <output>'],
    [['batch', 'scene.png', '-o', 'out/{stem}.png', '--', 'sobel', '--preview'], 'a batch makes many'],
  ])('%j: %s', async (args, message) => {
    const { status, stderr } = await convo(args, { cwd: here.path() })
    expect([status, stderr]).toEqual([2, expect.stringContaining(message)])
    expect(here.names()).not.toContain('x.png')
  })

  it('in a case of a check', async () => {
    writeFileSync(here.path('c.yaml'), 'cases: [{name: a, input: scene.png, run: [sobel, --preview]}]\n')
    const { status, stdout } = await convo(['check', 'c.yaml'], { cwd: here.path() })
    expect([status, stdout]).toEqual([1, expect.stringContaining('--preview does not apply to a case')])
  })
})

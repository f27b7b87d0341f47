import { readFileSync, statSync } from 'node:fs'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { sceneOf } from '../../../src/teach/animate/animate.ts'
import { animations } from '../../../src/teach/operators/index.ts'
import { convo, scratch } from '../convo.ts'

const names = Object.keys(animations)

describe('convo animate', () => {
  const folder = scratch()
  const run = (...line: string[]) => convo(['animate', ...line], { cwd: folder.path() })

  it.each(names)('%s as GIF: a page for each frame, and a small file', async (name) => {
    const { status, stdout, stderr } = await run(name, `${name}.gif`, '--width', '340')
    expect([status, stdout, stderr]).toEqual([0, '', ''])
    const { pages, delay } = await sharp(folder.path(`${name}.gif`)).metadata()
    expect(pages).toBe((await sceneOf(name)).frames.length)
    expect(delay!.slice(0, 2)).toEqual([800, 800])
    expect(statSync(folder.path(`${name}.gif`)).size).toBeLessThan(500_000)
  })
  it('WebP with its own speed and width', async () => {
    expect((await run('maxpool', 'a.webp', '--fps', '4', '--width', '320')).status).toBe(0)
    expect(await sharp(folder.path('a.webp')).metadata()).toMatchObject({
      pages: 4,
      delay: [250, 250, 250, 1000],
      width: 320,
    })
  })
  it.each(names)('%s as SVG: well-formed, whole in itself, without a script', async (name) => {
    expect((await run(name, `${name}.svg`)).status).toBe(0)
    const svg = readFileSync(folder.path(`${name}.svg`), 'utf8')
    expect(unclosed(svg)).toEqual([])
    expect(svg).not.toMatch(/<script|href|url\(|@import|<image/)
    const used = new Set(Array.from(svg.matchAll(/class="a (f\d+)"/g), ([, one]) => one))
    const known = new Set(Array.from(svg.matchAll(/@keyframes (f\d+)\{/g), ([, one]) => one))
    expect(used).toEqual(known)
    expect(used.size).toBeGreaterThan(0)
    expect((await sharp(Buffer.from(svg)).metadata()).format).toBe('svg')
  })
  it('an SVG without motion shows the last frame', async () => {
    await run('conv2d', 'still.svg')
    const { frames } = await sceneOf('conv2d')
    await run('conv2d', 'last.png', '--frame', String(frames.length))
    const pixels = async (file: string) =>
      (await sharp(folder.path(file)).removeAlpha().raw().toBuffer()).toString('hex')
    expect(await pixels('still.svg')).toBe(await pixels('last.png'))
  })
  it('one frame as PNG; a name of its own', async () => {
    expect(await run('conv2d', '--frame', '3')).toMatchObject({
      status: 0,
      stdout: '',
      stderr: 'conv2d-3.png: one frame\n',
    })
    expect((await sharp(folder.path('conv2d-3.png')).metadata()).width).toBe(680)
    expect(await run('maxpool')).toMatchObject({ status: 0, stderr: 'maxpool.gif: 4 frames\n' })
  })
  it('- is an SVG on standard output', async () => {
    const { status, stdout } = await run('conv2d', '-', '--stride', '2')
    expect([status, unclosed(stdout)]).toEqual([0, []])
    expect(stdout).toContain('stride 2')
  })
  it.each([
    [['conv9d'], 'E_NAME', 'conv2d'],
    [['conv2d', 'a.png'], 'E_OUTPUT', 'try: convo animate conv2d a.gif'],
    [['conv2d', 'a.gif', '--frame', '1'], 'E_OUTPUT', 'try: convo animate conv2d a.png --frame 1'],
    [['conv2d', 'a.png', '--frame', '99'], 'E_OPTION', 'from 1 to 17'],
    [['conv2d', 'a.gif', '--fps', '2', '--delay', '9'], 'E_OPTION', '--delay'],
    [['conv2d', 'a.gif', '--fps', '2', '--delay', '90'], 'E_OPTION', 'cannot be used together'],
    [['conv2d', 'a.gif', '--stride', '0'], 'E_OPTION', 'from 1 to 5'],
    [['conv2d', 'a.gif', '--kernel', 'sobbel-x'], 'E_NAME', 'sobel-x'],
    [['conv2d', 'a.gif', '--size', 'x'], 'E_OPTION', '--size'],
    [['pointwise', 'a.gif', '--padding', '1'], 'E_OPTION', 'options: --size'],
  ])('%j is refused with status 2', async (line, code, hint) => {
    const { status, stdout, stderr } = await run(...line)
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toContain(`[${code}]`)
    expect(stderr).toContain(hint)
  })
})

/** Returns the tags that are not closed in order, and characters that are not valid markup. */
function unclosed(svg: string): string[] {
  const open: string[] = []
  const rest = svg.replace(
    /<(\/?)([a-z]+)((?: [a-z][a-z0-9-]*="[^"<&]*(?:&#?\w+;[^"<&]*)*")*)(\/?)>/gi,
    (_, end, name, __, alone) => {
      if (end !== '') return open.pop() === name ? '' : `</${name}>`
      if (alone === '') open.push(name)
      return ''
    },
  )
  return [...open, ...(rest.match(/[<>]|&(?!#?\w+;)/g) ?? [])]
}

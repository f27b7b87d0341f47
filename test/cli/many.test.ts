import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { operations } from '../../src/picture/operations.ts'
import { convo, scratch } from './convo.ts'

describe('several inputs and a folder', () => {
  const here = scratch('scene.png', 'alpha.png', 'gray16.png')
  const names = ['alpha.png', 'gray16.png', 'scene.png']
  const run = (...words: string[]) => convo(words, { cwd: here.path() })

  it.each([
    ['files', ['sobel', ...names, 'files/']],
    ['options among them', ['sobel', '--unit', ...names, '--border', 'wrap', 'options/']],
    ['a pattern', ['sobel', '*.png', 'pattern/']],
    ['a folder', ['box', '.', 'folder/', '--size', '5']],
    ['a chain', ['chain', ...names, 'chain/', '--gray', '--', 'sobel', '--', 'relu']],
    ['a template', ['sobel', ...names, 'template/{stem}.png', '--unit']],
  ])('are a batch: %s', async (_, words) => {
    const { status, stderr } = await run(...words)
    expect(status, stderr).toBe(0)
    const folder = words.find((word) => /\/(\{|$)/.test(word))!.split('/')[0]!
    expect(readdirSync(here.path(folder)).filter((name) => name.endsWith('.png'))).toEqual(names)
  })

  it('gives each what it gives alone', async () => {
    await run('sobel', 'scene.png', 'alpha.png', 'out/', '--unit')
    await run('sobel', 'scene.png', 'one.png', '--unit')
    expect(readFileSync(here.path('out/scene.png')).equals(readFileSync(here.path('one.png')))).toBe(true)
  })

  it('is an error where the last is no folder, or there is one picture', async () => {
    for (const words of [
      ['sobel', 'scene.png', 'alpha.png', 'out.png'],
      ['sobel', 'scene.png', '.'],
      ['chain', 'scene.png', 'alpha.png', 'out.png', '--', 'sobel'],
      ['conv3d', 'scene.png', 'alpha.png', 'out/'],
    ]) {
      const { status, stderr } = await run(...words)
      expect([status, stderr]).toEqual([2, expect.stringContaining('error:')])
      // no suggested command would overwrite a picture
      expect(stderr).not.toMatch(/try: convo (?!batch)\S+ scene\.png alpha\.png/)
    }
  })
})

describe('standard output in a format', () => {
  it.each([
    ['jpg', 'ffd8ff'],
    ['webp', '52494646'],
    ['tif', '49492a'],
    ['png', '89504e47'],
    ['npy', '934e554d5059'],
    ['avif', '000000'],
  ])('%s:-', async (format, magic) => {
    const { status, bytes } = await convo(['gaussian', 'samples/scene.png', `${format}:-`, '--quiet'])
    expect([status, bytes.toString('hex').startsWith(magic)]).toEqual([0, true])
  })

  it('is refused for a format that is not written, and beside --json', async () => {
    for (const words of [
      ['box', 'samples/scene.png', 'xyz:-'],
      ['box', 'samples/scene.png', 'jpg:-', '--json'],
    ])
      expect((await convo(words)).status).toBe(2)
  })
})

describe('help and lists', () => {
  it('-h is short, --help is whole', async () => {
    for (const words of [[], ['sobel'], ['batch']]) {
      const [brief, whole] = [
        (await convo([...words, '-h'])).stdout,
        (await convo([...words, '--help'])).stdout,
      ]
      expect(brief.length).toBeLessThan(whole.length / 1.5)
      expect(brief).toContain('--help')
      expect(whole.startsWith(brief.split('\n')[0]!)).toBe(true)
    }
  })

  it('list without a word lists all', async () => {
    const { stdout } = await convo(['list'])
    for (const name of Object.keys(operations)) expect(stdout).toMatch(new RegExp(`^${name} `, 'm'))
    const json = JSON.parse((await convo(['list', '--json'])).stdout)
    expect(Object.keys(json)).toEqual(['filters', 'operators', 'kernels', 'borders', 'formats'])
  })
})

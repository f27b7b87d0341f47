import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  linkSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { convo, launcher } from './convo.ts'

const sample = fileURLToPath(new URL('../../samples/scene.png', import.meta.url))
const kernel = '{"weights":[[0,1,0],[1,-4,1],[0,1,0]]}'
const svg =
  '<svg xmlns="http://www.w3.org/2000/svg"><filter id="a"><feConvolveMatrix order="3" kernelMatrix="0 1 0 1 -4 1 0 1 0"/></filter></svg>'
const manifest = 'cases:\n  - name: a\n    input: p.png\n    run: [conv2d, --kernel, k.json]\n'
const inputs = ['p.png', 'q.png', 'm.png', 'k.json', 'k.svg', 'k.npy', 'list.txt', 'c.yaml', 'run.json']

let folder = ''
const at = (name: string) => join(folder, name)
const contents = () => inputs.map((name) => [name, readFileSync(at(name)).toString('base64')])

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'convo-overwritten-'))
  for (const name of ['p.png', 'q.png']) copyFileSync(sample, at(name))
  writeFileSync(at('k.json'), kernel)
  writeFileSync(at('k.svg'), svg)
  writeFileSync(at('list.txt'), 'p.png\n')
  writeFileSync(at('c.yaml'), manifest)
  symlinkSync('k.json', at('link.json'))
  linkSync(at('p.png'), at('hard.png'))
  const make = async (line: string) => (await convo(line.split(' '), { cwd: folder })).status
  expect(await make('kernel convert k.json k.npy')).toBe(0)
  expect(await make('sobel p.png m.png')).toBe(0)
  expect(await make('check c.yaml --reporter json=run.json')).toBe(1)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('no output takes the place of a file that the command reads', () => {
  it.each([
    'compare p.png q.png --mask m.png --diff m.png',
    'compare p.png q.png --diff hard.png',
    'show sobel-x --photo p.png p.png',
    'show k.svg k.svg',
    'kernel convert k.json k.json',
    'kernel convert k.json link.json',
    'kernel convert link.json k.json',
    'animate conv2d --kernel k.svg k.svg',
    'explain sobel p.png --svg p.png',
    'explain conv2d --kernel k.svg --svg k.svg',
    'conv2d p.png k.npy --kernel k.npy',
    'conv2d p.png k.npy --kernel k.npy --dry-run',
    'conv2d p.png k.npy --kernel k.npy --in-place',
    'chain p.png k.npy -- sobel -- conv2d --kernel k.npy',
    'depthwise-separable p.png k.npy --pointwise k.npy --kernel k.json',
    'check c.yaml --reporter json=c.yaml',
    'check c.yaml --reporter json=p.png',
    'check c.yaml --reporter json=k.json',
    'report merge run.json -o run.json',
    'batch p.png -o out/{stem}.png --log p.png -- sobel',
    'batch p.png -o out/{stem}.png --log k.json -- conv2d --kernel k.json',
    'batch p.png -o out/{stem}.png --failed-list hard.png -- sobel',
    'batch --files-from list.txt -o out/{stem}.png --log list.txt -- sobel',
  ])('%s', async (line) => {
    const before = contents()
    const { status, stderr } = await convo(line.split(' '), { cwd: folder })
    expect([status, stderr]).toEqual([2, expect.stringContaining('[E_IN_PLACE]')])
    expect(contents()).toEqual(before)
  })

  it('nor of standard input', () => {
    const run = (...words: string[]) =>
      spawnSync(process.execPath, [launcher, 'sobel', '-', 'p.png', '-q', ...words], {
        cwd: folder,
        stdio: [openSync(at('p.png'), 'r'), 'pipe', 'pipe'],
        encoding: 'utf8',
      })
    const before = contents()
    expect(run().stderr).toContain('p.png is one of the inputs, standard input   [E_IN_PLACE]')
    expect(contents()).toEqual(before)
    expect(run('--in-place')).toMatchObject({ status: 0, stderr: '' })
    expect(contents()).not.toEqual(before)
  })
})

import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { convo, launcher, scratch } from './convo.ts'

// Inputs and outputs that are no plain files.

const here = scratch('scene.png', 'gray16.png')
const run = (...args: string[]) => convo(args, { cwd: here.path() })
const isUnix = process.platform !== 'win32'

describe.skipIf(!isUnix)('a pipe as input', () => {
  test.each([
    ['gray16.png', 'sobel'],
    ['scene.svg', 'gaussian'],
    ['array.npy', 'gaussian'],
  ])('%s through %s, as from the file', async (file, filter) => {
    const drawing =
      '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"><rect width="9" height="9"/></svg>'
    writeFileSync(here.path('scene.svg'), drawing)
    expect((await run('gaussian', 'gray16.png', 'array.npy')).status).toBe(0)
    const pipe = here.path(`${file}.pipe`)
    execFileSync('mkfifo', [pipe])
    const writer = spawn('sh', ['-c', `cat "$0" > "$1"`, here.path(file), pipe], { stdio: 'ignore' })
    const piped = await run(filter, pipe, 'piped.png', '-q')
    writer.kill()
    expect([piped.status, piped.stderr]).toEqual([0, ''])
    expect((await run(filter, file, 'plain.png', '-q')).status).toBe(0)
    expect(readFileSync(here.path('piped.png')).equals(readFileSync(here.path('plain.png')))).toBe(true)
  })

  test('what the shell substitutes, and an empty one', () => {
    const shell = (line: string) =>
      spawnSync('bash', ['-c', line, launcher], { cwd: here.path(), encoding: 'utf8' })
    expect(
      shell(
        'node "$0" sobel <(cat scene.png) a.png -q && cat scene.png | node "$0" sobel /dev/stdin b.png -q',
      ),
    ).toMatchObject({ status: 0, stderr: '' })
    expect(readFileSync(here.path('a.png')).equals(readFileSync(here.path('b.png')))).toBe(true)
    const { status, stderr } = shell('node "$0" sobel <(true) c.png')
    expect(status).toBe(2)
    expect(stderr).toMatch(/^error: \/dev\/fd\/\d+ is empty {3}\[E_DECODE\]/)
  })
})

test('the picture and the kernel are not both read from standard input', async () => {
  for (const kernel of ['-', '-#k']) {
    const { status, stderr } = await run('conv2d', '-', 'out.png', '--kernel', kernel)
    expect(status).toBe(2)
    expect(stderr).toMatch(
      /^error: the picture and the kernel cannot both come from standard input {3}\[E_USAGE\]\n/,
    )
  }
})

describe.skipIf(!isUnix)('a link as output', () => {
  test('into a folder that is not there: the error names that folder, and no temporary file', async () => {
    symlinkSync('nowhere/x.png', here.path('link.png'))
    const { status, stderr } = await run('sobel', 'scene.png', 'link.png')
    expect(status).toBe(2)
    expect(stderr).toMatch(/^error: there is no folder \S*\/nowhere for link\.png {3}\[E_OUTPUT\]\n/)
    expect(stderr).toMatch(/try: mkdir -p \S*\/nowhere\n/)
    expect(stderr).not.toContain('.tmp')
  })

  test('to a file that is not there yet: that file is made, the link stays', async () => {
    mkdirSync(here.path('there'))
    symlinkSync('there/x.png', here.path('good.png'))
    expect((await run('sobel', 'scene.png', 'good.png', '-q')).status).toBe(0)
    expect(readFileSync(here.path('there/x.png')).equals(readFileSync(here.path('good.png')))).toBe(true)
  })
})

test('an SVG whose root stands behind a comment of some lines', async () => {
  const comment = `<!-- ${'the licence of this drawing. '.repeat(28)} -->`
  const svg = `<?xml version="1.0"?>\n${comment}\n<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"/>`
  writeFileSync(here.path('long.svg'), svg)
  expect((await run('box', 'long.svg', 'drawn.png')).status).toBe(0)
})

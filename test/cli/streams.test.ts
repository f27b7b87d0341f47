import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { convo, launcher, scratch } from './convo.ts'

// Inputs and outputs that are not regular files.

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

describe.skipIf(!isUnix)('a reader of standard output that goes away', () => {
  /** Returns the status of a command whose standard output is a pipe that its reader has left. */
  const unread = (line: string, streams = '') => {
    rmSync(here.path('left'), { force: true })
    const shell = `mkfifo left; exec 3<> left 4> left 3>&-; node "$0" ${line} >&4 ${streams} 4>&-`
    const { status, stderr } = spawnSync('bash', ['-c', shell, launcher], {
      cwd: here.path(),
      encoding: 'utf8',
    })
    return [status, stderr]
  }
  const batch = "batch scene.png -o 'made/{stem}.png'"

  test.each([
    'sobel scene.png -',
    'sobel scene.png x.png --json',
    'sobel scene.png x.png --dry-run --json',
    'digest scene.png',
    'compare scene.png scene.png --json',
    'list kernels --json',
    'show gaussian:sigma=1 --json',
    'explain sobel --json',
    'explain conv2d --kernel sobel-x --svg -',
    'completion bash',
    `${batch} --json -- sobel`,
    `${batch} --force --explain -- sobel`,
  ])('%s: 2, without a word, since data was lost', (line) => {
    expect(unread(line)).toEqual([2, ''])
  })

  test.each([
    'list filters',
    'list kernels',
    'help',
    'help sobel',
    'sobel --help',
    '--version',
    'explain sobel',
    'show gaussian:sigma=1',
  ])('%s: 0, as of a listing the beginning may be all that is wanted', (line) => {
    expect(unread(line)).toEqual([0, ''])
  })

  test('takes nothing from the work where only messages were lost', () => {
    rmSync(here.path('y.png'), { force: true })
    expect(unread('sobel scene.png y.png -v', '2>&1')).toEqual([0, ''])
    expect(existsSync(here.path('y.png'))).toBe(true)
    expect(unread('sobel nosuch.png y.png', '2>&1')).toEqual([2, ''])
    rmSync(here.path('made'), { recursive: true, force: true })
    expect(unread(`${batch} -v -- sobel`, '2>&1')).toEqual([0, ''])
    expect(existsSync(here.path('made/scene.png'))).toBe(true)
  })
})

describe.skipIf(!existsSync('/dev/full'))('streams that take nothing', () => {
  const shell = (line: string) =>
    spawnSync('bash', ['-c', line, launcher], { cwd: here.path(), encoding: 'utf8' })

  test.each([
    'sobel scene.png -',
    'sobel scene.png x.png --json',
    'digest scene.png',
    'list kernels',
    '--version',
    'help',
  ])('%s: an error where standard output is full', (line) => {
    const { status, stderr } = shell(`node "$0" ${line} > /dev/full`)
    expect(status).toBe(2)
    expect(stderr).toMatch(/^error: .*standard output .*written/)
    expect(stderr).toContain('ENOSPC')
    expect(stderr).not.toMatch(/^ +at /m)
    expect(shell(`node "$0" ${line} > /dev/full 2> /dev/full`).status).toBe(2)
  })

  test('full or closed standard error changes neither the work nor the status', () => {
    for (const stream of ['2> /dev/full', '2>&-']) {
      rmSync(here.path('z.png'), { force: true })
      expect(shell(`node "$0" sobel scene.png z.png -v ${stream}`).status).toBe(0)
      expect(existsSync(here.path('z.png'))).toBe(true)
      expect(shell(`node "$0" sobel nosuch.png z.png ${stream}`).status).toBe(2)
    }
  })

  test('a closed standard input is an empty one', () => {
    const picture = shell('node "$0" sobel - z.png <&-')
    expect([picture.status, picture.stderr]).toEqual([
      2,
      expect.stringMatching(/^error: standard input is empty/),
    ])
    const kernel = shell('node "$0" conv2d scene.png z.png --kernel - <&-')
    expect([kernel.status, kernel.stderr]).toEqual([
      2,
      expect.stringMatching(/^error: standard input is empty/),
    ])
  })
})

describe.skipIf(process.platform !== 'linux')('a named pipe as output', () => {
  test('is written to when somebody reads it', async () => {
    execFileSync('mkfifo', [here.path('out.pipe.png')])
    const writing = run('sobel', 'scene.png', 'out.pipe.png', '-q')
    const reader = spawn('cat', [here.path('out.pipe.png')])
    const pieces: Buffer[] = []
    for await (const piece of reader.stdout) pieces.push(piece as Buffer)
    expect((await writing).status).toBe(0)
    expect((await run('sobel', 'scene.png', 'plain2.png', '-q')).status).toBe(0)
    expect(Buffer.concat(pieces).equals(readFileSync(here.path('plain2.png')))).toBe(true)
  })

  test('whose reader goes away is an error', async () => {
    writeFileSync(here.path('wide.npy'), npyOfZeros(500_000))
    execFileSync('mkfifo', [here.path('away.npy')])
    const away = run('gaussian', 'wide.npy', 'away.npy', '-q')
    const reader = spawn('head', ['-c', '10', here.path('away.npy')])
    await new Promise((done) => reader.on('close', done))
    expect(await away).toMatchObject({ status: 2 })
  })
})

/** Makes a .npy file of [1000,n/1000] zeros. */
function npyOfZeros(count: number): Uint8Array {
  const head = `{'descr': '<f4', 'fortran_order': False, 'shape': (1000, ${count / 1000}), }`
  const text = `${head.padEnd(117)}\n`
  const bytes = new Uint8Array(10 + text.length + count * 4)
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, text.length, 0])
  bytes.set(new TextEncoder().encode(text), 10)
  return bytes
}

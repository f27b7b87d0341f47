import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { convo, launcher, neverNaming, scratch, start } from './convo.ts'

const hasScript = spawnSync('script', ['--version']).status === 0

describe('how convo ends', () => {
  const folder = scratch('scene.png', 'noisy.jpg')

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('on %s while it waits for standard input: status %i', async (signal, status) => {
    const child = start(['sobel', '-', 'x.png'], { cwd: folder.path() })
    const ended = new Promise((done) => child.on('close', done))
    child.stdin.on('error', () => undefined)
    // more than a pipe holds, so once it is written, the program is reading
    const endless = Buffer.alloc(2 ** 21, '\x89PNG\r\n\x1a\n', 'latin1')
    await new Promise((done) => child.stdin.write(endless, done))
    child.kill(signal)
    expect(await ended).toBe(status)
    expect(folder.names()).toEqual(['noisy.jpg', 'scene.png'])
  })

  it('on SIGTERM in the middle of an output: no partial file, the old one whole', async () => {
    writeFileSync(folder.path('old.png'), 'old')
    const before = folder.names()
    const child = start(['gaussian', 'scene.png', 'old.png'], {
      cwd: folder.path(),
      env: neverNaming('old.png'),
    })
    const ended = new Promise((done) => child.on('close', done))
    while (!folder.names().some((name) => name.endsWith('.tmp'))) await wait(5)
    child.kill('SIGTERM')
    expect(await ended).toBe(143)
    expect(readFileSync(folder.path('old.png'), 'utf8')).toBe('old')
    expect(folder.names()).toEqual(before)
  })

  it.skipIf(!existsSync('/dev/full'))('with 2 where standard output is full', () => {
    const line = `node "$0" list kernels > /dev/full`
    const { status, stderr } = spawnSync('bash', ['-c', line, launcher], { encoding: 'utf8' })
    expect(status).toBe(2)
    expect(stderr).toMatch(/^error: standard output cannot be written {3}\[E_OUTPUT\]\n.*ENOSPC/)
  })

  const broken = 'data:text/javascript,JSON.stringify=()=>{throw new TypeError("all is lost")}'
  it('with 70 on a bug: says so, and asks for a report', async () => {
    expect(await convo(['list', 'filters', '--json'], { node: ['--import', broken] })).toMatchObject({
      status: 70,
      stdout: '',
      stderr: `error: all is lost   [E_INTERNAL]
  this is a bug in convo; please report it with the command line and the input
  try: the same command with --debug for the stack trace
`,
    })
  })
  it('with the stack of a bug under --debug', async () => {
    const line = ['sobel', 'scene.png', 'x.png', '--dry-run', '--json', '--debug']
    const { status, stderr } = await convo(line, { node: ['--import', broken], cwd: folder.path() })
    expect(status).toBe(70)
    expect(stderr).toContain('TypeError: all is lost\n    at ')
  })
  it('with no stack on bad input, even under --debug', async () => {
    const { status, stderr } = await convo(['sobel', 'none.jpg', 'x.png', '--debug'], { cwd: folder.path() })
    expect(status).toBe(2)
    expect(stderr).toMatch(/^error: there is no file none\.jpg {3}\[E_INPUT\]\n {2}try: .*\n$/)
  })

  describe.skipIf(!hasScript)('on a terminal', () => {
    const terminal = (line: string, env: Record<string, string> = {}) =>
      spawnSync('script', ['-qec', `node ${launcher} ${line}`, '/dev/null'], {
        cwd: folder.path(),
        env: { ...process.env, NO_COLOR: '', TERM: 'xterm', ...env },
        encoding: 'utf8',
      })
    it('paints the word error, and not under NO_COLOR or on a dumb terminal', () => {
      expect(terminal('sobell').stdout.startsWith('\x1b[1;31merror:\x1b[0m no filter')).toBe(true)
      expect(terminal('sobell', { NO_COLOR: '1' }).stdout).toMatch(/^error: no filter/)
      expect(terminal('sobell', { TERM: 'dumb' }).stdout).toMatch(/^error: no filter/)
    })
    it('neither writes a picture to it nor waits for one from it', () => {
      expect(terminal('sobel scene.png -', { NO_COLOR: '1' }).stdout).toMatch(
        /^error: refusing to write a picture to a terminal/,
      )
      expect(terminal('sobel - x.png', { NO_COLOR: '1' }).stdout).toMatch(
        /^error: cannot read a picture from a terminal/,
      )
    })
    it('wraps help to its width', () => {
      const { stdout } = spawnSync(
        'script',
        ['-qec', `stty cols 50; node ${launcher} help gaussian`, '/dev/null'],
        {
          encoding: 'utf8',
        },
      )
      const longest = Math.max(...stdout.split(/\r?\n/).map((line) => line.length))
      expect(longest).toBeLessThanOrEqual(50)
      expect(longest).toBeGreaterThan(40)
    })
  })

  it.each([
    [
      'too few addresses',
      'ulimit -v 4000000',
      '',
      'scene.png',
      'E_MEMORY',
      'NODE_OPTIONS=--disable-wasm-trap-handler',
    ],
    ['no WebAssembly', 'true', '--no-expose-wasm', 'scene.png', 'E_INPUT', 'node without --jitless'],
    [
      'no current folder',
      'mkdir gone && cd gone && rmdir ../gone',
      '',
      'noisy.jpg',
      'E_INPUT',
      'was removed',
    ],
  ])('with %s: an error that says so', (_, before, flag, input, code, said) => {
    const line = `${before} && ${JSON.stringify(process.execPath)} ${flag} ${JSON.stringify(launcher)}`
    const { status, stderr } = spawnSync(
      'bash',
      ['-c', `${line} sobel "$0" "$1"`, folder.path(input), folder.path('out.png')],
      {
        cwd: folder.path(),
        encoding: 'utf8',
      },
    )
    expect([status, stderr]).toEqual([2, expect.stringContaining(`[${code}]`)])
    expect(stderr).toContain(said)
    expect(folder.names()).not.toContain('out.png')
  })

  it('runs in few addresses with the flag of Node that its error names', () => {
    const line = `ulimit -v 4000000 && ${JSON.stringify(process.execPath)} ${JSON.stringify(launcher)} sobel scene.png few.png`
    const env = { ...process.env, NODE_OPTIONS: '--disable-wasm-trap-handler' }
    expect(spawnSync('bash', ['-c', line], { cwd: folder.path(), env }).status).toBe(0)
    expect(folder.names()).toContain('few.png')
  })
})

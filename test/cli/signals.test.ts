import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process'
import {
  closeSync,
  constants as flags,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import sharp from 'sharp'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { launcher, neverNaming, start } from './convo.ts'
import { hasTerminals } from './pseudo-terminal.ts'

// Signals in every phase of a run. These tests are for Linux, because they look in /proc; the code is the same
// everywhere.

const signals = [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const

/**
 * Users wait at most half a second, but test machines are busy. A process that ignores the signal ends with another
 * status or never.
 */
const within = 60_000

let folder = ''
const at = (name: string) => join(folder, name)
/** Ends of pipes that stay open during a test. */
let held: number[] = []

/** A phase of a run, and how to reach it. */
type Phase = {
  readonly args: readonly string[]
  /** Resolves when the program is in the phase. */
  reached(child: ChildProcessWithoutNullStreams): Promise<unknown>
  /** A part of the path of an output that the program never finishes, so that it cannot end before the signal. */
  readonly unnamed?: string
  /** Whether the process ends by exiting instead of by the signal itself. */
  readonly exits?: boolean
}

async function until(isSo: () => unknown, child?: ChildProcessWithoutNullStreams): Promise<void> {
  const end = Date.now() + 150_000
  while (!isSo()) {
    if (child !== undefined && child.exitCode !== null) throw new Error('it ended before')
    if (Date.now() > end) throw new Error('it never came to that')
    await pause(2)
  }
}

/** Returns the running child processes of a process. */
function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    return text.split(' ').filter(Boolean).map(Number).filter(isAtWork)
  } catch {
    return []
  }
}

/** Whether a process is still running. One that has ended stays in the table until its parent notices. */
function isAtWork(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

const temporaries = () =>
  readdirSync(folder, { recursive: true }).filter((name) => String(name).includes('.convo-'))
/** Whether there is a temporary file, other than for the state of a batch. */
const hasTemporary = () => temporaries().some((name) => !String(name).includes('.convo/'))
const draws = (child: ChildProcessWithoutNullStreams) => until(() => childrenOf(child.pid!).length > 0, child)
const writes = (child: ChildProcessWithoutNullStreams) => until(hasTemporary, child)
const after = (milliseconds: number) => () => pause(milliseconds)

/** Opens the other end of a named pipe after the program has opened its own. */
async function openEnd(name: string, mode: number, child: ChildProcessWithoutNullStreams): Promise<number> {
  let end = -1
  await until(() => {
    try {
      end = openSync(at(name), mode | flags.O_NONBLOCK)
    } catch {
      // the pipe does not have a reader yet
    }
    return end >= 0
  }, child)
  held.push(end)
  return end
}

/** Whether a process handles SIGHUP, which Node leaves alone until there is a listener. */
function listens(pid: number): boolean {
  const [, caught] = /^SigCgt:\s*(\w+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))!
  return (BigInt(`0x${caught}`) & 1n) === 1n
}

/** The program reads from a pipe, but receives only a few bytes. */
const feeds = (name: string, bytes: string) => async (child: ChildProcessWithoutNullStreams) => {
  writeSync(await openEnd(name, flags.O_WRONLY, child), bytes)
  await until(() => listens(child.pid!), child)
}

/** The program writes to a pipe, but only the beginning is read. */
async function tastes(child: ChildProcessWithoutNullStreams): Promise<void> {
  const end = await openEnd('pipe.png', flags.O_RDONLY, child)
  await until(() => {
    try {
      return readSync(end, new Uint8Array(100)) > 0
    } catch {
      return false
    }
  }, child)
}

const phases: Readonly<Record<string, Phase>> = {
  start: { args: ['sobel', 'small.png', 'x.png'], reached: async () => undefined },
  'waiting for standard input': {
    args: ['sobel', '-', 'x.png'],
    // more than a pipe holds, so once it is written, the program is reading
    reached: (child) =>
      new Promise((done) => child.stdin.write(Buffer.alloc(2 ** 21, '\x89PNG\r\n\x1a\n', 'latin1'), done)),
    exits: true,
  },
  'waiting for a pipe': {
    args: ['sobel', 'in.pipe', 'x.png'],
    reached: feeds('in.pipe', '\x89PNG'),
    exits: true,
  },
  'waiting for a kernel': {
    args: ['conv2d', 'small.png', 'x.png', '--kernel', 'kernel.txt'],
    reached: feeds('kernel.txt', '1 2 3\n'),
    exits: true,
  },
  'waiting for a manifest': { args: ['check', 'in.pipe'], reached: after(400) },
  decode: { args: ['box', 'clouds.svg', 'x.png'], reached: draws, exits: true },
  'decode of two': { args: ['compare', 'clouds.svg', 'fog.svg'], reached: draws, exits: true },
  compute: {
    args: ['conv2d', 'large.png', 'x.png', '--kernel', 'large.csv', '--algorithm', 'direct'],
    reached: writes,
    unnamed: 'x.png',
  },
  'compute of a tensor': {
    args: ['involution', 'large.png', 'x.npy', '--size', '31'],
    reached: after(900),
    unnamed: 'x.npy',
  },
  encode: {
    args: ['gaussian', 'large.png', 'x.png', '--compression', '9'],
    reached: writes,
    unnamed: 'x.png',
  },
  'encode in libvips': {
    args: ['gaussian', 'large.png', 'x.avif'],
    reached: after(1500),
    unnamed: 'x.avif',
  },
  'write to a pipe': { args: ['gaussian', 'noise.png', 'pipe.png', '-q'], reached: tastes, exits: true },
  'write to standard output': {
    args: ['gaussian', 'noise.png', '-', '-q'],
    reached: (child) => new Promise((done) => child.stdout.once('readable', done)),
    exits: true,
  },
  compare: {
    args: ['compare', 'large.png', 'other.png', '--min-ssim', '0.9', '--diff', 'x.png'],
    reached: after(1500),
    unnamed: 'x.png',
  },
  digest: { args: ['digest', 'clouds.svg'], reached: draws, exits: true },
  check: { args: ['check', 'cases.yaml', '--results', 'results'], reached: draws, exits: true },
  batch: {
    args: ['batch', 'many', '-o', 'out/{stem}.png', '--', 'box'],
    reached: draws,
    unnamed: 'out/7.png',
    exits: true,
  },
  'batch that draws': {
    args: ['batch', 'clouds.svg', '-o', 'out/{stem}.png', '--', 'box'],
    reached: (child) =>
      until(() => childrenOf(child.pid!).some((worker) => childrenOf(worker).length > 0), child),
    exits: true,
  },
  'batch that writes': {
    args: ['batch', 'large.png', '-o', 'out/{stem}.png', '--', 'gaussian', '--compression', '9'],
    reached: writes,
    unnamed: 'large.png',
    exits: true,
  },
  watch: {
    args: ['batch', 'many', '-o', 'out/{stem}.png', '--watch', '--', 'box'],
    reached: (child) =>
      new Promise((done) =>
        child.stderr.on('data', (text) => String(text).includes('watching') && done(text)),
      ),
    exits: true,
  },
  explain: { args: ['explain', 'conv2d', 'in.pipe'], reached: feeds('in.pipe', '\x89PNG'), exits: true },
  animate: { args: ['animate', 'unpool', 'x.gif'], reached: after(500), unnamed: 'x.gif' },
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'convo-signals-'))
  const create = (width: number, height: number) => {
    const noise = { type: 'gaussian' as const, mean: 128, sigma: 40 }
    return sharp({ create: { width, height, channels: 3, background: 'black', noise } }).png({
      compressionLevel: 0,
    })
  }
  await create(60, 40).toFile(at('small.png'))
  await create(700, 500).toFile(at('noise.png'))
  await create(3000, 2000).toFile(at('large.png'))
  await create(3000, 2000).toFile(at('other.png'))
  const row = Array.from({ length: 91 }, (_, i) => (i % 7) - 2.5).join(',')
  writeFileSync(at('large.csv'), `${row}\n`.repeat(91))
  const [width, height] = [5000, 5000]
  // takes as long as a drawing may, many seconds
  const draw = (frequency: number) => `
    <svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
      <filter id="f" x="0" y="0" width="1" height="1">
        <feTurbulence baseFrequency="${frequency}" numOctaves="4"/></filter>
      <rect width="${width}" height="${height}" filter="url(#f)"/></svg>`
  writeFileSync(at('clouds.svg'), draw(0.05))
  writeFileSync(at('fog.svg'), draw(0.04))
  execFileSync('mkdir', [at('many')])
  for (let i = 0; i < 40; i++) await create(300, 200).toFile(at(`many/${i}.png`))
  writeFileSync(at('cases.yaml'), 'cases: [{name: clouds, input: clouds.svg, run: [box]}]\n')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))
afterEach(() => {
  for (const end of held) closeSync(end)
  held = []
})

describe.skipIf(process.platform !== 'linux')('a signal', () => {
  // all signals are handled by the same code, so each phase uses only one of the last two
  const meets = Object.entries(phases).map(
    ([name, phase], i) => [name, phase, [signals[0], signals[1 + (i % 2)]!]] as const,
  )
  describe.each(meets)('during %s', (_, { args, reached, unnamed, exits }, these) => {
    it.each(these)('%s: ends the program with %i and leaves nothing behind', async (signal, status) => {
      for (const name of ['in.pipe', 'kernel.txt', 'pipe.png', 'out', 'results', 'x.png']) {
        rmSync(at(name), { recursive: true, force: true })
      }
      execFileSync('mkfifo', [at('in.pipe'), at('kernel.txt'), at('pipe.png')])
      writeFileSync(at('x.png'), 'old')
      const before = readdirSync(folder).sort()
      const env = unnamed === undefined ? {} : neverNaming(unnamed)
      const child = start(args, { cwd: folder, env })
      child.stdin.on('error', () => undefined)
      const ended = new Promise<[number | null, NodeJS.Signals | null]>((done) =>
        child.on('exit', (code, by) => done([code, by])),
      )
      try {
        await reached(child)
        const started = childrenOf(child.pid!).flatMap((pid) => [pid, ...childrenOf(pid)])
        child.kill(signal)
        const how = await Promise.race([ended, pause(within, 'it goes on' as const, { ref: false })])
        if (how === 'it goes on') throw new Error(how)
        const [code, by] = how
        expect(code ?? 128 + constants.signals[by!]).toBe(status)
        if (exits) expect(by).toBe(null)
        expect(temporaries()).toEqual([])
        expect(readFileSync(at('x.png'), 'utf8')).toBe('old')
        expect(
          readdirSync(folder)
            .filter((name) => !/^(out|results)$/.test(name))
            .sort(),
        ).toEqual(before)
        await until(() => !started.some(isAtWork))
      } finally {
        child.kill('SIGKILL')
        child.stdout.destroy()
      }
    })
  })
})

describe.skipIf(process.platform !== 'linux')('a batch', () => {
  const env = neverNaming('large.png')
  const line = ['batch', 'clouds.svg', 'large.png', '-j', '2', '-o', 'out/{stem}.png', '--']
  const slow = [...line, 'gaussian', '--compression', '9']
  const isDrawing = (child: ChildProcessWithoutNullStreams) =>
    until(() => hasTemporary() && childrenOf(child.pid!).some((pid) => childrenOf(pid).length > 0), child)

  it('that is killed takes its workers and what they started along, and their temporary files', async () => {
    rmSync(at('out'), { recursive: true, force: true })
    const child = start(slow, { cwd: folder, env })
    await isDrawing(child)
    const workers = childrenOf(child.pid!)
    const started = [...workers, ...workers.flatMap(childrenOf)]
    expect(started.length).toBe(3)
    child.kill('SIGKILL')
    await until(() => !started.some(isAtWork))
    await until(() => !hasTemporary())
  })

  it('clears away after a worker that was killed, and goes on', async () => {
    rmSync(at('out'), { recursive: true, force: true })
    const child = start([...line.slice(0, 1), ...slow.slice(2)], { cwd: folder, env })
    let said = ''
    child.stderr.on('data', (text) => {
      said += text
    })
    const ended = new Promise((done) => child.on('close', done))
    await writes(child)
    for (const worker of childrenOf(child.pid!)) process.kill(worker, 'SIGKILL')
    expect(await ended).toBe(2)
    expect(said).toContain('[E_WORKER]')
    expect(temporaries()).toEqual([])
  })
})

describe.skipIf(process.platform !== 'linux')('an error that nothing expects', () => {
  it('in the middle of an output ends with 70 and leaves no temporary file', async () => {
    const bomb = `import { readdirSync } from 'node:fs'
      import { isMainThread } from 'node:worker_threads'
      if (isMainThread) setInterval(() => {
        if (readdirSync('.').some((name) => name.startsWith('.convo-'))) throw new Error('all is lost')
      }, 1).unref()`
    const node = ['--import', `data:text/javascript,${encodeURIComponent(bomb)}`]
    const child = start(['gaussian', 'large.png', 'new.png', '--compression', '9'], {
      cwd: folder,
      env: neverNaming('new.png'),
      node,
    })
    let said = ''
    child.stderr.on('data', (text) => {
      said += text
    })
    expect(await new Promise((done) => child.on('close', done))).toBe(70)
    expect(said).toMatch(/^error: all is lost {3}\[E_INTERNAL\]/)
    expect(temporaries()).toEqual([])
    expect(readdirSync(folder)).not.toContain('new.png')
  })
})

describe.skipIf(process.platform !== 'linux' || !hasTerminals)('at a terminal', () => {
  it.each(signals)('%s during a review: %i, and keys are shown again', async (signal, status) => {
    rmSync(at('project'), { recursive: true, force: true })
    execFileSync('mkdir', [at('project')])
    const cwd = at('project')
    const run = (...args: string[]) => new Promise((done) => start(args, { cwd }).on('close', done))
    const manifest = (sigma: number) =>
      `cases: [{name: a, input: ../small.png, run: [gaussian, --sigma, ${sigma}]}]\n`
    writeFileSync(join(cwd, 'convo.check.yaml'), manifest(1))
    expect(await run('check', '--update')).toBe(0)
    writeFileSync(join(cwd, 'convo.check.yaml'), manifest(2))
    expect(await run('check')).toBe(1)
    const line = `"${process.execPath}" "${launcher}" review; echo "status $?"; stty -a`
    const env = { ...process.env, TERM: 'dumb' }
    const terminal = spawn('script', ['-qec', line, '/dev/null'], { cwd, env })
    let text = ''
    terminal.stdout.on('data', (piece) => {
      text += piece
    })
    const ended = new Promise((done) => terminal.on('close', done))
    await until(() => text.includes('[q]uit'), terminal)
    const shell = childrenOf(terminal.pid!)[0]!
    const [program = shell] = childrenOf(shell)
    process.kill(program, signal)
    await ended
    expect(text).toContain(`status ${status}`)
    expect(text).toMatch(/ icanon .* echo /s)
  })
})

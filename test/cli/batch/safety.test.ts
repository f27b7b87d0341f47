import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { convo, neverNaming, start } from '../convo.ts'
import { writePictures } from './pictures.ts'

let folder = ''
const at = (name: string) => join(folder, name)
const batch = (...args: string[]) => convo(['batch', ...args], { cwd: folder })
const merge = (...args: string[]) => batch('merge', ...args)
const pause = (milliseconds: number) => new Promise((done) => setTimeout(done, milliseconds))
const namesIn = (name: string) => (existsSync(at(name)) ? readdirSync(at(name)) : [])
const picturesIn = (name: string) => namesIn(name).filter((file) => !file.startsWith('.'))

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'convo-batch-safety-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe.runIf(existsSync('/proc/self/stat'))('a batch whose workers are killed', () => {
  const temporaries = () => namesIn('out').filter((name) => /^\.convo-.*\.tmp/.test(name))
  const workersOf = (pid: number | undefined) => {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    return text
      .split(' ')
      .filter((word) => word.trim() !== '')
      .map(Number)
  }

  it.each([
    ['goes on, and clears away what they were at', ['in', '-o', 'out/{stem}.png'], true, 'p000'],
    ['with it, leaves what the next one clears away', ['in', '-o', 'out/{stem}.png'], false, 'p000'],
    ['with it, where pictures replace themselves', ['out', '-o', '{path}', '--in-place'], false, '.tmp.png'],
  ] as const)('%s', async (_, line, goesOn, held) => {
    writePictures(at(line[0]), 3)
    const words = ['batch', ...line, '--jobs', '1', '--', 'gaussian']
    const child = start(words, { cwd: folder, env: neverNaming(held) })
    const ended = new Promise<number | null>((done) => child.on('close', done))
    while (temporaries().length === 0 && child.exitCode === null) await pause(1)
    const workers = workersOf(child.pid)
    expect(workers.length).toBeGreaterThan(0)
    if (!goesOn) child.kill('SIGKILL')
    for (const pid of workers) process.kill(pid, 'SIGKILL')
    const status = await ended
    if (goesOn) {
      expect([status, picturesIn('out').length]).toEqual([1, 2])
    } else {
      expect(temporaries().length).toBeGreaterThan(0)
      expect((await batch(...line, '--', 'sobel')).status).toBe(0)
    }
    expect(temporaries()).toEqual([])
  })
})

describe('logs that are merged', () => {
  it('say which outputs are not there any more', async () => {
    writePictures(at('in'), 4)
    for (const i of [1, 2]) {
      const line = ['in', '-o', 'out/{stem}.png', '--shard', `${i}/2`, '-q', '--', 'sobel']
      expect((await batch(...line)).status).toBe(0)
    }
    expect(await merge('out')).toMatchObject({ status: 0, stdout: expect.stringContaining('4 done') })
    const [first = ''] = picturesIn('out')
    rmSync(at(`out/${first}`))
    const late = await merge('out')
    expect([late.status, late.stdout]).toEqual([
      1,
      expect.stringContaining(`missing: out/${first}, made from in/`),
    ])
    expect(late.stdout).toContain('3 done, 1 not tried')
    const json = JSON.parse((await merge('out', '--json')).stdout)
    expect(json).toMatchObject({ done: 3, left: 1, missing: [expect.stringContaining(first)] })
    // also from another folder: the logs are in the folder of the outputs
    const elsewhere = await convo(['batch', 'merge', at('out')], { cwd: tmpdir() })
    expect(elsewhere).toMatchObject({ status: 1, stdout: expect.stringContaining('3 done') })
  })

  it.each([
    'null',
    '[]',
    '{"event":"start"}',
    '{"event":"start","time":"x","output":"o","shard":"","plan":"","all":1,"total":1,"operation":[]}',
    '{"event":"start","time":"2026-01-01","output":"{x}","shard":"","plan":"","all":1,"total":1,"operation":[]}\n{"event":"item","status":"done","input":"a","output":"b"}',
    '{"event":"__proto__"}',
    '{"event":"item","status":"done","input":1,"output":"x"}',
    'text',
  ])('are not trusted: %s', async (text) => {
    writeFileSync(at('log.jsonl'), `${text}\n`)
    expect(await merge('log.jsonl')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('log.jsonl is not a log of a batch   [E_INPUT]'),
    })
  })
})

describe.runIf(process.platform !== 'win32')('outputs that are one file', () => {
  it.each([
    [{ 'p000.png': 'real.png', 'p001.png': 'real.png', 'real.png': undefined }, 'links to a file'],
    [{ 'p000.png': '../new.png', 'p001.png': '../new.png' }, 'links to what is not there yet'],
    [{ 'p001.png': 'p000.png' }, 'a link to another output'],
    [{ 'p001.png': 'p002.png', 'p002.png': 'p000.png' }, 'a link to a link'],
  ] as [Record<string, string | undefined>, string][])(
    'are refused before one is made: %o',
    async (links) => {
      writePictures(at('in'), 2, 20, 10)
      mkdirSync(at('out'))
      for (const [name, target] of Object.entries(links)) {
        if (target === undefined) writeFileSync(at(`out/${name}`), 'old')
        else symlinkSync(target, at(`out/${name}`))
      }
      const before = readdirSync(at('out'))
      const { status, stderr } = await batch('in', '-o', 'out/{stem}.png', '--', 'sobel')
      expect([status, stderr]).toEqual([2, expect.stringContaining('two inputs have the same output')])
      expect([readdirSync(at('out')), existsSync(at('new.png'))]).toEqual([before, false])
      if ('real.png' in links) expect(readFileSync(at('out/real.png'), 'utf8')).toBe('old')
    },
  )
})

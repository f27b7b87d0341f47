import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'

import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { convo } from '../convo.ts'
import { writePictures } from './pictures.ts'

let folder = ''
const at = (name: string) => join(folder, name)
const batch = (...args: string[]) => convo(['batch', ...args], { cwd: folder })
const names = () => readdirSync(at('in')).sort()
const resumeLine = (stderr: string) => /to resume: convo batch (.*)/.exec(stderr)![1]!.replaceAll("'", '')

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'convo-batch-again-'))
  writePictures(at('in'), 3)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

it.each(['on the command line', 'in a file'])(
  'what --force %s did not get to is made by the line that resumes',
  async (where) => {
    const line = ['in', '-o', 'out/{stem}.png', '-j1']
    expect((await batch(...line, '--', 'sobel')).status).toBe(0)
    const [first] = names()
    copyFileSync(at(`in/${first}`), at('kept'))
    writeFileSync(at(`in/${first}`), 'x')
    const job = 'inputs: [in]\noutput: out/{stem}.png\njobs: 1\nforce: true\noperation: sobel\n'
    writeFileSync(at('job.yaml'), job)
    const again = where === 'in a file' ? ['job.yaml'] : [...line, '--force', '--', 'sobel']
    const stopped = await batch('--fail-fast', ...again)
    expect([stopped.status, stopped.stderr]).toEqual([1, expect.stringContaining('2 not tried')])
    copyFileSync(at('kept'), at(`in/${first}`))
    const resume = resumeLine(stopped.stderr).split(' ')
    expect((await batch(...resume)).stderr).toContain('3 done')
    expect((await batch(...resume)).stderr).toContain('3 up to date')
  },
)

it('in place, an output that is another link to the input is replaced, not the input', async () => {
  const [first] = names()
  mkdirSync(at('out'))
  linkSync(at(`in/${first}`), at('out/link.png'))
  const before = readFileSync(at(`in/${first}`))
  const line = [`in/${first}`, '-o', 'out/link.png', '--in-place', '--', 'sobel']
  expect((await batch(...line)).stderr).toContain('1 done')
  expect(readFileSync(at(`in/${first}`)).equals(before)).toBe(true)
  expect(readFileSync(at('out/link.png')).equals(before)).toBe(false)
  expect((await batch(...line)).stderr).toContain('1 up to date')
})

it('merge sees that an output was cut off that the last run found up to date', async () => {
  const line = ['in', '-o', 'out/{stem}.png', '--shard', '1/1', '--', 'sobel']
  for (const runs of ['3 done', '3 up to date']) expect((await batch(...line)).stderr).toContain(runs)
  truncateSync(at(`out/${names()[0]}`), 20)
  const { status, stdout } = await batch('merge', 'out')
  expect([status, stdout]).toEqual([1, expect.stringContaining('has changed: it has 20 bytes')])
})

it('the operation on the command line takes precedence over that of the file', async () => {
  writeFileSync(at('job.yaml'), 'inputs: [in]\noutput: out/{stem}.png\noperation: nothing-like-this\n')
  expect((await batch('job.yaml', '--', 'sobel')).stderr).toContain('3 done')
})

it.runIf(existsSync('/usr/bin/mkfifo'))('a pipe among the records is not waited for', async () => {
  mkdirSync(at('out/.convo'), { recursive: true })
  const line = ['in', '-o', 'out/{stem}.png', '--', 'sobel']
  for (const [name, message] of [
    ['.convo-lock-host-1-x', 'another batch is running in out'],
    ['state.jsonl', 'the record of the batch, out/.convo/state.jsonl, is not a regular file'],
  ] as const) {
    execFileSync('/usr/bin/mkfifo', [at(`out/.convo/${name}`)])
    const { status, stderr } = await batch(...line)
    expect([status, stderr]).toEqual([2, expect.stringContaining(message)])
    rmSync(at(`out/.convo/${name}`))
  }
})

it('where a folder has no pictures, --recursive is suggested only for subfolders, and hidden ones are named', async () => {
  const tried = (name: string) => batch(name, '-o', 'out/{stem}.png', '--', 'sobel')
  mkdirSync(at('hidden'))
  expect((await tried('hidden')).stderr).toBe('error: no pictures found in hidden   [E_INPUT]\n')
  copyFileSync(at(`in/${names()[0]}`), at('hidden/.a.png'))
  expect((await tried('hidden')).stderr).toContain('skipped 1 hidden picture, such as hidden/.a.png\n')
  mkdirSync(at('hidden/below'))
  expect((await tried('hidden')).stderr).toContain('--recursive')
})

it('leaves no folder behind where no picture came of it', async () => {
  for (const output of ['new/{stem}.png', 'new/deep/{rel}/{stem}.png', 'new/{stem}/{stem}.png']) {
    const { status, stderr } = await batch('in/nope.png', '-o', output, '--', 'sobel')
    expect([status, stderr]).toEqual([2, expect.stringContaining('there is no file in/nope.png')])
    expect(existsSync(at('new'))).toBe(false)
  }
  const { status } = await batch('in/nope.png', `in/${names()[0]}`, '-o', 'new/{stem}/x.png', '--', 'sobel')
  expect([status, readdirSync(at('new')).sort()]).toEqual([1, ['.convo', names()[0]!.replace('.png', '')]])
  writeFileSync(at('cut.png'), readFileSync(at(`in/${names()[0]}`)).subarray(0, -20))
  for (const shard of ['1/2', '2/2']) {
    await batch('cut.png', 'in/nope.png', '-o', 'part/{stem}/x.png', '--shard', shard, '--', 'sobel')
    // the log says for the merge what failed
    expect(readdirSync(at('part'))).toEqual(['.convo'])
  }
})

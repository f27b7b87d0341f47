import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { isHoldName, takeHold } from '../../../src/files/hold.ts'
import { check } from '../../../src/golden/api.ts'
import { holdingResults } from '../../../src/golden/results.ts'
import { start } from '../convo.ts'
import { repository, stripes } from './repository.ts'

const here = repository()
const taken = { message: '', fix: '' }
const hold = (name: string) => takeHold({ folder: here.path(name), taken })
const holds = (name: string) => readdirSync(here.path(name)).filter(isHoldName)

function project(): void {
  here.write('a.png', stripes(24))
  here.write('convo.check.yaml', 'cases: [{ name: edge, input: a.png, run: [sobel] }]\n')
}

describe('the results of a check', () => {
  it('are written by one check at a time, which the others name', async () => {
    project()
    const other = await hold('.convo/check')
    const { status, stderr } = await here.convo(['check'])
    expect([status, stderr]).toEqual([
      2,
      'error: another check is writing to .convo/check   [E_OUTPUT]\n' +
        `  ${stderr.split('\n')[1]!.trim()}\n` +
        '  try: convo check --results .convo/check-2\n',
    ])
    expect(stderr).toContain(`process ${process.pid} on ${hostname()}, since 2`)
    const approval = await here.convo(['approve', '--all'])
    expect([approval.status, approval.stderr]).toEqual([
      2,
      expect.stringMatching(
        /^error: a check is writing to .convo\/check {3}\[E_USAGE\]\n {2}process .*\n {2}try: convo approve --all --wait\n$/,
      ),
    ])
    expect((await here.convo(['check', '--results', '.convo/check-2'])).status).toBe(1)
    other.release()
    expect((await here.convo(['check', '--update'])).status).toBe(0)
    expect([holds('.convo/check'), holds('goldens')]).toEqual([[], []])
  })

  it.each([
    ['check', '.convo/check', ['check', '--wait'], 1],
    ['check', '.convo/check', ['approve', '--all', '--wait'], 0],
    ['check', '.convo/check', ['review', '--wait'], 2],
    ['approval', 'goldens', ['approve', '--all', '--wait'], 0],
    ['approval', 'goldens', ['check', '--update', '--wait'], 0],
  ])('are waited for with --wait: another %s in %s, by %j', async (what, folder, args, status) => {
    project()
    await here.convo(['check'])
    {
      const other = await hold(folder)
      const child = start([...args], { cwd: here.path(), env: {} })
      let stderr = ''
      child.stderr!.setEncoding('utf8').on('data', (text: string) => {
        stderr += text
        if (stderr.includes(`waiting for another ${what} in ${folder}: process `)) other.release()
      })
      const done = await new Promise((resolve) => child.on('close', resolve))
      expect([done, stderr]).toEqual([status, expect.stringMatching(/^waiting for another .*\n/)])
    }
    expect(holds('.convo/check')).toEqual([])
  })

  it('are those of one check too where a program runs two', async () => {
    project()
    const results = here.path('results')
    const run = () => check(here.path('convo.check.yaml'), { results })
    await holdingResults(results, () => expect(run()).rejects.toMatchObject({ code: 'E_OUTPUT' }))
    expect((await run()).failed).toBe(1)
    expect(holds('results')).toEqual([])
  })

  it('are free again when the process that had them is dead', async () => {
    project()
    const other = await hold('dead')
    const holder = JSON.parse(here.read(`dead/${holds('dead')[0]}`).toString())
    other.release()
    mkdirSync(here.path('.convo/check'), { recursive: true })
    const dead = JSON.stringify({ ...holder, pid: spawnSync('true').pid })
    writeFileSync(here.path('.convo/check/.convo-lock-dead-1-x'), dead)
    expect((await here.convo(['check'])).status).toBe(1)
    expect(holds('.convo/check')).toEqual([])
  })

  it.each(['compare', 'check'])('are free again after Ctrl-C, and hold nothing: %s', async (command) => {
    project()
    // nobody writes to this pipe, so the case waits forever
    spawnSync('mkfifo', [here.path('pipe.png')])
    here.write('b/a.png', stripes(24, 1))
    here.write('c/a.png', stripes(24, 2))
    here.write('convo.check.yaml', 'cases: [{ name: edge, input: pipe.png, run: [sobel] }]\n')
    const args =
      command === 'check'
        ? ['check', '--results', 'r']
        : ['compare', 'b', 'c', '--results', 'r', '--mask', 'pipe.png']
    const child = start(args, { cwd: here.path(), env: {} })
    if (command === 'check') while (!existsSync(here.path('r')) || holds('r').length === 0) await pause(5)
    else await pause(500)
    child.kill('SIGINT')
    const status = await new Promise((done) => child.on('close', (code, signal) => done(signal ?? code)))
    expect(status).toBeOneOf([130, 'SIGINT'])
    expect(existsSync(here.path('r')) ? holds('r') : []).toEqual([])
  })

  it('leave no folder behind when there is nothing to check', async () => {
    project()
    const { status, stderr } = await here.convo(['check', '--filter', 'nothing', '--results', 'r/s'])
    expect([status, stderr]).toEqual([2, expect.stringContaining('no case matches nothing')])
    expect(existsSync(here.path('r'))).toBe(false)
  })
})

describe('goldens', () => {
  it('are written by one approval at a time', async () => {
    project()
    await here.convo(['check'])
    const other = await hold('goldens')
    const { status, stderr } = await here.convo(['approve', '--all'])
    expect([status, stderr]).toEqual([
      2,
      expect.stringContaining(
        `error: another approval is writing to goldens   [E_OUTPUT]\n  process ${process.pid} on`,
      ),
    ])
    expect(stderr).toContain('  try: convo approve --all --wait\n')
    other.release()
    expect(existsSync(here.path('goldens'))).toBe(false)
    expect((await here.convo(['approve', '--all'])).stdout).toBe('1 golden written\n')
    expect(here.files('goldens')).toEqual(['convo.lock.json', 'edge.png'])
  })
})

import { existsSync, rmSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { hostMark, temporaryName } from '../../../src/files/leftovers.ts'
import { start } from '../convo.ts'
import { repository, sharpenKernel, stripes } from './repository.ts'

const here = repository()

async function changedRun(): Promise<void> {
  here.write('a.png', stripes(24))
  here.write('kernel.txt', sharpenKernel)
  here.write('convo.check.yaml', 'cases: [{name: edge, input: a.png, run: [conv2d, --kernel, kernel.txt]}]\n')
  expect((await here.convo(['check', '--update'])).status).toBe(0)
  here.write('kernel.txt', sharpenKernel.replace('5', '5.5'))
  expect((await here.convo(['check'])).status).toBe(1)
}

describe('approve', () => {
  it.each([
    [
      'the manifest',
      () => here.write('convo.check.yaml', `${here.read('convo.check.yaml')}# moved\n`),
      'convo.check.yaml: the manifest was changed after the check',
    ],
    [
      'an input',
      () => here.write('a.png', stripes(24, 1)),
      'a.png: this input of edge was changed after the check',
    ],
    [
      'a kernel',
      () => here.write('kernel.txt', sharpenKernel),
      'kernel.txt: this input of edge was changed after the check',
    ],
    [
      'the picture that was made',
      () => here.write('.convo/check/edge/actual.png', stripes(24, 2)),
      '.convo/check/edge/actual.png: differs from what the check made',
    ],
    [
      'the golden',
      () => here.write('goldens/edge.png', stripes(24, 3)),
      'goldens/edge.png: this golden was changed after the check',
    ],
  ])('refuses when %s moved, and writes nothing', async (_, move, why) => {
    await changedRun()
    move()
    const before = [here.read('goldens/edge.png'), here.read('goldens/convo.lock.json')]
    const run = await here.convo(['approve', 'edge'])
    expect(run.status).toBe(2)
    expect(run.stderr).toContain('what would be approved has changed since the check   [E_STALE]')
    expect(run.stderr).toContain(why)
    expect([here.read('goldens/edge.png'), here.read('goldens/convo.lock.json')]).toEqual(before)
  })

  it('says what it needs, and what it does not know', async () => {
    await changedRun()
    expect((await here.convo(['approve'])).stderr).toContain('approve needs names of cases, --all or --new')
    const both = await here.convo(['approve', '--all', 'edge'])
    expect(both).toMatchObject({ status: 2 })
    expect(both.stderr).toContain('approve takes one of names of cases and --all')
    const unknown = await here.convo(['approve', 'egde'])
    expect(unknown).toMatchObject({ status: 2 })
    expect(unknown.stderr).toContain('the last run has no case "egde"   [E_NAME]')
    expect(unknown.stderr).toContain('try: convo approve edge')
    expect((await here.convo(['approve', '--all', '--results', 'elsewhere'])).stderr).toContain(
      'there are no results of a check in elsewhere/results.json',
    )
  })

  it('completes an approval that was broken off between goldens and lock', async () => {
    await changedRun()
    here.write('goldens/edge.png', here.read('.convo/check/edge/actual.png'))
    expect(await here.convo(['approve', 'edge'])).toMatchObject({ status: 0 })
    expect(await here.convo(['check'])).toMatchObject({ status: 0 })
  })

  it('removes what a killed approval left behind, and nothing of a living one', async () => {
    await changedRun()
    const own = temporaryName()
    const dead = own.replace(`-${process.pid}-`, '-999999999-')
    const elsewhere = dead.replace(hostMark(), '00000000')
    for (const name of [own, dead, elsewhere]) here.write(`goldens/${name}`, 'half')
    await here.convo(['approve', 'edge'])
    expect(here.files('goldens')).toEqual([elsewhere, own, 'convo.lock.json', 'edge.png'].sort())
  })

  it('killed at any moment, it leaves every golden whole, the old one or the new one, and can be done again', async () => {
    const names = Array.from({ length: 12 }, (_, i) => `c${i}`)
    for (const [i, name] of names.entries()) here.write(`in/${name}.png`, stripes(64, i))
    const manifest = (sigma: number) =>
      here.write(
        'convo.check.yaml',
        `cases: [{name: "{stem}", input: in/*.png, run: [gaussian, --sigma, ${sigma}]}]\n`,
      )
    manifest(1)
    expect((await here.convo(['check', '--update'])).status).toBe(0)
    let [sigma, outcomes] = [1, '']
    // kills the process as soon as the given number of goldens are new
    for (const wanted of [0, 1, 2, 5, 9, 12]) {
      sigma += 0.25
      manifest(sigma)
      expect((await here.convo(['check'])).status).toBe(1)
      const old = new Map(names.map((name) => [name, here.read(`goldens/${name}.png`)]))
      const made = new Map(
        names
          .filter((name) => existsSync(here.path(`.convo/check/${name}/actual.png`)))
          .map((name) => [name, here.read(`.convo/check/${name}/actual.png`)]),
      )
      const child = start(['approve', '--all'], { cwd: here.path() })
      const ended = new Promise((done) => child.on('close', done))
      const isNew = (name: string) => made.get(name)?.equals(here.read(`goldens/${name}.png`)) === true
      while (child.exitCode === null && names.filter(isNew).length < wanted) await nextTurn()
      child.kill('SIGKILL')
      await ended
      for (const name of names) {
        const golden = here.read(`goldens/${name}.png`)
        expect(isNew(name) || golden.equals(old.get(name)!)).toBe(true)
        outcomes += isNew(name) ? 'n' : 'o'
      }
      expect((await here.convo(['approve', '--all'])).status).toBe(0)
      expect(await here.convo(['check'])).toMatchObject({ status: 0 })
      expect(here.files('goldens')).toHaveLength(names.length + 1)
    }
    expect(outcomes).toMatch(/o/)
    expect(outcomes).toMatch(/n/)
  })

  it.each([
    [
      'of half its bytes',
      () => here.write('goldens/edge.png', here.read('goldens/edge.png').subarray(0, 90)),
    ],
    ['that is empty', () => here.write('goldens/edge.png', '')],
    ['that is no picture', () => here.write('goldens/edge.png', 'hello')],
    [
      'that is a folder',
      () => {
        rmSync(here.path('goldens/edge.png'))
        here.write('goldens/edge.png/x', '')
      },
    ],
  ])('with all, leaves a golden %s as it is, in the lock or not', async (_, damage) => {
    await changedRun()
    damage()
    const before = here
      .files('goldens')
      .map((name) => (name.endsWith('.json') ? '' : here.read(`goldens/${name}`)))
    for (const isInLock of [true, false]) {
      if (!isInLock) rmSync(here.path('goldens/convo.lock.json'))
      const { status, stdout } = await here.convo(['check'])
      expect([status, stdout]).toEqual([
        1,
        expect.stringContaining('the golden cannot be read\n    goldens/edge.png'),
      ])
      expect(stdout).toContain('try: restore it, for example with git checkout -- goldens/edge.png')
      const approval = await here.convo(['approve', '--all'])
      expect([approval.status, approval.stdout]).toEqual([1, 'nothing to approve\n'])
      expect(approval.stderr).toMatch(/^note: edge: the golden cannot be read|^note: edge has no picture/)
    }
    const goldens = here.files('goldens')
    expect(goldens.map((name) => here.read(`goldens/${name}`))).toEqual(before.filter((one) => one !== ''))
    if (goldens[0] !== 'edge.png') return
    expect(await here.convo(['approve', 'edge'])).toMatchObject({ status: 0, stdout: '1 golden written\n' })
  })
})

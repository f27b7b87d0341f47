import { mkdirSync, symlinkSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { repository, stripes } from './check/repository.ts'
import { hosted } from './hosted.ts'

const here = repository()
const run = (...args: string[]) => hosted(args, here.path())

/** Checks that a line is refused, and that the suggested line works. */
async function mends(
  line: string[],
  says: string,
  words: readonly [from: string, to: string],
): Promise<void> {
  const { status, stderr } = await run(...line)
  expect([status, stderr]).toEqual([2, expect.stringContaining(`error: ${says}   [E_USAGE]`)])
  expect(stderr).toContain(words[1])
  expect((await run(...line.map((word) => (word === words[0] ? words[1] : word)))).status).toBe(0)
}

describe('one file for two things', () => {
  test.each([
    ['the log and the list of failures', '--failed-list', './log', 'the log', 'failed-list.txt'],
    [
      'the list of failures and an output',
      '--failed-list',
      'out/a.png',
      'the output of a.png',
      'failed-list.txt',
    ],
    ['the log and an output', '--log', 'out/../out/a.png', 'the output of a.png', 'log.txt'],
  ])('%s of a batch', async (_, option, path, other, instead) => {
    here.write('a.png', stripes(16))
    const log = option === '--log' ? [] : ['--log', 'log']
    const line = ['batch', 'a.png', '-o', 'out/{stem}.png', ...log, option, path, '--', 'sobel']
    await mends(line, `${option} ${path} is also ${other}`, [path, instead])
  })

  test('lists of shards', async () => {
    here.write('a.png', stripes(16))
    const own = ['--log', '{shard}', '--failed-list', './{shard}']
    const line = ['batch', 'a.png', '-o', 'out/{stem}.png', '--shard', '1/2', ...own, '--', 'sobel']
    const words = ['./{shard}', 'failed-list-{shard}.txt'] as const
    await mends(line, '--failed-list ./1-of-2 is also the log', words)
  })

  test('reports of a check, and what it reads', async () => {
    here.write('a.png', stripes(16))
    here.write('convo.check.yaml', 'cases: [{name: edge, input: a.png, run: [sobel]}]\n')
    expect((await run('check', '--update')).status).toBe(0)
    const both = await run('check', '--reporter', 'junit=report', '--reporter', 'html=sub/../report')
    const says = 'error: junit and html cannot both be written to sub/../report   [E_USAGE]'
    expect([both.status, both.stderr]).toEqual([2, expect.stringContaining(says)])
    symlinkSync('report', here.path('link'))
    mkdirSync(here.path('real'))
    symlinkSync('real', here.path('folder'))
    for (const [one, other] of [
      ['report', 'link'],
      ['link', './report'],
      ['real/a', 'folder/a'],
    ]) {
      const linked = await run('check', '--reporter', `junit=${one}`, '--reporter', `markdown=${other}`)
      const message = `error: junit and markdown cannot both be written to ${other}   [E_USAGE]`
      expect([linked.status, linked.stderr]).toEqual([2, expect.stringContaining(message)])
    }
    const own = await run('check', '--reporter', 'junit=.convo/check/results.json')
    expect([own.status, own.stderr]).toEqual([
      2,
      expect.stringContaining('the results of the check and junit cannot'),
    ])
    for (const file of ['goldens/edge.png', 'goldens/convo.lock.json', 'convo.check.yaml', 'a.png']) {
      const { status, stderr } = await run('check', '--reporter', `json=${file}`)
      expect([status, stderr]).toEqual([2, expect.stringContaining(`${file} is one of the inputs`)])
    }
    expect((await run('check')).status).toBe(0)
  })
})

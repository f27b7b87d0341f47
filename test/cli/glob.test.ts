import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { glob } from '../../src/files/glob.ts'
import { failure } from '../image/pictures.ts'
import { convo } from './convo.ts'

const folder = mkdtempSync(join(tmpdir(), 'convo-glob-'))
afterAll(() => rmSync(folder, { recursive: true }))
const long = `${'a'.repeat(200)}c.png`
for (const name of ['b.png', long]) writeFileSync(join(folder, name), '')

test.each(['*.png', '**/*c.{png,tif}', 'a*a*a*c.png', '+(a|c)c.png', '[ab]*.png'])(
  '%s is found',
  async (pattern) => {
    expect(await glob(pattern, { cwd: folder })).toContain(long)
  },
)

// each would take hours on the long name
test.each([
  [`${'*a'.repeat(8)}b`, 'has more than 4 wildcards between two slashes'],
  [`x/{${'*a'.repeat(8)}b,c}`, 'has more than 4 wildcards between two slashes'],
  ['+(*a)b*', 'repeats a part that has wildcards'],
  ['*(+(a))b*', 'repeats a part that has wildcards'],
  [`${'**/a*/'.repeat(8)}b`, 'has more than 4 **'],
])('%s is refused', async (pattern, problem) => {
  const { message } = await failure('E_INPUT', () => glob(pattern, { cwd: folder }))
  expect(message).toBe(`the pattern ${pattern} ${problem}`)
})

test('in a manifest, at its place, and on the command line', async () => {
  const pattern = `${'*a'.repeat(8)}b`
  writeFileSync(join(folder, 'm.yaml'), `cases:\n- name: a\n  actual: '${pattern}'\n`)
  const checked = await convo(['check', 'm.yaml'], { cwd: folder })
  expect([checked.status, checked.stderr]).toEqual([
    2,
    expect.stringContaining('m.yaml:3:11: a: the pattern *a'),
  ])
  const batch = await convo(['batch', pattern, '-o', 'o/{stem}.png', '--', 'sobel'], { cwd: folder })
  expect([batch.status, batch.stderr]).toEqual([2, expect.stringContaining('between two slashes')])
})

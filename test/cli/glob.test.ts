import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { glob } from '../../src/files/glob.ts'
import { loadManifest, manifestFiles } from '../../src/golden/manifest.ts'
import { findInputs } from '../../src/picture/find.ts'
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

// matching any of these with the long name would take hours
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

test('a file that is named *.png hides no other; one that is named x[1].png is meant alone', async () => {
  const own = join(folder, 'own')
  const names = ['*.png', 'a.png', 'x(1).png', 'x1.png', 'x[1].png']
  mkdirSync(own)
  for (const name of names) writeFileSync(join(own, name), '')
  const found = async (word: string) => {
    const { inputs } = await findInputs({ words: [join(own, word)], recursive: false, isNull: false })
    return inputs.map(({ path }) => basename(path))
  }
  expect(await found('*.png')).toEqual(names)
  expect(await found('x[1].png')).toEqual(['x[1].png'])
  expect(await found('x(1).png')).toEqual(['x(1).png'])
  writeFileSync(join(own, '?.yaml'), "cases:\n- { name: 'case-{index}', actual: '*.png' }\n")
  writeFileSync(join(own, 'm.yaml'), "cases:\n- { name: a, actual: 'x[1].png' }\n")
  const files = await manifestFiles([join(own, '?.yaml')])
  expect(files.map((file) => basename(file))).toEqual(['?.yaml', 'm.yaml'])
  const cases = await Promise.all(files.map(async (file) => (await loadManifest(file)).cases))
  expect(cases.map((list) => list.map(({ input }) => basename(input)))).toEqual([names, ['x[1].png']])
})

import { copyFileSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { convo, scratch } from './convo.ts'

const sample = fileURLToPath(new URL('../../samples/small/colour.png', import.meta.url))
const { path } = scratch()

test('a list of names with signs that are not shown as they are can be checked', async () => {
  mkdirSync(path('in'))
  const names = ['esc\u001b[31m', 'bi\u202e', 't\tn\nr\rb\\u0041\\n', '##[x]', 'c\u0085']
  for (const name of names) copyFileSync(sample, path(`in/${name}.png`))
  const { stdout } = await convo(['digest', 'in'], { cwd: path() })
  expect(stdout.split('\n').every((line) => line === '' || line.startsWith('\\sha256:'))).toBe(true)
  writeFileSync(path('list'), stdout)
  const check = () => convo(['digest', '--check', 'list', '--json'], { cwd: path() })
  const whole = await check()
  const images = JSON.parse(whole.stdout).map(({ image }: { image: string }) => image)
  expect([whole.status, images.sort()]).toEqual([0, names.map((name) => `in/${name}.png`).sort()])
  renameSync(path(`in/${names[0]}.png`), path('in/other.png'))
  expect((await check()).status).toBe(1)
  const line = await convo(['digest', '--check', 'list', 'in'], { cwd: path() })
  expect([line.status, line.stderr]).toEqual([2, expect.stringContaining('try: convo digest --check list\n')])
})

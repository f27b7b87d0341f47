import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { convo } from './cli/convo.ts'

// Tests that samples/ works as documented, in a copy of the folder. test/golden.test.ts runs its check manifest.

const samples = fileURLToPath(new URL('../samples', import.meta.url))
let root = ''
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'convo-samples-'))
  cpSync(samples, join(root, 'samples'), { recursive: true })
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

describe('samples/convo.batch.yaml', () => {
  const batch = () => convo(['batch', 'samples/convo.batch.yaml'], { cwd: root })
  const pictures = ['alpha.png', 'blurred.png', 'gray16.png', 'scene.png']

  test('makes a drawing of every picture, as the chain in it does', async () => {
    const { status, stderr } = await batch()
    expect([status, stderr]).toEqual([0, expect.stringMatching(/^4 pictures in .*: 4 done\n$/)])
    expect(readdirSync(join(root, 'out')).filter((name) => name.endsWith('.png'))).toEqual(pictures)
    const steps = [
      '--',
      'gaussian',
      '--sigma',
      '1',
      '--',
      'sobel',
      '--unit',
      '--',
      'pointwise',
      '--preset',
      'invert',
    ]
    const one = await convo(['chain', 'samples/scene.png', 'one.png', '--gray', '-q', ...steps], {
      cwd: root,
    })
    expect(one.status).toBe(0)
    expect(readFileSync(join(root, 'one.png')).equals(readFileSync(join(root, 'out/scene.png')))).toBe(true)
  })

  test('writes its log, and has nothing to do a second time', async () => {
    const log = readFileSync(join(root, 'out/batch.jsonl'), 'utf8').trim().split('\n')
    expect(pictures.every((name) => log.some((line) => line.includes(name)))).toBe(true)
    const { status, stderr } = await batch()
    expect([status, stderr]).toEqual([0, expect.stringContaining('0 done, 4 up to date')])
  })
})

test('every sample is one that a filter takes', async () => {
  const files = readdirSync(samples).filter((name) => /\.(?:png|tif)$/.test(name))
  expect(files.length).toBeGreaterThanOrEqual(4)
  for (const name of files) {
    const { status } = await convo(['sobel', `samples/${name}`, 'edges.png', '-q'], { cwd: root })
    expect([name, status]).toEqual([name, 0])
  }
})

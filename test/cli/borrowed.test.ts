import { mkdirSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { decode } from '../../src/image/decode.ts'
import { convo, scratch } from './convo.ts'

// HEIC and JPEG XL are decoded by programs that users install. Here it is one written for the test.

const here = scratch()
const run = (...args: string[]) => convo(args, { cwd: here.path() })
const heic = Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1')

test('a HEIC is read where a decoder is installed, and the error says how', async () => {
  writeFileSync(here.path('a.heic'), heic)
  const before = await run('conv2d', 'a.heic', 'o.png', '--kernel', '1')
  expect(before.status).toBe(2)
  expect(before.stderr).toBe(
    'error: a.heic is a HEIC picture, which convo does not read   [E_DECODE]\n' +
      '  a.heic: convo reads it if heic-decode is installed, next to convo or in this folder\n' +
      '  without it: heif-convert a.heic a.png\n' +
      '  try: npm install heic-decode\n',
  )
  const folder = here.path('node_modules/heic-decode')
  mkdirSync(folder, { recursive: true })
  const decoder = (pixels: string, more: string) =>
    writeFileSync(
      `${folder}/index.js`,
      `exports.all = async ({ buffer }) => { console.log('noise'); if (buffer.length !== 24) throw new Error('short'); return [{ decode: async () => ({ width: 2, height: 1, data: Uint8ClampedArray.of(${pixels}) }) }${more}] }`,
    )
  const note =
    'note: a.heic was read by heic-decode: 8 bits of its first picture, without profile and metadata\n'
  for (const [pixels, samples, more, said] of [
    ['1,2,3,255,4,5,6,255', [1, 2, 3, 4, 5, 6], '', note],
    [
      '1,2,3,255,4,5,6,9',
      [1, 2, 3, 255, 4, 5, 6, 9],
      ',{}',
      `${note}note: not read from a.heic: 1 more picture\n`,
    ],
  ] as const) {
    decoder(pixels, more)
    const after = await run('conv2d', 'a.heic', 'o.png', '--kernel', '1', '--force')
    expect([after.status, after.stderr.replace(/note: o.png already.*\n/, '')]).toEqual([0, said])
    expect([...(await decode(here.path('o.png'), { maxPixels: 9, orient: true })).data]).toEqual(samples)
  }
  const large = await run('conv2d', 'a.heic', 'o.png', '--kernel', '1', '--max-pixels', '1')
  expect(large.stderr).toContain('[E_TOO_LARGE]')
  writeFileSync(here.path('b.heic'), heic.subarray(0, 20))
  const bad = await run('conv2d', 'b.heic', 'o.png', '--kernel', '1')
  expect(bad.stderr).toContain('b.heic: heic-decode: short')
})

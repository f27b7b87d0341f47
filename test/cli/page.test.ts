import { writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { decode } from '../../src/image/decode.ts'
import { encodePages } from '../../src/image/encode.ts'
import { convo as convoOf } from '../../src/index.ts'
import { writeNpy } from '../../src/kernel/formats/npy.ts'
import { apngOf } from '../image/chunks.ts'
import { picture } from '../image/pictures.ts'
import { tiffOf } from '../image/tiff.ts'
import { convo, scratch } from './convo.ts'

const here = scratch()
const run = (...args: string[]) => convo(args, { cwd: here.path() })
const same = ['conv2d', '--kernel', '1']
const firstOf = async (name: string) =>
  (await decode(here.path(name), { maxPixels: 1e6, orient: true })).data[0]
const pages = [10, 120, 250].map((level) => picture(8, 6, 3, 8, () => level))

describe('--page', () => {
  test('reads one page, counted from 1, of every format that has several', async () => {
    for (const format of ['tiff', 'gif', 'webp'] as const)
      writeFileSync(here.path(`a.${format}`), (await encodePages(pages, format)).bytes)
    writeFileSync(
      here.path('a.png'),
      apngOf(
        [8, 6, 0],
        pages.map(({ data }) => ({ samples: [...data].filter((_, i) => i % 3 === 0) })),
      ),
    )
    for (const name of ['a.tiff', 'a.gif', 'a.webp', 'a.png']) {
      for (const [i, level] of [10, 120, 250].entries()) {
        for (const output of ['o.png', 'o.tif']) {
          const { status, stderr } = await run(
            ...same,
            name,
            output,
            '--page',
            String(i + 1),
            '--force',
            '-q',
          )
          expect([status, stderr]).toEqual([0, ''])
          expect([name, i, await firstOf(output)]).toEqual([name, i, level])
        }
      }
      const { status, stderr } = await run(...same, name, 'o.png', '--page', '4', '--force')
      expect(status).toBe(2)
      expect(stderr).toContain(`${name} has no page 4`)
      expect(stderr).toContain('try: convo conv2d --kernel 1')
    }
    expect((await convoOf(here.path('a.gif'), { page: 2 }).conv2d({ kernel: '1' }).raw()).data[0]).toBe(120)
    expect((await run('chain', 'a.gif', 'c.png', '--page', '3', '-q', '--', 'box', '--', 'box')).status).toBe(
      0,
    )
    expect(await firstOf('c.png')).toBe(250)
  })

  test('reads the picture behind a smaller copy, as the error says', async () => {
    const level = { width: 8, height: 6, level: 100 }
    writeFileSync(here.path('small.tif'), tiffOf([{ width: 4, height: 3, fields: [[254, 4, 1]] }, level]))
    const refused = await run(...same, 'small.tif', 'o.png')
    expect([refused.status, refused.stderr.includes('--page 2')]).toEqual([2, true])
    expect((await run(...same, 'small.tif', 'p.png', '--page', '2')).status).toBe(0)
    expect(await firstOf('p.png')).toBe(100)
  })

  test('is refused where there is no page to choose', async () => {
    writeFileSync(here.path('a.npy'), writeNpy([4, 3], new Float32Array(12)))
    for (const [line, said] of [
      ['box a.npy o.png --page 1', '--page 1 is for picture files'],
      ['conv3d a.gif o.gif --page 2', 'conv3d uses all pages'],
      ['box p.png o.png --page 2', 'p.png has no page 2'],
    ] as const) {
      const { status, stderr } = await run(...line.split(' '))
      expect([status, stderr.includes(said)], stderr).toEqual([2, true])
    }
  })
})

import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readHeader } from '../../src/image/decode.ts'
import { exrOf } from '../image/exrs.ts'
import { convo, scratch } from './convo.ts'

const folder = scratch()
const run = (...args: string[]) => convo(args, { cwd: folder.path() })
const options = { maxPixels: 1e6, orient: true }

describe('pictures of linear light', () => {
  it.each([
    ['a.exr', () => exrOf({ width: 4, height: 3, channels: [['Y', 1]], sample: (x) => x / 4 })],
    ['a.hdr', () => Buffer.from('#?RADIANCE\n\n-Y 1 +X 1\n\x10\x20\x30\x80', 'latin1')],
  ])('say so in the gamma of a PNG, and in a note elsewhere: %s', async (name, make) => {
    writeFileSync(folder.path(name), make())
    expect((await run('box', name, 'o.png', '--force', '--depth', '16')).stderr).toBe('')
    expect((await readHeader(folder.path('o.png'), options)).meta.gamma).toBe(100000)
    const note =
      'note: floating point was rounded to 8 bits: .tif, .pfm or .npy keep all\n' +
      'note: jpeg cannot store that its light is linear: it looks dark\n'
    expect((await run('box', name, 'o.jpg', '--force')).stderr).toBe(note)
    expect((await run('chain', name, 'o.jpg', '--force', '--', 'box', '--', 'box')).stderr).toBe(note)
    for (const floats of [['o.npy'], ['o.pfm'], ['o.tif']])
      expect((await run('box', name, ...floats, '--force')).stderr).toBe('')
    expect(readFileSync(folder.path('o.pfm')).toString('latin1', 0, 2)).toBe(name === 'a.exr' ? 'Pf' : 'PF')
  })
})

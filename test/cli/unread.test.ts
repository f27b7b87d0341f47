import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { encode } from '../../src/image/encode.ts'
import { writeNpy } from '../../src/kernel/formats/npy.ts'
import { apngOf, chunkOf, pngOf } from '../image/chunks.ts'
import { photo } from '../image/pictures.ts'
import { floatTiff } from '../image/tiff.ts'
import { convo, scratch } from './convo.ts'

const folder = scratch()
const run = (...args: string[]) => convo(args, { cwd: folder.path() })
const put = (name: string, bytes: Uint8Array) => writeFileSync(folder.path(name), bytes)

/** Makes a JPEG with an index of two pictures, followed by the bytes of a second one. */
async function mpo(second: string): Promise<Buffer> {
  const jpeg = Buffer.from((await encode(photo, 'jpeg')).bytes)
  const index = Buffer.from('MPF\0II*\0\x08\0\0\0\x01\0\x01\xb0\x04\0\x01\0\0\0\x02\0\0\0\0\0\0\0', 'latin1')
  const head = Buffer.from([0xff, 0xe2, 0, index.length + 2])
  return Buffer.concat([jpeg.subarray(0, 2), head, index, jpeg.subarray(2), Buffer.from(second)])
}

it('says that sharp is not there, and does not blame the picture', async () => {
  const copy = folder.path('elsewhere')
  for (const part of ['bin', 'dist', 'package.json'])
    cpSync(new URL(`../../${part}`, import.meta.url), join(copy, part), { recursive: true })
  put('b.png', pngOf([2, 1, 0], [5, 6]))
  put('b.jpg', (await encode(photo, 'jpeg')).bytes)
  for (const args of [
    ['box', 'b.jpg', 'o.png'],
    ['box', 'b.png', 'o.jpg'],
  ]) {
    const { status, stderr } = await convo(args, { cwd: folder.path(), launcher: join(copy, 'bin/convo.js') })
    expect([status, stderr]).toEqual([
      2,
      'error: sharp, which decodes and encodes pictures, cannot be loaded   [E_INPUT]\n' +
        "  Cannot find module 'sharp'\n  try: npm install --include=optional sharp\n",
    ])
  }
})

describe('what is not looked at is never called equal', () => {
  it('compares and hashes every picture of an animated PNG', async () => {
    const [a, b] = [1, 2].map((last) => apngOf([2, 1, 0], [{ samples: [5, 6] }, { samples: [last, 0] }]))
    put('a.png', a!)
    put('b.png', b!)
    put('again.png', Buffer.concat([a!.subarray(0, 33), chunkOf('tEXt', 'Title\0again'), a!.subarray(33)]))
    const different = await run('compare', 'a.png', 'b.png')
    expect(different.status).toBe(1)
    expect(different.stdout).toContain('pages     2, 1 of them the same')
    expect((await run('compare', 'a.png', 'again.png')).status).toBe(0)
    const digest = async (name: string) => (await run('digest', name)).stdout
    expect(await digest('a.png')).not.toBe(await digest('b.png'))
    expect(await digest('a.png')).toBe(await digest('again.png'))
    const { stderr } = await run('box', 'a.png', 'a.gif')
    expect(stderr).not.toContain('the first was used')
    expect((await run('compare', 'a.gif', 'a.gif', '--json')).stdout).toContain('"expectedPages": 2')
  })

  it('finds PNGs of another gamma different, and keeps no gamma beside an sRGB chunk that says otherwise', async () => {
    const gamma = (value: number) =>
      chunkOf('gAMA', Buffer.from([0, value >> 16, (value >> 8) & 255, value & 255]))
    const [plain, srgb] = [chunkOf('tEXt', 'Title\0plain'), chunkOf('sRGB', Buffer.from([0]))]
    const files = {
      linear: [gamma(100000)],
      usual: [gamma(45455)],
      none: [plain],
      both: [srgb, gamma(100000)],
    }
    for (const [name, chunks] of Object.entries(files)) put(`${name}.png`, pngOf([2, 1, 0], [5, 6], chunks))
    const different = await run('compare', 'linear.png', 'none.png')
    expect(different.status).toBe(1)
    expect(different.stdout).toContain('gamma 1 expected, 2.2 found')
    expect((await run('compare', 'linear.png', 'none.png', '--icc', 'ignore')).status).toBe(0)
    expect((await run('compare', 'usual.png', 'none.png')).status).toBe(0)
    expect((await run('compare', 'both.png', 'none.png')).status).toBe(0)
    await run('relu', 'both.png', 'out.png')
    expect((await run('compare', 'both.png', 'out.png')).status).toBe(0)
  })

  it('tells of the slices behind the only page of an ImageJ stack', async () => {
    const text = 'ImageJ=1.53t\nimages=5\nslices=5\n\0'
    const stack = (last: number) => {
      const page = floatTiff(2, 1, [5, 6])
      // replaces the field for signed or float samples, which is the last one, because fields are sorted
      const count = page.readUInt16LE(8)
      const fields = Array.from({ length: count }, (_, i) => page.subarray(10 + 12 * i, 22 + 12 * i))
      const field = Buffer.alloc(12)
      field.writeUInt16LE(270, 0)
      field.writeUInt16LE(2, 2)
      field.writeUInt32LE(text.length, 4)
      const moved = 12
      field.writeUInt32LE(page.length + moved, 8)
      const offset = fields.find((one) => one.readUInt16LE(0) === 273)!
      offset.writeUInt32LE(offset.readUInt32LE(8) + moved, 8)
      fields.splice(5, 0, field)
      const head = Buffer.from(page.subarray(0, 10))
      head.writeUInt16LE(count + 1, 8)
      const behind = Buffer.from(Float32Array.from([last, last]).buffer)
      return Buffer.concat([head, ...fields, page.subarray(10 + 12 * count), Buffer.from(text), behind])
    }
    put('stack.tif', stack(10))
    put('other.tif', stack(200))
    const compared = await run('compare', 'stack.tif', 'other.tif')
    expect([compared.status, compared.stderr]).toEqual([1, ''])
    expect(compared.stdout).toContain('4 more slices of an ImageJ stack of stack.tif')
    for (const line of [
      ['conv3d', 'stack.tif', 'out.npy'],
      ['explain', 'sobel', 'stack.tif'],
    ])
      expect((await run(...line)).stderr).toContain(
        'not read from stack.tif: 4 more slices of an ImageJ stack',
      )
  })

  it('tells in explain, --dry-run and show of pages and a layout, as the run does', async () => {
    put('a.png', apngOf([2, 1, 0], [{ samples: [5, 6] }, { samples: [7, 0] }]))
    writeFileSync(folder.path('hwc.npy'), writeNpy([5, 6, 3], new Float32Array(90)))
    const pages = 'a.png has 2 pages, only the first was used'
    for (const [line, note] of [
      [['explain', 'sobel', 'a.png'], pages],
      [['explain', 'involution', 'a.png'], pages],
      [['explain', 'chain', 'a.png', '--', 'sobel'], pages],
      [['sobel', 'a.png', 'o.png', '--dry-run'], pages],
      [['explain', 'sobel', 'hwc.npy'], 'read as [H,W,C]'],
      [['sobel', 'hwc.npy', 'o.png', '--dry-run'], 'read as [H,W,C]'],
    ] as [string[], string][]) {
      expect((await run(...line)).stderr).toContain(note)
      const cut = line.indexOf('--')
      const json = cut < 0 ? [...line, '--json'] : [...line.slice(0, cut), '--json', ...line.slice(cut)]
      expect(JSON.parse((await run(...json)).stdout).notes.join()).toContain(note)
    }
    expect((await run('sobel', 'a.png', 'o.gif', '--dry-run')).stderr).toBe('')
    expect((await run('explain', 'conv3d', 'a.png')).stderr).toBe('')
    expect((await run('show', 'sobel-x', 'o.svg', '--photo', 'a.png')).stderr).toContain('2 pages')
    expect((await run('explain', 'sharpen', 'a.png', '--depth', '16')).stderr).toContain(
      '--depth 16 cannot be used with a.png',
    )
  })

  it('tells of further pictures of a JPEG, and finds files with others different', async () => {
    put('a.jpg', await mpo('one'))
    put('b.jpg', await mpo('two'))
    const compared = await run('compare', 'a.jpg', 'b.jpg')
    expect(compared.status).toBe(1)
    expect(compared.stdout).toContain(
      'failed    not compared, because convo does not read it: 1 more picture (MPF) of a.jpg',
    )
    expect(compared.stdout).toContain(
      'smallest tolerance that would pass: none, because not all pictures can be read',
    )
    put('copy.jpg', await mpo('one'))
    expect((await run('compare', 'a.jpg', 'copy.jpg')).status).toBe(0)
    const [a, b, copy] = await Promise.all(
      ['a.jpg', 'b.jpg', 'copy.jpg'].map((name) => run('digest', name, '--json')),
    )
    const of = (text: string) => JSON.parse(text) as { digest: string; notes: string[] }
    expect(of(a!.stdout).digest).not.toBe(of(b!.stdout).digest)
    expect(of(a!.stdout).digest).toBe(of(copy!.stdout).digest)
    expect(of(a!.stdout).notes[0]).toContain('1 more picture (MPF)')
    const { stderr } = await run('box', 'a.jpg', 'out.png')
    expect(stderr).toContain('note: not read from a.jpg: 1 more picture (MPF)')
  })
})

describe('what an output loses', () => {
  const text = chunkOf('tIME', Buffer.alloc(7))

  it('is told once, also in --json, and counted in a batch', async () => {
    put('text.png', pngOf([2, 1, 0], [1, 2], [text]))
    expect((await run('box', 'text.png', 'o.png')).stderr).toBe('note: time of text.png is lost\n')
    const { notes } = JSON.parse((await run('box', 'text.png', 'o.png', '--json')).stdout) as {
      notes: string[]
    }
    expect(notes).toEqual(['time of text.png is lost'])
    const batch = await run('batch', 'text.png', '-o', 'made/{stem}.png', '--', 'box')
    expect(batch.stderr).toContain('notes on 1, which --verbose lists')
  })

  it('keeps the orientation with pixels that are not turned', async () => {
    const exif = Buffer.from('II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0', 'latin1')
    put('turned.png', pngOf([2, 1, 0], [1, 200], [chunkOf('eXIf', exif)]))
    await run('box', 'turned.png', 'kept.png', '--size', '1', '--no-orient')
    expect(readFileSync(folder.path('kept.png')).includes(exif)).toBe(true)
    await run('box', 'turned.png', 'applied.png', '--size', '1')
    expect(readFileSync(folder.path('applied.png')).includes('eXIf')).toBe(false)
    expect((await run('compare', 'turned.png', 'kept.png')).status).toBe(0)
    expect((await run('compare', 'turned.png', 'applied.png')).status).toBe(0)
    const unlike = await run('compare', 'kept.png', 'applied.png', '--no-orient', '--size', 'pad')
    expect(unlike.stdout).toContain('the EXIF orientations differ: expected 6, got 1')
  })
})

describe.skipIf(process.platform === 'win32')('an input that never ends', () => {
  it.each([
    [['digest', '/dev/zero'], 'is not in a known picture format'],
    [['box', '/dev/zero', 'o.png'], 'is not in a known picture format'],
    [['compare', '/dev/zero', '/dev/zero'], 'is not in a known picture format'],
    [
      ['batch', '--files-from', '/dev/zero', '-o', 'x/{stem}.png', '--', 'box'],
      '/dev/zero has more bytes than allowed',
    ],
  ])('is an error of exit 2: %j', async (args, message) => {
    const { status, stderr } = await run(...args)
    expect([status, stderr]).toEqual([2, expect.stringContaining(message)])
  })
})

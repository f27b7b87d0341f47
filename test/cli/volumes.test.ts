import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import sharp from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import { writeNpy } from '../../src/kernel/formats/npy.ts'
import { floatTiff } from '../image/tiff.ts'
import { convo, scratch } from './convo.ts'
import { noise, read, readArray, write } from './pictures.ts'

describe('volumes', () => {
  const folder = scratch('volume.tif')
  const at = (name: string) => folder.path(name)
  const run = (...line: string[]) => convo(line, { cwd: folder.path() })
  const [depth, height, width] = [12, 6, 9]
  const names = Array.from({ length: depth }, (_, z) => `slice${z}.png`)

  beforeAll(async () => {
    mkdirSync(at('slices'))
    mkdirSync(at('colour'))
    for (const [z, name] of names.entries()) {
      await write(at(`slices/${name}`), {
        width,
        height,
        channels: 1,
        data: Uint8Array.from(noise(width * height, z)),
      })
      await write(at(`colour/${name}`), {
        width,
        height,
        channels: 4,
        data: Uint8Array.from(noise(width * height * 4, z)),
      })
    }
  })

  /**
   * Compares the files of a run that decodes slices one at a time with those of a run that must read all of them first.
   */
  async function bothWays(input: string, ...options: string[]) {
    const [streamed, whole] = [`streamed${input.length}`, `whole${input.length}`]
    for (const name of [streamed, whole]) mkdirSync(at(name), { recursive: true })
    const a = await run('conv3d', input, `${streamed}/{index}.png`, ...options, '--verbose')
    const b = await run('conv3d', input, `${whole}/{index}.png`, ...options, '--in-place', '--verbose')
    expect([a.status, b.status]).toEqual([0, 0])
    const count = Number(/(\d+) files: /.exec(a.stderr)![1])
    expect(b.stderr).toContain(`${count} files: `)
    for (let i = 1; i <= count; i++) {
      const name = `${i}.png`
      expect(readFileSync(at(`${streamed}/${name}`)).equals(readFileSync(at(`${whole}/${name}`)))).toBe(true)
    }
    return count
  }

  it.each([
    ['slices', 12, []],
    ['slices', 6, ['--stride', '2', '--border', 'reflect']],
    ['colour', 12, ['--filter', 'sobel', '--dilation', '2', '--border', 'wrap', '--range', 'minmax']],
    [
      'slices/*.png',
      10,
      ['--filter', 'box', '--padding', 'valid', '--range', 'minmax', '--map-range', 'each'],
    ],
    ['volume.tif', 24, ['--filter', 'sobel-z', '--range', 'offset', '--border', 'constant', '--fill', '9']],
  ] as const)(
    'slices that are decoded one after the other give the bytes of the whole: %s, %i slices, %j',
    async (input, count, options) => {
      expect(await bothWays(input, ...options)).toBe(count)
    },
  )

  it.each([
    ['slices', ['--stride', '2,1,3', '--border', 'wrap']],
    ['volume.tif', ['--filter', 'sobel', '--range', 'offset']],
    ['colour', ['--filter', 'sobel-y', '--range', 'abs', '--channels', '1']],
    ['colour', ['--filter', 'sobel', '--range', 'minmax']],
  ] as const)('and those of an array: %s %j', async (input, options) => {
    const a = await run('conv3d', input, 'streamed.npy', ...options, '--verbose')
    const b = await run('conv3d', input, 'whole.npy', ...options, '--in-place', '--verbose')
    expect([a.status, b.status]).toEqual([0, 0])
    expect(readFileSync(at('streamed.npy')).equals(readFileSync(at('whole.npy')))).toBe(true)
  })

  it('takes slices in the order of their numbers, from a folder and from a glob', async () => {
    // the kernel is the identity in depth, so the array holds the slices as they were read
    for (const input of ['slices', 'slices/slice*.png']) {
      expect(await run('conv3d', input, 'all.npy', '--sigma', '0.1', '-q')).toMatchObject({ status: 0 })
      const { shape, data } = readArray(at('all.npy'))
      expect(shape).toEqual([1, depth, height, width])
      const want = await Promise.all(names.map(async (name) => [...(await read(at(`slices/${name}`))).data]))
      expect([...data].map(Math.round)).toEqual(want.flat())
    }
  })
  it('agrees with the mean of 3x3x3 in float64', async () => {
    await run('conv3d', 'slices', 'mean.npy', '--filter', 'box', '--padding', 'valid', '-q')
    const { shape, data } = readArray(at('mean.npy'))
    expect(shape).toEqual([1, depth - 2, height - 2, width - 2])
    const slices = await Promise.all(names.map(async (name) => (await read(at(`slices/${name}`))).data))
    let i = 0
    for (let z = 0; z < depth - 2; z++) {
      for (let y = 0; y < height - 2; y++) {
        for (let x = 0; x < width - 2; x++) {
          let sum = 0
          for (let t = 0; t < 27; t++) {
            const [dz, dy, dx] = [Math.floor(t / 9), Math.floor(t / 3) % 3, t % 3]
            sum += slices[z + dz]![(y + dy) * width + x + dx]!
          }
          expect(data[i++]).toBeCloseTo(sum / 27, 3)
        }
      }
    }
  })
  it('reads .npy volumes and writes them', async () => {
    const values = Float32Array.from(noise(2 * 4 * 5 * 7))
    const { writeFileSync } = await import('node:fs')
    writeFileSync(at('two.npy'), writeNpy([2, 4, 5, 7], values))
    expect(await run('conv3d', 'two.npy', 'out.npy', '--filter', 'box', '-q')).toMatchObject({ status: 0 })
    expect(readArray(at('out.npy')).shape).toEqual([2, 4, 5, 7])
    const refused = await run('conv3d', 'two.npy', 'out-{index}.png')
    expect(refused.status).toBe(2)
    expect(refused.stderr).toMatch(
      /^error: a volume of 2 channels cannot be written as pictures, only 1 or 3 channels can {3}\[E_SHAPE\]\n/,
    )
    expect(await run('conv3d', 'two.npy', 'one-{index}.png', '--channels', '1', '-q')).toMatchObject({
      status: 0,
    })
    expect(await read(at('one-3.png'))).toMatchObject({ width: 7, height: 5, channels: 1 })
  })
  it.each(['gif', 'webp'])('plays the slices as .%s, and reads them again', async (format) => {
    const made = await run('conv3d', 'slices', `plays.${format}`, '--sigma', '0.1')
    expect(made).toMatchObject({
      status: 0,
      stderr: `note: the output is an animation of ${depth} slices, 100 ms each\n`,
    })
    const { pages, pageHeight, width: wide } = await sharp(at(`plays.${format}`), { pages: -1 }).metadata()
    expect([pages, pageHeight, wide]).toEqual([depth, height, width])
    const again = await run('conv3d', `plays.${format}`, 'again.npy', '--sigma', '0.1')
    // its pages have an alpha channel that is fully opaque
    expect(again).toMatchObject({ status: 0, stderr: '' })
    const { shape, data } = readArray(at('again.npy'))
    expect(shape.slice(1)).toEqual([depth, height, width])
    const slices = await Promise.all(names.map(async (name) => [...(await read(at(`slices/${name}`))).data]))
    const differences = slices.flat().map((level, i) => Math.abs(level - data[i]!))
    expect(Math.max(...differences)).toBeLessThan(0.5)
  })
  it('writes the pages of a TIFF, exact and at their depth, and reads them again', async () => {
    mkdirSync(at('deep'))
    for (const [z, name] of names.entries()) {
      const data = Uint16Array.from(noise(width * height, z, 65535))
      await write(at(`deep/${name}`), { width, height, channels: 1, data })
    }
    for (const [input, channels, depthOf] of [
      ['slices', 1, 'uchar'],
      ['colour', 3, 'uchar'],
      ['deep', 1, 'ushort'],
    ] as const) {
      const made = await run('conv3d', input, `${input}.tif`, '--filter', 'box')
      expect(made.stderr).toContain(`note: the output has ${depth} pages, one for each slice\n`)
      const facts = await sharp(at(`${input}.tif`), { pages: -1 }).metadata()
      expect(facts).toMatchObject({ pages: depth, pageHeight: height, width, channels, depth: depthOf })
      await run('conv3d', input, `${input}-{index}.png`, '--filter', 'box', '-q')
      await run('conv3d', `${input}.tif`, `again-{index}.png`, '--sigma', '0.1', '-q')
      for (const i of [1, 8, 12]) {
        expect(await read(at(`again-${i}.png`))).toEqual(await read(at(`${input}-${i}.png`)))
      }
    }
    await run('conv3d', 'slices', 'sheet.tif', '--channels', 'montage', '-q')
    expect((await sharp(at('sheet.tif')).metadata()).pages).toBe(1)
  })
  it('puts slices on a sheet otherwise, and says how to part them', async () => {
    const { status, stderr } = await run('conv3d', 'slices', 'sheet.png', '--sigma', '0.1')
    expect(status).toBe(0)
    expect(stderr).toBe(
      `note: ${depth} slices of ${width}x${height} are on one sheet; use {index} in the path for one file each, .tif for pages, or .gif or .webp for an animation\n`,
    )
    const sheet = await read(at('sheet.png'))
    const last = await read(at(`slices/${names.at(-1)}`))
    expect([...sheet.data.slice(-width)]).toEqual([...last.data.slice(-width)])
  })
  it('numbers the files before the extension with --channels split', async () => {
    await run('conv3d', 'slices', 'part.png', '--sigma', '0.1', '--channels', 'split', '-q')
    expect(folder.names().filter((name) => /^part-\d\d\.png$/.test(name))).toHaveLength(depth)
    expect((await read(at('part-11.png'))).data).toEqual((await read(at('slices/slice10.png'))).data)
  })
  it('refuses slices that differ, before anything is written', async () => {
    mkdirSync(at('odd'))
    const slice = (wide: number) => ({ width: wide, height: 4, channels: 1, data: new Uint8Array(wide * 4) })
    for (const [z, wide] of [5, 5, 6].entries()) await write(at(`odd/${z}.png`), slice(wide))
    const before = folder.names()
    for (const output of ['never-{index}.png', 'never.gif']) {
      expect(await run('conv3d', 'odd', output)).toMatchObject({
        status: 2,
        stderr:
          'error: all slices of a volume must have the same size, channels and depth: slice 2 of odd has width 6, slice 0 has 5   [E_SHAPE]\n' +
          '  try: slices of one kind, such as those that convo batch makes with resize, --gray or --depth\n',
      })
    }
    expect(folder.names()).toEqual(before)
  })
  it('refuses to write over its slices unless told so, and then writes all of them', async () => {
    mkdirSync(at('own'))
    for (const z of [1, 2, 3]) {
      const data = Uint8Array.from(noise(20, z))
      await write(at(`own/${z}.png`), { width: 5, height: 4, channels: 1, data })
    }
    expect(await run('conv3d', 'own', 'own/{index}.png')).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(
        /^error: own\/1\.png is one of the inputs {3}\[E_IN_PLACE\]\n {2}try: convo .* --in-place\n$/,
      ),
    })
    await run('conv3d', 'own', 'kept-{index}.png', '-q')
    expect((await run('conv3d', 'own', 'own/{index}.png', '--in-place', '-q')).status).toBe(0)
    for (const z of [1, 2, 3]) {
      expect(readFileSync(at(`own/${z}.png`)).equals(readFileSync(at(`kept-${z}.png`)))).toBe(true)
    }
  })
  it.each(['x.npy', 'x{index}.png', 'x.tif'])(
    'tells of slices that are not read, into %s',
    async (output) => {
      mkdirSync(at('mixed'), { recursive: true })
      for (const name of ['1.png', '2.png']) copyFileSync(at(`slices/slice0.png`), at(`mixed/${name}`))
      for (const name of ['3.tga', '4.qoi', 'notes.txt']) writeFileSync(at(`mixed/${name}`), 'x')
      const note = 'mixed/3.tga is a Targa picture, which convo does not read: it and 1 more were skipped'
      for (const more of [[], ['--dry-run']])
        expect((await run('conv3d', 'mixed', output, ...more)).stderr).toContain(note)
    },
  )
  it.each(['f{index}.png', 'f.png', 'f.gif'])(
    'tells of samples that are not finite, into %s',
    async (output) => {
      mkdirSync(at('floats'), { recursive: true })
      const slice = async (odd: number) => {
        writeFileSync(at('floats/1.tif'), floatTiff(2, 1, [1, 2]))
        writeFileSync(at('floats/2.tif'), floatTiff(2, 1, [3, odd]))
        return (await run('conv3d', 'floats', output, '--full', '1')).stderr
      }
      const note = 'floats has samples that are not finite: NaN becomes black'
      expect(await slice(Number.NaN)).toContain(note)
      expect(await slice(Number.POSITIVE_INFINITY)).toContain(note)
      expect(await slice(4)).not.toContain(note)
    },
  )
  it('says what is missing or cannot be', async () => {
    mkdirSync(at('empty'))
    expect((await run('conv3d', 'empty', 'x.gif')).stderr).toMatch(
      /^error: empty contains no pictures {3}\[E_INPUT\]\n/,
    )
    expect((await run('conv3d', 'none/*.png', 'x.gif')).stderr).toMatch(
      /^error: no file matches none\/\*\.png {3}\[E_INPUT\]\n/,
    )
    expect((await run('conv3d', ',', 'x.npy')).stderr).toMatch(/^error: no file matches , {3}\[E_INPUT\]\n/)
    for (const output of ['x.gif', 'x-{index}.png']) {
      expect((await run('conv3d', 'slices', output, '--linear')).stderr).toMatch(
        /^error: --linear works on pictures, .*\[E_OPTION\]\n/,
      )
    }
  })
  it('takes volumes into transposed and maxpool with three numbers, alone, in a chain, planned and explained', async () => {
    const size = [1, 2 * depth, 3 * height, width]
    const alone = await run('transposed', 'slices', 'large.npy', '--stride', '2,3,1')
    expect(alone).toMatchObject({ status: 0, stderr: '' })
    const large = readArray(at('large.npy'))
    expect(large.shape).toEqual(size)
    const steps = ['--', 'clip', '--', 'transposed', '--stride', '2,3,1', '--', 'clip']
    expect(await run('chain', 'slices', 'chained.npy', '--threads', '2', ...steps)).toMatchObject({
      status: 0,
    })
    expect(readArray(at('chained.npy'))).toEqual(large)
    for (const [name, ...options] of [
      ['transposed', '--stride', '2,2,2'],
      ['maxpool', '--size', '2,3,1'],
      ['conv3d', '--padding', 'valid', '--filter', 'box'],
    ] as const) {
      const planned = await run(name, 'slices', 'x.npy', ...options, '--dry-run', '--json')
      const done = await run(name, 'slices', 'x.npy', ...options, '--json')
      expect(JSON.parse(planned.stdout).output).toMatchObject({
        width: JSON.parse(done.stdout).output.width,
        height: JSON.parse(done.stdout).output.height,
      })
      const { stdout } = await run('explain', name, 'slices', ...options, '--json')
      expect(JSON.parse(stdout).input).toEqual([1, depth, height, width])
    }
  })
  it('plans a folder by its first slice', async () => {
    const { status, stdout } = await run('conv3d', 'slices', 'x.gif', '--dry-run', '--json')
    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      input: { path: 'slices', width, height, channels: 1, depth: 8 },
    })
  })
  it.each([
    [['transposed'], [1, depth, 2 * height, 2 * width]],
    [
      ['conv2d', '--kernel', '1 0; 0 1; 1 1'],
      [1, depth, height, width],
    ],
    [
      ['pointwise', '--kernel', '2; 3'],
      [2, depth, height, width],
    ],
    [['involution'], [1, depth, height, width]],
    [['unpool'], [1, depth, height, width]],
    [['depthwise'], [1, depth, height, width]],
    [['gaussian'], [1, depth, height, width]],
  ] as const)('a chain lets %j meet the slices of a volume one by one', async (step, shape) => {
    const name = step.join('').replace(/\W/g, '')
    const of = (input: string, output: string) =>
      run('chain', input, output, '--', 'conv3d', '--sigma', '0.1', '--', ...step)
    expect(await of('slices', `${name}.npy`)).toMatchObject({ status: 0 })
    const volume = readArray(at(`${name}.npy`))
    expect(volume.shape).toEqual(shape)
    const z = 7
    expect(await of(`slices/${names[z]}`, `${name}-one.npy`)).toMatchObject({ status: 0 })
    const plane = shape[2] * shape[3]
    const want = Array.from({ length: shape[0] }, (_, c) =>
      volume.data.slice((c * depth + z) * plane, (c * depth + z + 1) * plane),
    )
    expect([...readArray(at(`${name}-one.npy`)).data]).toEqual(want.flatMap((map) => [...map]))
  })
  it('pools a volume in three directions', async () => {
    await run('conv3d', 'slices', 'levels.npy', '--sigma', '0.1', '-q')
    const { data } = readArray(at('levels.npy'))
    const pooled = async (size: readonly [number, number, number], output: string) => {
      const got = readArray(at(output))
      expect(got.shape).toEqual([1, ...[depth, height, width].map((n, i) => Math.floor(n / size[i]!))])
      const [, , rows, columns] = got.shape as [number, number, number, number]
      got.data.forEach((v, i) => {
        const [z, y, x] = [Math.floor(i / (rows * columns)), Math.floor(i / columns) % rows, i % columns]
        let most = 0
        for (let t = 0; t < size[0]; t++)
          for (let u = 0; u < size[1]; u++)
            for (let w = 0; w < size[2]; w++) {
              const at = (z * size[0] + t) * height + y * size[1] + u
              most = Math.max(most, data[at * width + x * size[2] + w]!)
            }
        expect(v).toBe(most)
      })
    }
    await run('chain', 'slices', 'pool2.npy', '-q', '--', 'conv3d', '--sigma', '0.1', '--', 'maxpool')
    await pooled([2, 2, 2], 'pool2.npy')
    await run('maxpool', 'levels.npy', 'pool.npy', '--size', '3,2,4', '-q')
    await pooled([3, 2, 4], 'pool.npy')
    // three numbers mean that all slices are processed
    expect((await run('maxpool', 'slices', 'pool.gif', '--size', '3,2,4')).stderr).toBe(
      'note: the output is an animation of 4 slices, 100 ms each\n',
    )
  })
  it('names a slice whose data is damaged, whichever is waited for', async () => {
    mkdirSync(at('damaged'))
    for (const z of Array(6).keys()) {
      const data = Uint8Array.from(noise(200 * 150, z))
      await write(at(`damaged/${z}.png`), { width: 200, height: 150, channels: 1, data })
    }
    const bytes = readFileSync(at('damaged/4.png'))
    bytes[bytes.length >> 1]! ^= 0xff
    writeFileSync(at('damaged/4.png'), bytes)
    for (const output of ['damaged.npy', 'damaged-{index}.png']) {
      const { status, stderr } = await run('conv3d', 'damaged', output, '--threads', '1')
      expect([status, stderr]).toEqual([2, expect.stringMatching(/^error: damaged\/4\.png .*\[E_DECODE\]\n/)])
    }
  })
  it('reports hidden colours that --alpha drop shows, in every form', async () => {
    for (const output of ['drop-{index}.png', 'drop.tif', 'drop.png']) {
      const { stderr } = await run('conv3d', 'colour', output, '--alpha', 'drop')
      expect(stderr).toContain('--alpha drop shows their hidden colours')
    }
  })
  it('lays transparent slices over black, with a note', async () => {
    const { stderr } = await run('conv3d', 'colour', 'opaque-{index}.png')
    expect(stderr).toContain(
      'note: volumes have no alpha: the slices were flattened onto black; --background <colour> changes the colour\n',
    )
    expect((await read(at('opaque-1.png'))).channels).toBe(3)
  })
  it('other filters take the first page, with a note', async () => {
    const { status, stderr } = await run('gaussian', 'volume.tif', 'first.png')
    expect(status).toBe(0)
    expect(stderr).toBe(
      'note: volume.tif has 24 pages, only the first was used; for all of them, use {index} in the output path, or .gif, .webp or .tif, or conv3d to read them as a volume\n',
    )
  })
})

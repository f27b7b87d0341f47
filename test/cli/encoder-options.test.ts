import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { decode } from '../../src/image/decode.ts'
import { encode } from '../../src/image/encode.ts'
import {
  type CodingOption,
  codingOptions,
  formatOfPath,
  inputFormats,
  type OutputFormat,
  outputFormats,
  traitsOf,
} from '../../src/image/format.ts'
import { kindOf } from '../../src/image/probe.ts'
import { convo as convoOf } from '../../src/index.ts'
import { noise, picture } from '../image/pictures.ts'
import { convo, scratch } from './convo.ts'

// Every format with every encoder option: an accepted option changes the file, and others are refused. Also every name
// of a format.

const here = scratch()
const options = { maxPixels: 1e6, orient: true }
const run = (...args: string[]) => convo(args, { cwd: here.path() })
const bytes = (name: string) => readFileSync(here.path(name))
const lay = async (name: string, channels: 1 | 3) =>
  writeFileSync(
    here.path(name),
    (
      await encode(
        picture(64, 48, channels, 8, (i) => 90 + 60 * Math.sin(i / 40) + (noise(i) & 7)),
        'png',
      )
    ).bytes,
  )

/** A value for each option that is not its default in any format. */
const values: Readonly<Record<CodingOption, (format: OutputFormat) => string>> = {
  compression: () => '0',
  quality: () => '30',
  lossless: () => '',
  subsampling: () => '4:2:0',
  // the highest effort of GIF gives the same as its default on this picture
  effort: (format) => ({ jpeg: '2', gif: '1' })[format as string] ?? '6',
  'tiff-compression': () => 'lzw',
}
const formats = Object.keys(outputFormats) as OutputFormat[]

describe.each(formats)('%s', (format) => {
  const [extension] = traitsOf(format).extensions
  const isGray = traitsOf(format).colours !== undefined && format !== 'ppm'
  const input = isGray ? 'gray.png' : 'in.png'

  test.each(codingOptions)('with --%s', async (option) => {
    await lay(input, isGray ? 1 : 3)
    const value = values[option](format)
    const words = [`--${option}`, ...(value === '' ? [] : [value])]
    const { status, stderr } = await run('box', input, `${option}${extension}`, ...words)
    if (traitsOf(format).takes[option] === undefined) {
      expect([status, stderr]).toEqual([2, expect.stringContaining(`--${option}`)])
      expect(stderr).toContain('E_OPTION')
      expect(stderr).toMatch(/\n {2}try: convo box \S+ \S+\n/)
      return
    }
    const plain = await run('box', input, `plain${extension}`, '--force')
    expect([status, stderr]).toEqual([plain.status, plain.stderr.replace(/.*already existed.*\n/, '')])
    // WebP is lossless by default
    const isDefault = format === 'webp' && option === 'lossless'
    expect(bytes(`${option}${extension}`).equals(bytes(`plain${extension}`))).toBe(isDefault)
  })

  test('under each of its names, which are those that are read', async () => {
    await lay(input, isGray ? 1 : 3)
    for (const one of traitsOf(format).extensions) {
      const { status, stderr } = await run('box', input, `name${one}`)
      expect([one, status, stderr.includes('error')]).toEqual([one, 0, false])
      expect((await run('box', input, `NAME${one.toUpperCase()}`)).status).toBe(0)
      const first = traitsOf(format).extensions[0]!
      expect(bytes(`name${one}`).equals(bytes(`name${first}`))).toBe(true)
      expect(bytes(`NAME${one.toUpperCase()}`).equals(bytes(`name${first}`))).toBe(true)
      const made = await convoOf(here.path(input))
        .box()
        .as(one.slice(1) as OutputFormat)
        .toBuffer()
      expect(made.equals(bytes(`name${first}`))).toBe(true)
    }
    if (Object.hasOwn(inputFormats, format))
      for (const one of inputFormats[format as keyof typeof inputFormats].extensions)
        expect([one, traitsOf(formatOfPath(`x${one}`)).extensions.includes(one)]).toEqual([one, true])
  })
})

test('what is read and not written is said so', async () => {
  await lay('in.png', 3)
  for (const [extension, format] of [
    ['.svg', 'svg'],
    ['.hdr', 'hdr'],
    ['.pic', 'hdr'],
    ['.exr', 'exr'],
  ]) {
    const { status, stderr } = await run('box', 'in.png', `o${extension}`)
    expect([status, stderr]).toEqual([2, expect.stringContaining(`the format ${format} cannot be written`)])
  }
})

test('options that contradict each other are refused, on every road', async () => {
  await lay('in.png', 3)
  for (const line of [
    'box in.png o.avif --lossless --subsampling 4:2:0',
    'chain in.png o.avif --lossless --subsampling 4:2:0 -- box -- box',
  ]) {
    const { status, stderr } = await run(...line.split(' '))
    expect([status, stderr]).toEqual([
      2,
      expect.stringContaining('--lossless and --subsampling 4:2:0 cannot be used together'),
    ])
    expect(stderr).toContain(line.replace(' --subsampling 4:2:0', ''))
  }
  const asked = convoOf(here.path('in.png')).box().avif({ lossless: true, subsampling: '4:2:0' }).toBuffer()
  await expect(asked).rejects.toMatchObject({ code: 'E_USAGE' })
  expect((await run('box', 'in.png', 'o.avif', '--lossless', '--subsampling', '4:4:4')).status).toBe(0)
  await run('box', 'in.png', 'o.png')
  const [exact, coded] = await Promise.all(
    ['o.png', 'o.avif'].map((name) => decode(here.path(name), options)),
  )
  expect(coded!.data).toEqual(exact!.data)
})

test('what has no effect is told', async () => {
  await lay('gray.png', 1)
  for (const name of ['g.jpg', 'g.avif']) {
    const { status, stderr } = await run('box', 'gray.png', name, '--subsampling', '4:2:0', '--force')
    expect([status, stderr]).toEqual([0, 'note: --subsampling 4:2:0 has no effect on a picture in gray\n'])
    expect((await run('box', 'gray.png', name, '--force')).stderr).toBe('')
  }
  const { stderr } = await run('box', 'gray.png', 'o.pbm')
  expect(stderr).toBe('note: pbm has black and white alone: levels from the middle on became white\n')
  expect(kindOf(bytes('o.pbm'))).toBe('pnm')
  expect((await run('box', 'o.pbm', 'p.pbm', '--size', '1')).stderr).toBe('')
})

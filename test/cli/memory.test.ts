import { readFileSync, writeFileSync } from 'node:fs'
import sharp from 'sharp'
import { beforeAll, expect, test } from 'vitest'
import { writeKernel } from '../../src/kernel/formats/index.ts'
import { kernel } from '../../src/kernel/kernel.ts'
import { convo, scratch } from './convo.ts'

// The memory that the plan predicts, against the peak resident memory of the process.

const here = scratch()
const [input, bank, probe, peak] = ['in.png', 'bank.npy', 'probe.cjs', 'peak'].map(
  (name) => () => here.path(name),
) as [() => string, () => string, () => string, () => string]

/** Returns the memory that a dry run predicts. */
const memoryOf = async ([name = '', ...line]: readonly string[]): Promise<Record<string, number>> =>
  JSON.parse((await convo([name, '--dry-run', '--json', ...line])).stdout).memory

beforeAll(async () => {
  const noise = Uint8Array.from({ length: 90 * 60 * 3 }, (_, i) => (i * 2654435761) >>> 8)
  await sharp(noise, { raw: { width: 90, height: 60, channels: 3 } })
    .resize(3000, 2000, { fit: 'fill' })
    .png({ compressionLevel: 1 })
    .toFile(input())
  const weights = Float64Array.from({ length: 16 * 27 }, (_, i) => ((i * 7) % 11) / 11 - 0.45)
  writeFileSync(bank(), writeKernel(kernel([16, 3, 3, 3], weights), bank()))
  writeFileSync(
    probe(),
    `if (require('node:worker_threads').isMainThread)
      process.on('exit', () => require('node:fs').writeFileSync(${JSON.stringify(peak())}, String(process.resourceUsage().maxRSS)))`,
  )
})

test.each([
  ['sobel', 'png', []],
  ['sobel', 'jpg', []],
  ['gaussian', 'png', ['--sigma', '20']],
  ['canny', 'png', []],
  ['maxpool', 'tif', []],
  ['conv2d', 'npy', ['--kernel', 'bank']],
] as const)(
  'of %s to %s is within a factor of 2 of what the process takes',
  async (name, extension, words) => {
    const options = words.map((word) => (word === 'bank' ? bank() : word))
    const line = [name, input(), here.path(`out.${extension}`), ...options, '--threads', '2']
    const { total, ...parts } = await memoryOf(line)
    expect(Object.values(parts).reduce((a, b) => a + b)).toBe(total)
    const ran = await convo(line, { node: ['--require', probe()] })
    expect(ran.status).toBe(0)
    const measured = Number(readFileSync(peak(), 'utf8')) * 1024
    expect(total! / measured).toBeGreaterThan(1 / 2)
    expect(total! / measured).toBeLessThan(2)
  },
)

test('counts what steps hold as a whole', async () => {
  const of = (name: string) => memoryOf([name, input(), here.path('new.png'), '--threads', '1'])
  const [sobel, canny] = [await of('sobel'), await of('canny')]
  // one pass reads it while it is decoded, two hold it
  expect(sobel.input).toBe(2 ** 22)
  const minmax = ['sobel', input(), here.path('new.png'), '--threads', '1', '--range', 'minmax']
  expect((await memoryOf(minmax)).input).toBe(3000 * 2000 * 3)
  expect(canny.input).toBe(3000 * 2000 * 3)
  expect(sobel.whole).toBe(0)
  expect(canny.whole).toBeGreaterThan(3000 * 2000)
  // maps that are examined before they are written: 16 of a ninth of the picture, without the remaining two rows, as
  // floats
  const steps = ['--', 'conv2d', '--kernel', bank(), '--', 'maxpool', '--size', '3']
  const maps = await memoryOf(['chain', input(), here.path('new.png'), ...steps])
  expect(maps.whole).toBe(16 * 1000 * 666 * 4)
  expect((await memoryOf(['conv2d', input(), here.path('new.png'), '--kernel', bank()])).whole).toBe(0)
})

test('explain says the same of a run, and of a volume by its slices', async () => {
  const explained = async (...line: string[]) =>
    JSON.parse((await convo(['explain', ...line, '--json'])).stdout)
  for (const line of [
    ['sobel', input()],
    ['canny', input(), '--sigma', '3'],
    ['conv2d', input(), '--kernel', bank()],
  ]) {
    const { run } = await explained(...line)
    const [name = '', path = '', ...options] = line
    expect(run.memory).toEqual(await memoryOf([name, path, here.path('out.png'), ...options]))
  }
  // explaining a layer is not a run
  expect((await explained('conv2d', input(), '--size', '5')).run).toBeUndefined()
  const { width, height } = await sharp(input()).metadata()
  const slice = { raw: { width, height, channels: 1 as const } }
  const names = [1, 2, 3, 4, 5, 6, 7, 8].map((n) => here.path(`slice${n}.png`))
  for (const name of names)
    await sharp(new Uint8Array(width * height), slice)
      .toColourspace('b-w')
      .png()
      .toFile(name)
  const apart = await memoryOf(['conv3d', names.join(','), here.path('{index}.png'), '--filter', 'sobel'])
  // the three slices that the kernel needs, and the next two
  expect(apart.input).toBe(5 * width * height)
  expect(apart.whole).toBe(0)
  const sheet = await memoryOf(['conv3d', names.join(','), here.path('out.png'), '--filter', 'sobel'])
  expect(sheet.input).toBe(8 * width * height)
})

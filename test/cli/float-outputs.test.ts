import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { decode, readHeader } from '../../src/image/decode.ts'
import { encode, encodePages } from '../../src/image/encode.ts'
import { convo as convoOf, Tensor } from '../../src/index.ts'
import { readNpyArray, writeNpy } from '../../src/kernel/formats/npy.ts'
import { exrOf } from '../image/exrs.ts'
import { noise, picture } from '../image/pictures.ts'
import { tiffArrayOf } from '../image/tiff-arrays.ts'
import { convo, scratch } from './convo.ts'

// Formats with floats keep floats. For a format without floats, the loss is reported.

const here = scratch()
const options = { maxPixels: 1e7, orient: true }
const [width, height] = [9, 7]
const numbers = Float32Array.from({ length: width * height * 3 }, (_, i) => noise(i) / 40000 - 0.25)
const run = (...args: string[]) => convo(args, { cwd: here.path() })
const file = async (name: string) => {
  const { width: w, height: h, channels, depth, data } = await decode(here.path(name), options)
  return { size: [w, h, channels], depth, data }
}

/** Inputs by name. All except the last three are floats. */
const inputs: Readonly<Record<string, () => Promise<Uint8Array> | Uint8Array>> = {
  'f4.tif': async () => (await encode(floats, 'tiff')).bytes,
  'f4.pfm': async () => (await encode(floats, 'pfm')).bytes,
  'f4.npy': () => writeNpy([3, height, width], numbers),
  'f8.npy': () => writeNpy([height, width], Float64Array.from(numbers.subarray(0, width * height))),
  'i4.tif': () => tiffArrayOf([...whole(9000)], { type: 'i4', width, height }),
  'f4.exr': () => exrOf({ width, height, channels: [['Y', 2]], sample: (x, y) => x - y / 3 }),
  'u1.tif': () => tiffArrayOf([...whole(0, 200)], { type: 'u1', width, height }),
  'u2.tif': () => tiffArrayOf([...whole(0)], { type: 'u2', width, height }),
  'u2.png': async () => (await encode(picture(width, height, 1, 16, noise), 'png')).bytes,
}
const floats = { width, height, channels: 3, depth: 32, data: numbers, meta: {} } as const
const whole = (from: number, most = 65536) =>
  Array.from({ length: width * height }, (_, i) => (noise(i) % most) - from)

test.each(Object.keys(inputs).slice(0, -3))('%s stays floating point in TIFF and PFM', async (name) => {
  writeFileSync(here.path(name), await inputs[name]!())
  // an edge has values below 0, which levels cannot represent
  expect((await run('laplacian', name, 'exact.npy')).status).toBe(0)
  const { size, data } = await toPicture('exact.npy')
  await run('chain', name, 'c.tif', '--', 'laplacian')
  await run('batch', name, '-o', 'b/{stem}.tif', '--', 'laplacian')
  await convoOf(here.path(name)).laplacian().toFile(here.path('l.tif'))
  const said = JSON.parse((await run('laplacian', name, 'o.tif', '--force', '--json')).stdout)
  expect(said.output.depth).toBe(32)
  expect(said.clipped).toEqual({ low: 0, high: 0, samples: data.length })
  for (const out of ['o.tif', 'c.tif', `b/${name.slice(0, -4)}.tif`, 'l.tif'])
    expect([out, await file(out)]).toEqual([out, { size, depth: 32, data }])
  if (size[2] !== 1) return
  // white in a PFM is 1
  const full = name === 'f4.exr' ? 1 : 255
  const { stderr } = await run('laplacian', name, 'o.pfm', '--force')
  expect(stderr.includes('255 is used as white')).toBe(full === 255)
  expect((await file('o.pfm')).data).toEqual(data.map((v) => v / full))
})

/** Returns the samples of an array [C,H,W], pixel by pixel. */
async function toPicture(name: string) {
  const { shape, data } = await readNpyArray(readFileSync(here.path(name)), name)
  const [channels, h, w] = shape as [number, number, number]
  const pixels = Float32Array.from(data, (_, i) => data[(i % channels) * w * h + Math.floor(i / channels)]!)
  return { size: [w, h, channels], data: pixels }
}

test.each([
  ['u1.tif', 8],
  ['u2.tif', 16],
  ['u2.png', 16],
] as const)('%s keeps its %i bits, with --full too', async (name, depth) => {
  writeFileSync(here.path(name), await inputs[name]!())
  await run('laplacian', name, 'whole.tif')
  expect((await readHeader(here.path('whole.tif'), options)).depth).toBe(depth)
  const { full } = { full: depth === 8 ? 200 : 4095 }
  writeFileSync(here.path('w.npy'), arrayOf(depth))
  await run('laplacian', 'w.npy', 'full.tif', '--full', `${full}`)
  expect((await readHeader(here.path('full.tif'), options)).depth).toBe(depth)
})

function arrayOf(depth: 8 | 16): Buffer {
  const head =
    `{'descr': '${depth === 8 ? '|u1' : '<u2'}', 'fortran_order': False, 'shape': (2, 2), }`.padEnd(117)
  return Buffer.concat([
    Buffer.from('\x93NUMPY\x01\x00', 'latin1'),
    Buffer.of(118, 0),
    Buffer.from(`${head}\n`),
    Buffer.alloc((4 * depth) / 8, 1),
  ])
}

test('a plan says the depth that a run writes', async () => {
  for (const [name, make] of Object.entries(inputs)) {
    writeFileSync(here.path(name), await make())
    for (const out of ['p.tif', 'p.png', 'p.jpg', 'p.npy']) {
      const line = ['box', name, out, '--json']
      const [plan, made] = [await run(...line, '--dry-run'), await run(...line)].map(({ stdout }) =>
        JSON.parse(stdout),
      )
      expect([name, out, plan.output.depth]).toEqual([name, out, made.output.depth])
      const rounded = (notes: string[]) => notes.filter((note) => note.startsWith('floating point'))
      expect([name, out, rounded(plan.notes)]).toEqual([name, out, rounded(made.notes)])
      const isTold = plan.input.depth === 32 && ['p.png', 'p.jpg'].includes(out)
      expect([name, out, rounded(made.notes).length]).toEqual([name, out, isTold ? 1 : 0])
    }
  }
})

test('a plan says of a volume of floats what a run says', async () => {
  const pages = [0, 1, 2].map((k) => ({ ...floats, data: numbers.map((v) => v + k) }))
  writeFileSync(here.path('volume.tif'), (await encodePages(pages, 'tiff')).bytes)
  const line = ['maxpool', 'volume.tif', 'sheet.png', '--size', '2,2,2', '--json']
  for (const more of [['--dry-run'], []]) {
    const { stdout, stderr } = await run(...line, ...more)
    expect(stderr).not.toContain('error')
    expect(JSON.parse(stdout).notes).toContainEqual(
      expect.stringContaining('floating point was rounded to 8 bits'),
    )
  }
})

test('a depth that is asked for is written, and nothing is said', async () => {
  writeFileSync(here.path('f4.npy'), await inputs['f4.npy']!())
  for (const [out, depth] of [
    ['8.tif', 8],
    ['16.tif', 16],
    ['16.png', 16],
  ] as const) {
    const { stderr } = await run('box', 'f4.npy', out, '--depth', `${depth}`)
    expect((await readHeader(here.path(out), options)).depth).toBe(depth)
    expect(stderr).not.toContain('floating point')
  }
  expect((await run('box', 'f4.npy', 'o.png')).stderr).toContain(
    'floating point was rounded to 8 bits: --depth 16 keeps more, and .tif, .pfm or .npy keep all',
  )
  expect((await run('box', 'f4.npy', 'o.webp')).stderr).toContain(
    'floating point was rounded to 8 bits: .tif, .pfm or .npy keep all',
  )
})

test('pages of floats stay floats in a TIFF', async () => {
  const pages = [0, 1].map((k) => ({ ...floats, data: numbers.map((v) => v + k) }))
  writeFileSync(here.path('pages.tif'), (await encodePages(pages, 'tiff')).bytes)
  await run('laplacian', 'pages.tif', 'out.tif')
  await run('laplacian', 'pages.tif', 'each-{index}.tif')
  for (const page of [0, 1]) {
    const one = await decode(here.path('out.tif'), { ...options, page })
    const own = await decode(here.path(`each-${page + 1}.tif`), options)
    writeFileSync(here.path('one.tif'), (await encode(pages[page]!, 'tiff')).bytes)
    await run('laplacian', 'one.tif', 'exact.npy')
    expect([one.depth, one.data]).toEqual([32, own.data])
    expect(one.data).toEqual((await toPicture('exact.npy')).data)
  }
})

test('--range raw needs no --depth where the input has floats', async () => {
  writeFileSync(here.path('f4.npy'), await inputs['f4.npy']!())
  writeFileSync(here.path('u2.png'), await inputs['u2.png']!())
  expect((await run('box', 'f4.npy', 'raw.tif', '--range', 'raw')).status).toBe(0)
  for (const line of [
    'u2.png raw2.tif',
    'f4.npy raw.png',
    'f4.npy raw3.tif --depth 8',
    'u2.png raw4.tif --dry-run',
  ]) {
    const { status, stderr } = await run('box', ...line.split(' '), '--range', 'raw')
    expect([line, status, stderr.includes('E_OPTION')]).toEqual([line, 2, true])
  }
})

test('samples in memory are rounded unless floats are asked for', async () => {
  const tensor = new Tensor([3, height, width], numbers)
  expect((await convoOf(tensor).box().raw()).depth).toBe(8)
  expect((await convoOf(tensor, { range: 'raw' }).box().raw()).depth).toBe(32)
  const tiff = await convoOf(tensor).box().tiff().toBuffer()
  expect((await readHeader(tiff, options)).depth).toBe(32)
})

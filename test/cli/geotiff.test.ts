import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import { readHeader } from '../../src/image/decode.ts'
import { encode, encodePages } from '../../src/image/encode.ts'
import { bytesField, numberField } from '../../src/image/exif.ts'
import { pageOf } from '../../src/image/tiff-directory.ts'
import type { Field } from '../../src/tensor/metadata.ts'
import type { Picture } from '../../src/tensor/picture.ts'
import { noise, picture } from '../image/pictures.ts'
import { tiffArrayOf } from '../image/tiff-arrays.ts'
import { convo, scratch } from './convo.ts'

// The georeference of a GeoTIFF moves with the pixels. The numbers are those of gdal_translate 3.6 with -srcwin and
// -outsize.

const here = scratch()
const options = { maxPixels: 1e6, orient: false }
const placing = [33550, 33922]
const doubles = (tag: number, ...values: readonly number[]): Field => {
  const bytes = new Uint8Array(Float64Array.from(values).buffer)
  return { tag, type: 12, count: values.length, bytes }
}
const keys = (isPoint: boolean) => numberField(34735, 3, 1, 1, 0, 1, 1025, 0, 1, isPoint ? 2 : 1)
const scale = doubles(33550, 30, 20, 0)
const geo = [scale, doubles(33922, 0, 0, 0, 5000, 9000, 0), keys(false)]
const one = { ...picture(24, 16, 3, 8, noise), meta: { metadata: { geo } } }
const geoOf = async (name: string) => (await readHeader(here.path(name), options)).meta.metadata?.geo
const tags = async (name: string) => (await geoOf(name))?.map(({ tag }) => tag)
/** Returns the numbers of the fields of doubles, by tag. */
const numbersOf = async (name: string) =>
  Object.fromEntries(
    ((await geoOf(name)) ?? []).flatMap(({ tag, type, bytes }) =>
      type === 12 ? [[tag, [...new Float64Array(bytes.slice().buffer)]]] : [],
    ),
  )

const readTiffFields = (name: string) => {
  const bytes = readFileSync(here.path(name))
  return [...pageOf((at, length) => bytes.subarray(at, at + length))!.tags.keys()]
}

beforeAll(async () => {
  writeFileSync(here.path('a.tif'), (await encode(one, 'tiff')).bytes)
  const write = async (name: string, picture: Picture, ...fields: readonly Field[]) => {
    const own = { ...picture, meta: { metadata: { geo: fields } } }
    writeFileSync(here.path(name), (await encode(own, 'tiff')).bytes)
  }
  await write('point.tif', one, scale, doubles(33922, 0, 0, 0, 5015, 8990, 0), keys(true))
  await write(
    'matrix.tif',
    one,
    doubles(34264, 0, 20, 0, 7000, 30, 0, 0, 1000, ...Array(7).fill(0), 1),
    keys(false),
  )
  await write(
    'ties.tif',
    one,
    doubles(33922, 0, 0, 0, 100, 200, 0, 24, 0, 0, 300, 200, 0, 5, 16, 0, 100, 50, 0),
    keys(false),
  )
  await write('odd.tif', one, numberField(33550, 4, 30, 20, 0), keys(false))
  await write('alpha.tif', picture(24, 16, 4, 8, noise), ...geo)
  const gray = { ...picture(24, 16, 1, 8, noise), meta: { metadata: { geo } } }
  writeFileSync(here.path('volume.tif'), (await encodePages([gray, gray, gray], 'tiff')).bytes)
  writeFileSync(here.path('pages.tif'), (await encodePages([one, one], 'tiff')).bytes)
  writeFileSync(
    here.path('turned.tif'),
    (await encode({ ...one, meta: { ...one.meta, orientation: 3 } }, 'tiff')).bytes,
  )
})

test.each([
  'box a.tif o.tif',
  'sobel a.tif o.tif --region 2,2,9,9',
  'median a.tif o.tif --mix 0.5',
  'box a.tif o.tif --depth 32',
  'box a.tif o.tif --gray',
  'chain a.tif o.tif -- gaussian -- median -- sharpen',
  'box pages.tif o.tif',
  'box turned.tif o.tif --no-orient',
])('stays where it was: %s', async (line) => {
  const { status, stderr } = await convo(line.split(' '), { cwd: here.path() })
  expect([status, stderr]).toEqual([0, expect.not.stringContaining('position')])
  expect(await tags('o.tif')).toEqual([...placing, 34735])
})

/** Commands with the size of a pixel, and the upper left corner. */
const moves: readonly (readonly [line: string, size: readonly number[], corner: readonly number[]])[] = [
  ['crop a.tif o.tif --size 8,8 --at 4,5', [30, 20], [5120, 8900]],
  ['crop a.tif o.tif --size 8,8', [30, 20], [5240, 8920]],
  ['resize a.tif o.tif --by 0.5', [60, 40], [5000, 9000]],
  ['resize a.tif o.tif --width 36 --height 64 --curve nearest', [20, 5], [5000, 9000]],
  ['resize a.tif o.tif --width 9 --height 5 --curve nearest', [80, 64], [5000, 9000]],
  ['resize a.tif o.tif --width 8 --height 8 --fit cover', [60, 40], [5120, 9000]],
  ['pad a.tif o.tif --by 3,4', [30, 20], [4880, 9060]],
  ['transposed a.tif o.tif --stride 2', [15, 10], [5000, 9000]],
  ['transposed a.tif o.tif --stride 3,2 --upsample nearest', [15, 20 / 3], [5000, 9000]],
  ['transposed a.tif o.tif --stride 2 --kernel box:size=3', [15, 10], [5000 - 15 / 2, 9000 + 10 / 2]],
  ['maxpool a.tif o.tif', [60, 40], [5000, 9000]],
  ['maxpool a.tif o.tif --size 3 --stride 2 --padding 1', [60, 40], [4985, 9010]],
  ['avgpool a.tif o.tif --size 3', [90, 60], [5000, 9000]],
  ['globalpool a.tif o.tif', [720, 320], [5000, 9000]],
  ['box a.tif o.tif --size 3 --padding 0', [30, 20], [5030, 8980]],
  ['box a.tif o.tif --size 2 --stride 2 --padding 0', [60, 40], [5000, 9000]],
  ['box a.tif o.tif --size 3 --padding 0,2,2,0', [30, 20], [4970, 8980]],
  ['depthwise a.tif o.tif --kernel box:size=3 --stride 2', [60, 40], [4985, 9010]],
  [
    'chain a.tif o.tif -- maxpool --switches p -- crop --size 6,6 --at 1,2 -- gaussian',
    [60, 40],
    [5060, 8920],
  ],
  ['chain a.tif o.tif -- maxpool --switches p -- sharpen -- unpool --with p', [30, 20], [5000, 9000]],
  ['chain a.tif o.tif -- crop --size 8,8 --at 4,4 -- pad --by 4,4,4,12', [30, 20], [5000, 9000]],
  ['chain a.tif o.tif -- crop --size 8,8 --at 4,4 -- pad --by 6,2,6,10', [30, 20], [4940, 9040]],
  ['resize pages.tif o.tif --by 0.5', [60, 40], [5000, 9000]],
  ['crop alpha.tif o.tif --size 8,8 --at 4,5', [30, 20], [5120, 8900]],
]

test.each(moves)('moves with the pixels: %s', async (line, [wide, high], [left, top]) => {
  const [operation = '', input = '', ...rest] = line.split(' ')
  const run = async (name: string) => {
    const { status, stderr } = await convo([operation, name, ...rest], { cwd: here.path() })
    expect([status, stderr]).toEqual([0, expect.not.stringContaining('position')])
    return numbersOf('o.tif')
  }
  expect(await run(input)).toEqual({
    33550: [expect.closeTo(wide!, 9), expect.closeTo(high!, 9), 0],
    33922: [0, 0, 0, expect.closeTo(left!, 9), expect.closeTo(top!, 9), 0],
  })
  if (input !== 'a.tif') return
  // coordinates are those of the middle of pixels, the first of which is at 5015, 8990
  const [x, y] = [left! + wide! / 2, top! - high! / 2]
  expect((await run('point.tif'))[33922]).toEqual([0, 0, 0, expect.closeTo(x, 9), expect.closeTo(y, 9), 0])
  // a matrix, which swaps the axes: x = 7000 + 20 j, y = 1000 + 30 i
  const matrix = Array<number>(16).fill(0)
  const [i, j] = [(left! - 5000) / 30, (9000 - top!) / 20]
  for (const [at, n] of [
    [1, high!],
    [3, 7000 + 20 * j],
    [4, wide!],
    [7, 1000 + 30 * i],
    [15, 1],
  ] as const)
    matrix[at] = expect.closeTo(n, 9)
  expect(await run('matrix.tif')).toEqual({ 34264: matrix })
  // tie points without a pixel size move on the picture
  const [across, down] = [30 / wide!, 20 / high!]
  const tie = (column: number, row: number) =>
    [(column - i) * across, (row - j) * down].map((n) => expect.closeTo(n, 9))
  expect(await run('ties.tif')).toEqual({
    33922: [...tie(0, 0), 0, 100, 200, 0, ...tie(24, 0), 0, 300, 200, 0, ...tie(5, 16), 0, 100, 50, 0],
  })
})

test.each([
  ['crop --size 8,8 --at 4,5', [30, 20], [5120, 8900]],
  ['maxpool --size 2', [60, 40], [5000, 9000]],
  ['transposed --stride 2,2,2 --upsample nearest', [15, 10], [5000, 9000]],
])('moves with the pixels of the slices of a volume: %s', async (line, [wide, high], [left, top]) => {
  const [operation = '', ...rest] = line.split(' ')
  const words = ['--', 'conv3d', '--kernel', 'binomial-3d.npy', '--', operation, ...rest]
  const { stderr } = await convo(['chain', 'volume.tif', 'v.tif', ...words], { cwd: here.path() })
  expect(stderr).not.toContain('position')
  expect(await numbersOf('v.tif')).toEqual({ 33550: [wide, high, 0], 33922: [0, 0, 0, left, top, 0] })
})

test('is that of the picture at the scale of a network', async () => {
  const model = fileURLToPath(new URL('../../samples/networks/enlarge.safetensors', import.meta.url))
  expect((await convo(['net', model, 'a.tif', 'o.tif'], { cwd: here.path() })).status).toBe(0)
  expect(await numbersOf('o.tif')).toEqual({ 33550: [15, 10, 0], 33922: [0, 0, 0, 5000, 9000, 0] })
})

test('is the same in a dry run', async () => {
  for (const [line, count] of [
    ['resize a.tif o.tif', 0],
    ['gaussian a.tif o.tif --stride 100', 1],
  ] as const) {
    const { stdout } = await convo([...line.split(' '), '--dry-run', '--json'], { cwd: here.path() })
    const { notes } = JSON.parse(stdout) as { readonly notes: readonly string[] }
    expect(notes.filter((note) => note.includes('GeoTIFF position'))).toHaveLength(count)
  }
})

test.each([
  ['maps on a sheet have none', 'chain a.tif o.tif -- keep -- concat'],
  ['a single pixel of a strided filter', 'gaussian a.tif o.tif --stride 100'],
  ['numbers of another type', 'pad odd.tif o.tif'],
])('is dropped with a note: %s', async (_, line) => {
  const { status, stderr } = await convo(line.split(' '), { cwd: here.path() })
  expect([status, stderr]).toEqual([
    0,
    expect.stringContaining(
      'note: the GeoTIFF position was dropped: it does not fit the pixels of the output\n',
    ),
  ])
  // the coordinate system itself is still valid
  expect(await tags('o.tif')).toEqual([34735])
})

test('is that of the picture before it was turned', async () => {
  const { stderr } = await convo(['box', 'turned.tif', 't.tif'], { cwd: here.path() })
  expect(stderr).toBe(
    'note: the GeoTIFF position of turned.tif was dropped: it is that of the picture before it was turned\n',
  )
  expect(await tags('t.tif')).toEqual([34735])
})

test("keeps neither GDAL's no-data value nor its statistics, which filters make false", async () => {
  const fields = [42112, 42113].map((tag) => bytesField(tag, Buffer.from('0\0'), 2))
  const gdal = { ...one, meta: { metadata: { geo: [...geo, ...fields] } } }
  writeFileSync(here.path('gdal.tif'), (await encode(gdal, 'tiff')).bytes)
  writeFileSync(
    here.path('floats.tif'),
    tiffArrayOf([1, 2, 3, 4], { type: 'f8', width: 2, height: 2, fields: [[42113, 48]] }),
  )
  const said = async (line: string) => (await convo(line.split(' '), { cwd: here.path() })).stderr
  expect(await said('box gdal.tif g.tif --depth 16')).toBe(
    'note: GDAL metadata and no-data value of gdal.tif are lost\n',
  )
  expect(await said('box floats.tif f.tif --depth 32')).toContain(
    'note: no-data value of floats.tif is lost\n',
  )
  for (const name of ['g.tif', 'f.tif'])
    expect(readTiffFields(name)).not.toEqual(expect.arrayContaining([42113]))
})

import { readFileSync, writeFileSync } from 'node:fs'
import { beforeAll, expect, test } from 'vitest'
import { readHeader } from '../../src/image/decode.ts'
import { encode, encodePages } from '../../src/image/encode.ts'
import { bytesField, numberField } from '../../src/image/exif.ts'
import { pageOf } from '../../src/image/tiff-directory.ts'
import { noise, picture } from '../image/pictures.ts'
import { tiffArrayOf } from '../image/tiff-arrays.ts'
import { convo, scratch } from './convo.ts'

// The georeference of a GeoTIFF is only kept for pixels that stay at their positions.

const here = scratch()
const options = { maxPixels: 1e6, orient: false }
const placing = [33550, 33922, 34264]
const geo = [...placing, 34735].map((tag) => numberField(tag, 4, tag))
const one = { ...picture(24, 16, 3, 8, noise), meta: { metadata: { geo } } }
const tags = async (name: string) =>
  (await readHeader(here.path(name), options)).meta.metadata?.geo?.map(({ tag }) => tag)

const readTiffFields = (name: string) => {
  const bytes = readFileSync(here.path(name))
  return [...pageOf((at, length) => bytes.subarray(at, at + length))!.tags.keys()]
}

beforeAll(async () => {
  writeFileSync(here.path('a.tif'), (await encode(one, 'tiff')).bytes)
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
  expect([status, stderr]).toEqual([0, expect.not.stringContaining('GeoTIFF')])
  expect(await tags('o.tif')).toEqual([...placing, 34735])
})

test.each([
  'crop a.tif o.tif --size 8,8 --at 4,4',
  'resize a.tif o.tif --by 0.5',
  'pad a.tif o.tif --by 3',
  'transposed a.tif o.tif --stride 2',
  'maxpool a.tif o.tif',
  'chain a.tif o.tif -- crop --size 8,8 --at 4,4 -- pad --by 4,4,4,12',
  'resize pages.tif o.tif --by 0.5',
])('is dropped with a note where pixels move: %s', async (line) => {
  const { status, stderr } = await convo(line.split(' '), { cwd: here.path() })
  const notes = stderr.split('\n').filter((text) => text !== '' && !text.includes('already existed'))
  expect([status, notes]).toEqual([
    0,
    ['note: the GeoTIFF position was dropped: the size of the picture was changed'],
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

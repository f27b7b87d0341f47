import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { deflateSync } from 'node:zlib'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { type Loss, losses } from '../../docs/parts/losses.ts'
import { decode, readHeader } from '../../src/image/decode.ts'
import { encode, encodePages } from '../../src/image/encode.ts'
import { writeNpy } from '../../src/kernel/formats/npy.ts'
import type { Metadata } from '../../src/tensor/metadata.ts'
import type { PictureMeta } from '../../src/tensor/picture.ts'
import { apngOf, chunkOf, pngOf, signature, words } from '../image/chunks.ts'
import { exrOf } from '../image/exrs.ts'
import { curv, grayProfile, rgbProfile } from '../image/icc.ts'
import { noise, photo, picture } from '../image/pictures.ts'
import { floatTiff, tiffOf } from '../image/tiff.ts'
import { tiffArrayOf } from '../image/tiff-arrays.ts'
import { convo as run, scratch } from './convo.ts'
import { readArray } from './pictures.ts'

const folder = scratch()
const convo = (args: readonly string[], { cwd } = { cwd: folder.path() }) => run(args, { cwd })

type Bytes = Uint8Array | Promise<Uint8Array>
type Case = {
  readonly files: Readonly<Record<string, Bytes>>
  /** each a command; `-q` instead of options means none */
  readonly runs: readonly string[]
  /** checks the files afterwards */
  readonly holds?: (path: (name: string) => string) => void | Promise<void>
}

const encoded = async (...given: Parameters<typeof encode>) => (await encode(...given)).bytes
const options = { maxPixels: 1e6, orient: true }
const same = 'conv2d --kernel 1'
const rgb = [2, 1, 2] as const
const samples = [10, 20, 30, 40, 50, 60]
const with_ = (before: Buffer[], behind: Buffer[] = []) => pngOf(rgb, samples, before, behind)
const turned = Buffer.from('II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0', 'latin1')
const wide = rgbProfile(curv(2))
const curves = rgbProfile(curv(2), curv(1.5), curv(2))
const small = (meta: PictureMeta = {}) => ({ ...picture(4, 3, 3, 8, (i) => i * 9), meta })
const level = { width: 8, height: 6, level: 100 }
const animation = (milliseconds = 100) =>
  apngOf(
    [2, 1, 0],
    [5, 90].map((one) => ({ samples: [one, 0], milliseconds })),
  )

/** Returns a JPEG with another segment after its start. */
async function jpegWith(marker: number, body: string): Promise<Buffer> {
  const jpeg = Buffer.from(await encoded(photo, 'jpeg'))
  const bytes = Buffer.from(body, 'latin1')
  const head = Buffer.from([0xff, marker, 0, bytes.length + 2])
  return Buffer.concat([jpeg.subarray(0, 2), head, bytes, jpeg.subarray(2)])
}
const linear = exrOf({ width: 2, height: 1, channels: [['Y', 1]], sample: (x) => x })
/**
 * Returns a JPEG whose header has these sampling factors for chroma. The samples no longer match, but only the header
 * counts.
 */
async function sampledAs(factors: number): Promise<Buffer> {
  const jpeg = Buffer.from(await encoded(photo, 'jpeg', { subsampling: '4:2:0' }))
  jpeg[jpeg.indexOf(Buffer.from([0xff, 0xc0])) + 11] = factors
  return jpeg
}
const artist = 'Exif\0\0II*\0\x08\0\0\0\x01\0\x3b\x01\x02\0\x04\0\0\0Ann\0\0\0\0\0'
const xmp = 'http://ns.adobe.com/xap/1.0/\0<x:xmpmeta xmlns:x="adobe:ns:meta/"/>'
/** IPTC with by-line and copyright. */
const iptc = 'Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x10\x1c\x02\x50\0\x03Ann\x1c\x02\x74\0\x03Bob'
const thumbnail = artist.replace(/\0\0\0\0$/, '\x1a\0\0\0\x01\0\x03\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0')
const mpf = 'MPF\0II*\0\x08\0\0\0\x01\0\x01\xb0\x04\0\x01\0\0\0\x02\0\0\0\0\0\0\0'

/** A GIF of one pixel with blocks before its picture. */
const gifWith = (more: string, aspect = 0) =>
  Buffer.concat([
    Buffer.from('GIF89a\x01\0\x01\0\x80\0', 'latin1'),
    Buffer.from([aspect, 0, 0, 0, 255, 255, 255]),
    Buffer.from(more, 'latin1'),
    Buffer.from('2c0000000001000100000202440100', 'hex'),
    Buffer.from(';'),
  ])

/** Returns an AVIF with some bytes replaced. */
async function avifWith(before: string, after: string): Promise<Buffer> {
  const bytes = Buffer.from(await encoded(photo, 'avif'))
  const at = bytes.indexOf(before, 0, 'latin1')
  expect(at).toBeGreaterThan(0)
  bytes.write(after, at, 'latin1')
  return bytes
}

/** Returns an AVIF with the brand and the head of a film in addition to its picture. */
async function avifSequence(): Promise<Buffer> {
  const head = Buffer.alloc(100)
  for (const [at, value] of [
    [12, 1000],
    [20, 0x10000],
    [36, 0x10000],
    [52, 0x10000],
    [68, 0x40000000],
    [96, 1],
  ] as const)
    head.writeUInt32BE(value, at)
  const film = [words(116), Buffer.from('moov'), words(108), Buffer.from('mvhd'), head]
  return Buffer.concat([await avifWith('miaf', 'msf1'), ...film])
}

/** An AVIF that states primaries and a tone curve (a colr box of type nclx). */
async function avifInColours(primaries: number, curve: number): Promise<Buffer> {
  const bytes = Buffer.from(await encoded(photo, 'avif'))
  const box = Buffer.concat([
    words(19),
    Buffer.from('colrnclx', 'latin1'),
    Buffer.from([0, primaries, 0, curve, 0, 1, 128]),
  ])
  const placeOf = (type: string) => bytes.indexOf(type, 0, 'latin1') - 4
  for (const type of ['meta', 'iprp', 'ipco']) {
    bytes.writeUInt32BE(bytes.readUInt32BE(placeOf(type)) + box.length, placeOf(type))
  }
  const [data, iloc] = [placeOf('mdat') + 8, placeOf('iloc')]
  for (let at = iloc + 8; at < iloc + bytes.readUInt32BE(iloc) - 3; at++) {
    if (bytes.readUInt32BE(at) === data) bytes.writeUInt32BE(data + box.length, at)
  }
  const end = placeOf('ipma')
  return Buffer.concat([bytes.subarray(0, end), box, bytes.subarray(end)])
}

const svg = (inside: string) =>
  Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="4" height="3">${inside}</svg>`)

const npy = (shape: number[], values: (i: number) => number) =>
  writeNpy(
    shape,
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => values(i)),
  )

function float64(shape: string, values: number[]): Buffer {
  const head = `{'descr': '<f8', 'fortran_order': False, 'shape': ${shape}, }`.padEnd(117)
  return Buffer.concat([
    Buffer.from(`\x93NUMPY\x01\0\x76\0${head}\n`, 'latin1'),
    Buffer.from(Float64Array.from(values).buffer),
  ])
}

/** Returns a TIFF whose pixels are twice as wide as high, without their absolute size. */
function tiffWithoutUnit(more: [number, number, number][]): Buffer {
  const of = (at: number) =>
    tiffOf([{ ...level, fields: [[282, 5, at], [283, 5, at + 8], [296, 3, 1], ...more] }])
  return Buffer.concat([of(of(0).length), Buffer.from(Uint32Array.of(1, 1, 2, 1).buffer)])
}

/** Returns a TIFF with one more field, or with another value in one. */
const tiffField = (tag: number, type: number, value: number) =>
  tiffOf([{ ...level, fields: [[tag, type, value]] }])
/** Returns a YCbCr TIFF without subsampling, with two 16-bit numbers in one field. */
function wholeChroma(): Buffer {
  const made = { type: 'u1', width: 1, height: 1, channels: 3 } as const
  const bytes = tiffArrayOf([50, 100, 150], {
    ...made,
    fields: [
      [262, 6],
      [530, 0x10001],
    ],
  })
  const at = bytes.indexOf(Buffer.from([0x12, 2, 4, 0]))
  return patched(patched(bytes, at + 2, 3), at + 4, 2)
}
function floatsOf(tag: number, value: number): Buffer {
  const bytes = floatTiff(2, 1, [1, 2])
  for (let at = 10; ; at += 12) if (bytes.readUInt16LE(at) === tag) return patched(bytes, at + 8, value)
}
function patched(bytes: Buffer, at: number, value: number): Buffer {
  bytes.writeUInt16LE(value, at)
  return bytes
}

const alphaOf = (alpha: (i: number) => number, width = 4) =>
  picture(width, 3, 4, 8, (i) => (i % 4 === 3 ? alpha((i - 3) / 4) : 50 + i))
const holes = alphaOf((i) => (i % 2) * 255)
const deep = picture(4, 3, 3, 16, noise)
const metaOf = async (path: string, orient = true) => (await readHeader(path, { ...options, orient })).meta
const pixels = async (path: string) => [...(await decode(path, options)).data]

/** Makes a case in which outputs with these extensions keep the metadata. */
const kept = (files: Case['files'], endings: string, holds: (metadata: Metadata) => void): Case => ({
  files,
  runs: endings.split(' ').map((ending) => `${same} ${Object.keys(files)[0]} o.${ending}`),
  async holds(path) {
    for (const ending of endings.split(' ')) holds((await metaOf(path(`o.${ending}`))).metadata ?? {})
  },
})

const cases: Readonly<Record<string, Case>> = {
  EXIF: kept({ 'a.jpg': jpegWith(0xe1, artist) }, 'png jpg tif webp avif', ({ exif }) =>
    expect(Buffer.from(exif!.fields.find(({ tag }) => tag === 315)!.bytes).toString()).toBe('Ann\0'),
  ),
  XMP: kept({ 'a.jpg': jpegWith(0xe1, xmp) }, 'png jpg tif webp avif', (held) =>
    expect(Buffer.from(held.xmp!).toString()).toBe(xmp.split('\0')[1]),
  ),
  IPTC: kept({ 'a.jpg': jpegWith(0xed, iptc) }, 'jpg tif', (held) =>
    expect(Buffer.from(held.iptc!).toString('latin1')).toBe(iptc.slice(26)),
  ),
  'author, copyright, description and software of a PNG': {
    files: { 'a.png': with_(['Author\0Ann', 'Copyright\0Bob'].map((text) => chunkOf('tEXt', text))) },
    runs: ['png', 'jpg', 'tif', 'webp', 'avif'].map((ending) => `${same} a.png o.${ending}`),
    async holds(path) {
      const text = (await metaOf(path('o.png'))).metadata?.text
      expect(text?.map(({ keyword }) => keyword)).toEqual(['Author', 'Copyright'])
      for (const ending of ['jpg', 'tif', 'webp', 'avif']) {
        const { exif } = (await metaOf(path(`o.${ending}`))).metadata ?? {}
        const said = exif?.fields
          .filter(({ type }) => type === 2)
          .map(({ tag, bytes }) => [tag, `${Buffer.from(bytes)}`])
        expect([ending, said]).toEqual([
          ending,
          [
            [315, 'Ann\0'],
            [33432, 'Bob\0'],
          ],
        ])
      }
    },
  },
  'text chunks, and comments': {
    files: {
      'a.jpg': jpegWith(0xfe, 'hello'),
      'a.png': with_([chunkOf('tEXt', 'Title\0a')]),
      'a.gif': gifWith('\x21\xfe\x05hello\0'),
    },
    runs: [
      `${same} a.jpg o.jpg`,
      `${same} a.jpg o.png`,
      `${same} a.gif p.jpg`,
      `${same} a.gif p.png`,
      `${same} a.png q.png`,
    ],
    async holds(path) {
      for (const name of ['o.jpg', 'o.png', 'p.jpg', 'p.png'])
        expect((await metaOf(path(name))).metadata?.text).toEqual([{ keyword: 'Comment', text: 'hello' }])
      expect((await metaOf(path('q.png'))).metadata?.text).toEqual([{ keyword: 'Title', text: 'a' }])
    },
  },
  GeoTIFF: kept({ 'a.tif': tiffField(33550, 4, 1) }, 'tif', ({ geo }) =>
    expect(geo).toEqual([{ tag: 33550, type: 4, count: 1, bytes: Uint8Array.of(1, 0, 0, 0) }]),
  ),
  'metadata of GDAL: no-data value, statistics': {
    files: { 'a.tif': tiffField(42113, 2, 48) },
    runs: [`${same} a.tif o.tif`],
  },
  'the GeoTIFF position of a picture that is turned, or of maps on a sheet': {
    files: {
      'a.tif': tiffField(33550, 4, 1),
      'b.tif': tiffOf([
        {
          ...level,
          fields: [
            [274, 3, 3],
            [33550, 4, 1],
          ],
        },
      ]),
    },
    runs: ['chain a.tif o.tif -- keep -- concat', `${same} b.tif p.tif`],
  },
  'metadata in a format that does not hold it': {
    files: {
      'a.png': with_([
        chunkOf('tEXt', 'Title\0a'),
        chunkOf('iTXt', 'XML:com.adobe.xmp\0\0\0\0\0<x/>'),
        chunkOf('eXIf', Buffer.from(artist.slice(6), 'latin1')),
      ]),
    },
    runs: ['gif', 'npy', 'bmp', 'ppm'].map((ending) => `${same} a.png o.${ending}`),
  },
  'a thumbnail in EXIF': {
    files: { 'a.jpg': jpegWith(0xe1, thumbnail) },
    runs: [`${same} a.jpg o.jpg`],
    holds: async (path) =>
      expect((await metaOf(path('o.jpg'))).metadata?.exif?.fields.map(({ tag }) => tag)).toEqual([315]),
  },
  'the time of a PNG': {
    files: { 'a.png': with_([], [chunkOf('tIME', Buffer.alloc(7))]) },
    runs: [`${same} a.png o.png`],
  },
  'EXIF after the picture data of a PNG': {
    files: { 'a.png': with_([], [chunkOf('eXIf', turned)]) },
    runs: [`${same} a.png o.png`],
  },
  'metadata of a later page of a TIFF': {
    files: { 'a.tif': tiffOf([level, { ...level, fields: [[700, 1, 0x3c]] }]) },
    runs: [`${same} a.tif o.tif`],
  },
  'pixels that are not square (pHYs, JFIF, GIF, TIFF, OpenEXR)': {
    files: {
      'a.png': with_([chunkOf('pHYs', Buffer.concat([words(2, 1), Buffer.from([0])]))]),
      'a.jpg': jpegWith(0xe0, 'JFIF\0\x01\x02\0\0\x02\0\x01\0\0'),
      'a.gif': gifWith('', 17),
      'a.tif': tiffWithoutUnit([]),
      // samples that are read as an array
      'b.tif': tiffWithoutUnit([[339, 3, 2]]),
      'a.exr': exrOf({ width: 2, height: 1, channels: [['Y', 1]], sample: (x) => x, aspect: 2 }),
    },
    runs: ['a.png', 'a.jpg', 'a.gif', 'a.tif', 'b.tif', 'a.exr'].map((name) => `${same} ${name} o.png`),
  },
  resolution: {
    files: { 'a.png': encoded(small({ resolution: [3937, 11811] }), 'png') },
    runs: ['png', 'jpg', 'tif', 'webp', 'avif'].map((ending) => `${same} a.png o.${ending}`),
    async holds(path) {
      for (const ending of ['png', 'jpg', 'tif', 'webp', 'avif']) {
        const { resolution } = await metaOf(path(`o.${ending}`))
        expect([ending, ...(resolution ?? [])]).toEqual([ending, 3937, 11811])
      }
    },
  },
  'resolution into GIF and .npy': {
    files: { 'a.png': encoded(small({ resolution: [3937, 3937] }), 'png') },
    runs: [`${same} a.png o.gif`, `${same} a.png o.npy`],
  },
  'a resolution of 72 dots to the inch, into GIF and .npy': {
    files: { 'a.png': encoded(small({ resolution: [2835, 2835] }), 'png') },
    runs: [`${same} a.png o.gif`, `${same} a.png o.npy`],
  },
  'sBIT and hIST of a PNG': {
    files: { 'a.png': with_([chunkOf('sBIT', Buffer.from([5, 6, 5]))]) },
    runs: [`${same} a.png o.png`],
    holds: async (path) => expect(await pixels(path('o.png'))).toEqual(samples),
  },
  'a chunk of a PNG that is damaged': {
    files: { 'a.png': with_([chunkOf('gAMA', words(30000), true)]) },
    runs: [`${same} a.png o.png`],
  },
  'a chunk of a PNG that is there twice': {
    files: { 'a.png': with_([chunkOf('gAMA', words(45455)), chunkOf('gAMA', words(30000))]) },
    runs: [`${same} a.png o.png`],
  },
  'a chunk of a PNG in the wrong place': {
    files: {
      'a.png': pngOf(
        [2, 1, 3],
        [1, 0],
        [chunkOf('tRNS', Buffer.from([0])), chunkOf('PLTE', Buffer.alloc(6))],
      ),
    },
    runs: [`${same} a.png o.png`],
  },
  'later pages, where the output holds one': {
    files: { 'a.png': animation(), 'a.tif': tiffOf([level, level]) },
    runs: [`${same} a.png o.png`, `${same} a.tif o.jpg`],
  },
  'pages and pictures of an animation, where the output holds them': {
    files: { 'a.png': animation() },
    runs: [`${same} a.png o.gif`, `${same} a.png o.webp`],
    async holds(path) {
      for (const name of ['o.gif', 'o.webp']) {
        const { pages, delay } = await readHeader(path(name), options)
        expect([pages, delay]).toEqual([2, [100, 100]])
      }
    },
  },
  'how long each picture is shown, into TIFF or numbered files, and of a volume': {
    files: { 'a.png': animation(50) },
    runs: [`${same} a.png o.tif`, `${same} a.png o{index}.png`, 'conv3d a.png o.gif', 'conv3d a.png o.npy'],
  },
  'times that are no multiple of 10 ms, into GIF': {
    files: { 'a.png': animation(33) },
    runs: [`${same} a.png o.gif`],
  },
  'a first picture of an animated PNG that is not part of it': {
    files: { 'a.png': apngOf([2, 1, 0], [{ samples: [5, 6] }, { samples: [1, 0] }], { apart: true }) },
    runs: [`${same} a.png o.webp`],
  },
  'an animated PNG whose acTL chunk is damaged': {
    files: { 'a.png': apngOf([2, 1, 0], [{ samples: [5, 6] }, { samples: [1, 0] }], { bad: true }) },
    runs: [`${same} a.png o.png`],
  },
  'further pictures of a JPEG (MPF)': {
    files: { 'a.jpg': jpegWith(0xe2, mpf) },
    runs: [`${same} a.jpg o.png`],
  },
  'other channels, layers and parts of an OpenEXR picture': {
    files: {
      'a.exr': exrOf({
        width: 2,
        height: 1,
        channels: [
          ['Y', 1],
          ['Z', 2],
        ],
      }),
    },
    runs: [`${same} a.exr o.pfm`],
  },
  'AVIF sequences': { files: { 'a.avif': avifSequence() }, runs: [`${same} a.avif o.png`] },
  'gain maps of an AVIF': { files: { 'a.avif': avifWith('miaf', 'tmap') }, runs: [`${same} a.avif o.png`] },
  'subdirectories of a TIFF': {
    files: { 'a.tif': tiffOf([{ ...level, subs: [level] }]) },
    runs: [`${same} a.tif o.png`],
  },
  'text that a GIF draws over a picture': {
    files: { 'a.gif': gifWith('\x21\x01\x0c0123456789ab\0') },
    runs: [`${same} a.gif o.png`],
  },
  'pictures that are not read, when two files are compared': {
    files: { 'a.jpg': jpegWith(0xe2, mpf), 'b.jpg': jpegWith(0xe2, `${mpf}\0`) },
    runs: ['compare a.jpg b.jpg'],
  },
  'a TIFF whose picture is in a subdirectory': {
    files: { 'a.tif': tiffOf([{ width: 4, height: 3, fields: [[254, 4, 1]], subs: [level] }]) },
    runs: [`${same} a.tif o.png`, 'digest a.tif'],
  },
  'files that a drawing (SVG) refers to': {
    files: { 'a.svg': svg('<image href="b.png" width="4" height="3"/>') },
    runs: [`${same} a.svg o.png`],
  },
  'animation, scripts and HTML in an SVG': {
    files: {
      'a.svg': svg(
        '<rect width="4" height="3"><animate attributeName="x" to="3" dur="1s"/></rect><script>x</script><foreignObject/>',
      ),
    },
    runs: [`${same} a.svg o.png`],
  },
  'pages of 8 and 16 bits in one TIFF': {
    files: { 'a.tif': tiffOf([level, { ...level, bits: 16 }]) },
    runs: [`${same} a.tif o.tif`],
  },
  'notes on the slices of a folder': {
    files: {
      's/1.png': with_([]),
      's/2.png': with_([chunkOf('tIME', Buffer.alloc(7))]),
      's/3.png': with_([chunkOf('tIME', Buffer.alloc(7))]),
    },
    runs: ['conv3d s o.gif', 'conv3d s o.npy', 'conv3d s o{index}.png'],
  },
  orientation: {
    files: { 'a.png': with_([chunkOf('eXIf', turned)]) },
    runs: [`${same} a.png o.png`],
    async holds(path) {
      const { width, height, meta } = await readHeader(path('o.png'), { ...options, orient: false })
      expect([width, height, meta]).toEqual([1, 2, {}])
    },
  },
  'orientation with --no-orient': {
    files: { 'a.png': with_([chunkOf('eXIf', turned)]) },
    runs: ['png', 'jpg', 'tif', 'webp'].map((ending) => `${same} a.png o.${ending} --no-orient`),
    async holds(path) {
      for (const ending of ['png', 'jpg', 'tif', 'webp'])
        expect((await metaOf(path(`o.${ending}`), false)).orientation).toBe(6)
    },
  },
  'orientation with --no-orient into GIF and .npy': {
    files: { 'a.png': with_([chunkOf('eXIf', turned)]) },
    runs: [`${same} a.png o.gif --no-orient`, `${same} a.png o.npy --no-orient`],
  },
  'orientation of an animated PNG': {
    files: {
      'a.png': Buffer.concat([
        animation().subarray(0, 33),
        chunkOf('eXIf', turned),
        animation().subarray(33),
      ]),
    },
    runs: [`${same} a.png o.gif`],
  },
  'ICC profile': {
    files: { 'a.png': encoded(small({ icc: wide }), 'png') },
    runs: ['png', 'jpg', 'tif', 'webp', 'avif'].map((ending) => `${same} a.png o.${ending}`),
    async holds(path) {
      for (const ending of ['png', 'jpg', 'tif', 'webp', 'avif'])
        expect(Buffer.from((await metaOf(path(`o.${ending}`))).icc!).equals(wide)).toBe(true)
      for (const ending of ['png', 'tif', 'webp'])
        expect(await pixels(path(`o.${ending}`))).toEqual([...small().data])
    },
  },
  'ICC profile into GIF and .npy': {
    files: { 'a.png': encoded(small({ icc: wide }), 'png') },
    runs: [`${same} a.png o.gif`, `${same} a.png o.npy`],
  },
  'ICC profile of colours on a gray output': {
    files: { 'a.png': encoded(small({ icc: wide }), 'png') },
    runs: ['png', 'jpg', 'webp', 'tif'].map((ending) => `${same} a.png o.${ending} --gray`),
  },
  'ICC profile that is damaged or for other colours': {
    files: {
      'a.tif': tiffOf([{ ...level, icc: wide }]),
      'a.jpg': jpegWith(
        0xe2,
        `ICC_PROFILE\0\x01\x01${grayProfile(curv(2)).toString('latin1').slice(0, 200)}`,
      ),
    },
    runs: [`${same} a.tif o.png`, `${same} a.jpg o.png`],
  },
  'profiles that differ from page to page': {
    files: { 'a.tif': tiffOf([2, 1.5].map((gamma) => ({ ...level, icc: grayProfile(curv(gamma)) }))) },
    runs: [`${same} a.tif o.tif`],
  },
  'gAMA of a PNG': {
    files: { 'a.png': with_([chunkOf('gAMA', words(30000))]) },
    runs: [`${same} a.png o.png`],
    holds: async (path) => expect((await metaOf(path('o.png'))).gamma).toBe(30000),
  },
  'gAMA into other formats': {
    files: { 'a.png': with_([chunkOf('gAMA', words(30000))]) },
    runs: ['jpg', 'tif', 'webp', 'gif', 'avif', 'npy'].map((ending) => `${same} a.png o.${ending}`),
  },
  'primaries (cHRM) of a PNG': {
    files: { 'a.png': with_([chunkOf('cHRM', Buffer.alloc(32, 1))]) },
    runs: [`${same} a.png o.png`],
  },
  'colour encoding in a PNG (cICP) or AVIF (nclx)': {
    files: {
      'a.png': with_([chunkOf('cICP', Buffer.from([9, 16, 0, 1]))]),
      'a.avif': avifInColours(9, 16),
    },
    runs: [`${same} a.png o.png`, `${same} a.avif o.png`],
  },
  CMYK: {
    files: {
      'a.jpg': sharp({ create: { width: 8, height: 8, channels: 3, background: '#48c' } })
        .toColourspace('cmyk')
        .jpeg()
        .toBuffer(),
    },
    runs: [`${same} a.jpg o.png`],
  },
  'the exposure of a Radiance picture': {
    files: {
      'a.hdr': Buffer.from('#?RADIANCE\nEXPOSURE=2\n\n-Y 1 +X 1\n\x09\x01\x01\x09', 'latin1'),
    },
    runs: [`${same} a.hdr o.png`],
  },
  'primaries of an OpenEXR picture': {
    files: {
      'a.exr': exrOf({
        ...{ width: 2, height: 1, channels: [['Y', 1]] },
        primaries: [0.7, 0.3, 0.2, 0.7, 0.1, 0, 0.3, 0.3],
      }),
    },
    runs: [`${same} a.exr o.png`],
  },
  'the ICC profile of a GIF': {
    files: {
      'a.gif': Buffer.from(
        'GIF89a\x01\0\x01\0\x80\0\0\xff\0\0\0\0\xff!\xff\x0bICCRGBG1012\x01a\0,\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0;',
        'latin1',
      ),
    },
    runs: [`${same} a.gif o.png`],
  },
  'Lab in a TIFF': { files: { 'a.tif': tiffField(262, 3, 8) }, runs: [`${same} a.tif o.png`] },
  'YCbCr in a TIFF without JPEG, in 4:4:4': {
    files: { 'a.tif': wholeChroma() },
    runs: [`${same} a.tif o.png`],
  },
  'floats of a TIFF where 0 is white': {
    files: { 'a.tif': floatsOf(262, 0) },
    runs: [`${same} a.tif o.png`],
  },
  '--gray of colours with three tone curves': {
    files: { 'a.png': encoded(small({ icc: curves }), 'png') },
    runs: [`${same} a.png o.png --gray --linear`],
  },
  alpha: {
    files: {
      'a.png': encoded(
        alphaOf((i) => 20 + i),
        'png',
      ),
    },
    runs: ['png', 'tif', 'webp'].map((ending) => `${same} a.png o.${ending} --alpha copy`),
    async holds(path) {
      for (const ending of ['png', 'tif', 'webp'])
        expect(await pixels(path(`o.${ending}`))).toEqual([...alphaOf((i) => 20 + i).data])
    },
  },
  'opaque alpha into JPEG': {
    files: {
      'a.png': encoded(
        alphaOf(() => 255),
        'png',
      ),
    },
    runs: [`${same} a.png o.jpg`],
  },
  'alpha into JPEG': { files: { 'a.png': encoded(holes, 'png') }, runs: [`${same} a.png o.jpg`] },
  'soft alpha into GIF': {
    files: {
      'a.png': encoded(
        alphaOf(() => 100),
        'png',
      ),
    },
    runs: [`${same} a.png o.gif`],
  },
  'alpha of the slices of a volume': {
    files: { 's/1.png': encoded(holes, 'png'), 's/2.png': encoded(holes, 'png') },
    runs: ['conv3d s o.gif', 'conv3d s o{index}.png'],
  },
  'colours of a TIFF that are multiplied by their alpha': {
    files: {
      'a.tif': tiffArrayOf([50, 100], { type: 'u1', width: 1, height: 1, channels: 2, fields: [[338, 1]] }),
    },
    runs: [`${same} a.tif o.png`],
    holds: async (path) => expect([...(await decode(path('o.png'), options)).data]).toEqual([128, 100]),
  },
  'a further channel of a TIFF that may be no alpha': {
    files: {
      'a.tif': tiffArrayOf([50, 100], { type: 'u1', width: 1, height: 1, channels: 2, fields: [[338, 0]] }),
    },
    runs: [`${same} a.tif o.png`],
  },
  'areas of a GIF without alpha that no frame covers': {
    files: {
      'a.gif': Buffer.from(
        'GIF89a\x02\0\x01\0\x80\0\0\xff\0\0\0\0\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0;',
        'latin1',
      ),
    },
    runs: [`${same} a.gif o.png`],
  },
  '--alpha drop of hidden colours': {
    files: { 'a.png': encoded(holes, 'png') },
    runs: [`${same} a.png o.png --alpha drop`],
  },
  '--alpha separate of hidden colours': {
    files: { 'a.png': encoded(holes, 'png') },
    runs: [`${same} a.png o.png --alpha separate`],
  },
  'other colours under alpha 0': {
    files: { 'a.png': encoded(holes, 'png') },
    runs: [`${same} a.png o.png`],
    async holds(path) {
      const { stdout } = await convo(['compare', path('a.png'), path('o.png'), '--alpha', 'visible'])
      expect(stdout).toContain('same')
    },
  },
  'alpha, where the result has another size or other channels': {
    files: { 'a.png': encoded(holes, 'png'), 'k.npy': npy([2, 3, 1, 1], (i) => i / 6) },
    runs: ['conv2d --kernel k.npy a.png o.png'],
  },
  '1 to 7, and 9 to 15 bits': {
    files: {
      'a.png': Buffer.concat([
        signature,
        chunkOf('IHDR', Buffer.concat([words(4, 1), Buffer.from([2, 0, 0, 0, 0])])),
        chunkOf('IDAT', deflateSync(Buffer.from([0, 0b00011011]))),
        chunkOf('IEND'),
      ]),
    },
    runs: [`${same} a.png o.png`],
    async holds(path) {
      expect(await pixels(path('o.png'))).toEqual([0, 85, 170, 255])
    },
  },
  '16 bits': {
    files: { 'a.png': encoded(deep, 'png') },
    runs: ['png', 'tif', 'npy'].map((ending) => `${same} a.png o.${ending}`),
    async holds(path) {
      for (const ending of ['png', 'tif']) expect(await pixels(path(`o.${ending}`))).toEqual([...deep.data])
      const { data } = readArray(path('o.npy'))
      expect([...data].sort()).toEqual([...deep.data].sort())
    },
  },
  'linear light of Radiance and OpenEXR, into PNG': {
    files: { 'a.exr': linear },
    runs: [`${same} a.exr o.png --depth 16`],
    holds: async (path) => expect((await metaOf(path('o.png'))).gamma).toBe(100000),
  },
  'linear light of Radiance and OpenEXR, into other formats of 8 and 16 bits': {
    files: { 'a.exr': linear },
    runs: ['jpg', 'webp', 'tif --depth 8', 'ppm'].map((ending) => `${same} a.exr o.${ending}`),
  },
  'chroma of a JPEG that is neither 4:4:4 nor 4:2:0, into JPEG': {
    files: { 'a.jpg': sampledAs(0x21) },
    runs: [`${same} a.jpg o.jpg`],
  },
  'floating point into TIFF, PFM and .npy': {
    files: { 'a.exr': linear },
    runs: ['tif', 'pfm', 'npy'].map((ending) => `${same} a.exr o.${ending}`),
    holds: async (path) => {
      for (const name of ['o.tif', 'o.pfm']) expect((await decode(path(name), options)).depth).toBe(32)
    },
  },
  'floating point into other formats': {
    files: { 'a.exr': linear, 'a.npy': npy([3, 4], (i) => i * 20), 's/1.npy': npy([3, 4], (i) => i) },
    runs: [
      ...['png', 'jpg', 'webp', 'gif', 'avif', 'bmp', 'ppm'].flatMap((ending) => [
        `${same} a.exr o.${ending}`,
        `${same} a.npy p.${ending}`,
        `${same} a.npy p.${ending} --dry-run`,
      ]),
      'chain a.npy c.png -- box -- box',
    ],
  },
  '16 bits into JPEG, WebP, GIF and AVIF': {
    files: { 'a.png': encoded(deep, 'png') },
    runs: ['jpg', 'webp', 'gif', 'avif'].map((ending) => `${same} a.png o.${ending}`),
  },
  'more than 256 colours into GIF': {
    files: { 'a.png': encoded(picture(40, 30, 3, 8, noise), 'png') },
    runs: [`${same} a.png o.gif`],
  },
  'samples below black or above white': {
    files: { 'a.png': encoded(small(), 'png') },
    runs: ['conv2d --kernel 9 a.png o.png', 'conv2d --kernel -1 a.png o.jpg'],
  },
  'NaN into a picture, which becomes 0': {
    files: { 'a.npy': npy([3, 4], (i) => (i === 5 ? Number.NaN : i * 20)) },
    runs: [`${same} a.npy o.png`],
    holds: async (path) => expect((await pixels(path('o.png')))[5]).toBe(0),
  },
  'NaN and infinities into .npy': {
    files: { 'a.npy': npy([1, 3], (i) => [Number.NaN, 1 / 0, -1 / 0][i]!) },
    runs: [`${same} a.npy o.npy`],
    holds: (path) => expect([...readArray(path('o.npy')).data]).toEqual([Number.NaN, 1 / 0, -1 / 0]),
  },
  'NaN and infinities in an FFT': {
    files: {
      'a.npy': npy([1, 40, 40], (i) => (i === 5 ? 1 / 0 : i)),
      'k.npy': npy([31, 31], (i) => ((i * 7919) % 23) + 1),
    },
    runs: ['conv2d --kernel k.npy a.npy o.npy --algorithm fft'],
  },
  'the scale of floats, which is guessed': {
    files: { 'a.npy': npy([3, 4], (i) => i / 20), 'a.tif': floatTiff(2, 1, [0.25, 0.5]) },
    runs: [`${same} a.npy o.png`, `${same} a.tif o.png`],
  },
  'the layout of an array, which is found': {
    files: { 'a.npy': npy([9, 8, 3], (i) => i) },
    runs: [`${same} a.npy o.png`, 'digest a.npy'],
  },
  'numbers of an array that float32 does not hold': {
    files: { 'a.npy': float64('(2, 2)', [0.1, 0.2, 0.3, 1]) },
    runs: [`${same} a.npy o.npy`, `${same} a.npy o.png`],
  },
  'the same, when two arrays are compared': {
    files: { 'a.npy': float64('(2, 2)', [0.1, 0.2, 0.3, 1]) },
    runs: ['compare a.npy a.npy', 'digest a.npy'],
  },
  'signed samples, and floats of 16 bits, in a TIFF': {
    files: { 'a.tif': floatTiff(2, 1, [1, -2], 2), 'b.tif': floatsOf(258, 16) },
    runs: [`${same} a.tif o.npy`, `${same} b.tif p.npy`],
    holds(path) {
      expect([...readArray(path('o.npy')).data]).toEqual([0x3f800000, 0xc0000000 - 2 ** 32])
      expect([...readArray(path('p.npy')).data]).toEqual([0, 1.875])
    },
  },
  'more channels than a picture has, in a TIFF': {
    files: {
      'a.tif': tiffOf([
        {
          width: 4,
          height: 3,
          fields: [
            [256, 4, 1],
            [277, 3, 4],
          ],
        },
      ]),
    },
    runs: [`${same} a.tif o.npy`],
    holds: (path) => expect(readArray(path('o.npy')).shape[0]).toBe(4),
  },
  'complex samples in a TIFF': { files: { 'a.tif': floatsOf(339, 6) }, runs: [`${same} a.tif o.png`] },
  'floats into a picture with --range raw': {
    files: { 'a.png': encoded(small(), 'png') },
    runs: [`${same} a.png o.png --range raw`, `${same} a.png o.tif --range raw`],
  },
  'further pages of a photo for show': {
    files: { 'a.png': animation() },
    runs: ['show sobel-x o.svg --photo a.png'],
  },
  'alpha of a photo for show': {
    files: { 'a.png': encoded(holes, 'png') },
    runs: ['show sobel-x o.svg --photo a.png'],
  },
  'a photo for a kernel of several planes': {
    files: { 'a.png': encoded(small(), 'png'), 'k.npy': npy([2, 3, 3], (i) => i) },
    runs: ['show k.npy o.svg --photo a.png'],
  },
  'planes of a large bank in its drawing': {
    files: { 'k.npy': npy([401, 1, 1], (i) => i) },
    runs: ['show k.npy o.svg'],
  },
  'colours of animations of animate, into GIF': { files: {}, runs: ['animate pointwise o.gif --width 200'] },
  'losses in the picture of a check case': {
    files: {
      'a.png': animation(),
      'convo.check.yaml': Buffer.from('cases: [{ name: a, input: a.png, run: [box] }]'),
    },
    runs: ['check --reporter json'],
  },
  'raw pictures of cameras': { files: { 'a.dng': tiffField(50706, 1, 1) }, runs: [`${same} a.dng o.png`] },
  HEIC: {
    files: { 'a.heic': Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1') },
    runs: [`${same} a.heic o.png`, 'digest a.heic'],
  },
}

const rows = losses.flatMap((group) => group.rows)

/** Returns a pattern for a text of the table. */
const patternOf = (text: string): RegExp =>
  new RegExp(text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&').replaceAll('…', '.+?'), 's')

const noteOf = (text: string): RegExp => new RegExp(`\nnote: [^\n]*${patternOf(text).source}`)

/** Losses that are only found in samples, or in pages after the first. */
const bySamples: ReadonlySet<string> = new Set([
  'profiles that differ from page to page',
  'soft alpha into GIF',
  'alpha of the slices of a volume',
  '--alpha drop of hidden colours',
  '--alpha separate of hidden colours',
  'more than 256 colours into GIF',
  'the scale of floats, which is guessed',
  'samples below black or above white',
  'NaN into a picture, which becomes 0',
])

const isOperation = (line: string): boolean => !/^(animate|check|compare|digest|show) /.test(line)

async function check(
  { what, outcome, text }: Loss,
  { files, runs, holds }: Case,
  path: (name: string) => string,
) {
  mkdirSync(path(''))
  for (const [name, bytes] of Object.entries(files)) {
    mkdirSync(dirname(path(name)), { recursive: true })
    writeFileSync(path(name), await bytes)
  }
  for (const line of runs) {
    // a dry run predicts it, unless only the samples show it
    if (outcome === 'reported' && isOperation(line) && !bySamples.has(what)) {
      const { stderr } = await convo(line.replace(' ', ' --dry-run ').split(' '), { cwd: path('') })
      expect(`${line}, planned\n${stderr}`).toMatch(noteOf(text))
    }
    const ran = await convo(line.split(' '), { cwd: path('') })
    const { stdout } = ran
    // the note is in the report of the case, which is new because it has not been approved yet
    const isCase = line.startsWith('check') && ran.status === 1
    const stderr = isCase
      ? [...stdout.matchAll(/"note",\s*"(.*)"/g)].map(([, note]) => `note: ${note}`).join('\n')
      : ran.stderr
    const status = isCase ? 0 : ran.status
    const said = [line, stderr]
    if (outcome === 'refused') {
      expect([line, status]).toEqual([line, line.startsWith('compare') && status === 1 ? 1 : 2])
      const [, code = '', message = text] = /^(E_\w+): (.*)$/s.exec(text) ?? []
      expect(`${stdout}${stderr}`).toMatch(patternOf(message))
      expect(said).toEqual([line, expect.stringContaining(code)])
    } else {
      expect([line, status, stderr]).toEqual([line, 0, expect.not.stringContaining('error')])
      if (outcome === 'reported') expect(`${line}\n${stderr}`).toMatch(noteOf(text))
      else expect(stderr).not.toMatch(/ lost$| lost\n|dropped|ignored|cannot store|not read|rounded/)
    }
  }
  await holds?.(path)
}

describe('what a picture may lose', () => {
  test('every row of the table has its case, and no case is without a row', () => {
    expect(Object.keys(cases).sort()).toEqual(rows.map(({ what }) => what).sort())
    expect(new Set(rows.map(({ what }) => what)).size).toBe(rows.length)
    for (const { what, outcome } of rows)
      if (outcome === 'kept' || outcome === 'exact')
        expect([what, cases[what]!.holds]).not.toContain(undefined)
  })

  test.each(rows.map((row, i) => [row.what, row.outcome, row, i] as const))(
    '%s: %s',
    async (what, _, row, i) => {
      await check(row, cases[what]!, (name) => join(folder.path(`row${i}`), name))
    },
  )

  test('notes are in --json too', async () => {
    const path = folder.path('json.png')
    writeFileSync(path, await encoded(small({ icc: wide }), 'png'))
    const { stdout } = await convo([...same.split(' '), path, folder.path('json.gif'), '--json'])
    expect(JSON.parse(stdout).notes).toEqual(['gif cannot store the ICC profile'])
  })

  test('pages of one file keep the first profile and resolution, in every format that has room', async () => {
    const meta = { icc: new Uint8Array(wide), resolution: [3937, 3937] as const }
    for (const format of ['tiff', 'webp'] as const) {
      const { bytes, notes } = await encodePages([small(meta), small(meta)], format)
      expect([format, notes]).toEqual([format, []])
      expect([format, (await readHeader(bytes, options)).meta]).toEqual([format, meta])
    }
  })
})

import { readFileSync } from 'node:fs'
import { deflateSync } from 'node:zlib'
import sharp, { type Sharp } from 'sharp'
import { encode } from '../../src/image/encode.ts'
import { bytesField, fractionField, numberField } from '../../src/image/exif.ts'
import { writeNpy } from '../../src/kernel/formats/npy.ts'
import type { Metadata } from '../../src/tensor/metadata.ts'
import { exrOf } from '../image/exrs.ts'
import { picture } from '../image/pictures.ts'
import { floatTiff, joinTiffs } from '../image/tiff.ts'
import { tiffArrayOf } from '../image/tiff-arrays.ts'
import { withChecksums, words } from './mutate.ts'

const chunk = (type: string, ...parts: (number[] | Uint8Array | string)[]): Buffer => {
  const data = Buffer.concat(parts.map((part) => Buffer.from(part as Uint8Array)))
  const out = Buffer.alloc(data.length + 12)
  out.writeUInt32BE(data.length)
  out.write(type, 4, 'latin1')
  data.copy(out, 8)
  return out
}

const u32 = (...values: number[]): number[] =>
  values.flatMap((v) => [v >>> 24, (v >> 16) & 255, (v >> 8) & 255, v & 255])

/** Makes a PNG of 4x3 with a colour type and depth, and with chunks before and after its data. */
function png(
  type: number,
  depth: number,
  before: readonly Buffer[] = [],
  after: readonly Buffer[] = [],
): Buffer {
  const bits = depth * [1, 0, 3, 1, 2, 0, 4][type]! * 4
  const rows = Buffer.alloc((1 + Math.ceil(bits / 8)) * 3, type === 3 ? 0 : 0x5a)
  for (let y = 0; y < 3; y++) rows[y * (rows.length / 3)] = y
  return withChecksums(
    Buffer.concat([
      Buffer.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]),
      chunk('IHDR', u32(4, 3), [depth, type, 0, 0, 0]),
      ...before,
      chunk('IDAT', deflateSync(rows)),
      ...after,
      chunk('IEND'),
    ]),
  )
}

/** Makes an animated PNG of two frames. */
function apng(): Buffer {
  const frame = (n: number) => chunk('fcTL', u32(n, 4, 3, 0, 0), [0, 1, 0, 10, 0, 0])
  const data = deflateSync(Buffer.alloc(15, 1))
  return png(0, 8, [chunk('acTL', u32(2, 0)), frame(0)], [frame(1), chunk('fdAT', u32(2), data)])
}

const svgs = [
  '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="6"><rect width="4" height="6" fill="#f08"/></svg>',
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 7"><filter id="f"><feTurbulence baseFrequency=".1" numOctaves="2"/>' +
    '<feGaussianBlur stdDeviation="1"/></filter><circle cx="4" cy="3" r="3" filter="url(#f)"/><text x="1" y="5">a</text></svg>',
]

/** Returns small pictures of every kind that can be read, with the peculiarities of each. */
export async function pictureSeeds(): Promise<Buffer[]> {
  const noise = (channels: 1 | 2 | 3 | 4, height = 7): Sharp =>
    sharp(Buffer.from(Array.from({ length: 9 * height * channels }, (_, i) => (i * i * 13 + i * 5) & 255)), {
      raw: { width: 9, height, channels, pageHeight: 7 },
    })
  const wide = (channels: 1 | 3): Sharp =>
    sharp(
      Uint16Array.from({ length: 9 * 7 * channels }, (_, i) => (i * 7919) & 65535),
      {
        raw: { width: 9, height: 7, channels },
      },
    )
  const made = await Promise.all(
    [
      ...([1, 2, 3, 4] as const).map((n) => noise(n).png()),
      noise(3).png({ progressive: true, palette: true }),
      noise(4)
        .png({ palette: true, colours: 4 })
        .withExif({ IFD0: { Orientation: '6', Copyright: 'a' } }),
      wide(1).toColourspace('grey16').png(),
      wide(3).toColourspace('rgb16').png({ progressive: true }).withIccProfile('p3'),
      noise(3).jpeg().withMetadata({ orientation: 6, density: 200 }),
      noise(1).jpeg({ progressive: true }),
      noise(3).toColourspace('cmyk').jpeg(),
      noise(4).webp(),
      noise(3).webp({ lossless: true }),
      noise(4, 21).webp({ loop: 2, delay: [10, 20, 30] }),
      noise(3, 21).gif({ delay: [10, 20, 30] }),
      noise(1).gif(),
      ...(['none', 'lzw', 'deflate', 'jpeg', 'packbits'] as const).map((compression) =>
        noise(3).tiff({ compression }),
      ),
      noise(4).tiff({ tile: true, tileWidth: 16, tileHeight: 16, compression: 'deflate' }),
      noise(1).tiff({ bitdepth: 1, compression: 'none' }),
      wide(3).toColourspace('rgb16').tiff({ compression: 'lzw', predictor: 'horizontal' }),
      noise(3).avif({ quality: 60 }),
      noise(4).avif({ lossless: true, bitdepth: 10 }),
    ].map((one) => one.toBuffer()),
  )
  const floats = floatTiff(3, 2, [0, 0.5, 1, -1, 1e30, Number.NaN])
  return [
    ...made,
    ...[1, 2, 4, 8, 16].map((depth) => png(0, depth, [chunk('tRNS', [0, 1])])),
    png(3, 4, [chunk('PLTE', [0, 0, 0, 255, 0, 9]), chunk('tRNS', [0, 128]), chunk('bKGD', [1])]),
    png(6, 16, [chunk('gAMA', u32(45455)), chunk('pHYs', u32(2835, 2835), [1]), chunk('tEXt', 'a\0b')]),
    apng(),
    floats,
    joinTiffs(floats, floatTiff(3, 2, [1, 2, 3, 4, 5, 6])),
    ...svgs.map((text) => Buffer.from(text)),
    ...[
      [4, 3],
      [3, 4, 3],
      [2, 2, 4, 3],
    ].map((shape) =>
      Buffer.from(
        writeNpy(
          shape,
          Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => i / 50),
        ),
      ),
    ),
  ]
}

const exrVectors: { file: string }[] = JSON.parse(
  readFileSync(new URL('../image/exr.json', import.meta.url), 'utf8'),
)

/** Returns small pictures of every kind that is read without the decoder. */
export async function ownSeeds(): Promise<Buffer[]> {
  const one = (channels: 1 | 2 | 3 | 4, depth: 8 | 16 = 8) => picture(5, 4, channels, depth, (i) => i * 77)
  const float = {
    ...one(3),
    depth: 32,
    full: 1,
    data: Float32Array.from({ length: 60 }, (_, i) => i / 9),
  } as const
  const made = await Promise.all([
    ...([1, 3, 4] as const).map((channels) => encode(one(channels), 'bmp')),
    ...([8, 16] as const).flatMap((depth) => [encode(one(3, depth), 'ppm'), encode(one(2, depth), 'pam')]),
    encode(one(1), 'pgm'),
    encode(one(1), 'pbm'),
    encode(float, 'pfm'),
  ])
  const rle = [
    0x42,
    0x4d,
    ...Array(8).fill(0),
    70,
    0,
    0,
    0,
    40,
    0,
    0,
    0,
    4,
    0,
    0,
    0,
    2,
    0,
    0,
    0,
    1,
    0,
    8,
    0,
    1,
    ...Array(15).fill(0),
  ]
  const runs = [...rle, 4, 0, 0, 0, ...Array(4).fill(0), ...[0, 1, 2, 3].flatMap((v) => [v, v, v, 0])]
  const hdr = '#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 1 +X 8\n'
  return [
    ...made.map(({ bytes }) => Buffer.from(bytes)),
    ...['P1 3 2 101\n010', 'P2 2 1 99\n5 99', 'P3 1 1 700 1 2 700'].map((text) => Buffer.from(text)),
    Buffer.from([...runs, 3, 2, 0, 3, 1, 2, 3, 0, 0, 2, 1, 0, 1, 1, 0, 1]),
    Buffer.from(`${hdr}\x02\x02\0\x08\x88\x40\x88\x41\x08\x01\x02\x03\x04\x05\x06\x07\x08\x88\x80`, 'latin1'),
    Buffer.from(`${hdr.replace('8', '2')}\x01\x02\x03\x80\x01\x01\x01\x01`, 'latin1'),
    // the first bytes of a gray JPEG XL with alpha, plain and in boxes
    ...['', '0000000c4a584c200d0a870a00000014667479706a786c20000000006a786c2000000a756a786c63'].map((boxes) =>
      Buffer.from(`${boxes}ff0ae830b0282e04080810007d194b3841750b74`, 'hex'),
    ),
    ...exrVectors.map(({ file }) => Buffer.from(file, 'base64')),
    exrOf({
      width: 5,
      height: 4,
      channels: [
        ['A', 1],
        ['Y', 0],
      ],
      tile: [2, 3],
      parts: 2,
    }),
  ]
}

/** Returns TIFFs with numbers that the decoder does not support. */
export function arraySeeds(): Buffer[] {
  const values = Array.from({ length: 40 }, (_, i) => i * 31)
  const of = (type: string, more: object) =>
    tiffArrayOf(values, { type, width: 5, height: 4, channels: 2, ...more })
  return [
    of('i2', {}),
    of('i2', { compression: 5, predictor: 2 }),
    of('f8', { compression: 8, predictor: 3, rows: 2 }),
    of('u4', { compression: 32773, little: false }),
    of('i4', { tile: 16, compression: 8 }),
    of('i1', { planar: true, rows: 3 }),
    of('u2', { bits: 12, compression: 8, fields: [[338, 2]] }),
    of('u2', { bits: 11, planar: true, tile: 16, reversed: true, fields: [[338, 2]] }),
  ]
}

/** Returns pictures with all the metadata that their formats can hold. */
export async function metadataSeeds(): Promise<Buffer[]> {
  const gps = { fields: [numberField(0, 3, 2, 3)], below: new Map() }
  const inner = {
    fields: [numberField(40962, 4, 5), bytesField(37500, Buffer.from('maker'))],
    below: new Map(),
  }
  const metadata: Metadata = {
    exif: {
      fields: [bytesField(315, Buffer.from('Ann\0'), 2), fractionField(33434, 1, 60), numberField(274, 3, 6)],
      below: new Map([
        [34853, gps],
        [34665, inner],
      ]),
    },
    xmp: Buffer.from('<x:xmpmeta><dc:rights>Ann</dc:rights></x:xmpmeta>'),
    iptc: Buffer.from('\x1c\x02\x50\0\x03Ann\x1c\x02\x74\0\x03Bob', 'latin1'),
    text: [
      { keyword: 'Comment', text: 'hello' },
      { keyword: 'Title', text: 'ä€' },
    ],
    geo: [numberField(34735, 3, 1, 1, 0, 1)],
  }
  const one = { ...picture(5, 4, 3, 8, (i) => i * 7), meta: { metadata, resolution: [3937, 1234] as const } }
  const made = await Promise.all(
    (['png', 'jpeg', 'tiff', 'webp'] as const).map((format) => encode(one, format)),
  )
  return made.map(({ bytes }) => Buffer.from(bytes))
}

export const ownTokens = words(String.raw`
  BM  P1  P2  P3  P4  P5  P6  P7  PF  Pf  WIDTH  HEIGHT  DEPTH  MAXVAL  ENDHDR  TUPLTYPE  #?RADIANCE  #?RGBE  FORMAT=  -Y
  +X  -1.0  v/1\x01  channels\0chlist\0  dataWindow\0box2i\0  tiles\0tiledesc\0  65535  99999999  \n  \0  \x02\x02  \x01\x01\x01\xff  \xff\xff\xff\x7f  \xff\xff\xff\xff`)

export const metadataTokens = words(String.raw`
  II*\0  MM\0*  Exif\0\0  Photoshop  8BIM  \x1c\x02  tEXt  zTXt  iTXt  eXIf  XML:com.adobe.xmp  \xff\xe1  \xff\xed
  \xff\xfe  VP8X  EXIF  \x69\x87\x04\0  \x25\x88\x04\0  \xff\xff\xff\xff  \0`)

export const pictureTokens = words(String.raw`
  IHDR  PLTE  tRNS  IDAT  IEND  acTL  fcTL  fdAT  eXIf  iCCP  gAMA  sRGB  zTXt  RIFF  VP8X  ANIM  ANMF  ALPH  ftypavif
  ispe  pixi  GIF89a  II*\0  MM\0*  Exif\0\0  \xff\xd8  \xff\xd9  \xff\xda  \xff\xc0  \xff\xe1  \x93NUMPY  \0
  'descr': '>u2'  '|O'  '<f2'  'fortran_order': True  (0,)  numOctaves="99"  stdDeviation="1e9"  width="1e9"
  viewBox="0 0 1e-9 1"  <svg width="99999" height="99999">  <use href="#f"/>  <image href="a.png"/>  &b;
  <!DOCTYPE a [<!ENTITY b "b">]>`)

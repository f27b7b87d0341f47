import { describe, expect, it } from 'vitest'
import { decode } from '../../src/image/decode.ts'
import { strangerOf } from '../../src/image/foreign.ts'
import { failure } from './pictures.ts'
import { type Page, tiffOf } from './tiff.ts'

const latin1 = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0))

/** Makes the start of a JPEG whose frame has the given marker and bits. */
const jpeg = (marker: string, bits = '\x08') => `\xff\xd8\xff${marker}\0\x11${bits}\0\x01\0\x01`
/** Makes a TIFF of one page with extra fields. */
const tiff = (...fields: NonNullable<Page['fields']>) =>
  tiffOf([{ width: 8, height: 8, fields }]).toString('latin1')
const python = (name: string) => expect.stringMatching(new RegExp(`^python3 -c .* ${name}.tif ${name}.npy$`))
const mosaic = tiffOf([
  { width: 2, height: 2 },
  { width: 8, height: 8, fields: [[262, 3, 32803]] },
]).toString('latin1')
const plain = 'vips copy x.tif x-plain.tif'

describe('a format that is not read', () => {
  it.each([
    ['\0\0\0\x18ftypheic\0\0\0\0', 'x.heic', 'a HEIC picture', 'npm install heic-decode'],
    ['\0\0\0\x18ftypmif1\0\0\0\0mif1', 'x.heif', 'a HEIF picture', 'npm install heic-decode'],
    ['\xff\x0a\xfa', 'x.jxl', 'a JPEG XL picture', 'npm install @jsquash/jxl'],
    ['\0\0\0\x0cJXL \r\n', 'x.jxl', 'a JPEG XL picture', 'npm install @jsquash/jxl'],
    ['\0\0\0\x0cjP  \r\n', 'x.jp2', 'a JPEG 2000 picture', 'magick x.jp2 x.png'],
    ['qoif\0\0', 'x.qoi', 'a QOI picture', 'magick x.qoi x.png'],
    ['%PDF-1.7', 'a b.pdf', 'a PDF document', "pdftoppm -png 'a b.pdf' 'a b'"],
    ['8BPS\0\x01', 'x.psd', 'a Photoshop document', "magick 'x.psd[0]' x.png"],
    ['\0\0\x01\0\x01\0', 'x.ico', 'a Windows icon', "magick 'x.ico[0]' x.png"],
    ['DDS |', 'x.dds', 'a DDS texture', 'magick x.dds x.png'],
    ['\0\0\x02\0\0', 'x.tga', 'a Targa picture', 'magick x.tga x.png'],
    ['II*\0\x10\0\0\0CR\x02', 'x.cr2', 'a Canon raw picture (CR2)', 'darktable-cli x.cr2 x.tif'],
    ['II*\0\x10\0\0\0IIII', 'x.iiq', 'a Phase One raw picture (IIQ)', 'darktable-cli x.iiq x.tif'],
    ['IIRO\x08\0', 'x.orf', 'an Olympus raw picture (ORF)', 'darktable-cli x.orf x.tif'],
    ['IIU\0\x18', 'x.rw2', 'a Panasonic raw picture (RW2)', 'darktable-cli x.rw2 x.tif'],
    ['\0\0\0\x18ftypqt  ', 'x.mov', 'a QuickTime or MP4 video', 'ffmpeg -i x.mov x-%04d.png'],
    ['II\xbc\x01\x20\0', 'x.jxr', 'a JPEG XR picture', 'JxrDecApp -i x.jxr -o x.tif'],
    [jpeg('\xf7'), 'x.jls', 'a JPEG-LS picture', 'ffmpeg -i x.jls x.png'],
    [jpeg('\xc3'), 'x.jpg', 'a lossless JPEG', 'ffmpeg -i x.jpg x.png'],
    [jpeg('\xc6'), 'x.jpg', 'a hierarchical JPEG', 'ffmpeg -i x.jpg x.png'],
    [
      jpeg('\xc1', '\x0c'),
      'x.jpg',
      'a 12-bit JPEG',
      'gdal_translate -scale 0 4095 0 65535 -ot UInt16 x.jpg x.tif',
    ],
    [tiff([259, 3, 34887]), 'x.tif', 'a TIFF compressed with LERC', plain],
    [tiff([259, 3, 34661]), 'x.tif', 'a TIFF compressed with JBIG', plain],
    [tiff([259, 3, 33005]), 'x.tif', 'a TIFF compressed with JPEG 2000', plain],
    [tiff([259, 3, 34925]), 'x.tif', 'a TIFF compressed with LZMA', plain],
    [
      tiff([259, 3, 34677]),
      'x.tif',
      'a TIFF compressed with LogLuv',
      'vips colourspace x.tif x-float.tif scrgb',
    ],
    [tiff([259, 3, 52546]), 'x.tif', 'a TIFF compressed with JPEG XL', python('x')],
    [tiff([259, 3, 4711]), 'x.tif', 'a TIFF compressed with number 4711', python('x')],
    ['SDPX\0\0', 'x.dpx', 'a DPX picture', 'ffmpeg -i x.dpx x.png'],
    ['\x59\xa6\x6a\x95\0', 'x.ras', 'a Sun raster picture', 'ffmpeg -i x.ras x.png'],
    ['\0\0\0\x6f\0\0\0\x07\0\0\0\x02', 'x.xwd', 'an X window dump', 'ffmpeg -i x.xwd x.png'],
    ['PH\n64 48\n-1.0\n', 'x.phm', 'a picture of half floats (PHM)', 'ffmpeg -i x.phm x.png'],
    ['id=ImageMagick  version=1.0\n', 'x.miff', 'an ImageMagick picture (MIFF)', 'magick x.miff x.png'],
    ['OggS\0\x02', 'x.ogv', 'an Ogg film', 'ffmpeg -i x.ogv x-%04d.png'],
    ['\0\0\x01\xba!', 'x.mpg', 'an MPEG film', 'ffmpeg -i x.mpg x-%04d.png'],
    ['qoif\0\0', 'x.png', 'a QOI picture', 'magick x.png x-copy.png'],
    ['PK\x03\x04', 'x.zip', 'a ZIP archive', 'unpack it and use the pictures in it'],
    ['\x1f\x8b\x08', 'x.svgz', 'a gzip archive', 'gzip -dc x.svgz > x'],
    ['<!DOCTYPE html><title>404', 'x.png', 'an HTML page, perhaps from a failed download', undefined],
    ['\n <HTML>', 'x.png', 'an HTML page, perhaps from a failed download', undefined],
    ['{"error": 404}', 'x.png', 'JSON text', undefined],
    [
      'version https://git-lfs.github.com/spec/v1\n',
      'x.png',
      'a Git LFS pointer, not the file itself',
      'git lfs pull',
    ],
    ['Dear reader', 'x.png', 'text', undefined],
  ])('%j is named, with what turns it into one that is: %s', async (head, name, what, fix) => {
    const error = await failure('E_DECODE', () =>
      decode(latin1(head), { maxPixels: 1e6, orient: true, name }),
    )
    const isNone = /archive|HTML|JSON|LFS|^text/.test(what)
    expect(error.message).toBe(
      isNone ? `${name} is not a picture but ${what}` : `${name} is ${what}, which convo does not read`,
    )
    if (fix !== undefined) expect(error.fix).toEqual(fix)
  })

  it.each([
    [
      '12 bits with differences',
      tiff([258, 3, 12], [317, 3, 2]),
      'has integer samples of 12 bits, which convo does not read',
    ],
    ['24 bits', tiff([258, 3, 24]), 'has integer samples of 24 bits, which convo does not read'],
    [
      '24 bits of no stated format',
      tiff([258, 3, 24], [339, 3, 0]),
      'has integer samples of 24 bits, which convo does not read',
    ],
    [
      '16-bit L*a*b*',
      tiff([258, 3, 16], [262, 3, 8], [277, 3, 3], [339, 3, 2]),
      'has L*a*b* colours, which convo does not read',
    ],
    ['a palette of 3 channels', tiff([262, 3, 3], [277, 3, 3]), 'has samples of an unsupported type'],
    ['a mosaic on page 2', mosaic, 'is a camera raw picture, which convo does not read'],
  ])('a TIFF of %s is refused', async (_, bytes, what) => {
    const error = await failure('E_DECODE', () =>
      decode(latin1(bytes), { maxPixels: 1e6, orient: true, name: 'x.tif' }),
    )
    expect(error.message).toBe(`x.tif ${what}`)
    expect(error.fix).toMatch(
      /^(python3 -c .* x.tif x.npy|magick x.tif -depth 16 x-16.tif|darktable-cli x.tif x-copy.tif|gdal_translate -co NBITS=32 x.tif x-32.tif|vips colourspace x.tif x-srgb.tif srgb)$/,
    )
  })

  it('is Targa by the end of the file too, and unknown where nothing says more', () => {
    expect(strangerOf(latin1('\0\0\x0a\0'), 'x', latin1('TRUEVISION-XFILE.\0'))?.name).toBe('a Targa picture')
    expect(strangerOf(latin1('\x00\x01\x02\x03'), 'x.dat')).toBeUndefined()
  })
})

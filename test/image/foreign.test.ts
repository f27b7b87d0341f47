import { describe, expect, it } from 'vitest'
import { decode } from '../../src/image/decode.ts'
import { strangerOf } from '../../src/image/foreign.ts'
import { failure } from './pictures.ts'

const latin1 = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0))

describe('a format that is not read', () => {
  it.each([
    ['\0\0\0\x18ftypheic\0\0\0\0', 'x.heic', 'a HEIC picture', 'heif-convert x.heic x.png'],
    ['\0\0\0\x18ftypmif1\0\0\0\0mif1', 'x.heif', 'a HEIF picture', 'heif-convert x.heif x.png'],
    ['\xff\x0a\xfa', 'x.jxl', 'a JPEG XL picture', 'djxl x.jxl x.png'],
    ['\0\0\0\x0cJXL \r\n', 'x.jxl', 'a JPEG XL picture', 'djxl x.jxl x.png'],
    ['\0\0\0\x0cjP  \r\n', 'x.jp2', 'a JPEG 2000 picture', 'magick x.jp2 x.png'],
    ['BM6\0\0\0\0\0\0\0', 'x.bmp', 'a BMP picture', 'magick x.bmp x.png'],
    ['P6 3 2 255\n', 'x.ppm', 'a picture of the PPM family', 'magick x.ppm x.png'],
    ['%PDF-1.7', 'a b.pdf', 'a PDF document', "pdftoppm -png 'a b.pdf' 'a b'"],
    ['8BPS\0\x01', 'x.psd', 'a Photoshop document', "magick 'x.psd[0]' x.png"],
    ['\0\0\x01\0\x01\0', 'x.ico', 'a Windows icon', "magick 'x.ico[0]' x.png"],
    ['v/1\x01', 'x.exr', 'an OpenEXR picture', 'oiiotool x.exr -d float -o x.tif'],
    ['#?RADIANCE\n', 'x.hdr', 'a Radiance HDR picture', 'oiiotool x.hdr -d float -o x.tif'],
    ['DDS |', 'x.dds', 'a DDS texture', 'magick x.dds x.png'],
    ['\0\0\x02\0\0', 'x.tga', 'a Targa picture', 'magick x.tga x.png'],
    ['II*\0\x10\0\0\0CR\x02', 'x.cr2', 'a Canon raw picture (CR2)', 'darktable-cli x.cr2 x.tif'],
    ['IIRO\x08\0', 'x.orf', 'an Olympus raw picture (ORF)', 'darktable-cli x.orf x.tif'],
    ['IIU\0\x18', 'x.rw2', 'a Panasonic raw picture (RW2)', 'darktable-cli x.rw2 x.tif'],
    ['\0\0\0\x18ftypqt  ', 'x.mov', 'a QuickTime or MP4 film', 'ffmpeg -i x.mov x-%04d.png'],
    ['PK\x03\x04', 'x.zip', 'a ZIP archive', 'unpack it, and name the pictures in it'],
    ['\x1f\x8b\x08', 'x.svgz', 'a gzip archive', 'gzip -dc x.svgz > x'],
    ['<!DOCTYPE html><title>404', 'x.png', 'an HTML page, as a download that failed leaves', undefined],
    ['\n <HTML>', 'x.png', 'an HTML page, as a download that failed leaves', undefined],
    ['{"error": 404}', 'x.png', 'JSON text', undefined],
    [
      'version https://git-lfs.github.com/spec/v1\n',
      'x.png',
      'a Git LFS pointer, which stands for a file that was not fetched',
      'git lfs pull',
    ],
    ['Dear reader', 'x.png', 'text', undefined],
  ])('%j is named, with what turns it into one that is: %s', async (head, name, what, fix) => {
    const error = await failure('E_DECODE', () =>
      decode(latin1(head), { maxPixels: 1e6, orient: true, name }),
    )
    const isNone = /archive|HTML|JSON|LFS|^text/.test(what)
    expect(error.message).toBe(
      isNone ? `${name} is not a picture but ${what}` : `${name} is ${what}, which is not read`,
    )
    if (fix !== undefined) expect(error.fix).toBe(fix)
  })

  it('is Targa by the end of the file too, and unknown where nothing says more', () => {
    expect(strangerOf(latin1('\0\0\x0a\0'), 'x', latin1('TRUEVISION-XFILE.\0'))?.name).toBe('a Targa picture')
    expect(strangerOf(latin1('\x00\x01\x02\x03'), 'x.dat')).toBeUndefined()
  })
})

// biome-ignore-all lint/suspicious/noControlCharactersInRegex: the first bytes of files are what is looked for

import { ConvoError } from '../error.ts'
import { shellWord } from '../text/shell.ts'
import { type Read, textOf } from './reader.ts'

/** What turns a file into one that is read; `IN` and `OUT` are replaced by its name, without and with a new ending. */
type Way = string

const magick: Way = 'magick IN OUT.png'
const unpack: Way = 'unpack it, and name the pictures in it'
const other: Way = 'a PNG, JPEG, WebP, TIFF, GIF, AVIF or SVG'
const raw: Way = 'darktable-cli IN OUT.tif'
const frames: Way = 'ffmpeg -i IN OUT-%04d.png'

type Foreign = {
  readonly name: string
  /** the first bytes, as Latin-1; a string must stand at the very start */
  readonly starts: string | RegExp
  readonly way: Way
  /** it holds no picture of its own */
  readonly isNone?: true
}

/** Formats that are known by their first bytes and not read. The first that fits counts. */
const foreign: readonly Foreign[] = [
  { name: 'a HEIC picture', starts: /^.{4}ftyp(hei[cxms]|hev[cx])/s, way: 'heif-convert IN OUT.png' },
  { name: 'a HEIF picture', starts: /^.{4}ftyp(mif1|msf1|mif2)/s, way: 'heif-convert IN OUT.png' },
  { name: 'a Canon raw picture (CR3)', starts: /^.{4}ftypcrx /s, way: raw },
  { name: 'a JPEG 2000 picture', starts: /^.{4}(ftypjp[2xm]|jP {2})|^\xff\x4f\xff\x51/s, way: magick },
  { name: 'a QuickTime or MP4 film', starts: /^.{4}(ftyp|moov|mdat|wide)/s, way: frames },
  { name: 'a JPEG XL picture', starts: /^\xff\x0a|^\0\0\0\x0cJXL /, way: 'djxl IN OUT.png' },
  { name: 'a JPEG-LS picture', starts: '\xff\xd8\xff\xf7', way: 'ffmpeg -i IN OUT.png' },
  { name: 'a BMP picture', starts: /^BM.{4}\0{4}/s, way: magick },
  { name: 'a picture of the PPM family', starts: /^P[1-7f]\s/i, way: magick },
  { name: 'a PDF document', starts: '%PDF-', way: 'pdftoppm -png IN OUT' },
  {
    name: 'a PostScript document',
    starts: /^%!PS|^\xc5\xd0\xd3\xc6/,
    way: 'gs -sDEVICE=png16m -r150 -o OUT.png IN',
  },
  { name: 'a Photoshop document', starts: '8BPS', way: 'magick IN[0] OUT.png' },
  { name: 'a Windows icon', starts: /^\0\0[\x01\x02]\0[^\0]\0/, way: 'magick IN[0] OUT.png' },
  { name: 'a macOS icon', starts: 'icns', way: magick },
  { name: 'an OpenEXR picture', starts: '\x76\x2f\x31\x01', way: 'oiiotool IN -d float -o OUT.tif' },
  { name: 'a Radiance HDR picture', starts: /^#\?(RADIANCE|RGBE)/, way: 'oiiotool IN -d float -o OUT.tif' },
  { name: 'a DDS texture', starts: 'DDS ', way: magick },
  { name: 'a KTX texture', starts: '\xabKTX', way: 'ktx extract IN OUT.png' },
  { name: 'a GIMP document', starts: 'gimp xcf', way: magick },
  { name: 'a FITS picture', starts: 'SIMPLE  =', way: magick },
  { name: 'a DICOM picture', starts: /^.{128}DICM/s, way: 'dcm2img IN OUT.png' },
  { name: 'a DjVu document', starts: 'AT&TFORM', way: 'ddjvu -format=tiff IN OUT.tif' },
  { name: 'a QOI picture', starts: 'qoif', way: magick },
  { name: 'a farbfeld picture', starts: 'farbfeld', way: magick },
  { name: 'an SGI picture', starts: /^\x01\xda[\0\x01][\x01\x02]/, way: magick },
  { name: 'a PCX picture', starts: /^\x0a[\0\x02-\x05]\x01[\x01\x02\x04\x08]/, way: magick },
  { name: 'an XPM picture', starts: '/* XPM */', way: magick },
  { name: 'an XBM picture', starts: /^#define \S+_width /, way: magick },
  { name: 'a libvips picture', starts: /^(\x08\xf2\xa6\xb6|\xb6\xa6\xf2\x08)/, way: 'vips copy IN OUT.tif' },
  {
    name: 'a Windows metafile',
    starts: /^\xd7\xcd\xc6\x9a|^\x01\0\0\0.{36} EMF/s,
    way: 'inkscape IN -o OUT.png',
  },
  { name: 'an MNG or JNG animation', starts: /^[\x8a\x8b][MJ]NG/, way: magick },
  { name: 'a Fujifilm raw picture (RAF)', starts: 'FUJIFILMCCD-RAW', way: raw },
  { name: 'an Olympus raw picture (ORF)', starts: /^II(RO|RS)|^MMOR/, way: raw },
  { name: 'a Panasonic raw picture (RW2)', starts: 'IIU\0', way: raw },
  { name: 'a Canon raw picture (CR2)', starts: /^(II\*\0|MM\0\*).{4}CR/s, way: raw },
  { name: 'a Canon raw picture (CRW)', starts: /^II.{4}HEAPCCDR/s, way: raw },
  { name: 'a Sigma raw picture (X3F)', starts: 'FOVb', way: raw },
  { name: 'a Minolta raw picture (MRW)', starts: '\0MRM', way: raw },
  { name: 'an AVI film', starts: /^RIFF.{4}AVI /s, way: frames },
  { name: 'a Matroska or WebM film', starts: '\x1a\x45\xdf\xa3', way: frames },
  { name: 'a WAVE recording', starts: /^RIFF.{4}WAVE/s, way: other, isNone: true },
  { name: 'a gzip archive', starts: '\x1f\x8b', way: 'gzip -dc IN > OUT', isNone: true },
  { name: 'a ZIP archive', starts: /^PK(\x03\x04|\x05\x06)/, way: unpack, isNone: true },
  {
    name: 'a compressed archive',
    starts: /^BZh|^\xfd7zXZ|^7z\xbc\xaf|^Rar!|^\x28\xb5\x2f\xfd/,
    way: unpack,
    isNone: true,
  },
  { name: 'a tar archive', starts: /^.{257}ustar/s, way: unpack, isNone: true },
  { name: 'an HDF5 file', starts: '\x89HDF\r\n', way: 'numpy.save of one of its arrays' },
  { name: 'a NumPy archive', starts: '\x93NUMPY', way: 'numpy.save of one array' },
  {
    name: 'an HTML page, as a download that failed leaves',
    starts: /^(\xef\xbb\xbf)?\s*(<!--.*?-->\s*)*<(!doctype html|html|head|body)/is,
    way: 'the address of the picture itself, downloaded anew',
    isNone: true,
  },
  { name: 'an XML document', starts: /^(\xef\xbb\xbf)?\s*<\?xml/, way: other, isNone: true },
  { name: 'JSON text', starts: /^(\xef\xbb\xbf)?\s*[{[]\s*["{[\]}\d]/, way: other, isNone: true },
  {
    name: 'a Git LFS pointer, which stands for a file that was not fetched',
    starts: 'version https://git-lfs',
    way: 'git lfs pull',
    isNone: true,
  },
  // text last: many of those above begin as text does
  { name: 'text', starts: /^[\t\n\f\r\x20-\x7e\x80-\xff]+$/, way: other, isNone: true },
]

/** The endings of formats that have no signature. */
const byEnding: Readonly<Record<string, Omit<Foreign, 'starts'>>> = {
  '.tga': { name: 'a Targa picture', way: magick },
  '.raw': { name: 'bare samples without a header', way: 'numpy.fromfile and numpy.save, as a .npy file' },
  '.bin': { name: 'bare samples without a header', way: 'numpy.fromfile and numpy.save, as a .npy file' },
  '.wbmp': { name: 'a WBMP picture', way: magick },
  '.pict': { name: 'a PICT picture', way: magick },
}

/** What a file is that is no picture that is read, and what to do. */
export type Stranger = { readonly name: string; readonly fix: string; readonly isNone: boolean }

/** Tells a format that is not read by its first bytes, or by its ending where those say nothing. */
export function strangerOf(head: Uint8Array, name: string, tail?: Uint8Array): Stranger | undefined {
  const text = textOf(head)
  const isTarga = tail !== undefined && textOf(tail).includes('TRUEVISION-XFILE.')
  const ending = isTarga ? '.tga' : (/\.\w+$/.exec(name)?.[0].toLowerCase() ?? '')
  const found =
    foreign.find(({ starts, name: what }) =>
      typeof starts === 'string'
        ? text.startsWith(starts)
        : what !== 'text' || !(ending in byEnding)
          ? starts.test(text)
          : false,
    ) ?? byEnding[ending]
  if (found === undefined) return undefined
  return { name: found.name, fix: wayOf(found.way, name), isNone: 'isNone' in found && found.isNone === true }
}

/** A way with the names of a file in it. */
export function wayOf(way: Way, name: string): string {
  const stem = name.replace(/\.\w+$/, '')
  const isFile = name !== 'standard input' && name !== 'the input'
  return way.replace(/\b(IN|OUT)(\S*)/g, (_, place: string, rest: string) =>
    shellWord((place === 'IN' ? (isFile ? name : 'file') : isFile ? stem : 'file') + rest),
  )
}

/** Ways of files that are recognised by more than their first bytes. */
export const ways = {
  raw,
  toFloat: 'vips cast IN OUT-float.tif float',
  flat: 'vips copy IN OUT-page.tif',
} as const

/** The refusal of a file of a known format that is not read. */
export function refusal(name: string, what: string, fix: string, why?: string): ConvoError {
  return new ConvoError('E_DECODE', `${name} is ${what}, which is not read`, {
    why: why ?? `${name}: PNG, JPEG, WebP, TIFF, GIF, AVIF, SVG and .npy are read`,
    fix,
  })
}

/** Throws for what is no picture of a kind that is read. @throws ConvoError E_DECODE */
export function refuseStranger(size: number, read: Read, name: string): never {
  const stranger = strangerOf(read(0, 512).slice(), name, size > 26 ? read(size - 26, 26) : undefined)
  if (stranger?.isNone) {
    throw new ConvoError('E_DECODE', `${name} is not a picture but ${stranger.name}`, { fix: stranger.fix })
  }
  if (stranger !== undefined) throw refusal(name, stranger.name, stranger.fix)
  throw new ConvoError('E_DECODE', `${name} is not a picture of a known kind`, {
    why: `${name}: byte 0: no signature of a picture format`,
    fix: other,
  })
}

// biome-ignore-all lint/suspicious/noControlCharactersInRegex: the first bytes of files are what is looked for

import { ConvoError } from '../error.ts'
import { shellWord } from '../text/shell.ts'
import { type Read, textOf } from './reader.ts'

/** What turns a file into one that is read; `IN` and `OUT` are replaced by its name, without and with a new ending. */
type Way = string

const magick: Way = 'magick IN OUT.png'
const unpack: Way = 'unpack it and use the pictures in it'
const other: Way = 'a PNG, JPEG, WebP, TIFF, GIF, AVIF or SVG'
/** The formats of `inputFormats`, as people call them. */
export const readFormats =
  'PNG, JPEG, WebP, TIFF, GIF, AVIF, SVG, BMP, PNM, PFM, Radiance HDR, OpenEXR and .npy'
const raw: Way = 'darktable-cli IN OUT.tif'
const still: Way = 'ffmpeg -i IN OUT.png'
const frames: Way = 'ffmpeg -i IN OUT-%04d.png'

type Foreign = {
  readonly name: string
  /** the first bytes, as Latin-1; a string must be at the very start */
  readonly starts?: string | RegExp
  /** of names, with spaces between; without a signature they are the only sign */
  readonly endings?: string
  readonly way: Way
  /** it holds no picture of its own */
  readonly isNone?: true
}

/** Formats that are known by their first bytes and not read. The first that fits counts. */
const foreign: readonly Foreign[] = [
  {
    name: 'a HEIC picture',
    endings: '.heic .heics .hif',
    starts: /^.{4}ftyp(hei[cxms]|hev[cx])/s,
    way: 'heif-convert IN OUT.png',
  },
  {
    name: 'a HEIF picture',
    endings: '.heif',
    starts: /^.{4}ftyp(mif1|msf1|mif2)/s,
    way: 'heif-convert IN OUT.png',
  },
  { name: 'a Canon raw picture (CR3)', endings: '.cr3', starts: /^.{4}ftypcrx /s, way: raw },
  {
    name: 'a JPEG 2000 picture',
    endings: '.jp2 .j2k .j2c .jpf .jpx',
    starts: /^.{4}(ftypjp[2xm]|jP {2})|^\xff\x4f\xff\x51/s,
    way: magick,
  },
  {
    name: 'a QuickTime or MP4 video',
    endings: '.mov .mp4 .m4v',
    starts: /^.{4}(ftyp|moov|mdat|wide)/s,
    way: frames,
  },
  { name: 'a JPEG XL picture', endings: '.jxl', starts: /^\xff\x0a|^\0\0\0\x0cJXL /, way: 'djxl IN OUT.png' },
  {
    name: 'a JPEG XR picture',
    endings: '.jxr .wdp .hdp',
    starts: 'II\xbc',
    way: 'JxrDecApp -i IN -o OUT.tif',
  },
  { name: 'a picture of half floats (PHM)', endings: '.phm', starts: /^PH\s/i, way: still },
  { name: 'a PDF document', endings: '.pdf', starts: '%PDF-', way: 'pdftoppm -png IN OUT' },
  {
    name: 'a PostScript document',
    endings: '.ps .eps',
    starts: /^%!PS|^\xc5\xd0\xd3\xc6/,
    way: 'gs -sDEVICE=png16m -r150 -o OUT.png IN',
  },
  { name: 'a Photoshop document', endings: '.psd .psb', starts: '8BPS', way: 'magick IN[0] OUT.png' },
  {
    name: 'a Windows icon',
    endings: '.ico .cur',
    starts: /^\0\0[\x01\x02]\0[^\0]\0/,
    way: 'magick IN[0] OUT.png',
  },
  { name: 'a macOS icon', endings: '.icns', starts: 'icns', way: magick },
  { name: 'a DDS texture', endings: '.dds', starts: 'DDS ', way: magick },
  { name: 'a KTX texture', endings: '.ktx .ktx2', starts: '\xabKTX', way: 'ktx extract IN OUT.png' },
  { name: 'a GIMP document', endings: '.xcf', starts: 'gimp xcf', way: magick },
  { name: 'a FITS picture', endings: '.fits .fit', starts: 'SIMPLE  =', way: magick },
  { name: 'a DICOM picture', endings: '.dcm', starts: /^.{128}DICM/s, way: 'dcm2img IN OUT.png' },
  {
    name: 'a DjVu document',
    endings: '.djvu .djv',
    starts: 'AT&TFORM',
    way: 'ddjvu -format=tiff IN OUT.tif',
  },
  { name: 'a QOI picture', endings: '.qoi', starts: 'qoif', way: magick },
  { name: 'a farbfeld picture', endings: '.ff', starts: 'farbfeld', way: magick },
  { name: 'an SGI picture', endings: '.sgi .rgb', starts: /^\x01\xda[\0\x01][\x01\x02]/, way: magick },
  { name: 'a PCX picture', endings: '.pcx', starts: /^\x0a[\0\x02-\x05]\x01[\x01\x02\x04\x08]/, way: magick },
  { name: 'a DPX picture', endings: '.dpx', starts: /^(SDPX|XPDS)/, way: still },
  { name: 'a Cineon picture', endings: '.cin', starts: /^(\x80\x2a\x5f\xd7|\xd7\x5f\x2a\x80)/, way: magick },
  { name: 'a Sun raster picture', endings: '.ras', starts: '\x59\xa6\x6a\x95', way: still },
  { name: 'an X window dump', endings: '.xwd', starts: /^\0\0.{2}\0\0\0\x07\0\0\0[\0-\x02]/s, way: still },
  { name: 'an ImageMagick picture (MIFF)', endings: '.miff', starts: /^id=ImageMagick/i, way: magick },
  { name: 'a BPG picture', endings: '.bpg', starts: 'BPG\xfb', way: 'bpgdec -o OUT.png IN' },
  { name: 'a FLIF picture', endings: '.flif', starts: 'FLIF', way: 'flif -d IN OUT.png' },
  { name: 'a JBIG2 picture', endings: '.jb2', starts: '\x97JB2\r\n\x1a\n', way: 'jbig2dec -o OUT.png IN' },
  {
    name: 'a NIfTI volume',
    endings: '.nii',
    starts: /^.{344}n[i+]1\0/s,
    way: 'numpy.save of the array in it',
  },
  { name: 'an NRRD volume', endings: '.nrrd', starts: 'NRRD000', way: 'numpy.save of the array in it' },
  { name: 'an XPM picture', endings: '.xpm', starts: '/* XPM */', way: magick },
  { name: 'an XBM picture', endings: '.xbm', starts: /^#define \S+_width /, way: magick },
  {
    name: 'a libvips picture',
    endings: '.vips',
    starts: /^(\x08\xf2\xa6\xb6|\xb6\xa6\xf2\x08)/,
    way: 'vips copy IN OUT.tif',
  },
  {
    name: 'a Windows metafile',
    endings: '.wmf .emf',
    starts: /^\xd7\xcd\xc6\x9a|^\x01\0\0\0.{36} EMF/s,
    way: 'inkscape IN -o OUT.png',
  },
  { name: 'an MNG or JNG animation', endings: '.mng .jng', starts: /^[\x8a\x8b][MJ]NG/, way: magick },
  { name: 'a Fujifilm raw picture (RAF)', endings: '.raf', starts: 'FUJIFILMCCD-RAW', way: raw },
  { name: 'an Olympus raw picture (ORF)', endings: '.orf', starts: /^II(RO|RS)|^MMOR/, way: raw },
  { name: 'a Panasonic raw picture (RW2)', endings: '.rw2', starts: 'IIU\0', way: raw },
  { name: 'a Canon raw picture (CR2)', endings: '.cr2', starts: /^(II\*\0|MM\0\*).{4}CR/s, way: raw },
  {
    name: 'a Phase One raw picture (IIQ)',
    starts: /^(II\*\0|MM\0\*).{4}(IIII|MMMM)/s,
    endings: '.iiq',
    way: raw,
  },
  { name: 'a Canon raw picture (CRW)', endings: '.crw', starts: /^II.{4}HEAPCCDR/s, way: raw },
  { name: 'a Sigma raw picture (X3F)', endings: '.x3f', starts: 'FOVb', way: raw },
  { name: 'a Minolta raw picture (MRW)', endings: '.mrw', starts: '\0MRM', way: raw },
  { name: 'an AVI film', endings: '.avi', starts: /^RIFF.{4}AVI /s, way: frames },
  { name: 'a Matroska or WebM video', endings: '.mkv .webm', starts: '\x1a\x45\xdf\xa3', way: frames },
  { name: 'an Ogg film', endings: '.ogv', starts: 'OggS', way: frames },
  { name: 'a Flash film', endings: '.flv', starts: 'FLV\x01', way: frames },
  { name: 'a Windows Media film', endings: '.wmv', starts: '\x30\x26\xb2\x75\x8e\x66\xcf\x11', way: frames },
  { name: 'an MPEG film', endings: '.mpg .mpeg', starts: /^\0\0\x01[\xba\xb3]|^G.{187}G/s, way: frames },
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
  {
    name: 'an HTML page, perhaps from a failed download',
    starts: /^(\xef\xbb\xbf)?\s*(<!--.*?-->\s*)*<(!doctype html|html|head|body)/is,
    way: 'download it again, from the address of the picture itself',
    isNone: true,
  },
  { name: 'an XML document', starts: /^(\xef\xbb\xbf)?\s*<\?xml/, way: other, isNone: true },
  { name: 'JSON text', starts: /^(\xef\xbb\xbf)?\s*[{[]\s*["{[\]}\d]/, way: other, isNone: true },
  {
    name: 'a Git LFS pointer, not the file itself',
    starts: 'version https://git-lfs',
    way: 'git lfs pull',
    isNone: true,
  },
  { name: 'a JPEG-LS picture', endings: '.jls', way: still },
  {
    name: 'a camera raw picture',
    endings: '.dng .nef .nrw .arw .srf .sr2 .pef .srw .3fr .erf .kdc',
    way: raw,
  },
  { name: 'a Targa picture', endings: '.tga', way: magick },
  { name: 'a WBMP picture', endings: '.wbmp', way: magick },
  { name: 'an Alias picture', endings: '.pix', way: still },
  { name: 'a PICT picture', endings: '.pict .pct', way: magick },
  {
    name: 'raw samples without a header',
    endings: '.raw .bin',
    way: 'numpy.fromfile and numpy.save, as a .npy file',
  },
  // text last: many of those above begin as text does
  { name: 'text', starts: /^[\t\n\f\r\x20-\x7e\x80-\xff]+$/, way: other, isNone: true },
]

/** Whether a row names an ending, in lower case with its dot. */
const hasEnding = ({ endings = '' }: Foreign, ending: string): boolean =>
  ending !== '' && endings.split(' ').includes(ending)

const endingOf = (name: string): string => /\.\w+$/.exec(name)?.[0].toLowerCase() ?? ''

/** The format that a name promises, where it is one of pictures that are neither read nor written. */
export const promised = (name: string): string | undefined =>
  foreign.find((row) => hasEnding(row, endingOf(name)))?.name

/** A note on the files of a folder that would be taken if their formats were read. */
export function passedOver(paths: readonly string[]): string[] {
  const [first = ''] = paths
  const more = paths.length - 1
  if (more < 0) return []
  const name = `${first} is ${promised(first)}, which convo does not read`
  return [more === 0 ? `${name}: it was skipped` : `${name}: it and ${more} more were skipped`]
}

/** What a file is that is no picture that is read, and what to do. */
export type Stranger = { readonly name: string; readonly fix: string; readonly isNone: boolean }

/** Reports a format that is not read by its first bytes, or by its ending where those say nothing. */
export function strangerOf(head: Uint8Array, name: string, tail?: Uint8Array): Stranger | undefined {
  const text = textOf(head)
  const isTarga = tail !== undefined && textOf(tail).includes('TRUEVISION-XFILE.')
  const ending = isTarga ? '.tga' : endingOf(name)
  const fits = ({ starts }: Foreign) =>
    typeof starts === 'string' ? text.startsWith(starts) : starts?.test(text)
  const found = foreign.find((row) => fits(row) || (row.starts === undefined && hasEnding(row, ending)))
  if (found === undefined) return undefined
  return { name: found.name, fix: wayOf(found.way, name), isNone: found.isNone === true }
}

/** A way with the names of a file in it, which it does not write over. */
export function wayOf(way: Way, name: string): string {
  const isFile = name !== 'standard input' && name !== 'the input'
  const file = isFile ? name : 'file'
  const stem = file.replace(/\.\w+$/, '')
  const isOver = [...way.matchAll(/\bOUT(\S*)/g)].some(([, rest]) => stem + rest === file)
  return way.replace(/\b(IN|OUT)(\S*)/g, (_, place: string, rest: string) =>
    shellWord((place === 'IN' ? file : isOver ? `${stem}-copy` : stem) + rest),
  )
}

/** Ways of files that are recognised by more than their first bytes. */
export const ways = {
  raw,
  still,
  plain: 'vips copy IN OUT-plain.tif',
  deep: 'gdal_translate -scale 0 4095 0 65535 -ot UInt16 IN OUT.tif',
  toFloat: 'vips cast IN OUT-float.tif float',
  flat: 'vips copy IN OUT-page.tif',
} as const

/** The refusal of a file of a known format that is not read. */
export function refusal(
  name: string,
  what: string,
  fix: string,
  why?: string | readonly string[],
): ConvoError {
  return new ConvoError('E_DECODE', `${name} is ${what}, which convo does not read`, {
    why: why ?? `${name}: convo reads ${readFormats}`,
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
  throw new ConvoError('E_DECODE', `${name} is not in a known picture format`, {
    why: `${name}: byte 0: no signature of a picture format`,
    fix: other,
  })
}

// biome-ignore-all lint/suspicious/noControlCharactersInRegex: the first bytes of files are what is looked for

import { ConvoError } from '../error.ts'
import { shellWord } from '../text/shell.ts'
import { type Read, textOf } from './reader.ts'

/** A command or advice that makes a readable file. `IN` and `OUT` become its name, without and with a new ending. */
type Way = string

const magick: Way = 'magick IN OUT.png'
const unpack: Way = 'unpack it and use the pictures in it'
/** The formats of `inputFormats`, by their usual names. */
export const readFormats =
  'PNG, JPEG, WebP, TIFF, GIF, AVIF, SVG, BMP, PNM, PFM, Radiance HDR, OpenEXR and .npy'
const other: Way = `a file in one of the formats ${readFormats}`
const raw: Way = 'darktable-cli IN OUT.tif'
const still: Way = 'ffmpeg -i IN OUT.png'
const frames: Way = 'ffmpeg -i IN OUT-%04d.png'

/**
 * A format: its file name endings, separated by spaces, which are the only sign if there is no signature; the first
 * bytes as Latin-1, which must be at the very start if they are a string; and whether it contains no picture at all.
 */
type Foreign = readonly [
  name: string,
  endings: string,
  starts: string | RegExp | undefined,
  way: Way,
  isNone?: true,
]

/** Formats that are recognised by their first bytes but not read. The first match counts. */
const foreign: readonly Foreign[] = [
  ['a HEIC picture', '.heic .heics .hif', /^.{4}ftyp(hei[cxms]|hev[cx])/s, 'heif-convert IN OUT.png'],
  ['a HEIF picture', '.heif', /^.{4}ftyp(mif1|msf1|mif2)/s, 'heif-convert IN OUT.png'],
  ['a Canon raw picture (CR3)', '.cr3', /^.{4}ftypcrx /s, raw],
  ['a JPEG 2000 picture', '.jp2 .j2k .j2c .jpf .jpx', /^.{4}(ftypjp[2xm]|jP {2})|^\xff\x4f\xff\x51/s, magick],
  ['a QuickTime or MP4 video', '.mov .mp4 .m4v', /^.{4}(ftyp|moov|mdat|wide)/s, frames],
  ['a JPEG XL picture', '.jxl', /^\xff\x0a|^\0\0\0\x0cJXL /, 'djxl IN OUT.png'],
  ['a JPEG XR picture', '.jxr .wdp .hdp', 'II\xbc', 'JxrDecApp -i IN -o OUT.tif'],
  ['a picture of half floats (PHM)', '.phm', /^PH\s/i, still],
  ['a PDF document', '.pdf', '%PDF-', 'pdftoppm -png IN OUT'],
  ['a PostScript document', '.ps .eps', /^%!PS|^\xc5\xd0\xd3\xc6/, 'gs -sDEVICE=png16m -r150 -o OUT.png IN'],
  ['a Photoshop document', '.psd .psb', '8BPS', 'magick IN[0] OUT.png'],
  ['a Windows icon', '.ico .cur', /^\0\0[\x01\x02]\0[^\0]\0/, 'magick IN[0] OUT.png'],
  ['a macOS icon', '.icns', 'icns', magick],
  ['a DDS texture', '.dds', 'DDS ', magick],
  ['a KTX texture', '.ktx .ktx2', '\xabKTX', 'ktx extract IN OUT.png'],
  ['a GIMP document', '.xcf', 'gimp xcf', magick],
  ['a FITS picture', '.fits .fit', 'SIMPLE  =', magick],
  ['a DICOM picture', '.dcm', /^.{128}DICM/s, 'dcm2img IN OUT.png'],
  ['a DjVu document', '.djvu .djv', 'AT&TFORM', 'ddjvu -format=tiff IN OUT.tif'],
  ['a QOI picture', '.qoi', 'qoif', magick],
  ['a farbfeld picture', '.ff', 'farbfeld', magick],
  ['an SGI picture', '.sgi .rgb', /^\x01\xda[\0\x01][\x01\x02]/, magick],
  ['a PCX picture', '.pcx', /^\x0a[\0\x02-\x05]\x01[\x01\x02\x04\x08]/, magick],
  ['a DPX picture', '.dpx', /^(SDPX|XPDS)/, still],
  ['a Cineon picture', '.cin', /^(\x80\x2a\x5f\xd7|\xd7\x5f\x2a\x80)/, magick],
  ['a Sun raster picture', '.ras', '\x59\xa6\x6a\x95', still],
  ['an X window dump', '.xwd', /^\0\0.{2}\0\0\0\x07\0\0\0[\0-\x02]/s, still],
  ['an ImageMagick picture (MIFF)', '.miff', /^id=ImageMagick/i, magick],
  ['a BPG picture', '.bpg', 'BPG\xfb', 'bpgdec -o OUT.png IN'],
  ['a FLIF picture', '.flif', 'FLIF', 'flif -d IN OUT.png'],
  ['a JBIG2 picture', '.jb2', '\x97JB2\r\n\x1a\n', 'jbig2dec -o OUT.png IN'],
  ['a NIfTI volume', '.nii', /^.{344}n[i+]1\0/s, 'numpy.save of the array in it'],
  ['an NRRD volume', '.nrrd', 'NRRD000', 'numpy.save of the array in it'],
  ['an XPM picture', '.xpm', '/* XPM */', magick],
  ['an XBM picture', '.xbm', /^#define \S+_width /, magick],
  ['a libvips picture', '.vips', /^(\x08\xf2\xa6\xb6|\xb6\xa6\xf2\x08)/, 'vips copy IN OUT.tif'],
  ['a Windows metafile', '.wmf .emf', /^\xd7\xcd\xc6\x9a|^\x01\0\0\0.{36} EMF/s, 'inkscape IN -o OUT.png'],
  ['an MNG or JNG animation', '.mng .jng', /^[\x8a\x8b][MJ]NG/, magick],
  ['a Fujifilm raw picture (RAF)', '.raf', 'FUJIFILMCCD-RAW', raw],
  ['an Olympus raw picture (ORF)', '.orf', /^II(RO|RS)|^MMOR/, raw],
  ['a Panasonic raw picture (RW2)', '.rw2', 'IIU\0', raw],
  ['a Canon raw picture (CR2)', '.cr2', /^(II\*\0|MM\0\*).{4}CR/s, raw],
  ['a Phase One raw picture (IIQ)', '.iiq', /^(II\*\0|MM\0\*).{4}(IIII|MMMM)/s, raw],
  ['a Canon raw picture (CRW)', '.crw', /^II.{4}HEAPCCDR/s, raw],
  ['a Sigma raw picture (X3F)', '.x3f', 'FOVb', raw],
  ['a Minolta raw picture (MRW)', '.mrw', '\0MRM', raw],
  ['an AVI film', '.avi', /^RIFF.{4}AVI /s, frames],
  ['a Matroska or WebM video', '.mkv .webm', '\x1a\x45\xdf\xa3', frames],
  ['an Ogg film', '.ogv', 'OggS', frames],
  ['a Flash film', '.flv', 'FLV\x01', frames],
  ['a Windows Media film', '.wmv', '\x30\x26\xb2\x75\x8e\x66\xcf\x11', frames],
  ['an MPEG film', '.mpg .mpeg', /^\0\0\x01[\xba\xb3]|^G.{187}G/s, frames],
  ['a WAVE recording', '', /^RIFF.{4}WAVE/s, other, true],
  ['a gzip archive', '', '\x1f\x8b', 'gzip -dc IN > OUT', true],
  ['a ZIP archive', '', /^PK(\x03\x04|\x05\x06)/, unpack, true],
  ['a compressed archive', '', /^BZh|^\xfd7zXZ|^7z\xbc\xaf|^Rar!|^\x28\xb5\x2f\xfd/, unpack, true],
  ['a tar archive', '', /^.{257}ustar/s, unpack, true],
  ['an HDF5 file', '', '\x89HDF\r\n', 'numpy.save of one of its arrays'],
  [
    'an HTML page, perhaps from a failed download',
    '',
    /^(\xef\xbb\xbf)?\s*(<!--.*?-->\s*)*<(!doctype html|html|head|body)/is,
    'download it again, from the address of the picture itself',
    true,
  ],
  ['an XML document', '', /^(\xef\xbb\xbf)?\s*<\?xml/, other, true],
  ['JSON text', '', /^(\xef\xbb\xbf)?\s*[{[]\s*["{[\]}\d]/, other, true],
  ['a Git LFS pointer, not the file itself', '', 'version https://git-lfs', 'git lfs pull', true],
  ['a JPEG-LS picture', '.jls', undefined, still],
  ['a camera raw picture', '.dng .nef .nrw .arw .srf .sr2 .pef .srw .3fr .erf .kdc', undefined, raw],
  ['a Targa picture', '.tga', undefined, magick],
  ['a WBMP picture', '.wbmp', undefined, magick],
  ['an Alias picture', '.pix', undefined, still],
  ['a PICT picture', '.pict .pct', undefined, magick],
  ['raw samples without a header', '.raw .bin', undefined, 'numpy.fromfile and numpy.save, as a .npy file'],
  // text comes last, because many formats above begin like text
  [
    'text',
    '',
    // UTF-8, possibly cut off in the middle of a character
    /^([\t\n\f\r\x20-\x7e]|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3})+([\xc2-\xf4][\x80-\xbf]{0,2})?$/,
    other,
    true,
  ],
]

const hasEnding = (endings: string, ending: string): boolean =>
  ending !== '' && endings.split(' ').includes(ending)

const endingOf = (name: string): string => /\.\w+$/.exec(name)?.[0].toLowerCase() ?? ''

/** The format that a file name suggests, if it is a picture format that is neither read nor written. */
export const promised = (name: string): string | undefined =>
  foreign.find(([, endings]) => hasEnding(endings, endingOf(name)))?.[0]

/** Returns a note on files of a folder that would be used if their formats were read. */
export function passedOver(paths: readonly string[]): string[] {
  const [first = ''] = paths
  const more = paths.length - 1
  if (more < 0) return []
  const name = `${first} is ${promised(first)}, which convo does not read`
  return [more === 0 ? `${name}: it was skipped` : `${name}: it and ${more} more were skipped`]
}

/** Identifies a format that is not read by its first bytes, or by its file name ending if they are not conclusive. */
export function strangerOf(head: Uint8Array, name: string, tail?: Uint8Array) {
  const text = textOf(head)
  const isTarga = tail !== undefined && textOf(tail).includes('TRUEVISION-XFILE.')
  const ending = isTarga ? '.tga' : endingOf(name)
  const fits = ([, endings, starts]: Foreign) => {
    if (starts === undefined) return hasEnding(endings, ending)
    return typeof starts === 'string' ? text.startsWith(starts) : starts.test(text)
  }
  const found = foreign.find(fits)
  return found && { name: found[0], fix: wayOf(found[3], name), isNone: found[4] === true }
}

/** Fills the names of a file into a command, so that the output does not overwrite the file. */
export function wayOf(way: Way, name: string): string {
  const isFile = name !== 'standard input' && name !== 'the input'
  const file = isFile ? name : 'file'
  const stem = file.replace(/\.\w+$/, '')
  const isOver = [...way.matchAll(/\bOUT(\S*)/g)].some(([, rest]) => stem + rest === file)
  return way.replace(/\b(IN|OUT)(\S*)/g, (_, place: string, rest: string) =>
    shellWord((place === 'IN' ? file : isOver ? `${stem}-copy` : stem) + rest),
  )
}

/** Commands for files that are recognised by more than their first bytes. */
export const ways = {
  raw,
  still,
  plain: 'vips copy IN OUT-plain.tif',
  deep: 'gdal_translate -scale 0 4095 0 65535 -ot UInt16 IN OUT.tif',
  toFloat: 'vips cast IN OUT-float.tif float',
  flat: 'vips copy IN OUT-page.tif',
} as const

/** The error for a file of a known format that is not read. */
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

/** Throws for a file that is not a picture of a kind that is read. @throws ConvoError E_DECODE */
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

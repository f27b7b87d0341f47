import { ConvoError } from '../error.ts'
import { checkLimit } from '../limits.ts'
import type { Metadata } from '../tensor/metadata.ts'
import { defined } from '../text/record.ts'
import { fieldsOf } from './exif.ts'
import { refusal, wayOf, ways } from './foreign.ts'
import { geoTags } from './geotiff.ts'
import { bytesOf, metadataNames } from './metadata.ts'
import { damaged } from './own-picture.ts'
import { pixelAspect } from './png-head.ts'
import { type Read, textOf } from './reader.ts'
import { holdsArray, isMultiplied, readerOf, storageOf } from './tiff-array.ts'
import {
  type Directory,
  directoryAfter,
  directoryAt,
  numberOf,
  numbersOf,
  pageOf,
  sizes,
  tiffHasOwnAspect,
} from './tiff-directory.ts'

const tag = {
  subfileType: 254,
  description: 270,
  width: 256,
  height: 257,
  bits: 258,
  compression: 259,
  photometric: 262,
  make: 271,
  orientation: 274,
  subIfds: 330,
  extraSamples: 338,
  sampleFormat: 339,
  chroma: 530,
  profile: 34675,
  dngVersion: 50706,
} as const

/** Metadata fields by kind. Those of the first page are kept, those of later pages are lost. */
const metadata: readonly (readonly [key: keyof Metadata, tags: readonly number[]])[] = [
  ['exif', [269, 270, 271, 272, 285, 305, 306, 315, 33432, 34665, 34853]],
  ['xmp', [700]],
  ['iptc', [33723]],
  ['geo', geoTags],
]

/** Fields of GDAL that are never kept: they are true only of the samples of the file. */
const gdal = { 'GDAL metadata': 42112, 'no-data value': 42113 } as const

/** A byte of a file, and the value to show to the decoder. */
export type Mend = { readonly at: number; readonly byte: number }

/** The contents of the directories of a TIFF. */
export type TiffSeen = NonNullable<ReturnType<typeof readTiff>>

/**
 * Walks over the directories of a TIFF. Returns undefined if it has none that can be read.
 *
 * @throws ConvoError E_DECODE for a circular list of directories, pictures that are only in subdirectories, and samples
 *   that are not supported; E_TOO_LARGE for more pages than the limit
 */
export function readTiff(read: Read, name: string) {
  const seen = new Set<number>()
  const pages: Directory[] = []
  for (let page = pageOf(read); page !== undefined; page = directoryAfter(page)) {
    if (seen.has(page.at)) throw damaged(name, 'TIFF')(page.at, 'the list of its pages is circular')
    checkLimit('pages', seen.add(page.at).size, name)
    pages.push(page)
  }
  const [first] = pages
  // the decoder reports damage this early in the file
  if (first === undefined) return undefined
  const subs = pages.flatMap(subDirectories)
  refuseRaw(name, pages, subs)
  // arrays, with all their pages, are read here
  for (const page of holdsArray(read) ? [] : pages) {
    refuseCompression(name, page)
    refuseSamples(name, page)
  }
  const larger = pages.findIndex((page) => !isReduced(page))
  const isLater = (wanted: readonly number[]) =>
    pages.slice(1).some((page) => wanted.some((one) => page.tags.has(one) && !isEqual(page, first, one)))
  return {
    // what an output does not keep, in words
    metadata: [
      ...(tiffHasOwnAspect(first) ? [pixelAspect] : []),
      ...Object.entries(gdal).flatMap(([name, one]) =>
        pages.some(({ tags }) => tags.has(one)) ? [name] : [],
      ),
      ...metadata.filter(([, tags]) => isLater(tags)).map(([key]) => `${metadataNames[key]} of later pages`),
    ],
    // what an output may keep and the decoder does not return
    held: heldOf(first),
    // the decoder returns it for the files that it reads
    icc: bytesOf(fieldsOf(first, (one) => one === tag.profile).fields, tag.profile),
    pages: pages.length,
    unread: [
      ...(subs.length === 0
        ? []
        : [`in subdirectories ${subs.length} ${subs.every(isReduced) ? 'smaller copies' : 'pictures'}`]),
      ...slicesBehind(first, pages.length),
    ],
    leastBytes: Math.max(...pages.map(leastBytesOf)),
    // the division rounds to whole levels, so it is reported
    notes: [
      ...(pages.some(isMultiplied)
        ? [`the colours of ${name} were divided by its alpha: the file stores them multiplied by it`]
        : []),
      ...(pages.some(isTakenAsAlpha)
        ? [
            `the last channel of ${name} was used as alpha, but the file does not say what it is; --alpha separate keeps it apart`,
          ]
        : []),
      ...new Set(
        pages.flatMap((page) =>
          oddOrientation(page).length === 0
            ? []
            : `${name} has the orientation ${numberOf(page, tag.orientation)}, which was read as 1: it must be 1 to 8`,
        ),
      ),
    ],
    // what only the decoder treats as damage
    mends: pages.flatMap((page) => [...openTexts(page), ...oddOrientation(page)]),
    // several can be decoded at once; pages with an orientation are turned one by one
    isAlike:
      numberOf(first, tag.orientation) < 2 &&
      readerOf(first) === 'there' &&
      pages.every((page) => isLike(page, first)),
    ...(isReduced(first) &&
      larger > 0 && {
        preview: {
          why: `page 1 is a smaller copy, ${sizeText(first)}; page ${larger + 1} is the picture, ${sizeText(pages[larger]!)}`,
          fix: `--page ${larger + 1}`,
        },
      }),
  }
}

const openTexts = ({ read, tags }: Directory): Mend[] =>
  [...tags.values()].flatMap(({ type, count, at }) => {
    const end = at + count - 1
    return type === 2 && count > 0 && (read(end, 1)[0] ?? 0) !== 0 ? [{ at: end, byte: 0 }] : []
  })

/** Replaces an invalid orientation by 1, like other readers do. */
function oddOrientation({ tags, layout: { little } }: Directory): Mend[] {
  const { value, place, type } = tags.get(tag.orientation) ?? { value: 1, place: 0, type: 0 }
  const size = sizes[type] ?? 0
  if ((value >= 1 && value <= 8) || size === 0) return []
  return Array.from({ length: size }, (_, i) => ({
    at: place + i,
    byte: i === (little ? 0 : size - 1) ? 1 : 0,
  }))
}

/** Finds the slices of an ImageJ stack with a directory for the first slice only, as in files above 4 GiB. */
function slicesBehind(page: Directory, pages: number): string[] {
  const said = /^ImageJ=[\s\S]*?^images=(\d+)$/m.exec(textIn(page, tag.description))
  const more = Number(said?.[1] ?? 0) - pages
  return more > 0 ? [`${more} more ${more === 1 ? 'slice' : 'slices'} of an ImageJ stack`] : []
}

function textIn({ read, tags }: Directory, one: number): string {
  const { at = 0, count = 0 } = tags.get(one) ?? {}
  return textOf(read(at, Math.min(count, 4096)))
}

/** Tags that must be equal for pages to be alike: shape, palette, and properties that are applied or kept. */
const deciding = [254, 256, 257, 259, 262, 266, 274, 277, 284, 320, 338, 347, 34675]

function isEqual(page: Directory, other: Directory, one: number): boolean {
  const [a, b] = [page.tags.get(one), other.tags.get(one)]
  return a?.count === b?.count && a?.value === b?.value
}

function heldOf(page: Directory): Metadata {
  const [[, exifTags]] = metadata as [(typeof metadata)[number]]
  const { fields, below } = fieldsOf(page, (one) => metadata.some(([, tags]) => tags.includes(one)))
  const exif = { fields: fields.filter((field) => exifTags.includes(field.tag)), below }
  const geo = fields.filter((field) => geoTags.includes(field.tag))
  return defined({
    exif: exif.fields.length + below.size > 0 ? exif : undefined,
    xmp: bytesOf(fields, 700),
    iptc: bytesOf(fields, 33723),
    geo: geo.length > 0 ? geo : undefined,
  })
}

const isLike = (page: Directory, other: Directory): boolean =>
  deciding.every((one) => isEqual(page, other, one)) &&
  [tag.bits, tag.sampleFormat].every((one) => numberOf(page, one) === numberOf(other, one))

/** Whether an extra channel has no stated meaning. In files from scanners and satellites it may be anything. */
const isTakenAsAlpha = (page: Directory): boolean =>
  page.tags.get(tag.extraSamples)?.count === 1 && numberOf(page, tag.extraSamples) === 0
/** Whether a page is a smaller copy of another picture in the file (NewSubfileType, bit 0). */
const isReduced = (page: Directory): boolean => (numberOf(page, tag.subfileType) & 1) === 1
const sizeText = (page: Directory): string => `${numberOf(page, tag.width)}x${numberOf(page, tag.height)}`

/** The most subdirectories of a page that are read. A camera file has three, a pyramid twenty. */
const mostSubs = 64

const subDirectories = (page: Directory): Directory[] =>
  numbersOf(page, tag.subIfds, mostSubs).flatMap((at) =>
    at === 0 ? [] : (directoryAt(page.read, at, page.layout) ?? []),
  )

/** Refuses camera raw pictures, whose first page is a preview. */
function refuseRaw(name: string, pages: readonly Directory[], subs: readonly Directory[]): void {
  const first = pages[0]!
  const isMosaic = [...pages, ...subs].some((one) => [32803, 34892].includes(numberOf(one, tag.photometric)))
  const isDng = first.tags.has(tag.dngVersion)
  const full = subs.find((one) => !isReduced(one))
  if (isDng || isMosaic) {
    const maker = textIn(first, tag.make).replace(/\0.*/s, '').trim()
    const what = isDng ? 'a raw picture (DNG)' : `a camera raw picture${maker === '' ? '' : ` (${maker})`}`
    throw refusal(
      name,
      what,
      wayOf(ways.raw, name),
      full && `${name}: its first page is a preview of ${sizeText(first)}`,
    )
  }
  if (full === undefined || !isReduced(first)) return
  throw new ConvoError('E_DECODE', `${name} has its picture in a subdirectory, which convo does not read`, {
    why: `${name}: page 1 is a smaller copy, ${sizeText(first)}; subdirectory ${subs.indexOf(full)} is the picture, ${sizeText(full)}`,
    fix: wayOf(ways.flat, name).replace(
      /^vips copy (\S+)/,
      (_, file: string) => `vips copy ${file}[subifd=${subs.indexOf(full)}]`,
    ),
  })
}

/** Compressions that the decoder supports. 0 means that none is stated. */
const known = new Set([0, 1, 2, 3, 4, 5, 7, 8, 32766, 32771, 32773, 32809, 32946, 50001])
/** Other compressions, by their numbers, and whether the `vips` command supports them. */
const others: readonly (readonly [name: string, isKnownToVips: boolean, ...numbers: number[]])[] = [
  ['old-style JPEG', true, 6],
  ['PixarLog', true, 32909],
  ['JPEG 2000', true, 33003, 33004, 33005, 34712],
  ['JBIG', true, 34661],
  ['LogLuv', true, 34676, 34677],
  ['LERC', true, 34887],
  ['LZMA', true, 34925],
  ['Zstandard', true, 50000],
  ['JBIG (T.85)', false, 9],
  ['JBIG (T.43)', false, 10],
  ['JPEG XR', false, 22610, 34934],
  ['lossy JPEG of a DNG', false, 34892],
  ['JPEG XL', false, 50002, 52546],
]

function refuseCompression(name: string, page: Directory): void {
  const number = numberOf(page, tag.compression)
  if (known.has(number) || readerOf(page) === 'here') return
  const found = others.find(([, , ...numbers]) => numbers.includes(number))
  const [what, isKnownToVips] = found ?? [`number ${number}`, false]
  // a plain copy of LogLuv is LogLuv again
  const way = what === 'LogLuv' ? 'vips colourspace IN OUT-float.tif scrgb' : ways.plain
  throw refusal(
    name,
    `a TIFF compressed with ${what}`,
    isKnownToVips ? wayOf(way, name) : toPython(name),
    `${name}: supported: LZW, Deflate, JPEG, WebP, PackBits, fax and no compression; Zstandard, for gray and RGB, by Node 22.15 and newer`,
  )
}

/** Refuses samples that the decoder treats as damage or misinterprets. @throws ConvoError E_DECODE */
function refuseSamples(name: string, page: Directory): void {
  const stored = storageOf(page)
  const [format, channels] = [stored.format || 1, stored.channels || 1]
  // here, 0 means that none is stated
  const [bits, photometric] = [numberOf(page, tag.bits), numberOf(page, tag.photometric)]
  const refuse = (what: string, fix: string) => {
    throw new ConvoError('E_DECODE', `${name} has ${what}, which convo does not read`, {
      why: `${name}: supported: 8 and 16 bits, and 32-bit floats`,
      fix,
    })
  }
  const isGray = photometric < 2 || photometric === 3
  // the most colours and alpha: five for CMYK, two for gray and palettes, else four
  if (channels > (photometric === 5 ? 5 : isGray ? 2 : 4)) {
    throw new ConvoError('E_DECODE', `${name} has samples of an unsupported type`, {
      why: `${name}: it has ${channels} channels${isGray ? ' of gray' : ''}`,
      fix: toPython(name),
    })
  }
  const toSrgb = wayOf('magick IN -colorspace sRGB OUT-srgb.tif', name)
  if (photometric === 8 || photometric === 9 || photometric === 10)
    refuse('L*a*b* colours', bits === 8 ? toSrgb : wayOf('vips colourspace IN OUT-srgb.tif srgb', name))
  if (![1, 2, 3, 5, 6].includes(format)) return
  const toFloat = wayOf(ways.toFloat, name)
  if (format >= 5)
    refuse(`complex ${format === 5 ? 'whole ' : ''}numbers`, 'numpy.save of their real and imaginary parts')
  if (format === 3 && bits !== 32) refuse(`${bits}-bit floats`, toPython(name))
  if (format === 2) refuse(`signed ${bits}-bit samples`, bits <= 32 ? toFloat : toPython(name))
  if (format === 1 && bits > 16)
    refuse(
      `integer samples of ${bits} bits`,
      bits > 32
        ? toPython(name)
        : bits === 32
          ? toFloat
          : wayOf('gdal_translate -co NBITS=32 IN OUT-32.tif', name),
    )
  const isPacked = channels === 1 ? ![0, 1, 2, 4, 8, 16].includes(bits) : bits % 8 !== 0
  if (format === 1 && isPacked && readerOf(page) !== 'here')
    refuse(
      `integer samples of ${bits} ${bits === 1 ? 'bit' : 'bits'}`,
      wayOf('magick IN -depth 16 OUT-16.tif', name),
    )
  // the decoder converts YCbCr of JPEG data and of blocks, but not YCbCr that is stored for every pixel
  const chroma = numbersOf(page, tag.chroma, 2)
  if (photometric === 6 && stored.compression !== 7 && chroma.join() === '1,1')
    refuse('YCbCr colours for every pixel', toSrgb)
  if (photometric === 0 && format === 3) refuse('floats in which 0 is white', toSrgb)
  if (readerOf(page) === undefined) refuse('separate planes of this kind', toSrgb)
}

/** The number of bytes that the pixels of an uncompressed page need, or 0 if it is unknown. */
function leastBytesOf(page: Directory): number {
  const { width, height, channels, bits, compression, photometric } = storageOf(page)
  return compression > 1 || photometric === 6 ? 0 : (width * height * (channels || 1) * (bits || 1)) / 8
}

/** A Python command, for files that libvips cannot read either. */
const toPython = (name: string): string =>
  wayOf(
    `python3 -c "import sys, numpy, tifffile; numpy.save(sys.argv[2], tifffile.imread(sys.argv[1]).astype('float32'))" IN OUT.npy`,
    name,
  )

import { ConvoError } from '../error.ts'
import { checkLimit } from '../limits.ts'
import type { Metadata } from '../tensor/metadata.ts'
import { fieldsOf } from './exif.ts'
import { refusal, wayOf, ways } from './foreign.ts'
import { geoTags } from './geotiff.ts'
import { bytesOf, metadataNames } from './metadata.ts'
import { damaged } from './own-picture.ts'
import { pixelAspect } from './png-head.ts'
import { type Read, textOf } from './reader.ts'
import { holdsArray, isMultiplied, readerOf } from './tiff-array.ts'
import {
  type Directory,
  directoryAt,
  numbersOf,
  sizes,
  tiffHasOwnAspect,
  tiffLayout,
} from './tiff-directory.ts'

const tag = {
  subfileType: 254,
  description: 270,
  width: 256,
  height: 257,
  bits: 258,
  compression: 259,
  photometric: 262,
  samples: 277,
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
  const layout = tiffLayout(read)
  const seen = new Set<number>()
  const pages: Directory[] = []
  for (let at = layout?.first ?? 0; layout !== undefined && at !== 0; ) {
    if (seen.has(at)) throw damaged(name, 'TIFF')(at, 'the list of its pages is circular')
    seen.add(at)
    checkLimit('pages', seen.size, name)
    const page = directoryAt(read, at, layout)
    if (page === undefined) break
    pages.push(page)
    at = page.next
  }
  const [first] = pages
  // the decoder reports damage this early in the file
  if (first === undefined) return undefined
  const subs = pages.flatMap((page) => subDirectories(read, page))
  refuseRaw(read, name, pages, subs)
  // arrays, with all their pages, are read here
  for (const page of holdsArray(read) ? [] : pages) {
    refuseCompression(read, name, page)
    refuseSamples(read, name, page)
  }
  const larger = pages.findIndex((page) => !isReduced(page))
  const isLater = (wanted: readonly number[]) =>
    pages.slice(1).some((page) => wanted.some((one) => page.tags.has(one) && !isEqual(page, first, one)))
  return {
    // what an output does not keep, in words
    metadata: [
      ...(tiffHasOwnAspect(read, first) ? [pixelAspect] : []),
      ...Object.entries(gdal).flatMap(([name, one]) =>
        pages.some(({ tags }) => tags.has(one)) ? [name] : [],
      ),
      ...metadata.filter(([, tags]) => isLater(tags)).map(([key]) => `${metadataNames[key]} of later pages`),
    ],
    // what an output may keep and the decoder does not return
    held: heldOf(read, first),
    // the decoder returns it for the files that it reads
    icc: bytesOf(fieldsOf(read, first, (one) => one === tag.profile).fields, tag.profile),
    pages: pages.length,
    unread: [
      ...(subs.length === 0
        ? []
        : [`in subdirectories ${subs.length} ${subs.every(isReduced) ? 'smaller copies' : 'pictures'}`]),
      ...slicesBehind(read, first, pages.length),
    ],
    leastBytes: Math.max(...pages.map((page) => leastBytesOf(read, page))),
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
            : `${name} has the orientation ${numberIn(page, tag.orientation)}, which was read as 1: it must be 1 to 8`,
        ),
      ),
    ],
    // what only the decoder treats as damage
    mends: pages.flatMap((page) => [...openTexts(read, page), ...oddOrientation(page)]),
    // several can be decoded at once; pages with an orientation are turned one by one
    isAlike:
      numberIn(first, tag.orientation) < 2 &&
      readerOf(read, first) === 'there' &&
      pages.every((page) => isLike(read, page, first)),
    ...(isReduced(first) &&
      larger > 0 && {
        preview: {
          why: `page 1 is a smaller copy, ${sizeText(first)}; page ${larger + 1} is the picture, ${sizeText(pages[larger]!)}`,
          fix: `--page ${larger + 1}`,
        },
      }),
  }
}

function openTexts(read: Read, { tags, layout: { isBig } }: Directory): Mend[] {
  return [...tags.values()].flatMap(({ type, count, value, place }) => {
    const at = (count <= (isBig ? 8 : 4) ? place : value) + count - 1
    return type === 2 && count > 0 && (read(at, 1)[0] ?? 0) !== 0 ? [{ at, byte: 0 }] : []
  })
}

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
function slicesBehind(read: Read, { tags }: Directory, pages: number): string[] {
  const text = tags.get(tag.description)
  if (text === undefined || text.count < 5) return []
  const said = /^ImageJ=[\s\S]*?^images=(\d+)$/m.exec(textOf(read(text.value, Math.min(text.count, 4096))))
  const more = Number(said?.[1] ?? 0) - pages
  return more > 0 ? [`${more} more ${more === 1 ? 'slice' : 'slices'} of an ImageJ stack`] : []
}

/** Tags that must be equal for pages to be alike: shape, palette, and properties that are applied or kept. */
const deciding = [254, 256, 257, 259, 262, 266, 274, 277, 284, 320, 338, 347, 34675]

/** Whether a field is the same in two directories, or missing from both. */
function isEqual(page: Directory, other: Directory, one: number): boolean {
  const [a, b] = [page.tags.get(one), other.tags.get(one)]
  return a?.count === b?.count && a?.value === b?.value
}

function heldOf(read: Read, page: Directory): Metadata {
  const [[, exifTags]] = metadata as [(typeof metadata)[number]]
  const { fields, below } = fieldsOf(read, page, (one) => metadata.some(([, tags]) => tags.includes(one)))
  const exif = { fields: fields.filter((field) => exifTags.includes(field.tag)), below }
  const geo = fields.filter((field) => geoTags.includes(field.tag))
  const [xmp, iptc] = [bytesOf(fields, 700), bytesOf(fields, 33723)]
  return {
    ...(exif.fields.length + below.size > 0 && { exif }),
    ...(xmp !== undefined && { xmp }),
    ...(iptc !== undefined && { iptc }),
    ...(geo.length > 0 && { geo }),
  }
}

function isLike(read: Read, page: Directory, other: Directory): boolean {
  const number = (from: Directory, one: number) => firstNumber(read, from, one)
  return (
    deciding.every((one) => isEqual(page, other, one)) &&
    [tag.bits, tag.sampleFormat].every((one) => number(page, one) === number(other, one))
  )
}

const numberIn = ({ tags }: Directory, one: number): number => tags.get(one)?.value ?? 0
/** Whether an extra channel has no stated meaning. In files from scanners and satellites it may be anything. */
const isTakenAsAlpha = (page: Directory): boolean =>
  page.tags.get(tag.extraSamples)?.count === 1 && numberIn(page, tag.extraSamples) === 0
/** Whether a page is a smaller copy of another picture in the file (NewSubfileType, bit 0). */
const isReduced = (page: Directory): boolean => (numberIn(page, tag.subfileType) & 1) === 1
const sizeText = (page: Directory): string => `${numberIn(page, tag.width)}x${numberIn(page, tag.height)}`

/** The most subdirectories of a page that are read. A camera file has three, a pyramid twenty. */
const mostSubs = 64

const subDirectories = (read: Read, page: Directory): Directory[] =>
  numbersOf(read, page, tag.subIfds, mostSubs).flatMap((at) =>
    at === 0 ? [] : (directoryAt(read, at, page.layout) ?? []),
  )

/** Refuses camera raw pictures, whose first page is a preview. */
function refuseRaw(read: Read, name: string, pages: readonly Directory[], subs: readonly Directory[]): void {
  const first = pages[0]!
  const isMosaic = [...pages, ...subs].some((one) => [32803, 34892].includes(numberIn(one, tag.photometric)))
  const isDng = first.tags.has(tag.dngVersion)
  const full = subs.find((one) => !isReduced(one))
  if (isDng || isMosaic) {
    const make = first.tags.get(tag.make)
    const maker =
      make === undefined || make.count < 5
        ? ''
        : textOf(read(make.value, make.count)).replace(/\0.*/s, '').trim()
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

const formats: Readonly<Record<number, string>> = {
  1: 'whole',
  2: 'signed',
  3: 'float',
  5: 'complex whole',
  6: 'complex',
}

const firstNumber = (read: Read, page: Directory, one: number): number =>
  numbersOf(read, page, one, 1)[0] ?? 0

/** Compressions that the decoder supports. 0 means that none is stated. */
const known = new Set([0, 1, 2, 3, 4, 5, 7, 8, 32766, 32771, 32773, 32809, 32946, 50001])
/** Other compressions that the `vips` command supports. */
const knownToVips: Readonly<Record<number, string>> = {
  6: 'old-style JPEG',
  32909: 'PixarLog',
  33003: 'JPEG 2000',
  33004: 'JPEG 2000',
  33005: 'JPEG 2000',
  34661: 'JBIG',
  34676: 'LogLuv',
  34677: 'LogLuv',
  34712: 'JPEG 2000',
  34887: 'LERC',
  34925: 'LZMA',
  50000: 'Zstandard',
}
const rare: Readonly<Record<number, string>> = {
  9: 'JBIG (T.85)',
  10: 'JBIG (T.43)',
  22610: 'JPEG XR',
  34892: 'lossy JPEG of a DNG',
  34934: 'JPEG XR',
  50002: 'JPEG XL',
  52546: 'JPEG XL',
}

function refuseCompression(read: Read, name: string, page: Directory): void {
  const number = numberIn(page, tag.compression)
  if (known.has(number) || readerOf(read, page) === 'here') return
  const what = knownToVips[number] ?? rare[number] ?? `number ${number}`
  // a plain copy of LogLuv is LogLuv again
  const way = what === 'LogLuv' ? 'vips colourspace IN OUT-float.tif scrgb' : ways.plain
  throw refusal(
    name,
    `a TIFF compressed with ${what}`,
    number in knownToVips ? wayOf(way, name) : toPython(name),
    `${name}: supported: LZW, Deflate, JPEG, WebP, PackBits, fax and no compression; Zstandard, for gray and RGB, by Node 22.15 and newer`,
  )
}

/** Refuses samples that the decoder treats as damage or misinterprets. @throws ConvoError E_DECODE */
function refuseSamples(read: Read, name: string, page: Directory): void {
  const numberOf = (one: number): number => firstNumber(read, page, one)
  const [bits, format, photometric] = [
    numberOf(tag.bits),
    numberOf(tag.sampleFormat) || 1,
    numberIn(page, tag.photometric),
  ]
  const refuse = (what: string, fix: string) => {
    throw new ConvoError('E_DECODE', `${name} has ${what}, which convo does not read`, {
      why: `${name}: supported: 8 and 16 bits, and 32-bit floats`,
      fix,
    })
  }
  const channels = numberOf(tag.samples) || 1
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
  const kind = formats[format]
  if (kind === undefined || format === 4) return
  const toFloat = wayOf(ways.toFloat, name)
  if (format >= 5) refuse(`${kind} numbers`, 'numpy.save of their real and imaginary parts')
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
  if (format === 1 && isPacked && readerOf(read, page) !== 'here')
    refuse(
      `integer samples of ${bits} ${bits === 1 ? 'bit' : 'bits'}`,
      wayOf('magick IN -depth 16 OUT-16.tif', name),
    )
  // the decoder converts YCbCr of JPEG data and of blocks, but not YCbCr that is stored for every pixel
  const chroma = numbersOf(read, page, tag.chroma, 2)
  if (photometric === 6 && numberIn(page, tag.compression) !== 7 && chroma.join() === '1,1')
    refuse('YCbCr colours for every pixel', toSrgb)
  if (photometric === 0 && format === 3) refuse('floats in which 0 is white', toSrgb)
  if (readerOf(read, page) === undefined) refuse('separate planes of this kind', toSrgb)
}

/** The number of bytes that the pixels of an uncompressed page need, or 0 if it is unknown. */
function leastBytesOf(read: Read, page: Directory): number {
  const number = (one: number) => firstNumber(read, page, one)
  if (number(tag.compression) > 1 || number(tag.photometric) === 6) return 0
  return (number(tag.width) * number(tag.height) * (number(tag.samples) || 1) * (number(tag.bits) || 1)) / 8
}

/** A Python command, for files that libvips cannot read either. */
const toPython = (name: string): string =>
  wayOf(
    `python3 -c "import sys, numpy, tifffile; numpy.save(sys.argv[2], tifffile.imread(sys.argv[1]).astype('float32'))" IN OUT.npy`,
    name,
  )

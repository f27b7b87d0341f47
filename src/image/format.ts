import { basename, extname } from 'node:path'
import { ConvoError } from '../error.ts'
import type { Metadata } from '../tensor/metadata.ts'
import { promised } from './foreign.ts'

/** An encoder option. `Takes` maps those of a format to `true` for any value, or to the smallest and largest value. */
export type CodingOption = (typeof codingOptions)[number]
type Takes = Readonly<Partial<Record<CodingOption, true | readonly [least: number, most: number]>>>

/** The options of encoders. */
export const codingOptions = [
  'compression',
  'quality',
  'lossless',
  'subsampling',
  'effort',
  'tiff-compression',
] as const

/** What an output format can hold. */
export type OutputTraits = {
  readonly extensions: readonly string[]
  /** bits of a sample that it keeps; 32 means floats */
  readonly depths: readonly (8 | 16 | 32)[]
  readonly alpha: 'full' | 'on-off' | 'none'
  /** colours that it holds, unless it holds both gray and RGB */
  readonly colours?: 'gray' | 'rgb' | 'bilevel'
  /** whether every sample is read back unchanged, by default */
  readonly exact: boolean
  /** whether it can hold several pages, or an animation */
  readonly frames: 'animation' | 'pages' | 'none'
  /** which metadata it holds; as text, JPEG holds only comments */
  readonly metadata: readonly (keyof Metadata)[]
  /** which colour and size information it holds */
  readonly holds: readonly ('profile' | 'resolution' | 'orientation' | 'gamma')[]
  readonly takes: Takes
}

const all = ['profile', 'resolution', 'orientation'] as const

const usual = {
  ...({ depths: [8], alpha: 'full', exact: true, frames: 'none' } as const),
  ...({ metadata: [], holds: [], takes: {} } as const),
}

/** The picture formats that are written, by name. */
export const outputFormats = {
  png: {
    ...usual,
    extensions: ['.png'],
    depths: [8, 16],
    metadata: ['exif', 'xmp', 'text'],
    holds: [...all, 'gamma'],
    takes: { compression: true },
  },
  jpeg: {
    ...usual,
    extensions: ['.jpg', '.jpeg', '.jpe', '.jfif'],
    alpha: 'none',
    exact: false,
    metadata: ['exif', 'xmp', 'iptc', 'text'],
    holds: all,
    takes: { quality: true, subsampling: true, effort: [0, 2] },
  },
  webp: {
    ...usual,
    extensions: ['.webp'],
    frames: 'animation',
    metadata: ['exif', 'xmp'],
    holds: all,
    takes: { quality: true, lossless: true, effort: [0, 6] },
  },
  tiff: {
    ...usual,
    extensions: ['.tif', '.tiff'],
    depths: [8, 16, 32],
    frames: 'pages',
    metadata: ['exif', 'xmp', 'iptc', 'geo'],
    holds: all,
    takes: { 'tiff-compression': true },
  },
  gif: {
    ...usual,
    extensions: ['.gif'],
    alpha: 'on-off',
    exact: false,
    frames: 'animation',
    takes: { effort: [1, 10] },
  },
  avif: {
    ...usual,
    extensions: ['.avif'],
    exact: false,
    metadata: ['exif', 'xmp'],
    holds: all,
    takes: { quality: true, lossless: true, subsampling: true, effort: [0, 9] },
  },
  bmp: { ...usual, extensions: ['.bmp', '.dib'], holds: ['resolution'] },
  pnm: plain('.pnm'),
  ppm: { ...plain('.ppm'), colours: 'rgb' },
  pgm: { ...plain('.pgm'), colours: 'gray' },
  pbm: { ...plain('.pbm'), depths: [8], colours: 'bilevel', exact: false },
  pam: { ...plain('.pam'), alpha: 'full' },
  pfm: { ...plain('.pfm'), depths: [32] },
} as const satisfies Record<string, OutputTraits>

function plain<E extends string>(extension: E) {
  return { ...usual, extensions: [extension], depths: [8, 16], alpha: 'none' } as const
}

/** What an input format may hold, and how much of it is used. */
export type InputTraits = Pick<OutputTraits, 'extensions' | 'depths' | 'frames' | 'metadata'> & {
  readonly alpha: boolean
  /** an ICC profile */
  readonly profile: boolean
}

const bare = { alpha: false, frames: 'none', metadata: [], profile: false } as const
const full = { ...bare, alpha: true, profile: true } as const

function asWritten<F extends keyof typeof outputFormats>(format: F) {
  const { extensions, depths, frames, metadata } = outputFormats[format]
  return { extensions, depths, frames, metadata }
}

/** The kinds of file that are read, by name. Depths below 8 bits are spread over 8, those between 8 and 16 over 16. */
export const inputFormats = {
  png: { ...full, ...asWritten('png'), frames: 'animation' },
  jpeg: { ...full, ...asWritten('jpeg'), alpha: false },
  webp: { ...full, ...asWritten('webp') },
  tiff: { ...full, ...asWritten('tiff') },
  gif: { ...bare, ...asWritten('gif'), alpha: true, metadata: ['text'] },
  avif: { ...full, ...asWritten('avif'), depths: [8, 16] },
  svg: { ...bare, extensions: ['.svg'], depths: [8], alpha: true },
  bmp: { ...full, ...asWritten('bmp') },
  pnm: { ...bare, extensions: ['.pnm', '.pbm', '.pgm', '.ppm', '.pam'], depths: [8, 16], alpha: true },
  pfm: { ...bare, extensions: ['.pfm'], depths: [32] },
  hdr: { ...bare, extensions: ['.hdr', '.pic'], depths: [32] },
  exr: { ...bare, extensions: ['.exr'], depths: [32], alpha: true },
  npy: { ...bare, extensions: ['.npy'], depths: [8, 16, 32], alpha: true, frames: 'pages' },
} as const satisfies Record<string, InputTraits>

/** A row of the table of picture formats, for what is read and what is written. */
export type FormatRow = Readonly<
  Record<'name' | 'files' | 'access' | 'depths' | 'alpha' | 'frames' | 'profile' | 'metadata', string>
>

/** The table of picture formats, as lists and documents show it. */
export function formatRows(): FormatRow[] {
  const names = new Set([...Object.keys(inputFormats), ...Object.keys(outputFormats), 'npy'])
  return [...names].map((name) => {
    const read: InputTraits | undefined = inputFormats[name as keyof typeof inputFormats]
    const isWritten = name === 'npy' || Object.hasOwn(outputFormats, name)
    const written = isWritten ? traitsOf(name as OutputFormat) : undefined
    // the Netpbm formats are distinguished only when they are written
    const asked = read ?? inputFormats.pnm
    const both = (of: (traits: Both) => string): string => {
      const [a, b] = [of(asked), written && of(written)]
      return b === undefined || a === b ? a : `${a} (written: ${b})`
    }
    return {
      name,
      files: [...(written?.extensions ?? asked.extensions)].join(' '),
      access: written === undefined ? 'read' : 'read, write',
      depths: both(({ depths }) =>
        depths.map((depth) => (depth === 32 ? 'float' : String(depth))).join(', '),
      ),
      alpha: both(({ alpha }) =>
        alpha === true || alpha === 'full' ? 'yes' : alpha === 'on-off' ? 'on or off' : 'no',
      ),
      frames: both(({ frames }) => (frames === 'none' ? 'one' : frames === 'pages' ? 'pages' : 'animation')),
      profile: both((one) => (('holds' in one ? one.holds.includes('profile') : one.profile) ? 'yes' : 'no')),
      metadata: both(({ metadata }) => metadata.map((key) => metadataWords[key]).join(', ') || 'none'),
    }
  })
}

type Both = InputTraits | OutputTraits

const metadataWords = { exif: 'EXIF', xmp: 'XMP', iptc: 'IPTC', text: 'text', geo: 'GeoTIFF' } as const

const arrayTraits: OutputTraits = { ...usual, extensions: ['.npy'], depths: [32], frames: 'pages' }

/** The name of a format that is written. */
export type OutputFormat = keyof typeof outputFormats
/** The extensions of the files of these formats, without the dot. */
export type OutputExtension = (typeof outputFormats)[OutputFormat]['extensions'][number] extends `.${infer E}`
  ? E
  : never

/**
 * The extension of an output path, in lower case. It is `.jpg` for `jpg:-`, which is standard output in that format.
 */
export function extensionOf(path: string): string {
  const named = /^(\w+):-$/.exec(path)?.[1]
  return (named === undefined ? extname(path) : `.${named}`).toLowerCase()
}

export const traitsOf = (format: OutputFormat | 'npy'): OutputTraits =>
  format === 'npy' ? arrayTraits : outputFormats[format]

/** The names of the formats whose encoders take options. */
export const encodedFormats = (Object.keys(outputFormats) as OutputFormat[]).filter(
  (name) => Object.keys(traitsOf(name).takes).length > 0,
)

/** The names of the formats whose encoders take this option. */
export const formatsWith = (option: CodingOption): OutputFormat[] =>
  (Object.keys(outputFormats) as OutputFormat[]).filter((name) => traitsOf(name).takes[option] !== undefined)

const pictureExtensions = new Set(
  Object.values(inputFormats).flatMap(({ extensions }): readonly string[] => extensions),
)

/** Whether a file in a folder is treated as a picture: by its extension, and not if it is hidden. */
export const looksLikePicture = (path: string): boolean =>
  !basename(path).startsWith('.') && pictureExtensions.has(extname(path).toLowerCase())

/**
 * The format of an output path, by its extension. Without an extension, and for standard output, it is PNG.
 *
 * @throws ConvoError E_OUTPUT for another extension
 */
export function formatOfPath(path: string): OutputFormat {
  const extension = extensionOf(path)
  if (path === '-' || extension === '') return 'png'
  const names = Object.keys(outputFormats) as OutputFormat[]
  const found = names.find((name) =>
    (outputFormats[name].extensions as readonly string[]).includes(extension),
  )
  if (found !== undefined) return found
  const known = names.flatMap((name) => outputFormats[name].extensions)
  const onlyRead = Object.entries(inputFormats).find(([, { extensions }]) =>
    (extensions as readonly string[]).includes(extension),
  )
  const what = onlyRead === undefined ? promised(path) : `the format ${onlyRead[0]}`
  throw new ConvoError('E_OUTPUT', `there is no picture format for files ending in ${extension}`, {
    why: `${path}: ${what === undefined ? '' : `${what} cannot be written; `}known endings are ${[...known, '.npy'].join(', ')}`,
    instead: [path, path.slice(0, -extension.length).concat('.png')],
  })
}

import { basename, extname } from 'node:path'
import { ConvoError } from '../error.ts'
import { promised } from './foreign.ts'

/** What a kind of output file can hold. */
export type OutputTraits = {
  readonly extensions: readonly string[]
  /** bits of a sample that it keeps */
  readonly depths: readonly (8 | 16)[]
  readonly alpha: 'full' | 'on-off' | 'none'
  /** whether every sample comes back as it was, by default */
  readonly exact: boolean
  /** whether it can hold several pages that play one after another */
  readonly animated: boolean
}

/** The picture formats that are written, by name. */
export const outputFormats = {
  png: { extensions: ['.png'], depths: [8, 16], alpha: 'full', exact: true, animated: false },
  jpeg: { extensions: ['.jpg', '.jpeg'], depths: [8], alpha: 'none', exact: false, animated: false },
  webp: { extensions: ['.webp'], depths: [8], alpha: 'full', exact: true, animated: true },
  tiff: { extensions: ['.tif', '.tiff'], depths: [8, 16], alpha: 'full', exact: true, animated: false },
  gif: { extensions: ['.gif'], depths: [8], alpha: 'on-off', exact: false, animated: true },
  avif: { extensions: ['.avif'], depths: [8], alpha: 'full', exact: false, animated: false },
} as const satisfies Record<string, OutputTraits>

/** The name of a format that is written. */
export type OutputFormat = keyof typeof outputFormats

/** The extension of an output path, in lower case; of `jpg:-`, which is standard output in that format, `.jpg`. */
export function extensionOf(path: string): string {
  const named = /^(\w+):-$/.exec(path)?.[1]
  return (named === undefined ? extname(path) : `.${named}`).toLowerCase()
}

/** The extensions by which pictures and arrays are known in folders. */
const pictureExtensions = new Set(
  'png jpg jpeg jpe jfif webp tif tiff gif avif svg npy'.split(' ').map((word) => `.${word}`),
)

/** Whether a file in a folder is taken for a picture: by its extension, and not if it is hidden. */
export const looksLikePicture = (path: string): boolean =>
  !basename(path).startsWith('.') && pictureExtensions.has(extname(path).toLowerCase())

/**
 * The format that the extension of an output path asks for; without an extension, and for standard output, PNG.
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
  const what = promised(path)
  throw new ConvoError('E_OUTPUT', `there is no picture format for files ending in ${extension}`, {
    why: `${path}: ${what === undefined ? '' : `${what} cannot be written; `}known endings are ${[...known, '.npy'].join(', ')}`,
    instead: [path, path.slice(0, -extension.length).concat('.png')],
  })
}

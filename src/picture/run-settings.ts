import { choice, custom, expected, flag, integer } from '../params.ts'

// The settings that all commands share, without those of pictures and kernels, which a comparison does not need.

/**
 * The position of the channels of an array: `chw` is first, as in networks; `hwc` is last, as in OpenCV, Pillow and
 * imageio.
 */
export const layouts = ['auto', 'hwc', 'chw'] as const
export type Layout = (typeof layouts)[number]

/** The limit of libvips, and therefore of sharp. */
const mostPixels = 268402689

/** The options for reading a file. */
export const readingSettings = {
  layout: choice<Layout>(
    'order of the axes of a .npy input: hwc has the channels last (OpenCV, Pillow, imageio), chw first; auto guesses from the shape',
    layouts,
    'auto',
  ),
  'no-orient': flag('ignore the EXIF orientation'),
  'max-pixels': custom(
    'refuse picture files with more pixels, before they are decoded; accepts suffixes, such as 100M or 2G',
    '<count>',
    parseCount,
    mostPixels,
  ),
}

/** The options of the run itself. */
export const runSettings = {
  threads: {
    ...integer('number of threads', undefined, { min: 1, max: 1024 }),
    unset: 'one per core',
  },
  preview: flag(
    'show the result in the terminal: as a picture (kitty, iTerm2, sixel) or in half blocks; <output> is then optional',
  ),
  force: flag('replace the output even if it may have come from a shell pattern, as in convo sobel *.png'),
  'dry-run': flag('print what would be computed and how, without doing it'),
  json: flag('print a report as one JSON object on standard output'),
  quiet: flag('print errors only'),
  verbose: flag('print a report on standard error'),
  debug: flag('print a stack trace if convo itself fails'),
}

/** One-letter names of options. */
export const shortNames: Readonly<Record<string, string>> = {
  kernel: 'k',
  quiet: 'q',
  verbose: 'v',
  output: 'o',
  jobs: 'j',
  recursive: 'r',
  null: '0',
}

/** Pairs of options that cannot be used together, and the fix. The second may conflict with one of its values only. */
export const conflicts: readonly (readonly [a: string, b: string, fix: string, value?: string])[] = [
  ['scale', 'normalize', 'no --normalize'],
  ['quiet', 'verbose', 'no --quiet'],
  ['json', 'verbose', 'no --verbose'],
  ['preview', 'dry-run', 'no --dry-run'],
  ['alpha', 'background', 'no --alpha'],
  ['quality', 'lossless', 'no --quality'],
  ['lossless', 'subsampling', 'no --subsampling', '4:2:0'],
  ['channels-of', 'gray', 'no --gray'],
]

const powers: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9 }

function parseCount(given: unknown, name: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kmg]?)$/i.exec(String(given).trim())
  const value = match === null ? Number.NaN : Math.round(Number(match[1]) * powers[match[2]!.toLowerCase()]!)
  if (!Number.isSafeInteger(value) || value < 1) {
    throw expected('a number of pixels of at least 1, such as 5000000 or 100M', name, given)
  }
  return value
}

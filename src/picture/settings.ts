import type { AlgorithmChoice, FilterOptions } from '../conv/plan.ts'
import { ranges } from '../definition/quantise.ts'
import { ConvoError } from '../error.ts'
import { type Colour, parseColour } from '../image/colour.ts'
import { type MetadataMode, metadataModes } from '../image/metadata.ts'
import { type TiffCompression, tiffCompressions } from '../image/tiff-pack.ts'
import { isLevel, isScale, mostLevel } from '../kernel/kernel.ts'
import type { KernelOptions } from '../operators/operator.ts'
import {
  choice,
  custom,
  expected,
  flag,
  integer,
  number,
  numbers,
  type Params,
  paddingRules,
  text,
  type Values,
  wordOr,
} from '../params.ts'
import { type BorderName, borderName, borders } from '../tensor/border.ts'

/** Where the channels of an array stand: `chw` first, as networks have them; `hwc` last, as OpenCV, Pillow and imageio. */
export const layouts = ['auto', 'hwc', 'chw'] as const
export type Layout = (typeof layouts)[number]

/** What to do with the maps of a result that is no gray, RGB or RGBA picture. */
export type ChannelChoice = (typeof channelWords)[number] | readonly number[]

const channelWords = ['montage', 'split', 'first'] as const
const listOfMaps = numbers('', '', { min: 1, max: 4096 }, { min: 0, whole: true })

type Pair = readonly [y: number, x: number]

/** libvips' own limit, and so sharp's. */
const mostPixels = 268402689

/**
 * How kernels meet a picture. What has no default is `undefined` unless given, so that a kernel file may have its say
 * and so that an option that does nothing can be refused.
 */
export const correlationSettings = {
  kernel: text(
    'a name, as gaussian:sigma=2 (convo list kernels); a file, as edge.mat or net.safetensors#conv1.weight; or the numbers',
    '<kernel>',
  ),
  border: {
    ...custom<BorderName>('what stands outside the picture', '<mode>', (given) => borderName(String(given))),
    choices: Object.keys(borders),
    unset: 'replicate, or what the kernel file says',
  },
  fill: {
    ...number('the level outside the picture, of 0..255 at any depth; with --border constant', undefined, {
      min: 0,
      max: 255,
    }),
    unset: '0',
  },
  anchor: {
    ...custom('the tap that meets the output pixel, counted from 0', '<x,y>', parseAnchor),
    unset: 'the middle; floor(k/2) for an even size',
  },
  flip: flag('turn the kernel by 180°: the convolution of mathematics; as written, it is correlated'),
  scale: { ...custom('divide the sum by this', '<n>', parseScale), unset: "the kernel's own" },
  normalize: flag('divide the sum by the sum of the weights, so that flat areas keep their level'),
  bias: {
    ...custom('then add this, in levels of 0..255 at any depth', '<n>', parseLevel),
    unset: "the kernel's own",
  },
  stride: { ...custom('keep every n-th pixel', '<n>|<y,x>', pairOf(1)), unset: '1' },
  dilation: {
    ...custom('spread the taps, n pixels from one to the next', '<n>|<y,x>', pairOf(1)),
    unset: '1',
  },
  padding: {
    ...custom(
      'pixels around the picture: same, valid, full, one number, y,x or top,bottom,left,right',
      '<padding>',
      parsePadding,
    ),
    choices: paddingRules,
    unset: 'as many output pixels as there are input pixels, over the stride',
  },
  groups: { ...integer('groups of channels that do not see each other', undefined, { min: 1 }), unset: '1' },
  algorithm: choice<AlgorithmChoice>(
    'which arithmetic: auto chooses by kernel and size; direct is the definition itself',
    ['auto', 'direct', 'separable', 'fft'],
    'auto',
  ),
}

/** How a picture is read, how the result becomes samples again, and how it is written. */
export const pictureSettings = {
  range: {
    ...choice(
      'clamp: cut off below black and above white; abs: without the sign; offset: 0 becomes middle gray; ' +
        'minmax: stretch smallest to largest over black to white; raw: floating point, as it is, into .npy',
      ranges,
    ),
    unset: 'clamp; raw into .npy',
  },
  'fail-on-clip': flag('exit with status 1 if a sample was cut off; the output is written all the same'),
  alpha: {
    ...choice(
      'premultiply: colours weigh as much as they are opaque, and alpha is filtered too unless the kernel sums to 0; ' +
        'copy: likewise, and alpha stays as it is; separate: a channel like the others, hidden colours count; ' +
        'drop: left out, hidden colours are seen',
      ['premultiply', 'separate', 'copy', 'drop'],
    ),
    unset: 'premultiply; copy for operators that mix channels',
  },
  background: {
    ...custom<Colour>(
      'lay the picture over a colour first, so that nothing is transparent: #rgb, #rrggbb or a name such as white',
      '<colour>',
      parseColour,
    ),
    unset: 'alpha stays',
  },
  region: {
    ...custom<readonly [x: number, y: number, width: number, height: number]>(
      'restrict the operation to a rectangle; elsewhere the input stays',
      '<x,y,w,h>',
      parseRegion,
    ),
    unset: 'all of the picture',
  },
  mask: {
    ...text(
      'restrict the operation by a picture of the same size: the result where it is white, the input where it is black, and between them as it is gray',
      '<picture>',
    ),
    unset: 'the result everywhere',
  },
  mix: number('share of the result; the rest is the input', 1, { min: 0, max: 1 }),
  'channels-of': {
    ...choice(
      'filter the luma (Rec. 709, as --gray) alone: its change is added to red, green and blue, so that colours stay',
      ['luma'],
    ),
    unset: 'every channel is filtered',
  },
  channels: {
    ...custom<ChannelChoice>(
      'of a result of many maps: all on one sheet, one file each, the first one, or those of a list, counted from 0, while files are numbered from 1',
      'montage|split|first|<list>',
      wordOr(channelWords, 'montage, split, first or a list of numbers', listOfMaps.parse),
    ),
    choices: channelWords,
    unset: 'gray for 1 map, RGB for 3, montage for others',
  },
  'map-range': choice(
    'stretch the maps of a sheet all alike, or each over its own smallest to largest',
    ['shared', 'each'],
    'shared',
  ),
  labels: flag('number the maps of a sheet'),
  layout: choice<Layout>(
    'of a .npy array of 3 or 4 axes: hwc has the channels last, as OpenCV, Pillow and imageio write them; chw first; auto finds out',
    layouts,
    'auto',
  ),
  full: {
    ...number('what is white in floats or in an array, such as 1, 255 or 4095', undefined, { min: 1e-30 }),
    unset: '255 and 65535 for whole samples of 8 and 16 bits; 1 for floats that all lie in 0..1, else 255',
  },
  page: {
    ...integer('read this page of a TIFF or picture of an animation alone, counted from 1', undefined, {
      min: 1,
    }),
    unset: 'all where the output holds several, else the first',
  },
  gray: flag('turn the picture gray first'),
  linear: flag('compute in linear light, not in the stored levels'),
  depth: {
    ...custom('bits of an output sample; 32 are floats as they are, in TIFF', '8|16|32', parseDepth),
    choices: ['8', '16', '32'],
    unset: "the input's",
  },
  'no-orient': flag('do not turn the picture as its EXIF orientation says'),
  compression: {
    ...integer('effort of the PNG encoder: 0 stores, 9 is small and slow', undefined, { min: 0, max: 9 }),
    unset: 'fast, and as small as most',
  },
  quality: {
    ...integer('of JPEG, AVIF and lossy WebP', undefined, { min: 1, max: 100 }),
    unset: 'for JPEG that of a JPEG input, else 90; for AVIF 80; WebP is lossless',
  },
  lossless: flag('encode WebP and AVIF without loss; WebP is unless a quality is given'),
  subsampling: {
    ...choice('how JPEG and AVIF store colour: for every pixel, or for blocks of 2x2', ['4:4:4', '4:2:0']),
    unset: '4:4:4; for JPEG as in a JPEG input',
  },
  effort: {
    ...integer(
      'time spent on a smaller file: JPEG 0 to 2, WebP 0 to 6, AVIF 0 to 9, GIF 1 to 10; for PNG see --compression',
      undefined,
      { min: 0, max: 10 },
    ),
    unset: '0 for JPEG, 4 for WebP and AVIF, 7 for GIF',
  },
  'tiff-compression': {
    ...choice('how TIFF is packed, always without loss', Object.keys(tiffCompressions) as TiffCompression[]),
    unset: 'deflate',
  },
  metadata: choice<MetadataMode>(
    'EXIF, XMP, IPTC, GeoTIFF and texts of the input: all that the output holds, none, or only what names author and copyright',
    metadataModes,
    'keep',
  ),
  'max-pixels': custom(
    'refuse larger pictures; 100M, 2G and such are understood',
    '<n>',
    parseCount,
    mostPixels,
  ),
  'in-place': flag('let the output be the input file'),
}

/** How the run itself behaves. */
export const runSettings = {
  threads: {
    ...integer('threads to compute with', undefined, { min: 1, max: 1024 }),
    unset: 'one for each core',
  },
  preview: flag(
    'show the result in the terminal, as a picture where it can (kitty, iTerm2, sixel), else in half blocks; <output> may be left out',
  ),
  force: flag('replace the output even if it is a picture that a pattern of the shell may have named'),
  'dry-run': flag('print what would be computed, and how; compute and write nothing'),
  json: flag('print the report as one JSON object on standard output'),
  quiet: flag('print errors only'),
  verbose: flag('print the report on standard error'),
  debug: flag('print the stack of an error that is a bug'),
}

/** Every option that operations share. */
export const sharedSettings = { ...correlationSettings, ...pictureSettings, ...runSettings } satisfies Params

/** The values of the shared options. An option that an operation does not take has its default, or is undefined. */
export type Settings = Values<typeof sharedSettings>

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

/** Pairs of options that cannot both be meant, and what to do. */
export const conflicts: readonly (readonly [a: string, b: string, fix: string])[] = [
  ['scale', 'normalize', 'no --normalize'],
  ['quiet', 'verbose', 'no --quiet'],
  ['json', 'verbose', 'no --verbose'],
  ['preview', 'dry-run', 'no --dry-run'],
  ['alpha', 'background', 'no --alpha'],
  ['in-place', 'dry-run', 'no --in-place'],
  ['quality', 'lossless', 'no --quality'],
  ['channels-of', 'gray', 'no --gray'],
]

/** The settings about kernels as operators take them: `undefined` where nothing was said. */
export function kernelOptions(settings: Settings): KernelOptions {
  const { border, fill, anchor, flip, scale, normalize, bias, stride, dilation, padding, groups, algorithm } =
    settings
  const place = anchor && ([anchor.y, anchor.x] as const)
  return {
    border,
    fill,
    anchor: place,
    flip,
    scale,
    normalize,
    bias,
    stride,
    dilation,
    padding,
    groups,
    algorithm,
  }
}

/**
 * The settings as the plan of a recipe takes them.
 *
 * @param kernelBorder the border mode that the kernel's file asks for
 * @throws ConvoError E_OPTION for a fill value that no border shows
 */
export function filterOptions(settings: Settings, kernelBorder?: string): FilterOptions {
  const border = settings.border ?? (kernelBorder === undefined ? 'replicate' : borderName(kernelBorder))
  if (settings.fill !== undefined && border !== 'constant') {
    throw new ConvoError('E_OPTION', `--fill ${settings.fill} is not seen with the border ${border}`, {
      fix: '--border constant',
    })
  }
  const { anchor, flip, scale, normalize, bias, padding, algorithm } = settings
  return {
    border,
    fill: settings.fill ?? 0,
    anchor: anchor && [anchor.y, anchor.x],
    flip,
    scale,
    normalize,
    bias,
    stride: settings.stride ?? [1, 1],
    dilation: settings.dilation ?? [1, 1],
    padding,
    algorithm,
  }
}

function parseScale(given: unknown, name: string): number {
  const scale = number('').parse(given, name)
  if (!isScale(scale)) throw expected('a float32 number other than 0', name, given)
  return scale
}

function parseLevel(given: unknown, name: string): number {
  const level = number('').parse(given, name)
  if (!isLevel(level)) throw expected(`a number from -${mostLevel} to ${mostLevel}`, name, given)
  return level
}

function parseAnchor(given: unknown, name: string): { readonly x: number; readonly y: number } {
  const [x, y] = numbers('', '', { min: 2, max: 2 }, { min: 0, whole: true }).parse(given, name)
  return { x: x!, y: y! }
}

function pairOf(min: number) {
  const list = numbers('', '', { min: 1, max: 2 }, { min, whole: true })
  return (given: unknown, name: string): Pair => {
    const [y, x] = list.parse(given, name)
    return [y!, x ?? y!]
  }
}

const upToFour = numbers('', '', { min: 1, max: 4 }, { min: 0, whole: true })

type PaddingPair = NonNullable<FilterOptions['padding']>

function parsePadding(given: unknown, name: string): PaddingPair {
  const what = 'same, valid, full, or 1, 2 or 4 numbers'
  const list = wordOr(paddingRules, what, upToFour.parse)(given, name)
  if (typeof list === 'string') return [list, list]
  const [a, b, c, d] = list
  if (list.length === 3)
    throw expected('1, 2 or 4 numbers (one for all; y,x; top,bottom,left,right)', name, given)
  if (c !== undefined) {
    return [
      [a!, b!],
      [c, d!],
    ]
  }
  return [
    [a!, a!],
    [b ?? a!, b ?? a!],
  ]
}

function parseRegion(given: unknown, name: string): readonly [number, number, number, number] {
  const [x, y, w, h] = numbers('', '', { min: 4, max: 4 }, { min: 0, whole: true }).parse(given, name)
  if (w === 0 || h === 0) throw expected('a width and a height of at least 1', name, given)
  return [x!, y!, w!, h!]
}

function parseDepth(given: unknown, name: string): 8 | 16 | 32 {
  const found = ([8, 16, 32] as const).find((depth) => String(depth) === String(given))
  if (found !== undefined) return found
  throw expected('8, 16 or 32', name, given)
}

const powers: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9 }

function parseCount(given: unknown, name: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kmg]?)$/i.exec(String(given).trim())
  const value = match === null ? Number.NaN : Math.round(Number(match[1]) * powers[match[2]!.toLowerCase()]!)
  if (!Number.isSafeInteger(value) || value < 1) {
    throw expected('a number of pixels of at least 1, as 5000000 or 100M', name, given)
  }
  return value
}

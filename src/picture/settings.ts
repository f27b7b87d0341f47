import type { AlgorithmChoice, FilterOptions } from '../conv/plan.ts'
import { ranges } from '../definition/quantise.ts'
import { invariant } from '../error.ts'
import { type Colour, parseColour } from '../image/colour.ts'
import { type MetadataMode, metadataModes } from '../image/metadata.ts'
import { type TiffCompression, tiffCompressions } from '../image/tiff-pack.ts'
import { isLevel, isScale, type Kernel, mostLevel } from '../kernel/kernel.ts'
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
  textOr,
  type Values,
  wordOr,
} from '../params.ts'
import { type BorderName, borderName, borders } from '../tensor/border.ts'
import { pick } from '../text/record.ts'
import { readingSettings, runSettings } from './run-settings.ts'

/** What to do with the maps of a result that is not a gray, RGB or RGBA picture. */
export type ChannelChoice = (typeof channelWords)[number] | readonly number[]

const channelWords = ['montage', 'split', 'first'] as const
const listOfMaps = numbers('', '', { min: 1, max: 4096 }, { min: 0, whole: true })

type Pair = readonly [y: number, x: number]

/**
 * How kernels are applied to a picture. Options without a default are `undefined` unless given, so that a kernel file
 * can set them and an option without effect can be refused.
 */
export const correlationSettings = {
  kernel: textOr<Kernel>(
    'kernel',
    'a name such as gaussian:sigma=2 (convo list kernels), a file such as edge.mat or net.safetensors#conv1.weight, or numbers such as "0 -1 0; -1 5 -1; 0 -1 0"',
    '<kernel>',
  ),
  border: {
    ...custom<BorderName>('how the picture is extended beyond its edges', '<mode>', (given) =>
      borderName(String(given)),
    ),
    choices: Object.keys(borders),
    unset: 'replicate, or as set in the kernel file',
  },
  fill: {
    ...number('level of the pixels outside, 0..255 at any depth; with --border constant', undefined, {
      min: 0,
      max: 255,
    }),
    unset: '0',
  },
  anchor: {
    ...custom('the tap that is placed on the output pixel, counted from 0', '<x,y>', parseAnchor),
    unset: 'the middle; floor(k/2) for an even size',
  },
  flip: flag(
    'rotate the kernel by 180°: convolution in the mathematical sense; without it, cross-correlation',
  ),
  scale: { ...custom('divide the sum by this number', '<n>', parseScale), unset: "the kernel's own" },
  normalize: flag('divide by the sum of the weights, so that flat areas keep their level'),
  bias: {
    ...custom<number | readonly number[] | string>(
      'add this to the result, in levels of 0..255 at any depth: one number, or one for each output channel, with commas or in a file such as bias.npy, bias.csv or net.safetensors#conv1.bias',
      '<n>|<n,n,…>|<file>',
      parseBias,
    ),
    unset: "the kernel's own",
  },
  stride: { ...custom('compute only every n-th pixel', '<n>|<y,x>', parsePair), unset: '1' },
  dilation: {
    ...custom('distance between neighbouring taps, in pixels', '<n>|<y,x>', parsePair),
    unset: '1',
  },
  padding: {
    ...custom(
      'pixels added around the picture: same, valid, full, one number, y,x or top,bottom,left,right',
      '<padding>',
      parsePadding,
    ),
    choices: paddingRules,
    unset: 'the output has the size of the input, divided by the stride',
  },
  groups: {
    ...integer('number of groups that the channels are split into', undefined, { min: 1 }),
    unset: '1',
  },
  algorithm: choice<AlgorithmChoice>(
    'how to compute: auto chooses by kernel and size; direct is the definition, sum by sum',
    ['auto', 'direct', 'separable', 'fft'],
    'auto',
  ),
}

/** How a picture is read, how results become samples again, and how they are written. */
export const pictureSettings = {
  range: {
    ...choice(
      'how results become pixels. clamp: clip below black and above white; abs: drop the sign; offset: 0 becomes middle gray; ' +
        'minmax: stretch the smallest value to black and the largest to white; raw: unchanged floating point, for .npy, TIFF and PFM',
      ranges,
    ),
    unset: 'clamp; raw for outputs in floating point',
  },
  'fail-on-clip': flag('exit with status 1 if samples were clipped; the output is still written'),
  alpha: {
    ...choice(
      'premultiply: colours are weighted by opacity, and alpha is filtered too unless the kernel sums to 0; ' +
        'copy: the same, but alpha is not changed; separate: alpha is one more channel, and hidden colours count; ' +
        'drop: alpha is removed, and hidden colours become visible',
      ['premultiply', 'separate', 'copy', 'drop'],
    ),
    unset: 'premultiply; copy for operators that mix channels',
  },
  background: {
    ...custom<Colour>(
      'flatten transparent pixels onto this colour first: #rgb, #rrggbb or a name such as white',
      '<colour>',
      parseColour,
    ),
    unset: 'alpha is kept',
  },
  region: {
    ...custom<readonly [x: number, y: number, width: number, height: number]>(
      'restrict the operation to a rectangle; elsewhere the input is kept',
      '<x,y,w,h>',
      parseRegion,
    ),
    unset: 'all of the picture',
  },
  mask: {
    ...text(
      'restrict the operation with a picture of the same size: the result where it is white, the input where it is black, a mixture where it is gray',
      '<picture>',
    ),
    unset: 'the result everywhere',
  },
  mix: number('share of the result; the rest is the input', 1, { min: 0, max: 1 }),
  'channels-of': {
    ...choice(
      'filter only the luma (Rec. 709, as --gray): its change is added to red, green and blue, which keeps the colours',
      ['luma'],
    ),
    unset: 'every channel is filtered',
  },
  channels: {
    ...custom<ChannelChoice>(
      'for results with many channels: all on one sheet, one file each (numbered from 1), only the first, or a list (counted from 0)',
      'montage|split|first|<list>',
      wordOr(channelWords, 'montage, split, first or a list of numbers', listOfMaps.parse),
    ),
    choices: channelWords,
    unset: 'gray for 1 channel, RGB for 3, montage for more',
  },
  'map-range': choice(
    'stretch all maps of a sheet together, or each map by itself',
    ['shared', 'each'],
    'shared',
  ),
  labels: flag('label the maps of a sheet with their numbers'),
  layout: readingSettings.layout,
  full: {
    ...number('the value of white in floats and arrays, such as 1, 255 or 4095', undefined, { min: 1e-30 }),
    unset: '255 and 65535 for integers of 8 and 16 bits; 1 for floats within 0..1, otherwise 255',
  },
  page: {
    ...integer('read only this page of a TIFF or animation, counted from 1', undefined, { min: 1 }),
    unset: 'all pages if the output can store several, otherwise the first',
  },
  gray: flag('convert to gray first'),
  linear: flag('compute in linear light instead of sRGB levels'),
  depth: {
    ...custom('bits per sample of the output; 32 is floating point, for TIFF', '8|16|32', parseDepth),
    choices: ['8', '16', '32'],
    unset: "the input's; 8 or 16 for floating point in formats that have none",
  },
  'no-orient': readingSettings['no-orient'],
  compression: {
    ...integer('PNG compression level: 0 is none, 9 is smallest and slowest', undefined, { min: 0, max: 9 }),
    unset: 'a fast level between them',
  },
  quality: {
    ...integer('quality of JPEG, AVIF and lossy WebP', undefined, { min: 1, max: 100 }),
    unset: 'JPEG: that of a JPEG input, otherwise 90; AVIF: 80; WebP: lossless',
  },
  lossless: flag('encode WebP and AVIF without loss, as WebP is by default'),
  subsampling: {
    ...choice('colours of JPEG and AVIF: one for every pixel, or one for every 2x2 pixels, with loss', [
      '4:4:4',
      '4:2:0',
    ]),
    unset: '4:4:4, or that of a JPEG input for JPEG',
  },
  effort: {
    ...integer(
      'how hard to try for smaller files: JPEG 0 to 2, WebP 0 to 6, AVIF 0 to 9, GIF 1 to 10; for PNG use --compression',
      undefined,
      { min: 0, max: 10 },
    ),
    unset: '0 for JPEG, 4 for WebP and AVIF, 7 for GIF',
  },
  'tiff-compression': {
    ...choice('compression of TIFF, always lossless', Object.keys(tiffCompressions) as TiffCompression[]),
    unset: 'deflate',
  },
  metadata: choice<MetadataMode>(
    'EXIF, XMP, IPTC, GeoTIFF and text: keep what the output format can store, strip all, or keep only author and copyright',
    metadataModes,
    'keep',
  ),
  'max-pixels': readingSettings['max-pixels'],
  'in-place': flag('allow the output to replace the input file'),
}

/** All options that operations share. */
export const sharedSettings = { ...correlationSettings, ...pictureSettings, ...runSettings } satisfies Params

/** The values of the shared options. An option that an operation does not take has its default, or is undefined. */
export type Settings = Values<typeof sharedSettings>

/** Returns the kernel settings for operators: `undefined` if not given. */
export function kernelOptions(settings: Settings): KernelOptions {
  type Own = Pick<Settings, keyof typeof correlationSettings>
  const { kernel: _, anchor, bias, ...rest } = pick(settings, correlationSettings) as Own
  return { ...rest, anchor: anchor && [anchor.y, anchor.x], bias: levelsOf(bias) }
}

function levelsOf(bias: Settings['bias']): KernelOptions['bias'] {
  invariant(typeof bias !== 'string', 'the file of a bias was read')
  return bias
}

/** Returns the settings with a bias file replaced by its numbers. @throws ConvoError as `loadNumbers` does */
export async function withBias(settings: Settings): Promise<Settings> {
  if (typeof settings.bias !== 'string') return settings
  // loaded here, since it brings all formats, which a run without a kernel does not need
  const { loadNumbers } = await import('../kernel/source.ts')
  return { ...settings, bias: await loadNumbers(settings.bias) }
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

/** Parses a level, levels for the channels, or the name of their file. */
function parseBias(given: unknown, name: string): number | readonly number[] | string {
  const isText = typeof given === 'string' && given.trim() !== ''
  const parts: unknown = isText ? given.trim().split(/\s*[,;\s]\s*/) : given
  if (
    Array.isArray(parts) &&
    parts.length > 0 &&
    (!isText || parts.every((part) => part !== '' && Number.isFinite(Number(part))))
  ) {
    return isText && parts.length === 1
      ? parseLevel(given, name)
      : parts.map((part) => parseLevel(part, name))
  }
  return isText && /[./\\]/.test(given) && !/^[+-]?[\d.]+\s*%$/.test(given.trim())
    ? given
    : parseLevel(given, name)
}

function parseAnchor(given: unknown, name: string): { readonly x: number; readonly y: number } {
  const [x, y] = numbers('', '', { min: 2, max: 2 }, { min: 0, whole: true }).parse(given, name)
  return { x: x!, y: y! }
}

function parsePair(given: unknown, name: string): Pair {
  const [y, x] = numbers('', '', { min: 1, max: 2 }, { min: 1, whole: true }).parse(given, name)
  return [y!, x ?? y!]
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
  const [top, bottom, left, right] = c === undefined ? [a!, a!, b ?? a!, b ?? a!] : [a!, b!, c, d!]
  return [
    [top, bottom],
    [left, right],
  ]
}

function parseRegion(given: unknown, name: string): readonly [number, number, number, number] {
  const [x, y, w, h] = numbers('', '', { min: 4, max: 4 }, { min: 0, whole: true }).parse(given, name)
  if (w === 0 || h === 0) {
    const near = [x, y, Math.max(1, w!), Math.max(1, h!)].join(',')
    throw expected('a width and a height of at least 1', name, given, { near })
  }
  return [x!, y!, w!, h!]
}

function parseDepth(given: unknown, name: string): 8 | 16 | 32 {
  const depths = [8, 16, 32] as const
  const found = depths.find((depth) => String(depth) === String(given))
  if (found !== undefined) return found
  // 32 is only for formats with floats
  const near = Number(given) > 0 ? (Number(given) < 8 ? 8 : 16) : undefined
  throw expected('8, 16 or 32', name, given, { near })
}

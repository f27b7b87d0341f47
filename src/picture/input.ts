import { ConvoError } from '../error.ts'
import { isStream, readWhole } from '../files/read.ts'
import { checkHead, type Decoded, type DecodeOptions, decode, decodeAhead } from '../image/decode.ts'
import { blackened, flatten, hasHidden, withoutAlpha } from '../image/flatten.ts'
import { type Probe, probe } from '../image/probe.ts'
import { lightOf } from '../image/profile.ts'
import { type Source, wholeOf } from '../image/reader.ts'
import type { SourcePicture } from '../run/picture-job.ts'
import {
  type Depth,
  extremes,
  fullOf,
  fullScale,
  hasAlpha,
  type Picture,
  type PictureMeta,
} from '../tensor/picture.ts'
import { type PictureArray, readArray, scaleNote } from './array.ts'
import type { Settings } from './settings.ts'

/** An input that was inspected but not decoded. */
export type Opened = { readonly path: string; readonly source: Source; readonly probe: Probe }

/** Samples that are already in memory: of a decoded picture, or an array. */
export type InMemory = { readonly decoded: Parameters<typeof readied>[0] } | { readonly array: PictureArray }

/** A decoded input. */
export type Loaded = {
  readonly picture: SourcePicture
  readonly meta: PictureMeta
  readonly notes: readonly string[]
  /** The number of pages in the file; the picture is one of them. */
  readonly pages: number
}

/** Inspects an input without decoding it; `-` is standard input. @throws ConvoError E_INPUT, E_DECODE, E_TOO_LARGE */
export async function openInput(path: string): Promise<Opened> {
  const source = await sourceOf(path)
  return { path, source, probe: probe(source, inputName(path)) }
}

export const inputName = (path: string): string => (path === '-' ? 'standard input' : path)

/** Returns a file by its name, or the bytes of a source that can be read only once: standard input (`-`) or a pipe. */
export async function sourceOf(path: string): Promise<Source> {
  if (path !== '-' && !isStream(path)) return path
  const name = inputName(path)
  return readWhole(path, { limit: 'encodedBytes', name, what: 'a picture', check: checkHead(name) })
}

/** Returns the number of samples of an input from its first bytes, or a guess from the file size. */
export const expectedSamples = ({ probe: { png, size } }: Opened): number =>
  png === undefined ? size * 4 : png.width * png.height * png.channels

/**
 * Decodes an input. The upper rows of a large picture may arrive before the rest.
 *
 * @throws ConvoError as `decode` and `readied` do
 */
export async function loadPicture(
  opened: Opened,
  options: Omit<DecodeOptions, 'name'>,
  treatment: Treatment,
): Promise<Loaded> {
  const { path, source } = opened
  const name = inputName(path)
  const limits = { ...options, name }
  if (options.page !== undefined || looksAtAlpha(treatment))
    return readied(await decode(source, limits), name, treatment)
  const { data, ...header } = await decodeAhead(source, limits)
  if (!('missing' in data)) return readied({ ...header, data }, name, treatment)
  checkFull(header.depth, name, treatment)
  const { width, height, channels, depth, meta, notes } = header
  const picture = { width, height, channels, depth, full: fullScale(depth), arriving: data }
  return { picture, meta, notes, pages: header.pages }
}

/** How a picture is treated before the first step. */
export type Treatment = Partial<Pick<Settings, 'alpha' | 'background' | 'full'>> & {
  readonly linear: boolean
  /** Whether to report a guessed full scale. */
  readonly notesScale: boolean
}

/** Whether all samples are needed before the first step. */
export const looksAtAlpha = ({ alpha, background }: Pick<Treatment, 'alpha' | 'background'>): boolean =>
  background !== undefined || alpha === 'drop' || alpha === 'separate'

/**
 * Prepares a decoded picture as an input: flattens it or drops alpha if requested, and finds the full scale of floats.
 * Adds a note if hidden colours become visible.
 *
 * @throws ConvoError E_OPTION for a full scale of integer samples, and for a tone curve that is not read
 */
export async function readied(
  given: Pick<
    Decoded,
    'width' | 'height' | 'channels' | 'depth' | 'full' | 'data' | 'meta' | 'notes' | 'pages'
  >,
  name: string,
  treatment: Treatment,
): Promise<Loaded> {
  const { width, height, channels, depth, data, meta, notes, pages } = given
  checkFull(depth, name, treatment)
  const isGuess = depth === 32 && treatment.full === undefined && given.full === undefined
  const seen = depth === 32 ? await extremes(data) : undefined
  const full = treatment.full ?? given.full ?? fullOf({ depth, data }, seen)
  const all = isGuess && seen && treatment.notesScale ? [...notes, scaleNote(name, seen, full)] : notes
  const read = { width, height, channels, depth, data }
  const { picture, note } = await withoutHidden(read, name, full, meta, treatment)
  const largest = (seen === undefined || picture.data === data ? seen : await extremes(picture.data))?.peak
  return {
    picture: { ...picture, full, largest },
    meta,
    notes: note === undefined ? all : [...all, note],
    pages,
  }
}

/** Treats alpha as requested, with a note if hidden colours become visible. */
async function withoutHidden<P extends Omit<Picture, 'meta'>>(
  picture: P,
  name: string,
  full: number,
  meta: PictureMeta,
  { alpha, background, linear }: Treatment,
): Promise<{ picture: P; note?: string }> {
  if (!hasAlpha(picture.channels)) return { picture }
  if (background !== undefined) {
    const light = linear && picture.depth !== 32 ? lightOf(meta, name) : undefined
    return { picture: await flatten(picture, background, full, light) }
  }
  if (alpha === 'drop') {
    const note = `${name} has transparent pixels, and --alpha drop shows their hidden colours; use --background <colour> to flatten it`
    return { ...((await hasHidden(picture)) && { note }), picture: await withoutAlpha(picture) }
  }
  if (alpha === 'separate') {
    const note = `${name} has transparent pixels, and --alpha separate mixes their hidden colours into others; --alpha premultiply does not`
    return { picture, ...((await hasHidden(picture)) && { note }) }
  }
  // infinities and NaN of a float picture would survive a weight of 0
  return { picture: picture.depth === 32 ? await blackened(picture) : picture }
}

/** Refuses a full scale for integer samples, which already have one. @throws ConvoError E_OPTION */
export function checkFull(depth: Depth, name: string, { full }: Treatment): void {
  if (full === undefined || depth === 32) return
  const what = `--full ${full} applies to floats and arrays, and ${name} has ${depth} bits`
  throw new ConvoError('E_OPTION', what, {
    why: `white is always ${fullScale(depth)} in ${depth}-bit samples`,
    fix: 'no --full',
  })
}

/** Reads the array of a file. @throws ConvoError as `readArray` does */
export const loadArray = async (
  { source, path }: Opened,
  { layout, full, ...settings }: Pick<Settings, 'layout' | 'full'> & ReadingSettings,
): Promise<PictureArray> =>
  readArray(await wholeOf(source), inputName(path), { layout, full, ...readingOf(settings) })

type ReadingSettings = Pick<Settings, 'max-pixels' | 'no-orient' | 'metadata' | 'page'>

/** Returns the limits and options for reading a file. */
export const readingOf = ({
  page,
  metadata,
  'max-pixels': maxPixels,
  'no-orient': unturned,
}: ReadingSettings) => ({
  ...(page !== undefined && { page: page - 1 }),
  metadata,
  maxPixels,
  orient: !unturned,
})

/** Refuses options for reading files if the input is not a file. @throws ConvoError E_OPTION */
export function refuseForFiles({ page, layout }: Partial<Pick<Settings, 'page' | 'layout'>>): void {
  const [name, value] = page !== undefined ? ['page', page] : ['layout', layout ?? 'auto']
  if (value === 'auto') return
  throw new ConvoError('E_OPTION', `--${name} ${value} is for files, and the input is samples in memory`, {
    why: name === 'layout' ? 'raw samples are interleaved, and a tensor has its own layout' : [],
    fix: `no --${name}`,
  })
}

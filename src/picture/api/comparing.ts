import { ConvoError, mismatch } from '../../error.ts'
import { type DiffStyle, diffStyles } from '../../image/compare/comparison.ts'
import { fileComparisonRecord } from '../../image/compare/describe.ts'
import type { FileComparison, Pages } from '../../image/compare/pages.ts'
import { compareAndShow, drawShown } from '../../image/compare/pages.ts'
import { showsPictures } from '../../image/compare/render.ts'
import { type ToleranceValues, toleranceOf, toleranceSettings } from '../../image/compare/tolerance.ts'
import type { Source } from '../../image/reader.ts'
import { ownOptions, resolve, type Values } from '../../params.ts'
import { compareApart } from '../../run/apart.ts'
import { differPlain } from '../../run/differ.ts'
import { encodeInStrips } from '../../run/png-write.ts'
import type { Picture } from '../../tensor/picture.ts'
import { pick } from '../../text/record.ts'
import { pagesOfArray } from '../array.ts'
import { type Digest, digestOf } from '../digest.ts'
import { inputName, refuseForFiles, sourceOf } from '../input.ts'
import { openPages } from '../pages.ts'
import { inQueue } from '../queue.ts'
import { sharedSettings } from '../settings.ts'
import { theMask } from './elsewhere.ts'
import { arrived, openGiven, type PictureInput } from './inputs.ts'
import type { ReadOptions, ToleranceOptions } from './methods.ts'
import { inOwnWords, inWords, optionName, typedOptions } from './names.ts'

/** The options for reading a picture that is compared or hashed. */
export const readParams = {
  'max-pixels': sharedSettings['max-pixels'],
  'no-orient': sharedSettings['no-orient'],
  layout: sharedSettings.layout,
}

/** How far two pictures may differ, and how a difference is drawn. */
export type CompareOptions = Omit<ToleranceOptions, 'mask'> &
  ReadOptions & {
    /** A picture of the same size. Only pixels where it is not black are compared. */
    readonly mask?: PictureInput | undefined
    /** How to draw the differences, as a PNG in `diff` of the result. */
    readonly diffStyle?: DiffStyle
  }

/** The result of a comparison. */
export type CompareResult = FileComparison & {
  /** Whether the pictures are the same, or differ by no more than allowed. */
  readonly matches: boolean
  /** How the pictures were read if there was a choice, and differences between animations that are not compared. */
  readonly notes: readonly string[]
  /** The worst page as a PNG, if `diffStyle` was given and the pictures differ. */
  readonly diff?: Buffer
  /**
   * Returns the result as plain data, as `convo compare --json` prints it: pages have a number. In JSON,
   * numbers that it lacks are null: NaN and infinities, such as the PSNR of equal pictures.
   */
  toJSON(): Readonly<Record<string, unknown>>
}

const theExpected = 'the expected picture'
const theActual = 'the actual picture'

/** All settings of a comparison except the mask, which may be any picture here. */
const { mask: _mask, ...limits } = toleranceSettings

/** Returns the limits and the reading of a comparison. @throws ConvoError E_OPTION, also for keys besides `others` */
export function limitsOf(options: object, of: string, others: readonly string[]) {
  const given = typedOptions(options, { ...limits, ...readParams }, of, others)
  const values: ToleranceValues = resolve(toleranceSettings, pick(given, limits), optionName)
  return { values, reading: resolve(readParams, pick(given, readParams), optionName) }
}

/** Implements `compare`. */
export async function compareInputs(
  expected: PictureInput,
  actual: PictureInput,
  options: CompareOptions,
): Promise<CompareResult> {
  const { mask, diffStyle, ...rest } = ownOptions(options, 'compare')
  const { values, reading } = limitsOf(rest, 'compare', ['mask', 'diffStyle'])
  if (diffStyle !== undefined && !diffStyles.includes(diffStyle)) {
    throw mismatch(`diffStyle must be one of ${diffStyles.join(', ')}`, diffStyle, { code: 'E_OPTION' })
  }
  // in parallel, since one source may feed them all
  const there = await Promise.all([
    arrived(expected, undefined, theExpected),
    arrived(actual, undefined, theActual),
    mask === undefined ? undefined : arrived(mask, undefined, theMask),
  ])
  return inQueue(undefined, () => compareThere(there, values, reading, diffStyle))
}

async function compareThere(
  [expected, actual, mask]: readonly [PictureInput, PictureInput, PictureInput | undefined],
  values: ToleranceValues,
  reading: Reading,
  diffStyle: DiffStyle | undefined,
): Promise<CompareResult> {
  const region = mask === undefined ? undefined : await maskPicture(mask, reading)
  const left = await openInputPages(expected, reading, theExpected)
  const right = await openInputPages(actual, reading, theActual)
  const isSeen = diffStyle !== undefined && showsPictures(diffStyle)
  const both = [left.pages, right.pages, toleranceOf(values, region)] as const
  const { comparison: found, shown } = await compareAndShow(...both, differPlain, isSeen, compareApart)
  const matches = found.outcome === 'same' || found.outcome === 'tolerated'
  const diff =
    diffStyle === undefined || shown.found.outcome === 'same'
      ? undefined
      : await encodeInStrips(await drawShown(shown, diffStyle))
  return {
    ...found,
    matches,
    notes: (found.notes ?? []).map(inWords),
    ...(diff !== undefined && { diff: Buffer.from(diff) }),
    toJSON: () => fileComparisonRecord(found),
  }
}

/** Implements `digest`. */
export async function digestInput(picture: PictureInput, options: ReadOptions): Promise<Digest> {
  const given = typedOptions(ownOptions(options, 'digest'), readParams, 'digest')
  const reading = resolve(readParams, given, optionName)
  const there = await arrived(picture)
  return inQueue(undefined, async () => {
    const { pages, source, name } = await openInputPages(there, reading)
    return inOwnWords(await digestOf(pages, source, name))
  })
}

type Reading = Values<typeof readParams>

async function openInputPages(
  input: PictureInput,
  { 'max-pixels': maxPixels, 'no-orient': noOrient, layout }: Reading,
  what?: string,
): Promise<{ readonly pages: Pages; readonly source?: Source; readonly name: string }> {
  const { name: path, given } = await openGiven(input, undefined, what)
  const name = inputName(path)
  if (given !== undefined && !('probe' in given)) refuseForFiles({ layout })
  if (given !== undefined && 'array' in given) return { pages: await pagesOfArray(given.array), name }
  if (given !== undefined && 'decoded' in given) {
    const { decoded } = given
    return { pages: { count: 1, pictures: only(decoded), notes: decoded.notes }, name }
  }
  const source = given?.source ?? (await sourceOf(path))
  return { pages: await openPages(source, { maxPixels, orient: !noOrient, layout, name }), source, name }
}

/** Reads a mask. @throws ConvoError E_OPTION if it has several pages */
export async function maskPicture(mask: PictureInput, reading: Reading): Promise<Picture> {
  const { pages, name } = await openInputPages(mask, reading, theMask)
  for await (const picture of pages.pictures) if (pages.count === 1) return picture
  throw new ConvoError('E_OPTION', 'the mask must be a single picture', {
    why: `${name}: ${pages.count} pages`,
  })
}

async function* only(picture: Picture): AsyncGenerator<Picture> {
  yield picture
}

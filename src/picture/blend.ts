import { lumaOf } from '../definition/blend.ts'
import { ConvoError } from '../error.ts'
import { leveled, picked } from '../graph/narrow.ts'
import { layerNode, type Node, nodeOf, planesNode, sourceNode, traced } from '../graph/node.ts'
import { inTurns } from '../host/turns.ts'
import { decode, readHeader } from '../image/decode.ts'
import type { Size } from '../image/size.ts'
import type { Source } from '../run/picture-job.ts'
import type { Session } from '../run/pool.ts'
import { fullInTurns, hasAlpha } from '../tensor/picture.ts'
import { Tensor } from '../tensor/tensor.ts'
import { isPicture, pictureOfArray, shapeOfArray } from './array.ts'
import { type InMemory, inputName, loadArray, type Opened, openInput } from './input.ts'
import type { PictureTask } from './job.ts'
import { limitsOf } from './load.ts'
import { type Ground, tonedSource } from './recipe.ts'
import { type Pending, pictureOf, type State } from './state.ts'
import { levelsInRange } from './write-maps.ts'

// Blends a result with the input that it was made from: --region, --mask, --mix and --channels-of are one step after
// the last.

/** What is needed to blend a result with its input. */
export type Blending = {
  /** The input as the first step receives it, and its planes. */
  readonly source: Source
  readonly input: Node
  readonly isLuma: boolean
  readonly mask?: Tensor
}

const options = ['region', 'mask', 'mix', 'channels-of'] as const

/** Returns the given options that need blending. */
const askedOf = ({ settings }: PictureTask): readonly string[] =>
  options.filter((name) => settings[name] !== undefined && settings[name] !== 1).map((name) => `--${name}`)

/**
 * Prepares to blend the result of a job with its input, if an option needs it. Returns the state for the first step,
 * which has only the luma if only that is filtered.
 *
 * @throws ConvoError E_OPTION if the input is not a picture or the region lies outside; E_SHAPE for a mask of another
 *   size
 */
export async function beginBlending(
  state: State,
  task: PictureTask,
  { compute }: Pick<Ground, 'compute'>,
): Promise<{ readonly state: State; readonly blending?: Blending }> {
  const all = askedOf(task)
  const [asked] = all
  if (asked === undefined) return { state }
  const { data } = state
  const { settings } = task
  const picture = pictureOf(data)
  if (picture === undefined)
    throw new ConvoError('E_OPTION', `${asked} is for pictures, and the input is an array or a volume`, {
      fix: `no ${all.join(', ')}`,
    })
  if (settings.channels !== undefined)
    throw new ConvoError('E_OPTION', `${asked} and --channels cannot be used together`, {
      fix: 'no --channels',
    })
  const { source, channels } = tonedSource(task, picture)
  const input = sourceNode([channels, picture.height, picture.width])
  const notes = regionNotes(task, picture)
  const { mask, note } = compute === undefined ? {} : await maskOf(task, picture)
  if (note !== undefined) notes.push(note)
  const isLuma = settings['channels-of'] === 'luma' && input.shape[0] > 2
  const blending = { source, input, isLuma, ...(mask !== undefined && { mask }) }
  const noted = { ...state, notes: [...state.notes, ...notes] }
  if (!isLuma) return { state: noted, blending }
  const out = traced(layerNode('luma', [input], {}))
  const lumas: Pending = { out, source, full: picture.full, isPicture: true }
  return { state: { ...noted, data: lumas }, blending }
}

/** Returns notes on the region. @throws ConvoError E_OPTION if it contains no pixel of the picture */
function regionNotes({ settings: { region }, input }: PictureTask, { width, height }: Size): string[] {
  if (region === undefined) return []
  const [x, y, w, h] = region
  if (x + w <= width && y + h <= height) return []
  if (x < width && y < height) {
    const inside = `${Math.min(w, width - x)}x${Math.min(h, height - y)}`
    return [
      `the region ${region.join()} extends beyond ${input}, which is ${width}x${height}: only ${inside} of it is used`,
    ]
  }
  throw new ConvoError('E_OPTION', `--region ${region.join(',')} is outside ${input}`, {
    why: `${input} has ${width}x${height} pixels; --region is x,y,width,height`,
    fix: `--region 0,0,${width},${height}`,
  })
}

/**
 * Reads the mask as weights of 0..1: its luma times its alpha. If the mask has as many pages as the input, each page
 * uses its own. With --page, that page of the mask is used if it exists. Otherwise the first page is used.
 *
 * @throws ConvoError E_SHAPE for another size, or an array that is not a picture
 */
async function maskOf(
  task: PictureTask,
  { width, height }: Size,
): Promise<{ readonly mask?: Tensor; readonly note?: string }> {
  const { settings, input, at } = task
  if (settings.mask === undefined) return {}
  if (settings.mask === '-' && input === '-')
    throw new ConvoError('E_OPTION', 'standard input is the picture, and cannot be the mask too', {
      fix: 'a file as the mask',
    })
  const name = inputName(settings.mask)
  const called = task.mask === undefined ? `the mask ${name}` : name
  const given = task.mask ?? (await (at?.mask ?? openInput)(settings.mask))
  const { picture, isPaged } = await maskPicture(given, task, called)
  if (picture.width !== width || picture.height !== height) {
    throw new ConvoError('E_SHAPE', `${called} has a different size than ${input}`, {
      why: `${name}: ${picture.width}x${picture.height}, ${input}: ${width}x${height}`,
      fix: 'a mask of the same size',
    })
  }
  const { channels, data } = picture
  const full = await fullInTurns(picture)
  const colours = hasAlpha(channels) ? channels - 1 : channels
  const weights = new Float32Array(width * height)
  await inTurns(weights.length, (from, to) => {
    for (let i = from, at = from * channels; i < to; i++, at += channels) {
      const level = colours === 1 ? data[at]! : lumaOf(data[at]!, data[at + 1]!, data[at + 2]!)
      const share = hasAlpha(channels) ? data[at + colours]! / full : 1
      weights[i] = Math.min(1, Math.max(0, (level / full) * share)) || 0
    }
  })
  const mask = new Tensor([1, height, width], weights)
  if (isPaged || picture.pages === 1) return { mask }
  return { mask, note: `only the first of the ${picture.pages} pages of ${name} is used as the mask` }
}

/**
 * Reads the samples of a mask, and whether they are from the requested page.
 *
 * @throws ConvoError E_SHAPE if it is not a picture
 */
async function maskPicture(given: Opened | InMemory, { settings, at }: PictureTask, called: string) {
  if ('decoded' in given) return { picture: given.decoded, isPaged: false }
  const own = { ...settings, page: undefined, layout: 'auto', full: undefined } as const
  if ('array' in given || given.probe.isArray) {
    const array = 'array' in given ? given.array : await loadArray(given, own)
    if (isPicture(array)) return { picture: { ...(await pictureOfArray(array)), pages: 1 }, isPaged: false }
    throw new ConvoError('E_SHAPE', `${called} is not a picture: [${shapeOfArray(array).join(',')}]`, {
      fix: 'an array [H,W]',
    })
  }
  const { source, path } = given
  const options = { ...limitsOf(own), name: inputName(path) }
  const page = at?.page ?? (settings.page ?? 1) - 1
  const pages = page > 0 || at !== undefined ? (await readHeader(source, options)).pages : 1
  const isPaged = at === undefined ? page > 0 && page < pages : pages === at.count
  return { picture: await decode(source, isPaged ? { ...options, page } : options), isPaged }
}

/** Repeats a gray result, such as edges, to match the channels of a colour picture. */
const asColours = (made: Node, channels: number): Node =>
  channels > 2 && made.shape[0] === channels - 2 ? picked(made, [0, 0, 0, 1].slice(0, channels)) : made

/** Returns the result of the steps if it has the shape of the input. @throws ConvoError E_OPTION if it does not */
export function blendable(data: Pending, { input, isLuma }: Blending, task: PictureTask): Pending {
  const wanted = [isLuma ? input.shape[0] - 2 : input.shape[0], ...input.shape.slice(1)]
  if (data.isPicture) {
    const made = asColours(nodeOf(data.out), wanted[0]!)
    if (made.shape.join() === wanted.join()) return { ...data, out: traced(made) }
  }
  const asked = askedOf(task)
  throw new ConvoError('E_OPTION', `${asked[0]} needs a result of the same shape as the input`, {
    why: `the input is [${wanted.join(',')}], the result [${data.out.shape.join(',')}]`,
    fix: `no ${asked.join(', ')}`,
  })
}

/**
 * Blends the result of the steps with the input. The range is applied to the result first, so that the input stays as
 * it is.
 */
export async function blend(
  session: Session,
  made: Pending,
  blending: Blending,
  task: PictureTask,
): Promise<Pending> {
  const { source, input, isLuma, mask } = blending
  const { settings, range } = task
  const data = blendable(made, blending, task)
  const { full } = data
  const node = nodeOf(data.out)
  const [count, height, width] = node.shape
  const colours = hasAlpha(count) ? count - 1 : count
  const plain = { kind: 'plain' } as const
  const levels = await levelsInRange(session, { source }, node, range, full)
  const ranged = leveled(
    node,
    levels.map((one, c) => (c < colours ? one : plain)),
  )
  const [x, y, w, h] = settings.region ?? [0, 0, width, height]
  const how = {
    mix: settings.mix,
    rows: [y, Math.min(y + h, height)],
    columns: [x, Math.min(x + w, width)],
    isLuma,
  } as const
  const out = layerNode('blend', [ranged, input, ...(mask === undefined ? [] : [planesNode(mask)])], how)
  return { ...data, out: traced(out), source, isPicture: true }
}

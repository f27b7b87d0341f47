import { extname } from 'node:path'
import type { Recipe } from '../../conv/recipe.ts'
import { ConvoError, invariant } from '../../error.ts'
import { encodeAnimation } from '../../image/codec.ts'
import { formatOfPath, outputFormats } from '../../image/format.ts'
import { writeAtomically } from '../../image/output.ts'
import { compressionSettings } from '../../image/png.ts'
import { viewSamples } from '../../image/samples.ts'
import { legible, pick, sheet, stretch } from '../../image/sheet.ts'
import type { FullScale } from '../../operators/operator.ts'
import type { Sink } from '../../run/picture-job.ts'
import { type Outcome, runRecipe, type SourcePicture } from '../../run/pictures.ts'
import type { Session } from '../../run/pool.ts'
import type { Picture, PictureMeta } from '../../tensor/picture.ts'
import { Tensor } from '../../tensor/tensor.ts'
import { openPng, outputKind, writePicture, writeTensor } from '../output.ts'
import { factsOf, type PictureFacts, type PlanFacts, type Task } from './job.ts'
import { identity, neutral, type Position, planFacts, prepareRecipe } from './recipe-step.ts'
import { type Data, pictureOf, tensorOf } from './state.ts'

/** What was written. */
export type Written = {
  readonly facts: PictureFacts & { readonly bytes: number }
  readonly outcome: Outcome
  readonly plans: readonly PlanFacts[]
  readonly notes: readonly string[]
}

/** Writes what the last tensor step made: a picture, maps, or a volume. */
export async function writeData(
  session: Session,
  data: Data,
  task: Task,
  meta: PictureMeta,
): Promise<Written> {
  const own = { ...task, filter: neutral }
  const choice = task.settings.channels
  if (data.kind === 'picture' && choice === undefined) {
    return quiet(
      await writeRecipe(session, data.picture, identity, own, meta, { isFirst: false, isLast: true }),
    )
  }
  const full = data.kind === 'picture' ? data.picture.full : data.full
  const tensor = tensorOf(session, data)
  if (outputKind(task.output) === 'npy') return writeFloats(tensor, task)
  if (tensor.shape.length === 4) return writeVolume(session, tensor, full, own, meta)
  return writeMaps(session, tensor, full, own, meta)
}

const quiet = (written: Written): Written => ({ ...written, plans: [] })

async function writeFloats(tensor: Tensor, task: Task): Promise<Written> {
  const { settings, output } = task
  const { channels } = settings
  const chosen =
    channels === 'first' ? pick(tensor, [0]) : Array.isArray(channels) ? pick(tensor, channels) : tensor
  const bytes = await writeTensor(output, chosen)
  const [height, width] = chosen.shape.slice(-2)
  const facts = factsOf(output, { width: width!, height: height!, channels: chosen.shape[0]!, depth: 32 })
  return {
    facts: { ...facts, bytes },
    outcome: { low: 0, high: 0, samples: chosen.data.length },
    plans: [],
    notes: [],
  }
}

/** Feature maps: one is gray, three are RGB, others a sheet or a file each; stretched unless a range was asked for. */
async function writeMaps(
  session: Session,
  maps: Tensor,
  full: FullScale,
  task: Task,
  meta: PictureMeta,
): Promise<Written> {
  const { channels: choice, labels } = task.settings
  const chosen = choice === 'first' ? pick(maps, [0]) : Array.isArray(choice) ? pick(maps, choice) : maps
  const count = chosen.shape[0]!
  const isColour = choice !== 'montage' && choice !== 'split' && (count === 1 || count === 3)
  const {
    maps: shown,
    task: own,
    notes,
  } = isColour ? { maps: chosen, task, notes: [] } : leveled(chosen, full, task)
  const position = { isFirst: false, isLast: true }
  if (choice === 'split') return writeEach(session, shown, full, own, meta, notes)
  const picture = isColour ? shown : sheet(shown, { labels })
  const written = await writeRecipe(session, pictureOf(picture, full), identity, own, meta, position)
  return { ...written, plans: [], notes: [...notes, ...written.notes] }
}

/** Maps have no levels of their own: they are made legible unless a range says otherwise. */
function leveled(maps: Tensor, full: FullScale, task: Task) {
  const each = task.settings['map-range'] === 'each'
  if (task.isRangeGiven && task.range !== 'minmax') return { maps, task, notes: [] }
  const own: Task = { ...task, range: 'clamp' }
  if (task.isRangeGiven) return { maps: stretch(maps, full, each), task: own, notes: [] }
  const isSigned = maps.data.some((v) => v < 0)
  const levels = isSigned ? 'gray is 0, white and black' : 'black is 0, white'
  const reach = each ? 'what 99.5 % of each map stay within' : 'what 99.5 % of all maps stay within'
  const note = `${maps.shape[0]} maps: ${levels} ${reach}; --range clamp keeps their levels, --map-range each or shared says which`
  return { maps: legible(maps, full, each), task: own, notes: [note] }
}

/** One file for each map: the number goes in place of {index}, or before the extension. */
async function writeEach(
  session: Session,
  maps: Tensor,
  full: FullScale,
  task: Task,
  meta: PictureMeta,
  notes: readonly string[],
  depth: 1 | 3 = 1,
): Promise<Written> {
  if (task.output === '-')
    throw new ConvoError('E_OPTION', 'several files do not fit standard output', {
      fix: '--channels montage',
    })
  const count = maps.shape[0]! / depth
  let last: Written | undefined
  let [low, high, samples, bytes] = [0, 0, 0, 0]
  for (let i = 0; i < count; i++) {
    const mark = session.arena.mark()
    const one = pick(
      maps,
      Array.from({ length: depth }, (_, c) => i * depth + c),
    )
    const output = numbered(task.output, i, count)
    last = await writeRecipe(session, pictureOf(one, full), identity, { ...task, output }, meta, {
      isFirst: false,
      isLast: true,
    })
    session.arena.release(mark)
    low += last.outcome.low
    high += last.outcome.high
    samples += last.outcome.samples
    bytes += last.facts.bytes
  }
  invariant(last !== undefined, 'there is at least one map')
  const told = [
    ...notes,
    `${count} files were written: ${numbered(task.output, 0, count)} to ${last.facts.path}`,
  ]
  return { ...last, facts: { ...last.facts, bytes }, outcome: { low, high, samples }, plans: [], notes: told }
}

/** The path of file `i` of `count`: `{index}` and `{index:03}` are replaced, else `-03` goes before the extension. */
export function numbered(path: string, i: number, count: number): string {
  const template = /\{index(?::0?(\d+))?\}/
  const digits = String(count - 1).length
  if (template.test(path))
    return path.replace(template, (_, width) => String(i).padStart(Number(width ?? digits), '0'))
  const extension = extname(path)
  return `${path.slice(0, path.length - extension.length)}-${String(i).padStart(digits, '0')}${extension}`
}

/** A volume: slices in numbered files, an animation, or all on one sheet. */
async function writeVolume(
  session: Session,
  volume: Tensor,
  full: FullScale,
  task: Task,
  meta: PictureMeta,
): Promise<Written> {
  const [channels = 1, depth = 1, height = 1, width = 1] = volume.shape
  const colours = channels === 3 ? 3 : 1
  if (channels !== 1 && channels !== 3) {
    throw new ConvoError('E_SHAPE', `a volume of ${channels} channels is no picture: 1 or 3 are`, {
      why: `the result is [${volume.shape.join(',')}]`,
      fix: `an output path ending in .npy`,
    })
  }
  const slices = slicesOf(volume)
  const stretched =
    task.range === 'minmax' ? stretch(slices, full, task.settings['map-range'] === 'each') : slices
  const own: Task = task.range === 'minmax' ? { ...task, range: 'clamp' } : task
  const isNumbered = task.output.includes('{index') || task.settings.channels === 'split'
  if (isNumbered) return writeEach(session, stretched, full, own, meta, [], colours)
  const format = formatOfPath(task.output)
  if (format === 'gif' || format === 'webp') return animate(session, stretched, full, own, meta, colours)
  const note = `${depth} slices of ${width}x${height} are on one sheet; a path with {index} writes one file each, .gif or .webp plays them`
  const picture = sheet(stretched, { depth: colours, labels: task.settings.labels })
  const written = await writeRecipe(session, pictureOf(picture, full), identity, own, meta, {
    isFirst: false,
    isLast: true,
  })
  return { ...written, plans: [], notes: [note, ...written.notes] }
}

/** [D·C,H,W], slice by slice, from [C,D,H,W]. */
function slicesOf(volume: Tensor): Tensor {
  const [channels = 1, depth = 1, height = 1, width = 1] = volume.shape
  const plane = height * width
  const data = new Float32Array(volume.data.length)
  for (let z = 0; z < depth; z++) {
    for (let c = 0; c < channels; c++) {
      data.set(
        volume.data.subarray((c * depth + z) * plane, (c * depth + z + 1) * plane),
        (z * channels + c) * plane,
      )
    }
  }
  return new Tensor([depth * channels, height, width], data)
}

async function animate(
  session: Session,
  slices: Tensor,
  full: FullScale,
  task: Task,
  meta: PictureMeta,
  colours: 1 | 3,
): Promise<Written> {
  const count = slices.shape[0]! / colours
  const pages: Picture[] = []
  let [low, high, samples] = [0, 0, 0]
  for (let i = 0; i < count; i++) {
    const mark = session.arena.mark()
    const one = pictureOf(
      pick(
        slices,
        Array.from({ length: colours }, (_, c) => i * colours + c),
      ),
      full,
    )
    const { picture, outcome } = await toSamples(session, one, identity, task, meta, {
      isFirst: false,
      isLast: true,
    })
    session.arena.release(mark)
    pages.push(picture)
    low += outcome.low
    high += outcome.high
    samples += outcome.samples
  }
  const { bytes, notes } = await encodeAnimation(pages, formatOfPath(task.output) as 'gif' | 'webp')
  await writeAtomically(task.output, (output) => output.write(bytes))
  const facts = { ...factsOf(task.output, pages[0]!), bytes: bytes.length }
  return {
    facts,
    outcome: { low, high, samples },
    plans: [],
    notes: [...notes, `${count} slices play one after another`],
  }
}

/** Runs the last recipe from the picture to the file. */
export async function writeRecipe(
  session: Session,
  picture: SourcePicture,
  recipe: Recipe,
  task: Task,
  meta: PictureMeta,
  position: Position,
): Promise<Written> {
  const { output, settings, range } = task
  const kind = outputKind(output)
  if (kind === 'picture') {
    const made = await toSamples(session, picture, recipe, task, meta, position)
    const { bytes, notes } = await writePicture(output, made.picture)
    return {
      facts: { ...factsOf(output, made.picture), bytes },
      outcome: made.outcome,
      plans: made.plans,
      notes,
    }
  }
  const { tone, plan, channels } = prepareRecipe(session, recipe, task, picture, position)
  const depth = settings.depth ?? (picture.full === 65535 ? 16 : 8)
  const shape = { width: plan.outWidth, height: plan.outHeight, channels, depth }
  const plans = planFacts(plan)
  if (kind === 'npy') {
    const target = session.arena.alloc(plan.outWidth * plan.outHeight * channels * 4)
    const outcome = await runRecipe(session, plan, picture, tone, range, { kind: 'float', target })
    const made: SourcePicture = { ...shape, address: target, depth: 32, full: picture.full }
    const bytes = await writeTensor(output, tensorOf(session, { kind: 'picture', picture: made }))
    return { facts: { ...factsOf(output, { ...shape, depth: 32 }), bytes }, outcome, plans, notes: [] }
  }
  const compression = compressionSettings(settings.compression)
  const png = await openPng(output, { ...shape, meta }, compression)
  try {
    const sink: Sink = { kind: 'png', depth, compression }
    const outcome = await runRecipe(session, plan, picture, tone, range, sink, png.strip, png.drain)
    return { facts: { ...factsOf(output, shape), bytes: await png.finish() }, outcome, plans, notes: [] }
  } catch (error) {
    await png.abort()
    throw error
  }
}

/** Runs the last recipe to samples in memory, for a format that is encoded whole. */
async function toSamples(
  session: Session,
  picture: SourcePicture,
  recipe: Recipe,
  task: Task,
  meta: PictureMeta,
  position: Position,
): Promise<{ picture: Picture; outcome: Outcome; plans: PlanFacts[] }> {
  const { tone, plan, channels } = prepareRecipe(session, recipe, task, picture, position)
  const native = picture.full === 65535 ? 16 : 8
  const depth = task.settings.depth ?? native
  const size = (plan.outWidth * plan.outHeight * channels * depth) / 8
  const target = session.arena.alloc(size)
  const outcome = await runRecipe(session, plan, picture, tone, task.range, {
    kind: 'samples',
    depth,
    target,
  })
  const bytes = new Uint8Array(session.arena.memory.buffer, target, size).slice()
  const shape = { width: plan.outWidth, height: plan.outHeight, channels, depth }
  return { picture: { ...shape, data: viewSamples(bytes, depth), meta }, outcome, plans: planFacts(plan) }
}

/** True for an output that can play several pages. */
export const isAnimated = (path: string): boolean =>
  outputKind(path) === 'picture' && outputFormats[formatOfPath(path)].animated

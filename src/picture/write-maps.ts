import { middleOf } from '../definition/quantise.ts'
import { ConvoError, invariant } from '../error.ts'
import { isStandardOutput } from '../files/output.ts'
import { legible, pick, sheet, stretch } from '../image/sheet.ts'
import type { FullScale } from '../operators/operator.ts'
import { levelsOf } from '../run/graph.ts'
import type { Session } from '../run/pool.ts'
import type { PictureMeta } from '../tensor/picture.ts'
import type { Tensor } from '../tensor/tensor.ts'
import type { Task } from './job.ts'
import { checkNumbered, numbered, one as oneOf } from './numbered.ts'
import { outputKind } from './output.ts'
import { identity } from './recipe-step.ts'
import { graphOf, type Pending, pictureOf } from './state.ts'
import { sheetRendering, type Written, writeRecipe, writeRendering } from './write-recipe.ts'

/**
 * Feature maps: one is gray, three are RGB, others a sheet or a file each, as they are where the path has a place for
 * their numbers. Those that do not have the levels of a picture are made legible, unless a range was asked for: when
 * they are more than a picture has, though only some of them were picked.
 */
export async function writeMaps(
  session: Session,
  maps: Tensor,
  full: FullScale,
  task: Task,
  meta: PictureMeta,
  haveLevels: boolean,
): Promise<Written> {
  const { channels: choice, labels } = task.settings
  const chosen = choice === 'first' ? pick(maps, [0]) : Array.isArray(choice) ? pick(maps, choice) : maps
  const count = chosen.shape[0]!
  const isColour = choice !== 'montage' && choice !== 'split' && isPicture(count)
  const isSplit = choice === 'split' || (!isColour && choice !== 'montage' && task.series !== undefined)
  const isLeveled = !haveLevels && !(isColour && isPicture(maps.shape[0]!))
  const {
    maps: shown,
    task: own,
    notes,
  } = isLeveled ? leveled(chosen, full, task) : { maps: chosen, task, notes: [] }
  if (labels && (isColour || isSplit)) throw noSheet('labels', count)
  if (!isLeveled) refuseMapRange(task)
  const position = { isFirst: false, isLast: true }
  if (isSplit) {
    const note = choice === 'split' ? ': channel 0 is the first' : ''
    return writeEach(session, { ...seriesOf(shown), note }, full, own, meta, notes)
  }
  const picture = isColour ? shown : sheet(shown, { labels, ...blackAndWhite(own, full) })
  const written = await writeRecipe(session, pictureOf(picture, full), identity, own, meta, position)
  return { ...written, plans: [], notes: [...notes, ...written.notes] }
}

/** Whether all maps go on one sheet, whatever they are. */
export const isSheet = ({ output, series, settings: { channels } }: Task): boolean =>
  outputKind(output) !== 'npy' && (channels === 'montage' || (channels === undefined && series === undefined))

/** Maps that have not been computed yet, on a sheet: what `writeMaps` makes of them, strip by strip. */
export async function writeSheet(
  session: Session,
  maps: Pending,
  task: Task,
  meta: PictureMeta,
): Promise<Written> {
  const { labels } = task.settings
  const each = task.settings['map-range'] === 'each'
  if (maps.isPicture) refuseMapRange(task)
  const form = maps.isPicture ? 'plain' : levelsFor(task)
  const own: Task = form === 'plain' ? task : { ...task, range: 'clamp' }
  const { levels, isSigned } = await levelsOf(session, graphOf(maps), form, each, maps.full)
  const wishes = { levels, labels, ...blackAndWhite(own, maps.full) }
  const written = await writeRendering(session, sheetRendering(session, maps, wishes, own), own, meta)
  const notes = form === 'legible' ? [legibleNote(maps.out.shape[0]!, isSigned, each)] : []
  return { ...written, notes: [...notes, ...written.notes] }
}

/** Maps have no levels of their own: they are made legible unless a range says otherwise. */
function levelsFor(task: Task): 'plain' | 'stretched' | 'legible' {
  if (!task.isRangeGiven) return 'legible'
  if (task.range === 'minmax') return 'stretched'
  if (task.settings['map-range'] !== 'each') return 'plain'
  throw new ConvoError('E_OPTION', `--map-range each leaves nothing for --range ${task.range} to say`, {
    fix: '--range minmax',
  })
}

function legibleNote(count: number, isSigned: boolean, each: boolean): string {
  const levels = isSigned ? 'gray is 0, white and black' : 'black is 0, white'
  const reach = each ? 'what 99.5 % of each map stay within' : 'what 99.5 % of all maps stay within'
  return `${count} maps: ${levels} ${reach}; --range clamp keeps their levels, --map-range each or shared says which`
}

const isPicture = (channels: number): boolean => channels === 1 || channels === 3

/** @throws ConvoError E_OPTION for --map-range where nothing is stretched map by map */
export function refuseMapRange({ settings }: Task): void {
  if (settings['map-range'] !== 'each') return
  throw new ConvoError('E_OPTION', '--map-range each is for many maps or slices that are stretched', {
    fix: 'no --map-range',
  })
}

function leveled(maps: Tensor, full: FullScale, task: Task) {
  const each = task.settings['map-range'] === 'each'
  const form = levelsFor(task)
  if (form === 'plain') return { maps, task, notes: [] }
  const own: Task = { ...task, range: 'clamp' }
  if (form === 'stretched') return { maps: stretch(maps, full, each), task: own, notes: [] }
  const isSigned = maps.data.some((v) => v < 0)
  return { maps: legible(maps, full, each), task: own, notes: [legibleNote(maps.shape[0]!, isSigned, each)] }
}

/** Pictures that are written one by one: [1,H,W] or [3,H,W] each, made when it is their turn. */
export type Series = {
  readonly count: number
  at(i: number): Tensor | Promise<Tensor>
  readonly note?: string
}

/** A series from maps [N·depth,H,W]. */
export const seriesOf = (maps: Tensor, depth: 1 | 3 = 1): Series => ({
  count: maps.shape[0]! / depth,
  at: (i) =>
    pick(
      maps,
      Array.from({ length: depth }, (_, c) => i * depth + c),
    ),
})

/** One file for each picture of a series: the number goes in place of {index}, or before the extension. */
export async function writeEach(
  session: Session,
  series: Series,
  full: FullScale,
  task: Task,
  meta: PictureMeta,
  notes: readonly string[],
): Promise<Written> {
  if (isStandardOutput(task.output))
    throw new ConvoError('E_OPTION', 'several files do not fit standard output', {
      fix: '--channels montage',
    })
  const { count } = series
  await checkNumbered(task, count)
  let last: Written | undefined
  const ofFiles: Set<string> = new Set()
  let [low, high, samples, bytes] = [0, 0, 0, 0]
  for (let i = 0; i < count; i++) {
    const mark = session.arena.mark()
    const one = await series.at(i)
    const own = oneOf(task, numbered(task, i + 1, count))
    last = await writeRecipe(session, pictureOf(one, full), identity, own, meta, {
      isFirst: false,
      isLast: true,
    })
    session.arena.release(mark)
    low += last.outcome.low
    high += last.outcome.high
    samples += last.outcome.samples
    bytes += last.facts.bytes
    for (const note of last.notes) ofFiles.add(note)
  }
  invariant(last !== undefined, 'there is at least one map')
  const told = [
    ...notes,
    ...ofFiles,
    `${count} files were written: ${numbered(task, 1, count)} to ${last.facts.path}${series.note ?? ''}`,
  ]
  return { ...last, facts: { ...last.facts, bytes }, outcome: { low, high, samples }, plans: [], notes: told }
}

/** The values that the range of a job makes black and white. */
export const blackAndWhite = ({ range }: Task, full: FullScale): { black: number; white: number } =>
  range === 'offset' ? { black: -middleOf(full), white: full - middleOf(full) } : { black: 0, white: full }

/** The error for an option of sheets where there is none. */
export const noSheet = (option: string, maps: number): ConvoError =>
  new ConvoError(
    'E_OPTION',
    `--${option} is for sheets of many maps, and the result is written as ${maps === 1 ? 'one map' : `${maps} channels`}`,
    {
      fix: `no --${option}`,
    },
  )

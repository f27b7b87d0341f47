import { ConvoError, invariant } from '../../error.ts'
import { legible, pick, sheet, stretch } from '../../image/sheet.ts'
import type { FullScale } from '../../operators/operator.ts'
import type { Session } from '../../run/pool.ts'
import type { PictureMeta } from '../../tensor/picture.ts'
import type { Tensor } from '../../tensor/tensor.ts'
import type { Task } from './job.ts'
import { checkNumbered, numbered } from './numbered.ts'
import { identity } from './recipe-step.ts'
import { pictureOf } from './state.ts'
import { type Written, writeRecipe } from './write-recipe.ts'

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
  const isSplit = choice === 'split' || (!isColour && choice !== 'montage' && task.output.includes('{index'))
  const isLeveled = !haveLevels && !(isColour && isPicture(maps.shape[0]!))
  const {
    maps: shown,
    task: own,
    notes,
  } = isLeveled ? leveled(chosen, full, task) : { maps: chosen, task, notes: [] }
  if (labels && (isColour || isSplit)) throw noSheet('labels', count)
  if (!isLeveled) refuseMapRange(task)
  const position = { isFirst: false, isLast: true }
  if (isSplit) return writeEach(session, seriesOf(shown), full, own, meta, notes)
  const picture = isColour ? shown : sheet(shown, { labels, ...blackAndWhite(own, full) })
  const written = await writeRecipe(session, pictureOf(picture, full), identity, own, meta, position)
  return { ...written, plans: [], notes: [...notes, ...written.notes] }
}

const isPicture = (channels: number): boolean => channels === 1 || channels === 3

/** @throws ConvoError E_OPTION for --map-range where nothing is stretched map by map */
export function refuseMapRange({ settings }: Task): void {
  if (settings['map-range'] !== 'each') return
  throw new ConvoError('E_OPTION', '--map-range each is for many maps or slices that are stretched', {
    fix: 'no --map-range',
  })
}

/** Maps have no levels of their own: they are made legible unless a range says otherwise. */
function leveled(maps: Tensor, full: FullScale, task: Task) {
  const each = task.settings['map-range'] === 'each'
  if (task.isRangeGiven && task.range !== 'minmax') {
    if (!each) return { maps, task, notes: [] }
    throw new ConvoError('E_OPTION', `--map-range each leaves nothing for --range ${task.range} to say`, {
      fix: '--range minmax',
    })
  }
  const own: Task = { ...task, range: 'clamp' }
  if (task.isRangeGiven) return { maps: stretch(maps, full, each), task: own, notes: [] }
  const isSigned = maps.data.some((v) => v < 0)
  const levels = isSigned ? 'gray is 0, white and black' : 'black is 0, white'
  const reach = each ? 'what 99.5 % of each map stay within' : 'what 99.5 % of all maps stay within'
  const note = `${maps.shape[0]} maps: ${levels} ${reach}; --range clamp keeps their levels, --map-range each or shared says which`
  return { maps: legible(maps, full, each), task: own, notes: [note] }
}

/** Pictures that are written one by one: [1,H,W] or [3,H,W] each, made when it is their turn. */
export type Series = { readonly count: number; at(i: number): Tensor | Promise<Tensor> }

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
  if (task.output === '-')
    throw new ConvoError('E_OPTION', 'several files do not fit standard output', {
      fix: '--channels montage',
    })
  const { count } = series
  await checkNumbered(task, count)
  let last: Written | undefined
  let [low, high, samples, bytes] = [0, 0, 0, 0]
  for (let i = 0; i < count; i++) {
    const mark = session.arena.mark()
    const one = await series.at(i)
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

/** The values that the range of a job makes black and white. */
export const blackAndWhite = ({ range }: Task, full: FullScale): { black: number; white: number } =>
  range === 'offset' ? { black: -(full + 1) / 2, white: full - (full + 1) / 2 } : { black: 0, white: full }

/** The error for an option of sheets where there is none. */
export const noSheet = (option: string, maps: number): ConvoError =>
  new ConvoError(
    'E_OPTION',
    `--${option} is for sheets of many maps, and the result is written as ${maps === 1 ? 'one map' : `${maps} channels`}`,
    {
      fix: `no --${option}`,
    },
  )

import type { Levels } from '../definition/levels.ts'
import { middleOf, type Range } from '../definition/quantise.ts'
import { ConvoError, invariant } from '../error.ts'
import { isInMemory } from '../files/memory.ts'
import { isStandardOutput } from '../files/output.ts'
import { leveled, narrowed, picked } from '../graph/narrow.ts'
import { type Node, nodeOf, planesNode, traced } from '../graph/node.ts'
import { checkChannels } from '../image/sheet.ts'
import type { FullScale } from '../operators/operator.ts'
import { costApart } from '../run/cost.ts'
import { heldOnce, levelsOf, runToTensor } from '../run/graph.ts'
import type { Source } from '../run/picture-job.ts'
import type { Session } from '../run/pool.ts'
import { allClipped } from '../run/watch.ts'
import type { PictureMeta } from '../tensor/picture.ts'
import type { PictureTask } from './job.ts'
import { checkNumbered, numbered, one as oneOf } from './numbered.ts'
import { outputKind } from './output.ts'
import {
  arrayRendering,
  pictureRendering,
  type Rendering,
  sheetRendering,
  type Written,
  writeRendering,
} from './rendering.ts'
import { graphOf, type Pending } from './state.ts'

/**
 * Writes the result of steps on a picture or maps. One map is a gray picture and three are RGB; others go on a sheet,
 * or to one file each if the path has a place for their numbers. Maps without the levels of a picture are made legible,
 * unless a range was chosen. This is decided before some of them are picked.
 */
export async function writeMaps(
  session: Session,
  data: Pending,
  task: PictureTask,
  meta: PictureMeta,
): Promise<Written> {
  const { labels } = task.settings
  const all = nodeOf(data.out)
  const form = formOf(data, task)
  if (form.kind === 'picture') {
    if (labels) throw noSheet('labels', all.shape[0])
    refuseMapRange(task)
    return writeRendering(session, pictureRendering(session, data, task), task, meta)
  }
  const { chosen } = form
  if (chosen !== undefined) checkChannels(all.shape[0], chosen)
  const asked = { ...graphOf(data), out: chosen === undefined ? all : picked(all, chosen) }
  const { full } = data
  const [count] = asked.out.shape
  const each = task.settings['map-range'] === 'each'
  const held = () => heldOnce(session, asked)
  const through = (levels: readonly Levels[], { out } = asked): Pending => ({
    ...data,
    out: traced(leveled(out, levels)),
  })
  if (form.kind === 'array') {
    const isStretched = task.range === 'minmax'
    const maps = isStretched ? await held() : asked
    const levels = await levelsInRange(session, maps, maps.out, task.range, full)
    return writeRendering(session, arrayRendering(session, through(levels, maps)), task, meta)
  }
  const isColour = form.kind === 'colour'
  const isSplit = form.kind === 'split'
  const isLeveled = !data.isPicture && !(isColour && isPicture(all.shape[0]))
  if (labels && (isColour || isSplit)) throw noSheet('labels', count)
  if (!isLeveled) refuseMapRange(task)
  const kind = isLeveled ? levelsFor(task) : 'plain'
  const own: PictureTask = kind === 'plain' ? task : { ...task, range: 'clamp' }
  const maps = kind === 'plain' ? asked : await held()
  const { levels, isSigned } = await levelsOf(session, maps, [maps.out], kind, each, full)
  // a rehearsal has no samples
  const isBelow = session.hold === undefined ? isSigned : undefined
  const notes = kind === 'legible' ? [legibleNote(count, isBelow, each)] : []
  const shown = through(levels, maps)
  if (isSplit) {
    const out = nodeOf(shown.out)
    // each map is computed in its turn, unless the steps below them would be repeated too often
    const from = costApart(out) > mostApart ? planesNode(await runToTensor(session, graphOf(shown))) : out
    const at = (i: number) => pictureRendering(session, { ...shown, out: traced(narrowed(from, i, 1)) }, own)
    const note = task.settings.channels === 'split' ? '; channel 0 is the first' : ''
    return writeEach(session, { count, at, note }, own, meta, notes)
  }
  const rendering = isColour
    ? pictureRendering(session, shown, own)
    : sheetRendering(session, shown, { labels, ...blackAndWhite(own, full) }, own)
  const written = await writeRendering(session, rendering, own, meta)
  return { ...written, notes: [...notes, ...written.notes] }
}

/**
 * Decides how a picture or the chosen maps are written: one picture, an array, maps in colour, a file each, or a sheet.
 */
function formOf({ out, isPicture: isWhole }: Pending, { settings, series, output }: PictureTask) {
  const { channels: choice } = settings
  const chosen = choice === 'first' ? [0] : Array.isArray(choice) ? choice : undefined
  const count = chosen?.length ?? out.shape[0]!
  const as = (kind: 'picture' | 'array' | 'colour' | 'split' | 'sheet') => ({ kind, chosen, count })
  if (isWhole && choice === undefined) return as('picture')
  if (outputKind(output) === 'npy') return as('array')
  if (choice === 'montage') return as('sheet')
  if (choice !== 'split' && isPicture(count)) return as('colour')
  return as(choice === 'split' || series !== undefined ? 'split' : 'sheet')
}

/** How many times the work of all maps at once may be repeated to compute maps one by one, which needs no memory. */
const mostApart = 3

/** Returns the levels of the channels of a step in a range, like those of filters. Nothing is clipped. */
export async function levelsInRange(
  session: Session,
  { source }: { readonly source?: Source | undefined },
  out: Node,
  range: Range,
  full: FullScale,
): Promise<readonly Levels[]> {
  if (range === 'minmax') return (await levelsOf(session, { source }, [out], 'stretched', false, full)).levels
  const level: Levels =
    range === 'abs'
      ? { kind: 'absolute' }
      : range === 'offset'
        ? { kind: 'shifted', by: middleOf(full) }
        : { kind: 'plain' }
  return Array.from({ length: out.shape[0] }, () => level)
}

/** Chooses the levels of maps. They have none of their own, so they are made legible unless a range was chosen. */
function levelsFor(task: PictureTask): 'plain' | 'stretched' | 'legible' {
  if (!task.isRangeGiven) return 'legible'
  if (task.range === 'minmax') return 'stretched'
  if (task.settings['map-range'] !== 'each') return 'plain'
  throw new ConvoError('E_OPTION', `--map-range each and --range ${task.range} cannot be used together`, {
    fix: '--range minmax',
  })
}

function legibleNote(count: number, isSigned: boolean | undefined, each: boolean): string {
  const levels = isSigned
    ? 'gray is 0, and white and black are the ends of'
    : `black is 0${isSigned === undefined ? ' (gray if samples are below 0)' : ''}, and white is the end of`
  const reach = each ? 'the range of 99.5% of each map' : 'the range of 99.5% of all maps'
  return `${count} maps: ${levels} ${reach}; --range clamp keeps the levels, --map-range chooses each or shared`
}

const isPicture = (channels: number): boolean => channels === 1 || channels === 3

/** Refuses --map-range if nothing is stretched map by map. @throws ConvoError E_OPTION */
export function refuseMapRange({ settings }: PictureTask): void {
  if (settings['map-range'] !== 'each') return
  const what = '--map-range each applies only to several maps or slices that are stretched'
  throw new ConvoError('E_OPTION', what, { fix: 'no --map-range' })
}

/** Pictures that are written one by one, each made in its turn. */
export type Series = {
  readonly count: number
  at(i: number): Rendering | Promise<Rendering>
  readonly note?: string
}

/** Writes one file for each picture of a series. The number replaces {index}, or goes before the extension. */
export async function writeEach(
  session: Session,
  series: Series,
  task: PictureTask,
  meta: PictureMeta,
  notes: readonly string[],
): Promise<Written> {
  const isBuffer = isInMemory(task.output)
  if (isBuffer || isStandardOutput(task.output)) {
    const what = `several files cannot go to ${isBuffer ? 'one buffer' : 'standard output'}`
    throw new ConvoError('E_OPTION', what, { fix: '--channels montage' })
  }
  const { count } = series
  await checkNumbered(task, count)
  const files: Written[] = []
  // a rehearsal plans one, under the name of the last
  const first = session.hold === undefined ? 1 : count
  for (let n = first; n <= count; n++) {
    const i = n - first
    const mark = session.arena.mark()
    const own = oneOf(task, numbered(task, n, count))
    files.push(await writeRendering(session, await series.at(i), own, meta))
    session.arena.release(mark)
  }
  const last = files.at(-1)
  invariant(last !== undefined, 'there is at least one map')
  const all = [
    ...notes,
    ...new Set(files.flatMap((file) => file.notes)),
    `${count} files: ${numbered(task, 1, count)} to ${last.facts.path}${series.note ?? ''}`,
  ]
  const bytes = files.reduce((sum, { facts }) => sum + facts.bytes, 0)
  const outcome = allClipped(files.map((file) => file.outcome))
  return { facts: { ...last.facts, bytes }, outcome, notes: all }
}

/** Returns the values that become black and white in the range of a job. */
export const blackAndWhite = ({ range }: PictureTask, full: FullScale): { black: number; white: number } =>
  range === 'offset' ? { black: -middleOf(full), white: full - middleOf(full) } : { black: 0, white: full }

/** The error for an option of sheets if the result is not a sheet. */
const noSheet = (option: string, maps: number): ConvoError =>
  new ConvoError(
    'E_OPTION',
    `--${option} applies to sheets of many maps, and the result is ${maps === 1 ? 'one map' : `${maps} channels`}`,
    { fix: `no --${option}` },
  )

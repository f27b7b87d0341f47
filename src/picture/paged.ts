import { ConvoError, invariant } from '../error.ts'
import { writeAtomically } from '../files/output.ts'
import { type Decoded, decodePages, readHeader } from '../image/decode.ts'
import { encodePages } from '../image/encode.ts'
import { formatOfPath, type OutputFormat } from '../image/format.ts'
import type { Header } from '../image/header.ts'
import type { Probe } from '../image/probe.ts'
import { allClipped } from '../run/watch.ts'
import type { Picture } from '../tensor/picture.ts'
import { defined } from '../text/record.ts'
import { type Loaded, type Opened, openInput, readied } from './input.ts'
import type { PageStore, PictureTask, Report } from './job.ts'
import { limitsOf, treatmentOf } from './load.ts'
import { checkNumbered, numbered, one } from './numbered.ts'
import { codingOf, outputKind } from './output.ts'
import { isNumbered } from './volume-form.ts'

/** An input with several pages, each treated as a separate picture, since the output can hold them all. */
export type PagedInput = {
  readonly count: number
  readonly pages: AsyncGenerator<Decoded>
  readonly delay?: readonly number[]
  readonly loop?: number
}

type PageReport = Omit<Report, 'milliseconds'>

type PagedFormat = Extract<OutputFormat, 'gif' | 'webp' | 'tiff'>
const isPagedFormat = (format: string | undefined): format is PagedFormat =>
  format === 'gif' || format === 'webp' || format === 'tiff'

/** Whether a file may have several pages. Only then are they counted. */
const mayHavePages = ({ kind, png, isArray }: Probe): boolean =>
  (isPagedFormat(kind) && !isArray) || kind === 'avif' || png?.isAnimated === true

export const keepsPages = ({
  output,
  series,
  settings,
}: Pick<PictureTask, 'output' | 'series' | 'settings'>): boolean =>
  settings.channels !== 'split' &&
  settings.page === undefined &&
  (series !== undefined || (outputKind(output) === 'picture' && isPagedFormat(formatOfPath(output))))

/** Opens the pages of an input if it has several and the output keeps them. @throws ConvoError as `decode` does */
export async function openPaged(opened: Opened, task: PictureTask): Promise<PagedInput | undefined> {
  const { series, settings } = task
  if (task.isVolume || task.store !== undefined || !keepsPages(task) || !mayHavePages(opened.probe))
    return undefined
  const options = { ...limitsOf(settings), name: opened.path }
  const { pages: count, delay, loop, ...first } = await readHeader(opened.source, options)
  if (count === 1) return undefined
  const isStack = opened.probe.kind === 'tiff' || opened.probe.kind === 'avif'
  if (isStack && !first.isAlike && series === undefined) {
    for (let page = 1; page < count; page++) {
      checkPage(page, await readHeader(opened.source, { ...options, page }), first, opened.path)
    }
  }
  return {
    count,
    pages: decodePages(opened.source, options),
    ...defined({ delay, loop }),
  }
}

type Shape = Pick<Header, 'width' | 'height' | 'channels'>

/** Checks that a page fits into one file with the first. @throws ConvoError E_SHAPE */
function checkPage(page: number, shape: Shape, first: Shape, path: string): void {
  const [own, other] = [shape, first].map(({ width, height, channels }) => `${width}x${height}x${channels}`)
  if (own === other) return
  throw new ConvoError(
    'E_SHAPE',
    `all pages of a file must have the same size, channels and depth: page ${page + 1} of ${path} is ${own}, page 1 ${other}`,
    {
      fix: '{index} in the output path for one file per page, or an output path ending in .png for the first page',
    },
  )
}

/** The note that the output does not show its pages for as long as the input did. */
function lostTimes(delay: readonly number[] | undefined, format?: OutputFormat): string[] {
  if (delay === undefined) return []
  if (format === undefined || format === 'tiff')
    return ['the timing of the animation was lost: the output is not an animation']
  const isRounded = format === 'gif' && delay.some((time) => time % 10 !== 0)
  return isRounded ? ['GIF stores times in steps of 10 ms: the timing was rounded'] : []
}

/** Returns notes on what a job on several pages loses, besides the losses of each page. */
export const notesOfPages = (
  task: Pick<PictureTask, 'range' | 'output' | 'series' | 'settings'>,
  { pages, delay }: { readonly pages: number; readonly delay?: readonly number[] | undefined },
): string[] =>
  pages === 1
    ? []
    : [
        ...(task.range === 'minmax'
          ? ['each page was stretched separately, from its smallest to its largest value']
          : []),
        ...lostTimes(delay, isNumbered(task) ? undefined : formatOfPath(task.output)),
      ]

/**
 * Runs a job on one page after another, into numbered files, or into one file that is written when all pages are done.
 *
 * @param run runs the job on one page
 * @throws ConvoError E_IN_PLACE if a numbered output is the input
 */
export async function runPaged(
  { count, pages, delay, loop }: PagedInput,
  task: PictureTask,
  run: (page: Loaded, own: PictureTask) => Promise<PageReport>,
): Promise<PageReport> {
  const { settings } = task
  const isApart = isNumbered(task)
  if (isApart) await checkNumbered(task, count)
  const treatment = treatmentOf(task)
  const kept: Picture[] = []
  const store: PageStore = async (_, picture) => {
    kept.push(picture)
    return { bytes: 0, notes: [] }
  }
  const reports: PageReport[] = []
  let opened: Promise<Opened> | undefined
  const mask = (path: string): Promise<Opened> => {
    opened ??= openInput(path)
    return opened
  }
  for await (const page of pages) {
    const at = { page: reports.length, count, mask }
    const own = isApart ? one(task, numbered(task, reports.length + 1, count)) : { ...task, store }
    reports.push(await run(await readied(page, task.input, treatment), { ...own, at }))
  }
  const [first, last] = [reports[0], reports.at(-1)]
  invariant(first !== undefined && last !== undefined, 'there is at least one page')
  const notes = new Set([
    ...reports.flatMap((report) => report.notes),
    ...notesOfPages(task, { pages: count, delay }),
  ])
  let bytes = reports.reduce((sum, { output }) => sum + output.bytes, 0)
  if (isApart) notes.add(`${count} files: ${first.output.path} to ${last.output.path}`)
  else {
    const coding = { ...defined({ delay, loop }), ...codingOf(settings) }
    const encoded = await encodePages(kept, formatOfPath(task.output) as PagedFormat, coding)
    await writeAtomically(task.output, (output) => output.write(encoded.bytes))
    bytes = encoded.bytes.length
    for (const note of encoded.notes) notes.add(note)
  }
  return {
    ...first,
    output: { ...last.output, bytes },
    clipped: allClipped(reports.map(({ clipped }) => clipped)),
    notes: [...notes],
  }
}

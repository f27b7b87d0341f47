import { extname } from 'node:path'
import { noteRead, refuseReplacing } from '../files/reads.ts'
import type { PictureTask } from './job.ts'
import { isSliceList, slicePaths } from './slice-list.ts'

/** The path of file `i` of `count`, from 1: of a template with {index}, else `-03` goes before the extension. */
export function numbered(
  { output, series }: Pick<PictureTask, 'output' | 'series'>,
  i: number,
  count: number,
): string {
  if (series !== undefined) return series(i)
  const extension = extname(output)
  const number = String(i).padStart(String(count).length, '0')
  return `${output.slice(0, output.length - extension.length)}-${number}${extension}`
}

/** @throws ConvoError E_IN_PLACE when one of the files to write is one of those that are read */
export async function checkNumbered(task: PictureTask, count: number): Promise<void> {
  const { input, settings } = task
  const inputs = (await isSliceList(input)) ? await slicePaths(input) : [input]
  for (const one of inputs) noteRead(one, settings['in-place'])
  for (let i = 1; i <= count; i++) refuseReplacing(numbered(task, i, count), '--in-place')
}

/** A task with a place for numbers in its output path, whose result turned out to be one picture: the first. */
export async function alone(task: PictureTask): Promise<PictureTask> {
  if (task.series === undefined) return task
  await checkNumbered(task, 1)
  return one(task, task.output)
}

/** A task for one of the files of another one. */
export const one = (task: PictureTask, output: string): PictureTask => ({
  ...task,
  output,
  series: undefined,
  leave: undefined,
})

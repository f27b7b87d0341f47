import { extname } from 'node:path'
import { noteRead, refuseReplacing } from '../files/reads.ts'
import type { PictureTask } from './job.ts'
import { isSliceList, slicePaths } from './slice-list.ts'

/**
 * Returns the path of file `i` of `count`, from 1. Fills in {index} if the template has it, else puts `-03` before the
 * extension.
 */
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

/** Checks that no file to write is one that is read. @throws ConvoError E_IN_PLACE */
export async function checkNumbered(task: PictureTask, count: number): Promise<void> {
  const { input, settings } = task
  const inputs = (await isSliceList(input)) ? await slicePaths(input) : [input]
  for (const one of inputs) noteRead(one, settings['in-place'])
  for (let i = 1; i <= count; i++) refuseReplacing(numbered(task, i, count), '--in-place')
}

/**
 * Prepares a task for a result that is one picture, although its output path has a place for numbers: it gets number 1.
 */
export async function alone(task: PictureTask): Promise<PictureTask> {
  if (task.series === undefined) return task
  await checkNumbered(task, 1)
  return one(task, task.output)
}

/** Returns the task for one output file of another task. */
export const one = (task: PictureTask, output: string): PictureTask => ({
  ...task,
  output,
  series: undefined,
  leave: undefined,
})

import { extname } from 'node:path'
import { ConvoError } from '../../error.ts'
import { statOf } from '../../files/stat.ts'
import type { Task } from './job.ts'
import { isSliceList, slicePaths } from './load.ts'

/** The path of file `i` of `count`, from 1: of a template with {index}, else `-03` goes before the extension. */
export function numbered(
  { output, series }: Pick<Task, 'output' | 'series'>,
  i: number,
  count: number,
): string {
  if (series !== undefined) return series(i)
  const extension = extname(output)
  const number = String(i).padStart(String(count).length, '0')
  return `${output.slice(0, output.length - extension.length)}-${number}${extension}`
}

/** @throws ConvoError E_IN_PLACE when one of the files to write is one of those that are read */
export async function checkNumbered(task: Task, count: number): Promise<void> {
  const { input, settings } = task
  if (settings['in-place']) return
  const inputs = (await isSliceList(input)) ? await slicePaths(input) : [input]
  const read = new Set(inputs.map(fileIdentity))
  for (let i = 1; i <= count; i++) {
    const path = numbered(task, i, count)
    const identity = fileIdentity(path)
    if (identity !== undefined && read.has(identity)) {
      throw new ConvoError('E_IN_PLACE', `${path} is one of the inputs`, {
        fix: '--in-place',
      })
    }
  }
}

/** Device and inode of a file that exists. */
function fileIdentity(path: string): string | undefined {
  const stats = path === '-' ? undefined : statOf(path)
  return stats && `${stats.dev}:${stats.ino}`
}

/** A task with a place for numbers in its output path, whose result turned out to be one picture: the first. */
export async function alone(task: Task): Promise<Task> {
  if (task.series === undefined) return task
  await checkNumbered(task, 1)
  return one(task, task.output)
}

/** A task for one of the files of another one. */
export const one = (task: Task, output: string): Task => ({ ...task, output, series: undefined })

import { statSync } from 'node:fs'
import { extname } from 'node:path'
import { ConvoError } from '../../error.ts'
import type { Task } from './job.ts'
import { isSliceList, slicePaths } from './load.ts'

/** The path of file `i` of `count`: `{index}` and `{index:03}` are replaced, else `-03` goes before the extension. */
export function numbered(path: string, i: number, count: number): string {
  const template = /\{index(?::0?(\d+))?\}/
  const digits = String(count - 1).length
  if (template.test(path))
    return path.replace(template, (_, width) => String(i).padStart(Number(width ?? digits), '0'))
  const extension = extname(path)
  return `${path.slice(0, path.length - extension.length)}-${String(i).padStart(digits, '0')}${extension}`
}

/** @throws ConvoError E_IN_PLACE when one of the files to write is one of those that are read */
export async function checkNumbered({ input, output, settings }: Task, count: number): Promise<void> {
  if (settings['in-place']) return
  const inputs = (await isSliceList(input)) ? await slicePaths(input) : [input]
  const read = new Set(inputs.map(fileIdentity))
  for (let i = 0; i < count; i++) {
    const path = numbered(output, i, count)
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
  const stats = path === '-' ? undefined : statSync(path, { bigint: true, throwIfNoEntry: false })
  return stats && `${stats.dev}:${stats.ino}`
}

/** A task with a place for numbers in its output path, whose result turned out to be one picture: number 0. */
export async function alone(task: Task): Promise<Task> {
  if (!task.output.includes('{index')) return task
  await checkNumbered(task, 1)
  return { ...task, output: numbered(task.output, 0, 1) }
}

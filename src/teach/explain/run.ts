import { dryRun } from '../../picture/dry-run.ts'
import type { DryRun } from '../../picture/job.ts'
import type { Operation } from '../../picture/operations.ts'
import { prepareOperation } from '../../picture/words/prepare.ts'
import type { Given } from '../../picture/words/syntax.ts'
import { counted } from '../../text/count.ts'
import { bytes, type Line } from './text.ts'

/** Returns the threads and memory for writing a PNG with the command, or undefined if a required kernel is missing. */
export async function runOf(
  operation: Operation,
  path: string,
  given: Given,
): Promise<Pick<DryRun, 'threads' | 'memory'> | undefined> {
  if (operation.kernel === 'required' && given.kernel === undefined) return undefined
  const { job } = await prepareOperation({ operation, given })
  const { threads, memory } = await dryRun(job(path, 'out.png'))
  return { threads, memory }
}

export const runLines = ({
  threads,
  memory: { total, ...parts },
}: Pick<DryRun, 'threads' | 'memory'>): Line[] => {
  const shown = Object.entries(parts).filter(([, size]) => size > 0)
  const text = shown.map(([name, size]) => `${name} ${bytes(size)}`).join(', ')
  return [['memory of a run', `about ${bytes(total)} on ${counted(threads, 'thread')}: ${text}`]]
}

import { operations } from '../picture/operations.ts'
import type { PlanFacts, Report } from '../picture/process.ts'
import { visibleLine } from '../text/visible.ts'

/** Returns notes on a successful run, one line each: clipping, and what a format could not hold. */
export function notesOf(report: Report): string[] {
  const { low, high, samples } = report.clipped
  const count = low + high
  if (count === 0) return [...report.notes]
  const share = samples === 0 ? 0 : (100 * count) / samples
  const shown = share < 0.01 ? 'less than 0.01' : share.toFixed(2)
  const ends = [
    ...(low > 0 ? [`${low} below black${report.input.depth === 32 ? ' or not a number' : ''}`] : []),
    ...(high > 0 ? [`${high} above white`] : []),
  ]
  const remedy =
    high === 0
      ? '--range abs or offset keeps values below black'
      : low === 0
        ? `${takesScale(report) ? '--scale lowers the values, ' : ''}--range minmax keeps them all`
        : '--range minmax keeps them all'
  return [...report.notes, `${shown} % of the samples were clipped: ${ends.join(', ')}; ${remedy}`]
}

/** Whether the last operation can divide its result. */
const takesScale = ({ operation }: Report): boolean => {
  const shared = operations[operation.split(' -- ').at(-1) ?? '']?.shared
  return shared !== undefined && Object.hasOwn(shared, 'scale')
}

export function reportText({ operation, input, output, plan, light, milliseconds }: Report): string {
  const picture = (p: { width: number; height: number; channels: number; depth: number }) =>
    `${p.width}x${p.height}, ${p.channels} channel${p.channels === 1 ? '' : 's'}, ${p.depth} bits`
  const lines = [
    `input   ${input.path}: ${picture(input)}`,
    `output  ${output.path}: ${picture(output)}, ${output.bytes} bytes`,
    ...alike(plan.map(planText)).map(([text, count]) =>
      count === 1 ? `${operation}  ${text}` : `${operation}  ${count} kernels, each ${text}`,
    ),
    ...(light === undefined ? [] : [`light   ${light}`]),
    `time    ${milliseconds} ms`,
  ]
  return lines.map(visibleLine).join('\n')
}

const planText = (plan: PlanFacts): string =>
  Object.entries(plan)
    .map(([key, value]) => `${key === 'stripRows' ? 'rows of a strip' : key}: ${value}`)
    .join('; ')

/** Groups runs of equal lines, each with its length. */
function alike(lines: readonly string[]): [line: string, count: number][] {
  const runs: [string, number][] = []
  for (const line of lines) {
    const last = runs.at(-1)
    if (last?.[0] === line) last[1]++
    else runs.push([line, 1])
  }
  return runs
}

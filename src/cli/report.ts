import type { PlanFacts, Report } from '../picture/process.ts'
import { visibleLine } from '../text/visible.ts'

/** What a user should know of a run that went well: clipping, what a format could not hold. One line each. */
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
      ? '--range abs or offset shows what is below black'
      : low === 0 && report.operation !== 'net'
        ? '--scale makes room above, --range minmax shows all'
        : '--range minmax shows all'
  return [...report.notes, `${shown} % of the samples were clipped: ${ends.join(', ')}; ${remedy}`]
}

/** The report of --verbose. */
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
    .map(([key, value]) => `${key}: ${value}`)
    .join('; ')

/** Runs of equal lines, and how many each is of. */
function alike(lines: readonly string[]): [line: string, count: number][] {
  const runs: [string, number][] = []
  for (const line of lines) {
    const last = runs.at(-1)
    if (last?.[0] === line) last[1]++
    else runs.push([line, 1])
  }
  return runs
}

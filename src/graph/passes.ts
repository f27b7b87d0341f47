import { needsOf, wholeRows } from './node.ts'
import { type Buffer, liesElsewhere, pitchOfStep, type Steps, type Strip, type Turn } from './schedule.ts'
import type { Span } from './spans.ts'

/** The maximum number of passes over a strip. More would cost more than the memory that they save. */
export const mostPasses = 512

/** The new rows of every step in a pass. */
type Fresh = readonly Span[]

/**
 * Plans a strip in passes. Each computes about `passRows` rows of the last step, and the new rows that it needs of
 * every other step. Rows that later passes need again are kept, so that nothing is computed twice. Returns undefined if
 * a step needs rows above those that it began with.
 */
export function planPasses(list: Steps, out: Span, passRows: number): Strip | undefined {
  const asked = askedFor(list, out, passRows)
  if (asked === undefined) return undefined
  const [first, ...others] = asked as [Fresh, ...Fresh[]]
  const [, height] = list.at(-1)!.shape
  const most = list.map(({ shape }, i) =>
    others.reduce(
      (rows, fresh) => Math.max(rows, sizeOf(fresh[i]!)),
      // even a strip of few rows has halos as high as those of others
      Math.ceil(
        Math.max(sizeOf(first[i]!) / mostPasses, others.length > 0 ? 0 : (passRows * shape[1]) / height),
      ),
    ),
  )
  const passes = [...inSteps(list, first, most), ...others]
  const kept = list.length - 1
  const lows = list.map((_, i) => lowsOf(list, passes, i))
  // rows for the sink stay to the end, except finished ones
  const begins = passes.find((fresh) => sizeOf(fresh[kept]!) > 0) ?? first
  lows[kept]!.fill(begins[kept]![0])
  const tops = list.map((_, i) => topsOf(passes, i))
  let bytes = 0
  const buffers = list.map((step, i): Buffer => {
    const pitch = pitchOfStep(step)
    const rows = tops[i]!.reduce((largest, top, pass) => Math.max(largest, top - lows[i]![pass]!), 0)
    const [address, plane] = [bytes, rows * pitch]
    if (!liesElsewhere(step)) bytes += step.shape[0] * plane
    return { rows: [[lows[i]![0]!, tops[i]!.at(-1)!]], address, plane, pitch }
  })
  const turns = passes.map((fresh, pass) =>
    fresh.map(([first, end], i): Turn => {
      const top = tops[i]![pass]!
      const low = Math.min(lows[i]![pass]!, top)
      // rows that a stride skips get no place
      return { there: [low, top], fresh: [Math.max(first, Math.min(low, end)), end] }
    }),
  )
  return { buffers, bytes, passes: turns }
}

const sizeOf = ([first, end]: Span): number => end - first

/**
 * Determines what each pass must compute, from the last step up. Returns undefined if a step would have to begin
 * higher.
 */
function askedFor(list: Steps, [first, end]: Span, passRows: number): Fresh[] | undefined {
  const starts: (number | undefined)[] = list.map(() => undefined)
  const tops: number[] = list.map(() => 0)
  const passes: Fresh[] = []
  for (let y = first; y < end; y += passRows) {
    const wanted: (Span | undefined)[] = list.map(() => undefined)
    wanted[list.length - 1] = [y, Math.min(end, y + passRows)]
    const fresh: Span[] = []
    for (let i = list.length - 1; i >= 0; i--) {
      const rows = wanted[i] && wholeRows(list[i]!, wanted[i]!)
      if (rows !== undefined) starts[i] ??= rows[0]
      if (rows !== undefined && rows[0] < starts[i]!) return undefined
      const from = Math.max(tops[i]!, starts[i] ?? 0)
      fresh[i] = [from, Math.max(from, rows?.[1] ?? from)]
      if (sizeOf(fresh[i]!) === 0) continue
      tops[i] = fresh[i]![1]
      neededBy(list, i, fresh[i]!).forEach((span, k) => {
        const input = list[i]!.inputs[k]!
        if (span !== undefined) wanted[input] = hull(wanted[input], span)
      })
    }
    passes.push(fresh)
  }
  return passes
}

/** The rows of each input that rows of a step need, as one span each. */
const neededBy = (list: Steps, i: number, rows: Span): (Span | undefined)[] => {
  const shapes = list[i]!.inputs.map((input) => list[input]!.shape)
  return needsOf(list[i]!, shapes, rows).map((spans) =>
    spans.reduce<Span | undefined>((all, span) => hull(all, span), undefined),
  )
}

/**
 * Splits the first pass, which must fill all halos, into passes of as few rows as the others have. Each computes as
 * much as its inputs allow.
 */
function inSteps(list: Steps, target: Fresh, most: readonly number[]): Fresh[] {
  const tops = target.map(([first]) => first)
  const passes: Fresh[] = []
  while (tops.some((top, i) => top < target[i]![1])) {
    const before = [...tops]
    const fresh = list.map((_, i): Span => {
      const from = tops[i]!
      const isReady = (end: number) =>
        neededBy(list, i, [from, end]).every(
          (span, k) => span === undefined || span[1] <= tops[list[i]!.inputs[k]!]!,
        )
      let [end, beyond] = [from, Math.min(target[i]![1], from + most[i]!)]
      while (end < beyond) {
        const middle = Math.ceil((end + beyond) / 2)
        if (isReady(middle)) end = middle
        else beyond = middle - 1
      }
      tops[i] = end
      return [from, end]
    })
    // a step needs more rows at once than it gets, so everything is computed in one pass
    if (tops.every((top, i) => top === before[i])) return [target]
    passes.push(fresh)
  }
  return passes
}

/** Returns, for each pass, the first row of a step that it or a later pass needs. */
function lowsOf(list: Steps, passes: readonly Fresh[], step: number): number[] {
  const users = list.flatMap(({ inputs }, i) =>
    inputs.flatMap((input, k) => (input === step ? [[i, k] as const] : [])),
  )
  let low = passes.reduce((top, fresh) => Math.max(top, fresh[step]![1]), 0)
  const lows: number[] = []
  for (const fresh of passes.toReversed()) {
    for (const [i, k] of users) {
      if (sizeOf(fresh[i]!) === 0) continue
      low = Math.min(low, neededBy(list, i, fresh[i]!)[k]?.[0] ?? low)
    }
    lows.push(low)
  }
  return lows.reverse()
}

/** Returns, for each pass, the row after the last available row of a step. */
function topsOf(passes: readonly Fresh[], step: number): number[] {
  let top = passes[0]![step]![0]
  return passes.map((fresh) => {
    if (sizeOf(fresh[step]!) > 0) top = fresh[step]![1]
    return top
  })
}

/** Returns both spans and what is between them. An empty span is ignored. */
function hull(a: Span | undefined, b: Span): Span | undefined {
  if (sizeOf(b) <= 0) return a
  return a === undefined ? b : [Math.min(a[0], b[0]), Math.max(a[1], b[1])]
}

import type { Problem } from './problem.ts'

/** Who takes part in a comparison. Making it does all that is not to be timed. */
export type Contestant = {
  readonly name: string
  /** Runs once and returns the milliseconds that it took, by the clock of whoever does the work. */
  run(): Promise<number>
  /** Samples of the last result at the places of `probeAt`, to see that all computed the same; absent for files. */
  probe?(): Promise<readonly number[]>
  /** A digest of the whole last result. */
  digest?(): string
  close(): Promise<void>
}

/** Somebody to compare with. */
export type Peer = {
  readonly name: string
  /** A contestant, or nothing when this one has no such operation. */
  enter(problem: Problem): Promise<Contestant | undefined>
  close(): Promise<void>
}

export type Row = {
  readonly problem: string
  readonly name: string
  /** Medians, and the least. */
  readonly ms: number
  readonly least: number
  /** How many times faster than this one convo is: the median over the rounds. 1 for convo itself. */
  readonly ratio: number
  /** The largest difference to the result of convo, over the largest value; at the probed places. */
  readonly apart?: number
  readonly digest?: string
  readonly runs: number
}

/** Runs all in turn, round after round, so that what slows the machine down meets all alike; the first round warms up. */
export async function contest(
  problem: Problem,
  contestants: readonly Contestant[],
  runs: number,
  budget: number,
): Promise<Row[]> {
  const times: number[][] = contestants.map(() => [])
  const began = performance.now()
  for (let round = 0; round <= runs; round++) {
    if (round > 1 && performance.now() - began > budget * 1000) break
    for (const [i, c] of contestants.entries()) {
      const ms = await c.run()
      if (round > 0) times[i]!.push(ms)
    }
  }
  const expected = await contestants[0]?.probe?.()
  return Promise.all(
    contestants.map(async (c, i) => {
      const own = times[i]!
      const actual = i === 0 ? undefined : await c.probe?.()
      const digest = c.digest?.()
      return {
        problem: problem.text,
        name: c.name,
        ms: median(own),
        least: Math.min(...own),
        ratio: i === 0 ? 1 : median(own.map((ms, r) => ms / times[0]![r]!)),
        ...(expected !== undefined && actual !== undefined ? { apart: apart(expected, actual) } : {}),
        ...(digest === undefined ? {} : { digest }),
        runs: own.length,
      }
    }),
  )
}

function apart(expected: readonly number[], actual: readonly number[]): number {
  const largest = expected.reduce((most, v) => Math.max(most, Math.abs(v)), 1e-30)
  return expected.reduce((most, v, i) => Math.max(most, Math.abs(v - (actual[i] ?? Number.NaN))), 0) / largest
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const half = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2
}

import type { BankProblem, PictureProblem, Problem } from './problem.ts'

/** Who takes part in a comparison. Making it does all that is not to be timed. */
export type Contestant = {
  readonly name: string
  /** Runs once and returns the milliseconds that it took, by the clock of whoever does the work. */
  run(): Promise<number>
  /** Samples of the last result at the places of `probeAt`, to see that all computed the same; absent for files. */
  probe?(): Promise<readonly number[]>
  /** A digest of the whole last result. */
  digest?(): string
  /** Bytes of the file that was written. */
  bytes?(): number
  close(): Promise<void>
}

/** What a whole process is to do: read one picture, write another; of `.jpg`, `.webp`, `.tif`, `.gif` and `.avif` by the settings of `codings`. */
export type ProcessWork = {
  readonly input: string
  readonly output: string
  /** Where files may be put. */
  readonly folder: string
  /** The level of zlib; absent: as the program does it when nobody says. */
  readonly level?: number | undefined
} & (
  | {
      readonly kind: 'kernel'
      readonly side: number
      readonly weights: readonly number[]
      readonly scale: number
    }
  | { readonly kind: 'gaussian'; readonly sigma: number }
  | { readonly kind: 'sobel' }
  | {
      readonly kind: 'filter'
      readonly filter: string
      readonly settings: Readonly<Record<string, unknown>>
      /** The kernel of a filter that takes one, row-major; its weights sum to 1. */
      readonly blur?: { readonly shape: readonly number[]; readonly weights: readonly number[] }
    }
)

/** Somebody to compare with, ready. */
export type Peer = {
  /** With its version. */
  readonly name: string
  /** Its core, from memory to memory, on one thread; nothing when it has no such operation. */
  enter?(problem: PictureProblem | BankProblem): Promise<Contestant | undefined>
  /** The command line of a whole process that does this; nothing when it cannot. */
  command?(work: ProcessWork): readonly string[] | undefined
  /** Whether it writes other formats than PNG by the settings that all share. */
  readonly encodes?: true
  close?(): Promise<void>
}

/** How to come by a peer. */
export type PeerEntry = {
  readonly name: string
  /** What to install where it is missing. */
  readonly needs: string
  open(places: Places): Promise<Peer | undefined>
}

/** Where peers are looked for, beside the PATH. */
export type Places = {
  /** A folder with the node_modules of packages that convo does not depend on. */
  readonly packages: string | undefined
  /** An interpreter that has cv2. */
  readonly python: string | undefined
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
  readonly bytes?: number
  readonly runs: number
}

/** What is over sooner is run again and again in its turn, for about a number of milliseconds, of which the median counts. */
const turn = 20

/**
 * Runs all in turn, round after round, so that what slows the machine down meets all alike. The first round warms up, and
 * leaves out peers that fail, such as one without an encoder.
 */
export async function contest(
  problem: Problem,
  entered: readonly Contestant[],
  runs: number,
  budget: number,
): Promise<Row[]> {
  const contestants: Contestant[] = []
  const repeats: number[] = []
  for (const [i, c] of entered.entries()) {
    try {
      const cold = await c.run()
      repeats.push(cold < turn ? Math.ceil(turn / Math.max(await c.run(), 0.05)) : 1)
      contestants.push(c)
    } catch (error) {
      if (i === 0) throw error
      console.error(`${problem.text}: without ${c.name}: ${(error as Error).message}`)
    }
  }
  const times: number[][] = contestants.map(() => [])
  const began = performance.now()
  for (let round = 0; round < runs; round++) {
    if (round > 0 && performance.now() - began > budget * 1000) break
    for (const [i, c] of contestants.entries()) {
      const own: number[] = []
      for (let k = 0; k < repeats[i]!; k++) own.push(await c.run())
      times[i]!.push(median(own))
    }
  }
  const expected = await contestants[0]?.probe?.()
  return Promise.all(
    contestants.map(async (c, i) => {
      const own = times[i]!
      const actual = i === 0 ? undefined : await c.probe?.()
      const digest = c.digest?.()
      const bytes = c.bytes?.()
      return {
        problem: problem.text,
        name: c.name,
        ms: median(own),
        least: Math.min(...own),
        ratio: i === 0 ? 1 : median(own.map((ms, r) => ms / times[0]![r]!)),
        ...(expected !== undefined && actual !== undefined ? { apart: apart(expected, actual) } : {}),
        ...(digest === undefined ? {} : { digest }),
        ...(bytes === undefined ? {} : { bytes }),
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

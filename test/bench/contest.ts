import type { BankProblem, PictureProblem, Problem } from './problem.ts'

/** A contestant of a benchmark. Creating it does everything that must not be timed. */
export type Contestant = {
  readonly name: string
  /** Runs once and returns the time in milliseconds, measured by the process that does the work. */
  run(): Promise<number>
  /**
   * Returns samples of the last result at the positions of `probeAt`, to check that all results agree; undefined for
   * files.
   */
  probe?(): Promise<readonly number[]>
  /** Returns a digest of the whole last result. */
  digest?(): string
  /** Returns the size of the written file in bytes. */
  bytes?(): number
  close(): Promise<void>
}

/**
 * The work of a whole process: read a picture and write another one. `.jpg`, `.webp`, `.tif`, `.gif` and `.avif` are
 * written with the settings of `codings`.
 */
export type ProcessWork = {
  readonly input: string
  readonly output: string
  /** A folder for temporary files. */
  readonly folder: string
  /** The zlib level. Default: that of the program. */
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
      /** The kernel of a filter that needs one, row-major; its weights sum to 1. */
      readonly blur?: { readonly shape: readonly number[]; readonly weights: readonly number[] }
    }
)

/** A program or library to compare with, ready to run. */
export type Peer = {
  /** The name, with the version. */
  readonly name: string
  /** Its core, from memory to memory, on one thread; undefined if it does not have this operation. */
  enter?(problem: PictureProblem | BankProblem): Promise<Contestant | undefined>
  /** The command line of a whole process that does this; undefined if it cannot. */
  command?(work: ProcessWork): readonly string[] | undefined
  /** Whether it writes formats other than PNG with the settings that all share. */
  readonly encodes?: true
  close?(): Promise<void>
}

/** How to find a peer. */
export type PeerEntry = {
  readonly name: string
  /** What to install if it is missing. */
  readonly needs: string
  open(places: Places): Promise<Peer | undefined>
}

/** Where to look for peers, in addition to the PATH. */
export type Places = {
  /** A folder with the node_modules of packages that convo does not depend on. */
  readonly packages: string | undefined
  /** A Python interpreter that has cv2. */
  readonly python: string | undefined
}

export type Row = {
  readonly problem: string
  readonly name: string
  /** The median time, and the shortest one. */
  readonly ms: number
  readonly least: number
  /** How many times faster convo is than this one: the median over the rounds. 1 for convo itself. */
  readonly ratio: number
  /** The largest difference from the result of convo at the probed positions, divided by the largest value. */
  readonly apart?: number
  readonly digest?: string
  readonly bytes?: number
  readonly runs: number
}

/** Shorter work is repeated within its turn for about this many milliseconds, and the median counts. */
const turn = 20

/**
 * Runs all contestants in turn, round after round, so that a slow machine affects all of them equally. The first round
 * is a warm-up, and drops peers that fail, such as one without an encoder.
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

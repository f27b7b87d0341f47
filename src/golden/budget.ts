import { statSync } from 'node:fs'
import { availableParallelism, totalmem } from 'node:os'
import { probe } from '../image/probe.ts'

export type Budget = ReturnType<typeof createBudget>

/** Lends an amount of something to at most `most` users at a time, first come, first served. Others wait. */
export function createBudget(whole: number, most: number) {
  const waiting: { amount: number; start: () => void }[] = []
  let used = 0
  let users = 0

  function startNext(): void {
    for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
      const fits = users === 0 || (users < most && used + next.amount <= whole)
      if (!fits) return
      waiting.shift()
      used += next.amount
      users++
      next.start()
    }
  }

  return {
    /** Runs `use` when `amount` is free. An amount beyond the whole budget runs alone. */
    async within<T>(amount: number, use: () => Promise<T>): Promise<T> {
      await new Promise<void>((start) => {
        waiting.push({ amount, start })
        startNext()
      })
      try {
        return await use()
      } finally {
        used -= amount
        users--
        startNext()
      }
    },
  }
}

/**
 * The budget of a run in bytes, by default a quarter of the machine's memory, at most 4 GiB. At most one picture per
 * core is in work, plus one that is decoded meanwhile.
 */
export const budgetOf = (bytes = Math.min(4 * 2 ** 30, totalmem() / 4)): Budget =>
  createBudget(bytes, availableParallelism() + 1)

/** Files of at most this many bytes are not probed: deflated, they hold at most 8 million pixels of 1 bit. */
const fewBytes = 2 ** 10

/** Estimates, from the header of a picture, the bytes for its input, its result, its golden and their difference. */
export function estimate(path: string | undefined): number {
  if (path === undefined) return 0
  try {
    const { size: bytes } = statSync(path)
    if (bytes <= fewBytes) return bytes * 40
    const { png, size } = probe(path)
    if (png === undefined) return size * 40
    return png.width * png.height * (png.channels * (png.depth / 8) * 4 + 16)
  } catch {
    // a file that cannot be read costs nothing; its comparison reports why
    return 0
  }
}

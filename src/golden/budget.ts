/** Lends out an amount of something; whoever asks waits until there is enough. */
export type Budget = {
  /** Runs `use` when `amount` is free. An amount beyond the whole budget runs alone. */
  within<T>(amount: number, use: () => Promise<T>): Promise<T>
}

/** A budget of so much, for at most `most` users at a time, first come, first served. */
export function createBudget(whole: number, most: number): Budget {
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
    async within(amount, use) {
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

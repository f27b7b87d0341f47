import { createPool, defaultThreads, type Pool } from './pool.ts'

const pools = new Map<number, Pool>()

/** The pool of this process with so many threads, which all users share. */
export function poolOf(threads: number | undefined): Pool {
  const count = threads ?? defaultThreads()
  const pool = pools.get(count) ?? createPool(count)
  pools.set(count, pool)
  return pool
}

/** Ends the worker threads of the shared pools; they start again when they are needed. */
export async function closePools(): Promise<void> {
  await Promise.all([...pools.values()].map((pool) => pool.close()))
}

import { closeOthers } from './closing.ts'
import { createPool, defaultThreads, type Pool } from './pool.ts'

const pools = new Map<number, Pool>()

/** Returns the shared pool of this process for a number of threads. */
export function poolOf(threads: number | undefined): Pool {
  const count = threads ?? defaultThreads()
  const pool = pools.get(count) ?? createPool(count)
  pools.set(count, pool)
  return pool
}

/** Ends the worker threads. They start again when they are needed. */
export async function closePools(): Promise<void> {
  await Promise.all([...[...pools.values()].map((pool) => pool.close()), closeOthers()])
}

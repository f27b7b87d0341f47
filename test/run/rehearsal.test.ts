import { expect, test } from 'vitest'
import type { GraphJob } from '../../src/run/graph-job.ts'
import { rehearse } from '../../src/run/rehearsal.ts'

const job = (scratchBytes: number) => ({ scratchBytes }) as GraphJob
const taking = (bytes: number, threads: number) =>
  rehearse(threads, ({ run }) => run(job(bytes), new Array(4), () => undefined))

test('scratch memory of all threads counts, and not twice for the next job', async () => {
  const { strips } = await rehearse(2, async ({ run }) => {
    for (let i = 0; i < 3; i++) await run(job(2 ** 20), new Array(4), () => undefined)
  })
  expect(strips).toBeGreaterThanOrEqual(2 ** 21)
  expect(strips).toBeLessThan(2 ** 22)
})

test('what a run would have no memory for is refused before it begins', async () => {
  await expect(taking(3 * 2 ** 30, 1)).resolves.toBeDefined()
  await expect(taking(3 * 2 ** 30, 2)).rejects.toMatchObject({ code: 'E_TOO_LARGE' })
})

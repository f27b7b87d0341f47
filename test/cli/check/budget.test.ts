import { expect, it } from 'vitest'
import { createBudget } from '../../../src/golden/budget.ts'

it('never lends more than there is, but to one who needs more than all; everybody gets a turn', async () => {
  const budget = createBudget(10, 3)
  const amounts = [4, 4, 4, 25, 1, 1, 1, 1, 10, 0, 3]
  let [used, users, mostUsers] = [0, 0, 0]
  const order: number[] = []
  await Promise.all(
    amounts.map((amount, i) =>
      budget.within(amount, async () => {
        used += amount
        users++
        mostUsers = Math.max(mostUsers, users)
        expect(used <= 10 || users === 1).toBe(true)
        expect(users).toBeLessThanOrEqual(3)
        await new Promise((done) => setTimeout(done, (i * 7) % 5))
        order.push(i)
        used -= amount
        users--
      }),
    ),
  )
  expect(order.sort((a, b) => a - b)).toEqual(amounts.map((_, i) => i))
  expect(mostUsers).toBe(3)
})

it('gives back what a failed use held', async () => {
  const budget = createBudget(1, 1)
  await expect(budget.within(1, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await budget.within(1, async () => 'free')).toBe('free')
})

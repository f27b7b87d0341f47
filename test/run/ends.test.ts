import { expect, test } from 'vitest'
import { programs, runProgram } from '../ends.ts'

test.each(Object.entries(programs))('a program that %s ends by itself', async (_, { code, body }) => {
  const ended = await runProgram(body)
  expect(ended.code, ended.errors).toBe(code)
})

import { writeFileSync } from 'node:fs'
import { ConvoError } from '../../src/error.ts'
import type { Target } from './targets.ts'

/** A target that fails in known ways, to test the fuzzer. */
export const self: Target = {
  weight: 0,
  tokens: ['throw', 'refuse'],
  prepare: async () => [{ ext: '.txt', bytes: Buffer.from('th row') }],
  async take(bytes) {
    const text = Buffer.from(bytes).toString()
    if (text.includes('throw')) throw new TypeError('thrown')
    if (text === 'refuse') throw new ConvoError('E_USAGE', 'refused')
    if (text === 'bug') throw new ConvoError('E_INTERNAL', 'a bug')
    if (text === 'reject') void Promise.reject(new Error('nobody listens'))
    if (text === 'stray') writeFileSync('../outside/stray', '')
    if (text === 'die') process.kill(process.pid, 'SIGSEGV')
    if (text === 'memory') Buffer.alloc(1.2 * 2 ** 30, 1)
    while (text === 'hang');
    await new Promise((done) => setTimeout(done))
  },
}

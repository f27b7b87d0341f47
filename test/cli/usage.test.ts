import { describe, expect, it } from 'vitest'
import { convo } from './convo.ts'
import { refused } from './usage.ts'

describe('a command line that cannot be', () => {
  it.each(refused)('convo %j', async (line, stderr) => {
    expect(await convo(line)).toMatchObject({ status: 2, stdout: '', stderr })
    expect(stderr).toMatch(/\n {2}try: (convo|quote|remove) /)
  })
})

describe('a command line that may look wrong', () => {
  // the input is missing on purpose: if that is the only error, the line was understood
  const understood = [
    ['--bias -3', ['--bias', '-3']],
    ['--bias=-3', ['--bias=-3']],
    ['-k with a leading minus', ['-k', '-1 0 1']],
    ['--kernel with a leading minus', ['--kernel', '-1 0 1']],
    ['--anchor 0,0', ['-k', '1 1', '--anchor', '0,0']],
    ['--fill 0 with a constant border', ['--border', 'constant', '--fill', '0']],
    ['--kernel= with a leading minus', ['--kernel=-1 0 1']],
    ['a fraction with a leading minus', ['--bias', '-.5']],
    ['an alias of a border', ['--border', 'edge']],
    ['the same value twice', ['--bias', '1', '--bias', '1']],
  ] as const
  it.each(understood)('%s', async (_, words) => {
    const kernel = words.some((word) => /^(-k|--kernel)(=|$)/.test(word)) ? [] : ['-k', 'sharpen']
    const { status, stderr } = await convo(['conv2d', 'none.png', 'b.png', ...kernel, ...words])
    expect(stderr).toContain('there is no file none.png   [E_INPUT]')
    expect(status).toBe(2)
  })
  it('takes file names that begin with a minus behind --', async () => {
    const { status, stderr } = await convo(['sobel', '--gray', '--', '-none.png', '-b.png'])
    expect(stderr).toContain('there is no file -none.png   [E_INPUT]')
    expect(status).toBe(2)
  })
})

import { describe, expect, it } from 'vitest'
import { scratch } from '../convo.ts'
import { atTerminal, hasTerminals } from '../pseudo-terminal.ts'

describe.skipIf(!hasTerminals)('messages at a terminal (needs script)', () => {
  const here = scratch('scene.png')
  const lines = async (...args: string[]) =>
    (await atTerminal(args, { cwd: here.path(), columns: 60, env: { NO_COLOR: '1' } })).text.split('\n')

  it('notes are wrapped to its width', async () => {
    const [first = '', second = ''] = await lines('laplacian', 'scene.png', 'out.png')
    expect(first).toMatch(/^note: .* clipped/)
    expect(first.length).toBeLessThanOrEqual(60)
    expect(second).toMatch(/^ {6}\S/)
  })

  it('errors are wrapped, and what to try is not', async () => {
    const text = await lines(
      'separable',
      'scene.png',
      'out.png',
      '--kernel',
      'laplacian',
      '--gray',
      '--range',
      'offset',
    )
    const fixes = text.filter((line) => line.startsWith('  try: '))
    expect(text[0]).toMatch(/^error: /)
    expect(fixes).toHaveLength(1)
    for (const line of text) if (!fixes.includes(line)) expect(line.length).toBeLessThanOrEqual(60)
  })
})

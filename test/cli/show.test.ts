import { readFileSync } from 'node:fs'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { convo, scratch } from './convo.ts'

const here = scratch()
const show = (...args: string[]) => convo(['show', ...args], { cwd: here.path(), env: { NO_COLOR: '1' } })

describe('show', () => {
  test('prints the numbers where there is no terminal, without colours', async () => {
    const { status, stdout } = await show('sobel-x')
    expect(status).toBe(0)
    expect(stdout).not.toContain('\x1b')
    const rows = stdout.split('\n').map((line) => line.trim().split(/\s+/).join(' '))
    expect(rows).toEqual(expect.arrayContaining(['−1 0 1', '−2 0 2']))
    expect(stdout).toMatch(/3×3 · sum 0 · scale 1 · rank 1/)
  })

  test('draws an SVG that speaks of nothing outside, and a PNG of it', async () => {
    expect((await show('gaussian:sigma=2', 'k.svg')).status).toBe(0)
    const svg = readFileSync(here.path('k.svg'), 'utf8')
    expect(svg).toMatch(/^<svg[\s\S]*<\/svg>\s*$/)
    expect(svg).not.toMatch(/(href|src)="(?!data:)/)
    expect((await show('gaussian:sigma=2', 'k.png')).status).toBe(0)
    const { width, height } = await sharp(here.path('k.png')).metadata()
    expect([width! > 300, height! > 200]).toEqual([true, true])
  })

  test('shows every filter of a bank, tensors by name, and what is written out', async () => {
    const bank = await show('layers.safetensors#edges.weight', 'bank.png')
    expect([bank.status, bank.stderr]).toEqual([0, ''])
    expect((await show('0 -1 0; -1 5 -1; 0 -1 0')).stdout).toMatch(/5/)
    expect((await show('<script>')).status).toBe(2)
  })

  test('refuses what is no kernel, with a suggestion', async () => {
    const { status, stderr } = await show('sobel-z', 'k.png')
    expect([status, stderr]).toEqual([2, expect.stringMatching(/E_NAME[\s\S]*try: /)])
    expect((await show('sobel-x', 'k.jpeg2000')).status).toBe(2)
  })
})

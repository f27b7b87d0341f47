import { readFileSync, writeFileSync } from 'node:fs'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { namedKernels } from '../../src/filters/names.ts'
import { loadKernel } from '../../src/kernel/source.ts'
import { applyTo, factorsOf, scene } from '../../src/teach/show/effect.ts'
import { factsOfKernel } from '../../src/teach/show/facts.ts'
import { drawKernel } from '../../src/teach/show/show.ts'
import { filterPicture } from '../oracle.ts'
import { convo, scratch } from './convo.ts'
import { troubles } from './drawn-text.ts'

const here = scratch('scene.png')
const show = (...args: string[]) => convo(['show', ...args], { cwd: here.path() })

describe('show', () => {
  test('prints the numbers where there is no terminal, without colours', async () => {
    const { status, stdout } = await show('sobel-x')
    expect(status).toBe(0)
    expect(stdout).not.toContain('\x1b')
    const rows = stdout.split('\n').map((line) => line.trim().split(/\s+/).join(' '))
    expect(rows).toEqual(expect.arrayContaining(['−1 0 1', '−2 0 2']))
    expect(stdout).toMatch(/3x3 · sum 0 · scale 1 · rank 1/)
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

  test('every named kernel and every kernel file: all texts are on the page, and none lies over another', async () => {
    const listed = JSON.parse((await convo(['list', 'kernels', '--json'])).stdout) as { name: string }[]
    expect(listed.length).toBeGreaterThan(60)
    for (const { name } of listed) {
      const source = await aKernelOf(name)
      const kernel = await loadKernel(source, { names: namedKernels })
      expect([name, troubles(drawKernel(kernel, factsOfKernel(kernel, source)))]).toEqual([name, []])
    }
  })

  test('tries a long kernel by its factors, with the sums of the whole', () => {
    const [column, row] = [Float64Array.from({ length: 21 }, (_, i) => i - 3), [2, -1, 0, 5, 1, 1, -4]]
    const weights = Float64Array.from({ length: 147 }, (_, i) => column[Math.floor(i / 7)]! * row[i % 7]!)
    const plane = { label: '', height: 21, width: 7, weights }
    const how = { scale: 3, offset: 10, anchor: [2, 5] as const }
    const picture = scene(40)
    const { data } = applyTo(picture, plane, how)
    const want = filterPicture(
      { shape: [1, 40, 40], data: picture.data },
      { shape: [21, 7], data: weights },
      { border: 'replicate', anchor: [2, 5] },
    )
    for (const [i, v] of want.data.entries()) expect(data[i]).toBeCloseTo(v / 3 + 10, 6)
    expect(factorsOf({ ...plane, weights: weights.map((w, i) => (i === 5 ? w + 1 : w)) })).toBeUndefined()
  })

  test('tries a kernel on a photograph, and says when there is none', async () => {
    expect((await show('sharpen', 'made.svg')).status).toBe(0)
    expect((await show('sharpen', 'photo.svg', '--photo', 'scene.png')).status).toBe(0)
    expect(readFileSync(here.path('photo.svg'), 'utf8')).not.toBe(readFileSync(here.path('made.svg'), 'utf8'))
    const { status, stderr } = await show('sharpen', 'photo.png', '--photo', 'none.png')
    expect([status, stderr]).toEqual([2, expect.stringContaining('there is no file none.png')])
  })

  test('refuses what is no kernel, with a suggestion', async () => {
    const { status, stderr } = await show('sobel-z', 'k.png')
    expect([status, stderr]).toEqual([2, expect.stringMatching(/E_NAME[\s\S]*try: /)])
    expect((await show('sobel-x', 'k.jpeg2000')).status).toBe(2)
  })

  test('refuses a damaged photograph, and one for which there is no drawing', async () => {
    const jpeg = await sharp({ create: { width: 300, height: 200, channels: 3, background: 'teal' } })
      .jpeg()
      .toBuffer()
    writeFileSync(here.path('half.jpg'), jpeg.subarray(0, jpeg.length / 2))
    const damaged = await show('sobel-x', 'k.png', '--photo', 'half.jpg')
    expect([damaged.status, damaged.stderr]).toEqual([2, expect.stringContaining('E_DECODE')])
    const idle = await show('sobel-x', '--photo', 'half.jpg')
    expect([idle.status, idle.stderr]).toEqual([2, expect.stringContaining('--photo needs a drawing')])
  })
})

/** Returns a name for exactly one kernel: for a file with several, the name of its first. */
async function aKernelOf(name: string): Promise<string> {
  try {
    await loadKernel(name, { names: namedKernels })
    return name
  } catch (error) {
    const { fix } = error as { fix?: string }
    return fix ?? name
  }
}

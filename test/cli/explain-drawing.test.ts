import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { kernel } from '../../src/kernel/kernel.ts'
import { explained } from '../../src/operators/explain.ts'
import { resolve } from '../../src/params.ts'
import { type Operation, operations, sampleKernel } from '../../src/picture/operations.ts'
import { convo, scratch } from './convo.ts'
import { textsOf, troubles } from './drawn-text.ts'

const here = scratch('scene.png', 'volume.tif')
const bank = join(import.meta.dirname, '../../kernels/layers.safetensors#edges.weight')
const explain = (...args: string[]) => convo(['explain', ...args], { cwd: here.path() })
const drawn = async (...args: string[]) => {
  const { status, stdout, stderr } = await explain(...args, '--svg', '-')
  expect([status, stderr]).toEqual([0, ''])
  return stdout
}
const wordsOf = (svg: string) => textsOf(svg).map(({ content }) => content)

const filters = Object.values(operations).filter((o) => o.kind === 'filter')
const weighted = new Set<Operation>()
for (const filter of filters) {
  const given = filter.kernel === 'required' ? kernel([1, 3], [1, 2, 1]) : undefined
  const values = resolve(filter.params, {})
  const step = await filter.build({ values, kernel: given, settings: {}, channels: 3, full: 255 })
  if (step.kernels !== undefined) weighted.add(filter)
}
const hasKernels = (filter: Operation) => weighted.has(filter)

describe('explain --svg', () => {
  const withKernel = (filter: Operation) => [
    filter.name,
    'scene.png',
    ...(filter.kernel === 'required' ? sampleKernel(filter) : []),
  ]

  test.each([
    ...filters.filter(hasKernels).map(withKernel),
    ...explained.filter((name) => name !== 'conv3d').map((name) => [name, '--input', '4x9x12']),
    ['conv3d', 'volume.tif'],
    ['conv2d', 'scene.png', '--kernel', bank],
    ['conv2d', 'scene.png', '--kernel', 'sharpen'],
    ['conv2d', '--input', '1x2000x3', '--size', '3,1'],
    ['conv2d', '--input', '1x1x1', '--size', '1'],
    ['conv2d', '--input', '512x999999x999999', '--filters', '4096', '--size', '31'],
    ['gaussian', 'scene.png', '--sigma', '60', '--stride', '7'],
    ['transposed', 'scene.png', '--stride', '3'],
    ['dilated', '--input', '8x40x40', '--dilation', '4', '--filters', '16'],
  ])('%s %s %s %s %s: all texts are on the page, and none lies over another', async (...args) => {
    const svg = await drawn(...args)
    expect(svg).toMatch(/^<svg[\s\S]*<\/svg>\n$/)
    expect(svg).not.toMatch(/NaN|undefined|Infinity/)
    expect(troubles(svg)).toEqual([])
    await sharp(Buffer.from(svg)).png().toBuffer()
  })

  test.each(filters.filter((filter) => !hasKernels(filter)).map(withKernel))(
    '%s has no kernels to draw',
    async (name, ...args) => {
      const { status, stdout, stderr } = await explain(name!, ...args, '--svg', '-')
      expect([status, stdout]).toEqual([2, ''])
      expect(stderr).toContain(`${name} has no kernels to draw`)
      expect(stderr).toContain(`try: convo explain ${[name, ...args].join(' ')}\n`)
    },
  )

  test('shows the shapes and the counts against the plain convolution, and with --verbose the strips', async () => {
    const words = wordsOf(await drawn('depthwise-separable', '--input', '16x56x56', '--filters', '32', '-v'))
    expect(words).toEqual(
      expect.arrayContaining([
        ...['16x56x56', '16x54x54', '32x54x54', '656 = 16·1·3·3 + 32·16·1', '4,608', '13,436,928'],
        ...['strips: bank', 'depthwise', 'pointwise'],
      ]),
    )
    const filter = wordsOf(await drawn('sobel', 'scene.png', '-v'))
    expect(filter).toEqual(expect.arrayContaining(['strips: integer', '−2', 'combined by magnitude']))
    expect(filter.some((line) => line.startsWith('6 strips of 70 rows of the output'))).toBe(true)
    expect((await drawn('sobel', 'scene.png')).includes('strips')).toBe(false)
  })

  test('is written beside what is printed, as SVG or PNG', async () => {
    const plain = await explain('sobel', 'scene.png')
    const { status, stdout } = await explain('sobel', 'scene.png', '--svg', 'e.svg')
    expect([status, stdout]).toEqual([0, plain.stdout])
    expect(readFileSync(here.path('e.svg'), 'utf8')).toBe(await drawn('sobel', 'scene.png'))
    const json = await explain('sobel', 'scene.png', '--json', '--svg', 'e.png')
    expect(JSON.parse(json.stdout).operation).toBe('sobel')
    expect((await sharp(here.path('e.png')).metadata()).width).toBe(960)
  })

  test('is refused into other files', async () => {
    const { status, stdout, stderr } = await explain('sobel', 'scene.png', '--svg', 'e.jpg')
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/E_OUTPUT[\s\S]*try: convo explain .* e\.png/)
    expect(existsSync(here.path('e.jpg'))).toBe(false)
    const both = await explain('sobel', 'scene.png', '--svg', '-', '--json')
    expect([both.status, both.stderr]).toEqual([
      2,
      expect.stringContaining('cannot both go to standard output'),
    ])
  })
})

describe('the strips that are reported', () => {
  test('are those that a bank runs in', async () => {
    const e = JSON.parse((await explain('grouped', '--input', '6x200x100', '--groups', '3', '--json')).stdout)
    expect(e.strips).toMatchObject({ rows: 64, count: Math.ceil(198 / 64) })
  })
})

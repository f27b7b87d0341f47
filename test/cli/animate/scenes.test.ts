import { describe, expect, it } from 'vitest'
import { formatError } from '../../../src/error.ts'
import { sceneOf } from '../../../src/teach/animate/animate.ts'
import { layOut, type TextBox } from '../../../src/teach/animate/layout.ts'
import { equals, type Panel, type Scene, show, sumLine } from '../../../src/teach/animate/scene.ts'
import { noise } from '../../../src/teach/animate/settings.ts'
import { textWidth } from '../../../src/teach/draw/measure.ts'
import { animations } from '../../../src/teach/operators/index.ts'
import * as oracle from '../../oracle.ts'

const names = Object.keys(animations)

/** Returns the panel that comes `n` panels before the end of a frame. */
function panel(scene: Scene, frame: number, n: number): Panel {
  const panels = scene.frames.at(frame)!.parts.filter((part) => part.kind === 'panel')
  return panels.at(n)!
}
const numbers = ({ planes }: Panel) =>
  planes.map(({ cells }) =>
    cells.filter(({ mark }) => mark !== 'pad' && mark !== 'cut').map(({ value }) => value),
  )
const last = (scene: Scene, n: number) => numbers(panel(scene, -1, n))
const grid = (planes: readonly (number | undefined)[][], ...shape: number[]): oracle.Grid => ({
  shape,
  data: Float64Array.from(planes.flat(), (v) => v!),
})

describe('numbers', () => {
  it('conv2d is the classic example', async () => {
    const scene = await sceneOf('conv2d')
    expect(last(scene, -1)).toEqual([[4, 3, 4, 2, 4, 3, 2, 3, 4]])
    expect(scene.frames[0]!.caption).toEqual(['1·1 = 1'])
    expect(scene.frames[8]!.caption).toEqual(['1·1 + 1·0 + 1·1 + 0·0 + 1·1 + 1·0 + 0·1 + 0·0 + 1·1 = 4'])
    expect(scene.title).toBe('conv2d: 5x5 ∗ 3x3 → 3x3')
  })
  it('several channels give the sum of the textbook', async () => {
    const scene = await sceneOf('multi-channel')
    expect(last(scene, -1)).toEqual([[38, 29, 27, 19, 17, 26, 29, 9, 36]])
    expect(scene.frames[2]!.caption.at(-1)).toBe('15 + 11 + 12 = 38')
  })
  it('128 filters: three are drawn', async () => {
    const scene = await sceneOf('multi-channel', { size: '7', filters: '128' })
    expect(scene.title).toBe('multi-channel: 3x7x7 ∗ 128 filters 3x3x3 → 128x5x5')
    expect(panel(scene, -1, -1).planes).toHaveLength(3)
  })
  it.each([
    ['conv2d', { stride: '2', padding: '1', size: '6,7' }, { stride: 2, padding: 1, dilation: 1 }],
    ['conv2d', { dilation: '2', padding: '2' }, { stride: 1, padding: 2, dilation: 2 }],
    ['multi-channel', { padding: '1' }, { stride: 1, padding: 1, dilation: 1 }],
    ['dilated', { dilation: '2', size: '7' }, { stride: 1, padding: 0, dilation: 2 }],
  ])('%s %j is what the oracle computes', async (name, given, { stride, padding, dilation }) => {
    const scene = await sceneOf(name, given)
    const [x, k] = [panel(scene, -1, 0), panel(scene, -1, 1)]
    // the padding is drawn with the input, so the oracle runs without padding
    const whole = x.planes.map(({ cells }) => cells.map(({ value }) => value))
    const { rows, columns } = x.planes[0]!
    const edge = x.planes[0]!.cells.slice(0, columns * padding)
    expect(edge.every(({ value }) => value === 0)).toBe(true)
    const [kH, kW] = [k.planes[0]!.rows, k.planes[0]!.columns]
    const want = oracle.correlate(
      grid(whole, whole.length, rows, columns),
      grid(numbers(k), 1, whole.length, kH, kW),
      { stride: [stride, stride], dilation: [dilation, dilation] },
    )
    expect(last(scene, -1).flat()).toEqual(Array.from(want.data))
  })
  it.each(names.filter((name) => name !== 'transposed' && name !== 'maxpool'))(
    '%s: the cells under the kernel times their weights are the sum that is written',
    async (name) => {
      const scene = await sceneOf(name)
      let checked = 0
      for (const { parts } of scene.frames) {
        const panels = parts.filter((part) => part.kind === 'panel')
        const read = panels.findLast(({ planes }) =>
          planes.some(({ cells }) => cells.some((c) => c.mark === 'window')),
        )
        const written = panels.findLast(({ planes }) =>
          planes.some(({ cells }) => cells.some((c) => c.mark === 'now')),
        )
        if (read === undefined || written === undefined || read === written || written.tone === 'input')
          continue
        const weighted = (cells: Panel['planes'][number]['cells']) =>
          cells.reduce(
            (sum, { value, corner }) => sum + (corner ? value! * Number(corner.replace('−', '-')) : 0),
            0,
          )
        const sums = read.planes.map(({ cells }) => weighted(cells))
        if (name === 'unpool' && written.tone !== 'output') continue
        const got = written.planes.flatMap(({ cells }) =>
          cells.filter((c) => c.mark === 'now').map(({ value }) => value),
        )
        // an involution writes all its channels at once, the others one sum over everything they read
        expect(got).toEqual(name === 'involution' ? sums : [sums.reduce((a, b) => a + b, 0)])
        checked++
      }
      expect(checked).toBeGreaterThan(8)
    },
  )
  it('separable: two passes give what the whole kernel gives', async () => {
    const scene = await sceneOf('separable')
    const x = grid(last(scene, 0), 1, 5, 5)
    const w = grid([[-1, 0, 1, -2, 0, 2, -1, 0, 1]], 1, 1, 3, 3)
    expect(last(scene, -1).flat()).toEqual(Array.from(oracle.correlate(x, w).data))
    expect(scene.formula).toBe('(1 2 1)ᵀ × (−1 0 1): 3 + 3 = 6 weights instead of 9')
  })
  it('transposed: 2x2 with 4x4 and stride 3 gives 7x7, and the sums add up', async () => {
    const scene = await sceneOf('transposed')
    const [x, k, y] = [last(scene, 0).flat(), last(scene, 1).flat(), last(scene, 2).flat()]
    expect(y).toHaveLength(49)
    const total = (list: (number | undefined)[]) => list.reduce<number>((a, b) => a + b!, 0)
    expect(total(y)).toBe(total(x) * total(k))
    // all four input samples contribute to the middle
    expect(y[24]).toBe(x[0]! * k[15]! + x[1]! * k[12]! + x[2]! * k[3]! + x[3]! * k[0]!)
    expect(scene.frames[1]!.caption[1]).toMatch(/^overlaps sum: /)
  })
  it.each([
    [{}, { stride: 3, pad: 0, dilation: 1 }],
    [
      { size: '3,2', stride: '2', padding: '1', 'kernel-size': '3' },
      { stride: 2, pad: 1, dilation: 1 },
    ],
    [
      { size: '3', stride: '1', dilation: '2', 'kernel-size': '3,2' },
      { stride: 1, pad: 0, dilation: 2 },
    ],
    [
      { size: '2,3', stride: '2', dilation: '3', padding: '2' },
      { stride: 2, pad: 2, dilation: 3 },
    ],
  ])('transposed %j is what the oracle computes, places that nothing paints left empty', async (given, o) => {
    const scene = await sceneOf('transposed', given)
    const [x, k] = [panel(scene, -1, 0).planes[0]!, panel(scene, -1, 1).planes[0]!]
    const want = oracle.convTranspose(
      grid([x.cells.map(({ value }) => value)], 1, x.rows, x.columns),
      grid([k.cells.map(({ value }) => value)], 1, 1, k.rows, k.columns),
      {
        stride: [o.stride, o.stride],
        dilation: [o.dilation, o.dilation],
        pads: [
          [o.pad, o.pad],
          [o.pad, o.pad],
        ],
      },
    )
    expect(
      last(scene, -1)
        .flat()
        .map((v) => v ?? 0),
    ).toEqual(Array.from(want.data))
    expect(scene.title).toContain(`→ ${want.shape.slice(1).toReversed().join('x')}`)
    expect(scene.formula).toContain(`= ${want.shape[1]}`)
    expect(scene.formula).toContain(`= ${want.shape[2]}`)
  })
  it('conv3d and grouped are what the oracle computes', async () => {
    const volume = await sceneOf('conv3d', { size: '4,5,6' })
    const all = (list: (number | undefined)[][]) => [list.flat()]
    const want = oracle.correlate(
      grid(all(last(volume, 0)), 1, 4, 5, 6),
      grid(all(last(volume, 1)), 1, 1, 3, 3, 3),
    )
    expect(last(volume, -1).flat()).toEqual(Array.from(want.data))
    const groups = await sceneOf('grouped', {
      channels: '4',
      filters: '2',
      groups: '2',
      stride: '2',
      size: '5',
    })
    // each filter is shown while it is used, so the first of two is shown in the first half
    const kernels = [0, -1].flatMap((f) => numbers(panel(groups, f, 1)))
    const banked = oracle.correlate(grid(last(groups, 0), 4, 5, 5), grid(all(kernels), 2, 2, 3, 3), {
      groups: 2,
      stride: [2, 2],
    })
    expect(last(groups, -1).flat()).toEqual(Array.from(banked.data))
  })
  it('the formula says what a plain convolution would take', async () => {
    expect((await sceneOf('depthwise')).formula).toMatch(
      /; weights 27 instead of 81 for a plain convolution$/,
    )
    expect((await sceneOf('depthwise-separable')).formula).toBe(
      'weights 27 + 6 = 33 instead of 54 for a plain convolution',
    )
  })

  it('the formula tells both sizes where they differ', async () => {
    const { formula } = await sceneOf('conv2d', { size: '5,9', 'kernel-size': '3,2' })
    expect(formula).toContain('height (5 − 3) / 1 + 1 = 3, width (9 − 2) / 1 + 1 = 8')
    expect((await sceneOf('conv2d')).formula).toContain(': size (5 − 3) / 1 + 1 = 3;')
  })
  it.each([
    [{}, [2, 2], 2],
    [{ size: '5', 'kernel-size': '3', stride: '1' }, [3, 3], 1],
    [{ size: '7,5', 'kernel-size': '3,2', stride: '2' }, [3, 2], 2],
  ])('maxpool %j is what the oracle pools, with its switches', async (given, kernel, stride) => {
    const scene = await sceneOf('maxpool', given)
    const [x, maxima] = [panel(scene, -1, 0).planes[0]!, panel(scene, -1, 1).planes[0]!]
    const want = oracle.maxPool(grid([x.cells.map(({ value }) => value)], 1, x.rows, x.columns), {
      kernel,
      stride: [stride, stride],
    })
    expect(maxima.cells.map(({ value }) => value)).toEqual(Array.from(want.output.data))
    expect(maxima.cells.map(({ corner }) => corner)).toEqual(Array.from(want.indices.data, (i) => `#${i}`))
    for (const { parts } of scene.frames) {
      const [read] = parts.filter((part) => part.kind === 'panel')
      const seen = read!.planes[0]!.cells.filter(({ mark }) => mark !== undefined)
      expect(seen).toHaveLength(kernel[0]! * kernel[1]!)
      const chosen = seen.filter(({ mark }) => mark === 'now')
      expect(chosen.map(({ value }) => value)).toEqual([Math.max(...seen.map(({ value }) => value!))])
    }
  })
  it('unpooling puts every maximum back at its position', async () => {
    const scene = await sceneOf('unpool')
    const x = last(scene, 0)[0]!
    const up = panel(scene, 7, 2).planes[0]!.cells.filter(({ mark }) => mark !== 'pad')
    const kept = up.map(({ value }) => value!)
    const maxima = [0, 1, 4, 5].map((k) => {
      const at = (k > 1 ? 8 : 0) + (k % 2) * 2
      return Math.max(x[at]!, x[at + 1]!, x[at + 4]!, x[at + 5]!)
    })
    expect(kept.filter((v) => v !== 0).sort()).toEqual(maxima.sort())
    for (const [i, v] of kept.entries()) if (v !== 0) expect(x[i]).toBe(v)
  })
  it.each([
    [{}, { size: [4, 4], channels: 2, stride: 1, groups: 1, dilation: 1 }],
    [
      { size: '5,4', stride: '2' },
      { size: [5, 4], channels: 2, stride: 2, groups: 1, dilation: 1 },
    ],
    [
      { channels: '4', groups: '2', size: '3', dilation: '2' },
      { size: [3, 3], channels: 4, stride: 1, groups: 2, dilation: 2 },
    ],
  ])('involution %j is what the oracle computes', async (given, { size, channels, ...how }) => {
    const scene = await sceneOf('involution', given)
    const sizes = { ...how, kernelSize: 3 }
    // the samples without the padding, which is as wide as the reach of the kernel
    const inside = panel(scene, -1, 0).planes.map(({ cells, columns }) =>
      cells
        .filter((_, k) => {
          const [y, column] = [Math.floor(k / columns) - how.dilation, (k % columns) - how.dilation]
          return y >= 0 && y < size[0]! && column >= 0 && column < size[1]!
        })
        .map(({ value }) => value),
    )
    const x = grid(inside, channels, ...size)
    const generator = {
      reduceWeight: grid([Array.from({ length: channels }, () => 1)], 1, channels, 1, 1),
      spanWeight: noise([how.groups * 9, 1, 1, 1], -1, 1),
    }
    const kernels = oracle.involutionKernel(x, generator, sizes)
    const want = oracle.involutionApply(x, kernels, sizes)
    expect(last(scene, -1).flat()).toEqual(Array.from(want.data))
    const places = want.shape[1]! * want.shape[2]!
    expect(scene.frames).toHaveLength(places)
    for (const [f] of scene.frames.entries()) {
      const shown = numbers(panel(scene, f, 1)).flat()
      expect(shown).toEqual(Array.from({ length: shown.length }, (_, t) => kernels.data[t * places + f]))
    }
  })
  it('involution: the kernel changes with the pixel', async () => {
    const scene = await sceneOf('involution')
    const kernels = scene.frames.map((_, f) => numbers(panel(scene, f, 1)).join())
    expect(new Set(kernels).size).toBeGreaterThan(2)
  })
  it.each(names)(
    '%s: what a frame writes is what the last one holds, and what its sum says',
    async (name) => {
      const scene = await sceneOf(name)
      for (const [f, frame] of scene.frames.entries()) {
        if (name === 'transposed' || name === 'dilated') break
        const end = last(scene, -1)
        panel(scene, f, -1).planes.forEach(({ cells }, p) => {
          for (const [k, { value, mark }] of cells.entries()) {
            if (value !== undefined && mark === undefined) expect(value).toBe(end[p]![k])
          }
        })
        expect(frame.caption.length).toBeGreaterThan(0)
      }
      for (const line of scene.frames.flatMap(({ caption }) => caption)) {
        const sum = /^(?:[a-z]+ \d+: )?([−\d·()+ ]+) = (−?\d+)$/.exec(line)
        if (sum === null) continue
        const value = (word: string) => Number(word.replaceAll('−', '-').replace(/[()]/g, ''))
        const terms = sum[1]!.split(' + ').map((term) =>
          term
            .split('·')
            .map(value)
            .reduce((a, b) => a * b, 1),
        )
        expect(terms.reduce((a, b) => a + b, 0)).toBe(value(sum[2]!))
      }
    },
  )
  it('says so where a number is not shown whole', () => {
    expect(sumLine([[1, 0.1234]], 0.1234)).toBe('1·0.12 ≈ 0.12')
    expect(equals(1, 0.5)).toBe('=')
    expect(show(-2)).toBe('−2')
  })
})

describe('layout', () => {
  it.each([
    ...names.map((name) => [name, {}] as const),
    ['multi-channel', { size: '7', filters: '128' }] as const,
    ['conv2d', { size: '12', padding: '2', kernel: 'gaussian:sigma=0.6' }] as const,
    ['conv2d', { size: '1', 'kernel-size': '1' }] as const,
    ['grouped', { channels: '6', groups: '6', filters: '6', 'kernel-size': '1' }] as const,
    ['conv3d', { padding: '1', size: '2,3,4' }] as const,
    ['transposed', { padding: '1', size: '3', stride: '2' }] as const,
    ['involution', { 'kernel-size': '5' }] as const,
    ['involution', { stride: '2', groups: '2', size: '5', channels: '4' }] as const,
    ['maxpool', { size: '7,5', 'kernel-size': '3,2', stride: '2' }] as const,
  ])('%s %j: no text lies on another, leaves its cell or the picture', async (name, given) => {
    const { width, height, frames } = layOut(await sceneOf(name, given))
    for (const boxes of frames) {
      const texts = boxes.filter((box): box is TextBox => box.kind === 'text')
      const bounds = texts.map(textBounds)
      for (const [i, [left, top, right, bottom]] of bounds.entries()) {
        expect(left >= 0 && top >= 0 && right <= width && bottom <= height, texts[i]!.content).toBe(true)
        const other = bounds.findIndex(
          (b, k) =>
            k > i && left < b[2] - 0.01 && b[0] < right - 0.01 && top < b[3] - 0.01 && b[1] < bottom - 0.01,
        )
        expect(other < 0 ? '' : `${texts[i]!.content} | ${texts[other]!.content}`).toBe('')
      }
      const cells = boxes.filter((box) => box.kind === 'cell')
      expect(texts.filter(({ size }) => size < 5).map(({ content }) => content)).toEqual([])
      expect(cells.length).toBeGreaterThan(0)
    }
  })
})

/** The width of the column in which web pages show a README. */
const pageWidth = 830

describe('at the size at which a page shows it', () => {
  it.each(names)('%s: numbers of 8 pixels and more can be read', async (name) => {
    const { width, frames } = layOut(await sceneOf(name))
    const scale = Math.min(1, pageWidth / width)
    const texts = frames.flat().filter((box): box is TextBox => box.kind === 'text')
    const small = texts.filter(({ size, role }) => size * scale < (role === 'corner' ? 7 : 8))
    expect(small.map(({ content, size }) => `${content} ${size}`)).toEqual([])
  })
})

describe('refused', () => {
  it.each([
    ['conv2', {}, 'there is no animation of "conv2"'],
    ['conv2d', { size: '13' }, '--size must be from 1 to 12, got 13'],
    ['conv2d', { size: '2' }, 'the kernel is larger than the padded input in height: 3 against 2'],
    ['conv3d', { groups: '2' }, '--groups does not apply to the animation of conv3d'],
    ['conv2d', { dilation: '1,2' }, '--dilation must be one number, got 1,2'],
    ['conv2d', { kernel: '1 2', 'kernel-size': '3' }, '--kernel and --kernel-size cannot be used together'],
    ['conv2d', { kernel: 'gaussian:sigma=9' }, '--kernel must be at most 7 wide and high'],
    ['grouped', { groups: '3' }, 'groups 3 do not divide the 4 input channels'],
    ['separable', { kernel: '1 0; 0 1' }, 'rank'],
    ['unpool', { size: '5' }, '--size must be a multiple of the windows of 2x2, got 5,5'],
    ['unpool', { size: '4', stride: '3' }, '--size must be a multiple of the windows of 3x3'],
    ['involution', { 'kernel-size': '2' }, '--kernel-size of an involution must be one odd number'],
    ['transposed', { padding: 'same' }, '--padding of a transposed convolution must be a number'],
    ['multi-channel', { size: '12', filters: '9', padding: '2' }, 'frames, and at most 300 are allowed'],
  ])('%s %j', async (name, given, message) => {
    const told = await sceneOf(name, given).then(
      () => 'nothing',
      (error) => formatError(error),
    )
    expect(told).toContain(message)
  })
})

/** Returns the rectangle that a text needs at most: left, top, right, bottom. */
function textBounds({
  content,
  x,
  y,
  size,
  font,
  anchor,
  role,
}: TextBox): readonly [number, number, number, number] {
  const width = textWidth(content, size, { font, bold: role === 'title' })
  const left = anchor === 'middle' ? x - width / 2 : x
  return [left, y - size * 0.42, left + width, y + size * 0.42]
}

import { describe, expect, it } from 'vitest'
import { referenceEngine as engine } from '../../src/definition/engine.ts'
import { kernel } from '../../src/kernel/kernel.ts'
import { conv2d } from '../../src/operators/conv2d.ts'
import { explained, explainOperator } from '../../src/operators/explain.ts'
import { operators } from '../../src/operators/index.ts'
import { convTranspose2d } from '../../src/operators/transposed.ts'
import { resolve } from '../../src/params.ts'
import { Tensor } from '../../src/tensor/tensor.ts'
import { casesOf, haveCases, listOf, numberOf, wordOf } from '../conformance/cases.ts'
import { fractions, whole } from './tensors.ts'

describe('the examples of the tutorial', () => {
  it('7x7x3 with 128 filters 3x3x3 gives 5x5x128', () => {
    const e = explainOperator('conv2d', [3, 7, 7], { filters: 128, size: 3 })
    expect(e.output).toEqual([128, 5, 5])
    expect(e.parameters).toEqual({ count: 3456, formula: 'O·C·kH·kW', filled: '128·3·3·3' })
    expect(e.multiplications.count).toBe(86400)
    expect(e.sizes[0]!.filled).toBe('floor((7 + 0 − 1·(3 − 1) − 1) / 1) + 1 = 5')
    expect(e.plain).toBeUndefined()
  })

  it('depthwise separable: 656 parameters against 4,608', () => {
    const e = explainOperator('depthwise-separable', [16, 8, 9], { filters: 32, size: 3 })
    expect(e.parameters).toEqual({ count: 656, formula: 'C·m·kH·kW + O·C·m', filled: '16·1·3·3 + 32·16·1' })
    expect(e.plain).toMatchObject({ parameters: 4608 })
    expect(e.plain!.share).toBeCloseTo(656 / 4608, 12)
  })

  it('separable Sobel: 6 numbers for 9', () => {
    const sobel = kernel([3, 3], [-1, 0, 1, -2, 0, 2, -1, 0, 1])
    const e = explainOperator('separable', [1, 6, 7], { kernel: sobel })
    expect(e.parameters).toEqual({ count: 6, formula: 'kH + kW', filled: '3 + 3' })
    expect(e.plain).toMatchObject({ parameters: 9 })
    expect(e.separability).toMatchObject({ rank: 1, isSeparable: true })
    // decomposing 1000x1000 would take minutes
    const large = kernel([1000, 1000], new Float64Array(1e6).map(Math.sin))
    expect(explainOperator('conv2d', [1, 1000, 1000], { kernel: large }).separability).toBe(undefined)
  })

  it('dilated at rate 2: a 3x3 sees 5x5 with 9 weights', () => {
    const e = explainOperator('dilated', [1, 9, 11])
    expect(e.receptiveField).toEqual([5, 5])
    expect(e.parameters.count).toBe(9)
    expect(e.plain).toMatchObject({ parameters: 25 })
  })

  it('transposed: 2x2 with 4x4 and stride 3 gives 7x7', () => {
    const e = explainOperator('transposed', [1, 2, 2], { size: 4, stride: 3 })
    expect(e.output).toEqual([1, 7, 7])
    expect(e.sizes[1]!.filled).toBe('(2 − 1)·3 − 0 + 1·(4 − 1) + 0 + 1 = 7')
  })

  it('grouped: a groups-th of the weights', () => {
    const e = explainOperator('grouped', [6, 9, 8], { filters: 12, groups: 3 })
    expect(e.parameters).toEqual({ count: 216, formula: 'O·C/groups·kH·kW', filled: '12·2·3·3' })
    expect(e.plain!.share).toBeCloseTo(1 / 3, 12)
  })

  it('involution: C·R + R·K·K·G weights, blocks of the stride', () => {
    const e = explainOperator('involution', [16, 9, 11], { size: 7, groups: 4, stride: 2 })
    expect(e.output).toEqual([16, 4, 5])
    expect(e.parameters).toEqual({
      count: 4 * 16 + 4 * 49 * 4,
      formula: 'C·R + R·K·K·G',
      filled: '16·4 + 4·7·7·4',
    })
    expect(e.multiplications.count).toBe(20 * (848 + 49 * 16))
  })

  it('pooling and unpooling have no weights', () => {
    expect(explainOperator('maxpool', [3, 9, 12])).toMatchObject({
      output: [3, 4, 6],
      parameters: { count: 0 },
    })
    expect(explainOperator('unpool', [3, 9, 12])).toMatchObject({
      output: [3, 9, 12],
      multiplications: { count: 0 },
    })
  })

  it('conv3d slides in three directions', () => {
    const e = explainOperator('conv3d', [1, 7, 6, 5], { filters: 2 })
    expect(e.output).toEqual([2, 5, 4, 3])
    expect(e.sizes.map((s) => s.axis)).toEqual(['depth', 'height', 'width'])
    expect(e.parameters.formula).toBe('O·C·kD·kH·kW')
  })
})

describe('what is explained is what runs', () => {
  const layer = {
    stride: [2, 3],
    dilation: [1, 2],
    padding: [
      [1, 2],
      [0, 3],
    ] as [number, number][],
    groups: 2,
  }

  it('conv2d', async () => {
    const [x, w] = [whole([4, 11, 13]), whole([6, 2, 3, 4])]
    const e = explainOperator('conv2d', x.shape, { kernel: kernel(w.shape, w.data), ...layer })
    expect(e.output).toEqual((await conv2d(engine, x, w, layer)).shape)
    expect(e.parameters.count).toBe(w.data.length)
  })

  it('transposed', async () => {
    const [x, w] = [whole([4, 5, 6]), whole([4, 3, 3, 4])]
    const e = explainOperator('transposed', x.shape, {
      kernel: kernel(w.shape, w.data),
      ...layer,
      outputPadding: 1,
    })
    expect(e.output).toEqual((await convTranspose2d(engine, x, w, { ...layer, outputPadding: 1 })).shape)
    expect(e.parameters.count).toBe(w.data.length)
  })

  it.each([
    ['unpool', { size: [3] }],
    ['unpool', { size: [4, 2] }],
    ['unpool', { size: [2], bare: true }],
    ['involution', { generator: 'attention', dilation: 2 }],
    ['involution', { size: 7 }],
    ['transposed', { stride: [3], upsample: 'bilinear' }],
    ['transposed', { stride: [2, 4], upsample: 'nearest' }],
    ['maxpool', { size: [3, 2], stride: [2], dilation: [2] }],
  ] as const)('the receptive field of %s %j is what its samples hang on', async (name, given) => {
    const operator = operators[name]!
    const values = resolve(operator.params, given)
    const parts = { values, kernel: undefined, settings: {} } as const
    const layer = await operator.layer!.of({ ...parts, shape: [1, 48, 48], isTextbook: false })
    const step = await operator.build({ ...parts, channels: 1, full: 255 })
    // the first and last output line that an input line affects, near the middle
    const reach = async (axis: 0 | 1) => {
      const lines = new Map<number, [number, number]>()
      for (let shift = 0; shift < 2; shift++) {
        const x = fractions([1, 48, 48], shift + 3)
        const before = await step.apply(x, engine)
        for (let at = 12; at < 36; at++) {
          const moved = new Tensor(
            x.shape,
            x.data.map((v, i) => ((axis === 0 ? Math.floor(i / 48) : i % 48) === at ? 5 + v : v)),
          )
          const after = await step.apply(moved, engine)
          const columns = before.shape[2]!
          after.data.forEach((v, i) => {
            if (v === before.data[i]) return
            const line = axis === 0 ? Math.floor(i / columns) : i % columns
            const [low, high] = lines.get(line) ?? [at, at]
            lines.set(line, [Math.min(low, at), Math.max(high, at)])
          })
        }
      }
      const inside = [...lines.values()].filter(([low, high]) => low > 12 && high < 35)
      return Math.max(...inside.map(([low, high]) => high - low + 1))
    }
    const { receptiveField } = explainOperator(name, [1, 48, 48], layer)
    expect([await reach(0), await reach(1)]).toEqual(receptiveField)
  })

  it('every operator of the textbook can be explained', () => {
    const textbook = Object.entries(operators).filter(([, o]) => o.group === 'operators')
    expect([...explained].sort()).toEqual(textbook.map(([name]) => name).sort())
    for (const name of explained) {
      const e = explainOperator(name, name === 'conv3d' ? [3, 5, 9, 11] : [3, 9, 11])
      const last = e.output.slice(1).map((n) => ` ${n}`)
      e.sizes.forEach((s, i) => {
        expect(`${s.filled} ${s.output}`).toContain(last[i])
      })
    }
  })
})

describe.skipIf(!haveCases)('conformance of the counts (needs ../shared/conformance)', () => {
  const names: Readonly<Record<string, string>> = {
    conv2d: 'grouped',
    depthwiseSeparable2d: 'depthwise-separable',
    separable2d: 'separable',
  }
  const cases = casesOf('count')
  it('there are 7', () => expect(cases).toHaveLength(7))
  it.each(cases.map((c) => [c.id, c] as const))('%s', (_, c) => {
    const what = wordOf(c, 'what')
    const size = listOf(c, 'kernel')
    if (what === 'effectiveKernel') {
      const layer = { size, dilation: listOf(c, 'dilation') }
      expect(explainOperator('dilated', [1, 32, 40], layer).receptiveField).toEqual(c.value)
      return
    }
    const channels = numberOf(c, 'in')
    const name = names[wordOf(c, 'layer')]!
    const filters = name === 'separable' ? undefined : numberOf(c, 'out')
    const groups = name === 'grouped' ? numberOf(c, 'groups') : undefined
    const multiplier = name === 'depthwise-separable' ? numberOf(c, 'multiplier') : undefined
    const places = what === 'params' ? [9, 8] : listOf(c, 'outputSize')
    const input = [channels, ...places.map((n, i) => n + size[i]! - 1)]
    const e = explainOperator(name, input, { size, filters, groups, multiplier })
    expect(what).toMatch(/^(params|multiplications)$/)
    expect(what === 'params' ? e.parameters.count : e.multiplications.count).toBe(c.value)
  })
})

describe('refusals', () => {
  it.each([
    ['conv2', [3, 7, 7], {}, /there is no operator "conv2"/],
    ['conv2d', [7, 7], {}, /conv2d needs an input of 3 whole sizes, got \[7,7\]/],
    ['conv3d', [3, 7, 7], {}, /conv3d needs an input of 4 whole sizes/],
    ['conv2d', [3, 7, 0], {}, /whole sizes/],
    ['conv2d', [3, 7, 7], { groups: 2 }, /groups 2 do not divide the 3 input channels/],
    ['conv2d', [3, 7, 7], { size: 9 }, /kernel is larger than the padded input in height: 9 against 7/],
    ['conv2d', [3, 7, 7], { size: 0 }, /size must be a whole number of at least 1, got 0/],
    [
      'depthwise',
      [3, 7, 7],
      { kernel: kernel([4, 1, 1, 1], [1, 1, 1, 1]) },
      /4 filters, which is not a multiple of the 3 channels/,
    ],
    [
      'transposed',
      [3, 7, 7],
      { padding: 'same' as const },
      /padding of a transposed convolution must be numbers/,
    ],
    ['involution', [3, 7, 7], { stride: 9 }, /stride 9 is too large for the height, which is 7/],
  ])('%s %j %j', (name, input, layer, message) => {
    expect(() => explainOperator(name, input, layer)).toThrow(message)
  })
})

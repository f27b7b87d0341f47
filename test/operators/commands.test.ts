import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { planRecipe } from '../../src/conv/plan.ts'
import { referenceEngine as engine } from '../../src/definition/engine.ts'
import { evaluateRecipe } from '../../src/definition/evaluate.ts'
import { ConvoError } from '../../src/error.ts'
import { type Kernel, kernel } from '../../src/kernel/kernel.ts'
import { operators } from '../../src/operators/index.ts'
import type { FullScale, KernelOptions, Step } from '../../src/operators/operator.ts'
import { resolve } from '../../src/params.ts'
import { Tensor } from '../../src/tensor/tensor.ts'
import * as oracle from '../oracle.ts'
import { difference, fractions, plain, whole } from './tensors.ts'

type Call = {
  values?: Readonly<Record<string, unknown>>
  kernel?: Kernel
  settings?: KernelOptions
  full?: FullScale
}

function making(name: string, { values = {}, kernel: k, settings = {}, full = 255 }: Call) {
  const entry = operators[name]
  if (entry === undefined) throw new Error(`no operator ${name}`)
  return entry.build({ values: resolve(entry.params, values), kernel: k, settings, channels: 3, full })
}

/** The step of an operator, also of one that takes long to make. */
const built = async (name: string, call: Call = {}): Promise<Step> => making(name, call)

function build(name: string, call: Call = {}): Step {
  const step = making(name, call)
  if (step instanceof Promise) throw new Error(`${name} takes long to make`)
  return step
}

/** Runs a command on a tensor by the definitions, for any kind of step. */
async function run(name: string, x: Tensor, call: Call = {}): Promise<Tensor> {
  const step = await built(name, call)
  if (step.kernels === undefined) return step.apply(x, engine)
  const { recipe, options } = step.kernels
  const [channels, height, width] = x.shape as [number, number, number]
  const plan = planRecipe(recipe, options, { width, height, samples: 'f32' })
  const data = Float32Array.from(
    x.data,
    (_, i) => x.data[(i % channels) * height * width + Math.floor(i / channels)]!,
  )
  const out = evaluateRecipe(plan, { width, height, channels, data }, call.full ?? 255)
  const plane = plan.outHeight * plan.outWidth
  const planar = Float32Array.from(out, (_, i) => out[(i % plane) * channels + Math.floor(i / plane)]!)
  return new Tensor([channels, plan.outHeight, plan.outWidth], planar)
}

/** Makes a picture with whole levels of 0..255. */
const picture = (...shape: number[]) =>
  new Tensor(
    shape,
    fractions(shape).data.map((v) => Math.round((v + 4) * 31.8)),
  )
const x = picture(3, 9, 13)

describe('the table', () => {
  it('has every operator that is written, those of the textbook before the steps', async () => {
    const folder = new URL('../../src/operators/', import.meta.url)
    const files = readdirSync(folder).filter((name) => name !== 'index.ts')
    const modules = await Promise.all(files.map((name) => import(new URL(name, folder).href)))
    const isOperator = (value: unknown) => typeof value === 'object' && value !== null && 'build' in value
    const written = modules.flatMap((one) => Object.values<unknown>(one).filter(isOperator))
    expect(new Set(Object.values(operators))).toEqual(new Set(written))
    const groups = Object.values(operators).map(({ group }) => group)
    expect(groups).toEqual(groups.toSorted())
  })

  it.each(Object.entries(operators))(
    '%s says what it does, and runs on gray and colour without options',
    async (name, entry) => {
      for (const text of [entry.summary, entry.formula, entry.source]) expect(text.length).toBeGreaterThan(5)
      expect(entry.summary).toMatch(/^[a-z].*[^.]$/)
      const given: Call =
        entry.kernel === 'required' ? { kernel: kernel([3, 3], [0, 0, 0, 0, 1, 0, 0, 0, 0]) } : {}
      for (const input of [x, picture(1, 8, 5)]) {
        const before = input.data.slice()
        const out = await run(name, input, given)
        expect(out.shape[0]).toBeGreaterThan(0)
        expect(out.data.every(Number.isFinite)).toBe(true)
        expect(input.data).toEqual(before)
      }
    },
  )
})

describe('a kernel meets a picture by its rank', () => {
  const plane = whole([3, 4])
  const asKernel = (t: Tensor, fields = {}) => kernel(t.shape, t.data, fields)

  it('[kH,kW]: every channel alone, the edge repeated, as large as the picture', async () => {
    const want = oracle.filterPicture(x, plane, { border: 'replicate' })
    for (const name of ['conv2d', 'depthwise']) {
      expect(build(name, { kernel: asKernel(plane) }).acts).toBe('pixels')
      expect(plain(await run(name, x, { kernel: asKernel(plane) }))).toEqual(plain(want))
    }
    expect(plain(await run('grouped', x, { kernel: asKernel(plane) }))).toEqual(plain(want))
  })

  it('[C,kH,kW]: the sum over the channels, zeros outside', async () => {
    const sum = whole([3, 3, 4])
    const want = oracle.correlate(
      x,
      { shape: [1, 3, 3, 4], data: sum.data },
      {
        pads: [
          [1, 1],
          [2, 1],
        ],
      },
    )
    expect(plain(await run('conv2d', x, { kernel: asKernel(sum) }))).toEqual(plain(want))
  })

  it('[O,C,kH,kW]: a bank; stride keeps the size over the stride, rounded up', async () => {
    const bank = whole([5, 3, 3, 2])
    const want = oracle.correlate(x, bank, {
      pads: [
        [1, 1],
        [1, 0],
      ],
      stride: [2, 3],
    })
    const got = await run('conv2d', x, { kernel: asKernel(bank), settings: { stride: [2, 3] } })
    expect(got.shape).toEqual([5, 5, 5])
    expect(plain(got)).toEqual(plain(want))
  })

  it('a bank takes padding, border, fill, dilation, groups, anchor and flip', async () => {
    const six = picture(6, 9, 7)
    const bank = whole([4, 3, 3, 2])
    const settings = { groups: 2, dilation: [1, 2], padding: [[2, 0], 'valid'], border: 'symmetric' } as const
    const o = {
      groups: 2,
      dilation: [1, 2],
      pads: [
        [2, 0],
        [0, 0],
      ],
      padMode: 'symmetric',
    } as const
    expect(plain(await run('conv2d', six, { kernel: asKernel(bank), settings }))).toEqual(
      plain(oracle.correlate(six, bank, o)),
    )

    // The rotated kernel has a rotated anchor: tap [0,1] of 3x2 becomes [2,0].
    const turned = {
      shape: bank.shape,
      data: Float32Array.from(bank.data, (_, i) => bank.data[i - (i % 6) + 5 - (i % 6)]!),
    }
    const wantFlip = oracle.correlate(six, turned, {
      groups: 2,
      pads: [
        [2, 0],
        [0, 1],
      ],
    })
    const gotFlip = await run('conv2d', six, {
      kernel: asKernel(bank),
      settings: { groups: 2, flip: true, anchor: [0, 1] },
    })
    expect(plain(gotFlip)).toEqual(plain(wantFlip))

    const one = kernel([1, 6, 1, 2], [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    const filled = await run('conv2d', six, {
      kernel: one,
      settings: { border: 'constant', fill: 7, anchor: [0, 1] },
    })
    expect(Array.from(filled.data.filter((_, i) => i % 7 === 0))).toEqual(new Array(9).fill(7))
  })

  it('scale and normalize divide, bias is added last and counts in levels of 0..255 at any depth', async () => {
    const bank = kernel([2, 3, 1, 1], [1, 1, 2, 0, 2, 0], { bias: Float64Array.of(1, -1) })
    const [r, g, b] = [x.data.slice(0, 117), x.data.slice(117, 234), x.data.slice(234)]
    const weighted = (f: (r: number, g: number, b: number) => number) =>
      Array.from(r, (_, i) => f(r[i]!, g[i]!, b[i]!))
    const own = await run('conv2d', x, { kernel: bank, full: 65535 })
    expect(plain(own).data).toEqual([
      ...weighted((p, q, s) => p + q + 2 * s + 257),
      ...weighted((_, q) => 2 * q - 257),
    ])
    const divided = await run('conv2d', x, { kernel: bank, settings: { normalize: true, bias: 0 } })
    expect(plain(divided).data).toEqual([
      ...weighted((p, q, s) => (p + q + 2 * s) / 4),
      ...weighted((_, q) => q),
    ])
    const scaled = await run('conv2d', x, { kernel: bank, settings: { scale: 8, bias: 3 } })
    expect(plain(scaled).data).toEqual([
      ...weighted((p, q, s) => (p + q + 2 * s) / 8 + 3),
      ...weighted((_, q) => q / 4 + 3),
    ])
  })

  it.each([
    ['conv2d', [2, 4, 3, 3], {}, /the kernel is for 4 channels, but the picture has 3 channels/],
    ['conv2d', [1, 1, 2, 2, 2], {}, /conv2d takes kernels of rank 2, 3 or 4, got \[1,1,2,2,2\]/],
    ['conv2d', [3, 3], { groups: 3 }, /--groups 3 needs a bank of filters/],
    ['conv2d', [1, 3, 3, 3], { algorithm: 'fft' }, /--algorithm fft applies to kernels of rank 2/],
    ['conv2d', [1, 3, 3, 3], { anchor: [3, 0] }, /--anchor 0,3 is outside the 3x3 kernel/],
    ['depthwise', [4, 1, 3, 3], {}, /the kernel has 4 filters, which is not a multiple of the 3 channels/],
    ['depthwise', [3, 2, 3, 3], {}, /depthwise takes kernels of .* got \[3,2,3,3\]/],
    ['grouped', [4, 2, 3, 3], {}, /filters of 2 channels do not divide the 3 channels/],
    ['grouped', [4, 1, 3, 3], {}, /groups 3 do not divide the 4 filters/],
    ['pointwise', [3, 3, 3, 3], {}, /pointwise takes a matrix .* got \[3,3,3,3\]/],
    ['separable', [3, 3, 3], {}, /must have rank 2/],
    ['transposed', [1, 1, 2, 2, 2], {}, /transposed takes kernels of rank 2, 3 or 4 on a picture/],
    ['transposed', [2, 1, 2, 2], {}, /weight is for 2 input channels, x has 3/],
    ['unpool', [1, 3, 3], {}, /unpool takes kernels of rank 2/],
    ['conv3d', [3, 3], {}, /conv3d takes kernels of rank 3, .* got \[3,3\]/],
  ] as const)('%s refuses %j with %j', async (name, shape, settings, message) => {
    const call = async () =>
      run(name, x, { kernel: kernel(shape, whole(shape).data), settings: settings as KernelOptions })
    await expect(call()).rejects.toThrow(ConvoError)
    await expect(call()).rejects.toThrow(message)
  })
})

describe('pointwise', () => {
  it('takes sepia unless told, and a matrix as kernel', async () => {
    const sepia = [0.393, 0.769, 0.189, 0.349, 0.686, 0.168, 0.272, 0.534, 0.131]
    const want = oracle.correlate(x, { shape: [3, 3, 1, 1], data: sepia })
    expect(difference(await run('pointwise', x), want)).toBeLessThan(1e-4)
    const matrix = whole([2, 3])
    const got = await run('pointwise', x, { kernel: kernel([2, 3], matrix.data) })
    expect(plain(got)).toEqual(plain(oracle.correlate(x, { shape: [2, 3, 1, 1], data: matrix.data })))
  })

  it('inverts at both depths, swaps, and makes gray', async () => {
    for (const full of [255, 65535] as const) {
      const inverted = await run('pointwise', x, { values: { preset: 'invert' }, full })
      expect(plain(inverted).data).toEqual(Array.from(x.data, (v) => full - v))
    }
    const swapped = await run('pointwise', x, { values: { preset: 'swap' } })
    expect(Array.from(swapped.data)).toEqual([
      ...x.data.slice(234),
      ...x.data.slice(117, 234),
      ...x.data.slice(0, 117),
    ])
    const white = new Tensor([3, 1, 1], Float32Array.of(255, 255, 255))
    const gray = await run('pointwise', white, { values: { preset: 'gray' } })
    expect(gray.shape).toEqual([1, 1, 1])
    expect(gray.data[0]).toBeCloseTo(255, 4)
  })

  it('on gray pictures does what it does to equal channels', async () => {
    const one = picture(1, 4, 5)
    expect(plain(await run('pointwise', one, { values: { preset: 'gray' } }))).toEqual(plain(one))
    expect((await run('pointwise', one, { values: { preset: 'sepia' } })).shape).toEqual([3, 4, 5])
    expect(plain(await run('pointwise', one, { values: { preset: 'invert' } })).data).toEqual(
      Array.from(one.data, (v) => 255 - v),
    )
    await expect(run('pointwise', one, { values: { preset: 'swap' } })).rejects.toThrow(
      /swap needs 3 colour channels, but the picture has 1/,
    )
  })

  it('takes an activation in units of white', async () => {
    const level = new Tensor([1, 1, 2], Float32Array.of(0, 255))
    const got = await run('pointwise', level, {
      kernel: kernel([1, 1], [1]),
      values: { activation: 'sigmoid' },
    })
    expect(got.data[0]).toBe(127.5)
    expect(got.data[1]).toBeCloseTo(255 / (1 + Math.exp(-1)), 3)
  })

  it('refuses a preset and a kernel together', () => {
    expect(() =>
      build('pointwise', { kernel: kernel([1, 3], [1, 1, 1]), values: { preset: 'gray' } }),
    ).toThrow(/cannot be used together/)
  })
})

describe('separable', () => {
  it('runs a kernel of rank 1 as two passes, and gives what the kernel gives', async () => {
    const sobel = kernel([3, 3], [-1, 0, 1, -2, 0, 2, -1, 0, 1])
    const step = await built('separable', { kernel: sobel })
    expect(step).toMatchObject({ acts: 'pixels', kernels: { options: { algorithm: 'separable' } } })
    expect(plain(await run('separable', x, { kernel: sobel }))).toEqual(
      plain(oracle.filterPicture(x, { shape: [3, 3], data: sobel.weights })),
    )
  })

  it('takes the two lines themselves', async () => {
    const got = await run('separable', x, { values: { col: '1,2,1', row: '1,0,-1' } })
    const want = oracle.filterPicture(x, oracle.outer([1, 2, 1], [1, 0, -1]))
    expect(plain(got)).toEqual(plain(want))
  })

  it('has its anchor where the kernel written out has it, turned along by flip, and not outside', async () => {
    const sobel = kernel([3, 3], [-1, 0, 1, -2, 0, 2, -1, 0, 1])
    for (const flip of [false, true]) {
      const settings = { anchor: [0, 2], flip } as const
      const want = await run('conv2d', x, { kernel: sobel, settings })
      expect(plain(await run('separable', x, { kernel: sobel, settings }))).toEqual(plain(want))
    }
    const outside = run('separable', x, { kernel: sobel, settings: { anchor: [0, 3] } })
    await expect(outside).rejects.toThrow(/--anchor 3,0 is outside the 3x3 kernel/)
  })

  it('of rank 2 refuses with the singular values, or approximates and states the error', async () => {
    const laplace = kernel([3, 3], [0, 1, 0, 1, -4, 1, 0, 1, 0])
    await expect(built('separable', { kernel: laplace })).rejects.toThrow(/its rank is 2, not 1/)
    const rough = await built('separable', { kernel: laplace, values: { rank: 1 } })
    expect(rough.notes?.[0]).toMatch(/^1 of 3 products lose 10.1 % of the kernel$/)
    const full = await run('separable', x, { kernel: laplace, values: { rank: 2 } })
    expect(difference(full, oracle.filterPicture(x, { shape: [3, 3], data: laplace.weights }))).toBeLessThan(
      1e-3,
    )
  })

  it('of rank 2 takes border, fill, flip and stride as the kernel itself does', async () => {
    const weights = fractions([3, 5])
    const asked = { border: 'constant', fill: 40, flip: true, stride: [2, 1], scale: 3, bias: 5 } as const
    const k = kernel([3, 5], weights.data)
    const got = await run('separable', x, { kernel: k, values: { rank: 3 }, settings: asked })
    expect(difference(got, await run('conv2d', x, { kernel: k, settings: asked }))).toBeLessThan(1e-3)
  })

  it.each([
    [{ col: '1,2,1' }, undefined, /--col and --row need each other/],
    [{ col: '1,2,1', row: '1', rank: 1 }, undefined, /cannot be used with --rank/],
    [{ col: '1,2,1', row: '1' }, kernel([1, 1], [1]), /cannot be used with --kernel/],
    [{ rank: 4 }, kernel([3, 3], [1, 0, 0, 0, 1, 0, 0, 0, 1]), /rank must be a whole number from 1 to 3/],
  ])('refuses %j', async (values, k, message) => {
    await expect(built('separable', { values, ...(k && { kernel: k }) })).rejects.toThrow(message)
  })
})

describe('transposed', () => {
  it.each([2, 3, 4, 5])(
    'enlarges bilinearly by %d: flat stays flat to the edge, ramps stay ramps',
    async (s) => {
      const flat = new Tensor([2, 3, 5], new Float32Array(30).fill(100))
      const large = await run('transposed', flat, { values: { stride: s } })
      expect(large.shape).toEqual([2, 3 * s, 5 * s])
      for (const v of large.data) expect(v).toBeCloseTo(100, 4)
      const ramp = new Tensor(
        [1, 4, 6],
        Float32Array.from({ length: 24 }, (_, i) => (i % 6) * 10),
      )
      const wide = await run('transposed', ramp, { values: { stride: s } })
      const row = Array.from(wide.data.subarray(0, 6 * s))
      // Output column o is at input position (o + 1/2) / s - 1/2.
      for (const [o, v] of row.entries())
        expect(v).toBeCloseTo(10 * Math.min(Math.max((o + 0.5) / s - 0.5, 0), 5), 3)
    },
  )

  it('repeats pixels by nearest, with a stride for each axis', async () => {
    const got = await run('transposed', x, { values: { stride: '2,3', upsample: 'nearest' } })
    expect(got.shape).toEqual([3, 18, 39])
    expect(
      got.data.every(
        (v, i) =>
          v ===
          x.data[Math.floor(i / 702) * 117 + Math.floor((i % 702) / 78) * 13 + Math.floor((i % 39) / 3)],
      ),
    ).toBe(true)
  })

  it('takes user kernels by rank; 2x2 with 4x4 and stride 3 gives 7x7', async () => {
    const small = whole([2, 2, 2])
    const plane = whole([4, 4])
    const got = await run('transposed', small, { kernel: kernel([4, 4], plane.data), values: { stride: 3 } })
    expect(got.shape).toEqual([2, 7, 7])
    const twice = { shape: [2, 1, 4, 4], data: [...plane.data, ...plane.data] }
    expect(plain(got)).toEqual(plain(oracle.convTranspose(small, twice, { stride: [3, 3], groups: 2 })))
    const bank = whole([2, 3, 3, 2])
    const many = await run('transposed', small, {
      kernel: kernel(bank.shape, bank.data),
      values: { 'output-padding': '1,0', dilation: '2,1', padding: '1,1,0,1' },
    })
    const wanted = oracle.convTranspose(small, bank, {
      stride: [2, 2],
      dilation: [2, 1],
      pads: [
        [1, 1],
        [0, 1],
      ],
      outputPadding: [1, 0],
    })
    expect(plain(many)).toEqual(plain(wanted))
  })

  it.each([1, 2])('takes volumes, by kernels [C,O/groups,kD,kH,kW] in %d groups', async (groups) => {
    const volume = whole([2, 3, 4, 3])
    const bank = whole([2, 2, 2, 3, 1])
    const got = await run('transposed', volume, {
      kernel: kernel(bank.shape, bank.data),
      settings: { groups },
      values: { stride: '2,1,3', dilation: '1,2,1', padding: '0,1,0', 'output-padding': '1,0,2' },
    })
    const pads = [0, 1, 0].map((n) => [n, n] as const)
    const o = { stride: [2, 1, 3], dilation: [1, 2, 1], outputPadding: [1, 0, 2], pads, groups }
    expect(plain(got)).toEqual(plain(oracle.convTranspose(volume, bank, o)))
  })

  it('applies a kernel [kD,kH,kW] to each channel of a volume, turned with --flip', async () => {
    const [volume, cube] = [whole([2, 2, 3, 2]), whole([3, 2, 2])]
    const got = await run('transposed', volume, {
      kernel: kernel(cube.shape, cube.data),
      settings: { flip: true },
      values: { stride: '2,2,2' },
    })
    const turned = cube.data.toReversed()
    const each = { shape: [2, 1, 3, 2, 2], data: [...turned, ...turned] }
    expect(plain(got)).toEqual(plain(oracle.convTranspose(volume, each, { stride: [2, 2, 2], groups: 2 })))
  })

  it.each(['2,3,1', '4,2,2'])('enlarges volumes along three axes, flat to the edge: %s', async (stride) => {
    const strides = stride.split(',').map(Number)
    const size = [3, 4, 5]
    const data = Float32Array.from({ length: 60 }, (_, i) => {
      const [z, y, c] = [Math.floor(i / 20), Math.floor(i / 5) % 4, i % 5]
      return 16 * z + 4 * y + c
    })
    const volume = new Tensor([1, ...size], data)
    const step = build('transposed', { values: { stride } })
    const got = await step.apply(volume, engine)
    expect(got.shape).toEqual([1, ...size.map((n, a) => n * strides[a]!)])
    const [, depth = 1, height = 1, width = 1] = got.shape
    const inside = (o: number, a: number) =>
      Math.min(Math.max((o + 0.5) / strides[a]! - 0.5, 0), size[a]! - 1)
    for (let i = 0; i < depth * height * width; i++) {
      const [z, y, c] = [Math.floor(i / (height * width)), Math.floor(i / width) % height, i % width]
      expect(got.data[i]).toBeCloseTo(16 * inside(z, 0) + 4 * inside(y, 1) + inside(c, 2), 4)
    }
    const near = await run('transposed', volume, { values: { stride, upsample: 'nearest' } })
    const at = (o: number, a: number) => Math.floor(o / strides[a]!)
    expect([...near.data]).toEqual(
      Array.from({ length: near.data.length }, (_, i) => {
        const [z, y, c] = [Math.floor(i / (height * width)), Math.floor(i / width) % height, i % width]
        return 16 * at(z, 0) + 4 * at(y, 1) + at(c, 2)
      }),
    )
  })

  it('refuses kernels and numbers that do not fit a volume or a picture', async () => {
    const volume = whole([2, 2, 3, 2])
    const wrong = run('transposed', volume, {
      kernel: kernel([2, 1, 2, 2], whole([8]).data),
      values: { stride: '2,2,2' },
    })
    await expect(wrong).rejects.toThrow(/rank 3, \[kD,kH,kW\], or rank 5 for a volume, got \[2,1,2,2\]/)
    await expect(run('transposed', x, { values: { stride: '2,3,4' } })).rejects.toThrow(
      /2,3,4 are numbers for a volume, but the input is a picture/,
    )
  })

  it('normalized keeps the level of flat areas', async () => {
    const flat = new Tensor([1, 4, 5], new Float32Array(20).fill(90))
    const got = await run('transposed', flat, {
      kernel: kernel([2, 2], [1, 2, 3, 4]),
      settings: { normalize: true },
    })
    const mean = got.data.reduce((a, b) => a + b, 0) / got.data.length
    expect(mean).toBeCloseTo(90, 4)
    const bank = kernel(
      [2, 3, 2, 2],
      whole([2, 3, 2, 2]).data.map((v) => Math.abs(v) + 1),
    )
    const three = await run('transposed', new Tensor([2, 4, 5], new Float32Array(40).fill(90)), {
      kernel: bank,
      settings: { normalize: true },
    })
    for (let f = 0; f < 3; f++) {
      const part = three.data.subarray(f * 80, (f + 1) * 80)
      expect(part.reduce((a, b) => a + b, 0) / 80).toBeCloseTo(90, 3)
    }
  })

  it.each([
    [{ settings: { flip: true } }, /--flip needs a --kernel/],
    [{ values: { padding: 1 } }, /--padding needs a --kernel/],
    [{ values: { dilation: 2 } }, /--dilation needs a --kernel/],
    [{ values: { padding: 'same' } }, /--padding must be a number, got "same"/],
    [{ values: { stride: '2,2,2', padding: '1,2,3,4' } }, /--padding 1,2,3,4 is for pictures/],
    [{ values: { 'output-padding': 1 } }, /--output-padding needs a --kernel/],
    [{ kernel: kernel([1, 1], [1]), values: { upsample: 'nearest' } }, /cannot be used together/],
  ] as const)('refuses %j', (call, message) => {
    expect(() => build('transposed', call as Call)).toThrow(message)
  })
})

describe('pooling', () => {
  it('maxpool halves, and with --ceil leaves no pixel out', async () => {
    expect((await run('maxpool', x)).shape).toEqual([3, 4, 6])
    expect((await run('maxpool', x, { values: { ceil: true } })).shape).toEqual([3, 5, 7])
    const o = { size: '3,2', stride: 1, padding: 1, dilation: '1,2' }
    const want = oracle.maxPool(x, {
      kernel: [3, 2],
      stride: [1, 1],
      pads: [
        [1, 1],
        [1, 1],
      ],
      dilation: [1, 2],
    })
    expect(plain(await run('maxpool', x, { values: o }))).toEqual(plain(want.output))
  })

  it('unpool puts the maxima back and smooths, and keeps the size of odd pictures', async () => {
    const bare = await run('unpool', x, { values: { bare: true } })
    const pooled = oracle.maxPool(x, { kernel: [2, 2], stride: [2, 2], ceilMode: true })
    const want = oracle.maxUnpool(pooled.output, pooled.indices, [9, 13])
    expect(plain(bare)).toEqual(plain(want))
    const tent = { shape: [3, 3], data: [1, 2, 1, 2, 4, 2, 1, 2, 1].map((v) => v / 4) }
    const smooth = oracle.filterPicture(want, tent, { border: 'symmetric' })
    expect(plain(await run('unpool', x, { values: { plain: true } }))).toEqual(plain(smooth))
    const own = await run('unpool', x, { kernel: kernel([1, 2], [3, 1]), settings: { border: 'constant' } })
    expect(plain(own)).toEqual(
      plain(oracle.filterPicture(want, { shape: [1, 2], data: [3, 1] }, { border: 'constant' })),
    )
  })

  it.each([1, 2, 3, 5])(
    'unpool by windows of %d keeps a flat picture flat, wherever the maxima stood',
    async (size) => {
      const noise = fractions([2, 11, 14])
      const nearlyFlat = new Tensor(
        noise.shape,
        noise.data.map((v) => 100 + v * 1e-3),
      )
      for (const v of (await run('unpool', nearlyFlat, { values: { size } })).data)
        expect(v).toBeCloseTo(100, 1)
    },
  )

  it.each([
    [{ values: { bare: true }, kernel: kernel([1, 1], [1]) }, /--bare applies only without --kernel/],
    [{ settings: { bias: 3 } }, /--bias applies only with --kernel or --plain/],
  ])('unpool refuses %j', (call, message) => {
    expect(() => build('unpool', call)).toThrow(message)
  })
})

describe('depthwise separable, dilated, grouped', () => {
  it('depthwise-separable mixes with the matrix that is given, after the depthwise step', async () => {
    const plane = kernel([3, 3], [0, 1, 0, 1, -4, 1, 0, 1, 0])
    const alone = await run('depthwise-separable', x, { kernel: plane })
    expect(plain(alone)).toEqual(plain(oracle.filterPicture(x, { shape: [3, 3], data: plane.weights })))
    const mixed = await run('depthwise-separable', x, {
      kernel: plane,
      values: { pointwise: '1 0 2; 0 3 0' },
      settings: { bias: 7 },
    })
    const want = oracle.correlate(alone, { shape: [2, 3, 1, 1], data: [1, 0, 2, 0, 3, 0] }, { bias: [7, 7] })
    expect(plain(mixed)).toEqual(plain(want))
  })

  it('depthwise-separable takes several filters for each channel', async () => {
    const bank = whole([6, 1, 3, 3])
    const got = await run('depthwise-separable', x, { kernel: kernel(bank.shape, bank.data) })
    expect(plain(got)).toEqual(
      plain(
        oracle.correlate(x, bank, {
          groups: 3,
          pads: [
            [1, 1],
            [1, 1],
          ],
        }),
      ),
    )
  })

  it('dilated sees 5x5 with 9 weights', async () => {
    const nine = whole([3, 3])
    const spread = new Float32Array(25)
    nine.data.forEach((w, i) => {
      spread[Math.floor(i / 3) * 10 + (i % 3) * 2] = w
    })
    const got = await run('dilated', x, { kernel: kernel([3, 3], nine.data) })
    expect(plain(got)).toEqual(plain(oracle.filterPicture(x, { shape: [5, 5], data: spread })))
    const bank = whole([2, 3, 3, 3])
    const many = await run('dilated', x, {
      kernel: kernel(bank.shape, bank.data),
      values: { dilation: '1,3' },
    })
    expect(plain(many)).toEqual(
      plain(
        oracle.correlate(x, bank, {
          dilation: [1, 3],
          pads: [
            [1, 1],
            [3, 3],
          ],
        }),
      ),
    )
  })

  it('grouped blurs red across, leaves green, blurs blue down', async () => {
    const got = await run('grouped', x)
    const ninth = new Array(9).fill(1)
    const [red, green, blue] = [0, 1, 2].map((c) => ({
      shape: [1, 9, 13],
      data: x.data.slice(c * 117, (c + 1) * 117),
    }))
    const mean = (r: oracle.Result) => Array.from(r.data, (v) => Math.fround(v / 9))
    const want = [
      ...mean(oracle.filterPicture(red!, { shape: [1, 9], data: ninth })),
      ...green!.data,
      ...mean(oracle.filterPicture(blue!, { shape: [9, 1], data: ninth })),
    ]
    expect(Array.from(got.data)).toEqual(want)
  })
})

describe('conv3d', () => {
  const volume = picture(2, 6, 7, 8)

  it('smooths by the product of three bell curves, the edge repeated', async () => {
    const got = await run('conv3d', volume, { values: { sigma: 0.6 } })
    const bell = [-2, -1, 0, 1, 2].map((i) => Math.exp(-(i * i) / (2 * 0.36)))
    const total = bell.reduce((a, b) => a + b, 0) ** 3
    const data = bell.flatMap((a) => bell.flatMap((b) => bell.map((c) => (a * b * c) / total)))
    const twice = { shape: [2, 1, 5, 5, 5], data: [...data, ...data] }
    const o = {
      groups: 2,
      pads: [
        [2, 2],
        [2, 2],
        [2, 2],
      ],
      padMode: 'replicate',
    } as const
    expect(got.shape).toEqual(volume.shape)
    expect(difference(got, oracle.correlate(volume, twice, o))).toBeLessThan(1e-3)
  })

  it('sobel is the length of the three gradients, each with its slope along its axis', async () => {
    const ramp = (step: readonly number[]) =>
      new Tensor(
        [1, 5, 6, 7],
        Float32Array.from(
          { length: 210 },
          (_, i) => step[0]! * Math.floor(i / 42) + step[1]! * (Math.floor(i / 7) % 6) + step[2]! * (i % 7),
        ),
      )
    const middle = (t: Tensor) => t.data[(2 * 6 + 3) * 7 + 3]
    for (const [axis, step] of [
      ['z', [1, 0, 0]],
      ['y', [0, 1, 0]],
      ['x', [0, 0, 1]],
    ] as const) {
      expect(middle(await run('conv3d', ramp(step), { values: { filter: `sobel-${axis}` } }))).toBe(8)
    }
    expect(middle(await run('conv3d', ramp([2, 3, 6]), { values: { filter: 'sobel' } }))).toBe(8 * 7)
    const flat = await run('conv3d', volume, { values: { filter: 'box' } })
    expect(flat.shape).toEqual(volume.shape)
  })

  it('takes banks with zeros outside, and three numbers for stride, dilation and padding', async () => {
    const bank = whole([3, 2, 2, 3, 1])
    const values = { stride: '2,1,1', dilation: '1,2,1', padding: '1,0,2' }
    const got = await run('conv3d', volume, { kernel: kernel(bank.shape, bank.data), values })
    const o = {
      stride: [2, 1, 1],
      dilation: [1, 2, 1],
      pads: [
        [1, 1],
        [0, 0],
        [2, 2],
      ],
    }
    expect(plain(got)).toEqual(plain(oracle.correlate(volume, bank, o)))
  })

  it('turns a kernel in all three directions by flip', async () => {
    const taps = whole([2, 3, 2])
    const reversed = { shape: [1, 1, 2, 3, 2], data: taps.data.slice().reverse() }
    const one = picture(1, 5, 6, 7)
    const got = await run('conv3d', one, {
      kernel: kernel(taps.shape, taps.data),
      settings: { flip: true, border: 'constant' },
    })
    // The middle tap [1,1,1] of 2x3x2 becomes [0,1,0].
    expect(plain(got)).toEqual(
      plain(
        oracle.correlate(one, reversed, {
          pads: [
            [0, 1],
            [1, 1],
            [0, 1],
          ],
        }),
      ),
    )
  })

  it('leaves a picture a picture', async () => {
    expect((await run('conv3d', x)).shape).toEqual([3, 9, 13])
  })

  it.each([
    [
      { kernel: kernel([1, 1, 1], [1]), values: { filter: 'box' } },
      /--filter and --kernel cannot be used together/,
    ],
    [{ kernel: kernel([1, 1, 1], [1]), values: { sigma: 2 } }, /--sigma and --kernel/],
    [{ values: { filter: 'box', sigma: 2 } }, /--sigma does not apply to box/],
    [{ values: { padding: 'some' } }, /--padding must be same, valid, full/],
  ])('refuses %j', (call, message) => {
    expect(() => build('conv3d', call)).toThrow(message)
  })
})

describe('the steps between', () => {
  const levels = new Tensor([2, 1, 3], Float32Array.of(-10, 0, 40, 100, 128, 300))

  it('relu', async () => {
    expect(Array.from((await run('relu', levels)).data)).toEqual([0, 0, 40, 100, 128, 300])
  })

  it('threshold counts in levels of 0..255 and is strict', async () => {
    expect(Array.from((await run('threshold', levels)).data)).toEqual([0, 0, 0, 0, 0, 255])
    expect(Array.from((await run('threshold', levels, { values: { at: 30, keep: true } })).data)).toEqual([
      0, 0, 40, 100, 128, 300,
    ])
    const deep = new Tensor([1, 1, 2], Float32Array.of(257 * 128, 257 * 128 + 1))
    expect(Array.from((await run('threshold', deep, { full: 65535 })).data)).toEqual([0, 65535])
  })

  it('normalize stretches all or each channel', async () => {
    const all = await run('normalize', levels)
    expect(Array.from(all.data)).toEqual(
      [-10, 0, 40, 100, 128, 300].map((v) => Math.fround((v + 10) * (255 / 310))),
    )
    const each = await run('normalize', levels, { values: { each: true } })
    expect([0, 2, 3, 5].map((i) => each.data[i])).toEqual([0, 255, 0, 255])
    const flat = await run('normalize', new Tensor([1, 1, 2], Float32Array.of(9, 9)))
    expect(Array.from(flat.data)).toEqual([0, 0])
  })

  it('normalize by mean and deviation gives what a network was trained on, at any depth', async () => {
    const values = { mean: '0.5,0.25', std: '0.5,2' }
    for (const full of [255, 65535] as const) {
      const scaled = new Tensor(
        levels.shape,
        levels.data.map((v) => (v * full) / 255),
      )
      const step = build('normalize', { values, full })
      expect(step).toMatchObject({ full: 255 })
      const got = await run('normalize', scaled, { values, full })
      const want = Array.from(levels.data, (v, i) => (v / 255 - (i < 3 ? 0.5 : 0.25)) / (i < 3 ? 0.5 : 2))
      for (const [i, v] of want.entries()) expect(got.data[i]).toBeCloseTo(v, 5)
    }
  })

  it.each([
    [{ mean: '1,2,3' }, /--mean has 3 numbers for 2 channels/],
    [{ mean: '1', each: true }, /--each cannot be used with/],
    [{ std: '0' }, /--std must not hold 0/],
  ])('normalize refuses %j', async (values, message) => {
    await expect((async () => run('normalize', levels, { values }))()).rejects.toThrow(message)
  })
})

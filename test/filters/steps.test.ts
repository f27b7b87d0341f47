import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type FilterOptions, filterDefaults, planRecipe } from '../../src/conv/plan.ts'
import type { Recipe } from '../../src/conv/recipe.ts'
import { referenceEngine as engine } from '../../src/definition/engine.ts'
import { evaluateRecipe } from '../../src/definition/evaluate.ts'
import { filters, stepFilters } from '../../src/filters/table.ts'
import { type Kernel, kernel } from '../../src/kernel/kernel.ts'
import type { KernelOptions } from '../../src/operators/operator.ts'
import { resolve } from '../../src/params.ts'
import { Tensor } from '../../src/tensor/tensor.ts'

// Filters that need steps on planes, against the results of SciPy, OpenCV, Pillow and scikit-image for the same
// picture.

const made = JSON.parse(readFileSync(new URL('steps.json', import.meta.url), 'utf8')) as Readonly<
  Record<string, string & string[]> & { height: number; width: number }
>
const bytes = (name: string) => Uint8Array.from(Buffer.from(made[name]!, 'base64'))
const floats = (name: string) => {
  const { buffer } = bytes(name)
  return new Float32Array(buffer)
}
const { height, width } = made
const tensor = (levels: ArrayLike<number>) => new Tensor([1, height, width], Float32Array.from(levels))
const scene = tensor(bytes('scene'))

type Given = { readonly kernel?: Kernel; readonly settings?: KernelOptions; readonly full?: number }

async function run(
  name: string,
  values: Readonly<Record<string, unknown>>,
  x: Tensor = scene,
  { kernel, settings = {}, full = 255 }: Given = {},
): Promise<Tensor> {
  const entry = stepFilters[name]!
  const channels = x.shape[0]!
  const step = await entry.build({ values: resolve(entry.params, values), kernel, settings, channels, full })
  if (step.kernels !== undefined) {
    const { recipe, options } = step.kernels
    return weighed(recipe, options, x, full)
  }
  const out = await step.apply(x, engine)
  return (await step.settle?.(out)) ?? out
}

/** Applies a recipe of sums to a tensor. */
function weighed(recipe: Recipe, options: FilterOptions, x: Tensor, full = 255): Tensor {
  const size = { width: x.shape[2]!, height: x.shape[1]! }
  const plan = planRecipe(recipe, { ...options, algorithm: 'direct' }, { ...size, samples: 'f32' })
  const data = evaluateRecipe(plan, { ...size, channels: 1, data: x.data }, full)
  return new Tensor([1, plan.outHeight, plan.outWidth], data)
}

const worst = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  expect(a.length).toBe(b.length)
  return Array.from(a).reduce<number>((most, v, i) => Math.max(most, Math.abs(v - b[i]!)), 0)
}

describe('windows', () => {
  it.each([
    ['median 5', 'median', { size: 5 }],
    ['percentile 30 of 5x3', 'percentile', { size: '5,3', rank: 30 }],
    ['erode disk 5', 'erode', { size: 5, shape: 'disk' }],
    ['dilate diamond 5', 'dilate', { size: 5, shape: 'diamond' }],
    ['open square 5', 'open', { size: 5 }],
    ['close disk 5', 'close', { size: 5, shape: 'disk' }],
    ['gradient square 3', 'gradient', {}],
    ['tophat disk 5', 'tophat', { size: 5, shape: 'disk' }],
    ['blackhat disk 5', 'blackhat', { size: 5, shape: 'disk' }],
  ])('%s is that of SciPy or OpenCV', async (figures, name, values) => {
    expect(Array.from((await run(name, values)).data)).toEqual(Array.from(bytes(figures)))
  })
  it('minimum and maximum are erode and dilate by other names', async () => {
    for (const [one, other] of [
      ['minimum', 'erode'],
      ['maximum', 'dilate'],
    ] as const) {
      expect((await run(one, { size: 5 })).data).toEqual((await run(other, { size: 5 })).data)
    }
  })
  it('a percentile of 0, 50 and 100 is erode, the median and dilate', async () => {
    const of = async (rank: number) => (await run('percentile', { rank })).data
    expect(await of(0)).toEqual((await run('erode', {})).data)
    expect(await of(50)).toEqual((await run('median', {})).data)
    expect(await of(100)).toEqual((await run('dilate', {})).data)
  })
  it('take the pixels of a kernel that do not weigh 0, from its anchor', async () => {
    const right = kernel([1, 3], [0, 0, 7], { anchor: [0, 1] })
    const moved = await run('median', {}, scene, { kernel: right })
    const expected = Array.from(
      { length: height * width },
      (_, i) => scene.data[(i + 1) % width === 0 ? i : i + 1]!,
    )
    expect(Array.from(moved.data)).toEqual(expected)
  })
  it('open and close change nothing the second time, and lie below and above the picture', async () => {
    for (const shape of ['square', 'disk', 'diamond'] as const) {
      const opened = await run('open', { size: 5, shape })
      const closed = await run('close', { size: 5, shape })
      expect((await run('open', { size: 5, shape }, opened)).data).toEqual(opened.data)
      expect((await run('close', { size: 5, shape }, closed)).data).toEqual(closed.data)
      scene.data.forEach((v, i) => {
        expect(opened.data[i]! <= v && v <= closed.data[i]!).toBe(true)
      })
    }
  })
  it('lines lie as they are drawn, counterclockwise', async () => {
    const dot = tensor(new Float32Array(height * width))
    dot.data[10 * width + 10] = 9
    const places = async (angle: number) => {
      const { data } = await run('dilate', { size: 5, shape: 'line', angle }, dot)
      return [...data.keys()]
        .filter((i) => data[i] === 9)
        .map((i) => [Math.floor(i / width) - 10, (i % width) - 10])
    }
    expect(await places(0)).toEqual([-2, -1, 0, 1, 2].map((x) => [0, x]))
    expect(await places(90)).toEqual([-2, -1, 0, 1, 2].map((y) => [y, 0]))
    expect(await places(45)).toEqual([-2, -1, 0, 1, 2].map((i) => [i, -i || 0]))
    expect(await places(-45)).toEqual([-2, -1, 0, 1, 2].map((i) => [i, i]))
    expect(await places(20)).toEqual([
      [-1, 2],
      [0, -1],
      [0, 0],
      [0, 1],
      [1, -2],
    ])
  })
  it.each([
    [{ size: 4, shape: 'disk' }, '--size of a disk must be one odd number, got 4'],
    [{ size: '3,5', shape: 'line' }, '--size of a line must be one odd number, got 3,5'],
    [{ angle: 30 }, '--angle 30 applies to a line, and the window is a square'],
    [{ size: 0 }, '--size must be from 1 to 1023, got 0'],
  ])('refuse %o', async (values, message) => {
    await expect(run('median', values)).rejects.toThrow(message)
  })
  it('refuse a kernel beside settings of the window, one of no pixels and a bank', async () => {
    const of = (k: Kernel, values = {}) => run('median', values, scene, { kernel: k })
    await expect(of(kernel([1, 1], [1]), { size: 3 })).rejects.toThrow(
      '--size and --kernel cannot be used together',
    )
    await expect(of(kernel([1, 2], [0, 0]))).rejects.toThrow('needs a kernel with a nonzero weight')
    await expect(of(kernel([1, 1, 1], [1]))).rejects.toThrow('takes kernels of [kH,kW], got [1,1,1]')
    await expect(run('median', {}, scene, { settings: { fill: 3 } })).rejects.toThrow(
      '--fill does not apply to --border replicate',
    )
  })
})

describe('differences from a blur', () => {
  it.each([
    ['highpass 3', 'highpass', { sigma: 3 }, 127.5],
    ['local-contrast 2 0.8', 'local-contrast', { sigma: 2, amount: 0.8 }, 0],
  ])('%s is made of SciPy’s Gaussian', (figures, name, values, middle) => {
    const { params, build } = filters[name]!
    const { data } = weighed(build(resolve(params, values)), filterDefaults, scene)
    expect(
      worst(
        data,
        floats(figures).map((v) => v + middle),
      ),
    ).toBeLessThan(5e-4)
  })
})

describe('resize', () => {
  it.each([
    ['nearest', 0],
    ['box', 1],
    ['bilinear', 1],
    ['catmull-rom', 1],
    ['lanczos3', 1],
  ])('%s is Pillow’s within %i levels, smaller and larger', async (curve, within) => {
    for (const [w, h] of [
      [11, 13],
      [36, 29],
    ] as const) {
      const { shape, data } = await run('resize', { curve, width: w, height: h })
      expect(shape).toEqual([1, h, w])
      const levels = Array.from(data, (v) => Math.max(0, Math.min(255, Math.round(v))))
      expect(worst(levels, bytes(`resize ${curve} ${w}x${h}`))).toBeLessThanOrEqual(within)
    }
  })
  it.each(['box', 'bilinear', 'catmull-rom', 'mitchell', 'lanczos2', 'lanczos3'])(
    '%s keeps a flat picture, and its own size as it is',
    async (curve) => {
      const flat = tensor(new Float32Array(height * width).fill(100))
      for (const by of [0.3, 0.5, 1.7]) {
        expect(
          worst(
            (await run('resize', { curve, by }, flat)).data,
            new Float32Array(Math.round(height * by) * Math.round(width * by)).fill(100),
          ),
        ).toBeLessThan(1e-4)
      }
      expect((await run('resize', { curve, by: 1 })).data).toEqual(scene.data)
    },
  )
  it('keeps proportions, fits inside, covers and stretches', async () => {
    const size = async (values: object) => (await run('resize', { ...values })).shape.slice(1).toReversed()
    expect([width, height]).toEqual([27, 24])
    expect(await size({})).toEqual([14, 12])
    expect(await size({ by: '200%' })).toEqual([54, 48])
    expect(await size({ width: 9 })).toEqual([9, 8])
    expect(await size({ height: 8 })).toEqual([9, 8])
    expect(await size({ width: 9, height: 20 })).toEqual([9, 20])
    expect(await size({ width: 9, height: 20, fit: 'inside' })).toEqual([9, 8])
    expect(await size({ width: 9, height: 20, fit: 'cover' })).toEqual([9, 20])
  })
  it.each([
    [{ by: 2, width: 3 }, '--by and a width or height cannot be used together'],
    [{ width: 3, fit: 'cover' }, '--fit cover needs both --width and --height'],
    [{ by: 0 }, '--by must be above 0 and at most 1000'],
    [{ width: 0 }, '--width must be from 1 to 1000000, got 0'],
    [{ width: 40000, height: 40000 }, 'a picture of 40000x40000 has more samples than allowed'],
  ])('refuses %o', async (values, message) => {
    await expect(run('resize', values)).rejects.toThrow(message)
  })
})

describe('crop and pad', () => {
  it('crop keeps a rectangle, of the middle unless a place is given', async () => {
    const at = async (values: object) => {
      const { shape, data } = await run('crop', { ...values })
      return [shape.slice(1), data[0], data.at(-1)]
    }
    const sample = (y: number, x: number) => scene.data[y * width + x]
    expect(await at({ size: '3,2', at: '5,7' })).toEqual([[2, 3], sample(7, 5), sample(8, 7)])
    expect(await at({ size: 5 })).toEqual([[5, 5], sample(9, 11), sample(13, 15)])
    await expect(run('crop', { size: '20,30' })).rejects.toThrow(
      expect.objectContaining({ why: ['the picture is 27x24'], fix: '--size 20x24' }),
    )
    await expect(run('crop', { size: 5, at: '30,0' })).rejects.toThrow(
      expect.objectContaining({ fix: '--size 5x5 --at 0,0' }),
    )
  })
  it('pad undoes crop, and shows the border', async () => {
    const padded = await run('pad', { by: '1,2,3,4' }, scene, {
      settings: { border: 'constant', fill: 51 },
      full: 65535,
    })
    expect(padded.shape).toEqual([1, height + 3, width + 7])
    expect(padded.data[0]).toBe(13107)
    const back = await run('crop', { size: [width, height], at: '3,1' }, padded)
    expect(back.data).toEqual(scene.data)
    const mirrored = await run('pad', { by: 2 }, scene, { settings: { border: 'reflect' } })
    expect(mirrored.data[0]).toBe(scene.data[2 * width + 2])
    await expect(run('pad', { by: '1,2,3' })).rejects.toThrow('--by must be 1, 2 or 4 numbers')
  })
})

describe('edges', () => {
  it.each([
    ['canny 1', { sigma: 1, low: 25.5, high: 51 }],
    ['canny 1.5', { sigma: 1.5, low: 12.75, high: 38.25 }],
  ])('%s is scikit-image’s', async (figures, values) => {
    const { data } = await run('canny', values)
    const rows = Array.from({ length: height }, (_, y) =>
      Array.from(data.subarray(y * width, (y + 1) * width), (v) => (v === 255 ? '#' : '.')).join(''),
    )
    expect(rows).toEqual(made[figures])
  })
  it('canny follows an edge however far, and drops what hangs on nothing strong', async () => {
    // a step that gets weaker towards the bottom, and a separate one of 10
    const step = (y: number, x: number) => (x >= 8 ? 40 - 1.3 * y : 0) + (x >= 20 ? 10 : 0)
    const x = tensor(
      Float32Array.from({ length: height * width }, (_, i) => step(Math.floor(i / width), i % width)),
    )
    const { data } = await run('canny', { sigma: 0, low: 30, high: 100 }, x)
    const columns = new Set([...data.keys()].filter((i) => data[i] === 255).map((i) => i % width))
    expect([...columns].every((column) => column < 12)).toBe(true)
    expect([...data.keys()].some((i) => data[i] === 255 && Math.floor(i / width) > 15)).toBe(true)
  })
  it('canny refuses thresholds the wrong way round', async () => {
    await expect(run('canny', { low: 60 })).rejects.toThrow('--low 60 is above --high 51')
    await expect(run('canny', { sigma: 0.05 })).rejects.toThrow(
      '--sigma must be 0, or at least 0.1, got 0.05',
    )
  })
  it.each(['larger', 'smaller'])(
    'the %s eigenvalue of the structure tensor is scikit-image’s over 64',
    async (give) => {
      const expected = floats(`tensor ${give}`).map((v) => (v / 64) * 255)
      expect(worst((await run('structure-tensor', { sigma: 1.5, give })).data, expected)).toBeLessThan(1e-4)
    },
  )
  it('coherence and angle follow from them', async () => {
    const stripes = tensor(
      Float32Array.from(
        { length: height * width },
        (_, i) => 100 + 50 * Math.sin((i % width) + Math.floor(i / width)),
      ),
    )
    const middle = 12 * width + 13
    const coherence = await run('structure-tensor', {}, stripes)
    const angle = await run('structure-tensor', { give: 'angle' }, stripes)
    expect(coherence.data[middle]).toBeGreaterThan(254.9)
    expect(angle.data[middle]).toBeCloseTo((0.5 + 45 / 180) * 255, 2)
    const flat = tensor(new Float32Array(height * width).fill(7))
    expect((await run('structure-tensor', {}, flat)).data.every((v) => v === 0)).toBe(true)
  })
  it('harris is det − k trace² of the same tensor', async () => {
    const expected = floats('harris').map((v) => (v / 4096) * 255)
    const corners = await run('harris', { sigma: 1.5 })
    const contrast = expected.map((v) => 4 * 255 * Math.max(0, v / 255) ** 0.25)
    expect(worst(corners.data, contrast)).toBeLessThan(0.5)
    expect(worst((await run('harris', { sigma: 1.5, give: 'response' })).data, expected)).toBeLessThan(1e-4)
  })
})

describe('filters that keep edges', () => {
  it('guided is He’s with means over squares', async () => {
    expect(worst((await run('guided', { radius: 3, edge: 20 })).data, floats('guided 3 20'))).toBeLessThan(
      2e-3,
    )
  })
  it('guided by the luminance is the same on a gray picture, and leaves the sum of channels guided alike', async () => {
    const one = await run('guided', { radius: 2, guide: 'luminance' })
    expect(one.data).toEqual((await run('guided', { radius: 2 })).data)
    const colours = new Tensor(
      [3, height, width],
      Float32Array.from([...scene.data, ...scene.data, ...scene.data]),
    )
    const all = await run('guided', { radius: 2, guide: 'luminance' }, colours)
    expect(worst(all.data.subarray(0, height * width), one.data)).toBeLessThan(0.01)
  })
  it('bilateral and nlmeans are the involution by the names that people know', async () => {
    const options = { dilation: 1, sigmaSpace: 1.5, sigmaRange: 25, size: 7, patch: 1 }
    expect((await run('bilateral', { size: 7 })).data).toEqual((await engine.involve(scene, options)).data)
    const alike = { ...options, sigmaSpace: Number.POSITIVE_INFINITY, sigmaRange: 8, patch: 3 }
    expect((await run('nlmeans', { size: 7, patch: 3, strength: 8 })).data).toEqual(
      (await engine.involve(scene, alike)).data,
    )
    await expect(run('nlmeans', { patch: 4 })).rejects.toThrow(
      '--patch must be an odd number from 1 to 31, got 4',
    )
  })
})

describe('deblurring', () => {
  const blur = kernel([5, 5], floats('blur'))
  const blurred = tensor(bytes('blurred'))
  it('wiener with the laplacian is scikit-image’s', async () => {
    const values = { penalty: 'laplacian', balance: 0.1 }
    const { data } = await run('wiener', values, blurred, { kernel: blur, settings: { border: 'wrap' } })
    expect(worst(data, floats('wiener laplacian 0.1'))).toBeLessThan(0.35)
  })
  it('wiener takes a blur back that leaves no frequency out', async () => {
    const soft = kernel([3, 3], [0, 1, 0, 1, 6, 1, 0, 1, 0])
    const { data } = await run('wiener', { balance: 1e-9 }, await seen(soft, 'symmetric'), { kernel: soft })
    expect(worst(data, scene.data)).toBeLessThan(0.5)
  })
  it('richardson-lucy is scikit-image’s where all is black outside, which it takes for granted', async () => {
    const around = 12
    const x = new Tensor(
      [1, height + 2 * around, width + 2 * around],
      Float32Array.from(bytes('on black, blurred')),
    )
    const out = await run('richardson-lucy', { iterations: 10 }, x, { kernel: blur })
    const { data } = await run('crop', { size: [width, height], at: [around, around] }, out)
    expect(worst(data, floats('richardson-lucy 10'))).toBeLessThan(0.05)
  })
  it('richardson-lucy brings back what was blurred, at the edge as well, and keeps a flat picture', async () => {
    const soft = kernel([3, 3], [1, 2, 1, 2, 4, 2, 1, 2, 1])
    const x = await seen(soft, 'symmetric')
    const { data } = await run('richardson-lucy', { iterations: 60 }, x, { kernel: soft })
    const isRim = (i: number) => i < 3 * width || i % width < 3 || i % width >= width - 3
    const error = (a: Float32Array, counts: (i: number) => boolean) =>
      Math.sqrt(a.reduce((s, v, i) => s + (counts(i) ? (v - scene.data[i]!) ** 2 : 0), 0))
    // grain of one pixel is lost
    expect(error(data, () => true)).toBeLessThan(0.7 * error(x.data, () => true))
    expect(error(data, isRim)).toBeLessThan(0.95 * error(x.data, isRim))
    const flat = tensor(new Float32Array(height * width).fill(80))
    const still = await run('richardson-lucy', { iterations: 5 }, flat, { kernel: blur })
    expect(worst(still.data, flat.data)).toBeLessThan(1e-3)
  })
  it('damping leaves differences alone that are smaller than it', async () => {
    const of = (damping: number) =>
      run('richardson-lucy', { iterations: 10, damping }, blurred, { kernel: blur })
    const [sharp, damped] = [await of(0), await of(20)]
    const rough = ({ data }: Tensor) => data.reduce((s, v, i) => s + Math.abs(v - (data[i - 1] ?? v)), 0)
    expect(rough(damped)).toBeLessThan(rough(sharp))
    expect(rough(damped)).toBeGreaterThan(0)
  })
  it('damping does not lighten the rim of a dark picture, where it is like what was not seen', async () => {
    const flat = tensor(new Float32Array(height * width).fill(10))
    const { data } = await run('richardson-lucy', { iterations: 20, damping: 20 }, flat, { kernel: blur })
    expect(worst(data, flat.data)).toBeLessThan(0.05)
  })
  it('damping leaves black black, at any depth', async () => {
    const black = tensor(new Float32Array(height * width))
    const { data } = await run('richardson-lucy', { iterations: 20, damping: 5 }, black, { kernel: blur })
    expect(Math.max(...data)).toBeLessThan(255 / 65535 / 2)
  })
  it('damping keeps a soft slope, whatever its level', async () => {
    const slope = Float32Array.from({ length: height * width }, (_, i) => 110 + (i % width))
    const { data } = await run('richardson-lucy', { iterations: 20, damping: 20 }, tensor(slope), {
      kernel: blur,
    })
    const inner = slope.filter((_, i) => i % width > 3 && i % width < width - 4)
    expect(
      worst(
        data.filter((_, i) => i % width > 3 && i % width < width - 4),
        inner,
      ),
    ).toBeLessThan(1)
  })
  it('richardson-lucy estimates what is no light from what is around it, and says so', async () => {
    const wide = kernel([9, 9], new Float64Array(81).fill(1))
    const flat = Float32Array.from({ length: height * width }, () => 80)
    const odd = flat.slice()
    odd.set([Number.NaN, Number.POSITIVE_INFINITY], 5 * width + 9)
    const { build, params } = stepFilters['richardson-lucy']!
    const values = resolve(params, { iterations: 5 })
    const made = await build({ values, kernel: wide, settings: {}, channels: 1, full: 255 })
    expect(worst((await made.apply(tensor(odd), engine)).data, flat)).toBeLessThan(0.05)
    expect(made.notes).toEqual(['samples that are not finite were estimated from those around them'])
    const [below, zero] = [scene.data.map((v) => v - 60), scene.data.map((v) => Math.max(0, v - 60))]
    const [a, b] = [below, zero].map((data) => run('richardson-lucy', {}, tensor(data), { kernel: blur }))
    expect((await a!).data).toEqual((await b!).data)
  })
  it('refuses kernels that are no blur', async () => {
    const edge = kernel([1, 3], [-1, 0, 1])
    for (const name of ['wiener', 'richardson-lucy']) {
      await expect(run(name, {}, scene, { kernel: edge })).rejects.toThrow('needs the kernel of a blur')
    }
    const sharp = kernel([1, 3], [-1, 3, -1])
    await expect(run('richardson-lucy', {}, scene, { kernel: sharp })).rejects.toThrow(
      'weights all have the same sign',
    )
    const wide = kernel([1, 200], new Float64Array(200).fill(1))
    await expect(run('wiener', {}, scene, { kernel: wide })).rejects.toThrow('up to 128 x 128, got 200 x 1')
  })
  it('wiener notes an inverse that is too wide for it, and what helps does', async () => {
    const entry = stepFilters.wiener!
    const notes = async (given: Readonly<Record<string, unknown>>, width = 15) => {
      const k = kernel([1, width], new Float64Array(width).fill(1))
      const values = resolve(entry.params, given)
      const step = await entry.build({ values, kernel: k, settings: {}, channels: 1, full: 255 })
      return (step.notes ?? []).join()
    }
    expect(await notes({})).toBe('')
    const grain = { penalty: 'laplacian', balance: 0.01 }
    expect(await notes(grain)).toMatch(/cut off at 511x511.*; --penalty flat or richardson-lucy/)
    const [, balance] = /--balance ([\d.]+)/.exec(await notes({ balance: 0.001 }))!
    expect(await notes({ balance: Number(balance) })).toBe('')
  })

  /** Returns the scene after a blur. */
  async function seen(k: Kernel, border: 'symmetric'): Promise<Tensor> {
    const sum = k.weights.reduce((a, b) => a + b, 0)
    const own = kernel(
      k.shape,
      k.weights.map((w) => w / sum),
    )
    const recipe = {
      kernels: [{ form: 'dense', kernel: own } as const],
      combine: { kind: 'only' } as const,
      scale: 1,
      offset: 0,
    }
    const plan = planRecipe(
      recipe,
      { ...filterDefaults, border, algorithm: 'direct' },
      { width, height, samples: 'f32' },
    )
    return engine.filter(scene, plan, 255)
  }
})

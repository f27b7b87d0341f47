import { describe, expect, it } from 'vitest'
import { referenceEngine as engine } from '../../src/definition/engine.ts'
import { type Kernel, kernel } from '../../src/kernel/kernel.ts'
import { conv3dCommand } from '../../src/operators/conv3d.ts'
import type { KernelOptions } from '../../src/operators/operator.ts'
import { resolve } from '../../src/params.ts'
import { type BorderName, borders } from '../../src/tensor/border.ts'
import { Tensor } from '../../src/tensor/tensor.ts'
import { fractions } from './tensors.ts'

const [channels, depth, height, width] = [2, 7, 10, 13]
const volume = fractions([channels, depth, height, width])
const bank = fractions([3, 2, 3, 2, 3])

type Call = { values?: Record<string, unknown>; settings?: KernelOptions; kernel?: Kernel }

/** The whole volume at once, and the same put together from slabs. */
async function bothWays({ values = {}, settings = {}, kernel: k }: Call): Promise<[Tensor, Tensor]> {
  const step = conv3dCommand.build({
    values: resolve(conv3dCommand.params, values),
    kernel: k,
    settings,
    channels,
    full: 255,
  })
  if (step.slabs === undefined) throw new Error('conv3d goes through slab by slab')
  const whole = await step.apply(volume, engine)
  const { axis, border, fill, apply } = step.slabs(volume.shape)
  const [filters, , rows, columns] = whole.shape as [number, number, number, number]
  const joined = Tensor.zeros([filters, axis.output, rows, columns])
  for (let o = 0; o < axis.output; o++) {
    const slab = Tensor.zeros([channels, axis.kernel, height, width])
    for (let c = 0; c < channels; c++) {
      for (let t = 0; t < axis.kernel; t++) {
        const z = borders[border].source(o * axis.stride - axis.before + t * axis.dilation, depth)
        const at = (c * depth + z) * height * width
        const slice = z < 0 ? undefined : volume.data.subarray(at, at + height * width)
        const to = (c * axis.kernel + t) * height * width
        if (slice === undefined) slab.data.fill(fill, to, to + height * width)
        else slab.data.set(slice, to)
      }
    }
    const out = await apply(slab, engine)
    expect(out.shape).toEqual([filters, 1, rows, columns])
    const plane = rows * columns
    for (let f = 0; f < filters; f++) {
      joined.data.set(out.data.subarray(f * plane, (f + 1) * plane), (f * axis.output + o) * plane)
    }
  }
  return [whole, joined]
}

async function expectEqual(call: Call): Promise<void> {
  const [whole, joined] = await bothWays(call)
  expect(joined.shape).toEqual(whole.shape)
  expect(Buffer.from(joined.data.buffer).equals(Buffer.from(whole.data.buffer))).toBe(true)
}

describe('a volume slab by slab has the bits of the whole', () => {
  const named = [
    ['gaussian', { sigma: 0.5 }],
    ['sobel', { filter: 'sobel' }],
    ['sobel-z', { filter: 'sobel-z' }],
    ['box', { filter: 'box' }],
  ] as const
  const shapes = [
    {},
    { stride: [2, 1, 3] },
    { dilation: [2, 3, 1] },
    { stride: [3], dilation: [2], padding: 'same' },
    { padding: 'valid' },
    { padding: 'full', stride: [2] },
    { padding: [1, 0, 2], dilation: [1, 2, 1] },
  ]
  for (const border of Object.keys(borders) as BorderName[]) {
    it.each(named)(`${border}: %s, for strides, dilations and paddings`, async (_, values) => {
      for (const shape of shapes) await expectEqual({ values: { ...values, ...shape }, settings: { border } })
    })
    it(`${border}: a bank, turned, scaled and raised`, async () => {
      const k = kernel(bank.shape, bank.data)
      for (const shape of shapes) {
        const settings: KernelOptions = { border, flip: true, scale: 3, bias: 7, fill: 31 }
        await expectEqual({ values: shape, settings, kernel: k })
      }
    })
  }
  it('with groups, where filters see some channels only', async () => {
    const grouped = fractions([4, 1, 3, 3, 3])
    await expectEqual({ settings: { groups: 2 }, kernel: kernel(grouped.shape, grouped.data) })
  })
})

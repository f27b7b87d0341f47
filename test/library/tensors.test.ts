import { afterAll, expect, it } from 'vitest'
import {
  close,
  conv2d,
  conv3d,
  depthwiseSeparableConv2d,
  interleaved,
  maxPool2d,
  maxUnpool2d,
  type NumberArray,
  Tensor,
  tensorOf,
} from '../../src/index.ts'

// Operators accept numbers with a shape instead of a tensor: any array, with channels first or last.

afterAll(close)

const whole = (count: number, from = 0) => Array.from({ length: count }, (_, i) => (from + i * 7) % 11)
const weight = new Tensor([2, 3, 3, 3], Float32Array.from(whole(54, 3)))
const planes = new Tensor([3, 4, 5], Float32Array.from(whole(60)))

const arrays: readonly (new (values: number[]) => NumberArray)[] = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
]

it.each(arrays.map((make) => [make.name, make] as const))('%s holds a tensor', async (_, make) => {
  const expected = await conv2d(planes, weight)
  expect(await conv2d({ data: new make(whole(60)), shape: [3, 4, 5] }, weight)).toEqual(expected)
  const last = interleaved(planes)
  const pixels = { data: new make([...last.data]), shape: last.shape, layout: 'HWC' } as const
  const taps = { data: new make(whole(54, 3)), shape: [2, 3, 3, 3] }
  expect(await conv2d(pixels, taps)).toEqual(expected)
})

it('channels last are the last axis, of planes and of volumes', async () => {
  expect(interleaved(planes).shape).toEqual([4, 5, 3])
  expect(interleaved(planes).data.slice(0, 3)).toEqual(Float32Array.of(0, planes.data[20]!, planes.data[40]!))
  expect(tensorOf({ ...interleaved(planes), layout: 'HWC' })).toEqual(planes)
  const volume = new Tensor([2, 3, 4, 5], Float32Array.from(whole(120)))
  const kernel = { data: Uint8Array.from(whole(16)), shape: [1, 2, 2, 2, 2] }
  const last = { ...interleaved(volume), layout: 'HWC' } as const
  expect(last.shape).toEqual([3, 4, 5, 2])
  expect(await conv3d(last, kernel)).toEqual(await conv3d(volume, tensorOf(kernel)))
})

it('every tensor of an operator may be one, and switches stay what they are', async () => {
  const mix = { data: Float64Array.of(1, 2, 3), shape: [1, 3, 1, 1] }
  const depth = { data: Int8Array.from(whole(27)), shape: [3, 1, 3, 3] }
  expect(await depthwiseSeparableConv2d(planes, depth, mix)).toEqual(
    await depthwiseSeparableConv2d(planes, tensorOf(depth), tensorOf(mix)),
  )
  const { output, indices } = await maxPool2d(
    { data: Uint8Array.from(whole(60)), shape: [3, 4, 5] },
    { kernelSize: 2 },
  )
  expect(
    await maxUnpool2d({ data: [...output.data] as never, shape: [1] }, indices).catch((e) => e.code),
  ).toBe('E_ARGUMENT')
  const like = { data: Float64Array.from(output.data), shape: output.shape }
  expect(await maxUnpool2d(like, indices, { outputSize: [4, 5] })).toEqual(
    await maxUnpool2d(output, indices, { outputSize: [4, 5] }),
  )
})

it('large tensors have the same maxima with their places as without', async () => {
  const large = tensorOf({
    shape: [8, 256, 257],
    data: Float32Array.from({ length: 8 * 256 * 257 }, (_, i) => (i * 7919) % 997),
  })
  large.data[70_000] = Number.NaN
  for (const options of [
    { kernelSize: 3, stride: 1, padding: 1 },
    { kernelSize: [4, 3], stride: [1, 2], dilation: 2 },
  ]) {
    const { output } = await maxPool2d(large, options)
    const alone = await maxPool2d(large, { ...options, returnIndices: false })
    expect(alone).toEqual({ output })
  }
  await expect(maxPool2d(large, { kernelSize: 999, returnIndices: false })).rejects.toMatchObject({
    code: 'E_SHAPE',
  })
})

it('names of both worlds mean the same border', async () => {
  const padded = (paddingMode: 'wrap' | 'circular' | 'constant' | 'zeros') =>
    conv2d(planes, weight, { padding: 1, paddingMode })
  expect(await padded('wrap')).toEqual(await padded('circular'))
  expect(await padded('constant')).toEqual(await padded('zeros'))
})

it.each([
  ['big numbers', { data: new BigInt64Array(60) as never, shape: [3, 4, 5] }, 'E_ARGUMENT'],
  [
    'a view without numbers',
    { data: new DataView(new ArrayBuffer(60)) as never, shape: [3, 4, 5] },
    'E_ARGUMENT',
  ],
  ['another layout', { data: new Uint8Array(60), shape: [3, 4, 5], layout: 'WHC' as never }, 'E_ARGUMENT'],
  ['a shape that does not fit', { data: new Uint8Array(60), shape: [3, 4, 6] }, 'E_SHAPE'],
])('%s is refused', async (_, given, code) => {
  await expect(conv2d(given, weight)).rejects.toMatchObject({ code })
})

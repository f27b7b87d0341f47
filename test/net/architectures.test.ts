import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { referenceEngine } from '../../src/definition/engine.ts'
import { architectures } from '../../src/net/architectures/index.ts'
import { fitOf, modelOf, throughModel } from '../../src/net/model.ts'
import { networkFrom } from '../../src/net/read.ts'
import { Tensor } from '../../src/tensor/tensor.ts'
import { failure } from '../kernel/expect-failure.ts'
import { tensors } from '../kernel/formats/safetensors-file.ts'
import { numbers } from './vectors/formula.ts'

/**
 * The output of the scripts in vectors: published networks, and the results of PyTorch or NumPy for them in float64.
 */
type Case = {
  readonly name: string
  readonly file: string
  readonly gain: number
  /** The name in the file, the name in the network, and the shape. */
  readonly tensors: readonly (readonly [string, string, readonly number[]])[]
  readonly input: readonly [number, number, number]
  readonly output: readonly number[]
  readonly step: number
  readonly largest: number
  readonly samples: readonly number[]
}

const cases = ['architectures', 'architectures-numpy'].flatMap((name): readonly Case[] =>
  JSON.parse(readFileSync(new URL(`vectors/${name}.json`, import.meta.url), 'utf8')),
)

const countOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1)

function weights(name: string, shape: readonly number[], seed: number, gain: number): Float32Array {
  const count = countOf(shape)
  let by = 1 / 4
  if (shape.length > 1) for (by = gain; 4 * (gain / by) ** 2 <= count / shape[0]!; ) by /= 2
  const isVariance = name.endsWith('running_var')
  return Float32Array.from(numbers(count, seed), (n) => (isVariance ? n / 4 + 1 : n * by))
}

const fileOf = ({ tensors: all, gain }: Case, change: (name: string) => string = (name) => name) =>
  tensors(
    Object.fromEntries(
      all.map(([name, own, shape], i) => [change(name), { shape, data: weights(own, shape, i, gain) }]),
    ),
  )

const byFile = (file: string) => cases.find((one) => one.file === file)!

describe('networks are as they were published', () => {
  test.each(cases)('$name of $file', async (one) => {
    const network = networkFrom(fileOf(one), { name: one.file })
    expect(network.name).toBe(one.name)
    const model = await modelOf(network)
    const x = Float32Array.from(numbers(countOf(one.input), 1000), (n) => (n + 1) / 2)
    const fit = await fitOf(model, one.input)
    const { shape, data } = await throughModel(model, new Tensor(one.input, x), referenceEngine, fit)
    expect(shape).toEqual(one.output)
    const [, height] = one.output
    if (network.meaning?.scale !== undefined) expect(height! / one.input[1]).toBe(network.meaning.scale)
    const worst = one.samples.map((sample, i) => Math.abs(data[i * one.step]! - sample))
    expect(Math.max(...worst) / one.largest).toBeLessThan(5e-6)
  })

  test('each of the table', () => {
    expect(new Set(cases.map(({ name }) => name))).toEqual(new Set(architectures.map(({ name }) => name)))
  })
})

describe('an architecture says what samples it means', () => {
  test.each([
    ['new.safetensors', { inRange: '0..1', outRange: '0..1', channels: 'rgb', scale: 4 }],
    ['x2.safetensors', { inRange: '0..1', outRange: '0..1', channels: 'rgb', scale: 2, multiple: 2 }],
    ['espcn.safetensors', { inRange: '0..1', outRange: '0..1', channels: 'luma', scale: 3 }],
    ['gray.safetensors', { inRange: '0..1', outRange: '0..1', channels: 'luma', scale: 1 }],
  ])('%s', (file, meaning) => {
    expect(networkFrom(fileOf(byFile(file)), { name: file }).meaning).toEqual(meaning)
  })
})

describe('refused', () => {
  const refused = (bytes: Uint8Array, name: string, scale?: number) => {
    const { code, message, why, fix } = failure(() =>
      networkFrom(bytes, { name, ...(scale !== undefined && { scale }) }),
    )
    expect(code).toBe('E_NET_FORMAT')
    return { message, why, fix }
  }

  test('tensors of another network, with the first of them and what is recognised', () => {
    const { message, why, fix } = refused(
      tensors({ 'layer.0.weight': { shape: [2], data: Float32Array.of(1, 2) } }),
      'a.safetensors',
    )
    expect(message).toBe('a.safetensors is not a known network')
    expect(why.slice(0, 3)).toEqual([
      'a.safetensors: its first tensors:',
      '"layer.0.weight" [2]',
      'recognised:',
    ])
    expect(why.slice(3)).toEqual(architectures.map(({ summary }) => summary))
    expect(fix).toContain('ONNX')
  })

  test('tensors that the architecture does not have', () => {
    const one = byFile('new.safetensors')
    const more = one.tensors.concat([['body.0.extra.weight', 'body.0.extra.weight', [3, 3]]])
    const { message, why } = refused(fileOf({ ...one, tensors: more }), 'a.safetensors')
    expect(message).toBe('a.safetensors looks like ESRGAN, but has additional tensors')
    expect(why).toEqual(['a.safetensors: 1 tensor more:', '"body.0.extra.weight" [3, 3]'])
  })

  test('tensors that are missing, or have another shape', () => {
    const one = byFile('new.safetensors')
    const less = one.tensors.filter(([name]) => name !== 'conv_hr.weight')
    expect(refused(fileOf({ ...one, tensors: less }), 'a').message).toBe(
      'a lacks a tensor of its architecture, "conv_hr.weight"',
    )
    const other = one.tensors.map(([name, own, shape]) =>
      name === 'conv_hr.weight' ? ([name, own, [6, 54]] as const) : ([name, own, shape] as const),
    )
    expect(refused(fileOf({ ...one, tensors: other }), 'a').why).toEqual([
      'a: its shape is [6, 54], and 4 sizes above 0 are needed',
    ])
    const span = byFile('span.safetensors')
    const odd = span.tensors.map(([name, own, shape]) =>
      name === 'block_2.c1_r.conv.1.weight'
        ? ([name, own, [8, 7, 3, 3]] as const)
        : ([name, own, shape] as const),
    )
    expect(refused(fileOf({ ...span, tensors: odd }), 'a').message).toBe(
      'a has tensors of "block_2.c1_r" that do not fit each other',
    )
  })

  test('FSRCNN without a factor, which its file name or an option gives', () => {
    const one = byFile('fsrcnn_x3.safetensors')
    const { message, fix } = refused(fileOf(one), 'best.safetensors')
    expect(message).toBe('the scale of best.safetensors is unknown')
    expect(fix).toBe('x2, x3 or x4 in the name of the file, such as fsrcnn_x2.pth')
    const scaleOf = (name: string, scale?: number) =>
      networkFrom(fileOf(one), { name, ...(scale !== undefined && { scale }) }).meaning?.scale
    expect([scaleOf('best.safetensors', 4), scaleOf('a/x2/FSRCNN-X3.pth'), scaleOf('4x.pth')]).toEqual([
      4, 3, 4,
    ])
  })
})

test('names that training puts before all tensors are looked through', () => {
  const one = byFile('espcn.safetensors')
  for (const prefix of ['module.', 'model.', 'params_ema.', '_orig_mod.'])
    expect(networkFrom(fileOf(one, (name) => prefix + name)).name).toBe('ESPCN')
})

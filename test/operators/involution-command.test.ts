import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { referenceEngine as engine } from '../../src/definition/engine.ts'
import { involveBySimilarity } from '../../src/definition/similarity.ts'
import { writeNpy } from '../../src/kernel/formats/npy.ts'
import { involution2d, involutionCommand } from '../../src/operators/involution.ts'
import type { FullScale } from '../../src/operators/operator.ts'
import { resolve } from '../../src/params.ts'
import { Tensor } from '../../src/tensor/tensor.ts'
import { difference, fractions, plain } from './tensors.ts'

const folder = mkdtempSync(join(tmpdir(), 'convo-involution-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Writes a .safetensors file of float32 tensors. */
function safetensors(name: string, tensors: Readonly<Record<string, Tensor>>): string {
  let at = 0
  const header = Object.fromEntries(
    Object.entries(tensors).map(([key, { shape, data }]) => {
      const offsets = [at, at + data.byteLength]
      at += data.byteLength
      return [key, { dtype: 'F32', shape, data_offsets: offsets }]
    }),
  )
  const json = Buffer.from(JSON.stringify(header))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(json.length))
  const numbers = Object.values(tensors).map(({ data }) =>
    Buffer.from(data.buffer, data.byteOffset, data.byteLength),
  )
  const path = join(folder, name)
  writeFileSync(path, Buffer.concat([length, json, ...numbers]))
  return path
}

async function run(
  x: Tensor,
  values: Readonly<Record<string, unknown>>,
  full: FullScale = 255,
): Promise<Tensor> {
  const given = {
    values: resolve(involutionCommand.params, values),
    kernel: undefined,
    settings: {},
    channels: 3,
    full,
  }
  const step = await involutionCommand.build(given)
  return step.apply(x, engine)
}

const x = new Tensor(
  [4, 7, 9],
  fractions([4, 7, 9]).data.map((v) => (v + 4) * 31),
)
const generator = {
  reduceWeight: fractions([3, 4, 1, 1]),
  reduceBias: fractions([3]),
  spanWeight: fractions([18, 3, 1, 1], 2),
  spanBias: fractions([18], 2),
}
const named = {
  'reduce.weight': generator.reduceWeight,
  'reduce.bias': generator.reduceBias,
  'span.weight': generator.spanWeight,
  'span.bias': generator.spanBias,
}

describe('convo involution by rule', () => {
  it('is bilateral in 5x5 unless told, at any depth', async () => {
    const o = { size: 5, dilation: 1, sigmaSpace: 1, sigmaRange: 25, patch: 1 }
    expect(plain(await run(x, {}))).toEqual(plain(involveBySimilarity(x, o)))
    const deep = new Tensor(
      x.shape,
      x.data.map((v) => v * 257),
    )
    const got = await run(deep, { generator: 'bilateral' }, 65535)
    expect(
      difference(
        new Tensor(
          x.shape,
          got.data.map((v) => v / 257),
        ),
        involveBySimilarity(x, o),
      ),
    ).toBeLessThan(1e-3)
  })

  it('takes its settings', async () => {
    const bilateral = await run(x, { size: 3, dilation: 2, 'sigma-space': 1.5, 'sigma-range': 60 })
    const o = { size: 3, dilation: 2, sigmaSpace: 1.5, sigmaRange: 60, patch: 1 }
    expect(plain(bilateral)).toEqual(plain(involveBySimilarity(x, o)))
    const attention = await run(x, { generator: 'attention', size: 7, temperature: 30 })
    const p = { size: 7, dilation: 1, sigmaSpace: Number.POSITIVE_INFINITY, sigmaRange: 30, patch: 3 }
    expect(plain(attention)).toEqual(plain(involveBySimilarity(x, p)))
  })

  it.each([
    [{ size: 4 }, /--size must be an odd number from 1 to 255, got 4/],
    [{ temperature: 3 }, /--temperature does not apply to the generator bilateral/],
    [{ generator: 'attention', 'sigma-range': 3 }, /--sigma-range does not apply to the generator attention/],
    [{ stride: 2 }, /--stride does not apply to the generator bilateral/],
    [{ generator: 'nearest' }, /--generator must be one of bilateral, attention/],
    [{ weights: 'w.safetensors', 'sigma-space': 3 }, /--sigma-space does not apply to --weights/],
  ])('refuses %j', async (values, message) => {
    await expect(run(x, values)).rejects.toThrow(message)
  })
})

describe('convo involution by weights from a file', () => {
  it('is the involution, its size and groups read off the file', async () => {
    const weights = safetensors('plain.safetensors', named)
    const want = await involution2d(engine, x, {
      kernelSize: 3,
      groups: 2,
      stride: 2,
      dilation: 2,
      ...generator,
    })
    expect(plain(await run(x, { weights, stride: 2, dilation: 2 }))).toEqual(plain(want))
  })

  it('takes a prefix, batch normalisation, and a size where it is not plain', async () => {
    const norm = {
      gamma: fractions([3], 3),
      beta: fractions([3], 4),
      mean: fractions([3], 5),
      variance: new Tensor([3], Float32Array.of(1, 2, 3)),
    }
    const tensors = {
      ...named,
      'bn.weight': norm.gamma,
      'bn.bias': norm.beta,
      'bn.running_mean': norm.mean,
      'bn.running_var': norm.variance,
    }
    const file = safetensors(
      'norm.safetensors',
      Object.fromEntries(Object.entries(tensors).map(([k, t]) => [`layer1.${k}`, t])),
    )
    const want = await involution2d(engine, x, { kernelSize: 3, groups: 2, ...generator, batchNorm: norm })
    expect(plain(await run(x, { weights: `${file}#layer1.`, size: 3 }))).toEqual(plain(want))
  })

  it('takes a folder with a .npy file for each tensor, too', async () => {
    const path = join(folder, 'arrays')
    mkdirSync(path)
    for (const [name, { shape, data }] of Object.entries(named)) {
      writeFileSync(join(path, `layer1.${name}.npy`), writeNpy(shape, data))
    }
    const want = await involution2d(engine, x, { kernelSize: 3, groups: 2, ...generator })
    expect(plain(await run(x, { weights: `${path}#layer1.` }))).toEqual(plain(want))
    await expect(run(x, { weights: path })).rejects.toMatchObject({
      code: 'E_KERNEL_FILE',
      message: `${path} has no tensor named "reduce.weight"`,
      fix: `${path}#layer1.`,
    })
    const empty = join(folder, 'nothing')
    mkdirSync(empty)
    await expect(run(x, { weights: empty })).rejects.toThrow(/has no tensor named "reduce.weight"/)
    writeFileSync(join(path, 'layer1.span.bias.npy'), 'no array')
    await expect(run(x, { weights: `${path}#layer1.` })).rejects.toMatchObject({ code: 'E_KERNEL_SYNTAX' })
  })

  it('makes the same of 16 bits as of 8', async () => {
    const weights = safetensors('deep.safetensors', named)
    const deep = await run(
      new Tensor(
        x.shape,
        x.data.map((v) => v * 257),
      ),
      { weights },
      65535,
    )
    const want = await run(x, { weights })
    const largest = want.data.reduce((m, v) => Math.max(m, Math.abs(v)), 0)
    expect(
      difference(
        new Tensor(
          x.shape,
          deep.data.map((v) => v / 257),
        ),
        want,
      ),
    ).toBeLessThan(largest * 1e-5)
  })

  it('says what is missing or wrong', async () => {
    const { 'span.weight': _, ...headless } = named
    const nan = { ...named, 'span.bias': new Tensor([18], new Float32Array(18).fill(Number.NaN)) }
    const seven = { ...named, 'span.weight': fractions([7, 3, 1, 1]), 'span.bias': fractions([7]) }
    for (const [tensors, values, message] of [
      [headless, {}, /span\.weight/],
      [nan, {}, /finite numbers, got NaN at index 0 of span.bias/],
      [seven, {}, /7 rows, which is not an odd K·K times groups of 4 channels/],
      [named, { size: 5 }, /18 rows, which --size 5 does not divide into kernels of 25/],
    ] as const) {
      const weights = safetensors('wrong.safetensors', tensors)
      await expect(run(x, { weights, ...values })).rejects.toThrow(message)
    }
    await expect(run(x, { weights: join(folder, 'none.safetensors') })).rejects.toMatchObject({
      code: 'E_KERNEL_FILE',
    })
  })
})

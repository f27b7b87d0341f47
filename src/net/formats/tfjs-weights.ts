import { sizeOf } from '../../tensor/tensor.ts'
import { describe } from '../../text/describe.ts'
import type { Constant } from '../network.ts'
import { type Checks, type Given, quoted } from './format.ts'
import { type Budget, budgetOf, bytesOf, constant, constantFrom, isWhole, numberTypes } from './numbers.ts'

/** A weight in the files of a model. */
export type Weight = { readonly shape: readonly number[]; readonly read: () => Constant }

/** The weights that the manifest of a `model.json` lists, by name. Each group is stored in one or more files, joined. */
export function weightsOf(
  manifest: readonly unknown[],
  checks: Checks,
  { file, beside }: Given,
): ReadonlyMap<string, Weight> {
  const { fail, record, list, text } = checks
  const weights = new Map<string, Weight>()
  const budget = budgetOf(file)
  for (const one of manifest) {
    const group = record(one, 'a group of weights')
    const paths = list(group.paths, 'paths').map((path) => text(path, 'a path'))
    let whole: Uint8Array | undefined
    let at = 0
    const bytesAt = (begin: number, end: number): Uint8Array => {
      whole ??= Buffer.concat(paths.map(beside))
      if (end <= whole.length) return whole.subarray(begin, end)
      throw fail(`${end} bytes in ${paths.map(quoted).join(' ')}`, `${whole.length}`)
    }
    for (const each of list(group.weights, 'weights')) {
      const { name, size, weight } = weightOf(each, at, checks, budget, bytesAt)
      at += size
      weights.set(name, weight)
    }
  }
  return weights
}

function weightOf(
  each: unknown,
  begin: number,
  { fail, record, list, text }: Checks,
  budget: Budget,
  bytesAt: (begin: number, end: number) => Uint8Array,
): { readonly name: string; readonly size: number; readonly weight: Weight } {
  const spec = record(each, 'a weight')
  const name = text(spec.name, 'the name of a weight')
  const shape = list(spec.shape, 'a shape')
  const quantised = spec.quantization === undefined ? undefined : record(spec.quantization, 'quantization')
  const stated = text(quantised?.dtype ?? spec.dtype, 'dtype')
  const type = numberTypes.find((one) => one === stated)
  const isShape = shape.every((n): n is number => Number.isSafeInteger(n) && (n as number) >= 0)
  const count = isShape ? sizeOf(shape) : Number.NaN
  if (type === undefined || !isShape || !Number.isSafeInteger(count))
    throw fail(`a shape and a supported type of ${quoted(name)}`, `${describe(shape)} ${stated}`)
  const size = count * bytesOf(type)
  const number = (value: unknown, otherwise: number) => (typeof value === 'number' ? value : otherwise)
  const isScaled = quantised !== undefined && type !== 'float16'
  const [scale, offset] = isScaled ? [number(quantised.scale, 1), number(quantised.min, 0)] : [1, 0]
  const read = (): Constant => {
    budget.take(count)
    const stored = constantFrom(type, shape, bytesAt(begin, begin + size))
    if (!isScaled) return isWhole(type) || type === 'bool' ? stored : constant('float32', shape, stored.data)
    // in float64 first: the stored integers have no fractions
    const numbers = Float64Array.from(stored.data, (n) => n * scale + offset)
    return spec.dtype === 'int32'
      ? constant('int32', shape, numbers.map(Math.round))
      : constant('float32', shape, numbers)
  }
  return { name: name.replace(/:\d+$/, ''), size, weight: { shape, read } }
}

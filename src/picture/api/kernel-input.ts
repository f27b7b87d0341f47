import { checkTensor } from '../../conv/spec.ts'
import { ConvoError, ownCopy } from '../../error.ts'
import { type Kernel, kernel as makeKernel } from '../../kernel/kernel.ts'
import { Tensor } from '../../tensor/tensor.ts'
import { describe } from '../../text/describe.ts'

/** Weights of a kernel: rows of numbers, deeper lists for channels and filters, a tensor, or what `readKernel` gives. */
export type KernelInput = string | Kernel | Tensor | NestedNumbers

/** A list of numbers, or of such lists. */
export type NestedNumbers = readonly (number | NestedNumbers)[]

/** The kernel of what was given for one. @throws ConvoError E_KERNEL_SHAPE, E_KERNEL_VALUE, E_ARGUMENT */
export function kernelOf(input: Exclude<KernelInput, string>): Kernel {
  const given = ownCopy('the kernel', input)
  if (given instanceof Tensor) {
    const { shape, data } = checkTensor('kernel', given)
    return makeKernel(shape, data)
  }
  if (Array.isArray(given)) {
    const shape: number[] = []
    for (let list: unknown = given; Array.isArray(list); list = list[0]) shape.push(list.length)
    const weights = given.flat(Number.POSITIVE_INFINITY) as number[]
    const rows = shape.length === 1 ? [1, ...shape] : shape
    if (!isRegular(given, shape) || weights.some((w) => typeof w !== 'number')) {
      throw new ConvoError('E_KERNEL_SHAPE', 'the rows of a kernel must be lists of numbers of equal length')
    }
    return makeKernel(rows, weights)
  }
  const one: Partial<Kernel> | null = typeof given === 'object' ? (given as Kernel) : null
  if (Array.isArray(one?.shape) && one.weights instanceof Float64Array) {
    const { shape, weights, ...fields } = one as Kernel
    return makeKernel(shape, weights, fields)
  }
  throw new ConvoError('E_ARGUMENT', `a kernel cannot be made from ${describe(given)}`, {
    why: 'accepted: a name, a file, rows of numbers, a Tensor, or a kernel from readKernel',
    ...(given instanceof Float32Array && { fix: 'new Tensor([height, width], weights)' }),
  })
}

function isRegular(list: unknown, [length, ...rest]: readonly number[]): boolean {
  if (length === undefined) return !Array.isArray(list)
  return Array.isArray(list) && list.length === length && list.every((one) => isRegular(one, rest))
}

import { checkTensor } from '../../conv/spec.ts'
import { ConvoError, orElse, ownCopy, readOf } from '../../error.ts'
import { type Kernel, kernel as makeKernel } from '../../kernel/kernel.ts'
import { checkOptions, ownOptions } from '../../params.ts'
import { Tensor } from '../../tensor/tensor.ts'
import { describe } from '../../text/describe.ts'
import { checkPath, isUrl } from './names.ts'

/**
 * A kernel: a name, a file, its numbers as text, or weights: rows of numbers, deeper lists for channels and filters, a
 * tensor, or what `readKernel` gives.
 */
export type KernelInput = string | URL | Kernel | Tensor | NestedNumbers

/** A list of numbers, or of such lists. */
export type NestedNumbers = readonly (number | NestedNumbers)[]

/** What is typed for a kernel in a file, a tensor of it behind #, or of a name. @throws ConvoError E_ARGUMENT for other values */
export function kernelWord(source: unknown): string {
  const text = checkPath('the source of a kernel', source, 'a name, a file, a file: URL or numbers as text')
  const hash = isUrl(source, 'the source of a kernel') ? source.hash : ''
  return text + orElse(() => decodeURIComponent(hash), hash)
}

/**
 * Options of the caller's as an object of its own, in which a kernel is a word, and the kernel that is given by its weights.
 *
 * @throws ConvoError as `ownOptions` and `kernelOf` do
 */
export function kernelApart(
  options: object,
  of: string,
  one?: string,
): { readonly words: object; readonly kernel: Kernel | undefined } {
  checkOptions(options, of, undefined, one)
  const { kernel, ...rest }: { kernel?: KernelInput } = readOf(`the options of ${of}`, () => ({ ...options }))
  const words = ownOptions(rest, of)
  if (kernel === undefined) return { words, kernel }
  return isWord(kernel)
    ? { words: { ...words, kernel: kernelWord(kernel) }, kernel: undefined }
    : { words, kernel: kernelOf(kernel) }
}

/** Whether a kernel has a name or is in a file. */
export const isWord = (kernel: KernelInput): kernel is string | URL =>
  typeof kernel === 'string' || isUrl(kernel, 'the kernel')

/** The kernel of what was given for one, copied. @throws ConvoError E_KERNEL_SHAPE, E_KERNEL_VALUE, E_ARGUMENT */
export function kernelOf(input: Exclude<KernelInput, string | URL>): Kernel {
  if (readOf('the kernel', () => Array.isArray(input)))
    return readOf('the kernel', () => ofLists(input as Lists))
  const given = ownCopy('the kernel', input)
  if (given instanceof Tensor) {
    const { shape, data } = checkTensor('kernel', given)
    return makeKernel(shape, data)
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

type Lists = readonly unknown[]

/** A kernel of lists: their numbers are read once, as there may be a million. */
function ofLists(lists: Lists): Kernel {
  const shape: number[] = []
  // no kernel has six axes, and a list that holds itself has no end
  for (let list: unknown = lists; Array.isArray(list) && shape.length < 6; list = list[0])
    shape.push(list.length)
  const rows = rowsOf(lists, shape)
  const length = shape.at(-1) ?? 0
  const weights = rows && new Float64Array(rows.length * length)
  const isFilled = rows?.every((row, y) => {
    for (let x = 0; x < length; x++) {
      const weight = row[x]
      if (typeof weight !== 'number') return false
      weights![y * length + x] = weight
    }
    return true
  })
  if (weights === undefined || isFilled !== true) {
    throw new ConvoError('E_KERNEL_SHAPE', 'the rows of a kernel must be lists of numbers of equal length')
  }
  return makeKernel(shape.length === 1 ? [1, ...shape] : shape, weights)
}

/** The innermost lists; undefined where lists differ in length. */
function rowsOf(lists: unknown, [length, ...rest]: readonly number[]): readonly Lists[] | undefined {
  if (!Array.isArray(lists) || lists.length !== length) return undefined
  if (rest.length === 0) return [lists]
  const rows = Array.from(lists, (one) => rowsOf(one, rest))
  return rows.some((row) => row === undefined) ? undefined : (rows.flat() as Lists[])
}

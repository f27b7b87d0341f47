import { checkTensor, floatsOf } from '../../conv/spec.ts'
import { awaiting, ConvoError, orElse, ownCopy, readOf } from '../../error.ts'
import type { NumberArray } from '../../host/turns.ts'
import { type Kernel, kernel as makeKernel } from '../../kernel/kernel.ts'
import { type BatchNorm, finite, type KernelGenerator } from '../../operators/involution-weights.ts'
import { checkOptions, ownOptions, type Params } from '../../params.ts'
import { isNumberArray } from '../../tensor/like.ts'
import { Tensor } from '../../tensor/tensor.ts'
import { describe } from '../../text/describe.ts'
import type { Operation } from '../operations.ts'
import { camelCase, checkPath, isUrl, optionName, typedOptions } from './names.ts'
import { operationParams, pictureParams } from './params.ts'

/**
 * A kernel: a name, a file, its numbers as text, or its weights. Weights are rows of numbers, deeper lists for channels
 * and filters, a tensor, numbers with a shape, or the result of `readKernel`.
 */
export type KernelInput = string | URL | Kernel | Tensor | ShapedNumbers | NestedNumbers

/** Weights in one list, with the shape of the kernel. */
export type ShapedNumbers = {
  /** Whole sizes of at least 1, slowest axis first. */
  readonly shape: readonly number[]
  /** The numbers in row-major order: the last index changes fastest. */
  readonly data: NumberArray | readonly number[]
}

/** A list of numbers, or of further lists. */
export type NestedNumbers = readonly (number | NestedNumbers)[]

/**
 * Returns the command-line form of a kernel: a name, numbers as text, or a file, with a tensor in it after #.
 *
 * @throws ConvoError E_ARGUMENT for other values
 */
export function kernelWord(source: unknown, what = 'the source of a kernel'): string {
  const text = checkPath(what, source, 'a name, a file, a file: URL or numbers as text')
  const hash = isUrl(source, what) ? source.hash : ''
  return text + orElse(() => decodeURIComponent(hash), hash)
}

/**
 * Converts the caller's options as `typedOptions` does. Kernels, and weights that generate kernels, are kept as words
 * or copied.
 *
 * @param one an option to show in the fix if a value is given instead of options
 * @param whole options of the whole picture, which a step does not take
 * @throws ConvoError as `ownOptions`, `typedOptions` and `kernelOf` do
 */
export function operationOptions(
  options: object,
  params: Params,
  of: string,
  one?: string,
  whole: Params = {},
): Readonly<Record<string, unknown>> {
  checkOptions(options, of, undefined, one)
  const all: Readonly<Record<string, unknown>> = readOf(`the options of ${of}`, () => ({ ...options }))
  const held: Record<string, unknown> = {}
  const rest: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(all)) {
    const kind = Object.hasOwn(params, name) ? params[name]!.held : undefined
    if (kind === undefined || value === undefined) rest[name] = value
    else if (isWord(value)) held[name] = kernelWord(value, name === 'kernel' ? undefined : name)
    else held[name] = kind === 'kernel' ? kernelOf(value, name) : generatorOf(value, name)
  }
  checkBelongs(rest, params, of, whole)
  return { ...typedOptions(ownOptions(rest, of), params, of), ...held }
}

/** Converts the options of a chain method. @throws ConvoError as `operationOptions` does */
export function stepOptions(options: object, operation: Operation): Readonly<Record<string, unknown>> {
  const params = operationParams(operation)
  const [first] = Object.keys(operation.params)
  const one =
    Array.isArray(options) && Object.hasOwn(params, 'kernel') ? 'kernel' : first && optionName(first)
  return operationOptions(options, params, camelCase(operation.name), one, pictureParams)
}

/** Refuses options of the whole picture that are given to a step. @throws ConvoError E_NAME */
function checkBelongs(
  options: Readonly<Record<string, unknown>>,
  params: Params,
  of: string,
  whole: Params,
): void {
  const namesOf = (some: Params) => Object.keys(some).map(optionName)
  const known = namesOf(params)
  const key = Object.keys(options).find((one) => !known.includes(one) && namesOf(whole).includes(one))
  if (key === undefined) return
  throw new ConvoError('E_NAME', `${of} has no option ${key}, which is for the whole picture`, {
    why: `options: ${known.join(', ') || 'none'}`,
    fix: `convo(input, { ${key}: ${JSON.stringify(options[key]) ?? '…'} })`,
  })
}

/** Whether a kernel is given as text or as a URL. */
export const isWord = (kernel: unknown): kernel is string | URL =>
  typeof kernel === 'string' || isUrl(kernel, 'the kernel')

/** Makes a kernel from a copy of what was given. @throws ConvoError E_KERNEL_SHAPE, E_KERNEL_VALUE, E_ARGUMENT */
export function kernelOf(input: unknown, name = 'kernel'): Kernel {
  const what = `the ${name}`
  if (readOf(what, () => Array.isArray(input))) return readOf(what, () => ofLists(input as Lists))
  const given = ownCopy(what, input)
  if (given instanceof Tensor) {
    const { shape, data } = checkTensor(name, given)
    return makeKernel(shape, data)
  }
  const one = (typeof given === 'object' ? given : null) as Partial<Kernel & ShapedNumbers> | null
  if (Array.isArray(one?.shape)) {
    const { shape, weights, data, ...fields } = one
    if (weights instanceof Float64Array) return makeKernel(shape, weights, fields)
    const isHwc = 'layout' in fields && fields.layout !== 'CHW' && fields.layout !== undefined
    if (!isHwc && (isNumberArray(data) || isNumberList(data))) return makeKernel(shape, data)
  }
  throw new ConvoError('E_ARGUMENT', `${what} cannot be made from ${describe(given)}`, {
    why: 'accepted: a name, a file, rows of numbers, { shape, data }, a Tensor, or a kernel from readKernel',
    fix: isNumberArray(given) ? '{ shape: [height, width], data }' : (awaiting(given) ?? awaiting(one?.data)),
  })
}

const isNumberList = (given: unknown): given is readonly number[] =>
  Array.isArray(given) && given.every((one) => typeof one === 'number')

type Lists = readonly unknown[]

/** Makes a kernel from nested lists. Reads each number only once, since there may be a million. */
function ofLists(lists: Lists): Kernel {
  const shape: number[] = []
  // no kernel has six axes, and a list that contains itself never ends
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
    throw new ConvoError('E_KERNEL_SHAPE', 'the rows of a kernel must be lists of numbers of equal length', {
      fix: awaiting(lists),
    })
  }
  return makeKernel(shape.length === 1 ? [1, ...shape] : shape, weights)
}

/** Returns the innermost lists, or undefined if lists differ in length. */
function rowsOf(lists: unknown, [length, ...rest]: readonly number[]): readonly Lists[] | undefined {
  if (!Array.isArray(lists) || lists.length !== length) return undefined
  if (rest.length === 0) return [lists]
  const rows = Array.from(lists, (one) => rowsOf(one, rest))
  return rows.some((row) => row === undefined) ? undefined : (rows.flat() as Lists[])
}

/** Copies weights that generate kernels. @throws ConvoError E_ARGUMENT, E_NAME, E_KERNEL_VALUE */
function generatorOf(input: unknown, name: string): KernelGenerator {
  if (typeof input !== 'object' || input === null || Array.isArray(input) || input instanceof Tensor) {
    throw new ConvoError('E_ARGUMENT', `${name} cannot be made from ${describe(input)}`, {
      why: 'accepted: a file, or an object with reduceWeight and spanWeight',
      fix: awaiting(input) ?? `{ ${name}: { reduceWeight, spanWeight } }`,
    })
  }
  const { reduceWeight, spanWeight, reduceBias, spanBias, batchNorm } = ownOptions(
    input as KernelGenerator,
    name,
    ['reduceWeight', 'reduceBias', 'batchNorm', 'spanWeight', 'spanBias'],
  )
  const list = (key: string, given: unknown) =>
    given === undefined
      ? undefined
      : finite(key, given instanceof Tensor ? checkTensor(key, given).data : floatsOf(key, given))
  const tensor = (key: string, given: unknown) => {
    const { shape, data } = checkTensor(key, given)
    return new Tensor(shape, finite(key, data))
  }
  if (batchNorm !== undefined) checkOptions(batchNorm, 'batchNorm')
  const lists = Object.entries(batchNorm ?? {}).map(([key, value]) => [
    key,
    key === 'eps' ? value : list(`${name}.batchNorm.${key}`, value),
  ])
  return {
    reduceWeight: tensor(`${name}.reduceWeight`, reduceWeight),
    spanWeight: tensor(`${name}.spanWeight`, spanWeight),
    reduceBias: list(`${name}.reduceBias`, reduceBias),
    spanBias: list(`${name}.spanBias`, spanBias),
    batchNorm: batchNorm && (Object.fromEntries(lists) as BatchNorm),
  }
}

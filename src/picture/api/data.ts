import { statSync } from 'node:fs'
import { orElse, ownCopy } from '../../error.ts'
import { writeAtomically } from '../../files/output.ts'
import { namedKernels } from '../../filters/names.ts'
import { writeKernel as kernelBytes } from '../../kernel/formats/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { loadKernel, readyMade } from '../../kernel/source.ts'
import { type Separation, separateKernel } from '../../operators/separate.ts'
import type { Params } from '../../params.ts'
import { apart } from '../../run/apart.ts'
import { type Operation, operations } from '../operations.ts'
import { isWord, type KernelInput, kernelOf, kernelWord } from './kernel-input.ts'
import { camelCase, checkPath, inWords, libraryFunction, optionName } from './names.ts'
import { operationParams } from './params.ts'

/**
 * Reads a kernel: by name, such as `gaussian:sigma=2`; from a file in any supported format, such as `edge.mat` or
 * `net.safetensors#conv1.weight`; or from its numbers as text.
 *
 * @throws ConvoError if the source is none of these
 */
export const readKernel = libraryFunction('readKernel', 1, async (source: string | URL): Promise<Kernel> => {
  const word = kernelWord(source)
  const bytes = orElse(() => statSync(word.replace(/#[^#]*$/, '')).size, 0)
  return (bytes > largeFile || largeName.test(word) ? readApart : loadNamed)(word)
})

/**
 * Writes a kernel in the format of the extension of `path`.
 *
 * @throws ConvoError E_KERNEL_FORMAT if the extension is not supported or the format cannot hold the kernel; E_OUTPUT
 *   if the file cannot be written
 */
export const writeKernel = libraryFunction(
  'writeKernel',
  2,
  async (kernel: Kernel, path: string | URL): Promise<void> => {
    const own = kernelOf(kernel)
    const target = checkPath('the output', path)
    const write = own.weights.length > largeKernel ? writtenApart : kernelBytes
    const bytes = await write(own, target)
    await writeAtomically(target, (output) => output.write(bytes))
  },
)

/**
 * Factors a kernel [kH,kW] into a column and a row, or with `rank` into the best sum of several such products. A name or
 * a file is read as by `readKernel`.
 *
 * @throws ConvoError E_KERNEL_VALUE, with the singular values, for a kernel of another rank than 1 without `rank`; E_SHAPE
 *   if it is not [kH,kW]; and as `readKernel`
 */
export const separate = libraryFunction(
  'separate',
  2,
  async (
    kernel: KernelInput,
    options?: {
      /** The number of outer products, from 1 to the smaller of the kernel's sizes. Default: 1, which must be exact. */
      readonly rank?: number | undefined
    },
  ): Promise<Separation> =>
    separateKernel(
      isWord(kernel) ? await readKernel(kernel) : kernelOf(kernel),
      ownCopy('the options', options),
    ),
)

const loadNamed = (source: string) => loadKernel(source, { names: namedKernels })

/** The size in bytes above which reading a kernel file takes long. */
const largeFile = 2 ** 18
/** Matches settings in a kernel name that may lead to very many weights. */
const largeName = /(sigma|size|radius|length)=\d{2}/
const readApart = apart('readKernel', loadNamed)

/** The number of weights above which writing a kernel as text takes long. */
const largeKernel = 2 ** 14
const writtenApart = apart('writeKernel', kernelBytes)

/** An option of an operation, as data. */
export type OptionFacts = {
  /** Its name in JavaScript, such as `kernelSize`. */
  readonly name: string
  /** What it does, with its unit. */
  readonly summary: string
  /** Its value if it is not given. */
  readonly default?: unknown
  /** What happens if it is not given and has no default. */
  readonly unset?: string
  /** The smallest number allowed. */
  readonly min?: number
  /** The largest number allowed. */
  readonly max?: number
  /** The words allowed. */
  readonly choices?: readonly string[]
}

/** An operation, as data. */
export type OperationFacts = {
  /** Its name on the command line, such as `frei-chen`. */
  readonly name: string
  /** Its name in JavaScript, such as `freiChen`. */
  readonly method: string
  /** What it does, in one sentence. */
  readonly summary: string
  /** The group in which lists show it. */
  readonly group: string
  /** Its formula, if it is more than a weighted sum. */
  readonly formula?: string
  /** The paper or program that defines it. */
  readonly source: string
  /** Whether it takes a kernel, and whether it needs one. */
  readonly kernel: 'none' | 'optional' | 'required'
  /** Its options, without those that apply to every picture. */
  readonly options: readonly OptionFacts[]
}

function factsOf(operation: Operation): OperationFacts {
  const { name, summary, group, formula, source, kernel } = operation
  return {
    name,
    method: camelCase(name),
    summary: inWords(summary),
    group,
    ...(formula !== undefined && { formula: inWords(formula) }),
    source: inWords(source),
    kernel,
    // computed on demand: most programs never ask
    get options() {
      return Object.entries(operationParams(operation)).map(optionFacts)
    },
  }
}

const optionFacts = ([name, param]: [string, Params[string]]): OptionFacts => ({
  name: optionName(name),
  summary: inWords(param.summary),
  ...(param.default !== undefined && { default: name.startsWith('no-') ? true : param.default }),
  ...(param.unset !== undefined && { unset: inWords(param.unset) }),
  ...(param.min !== undefined && { min: param.min }),
  ...(param.max !== undefined && { max: param.max }),
  ...(param.choices !== undefined && { choices: param.choices }),
})

const ofKind = (kind: Operation['kind']): readonly OperationFacts[] =>
  Object.values(operations)
    .filter((operation) => operation.kind === kind)
    .map(factsOf)

/** Every filter, with its options. */
export const filters: readonly OperationFacts[] = ofKind('filter')

/** Every operator and step of a chain, with its options. */
export const operators: readonly OperationFacts[] = ofKind('operator')

/** The kernels that come with convo, by the names that `readKernel` and every option `kernel` take. */
export const kernels: {
  /** Names such as `gaussian`, which can be followed by settings: `gaussian:sigma=2`. */
  readonly names: readonly string[]
  /** Names of files, such as `emboss-5x5.json`; those of several kernels need one of them: `layers.safetensors#edges.weight`. */
  readonly files: readonly string[]
} = {
  names: Object.keys(namedKernels),
  get files() {
    return readyMade()
  },
}

import { statSync } from 'node:fs'
import { orElse } from '../../error.ts'
import { writeAtomically } from '../../files/output.ts'
import { namedKernels } from '../../filters/names.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import { loadKernel, readyMade } from '../../kernel/source.ts'
import { writeKernel as kernelBytes } from '../../kernel/write.ts'
import type { Params } from '../../params.ts'
import { apart } from '../../run/apart.ts'
import { type Operation, operations } from '../operations.ts'
import { kernelOf, kernelWord } from './kernel-input.ts'
import { camelCase, checkPath, inWords, libraryFunction, optionName } from './names.ts'
import { operationParams } from './params.ts'

/**
 * A kernel by a name, such as `gaussian:sigma=2`, from a file in any format that is read, such as `edge.mat` or
 * `net.safetensors#conv1.weight`, or from its numbers as text.
 *
 * @throws ConvoError for what is none of these
 */
export const readKernel = libraryFunction('readKernel', 1, async (source: string | URL): Promise<Kernel> => {
  const word = kernelWord(source)
  const bytes = orElse(() => statSync(word.replace(/#[^#]*$/, '')).size, 0)
  return (bytes > largeFile || largeName.test(word) ? readApart : loadNamed)(word)
})

/**
 * Writes a kernel in the format of the extension of `path`.
 *
 * @throws ConvoError E_KERNEL_FORMAT for an extension that is not written or a kernel that the format cannot hold;
 *   E_OUTPUT when the file cannot be written
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

const loadNamed = (source: string) => loadKernel(source, { names: namedKernels })

/** Bytes of a file from which on to read a kernel takes long. */
const largeFile = 2 ** 18
/** Settings of a name that may make very many weights. */
const largeName = /(sigma|size|radius|length)=\d{2}/
const readApart = apart('readKernel', loadNamed)

/** Weights from which on the text of a kernel takes long to make. */
const largeKernel = 2 ** 14
const writtenApart = apart('writeKernel', kernelBytes)

/** An option of an operation, as data. */
export type OptionFacts = {
  /** In JavaScript, such as `kernelSize`. */
  readonly name: string
  /** What it does, with its unit. */
  readonly summary: string
  /** What it is where it is not given. */
  readonly default?: unknown
  /** What happens without it, where it has no default. */
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
  /** On the command line: `frei-chen`. */
  readonly name: string
  /** In JavaScript: `freiChen`. */
  readonly method: string
  /** What it does, in a sentence. */
  readonly summary: string
  /** The group that lists show it in. */
  readonly group: string
  /** Its formula, where it is more than a sum of weights. */
  readonly formula?: string
  /** The paper or program that defines it. */
  readonly source: string
  /** Whether a kernel is taken, or needed. */
  readonly kernel: 'none' | 'optional' | 'required'
  /** Its options, besides those of every picture. */
  readonly options: readonly OptionFacts[]
}

function factsOf(operation: Operation): OperationFacts {
  const { name, summary, group, formula, source, kernel } = operation
  return {
    name,
    method: camelCase(name),
    summary,
    group,
    ...(formula !== undefined && { formula }),
    source,
    kernel,
    // worked out when asked for: most programs ask for none
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

/** The kernels that have a name, and the kernel files that come with convo. */
export const kernels: {
  /** As `gaussian`, which settings may follow: `gaussian:sigma=2`. */
  readonly names: readonly string[]
  /** Kernel files that come with convo, by their path. */
  readonly files: readonly string[]
} = {
  names: Object.keys(namedKernels),
  get files() {
    return readyMade()
  },
}

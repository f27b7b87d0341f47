import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Bias } from '../conv/spec.ts'
import { ConvoError, recoded } from '../error.ts'
import { readFileWhole } from '../files/read.ts'
import { isFolder } from '../files/root.ts'
import { Tensor } from '../tensor/tensor.ts'

// Reads the weights that make the kernels of an involution. The formats are imported only when a file is read, so that
// they do not slow down every start.

/** The weights that make the kernels from the pixels. */
export type KernelGenerator = {
  /** [R,C,1,1] or [R,C] */
  readonly reduceWeight: Tensor
  /** R numbers. Default: 0. */
  readonly reduceBias?: Bias | undefined
  /** Applied to the R reduced channels, before the ReLU. Default: none. */
  readonly batchNorm?: BatchNorm | undefined
  /** [K·K·G,R,1,1] or [K·K·G,R]; row g·K·K + u·K + v makes the tap in row u, column v of group g. */
  readonly spanWeight: Tensor
  /** K·K·G numbers. Default: 0. */
  readonly spanBias?: Bias | undefined
}

/** Batch normalisation in its inference form: (v − mean) / √(variance + eps) · gamma + beta, R numbers each. */
export type BatchNorm = {
  /** Multiplied with the normalised channels, R numbers. */
  readonly gamma: Bias
  /** Added after the multiplication, R numbers. */
  readonly beta: Bias
  /** Subtracted first, R numbers. */
  readonly mean: Bias
  /** The difference is divided by its square root, R numbers. */
  readonly variance: Bias
  /** Added to the variance. Default: 1e-5. */
  readonly eps?: number | undefined
}

/** Named tensors of a file or folder. */
type Store = {
  readonly names: readonly string[]
  tensor(name: string): { readonly shape: readonly number[]; readonly data: ArrayLike<number> }
}

const norms = {
  gamma: 'bn.weight',
  beta: 'bn.bias',
  mean: 'bn.running_mean',
  variance: 'bn.running_var',
} as const

/**
 * Returns the given weights, or reads them from `source`: a .safetensors file, or a folder with a .npy file for each
 * tensor, such as `reduce.weight.npy`. A `#prefix` after the path is put before all tensor names.
 *
 * @throws ConvoError E_KERNEL_FILE if it cannot be read or lacks a tensor, E_KERNEL_VALUE for numbers that are not
 * finite
 */
export async function readGenerator(source: string | KernelGenerator): Promise<KernelGenerator> {
  if (typeof source !== 'string') return source
  const [path = '', prefix = ''] = source.split('#')
  const store = isFolder(path) ? await openFolder(path) : await openFile(path)
  const has = (name: string) => store.names.includes(`${prefix}${name}`)
  const read = (name: string): Tensor => {
    if (!has(name)) throw missing(path, prefix, name, store.names)
    const { shape, data } = store.tensor(`${prefix}${name}`)
    return new Tensor(shape, finite(`${prefix}${name}`, data, path))
  }
  const optional = (name: string) => (has(name) ? read(name) : undefined)
  const isNormed = Object.values(norms).some(has)
  return {
    reduceWeight: read('reduce.weight'),
    reduceBias: optional('reduce.bias'),
    spanWeight: read('span.weight'),
    spanBias: optional('span.bias'),
    batchNorm: isNormed
      ? {
          gamma: read(norms.gamma),
          beta: read(norms.beta),
          mean: read(norms.mean),
          variance: read(norms.variance),
        }
      : undefined,
  }
}

/**
 * Returns the size and the number of groups of the kernels that weights make for a number of channels. The size is
 * `size` if given, else the largest odd K whose K² divides the rows of span.weight into groups that divide the
 * channels.
 *
 * @throws ConvoError E_KERNEL_SHAPE
 */
export function generatorSizes(
  { spanWeight }: { readonly spanWeight: Tensor },
  size: number | undefined,
  channels: number,
  source: string | KernelGenerator,
): { readonly kernelSize: number; readonly groups: number } {
  const rows = spanWeight.shape[0]!
  if (size !== undefined) {
    const groups = rows / size ** 2
    if (Number.isInteger(groups)) return { kernelSize: size, groups }
    throw new ConvoError(
      'E_KERNEL_SHAPE',
      `span.weight has ${rows} rows, which --size ${size} does not divide into kernels of ${size ** 2}`,
    )
  }
  for (let kernelSize = Math.floor(Math.sqrt(rows)); kernelSize >= 1; kernelSize--) {
    const groups = rows / kernelSize ** 2
    if (kernelSize % 2 === 1 && Number.isInteger(groups) && channels % groups === 0)
      return { kernelSize, groups }
  }
  const what = `span.weight has ${rows} rows, which is not an odd K·K times groups of ${channels} channels`
  throw new ConvoError('E_KERNEL_SHAPE', what, { why: typeof source === 'string' ? source : [] })
}

/** Converts numbers to float32. @throws ConvoError E_KERNEL_VALUE for a number that is not finite */
export function finite(
  name: string,
  data: ArrayLike<number>,
  why: string | readonly string[] = [],
): Float32Array<ArrayBuffer> {
  const numbers = Float32Array.from(data)
  const bad = numbers.findIndex((v) => !Number.isFinite(v))
  if (bad < 0) return numbers
  const what = `weights must be finite numbers, got ${numbers[bad]} at index ${bad} of ${name}`
  throw new ConvoError('E_KERNEL_VALUE', what, { why })
}

function missing(path: string, prefix: string, name: string, names: readonly string[]): ConvoError {
  const under = names.find((other) => other.endsWith(`.${name}`))
  return new ConvoError('E_KERNEL_FILE', `${path} has no tensor named "${prefix}${name}"`, {
    why: [
      'an involution needs reduce.weight and span.weight',
      names.length === 0 ? `${path} has no tensors` : `${path} has: ${names.slice(0, 12).join(', ')}`,
    ],
    ...(under !== undefined && { fix: `${path}#${under.slice(0, -name.length)}` }),
  })
}

async function openFolder(path: string): Promise<Store> {
  const { readNpy } = await import('../kernel/formats/npy.ts')
  const names = readdirSync(path)
    .filter((file) => file.endsWith('.npy'))
    .map((file) => file.slice(0, -'.npy'.length))
    .sort()
  return {
    names,
    tensor(name) {
      const file = join(path, `${name}.npy`)
      return readNpy(bytesOf(file), file)
    },
  }
}

async function openFile(path: string): Promise<Store> {
  const { readSafetensors } = await import('../kernel/formats/safetensors.ts')
  return readSafetensors(bytesOf(path), path)
}

function bytesOf(file: string): Uint8Array {
  try {
    return readFileWhole(file, { limit: 'kernelBytes' })
  } catch (cause) {
    throw recoded(cause, 'E_KERNEL_FILE')
  }
}

import { ConvoError, nearest } from '../../error.ts'
import { viewOf } from '../../files/read.ts'
import { sizeOf } from '../../tensor/tensor.ts'
import { fitsBias, showShape } from '../kernel.ts'
import { checkCount, kernelFrom, numberTypes, upperHalf } from './binary.ts'
import type { KernelFormat } from './format.ts'
import { beginsAsHeader, type Entry, type Opened, open, plain, sizes } from './safetensors-header.ts'

/** The tensors of a .safetensors file. Names and shapes are available at once, numbers are read on request. */
export type Safetensors = {
  /** In the order of the header. */
  readonly names: readonly string[]
  /** @throws ConvoError E_KERNEL_FILE if no tensor has this name */
  shape(name: string): readonly number[]
  /**
   * Reads a tensor of any rank, row-major, rounded to float32.
   *
   * @throws ConvoError E_KERNEL_FILE if no tensor has this name, E_KERNEL_FORMAT for an unsupported type
   */
  tensor(name: string): { readonly shape: readonly number[]; readonly data: Float32Array }
}

const mostListed = 24
const mostCompared = 10_000

const readers: Readonly<Record<string, (view: DataView, at: number, little: boolean) => number>> = {
  F64: numberTypes.f8!.read,
  F32: numberTypes.f4!.read,
  F16: numberTypes.f2!.read,
  BF16: (view, at) => upperHalf(view.getUint16(at, true)),
  I8: numberTypes.i1!.read,
  U8: numberTypes.u1!.read,
}

/**
 * Opens the tensors of a .safetensors file, for the weights of a network. The whole header is checked at once, and
 * numbers are read on request.
 *
 * @throws ConvoError E_KERNEL_SYNTAX with the byte offset for a damaged file, E_KERNEL_FORMAT for an unknown type
 */
export function readSafetensors(bytes: Uint8Array, file: string): Safetensors {
  const opened = open(bytes, file)
  return {
    names: [...opened.entries.keys()],
    shape: (name) => entryOf(opened, name).shape,
    tensor: (name) => {
      const entry = entryOf(opened, name)
      return { shape: entry.shape, data: read(opened, entry, (n) => new Float32Array(n)) }
    },
  }
}

/**
 * Tensors of a network: `file.safetensors#name`. No name is needed if only one tensor can be a kernel (rank 2 to 5).
 *
 * The bias of a tensor `x.weight` of rank 4 or 5 is the tensor `x.bias`, with the numbers of the file. They are in the
 * unit of the samples that the kernel is applied to. For a picture these are levels of 0..255. So for a network that
 * was trained on 0..1, the picture must be normalized first, or the bias is 255 times too small.
 */
export const safetensors: KernelFormat = {
  name: 'safetensors',
  summary: 'named tensors of a network; the bias that belongs to a weight is read with it',
  direction: { turns: false, as: 'torch.nn.Conv2d' },
  extensions: ['.safetensors'],
  example: 'net.safetensors#conv1.weight',
  sniff: beginsAsHeader,
  picks: true,
  read(bytes, file, fragment) {
    const opened = open(bytes, file)
    const entry = fragment === undefined ? onlyKernel(opened) : entryOf(opened, fragment)
    const bias = biasOf(opened, entry)
    const weights = read(opened, entry, (n) => new Float64Array(n))
    return [
      kernelFrom(file, entry.shape, weights, { name: entry.name, ...(bias === undefined ? {} : { bias }) }),
    ]
  },
}

function onlyKernel(opened: Opened): Entry {
  const kernels = [...opened.entries.values()].filter(isKernel)
  const [only] = kernels
  if (only !== undefined && kernels.length === 1) return only
  const { file } = opened
  if (only === undefined) {
    throw new ConvoError('E_KERNEL_FILE', `${file} has no readable tensor of rank 2 to 5`, {
      why: listing(opened),
    })
  }
  throw new ConvoError('E_KERNEL_FILE', `${file} has ${kernels.length} kernels, but one is needed`, {
    why: listing(opened),
    instead: [file, `${file}#${plain(only.name)}`],
  })
}

const isKernel = ({ shape, dtype }: Entry): boolean =>
  shape.length >= 2 && shape.length <= 5 && shape.every((n) => n > 0) && Object.hasOwn(readers, dtype)

function entryOf(opened: Opened, name: string): Entry {
  const { entries, file } = opened
  const entry = entries.get(name)
  if (entry !== undefined) return entry
  const guess = nearest(
    name,
    [...entries.keys()].filter((n) => n.length <= 2 * name.length).slice(0, mostCompared),
  )
  throw new ConvoError('E_KERNEL_FILE', `${file} has no tensor named "${name}"`, {
    why: listing(opened),
    instead: [`${file}#${name}`, guess && `${file}#${plain(guess)}`],
  })
}

function listing({ entries, file }: Opened): readonly string[] {
  if (entries.size === 0) return [`${file} has no tensors`]
  const lines = [...entries.values()]
    .slice(0, mostListed)
    .map((e) => `${plain(e.name)} ${showShape(e.shape)} ${e.dtype}`)
  const more = entries.size - mostListed
  return [`${file} has:`, ...lines, ...(more > 0 ? [`and ${more} more`] : [])]
}

function read<T extends Float32Array | Float64Array>(
  { bytes, file }: Opened,
  { name, dtype, shape, begin }: Entry,
  allocate: (length: number) => T,
): T {
  const reader = readers[dtype]
  if (reader === undefined) {
    const what = `tensor "${plain(name)}" has numbers of type ${dtype}, which is not supported`
    throw new ConvoError('E_KERNEL_FORMAT', what, {
      why: `${file}: supported types: ${Object.keys(readers).join(' ')}`,
      fix: 'tensor.float() before it is saved',
    })
  }
  checkCount(file, shape)
  const view = viewOf(bytes)
  const data = allocate(sizeOf(shape))
  const size = sizes[dtype]!
  for (let i = 0, at = begin; i < data.length; i++, at += size) data[i] = reader(view, at, true)
  return data
}

/** Finds `x.bias` for a bank `x.weight`. For a transposed bank [C,O/groups,…], its length is a multiple of O/groups. */
function biasOf(opened: Opened, { name, shape }: Entry): Float64Array | undefined {
  const stem = /^(.*\.)?weight$/.exec(name)
  if (stem === null || shape.length < 4) return undefined
  const bias = opened.entries.get(`${stem[1] ?? ''}bias`)
  if (bias === undefined) return undefined
  if (bias.shape.length !== 1 || !fitsBias(shape, bias.shape[0]!)) {
    const [own, of] = [plain(bias.name), `${plain(name)} ${showShape(shape)}`]
    const what = `${own} must have one number for each output channel of ${of}, got ${showShape(bias.shape)}`
    const why = `${opened.file}: byte ${bias.at}: the shape of ${own}`
    throw new ConvoError('E_KERNEL_SHAPE', what, { why })
  }
  return read(opened, bias, (n) => new Float64Array(n))
}

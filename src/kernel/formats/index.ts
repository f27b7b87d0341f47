import { ConvoError } from '../../error.ts'
import type { Kernel } from '../kernel.ts'
import { headBytes, type KernelFormat, pick } from './format.ts'

/** The formats of kernel files by name, in the order in which content is tried. */
export const formats: Readonly<Record<string, KernelFormat>> = {}

/**
 * The format of a kernel file: that of its extension, or where the extension says nothing (`.txt`, none, standard input)
 * the first that recognises the content.
 *
 * @throws ConvoError E_KERNEL_FORMAT
 */
export function formatOf(file: string, bytes: Uint8Array): KernelFormat {
  const extension = /\.[a-z0-9]+$/.exec(file.toLowerCase())?.[0]
  const all = Object.values(formats)
  const named = all.find(({ extensions }) => extension !== undefined && extensions.includes(extension))
  if (named !== undefined) return named
  const head = bytes.subarray(0, headBytes)
  const found = all.find((format) => format.sniff(head))
  if (found !== undefined) return found
  throw new ConvoError('E_KERNEL_FORMAT', `${file} is not a kernel in any format that is read`, {
    why: `formats: ${all.map(({ name }) => name).join(', ')}`,
    fix: 'rows of numbers, one row a line; convo list formats shows the others',
  })
}

/**
 * The kernels of a file: its format found, read, and the one that `fragment` names picked.
 *
 * @throws ConvoError E_KERNEL_FORMAT, E_KERNEL_SYNTAX, E_KERNEL_SHAPE, E_KERNEL_VALUE, E_KERNEL_FILE
 */
export function readKernels(bytes: Uint8Array, file: string, fragment?: string): readonly Kernel[] {
  const format = formatOf(file, bytes)
  return pick(format.read(bytes, file, fragment), file, fragment)
}

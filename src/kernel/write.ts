import { extname } from 'node:path'
import { ConvoError } from '../error.ts'
import { formats } from './formats/index.ts'
import type { Kernel } from './kernel.ts'

/**
 * A kernel as a file in the format that the extension of `path` says.
 *
 * @throws ConvoError E_KERNEL_FORMAT for an extension that is not written, or a kernel that the format cannot hold
 */
export function writeKernel(kernel: Kernel, path: string): Uint8Array {
  const extension = extname(path).toLowerCase()
  const all = Object.values(formats)
  const named = all.filter(({ extensions }) => extensions.includes(extension))
  const format =
    extension === '.txt' ? formats.imagemagick : (named.find(({ write }) => write !== undefined) ?? named[0])
  if (format?.write !== undefined) return format.write(kernel)
  const writable = all.filter(({ write }) => write !== undefined)
  const known = writable.flatMap(({ extensions }) => extensions)
  throw new ConvoError(
    'E_KERNEL_FORMAT',
    format === undefined
      ? `${path} must end in the extension of a kernel format, got ${extension === '' ? 'none' : `"${extension}"`}`
      : `kernels are not written as ${format.name}`,
    {
      why: `written: ${known.join(' ')} .txt`,
      instead: [path, `${path.slice(0, path.length - extension.length)}.json`],
    },
  )
}

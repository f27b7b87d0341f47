import { extname } from 'node:path'
import { ConvoError } from '../error.ts'
import { turned } from './direction.ts'
import { type KernelFormat, lossesOf } from './formats/format.ts'
import { formats } from './formats/index.ts'
import type { Kernel } from './kernel.ts'

/**
 * Encodes a kernel in the format of the extension of `path`, turned by 180° if the tool of the format turns it back.
 *
 * @throws ConvoError E_KERNEL_FORMAT for an extension that cannot be written, or a kernel that the format cannot hold
 */
export function writeKernel(kernel: Kernel, path: string): Uint8Array {
  const extension = extname(path).toLowerCase()
  const asJson = [path, `${path.slice(0, path.length - extension.length)}.json`] as const
  const format = writtenAs(path)
  if (format?.write !== undefined) {
    const written = format.direction.turns ? turned(kernel) : kernel
    const losses = lossesOf(written, format.holds ?? [])
    if (losses.length === 0) return format.write(written)
    throw new ConvoError('E_KERNEL_FORMAT', `${format.kind} cannot store ${losses.join(', nor ')}`, {
      why: '.json stores everything',
      instead: asJson,
    })
  }
  const writable = Object.values(formats).filter(({ write }) => write !== undefined)
  const known = writable.flatMap(({ extensions }) => extensions)
  throw new ConvoError(
    'E_KERNEL_FORMAT',
    format === undefined
      ? `${path} must end in the extension of a kernel format, got ${extension === '' ? 'none' : `"${extension}"`}`
      : `kernels cannot be written as ${format.name}`,
    { why: `supported: ${known.join(' ')} .txt`, instead: asJson },
  )
}

/** The format of the extension of a path. If several share it, one that can be written. */
export function writtenAs(path: string): KernelFormat | undefined {
  const extension = extname(path).toLowerCase()
  if (extension === '.txt') return formats.imagemagick
  const named = Object.values(formats).filter(({ extensions }) => extensions.includes(extension))
  return named.find(({ write }) => write !== undefined) ?? named[0]
}

import { ConvoError, nearest } from '../../error.ts'
import { type Direction, type Kernel, planeSize, showShape } from '../kernel.ts'
import { anchorField } from './text.ts'

/** A format of kernel files: one file of code, one line in the table of index.ts. */
export type KernelFormat = {
  /** The name people say, as `libvips matrix`. */
  readonly name: string
  readonly summary: string
  readonly direction: Direction
  /** With the dot and in small letters; empty where content alone shows. Where formats share one, content decides among them. */
  readonly extensions: readonly string[]
  /** A whole file that can be read; of a binary format, how it is asked for. */
  readonly example: string
  /** Whether a file that begins so is likely of this format. `head` is the file, or its first `headBytes`. */
  sniff(head: Uint8Array): boolean
  /**
   * The kernels of a file as it writes them, at least one; several only where the format joins kernels. `readKernels`
   * turns them where `direction` says so.
   * `file` is in errors. `fragment`, what was after `#`, names the one kernel that is wanted.
   *
   * @throws ConvoError E_KERNEL_SYNTAX, E_KERNEL_SHAPE, E_KERNEL_VALUE with the place; E_KERNEL_FILE when no kernel has
   * the name; E_KERNEL_FORMAT for what is refused
   */
  read(bytes: Uint8Array, file: string, fragment?: string): readonly Kernel[]
  /** True when `read` itself picks the kernel that the fragment names. */
  readonly picks?: true
  /** Of a format that is written: what its files are, with the article, and what they have a place for. */
  readonly kind?: string
  readonly holds?: readonly Extra[]
  /**
   * The file, of a kernel as the file is to have it, in which there is nothing but what `holds` says. Numbers come back bit
   * for bit. Name and summary are omitted where the format has no place for them.
   */
  write?(kernel: Kernel): Uint8Array
}

/** What a kernel may be or have besides a plane of weights. */
export const extras = ['planes', 'scale', 'offset', 'anchor', 'bias', 'border'] as const
type Extra = (typeof extras)[number]

/** How much of a file `sniff` is given. */
export const headBytes = 65536

/**
 * The kernels that a fragment asks for: all of them without one, else that of this name or, where there are several, of
 * this number counted from 1.
 *
 * @throws ConvoError E_KERNEL_FILE with the names there are
 */
export function pick<T extends { readonly name?: string | undefined }>(
  kernels: readonly T[],
  file: string,
  fragment: string | undefined,
): readonly T[] {
  if (fragment === undefined || fragment === '') return kernels
  const found =
    kernels.find((k) => k.name === fragment) ?? (kernels.length > 1 ? byNumber(kernels, fragment) : undefined)
  if (found !== undefined) return [found]
  const names = kernels.flatMap((k) => (k.name === undefined ? [] : [k.name]))
  const guess = nearest(fragment, names)
  throw new ConvoError('E_KERNEL_FILE', `${file} has no kernel named "${fragment}"`, {
    why:
      names.length === 0
        ? `${file} has ${kernels.length} kernels without names`
        : `${file} has ${names.join(', ')}`,
    instead: [`${file}#${fragment}`, guess === undefined ? file : `${file}#${guess}`],
  })
}

const byNumber = <T>(kernels: readonly T[], fragment: string): T | undefined =>
  /^[1-9]\d{0,8}$/.test(fragment) ? kernels[Number(fragment) - 1] : undefined

/** What of a kernel a format has no place for, each in words. */
export function lossesOf(k: Kernel, holds: readonly Extra[]): string[] {
  const { shape, scale, offset, anchor, border } = k
  const isCentred = anchor === undefined || anchorField(planeSize(shape), anchor).anchor === undefined
  const losses: Readonly<Record<Extra, string | false>> = {
    planes: shape.length !== 2 && `the shape ${showShape(shape)}: it stores one plane [kH,kW]`,
    scale: scale !== 1 && `a scale of ${scale}`,
    offset: offset !== 0 && `an offset of ${offset}`,
    anchor: !isCentred && `an anchor at x=${anchor[1]}, y=${anchor[0]}`,
    bias: k.bias !== undefined && 'a bias for each output channel',
    border: border !== undefined && `the border mode ${border}`,
  }
  return extras.flatMap((extra) => (holds.includes(extra) ? [] : losses[extra] || []))
}

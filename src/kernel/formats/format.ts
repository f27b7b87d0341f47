import { ConvoError, nearest } from '../../error.ts'
import { anchorField, type Direction, type Kernel, planeSize, showShape } from '../kernel.ts'

/** A format of kernel files. Each has one source file, and one line in the table of index.ts. */
export type KernelFormat = {
  /** The usual name, such as `libvips matrix`. */
  readonly name: string
  readonly summary: string
  readonly direction: Direction
  /**
   * With the dot, in lower case. Empty if only content identifies the format. If formats share one, content decides.
   */
  readonly extensions: readonly string[]
  /** The contents of a readable file. For a binary format, how to make or select one. */
  readonly example: string
  /** Whether a file with this beginning is probably of this format. `head` is the file, or its first `headBytes`. */
  sniff(head: Uint8Array): boolean
  /**
   * Reads the kernels of a file as they are written, at least one. There are several only if the format can join
   * kernels. `readKernels` turns them if `direction` requires it. `file` is used in errors. `fragment`, the text after
   * `#`, names the one kernel to read.
   *
   * @throws ConvoError E_KERNEL_SYNTAX, E_KERNEL_SHAPE, E_KERNEL_VALUE with the place; E_KERNEL_FILE if no kernel has
   *   the name; E_KERNEL_FORMAT for refused contents
   */
  read(bytes: Uint8Array, file: string, fragment?: string): readonly Kernel[]
  /** True if `read` itself picks the kernel that the fragment names. */
  readonly picks?: true
  /** For a format that can be written: its name with an article. `holds` lists what it can store. */
  readonly kind?: string
  readonly holds?: readonly Extra[]
  /**
   * Encodes a kernel that is already turned for the file and has only what `holds` lists. Numbers are read back bit for
   * bit. Name and summary are dropped if the format cannot store them.
   */
  write?(kernel: Kernel): Uint8Array
}

/** What a kernel may have besides a plane of weights. */
export const extras = ['planes', 'scale', 'offset', 'anchor', 'bias', 'border'] as const
type Extra = (typeof extras)[number]

/** How many bytes of a file `sniff` receives. */
export const headBytes = 65536

/**
 * Returns the kernels that a fragment selects. Without a fragment these are all of them. Otherwise it is the one with
 * this name or, if there are several, with this number, counted from 1.
 *
 * @throws ConvoError E_KERNEL_FILE listing the names that exist
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

/** Describes everything in a kernel that a format cannot store. */
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

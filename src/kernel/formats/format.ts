import { ConvoError, nearest } from '../../error.ts'
import type { Direction, Kernel } from '../kernel.ts'

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
  /** What of a kernel the format has no place for, in words such as `an offset of 128`; empty: `write` will do. */
  cannotHold?(kernel: Kernel): readonly string[]
  /** The file, of a kernel as the file is to write it. Numbers come back bit for bit. Name and summary are omitted where the format has no place for them.
   * @throws ConvoError E_KERNEL_FORMAT naming what the format cannot hold */
  write?(kernel: Kernel): Uint8Array
}

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

/** Refuses to write what the format would lose. @throws ConvoError E_KERNEL_FORMAT */
export function requireHeld(
  format: string,
  losses: readonly string[],
  fix = '.json, which stores everything',
): void {
  if (losses.length === 0) return
  throw new ConvoError('E_KERNEL_FORMAT', `${format} cannot store ${losses.join(', nor ')}`, { fix })
}

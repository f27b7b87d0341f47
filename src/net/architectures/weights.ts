import type { Constant } from '../network.ts'

/** The tensors of a file that contains only tensors. */
export type Weights = {
  readonly file: string
  /** In the order of the file. */
  readonly names: readonly string[]
  /** Returns undefined if there is no tensor of this name. */
  readonly shape: (name: string) => readonly number[] | undefined
  /** Reads a tensor, which must exist. @throws ConvoError E_NET_FORMAT for unsupported types, E_TOO_LARGE */
  readonly read: (name: string) => Constant
}

/** The tensors whose names begin with `prefix`, with the prefix removed. */
export function within({ file, names, shape, read }: Weights, prefix: string): Weights {
  if (prefix === '') return { file, names, shape, read }
  return {
    file,
    names: names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length)),
    shape: (name) => shape(prefix + name),
    read: (name) => read(prefix + name),
  }
}

import type { Constant } from '../network.ts'

/** The tensors of a file that holds tensors alone. */
export type Weights = {
  readonly file: string
  /** In the order of the file. */
  readonly names: readonly string[]
  /** Undefined where there is no tensor of this name. */
  readonly shape: (name: string) => readonly number[] | undefined
  /** The numbers of a tensor that is there. @throws ConvoError E_NET_FORMAT for types that are not read, E_TOO_LARGE */
  readonly read: (name: string) => Constant
}

/** The tensors whose names begin so, without it. */
export function within({ file, names, shape, read }: Weights, prefix: string): Weights {
  if (prefix === '') return { file, names, shape, read }
  return {
    file,
    names: names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length)),
    shape: (name) => shape(prefix + name),
    read: (name) => read(prefix + name),
  }
}

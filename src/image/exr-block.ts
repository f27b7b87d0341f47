/** A plane of an OpenEXR picture; its samples are whole (0), half (1) or float (2). */
export type ExrChannel = { readonly name: string; readonly type: 0 | 1 | 2 }

/** The rows of a block or a tile. */
export type ExrBlock = {
  readonly width: number
  readonly rows: number
  readonly channels: readonly ExrChannel[]
}

/** Bytes of a sample by its type. */
export const sampleBytes = [4, 2, 4] as const

/** The compressions of OpenEXR by their numbers in a file, and how many rows a block of each has. */
export const exrCompressions = {
  none: 1,
  rle: 1,
  zips: 1,
  zip: 16,
  piz: 32,
  pxr24: 16,
  b44: 32,
  b44a: 32,
  dwaa: 32,
  dwab: 256,
} as const
export type ExrCompression = keyof typeof exrCompressions

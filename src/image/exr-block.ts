/** A plane of an OpenEXR picture. Its samples are integers (0), halfs (1) or floats (2). */
export type ExrChannel = { readonly name: string; readonly type: 0 | 1 | 2 }

/** The rows of a block or a tile. */
export type ExrBlock = {
  readonly width: number
  readonly rows: number
  readonly channels: readonly ExrChannel[]
}

/** Bytes of a sample by its type. */
export const sampleBytes = [4, 2, 4] as const

/** The compressions of OpenEXR, in the order of their numbers in a file, and the rows in a block of each. */
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

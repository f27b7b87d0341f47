import type { FftAxis, FftPlan2d } from '../conv/fft.ts'
import type { RecipePlan } from '../conv/plan.ts'
import type { Stencil } from '../conv/stencil.ts'
import type { Extremes, Range } from '../definition/quantise.ts'
import type { Address } from '../graph/address.ts'
import type { Node } from '../graph/node.ts'
import type { Tone } from '../graph/tone.ts'
import type { Light } from '../image/light.ts'
import type { Compression } from '../image/png.ts'
import type { TiffCompression } from '../image/tiff-pack.ts'
import type { Arriving, Depth, Samples } from '../tensor/picture.ts'

/** What of a picture says what its rows are, [x][channel]. */
export type PictureShape = {
  readonly width: number
  readonly height: number
  readonly channels: 1 | 2 | 3 | 4
  readonly depth: Depth
  /** What is white: the largest sample of a depth; floats have the scale that they came with. */
  readonly full: number
}

/**
 * A picture to run over: in the shared memory, or anywhere else, from where its rows are brought in strip by strip, the
 * upper ones perhaps before the rest is there.
 */
export type SourcePicture = PictureShape & {
  /** The largest magnitude of floats, NaN where one is not a number. */
  readonly largest?: number | undefined
} & (
    | { readonly address: Address }
    | { readonly data: Samples }
    | { readonly arriving: Arriving }
    | { readonly slices: Slices }
  )

/** Slices of a volume, one below the other, that are decoded when it is their turn. */
export type Slices = {
  /** Nothing when these are there; else a promise to wait for, before it is asked again. */
  missing(slices: readonly number[]): Promise<unknown> | undefined
  /** The samples of a slice that is there. */
  samples(slice: number): Samples
  /** Rows of a slice. */
  readonly height: number
}

/** A picture, in gray or as linear light where that is asked for. */
export type Source = {
  readonly picture: SourcePicture
  readonly gray: boolean
  readonly light?: Light | undefined
  /** No pixel of it is known to have an alpha of 0. */
  readonly isSeen?: boolean
}

/** Steps that are run when their result is asked for, and the picture that they run over, if there is one. */
export type Graph = { readonly out: Node; readonly source?: Source | undefined }

/** What a recipe runs over: what a graph makes, or a picture. */
export type Over = Graph | { readonly out?: undefined; readonly source: Source }

/** Where the rows of a strip go. */
export type Sink =
  | { readonly kind: 'png'; readonly depth: 8 | 16; readonly compression: Compression }
  /** 8- or 16-bit samples at an address in the shared memory, interleaved; without a depth float32, not clamped. */
  | { readonly kind: 'samples'; readonly depth: 8 | 16; readonly target: Address }
  | { readonly kind: 'samples'; readonly target: Address }
  /** Strips of a TIFF, packed; without a depth of float32, not clamped. */
  | { readonly kind: 'tiff'; readonly depth: 8 | 16; readonly compression: TiffCompression }
  | { readonly kind: 'tiff'; readonly compression: TiffCompression }
  /** float32, not clamped, strip by strip, channel by channel. */
  | { readonly kind: 'array' }
  /** float32 at an address in the shared memory, interleaved, not clamped. */
  | { readonly kind: 'float'; readonly target: Address }
  /** Nowhere: the smallest and the largest value are looked for. */
  | { readonly kind: 'extremes' }

/** A recipe over a picture with its tables laid out in the shared memory: what a worker needs to compute any strip. */
export type StencilJob = {
  readonly scratchBytes: number
  readonly plan: RecipePlan
  readonly source: PictureShape
  readonly tone: Tone
  readonly range: Range
  /** Of the whole picture, for the range minmax. */
  readonly extremes?: Extremes
  /** What the recipe does to a flat picture; divides alpha after a premultiplied pass. */
  readonly gain: number
  /** The same over samples as they are, for strips in which all is opaque: the bits are the same, and it is faster. */
  readonly opaque?: StencilJob
  readonly sink: Sink
  readonly tileChannels: number
  readonly sampleBytes: 1 | 2 | 4
  readonly tileWidth: number
  readonly tileRows: number
  readonly tilePitch: number
  /** Tile columns first..last-1 are picture columns from `source` on; the others come from `table`, -1 is the fill value. */
  readonly columns: {
    readonly table: Address
    readonly first: number
    readonly last: number
    readonly source: number
  }
  /** A table of -1 as wide as the tile. */
  readonly outside: Address
  /** The pixel of the fill value. */
  readonly fill: Address
  /** The most rows that are computed at once. */
  readonly rows: number
  /** Pixels of a row, and rows, before the stride drops some. */
  readonly fullWidth: number
  readonly fullHeight: number
  readonly blockRows: number
  readonly stencils: readonly PlacedStencil[]
  readonly layout: ScratchLayout
}

/** A stencil with the addresses of its tables. */
export type PlacedStencil = {
  readonly stencil: Stencil
  /** Bytes from a tile row to the first tap of output row 0, column 0. */
  readonly base: number
  /** Tile row under the first tap of output row 0. */
  readonly firstRow: number
} & (
  | { readonly form: 'taps'; readonly offsets: Address; readonly weights: Address; readonly count: number }
  | {
      readonly form: 'integer-passes'
      readonly row: TapTable
      readonly col: TapTable
      readonly between: 'i16' | 'i32'
      readonly sums: 'i16' | 'i32'
    }
  | { readonly form: 'passes'; readonly col: Address; readonly row: Address }
  | { readonly form: 'box' }
  | { readonly form: 'fft-plane'; readonly plan: FftPlan2d; readonly tables: Address }
  | {
      readonly form: 'fft-lines'
      readonly colPlan: FftAxis
      readonly rowPlan: FftAxis
      /** Addresses of their tables. */
      readonly col: Address
      readonly row: Address
    }
)

/** Taps of an integer pass: byte offsets and weights of 16 or 32 bits. */
export type TapTable = { readonly offsets: Address; readonly weights: Address; readonly count: number }

/** Byte offsets in a worker's scratch memory. */
export type ScratchLayout = {
  readonly tile: number
  /** Three float rows of the picture, for conversions. */
  readonly row: number
  readonly grayRow: number
  readonly lightRow: number
  /** One float row as wide as the sums: the colours under the anchor. */
  readonly own: number
  /** blockRows rows for every stencil, of up to 4 bytes a sample. */
  readonly branches: readonly number[]
  readonly branchPitch: number
  /** Sums between two passes, or running sums. */
  readonly between: number
  readonly betweenPitch: number
  /** Working memory of the FFTs. */
  readonly fft: number
  /** Where the phases of a row go when the stride in x keeps only the first. */
  readonly picked: number
  /** One float row. */
  readonly spare: number
  /** For every stencil, float rows of a block made from sums of 16 bits. */
  readonly converted: readonly number[]
  /** Samples of a strip as they go to the sink. */
  readonly out: number
  readonly outPitch: number
  /** Filtered rows of a strip. */
  readonly filtered: number
  /** 128 bytes for the row filter. */
  readonly filterScratch: number
  /** Blocks that say how rows are finished: to samples, to float values, and one for each stencil. */
  readonly finish: number
  /** Two u32: samples clipped low and high; two f32: smallest and largest. */
  readonly counts: number
}

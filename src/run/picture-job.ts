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

/** The fields of a picture that describe its rows, [x][channel]. */
export type PictureShape = {
  readonly width: number
  readonly height: number
  readonly channels: 1 | 2 | 3 | 4
  readonly depth: Depth
  /** The level of white: the largest sample of the depth; floats carry their own full scale. */
  readonly full: number
}

/**
 * A picture to run over. It is in the shared memory, or elsewhere, from where its rows are brought in strip by strip.
 * The upper rows may arrive before the rest.
 */
export type SourcePicture = PictureShape & {
  /** The largest magnitude of floats, or NaN if any of them is NaN. */
  readonly largest?: number | undefined
} & (
    | { readonly address: Address }
    | { readonly data: Samples }
    | { readonly arriving: Arriving }
    | { readonly slices: Slices }
  )

/** The slices of a volume, stacked vertically. Each is decoded when it is needed. */
export type Slices = {
  /** Returns undefined if these slices are decoded. Otherwise returns a promise to wait for before asking again. */
  missing(slices: readonly number[]): Promise<unknown> | undefined
  samples(slice: number): Samples
  /** The number of rows of a slice. */
  readonly height: number
}

/** A picture, in gray or as linear light if requested. */
export type Source = {
  readonly picture: SourcePicture
  readonly gray: boolean
  readonly light?: Light | undefined
  /** Whether no pixel is known to have an alpha of 0. */
  readonly isSeen?: boolean
}

/** Steps that run when their result is needed, and the picture that they run over, if there is one. */
export type Graph = { readonly out: Node; readonly source?: Source | undefined }

/** What a recipe runs over: the output of a graph, or a picture. */
export type Over = Graph | { readonly out?: undefined; readonly source: Source }

/** Where the rows of a strip go. */
export type Sink =
  | { readonly kind: 'png'; readonly depth: 8 | 16; readonly compression: Compression }
  /** 8- or 16-bit samples at an address in the shared memory, interleaved. Without a depth: float32, not clamped. */
  | { readonly kind: 'samples'; readonly depth: 8 | 16; readonly target: Address }
  | { readonly kind: 'samples'; readonly target: Address }
  /** Packed strips of a TIFF. Without a depth: float32, not clamped. */
  | { readonly kind: 'tiff'; readonly depth: 8 | 16; readonly compression: TiffCompression }
  | { readonly kind: 'tiff'; readonly compression: TiffCompression }
  /** float32, not clamped, strip by strip, channel by channel. */
  | { readonly kind: 'array' }
  /** float32 at an address in the shared memory, interleaved, not clamped. */
  | { readonly kind: 'float'; readonly target: Address }
  /** No output. Only the smallest and the largest value are found. */
  | { readonly kind: 'extremes' }

/**
 * A recipe over a picture with its tables laid out in the shared memory. It is all that a worker needs to compute any
 * strip.
 */
export type StencilJob = {
  readonly scratchBytes: number
  readonly plan: RecipePlan
  readonly source: PictureShape
  readonly tone: Tone
  readonly range: Range
  /** The extremes of the whole picture, for the range `minmax`. */
  readonly extremes?: Extremes
  /** The factor by which the recipe multiplies a flat picture. After a premultiplied pass, alpha is divided by it. */
  readonly gain: number
  /** The same job over unweighted samples, for strips that are fully opaque. It gives the same bits and is faster. */
  readonly opaque?: StencilJob
  readonly sink: Sink
  readonly tileChannels: number
  readonly sampleBytes: 1 | 2 | 4
  readonly tileWidth: number
  readonly tileRows: number
  readonly tilePitch: number
  /**
   * Tile columns first..last-1 are picture columns from `source` on. The others come from `table`, where -1 is the fill
   * value.
   */
  readonly columns: {
    readonly table: Address
    readonly first: number
    readonly last: number
    readonly source: number
  }
  /** The address of a table of -1 that is as wide as the tile. */
  readonly outside: Address
  /** The address of the pixel with the fill value. */
  readonly fill: Address
  /** The maximum number of rows that are computed at once. */
  readonly rows: number
  /** The number of pixels of a row, and the number of rows, before the stride drops some. */
  readonly fullWidth: number
  readonly fullHeight: number
  readonly blockRows: number
  readonly stencils: readonly PlacedStencil[]
  readonly layout: ScratchLayout
}

/** A stencil with the addresses of its tables. */
export type PlacedStencil = {
  readonly stencil: Stencil
  /** The number of bytes from a tile row to the first tap of output row 0, column 0. */
  readonly base: number
  /** The tile row under the first tap of output row 0. */
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
  | { readonly form: 'tile' }
  | { readonly form: 'fft-plane'; readonly plan: FftPlan2d; readonly tables: Address }
  | {
      readonly form: 'fft-lines'
      readonly colPlan: FftAxis
      readonly rowPlan: FftAxis
      /** The addresses of the tables of both passes. */
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
  /** blockRows rows for every stencil, with up to 4 bytes per sample. */
  readonly branches: readonly number[]
  readonly branchPitch: number
  /** Sums between two passes, or running sums. */
  readonly between: number
  readonly betweenPitch: number
  /** Working memory of the FFTs. */
  readonly fft: number
  /** The phases of a row, if the stride in x keeps only the first. */
  readonly picked: number
  /** One float row. */
  readonly spare: number
  /** For every stencil, float rows of a block made from sums of 16 bits. */
  readonly converted: readonly number[]
  /** The samples of a strip in the form that the sink takes. */
  readonly out: number
  readonly outPitch: number
  /** Filtered rows of a strip. */
  readonly filtered: number
  /** 128 bytes for the row filter. */
  readonly filterScratch: number
  /**
   * The blocks that describe how rows are finished: one for samples, one for float values, and one for each stencil.
   */
  readonly finish: number
  /** Two u32: samples clipped low and high; two f32: smallest and largest; one f32 that `scanRange` also writes. */
  readonly counts: number
}

import { slicesOf } from '../graph/node.ts'
import type { Span } from '../graph/spans.ts'
import type { Arriving, Samples } from '../tensor/picture.ts'
import type { PictureShape, Slices } from './picture-job.ts'

/** The rows of a picture, which may still have to arrive. */
export type Arrival = {
  /** Returns undefined if these rows have arrived. Otherwise returns a promise to wait for before asking again. */
  missing(rows: readonly Span[]): Promise<unknown> | undefined
  /** The bytes of rows that have arrived, in one or more pieces. */
  bytes(rows: Span): readonly Uint8Array[]
  /** Takes back the memory of the rows above this one, if it can be used again. */
  forget?(row: number): void
  /** Resolves when everything required has arrived, and rejects if it cannot arrive. */
  end?(): Promise<unknown>
}

type Arrives = Pick<PictureShape, 'width' | 'channels' | 'depth'> &
  ({ readonly data: Samples } | { readonly arriving: Arriving } | { readonly slices: Slices })

/** Tracks the rows of a picture, which arrives all at once, from top to bottom, or slice by slice. */
export function arrivalOf(picture: Arrives): Arrival {
  const rowBytes = picture.width * picture.channels * (picture.depth / 8)
  const rowsOf = ({ buffer, byteOffset }: Samples, [first, end]: Span) =>
    new Uint8Array(buffer, byteOffset + first * rowBytes, (end - first) * rowBytes)
  if ('data' in picture) {
    const { data } = picture
    return { missing: () => undefined, bytes: (rows) => [rowsOf(data, rows)] }
  }
  if ('slices' in picture) {
    const { slices } = picture
    return {
      missing: (rows) =>
        slices.missing([...new Set(rows.flatMap((span) => slicesOf(span, slices.height).map(([z]) => z)))]),
      bytes: (rows) => slicesOf(rows, slices.height).map(([z, ...part]) => rowsOf(slices.samples(z), part)),
    }
  }
  const { arriving } = picture
  return { ...arriving, missing: (spans) => arriving.missing(spans.at(-1)?.[1] ?? 1) }
}

import { invariant } from '../error.ts'
import { slicesOf } from '../graph/node.ts'
import type { Span } from '../graph/spans.ts'
import type { Arriving, Samples } from '../tensor/picture.ts'
import type { PictureShape, Slices } from './picture-job.ts'

/** Which rows of a picture have arrived. */
export type Arrival = {
  /** Returns undefined if these rows have arrived. Otherwise returns a promise to wait for before asking again. */
  missing(rows: readonly Span[]): Promise<unknown> | undefined
  /** Resolves when everything required has arrived, and rejects if it cannot arrive. */
  readonly end: Promise<unknown>
  /** The bytes of rows that have arrived, in one or more pieces. */
  bytes(rows: Span): readonly Uint8Array[]
}

type Arrives = Pick<PictureShape, 'width' | 'channels' | 'depth'> &
  ({ readonly data: Samples } | { readonly arriving: Arriving } | { readonly slices: Slices })

/** Tracks the rows of a picture, which arrives all at once, upper rows first, or slice by slice. */
export function arrivalOf(picture: Arrives): Arrival {
  const rowBytes = picture.width * picture.channels * (picture.depth / 8)
  const rowsOf = ({ buffer, byteOffset }: Samples, [first, end]: Span) =>
    new Uint8Array(buffer, byteOffset + first * rowBytes, (end - first) * rowBytes)
  if ('data' in picture) {
    const { data } = picture
    return { missing: () => undefined, end: Promise.resolve(), bytes: (rows) => [rowsOf(data, rows)] }
  }
  if ('slices' in picture) {
    const { slices } = picture
    return {
      missing: (rows) =>
        slices.missing([...new Set(rows.flatMap((span) => slicesOf(span, slices.height).map(([z]) => z)))]),
      end: Promise.resolve(),
      bytes: (rows) => slicesOf(rows, slices.height).map(([z, ...part]) => rowsOf(slices.samples(z), part)),
    }
  }
  const { arriving } = picture
  let there: Samples | undefined
  let rows = 0
  const upper = arriving.upper.then((samples) => {
    if (there !== undefined) return
    there = samples
    rows = arriving.rows
  })
  const whole = arriving.whole.then((samples) => {
    there = samples
    rows = Number.POSITIVE_INFINITY
  })
  // callers that wait for the rows get the error
  for (const promise of [upper, whole]) promise.catch(() => undefined)
  return {
    missing(spans) {
      const last = (spans.at(-1)?.[1] ?? 0) - 1
      return Math.max(last, 0) < rows ? undefined : last < arriving.rows ? upper : whole
    },
    end: whole,
    bytes(span) {
      invariant(there !== undefined, 'rows are waited for before they are used')
      return [rowsOf(there, span)]
    },
  }
}

import { invariant } from '../error.ts'
import { slicesOf } from '../graph/node.ts'
import type { Span } from '../graph/spans.ts'
import type { Arriving, Samples } from '../tensor/picture.ts'
import type { PictureShape, Slices } from './picture-job.ts'

/** What has arrived of a picture. */
export type Arrival = {
  /** Nothing when these rows are there; else a promise to wait for, before it is asked again. */
  missing(rows: readonly Span[]): Promise<unknown> | undefined
  /** Resolves when all is there that has to be, and rejects when it cannot come. */
  readonly end: Promise<unknown>
  /** The bytes of rows that are there, in one piece or several. */
  bytes(rows: Span): readonly Uint8Array[]
}

type Arrives = Pick<PictureShape, 'width' | 'channels' | 'depth'> &
  ({ readonly data: Samples } | { readonly arriving: Arriving } | { readonly slices: Slices })

/** Keeps track of the rows of a picture: all at once, the upper ones before the rest, or slice by slice. */
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
  // whoever waits for the rows gets the error
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

// Whoever uses convo as a library has others to answer on the same thread: requests, timers, signals. A long loop outside of
// the pool goes over its samples in pieces, and lets the event loop turn between them when it has worked for long enough.

/** The longest that a thread works without a turn of its event loop, in milliseconds. */
export const longestWork = 8

/** Samples of a picture in a piece of a loop over them: half a millisecond of the simplest arithmetic, a few of any other. */
export const pieceOf = 2 ** 16

let turned = Number.NEGATIVE_INFINITY
const waiting: (() => void)[] = []

/** Pieces of loops that were gone over since the clock was looked at. */
let gone = 0

/** Lets the event loop turn. Of several who wait for it one goes on after each turn, so that they do not add up. */
export const turn = (): Promise<void> =>
  new Promise((done) => {
    if (waiting.push(done) === 1) setImmediate(goOn)
  })

function goOn(): void {
  const next = waiting.shift()
  if (waiting.length > 0) setImmediate(goOn)
  turned = performance.now()
  next?.()
}

/** Whether this thread may have worked for as long as it should. */
export const isDue = (): boolean => performance.now() - turned > longestWork

/** Lets the event loop turn where that is due. */
export async function pause(): Promise<void> {
  if (isDue()) await turn()
}

/**
 * Goes over `count` things, `piece` of them at a time at most, and lets the event loop turn between the pieces; ends when
 * `act` gives true, and says whether it did.
 */
export async function inTurns(
  count: number,
  act: (from: number, to: number) => unknown,
  piece = pieceOf,
): Promise<boolean> {
  for (let at = 0; at < count; at += piece) {
    const to = Math.min(count, at + piece)
    // what is little is not worth a look at the clock; much of it is
    gone += (to - at) / piece
    if (gone >= 1) {
      gone = 0
      await pause()
    }
    if (act(at, to) === true) return true
  }
  return false
}

/** Goes over the rows of a picture as `inTurns` does. */
export const inRows = (height: number, rowSamples: number, act: (y: number) => void): Promise<unknown> =>
  inTurns(
    height,
    (from, to) => {
      for (let y = from; y < to; y++) act(y)
    },
    Math.max(1, Math.floor(pieceOf / rowSamples)),
  )

/** The arrays of JavaScript that hold numbers. */
export type NumberArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array

/** The numbers in an array of their own. */
export const copied = <T extends NumberArray>(data: T): Promise<T> =>
  converted(data, data.constructor as ArrayType<T>)

export type ArrayType<T> = { new (buffer: ArrayBuffer): T; readonly BYTES_PER_ELEMENT: number }

/** The numbers in an array of another type. */
export async function converted<T extends NumberArray>(data: NumberArray, type: ArrayType<T>): Promise<T> {
  // all of it is written: zeros first would take as long again
  const out = new type(Buffer.allocUnsafeSlow(data.length * type.BYTES_PER_ELEMENT).buffer as ArrayBuffer)
  await copyTo(out, data, 0)
  return out
}

/** Copies numbers to a place of another array. */
export const copyTo = (out: NumberArray, data: NumberArray, at: number): Promise<unknown> =>
  inTurns(data.length, (from, to) => out.set(data.subarray(from, to), at + from), 4 * pieceOf)

/** Bytes one behind the other. */
export async function joined(chunks: readonly Uint8Array[]): Promise<Uint8Array<ArrayBuffer>> {
  const out = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const chunk of chunks) {
    await copyTo(out, chunk, at)
    at += chunk.length
  }
  return out
}

// A program that uses convo as a library has other work on the same thread: requests, timers, signals. Long loops
// outside the pool therefore process their samples in pieces, and let the event loop turn between them when they have
// run long enough.

/** The longest time that a thread works without a turn of its event loop, in milliseconds. */
export const longestWork = 8

/**
 * Samples in one piece of a loop over a picture: half a millisecond of the simplest arithmetic, a few for any other.
 */
export const pieceOf = 2 ** 16

let turned = Number.NEGATIVE_INFINITY
const waiting: (() => void)[] = []

/** The number of pieces that loops have processed since the clock was last checked. */
let gone = 0

/**
 * Lets the event loop turn. If several callers wait, one continues after each turn, so that their work does not add up.
 */
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

/** Whether this thread may have worked for the longest time already. */
export const isDue = (): boolean => performance.now() - turned > longestWork

/** Lets the event loop turn if that is due. */
export async function pause(): Promise<void> {
  if (isDue()) await turn()
}

/**
 * Processes `count` items, at most `piece` at a time, and lets the event loop turn between the pieces. Stops when `act`
 * returns true. Returns whether it did.
 */
export async function inTurns(
  count: number,
  act: (from: number, to: number) => unknown,
  piece = pieceOf,
): Promise<boolean> {
  for (let at = 0; at < count; at += piece) {
    const to = Math.min(count, at + piece)
    // a little work is not worth a check of the clock, but much of it is
    gone += (to - at) / piece
    if (gone >= 1) {
      gone = 0
      await pause()
    }
    if (act(at, to) === true) return true
  }
  return false
}

/** Processes the rows of a picture like `inTurns`. */
export const inRows = (height: number, rowSamples: number, act: (y: number) => void): Promise<unknown> =>
  inTurns(
    height,
    (from, to) => {
      for (let y = from; y < to; y++) act(y)
    },
    Math.max(1, Math.floor(pieceOf / rowSamples)),
  )

/** The typed arrays that hold numbers. */
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

/** Copies numbers to a new array. */
export const copied = <T extends NumberArray>(data: T): Promise<T> =>
  converted(data, data.constructor as ArrayType<T>)

export type ArrayType<T> = { new (buffer: ArrayBuffer): T; readonly BYTES_PER_ELEMENT: number }

/** Copies numbers to a new array of another type. */
export async function converted<T extends NumberArray>(data: NumberArray, type: ArrayType<T>): Promise<T> {
  // every byte is written, and filling with zeros first would take as long again
  const out = new type(Buffer.allocUnsafeSlow(data.length * type.BYTES_PER_ELEMENT).buffer as ArrayBuffer)
  await copyTo(out, data, 0)
  return out
}

/** Copies numbers to a position in another array. */
export const copyTo = (out: NumberArray, data: NumberArray, at: number): Promise<unknown> =>
  inTurns(data.length, (from, to) => out.set(data.subarray(from, to), at + from), 4 * pieceOf)

/** Concatenates bytes. */
export async function joined(chunks: readonly Uint8Array[]): Promise<Uint8Array<ArrayBuffer>> {
  const out = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const chunk of chunks) {
    await copyTo(out, chunk, at)
    at += chunk.length
  }
  return out
}

/** Runs a generator with a pause after each step where one is due, and returns its result. */
export async function withPauses<T>(steps: Generator<unknown, T>): Promise<T> {
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.done === true) return step.value
    await pause()
  }
}

/** Runs a generator without its pauses and returns its result. */
export function withoutPauses<T>(steps: Generator<unknown, T>): T {
  for (let step = steps.next(); ; step = steps.next()) if (step.done === true) return step.value
}

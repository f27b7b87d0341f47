import { Readable, Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { types } from 'node:util'
import { checkTensor, wholeAtLeast } from '../../conv/spec.ts'
import { asConvoError, awaiting, ConvoError, mismatch, readOf } from '../../error.ts'
import { converted, joined } from '../../host/turns.ts'
import { probe } from '../../image/probe.ts'
import type { Sharp } from '../../image/sharp.ts'
import { checkLimit } from '../../limits.ts'
import { untilAborted } from '../../run/pool.ts'
import { asTensor, type TensorInput } from '../../tensor/like.ts'
import { extremes, guessFull, type Samples } from '../../tensor/picture.ts'
import { Tensor } from '../../tensor/tensor.ts'
import { describe } from '../../text/describe.ts'
import { firstLost, scaleNote } from '../array.ts'
import type { InMemory, Opened } from '../input.ts'
import { pathOf } from './names.ts'

/** The samples of a picture in memory: interleaved, row by row, alpha last. An `ImageData` is one. */
export type RawPicture = {
  /** Levels of 0..255 in bytes or 0..65535 in a Uint16Array; floats of 0..1 or 0..255, or of 0..full with `full`. */
  readonly data: Uint8Array | Uint8ClampedArray | Uint16Array | Float32Array | Float64Array
  /** Width in pixels, at least 1. */
  readonly width: number
  /** Height in pixels, at least 1. */
  readonly height: number
  /** 1 gray, 2 gray and alpha, 3 RGB, 4 RGB and alpha. Default: from the length of `data`. */
  readonly channels?: number | undefined
  /** Bits per sample; 32 is float. Needed only for wider samples in a Uint8Array. Default: from the type of `data`. */
  readonly depth?: 8 | 16 | 32 | undefined
}

/**
 * Anything that a picture can be read from: a path (`-` is standard input), a `file:` URL, the bytes of a file in any
 * supported format, a `Blob` or stream of them, samples in memory, a tensor [H,W], [C,H,W] or [C,D,H,W] with levels
 * of 0..255 or 0..1, or a sharp pipeline, whose result is taken at 8 bits. Memory is not copied, so it must not change
 * until the result is ready.
 */
export type PictureInput =
  | string
  | URL
  | Uint8Array
  | ArrayBuffer
  | SharedArrayBuffer
  | Blob
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array | string>
  | RawPicture
  | TensorInput
  | SharpPipeline

/** A sharp pipeline, from any copy of sharp. */
export type SharpPipeline = {
  /** Returns a copy, so that the given pipeline stays as it is. */
  clone(): SharpPipeline
  /** Makes the pipeline output samples. */
  raw(): SharpPipeline
  /** Returns the samples and their sizes. */
  toBuffer(options: { resolveWithObject: true }): Promise<{
    data: Uint8Array
    info: { width: number; height: number; channels: number; size: number }
  }>
}

/** An input that is ready to be decoded, and its name in messages. */
export type NamedInput = { readonly name: string; readonly given?: Opened | InMemory }

export const theInput = 'the input'
const fetched = 'convo(await (await fetch(url)).arrayBuffer())'

/** Returns the name of an input for messages and outputs. @throws ConvoError E_ARGUMENT for a URL that is not a file */
export const nameOfInput = (input: PictureInput, what = theInput): string =>
  typeof input === 'string'
    ? input
    : readOf(what, () => (input instanceof URL ? pathOf(input, what, fetched) : what))

/**
 * Waits for an input. Reads a stream into its bytes, and waits until a sharp pipeline has all bytes that are piped into
 * it. Returns any other input as it is.
 *
 * @param signal aborts the wait for a stream, and closes it
 * @param what the name of the input in messages
 * @throws ConvoError E_INPUT for a stream that fails or is empty; the reason of the signal
 */
export async function arrived(
  input: PictureInput,
  signal?: AbortSignal,
  what = theInput,
): Promise<PictureInput> {
  const coming = comingFrom(input, what)
  if (coming === undefined) return input
  try {
    return await untilAborted(coming, signal)
  } catch (error) {
    if (signal?.aborted && input instanceof Readable) input.destroy()
    throw error
  }
}

const comingFrom = (input: PictureInput, what: string): Promise<PictureInput> | undefined =>
  readOf(what, () => coming(input, what))

/** @throws ConvoError E_ARGUMENT for a promise in the place of a picture */
export function refusePromise(input: unknown, what: string): void {
  if (!types.isPromise(input)) return
  const fix = what === theInput ? 'convo(await input)' : 'await it'
  throw new ConvoError('E_ARGUMENT', 'a picture cannot be read from a promise', { fix })
}

function coming(input: PictureInput, what: string): Promise<PictureInput> | undefined {
  refusePromise(input, what)
  if (!isObject(input) || types.isUint8Array(input) || input instanceof Blob || isRaw(input)) return undefined
  if (isSharp(input)) return isFed(input) ? fed(input, what) : undefined
  return isIterable(input) ? gather(input, what) : undefined
}

const feeding = new WeakMap<Writable, Promise<void>>()

/** Returns a sharp pipeline once it has all bytes of the stream that is piped into it. @throws ConvoError E_INPUT */
async function fed<T extends Writable>(pipeline: T, what: string): Promise<T> {
  const before = feeding.get(pipeline)
  const ended = before ?? finished(pipeline, { readable: false, cleanup: true })
  if (before === undefined) feeding.set(pipeline, ended)
  try {
    await ended
  } catch (cause) {
    throw failedStream(cause, what)
  }
  return pipeline
}

/**
 * Opens an input.
 *
 * @param signal aborts the wait for it
 * @param what the name of the input in messages
 * @throws ConvoError E_ARGUMENT if it is no kind of input; E_INPUT, E_DECODE if it cannot be read
 */
export const openGiven = async (
  input: PictureInput,
  signal?: AbortSignal,
  what = theInput,
): Promise<NamedInput> => untilAborted(opened(await arrived(input, signal, what), what), signal)

const opened = async (input: PictureInput, what: string): Promise<NamedInput> =>
  readOf(what, () => openedAs(input, what))()

/** Returns a function that opens an input. The getters of the input are called here, and only once. */
function openedAs(input: PictureInput, what: string): () => NamedInput | Promise<NamedInput> {
  if (typeof input === 'string' || input instanceof URL) {
    const name = nameOfInput(input, what)
    return () => ({ name })
  }
  if (types.isUint8Array(input)) return () => ofBytes(ownView(input), what)
  if (types.isAnyArrayBuffer(input)) return () => ofBytes(viewOf(input, what), what)
  if (input instanceof Blob) return async () => ofBytes(await gather(input.stream(), what), what)
  if (isObject(input) && isRaw(input)) {
    const { data, width, height, channels, depth } = input
    return () => ofSamples({ data, width, height, channels, depth }, what)
  }
  if (isObject(input) && isSharp(input)) return () => ofSharp(input, what)
  const { body, data, toTensor } = (isObject(input) ? input : {}) as Partial<
    Record<'body' | 'data' | 'toTensor', unknown>
  >
  const fix =
    body instanceof ReadableStream
      ? 'its arrayBuffer() or its body'
      : typeof toTensor === 'function'
        ? 'await its toBuffer()'
        : awaiting(input)
  return async () => {
    const tensor = await asTensor(input as TensorInput)
    if (tensor instanceof Tensor) {
      return { name: what, given: { array: await arrayOf(checkTensor('input', tensor), what) } }
    }
    if (Array.isArray(data))
      throw mismatch('data must be a typed array of samples', data, { fix: 'Uint8Array.from(data)' })
    if (isObject(input) && ArrayBuffer.isView(data)) {
      const missing = ['width', 'height'].filter((name) => !(name in input))
      throw new ConvoError('E_ARGUMENT', `${what} has data and no ${missing.join(' and no ')}`, {
        why: `its keys: ${Object.keys(input).join(', ')}`,
        fix: '{ data, width, height, channels }',
      })
    }
    const thing = what === theInput ? 'a picture' : what
    const found = typeof toTensor === 'function' ? 'a chain' : describe(input)
    throw new ConvoError('E_ARGUMENT', `${thing} cannot be read from ${found}`, {
      why: 'accepted: a path, a file URL, bytes, a Blob, a stream, { data, width, height }, a Tensor or a sharp pipeline',
      fix,
    })
  }
}

/** Returns the bytes of a buffer. @throws ConvoError E_ARGUMENT if it was transferred */
export function viewOf(buffer: ArrayBuffer | SharedArrayBuffer, what: string): Uint8Array {
  try {
    return new Uint8Array(buffer)
  } catch (cause) {
    throw new ConvoError('E_ARGUMENT', `${what} is an ArrayBuffer that was transferred and has no bytes`, {
      cause,
    })
  }
}

/** Opens the bytes of a file, which may be joined chunks of a stream. */
const ofBytes = (source: Uint8Array, what: string): NamedInput => ({
  name: what,
  given: { path: what, source, probe: probe(source, what) },
})

async function gather(stream: AsyncIterable<Uint8Array | string>, what: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of failingAsInput(stream, what)) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    if (!(bytes instanceof Uint8Array)) throw mismatch('a stream must yield bytes', chunk)
    size += bytes.length
    checkLimit('encodedBytes', size, what)
    chunks.push(bytes)
  }
  if (size > 0) return joined(chunks)
  throw new ConvoError('E_INPUT', `the stream of ${what} yielded no bytes`, {
    why: 'a stream can be read once',
    fix: 'a new stream for every chain, or its bytes in a Buffer',
  })
}

/** Yields the chunks of a stream. If the stream fails, its error becomes the cause of a ConvoError. */
async function* failingAsInput<T>(stream: AsyncIterable<T>, what: string): AsyncGenerator<T> {
  try {
    yield* stream
  } catch (cause) {
    throw cause instanceof ConvoError ? cause : failedStream(cause, what)
  }
}

const failedStream = (cause: unknown, what: string): ConvoError =>
  new ConvoError('E_INPUT', `the stream of ${what} failed`, { why: asConvoError(cause).message, cause })

async function ofSharp(pipeline: SharpPipeline, what: string): Promise<NamedInput> {
  try {
    const { data, info } = await cloneOf(pipeline).raw().toBuffer({ resolveWithObject: true })
    const { width, height, channels } = info
    return ofSamples({ data, width, height, channels }, what)
  } catch (cause) {
    throw new ConvoError('E_DECODE', 'the pipeline of sharp failed', {
      why: asConvoError(cause).message,
      cause,
    })
  }
}

/** Clones a pipeline without copying its input. The clone of sharp copies it, which can block the event loop. */
function cloneOf(pipeline: SharpPipeline): SharpPipeline {
  const input = sharpInput(pipeline)
  if (!types.isUint8Array(input?.buffer)) return pipeline.clone()
  const { buffer } = input
  try {
    delete input.buffer
    const clone = pipeline.clone()
    Object.assign(sharpInput(clone) ?? {}, { buffer })
    return clone
  } finally {
    input.buffer = buffer
  }
}

/** Returns the place where sharp keeps its input. Its `buffer` is a list while a stream is piped in. */
const sharpInput = (pipeline: object): { buffer?: unknown } | undefined =>
  (pipeline as { options?: { input?: { buffer?: unknown } } }).options?.input

const isFed = (pipeline: SharpPipeline): pipeline is SharpPipeline & Writable =>
  pipeline instanceof Writable && !pipeline.writableFinished && Array.isArray(sharpInput(pipeline)?.buffer)

const isObject = (input: unknown): input is object => typeof input === 'object' && input !== null

const isRaw = (input: object): input is RawPicture =>
  'data' in input && 'width' in input && 'height' in input && ArrayBuffer.isView(input.data)

const isSharp = (input: object): input is SharpPipeline =>
  (['raw', 'toBuffer', 'clone'] as const).every((name) => typeof (input as Sharp)[name] === 'function')

const isIterable = (input: object): input is AsyncIterable<Uint8Array | string> =>
  Symbol.asyncIterator in input

/** Views the numbers with a plain type of this realm, rather than as a Buffer or an array of a `vm` context. */
function ownView<A extends RawPicture['data']>(data: A): A {
  const type = ownTypes.find(({ name }) => name === data[Symbol.toStringTag])
  if (type === undefined || data.constructor === type) return data
  return new type(data.buffer as ArrayBuffer, data.byteOffset, data.length) as A
}

const ownTypes = [Uint8Array, Uint8ClampedArray, Uint16Array, Float32Array, Float64Array] as const

async function ofSamples(raw: RawPicture, what: string): Promise<NamedInput> {
  const { width, height } = raw
  const given = ownView(raw.data)
  const stated = raw.depth === undefined ? given : await atDepth(given, raw.depth)
  const [data, notes] = await samplesOf(stated, what)
  wholeAtLeast('width', width, 1)
  wholeAtLeast('height', height, 1)
  if (data.length === 0 && raw.data.buffer.byteLength === 0) {
    throw new ConvoError('E_ARGUMENT', 'data has no samples', {
      why: 'its buffer was transferred, or is empty',
      fix: 'copy it before the transfer',
    })
  }
  const channels = raw.channels ?? data.length / (width * height)
  if (![1, 2, 3, 4].includes(channels) || data.length !== width * height * channels) {
    throw new ConvoError(
      'E_SHAPE',
      `${data.length} samples do not fill a picture of ${width}x${height} pixels${raw.channels === undefined ? '' : ` with channels: ${typeof raw.channels === 'number' ? raw.channels : describe(raw.channels)}`}`,
      { why: 'a pixel has 1 to 4 samples: gray, gray and alpha, RGB, RGB and alpha' },
    )
  }
  const depth = data instanceof Uint8Array ? 8 : data instanceof Uint16Array ? 16 : 32
  const decoded = { width, height, channels: channels as 1, depth, data, meta: {}, notes, pages: 1 } as const
  return { name: what, given: { decoded } }
}

/** The array types that hold samples of each depth in bits. */
const arraysOf = { 8: [Uint8Array, Uint8ClampedArray], 16: [Uint16Array], 32: [Float32Array, Float64Array] }

/** Returns samples of a stated depth. The data has a type of that depth, or is bytes, as sharp returns them. */
async function atDepth(data: RawPicture['data'], depth: unknown): Promise<RawPicture['data']> {
  if (depth !== 8 && depth !== 16 && depth !== 32) throw mismatch('depth must be 8, 16 or 32', depth)
  if (arraysOf[depth].some((type) => data instanceof type)) return data
  const { BYTES_PER_ELEMENT: size } = arraysOf[depth][0]!
  if (!(data instanceof Uint8Array) || data.length % size !== 0) {
    const fix = 'no depth: the type of data sets it'
    throw mismatch(`data must hold samples of ${depth} bits`, data, { fix })
  }
  const isAligned = data.byteOffset % size === 0
  const { buffer, byteOffset } = isAligned ? data : await converted(data, Uint8Array)
  const count = data.length / size
  return depth === 16
    ? new Uint16Array(buffer, byteOffset, count)
    : new Float32Array(buffer, byteOffset, count)
}

/** Converts samples to one of the three types that are computed with. Views share the memory of the original. */
async function samplesOf(data: RawPicture['data'], what: string): Promise<readonly [Samples, string[]]> {
  if (data instanceof Uint8ClampedArray) {
    return [new Uint8Array(data.buffer, data.byteOffset, data.length), []]
  }
  if (data instanceof Float64Array) {
    const floats = await converted(data, Float32Array)
    const isExact = (await firstLost(data, floats)) < 0
    return [floats, isExact ? [] : [`${what} has float64 samples, which were rounded to float32`]]
  }
  if (data instanceof Uint8Array || data instanceof Uint16Array || data instanceof Float32Array)
    return [data, []]
  throw new ConvoError('E_ARGUMENT', `samples cannot be read from ${describe(data)}`, {
    why: 'accepted: Uint8Array, Uint8ClampedArray, Uint16Array, Float32Array and Float64Array',
  })
}

async function arrayOf(
  { shape, data }: Tensor,
  what: string,
): Promise<Extract<InMemory, { array: unknown }>['array']> {
  const [width = 1, height = 1, channels = 1, slices] =
    shape.length === 4 ? [shape[3], shape[2], shape[0], shape[1]] : [...shape].reverse()
  if (shape.length < 2 || shape.length > 4) {
    const wanted = 'a picture must be a tensor [H,W], [C,H,W] or [C,D,H,W]'
    throw new ConvoError('E_SHAPE', `${wanted}, got [${shape.join(',')}]`)
  }
  const found = await extremes(data)
  const guess = guessFull(found) ?? 255
  return {
    name: what,
    layout: 'chw',
    channels,
    ...(slices !== undefined && { slices }),
    height,
    width,
    depth: 32,
    full: guess,
    data,
    scaleNote: scaleNote(what, found, guess),
  }
}

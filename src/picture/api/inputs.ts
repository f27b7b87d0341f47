import { fileURLToPath } from 'node:url'
import { checkTensor } from '../../conv/spec.ts'
import { asConvoError, ConvoError } from '../../error.ts'
import { probe } from '../../image/probe.ts'
import type { Sharp } from '../../image/sharp.ts'
import { checkLimit } from '../../limits.ts'
import { extremes, guessFull, type Samples } from '../../tensor/picture.ts'
import { Tensor } from '../../tensor/tensor.ts'
import { describe } from '../../text/describe.ts'
import { scaleNote } from '../array.ts'
import type { InMemory, Opened } from '../input.ts'

/** Samples of a picture that is in memory: interleaved, row by row, alpha last. An `ImageData` is one. */
export type RawPicture = {
  readonly data: Uint8Array | Uint8ClampedArray | Uint16Array | Float32Array | Float64Array
  readonly width: number
  readonly height: number
  /** 1 gray, 2 gray and alpha, 3 RGB, 4 RGB and alpha; what `data` holds for each pixel unless given. */
  readonly channels?: number | undefined
}

/**
 * What a picture may come from: a path (`-` is standard input), a `file:` URL, the bytes of a file in any format that is
 * read, a stream of them, samples in memory, a tensor [H,W] or [C,H,W] in levels of 0..255 or 0..1, or a sharp pipeline,
 * whose result is taken at 8 bits.
 */
export type PictureInput =
  | string
  | URL
  | Uint8Array
  | ArrayBuffer
  | AsyncIterable<Uint8Array | string>
  | RawPicture
  | Tensor
  | SharpPipeline

/** A pipeline of sharp, whichever copy of sharp it is from. */
export type SharpPipeline = {
  clone(): SharpPipeline
  raw(): SharpPipeline
  toBuffer(options: { resolveWithObject: true }): Promise<{
    data: Uint8Array
    info: { width: number; height: number; channels: number; size: number }
  }>
}

/** An input that is ready to be decoded, and what messages call it. */
export type NamedInput = { readonly name: string; readonly given?: Opened | InMemory }

const theInput = 'the input'

/** @throws ConvoError E_ARGUMENT for what is none of the kinds of input; E_INPUT, E_DECODE for what cannot be read */
export async function openGiven(input: PictureInput): Promise<NamedInput> {
  if (typeof input === 'string') return { name: input }
  if (input instanceof URL) return { name: pathOf(input) }
  if (input instanceof Uint8Array) return ofBytes(input)
  if (input instanceof ArrayBuffer) return ofBytes(new Uint8Array(input))
  if (input instanceof Tensor)
    return { name: theInput, given: { array: arrayOf(checkTensor('input', input)) } }
  if (isObject(input) && isRaw(input)) return ofSamples(input)
  if (isObject(input) && isSharp(input)) {
    return ofSharp(input)
  }
  if (isObject(input) && isIterable(input)) return ofBytes(await gather(input))
  throw new ConvoError('E_ARGUMENT', `a picture cannot be read from ${describe(input)}`, {
    why: 'accepted: a path, a file URL, bytes, a stream, { data, width, height }, a Tensor or a sharp pipeline',
  })
}

function pathOf(url: URL): string {
  if (url.protocol === 'file:') return fileURLToPath(url)
  throw new ConvoError('E_ARGUMENT', `only file: URLs can be read, got ${url.protocol}`, {
    why: url.href,
    fix: 'convo(await (await fetch(url)).arrayBuffer())',
  })
}

/** Bytes of a file. Those of a stream may come in any pieces. */
function ofBytes(source: Uint8Array): NamedInput {
  return { name: theInput, given: { path: theInput, source, probe: probe(source, theInput) } }
}

async function gather(stream: AsyncIterable<Uint8Array | string>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of stream) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    size += bytes.length
    checkLimit('encodedBytes', size, theInput)
    chunks.push(bytes)
  }
  return Buffer.concat(chunks)
}

async function ofSharp(pipeline: SharpPipeline): Promise<NamedInput> {
  try {
    const { data, info } = await pipeline.clone().raw().toBuffer({ resolveWithObject: true })
    return ofSamples({ data, ...info })
  } catch (cause) {
    throw new ConvoError('E_DECODE', 'the pipeline of sharp failed', {
      why: asConvoError(cause).message,
      cause,
    })
  }
}

const isObject = (input: unknown): input is object => typeof input === 'object' && input !== null

const isRaw = (input: object): input is RawPicture =>
  'data' in input && 'width' in input && 'height' in input && ArrayBuffer.isView(input.data)

const isSharp = (input: object): input is SharpPipeline =>
  typeof (input as Sharp).raw === 'function' && typeof (input as Sharp).toBuffer === 'function'

const isIterable = (input: object): input is AsyncIterable<Uint8Array | string> =>
  Symbol.asyncIterator in input

function ofSamples(raw: RawPicture): NamedInput {
  const { data: given, width, height } = raw
  const [data, notes] = samplesOf(given)
  for (const [name, size] of [
    ['width', width],
    ['height', height],
  ] as const) {
    if (Number.isSafeInteger(size) && size >= 1) continue
    throw new ConvoError('E_ARGUMENT', `${name} must be a whole number of at least 1, got ${describe(size)}`)
  }
  const channels = raw.channels ?? data.length / (width * height)
  if (![1, 2, 3, 4].includes(channels) || data.length !== width * height * channels) {
    throw new ConvoError(
      'E_SHAPE',
      `${data.length} samples do not fill a picture of ${width}x${height} pixels${raw.channels === undefined ? '' : ` with ${raw.channels} channels`}`,
      { why: 'a pixel has 1 to 4 samples: gray, gray and alpha, RGB, RGB and alpha' },
    )
  }
  const depth = data instanceof Uint8Array ? 8 : data instanceof Uint16Array ? 16 : 32
  const decoded = { width, height, channels: channels as 1, depth, data, meta: {}, notes, pages: 1 } as const
  return { name: theInput, given: { decoded } }
}

/** Samples in one of the three types that are computed with; views share their memory. */
function samplesOf(data: RawPicture['data']): readonly [Samples, string[]] {
  if (data instanceof Uint8ClampedArray) {
    return [new Uint8Array(data.buffer, data.byteOffset, data.length), []]
  }
  if (data instanceof Float64Array) {
    const floats = Float32Array.from(data)
    const isExact = floats.every((v, i) => Object.is(v, data[i]) || Number.isNaN(v))
    return [floats, isExact ? [] : [`${theInput} has float64 samples, which were rounded to float32`]]
  }
  if (data instanceof Uint8Array || data instanceof Uint16Array || data instanceof Float32Array)
    return [data, []]
  throw new ConvoError('E_ARGUMENT', `samples cannot be read from ${describe(data)}`, {
    why: 'accepted: Uint8Array, Uint8ClampedArray, Uint16Array, Float32Array and Float64Array',
  })
}

function arrayOf({ shape, data }: Tensor): Extract<InMemory, { array: unknown }>['array'] {
  const [width = 1, height = 1, channels = 1, slices] =
    shape.length === 4 ? [shape[3], shape[2], shape[0], shape[1]] : [...shape].reverse()
  if (shape.length < 2 || shape.length > 4) {
    throw new ConvoError(
      'E_SHAPE',
      `a picture must be a tensor [H,W], [C,H,W] or [C,D,H,W], got [${shape.join(',')}]`,
    )
  }
  const guess = guessFull(data) ?? 255
  return {
    name: theInput,
    layout: 'chw',
    channels,
    ...(slices !== undefined && { slices }),
    height,
    width,
    depth: 32,
    full: guess,
    data,
    scaleNote: scaleNote(theInput, extremes(data), guess),
  }
}

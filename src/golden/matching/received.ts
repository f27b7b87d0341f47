import { ConvoError } from '../../error.ts'
import { readWhole } from '../../files/read.ts'
import { inTurns } from '../../host/turns.ts'
import type { Pages } from '../../image/compare/pages.ts'
import { probe } from '../../image/probe.ts'
import type { Chain } from '../../picture/api/chain.ts'
import { openGiven, type PictureInput } from '../../picture/api/inputs.ts'
import { isPicture, type PictureArray, pictureOfArray, readArray, shapeOfArray } from '../../picture/array.ts'
import { openPages, type PageOptions } from '../../picture/pages.ts'
import { encodeInStrips } from '../../run/png-write.ts'
import { fullInTurns, type Picture } from '../../tensor/picture.ts'
import { Tensor } from '../../tensor/tensor.ts'
import { describe } from '../../text/describe.ts'
import { isRecord } from '../../text/record.ts'
import type { Calling } from './runner.ts'

/** What can be compared with a golden: any picture that the library accepts, or a chain. */
export type GoldenPicture = PictureInput | Chain

/** A picture that a test made. */
export type Received = {
  /** The bytes of its file, if it came as a PNG. */
  readonly png?: Buffer
  /** Returns the picture, decoding it if it came as a file. @throws ConvoError if it is not one picture */
  picture(): Promise<Picture>
}

/** How pictures are read, and the full scale of floats. */
export type Reading = PageOptions & { readonly full?: number | undefined }

const name = 'the picture'

/** @throws ConvoError E_ARGUMENT if it is not a picture; E_INPUT, E_DECODE if it cannot be read; errors of a chain */
export async function receive(given: unknown, reading: Reading, calling: Calling): Promise<Received> {
  if (isChain(given)) return receive(await given.raw(), reading, calling)
  // tensors may come from another copy of the library: CommonJS and ES modules have one each
  if (isTensor(given)) return ofInput(new Tensor([...given.shape], given.data), reading)
  if (typeof given === 'string' || given instanceof URL || isBytes(given)) return ofFile(given, reading)
  if (!isRecord(given)) {
    throw new ConvoError('E_ARGUMENT', `cannot read a picture from ${describe(given)}`, {
      why: 'accepted: a path, the bytes of a file, { data, width, height }, a Tensor, a sharp pipeline, a chain, or a promise of one',
      fix: calling.call('convo(input).sobel()'),
    })
  }
  return ofInput(given as PictureInput, reading)
}

const isChain = (given: unknown): given is Pick<Chain, 'raw'> =>
  isRecord(given) && ['toTensor', 'raw'].every((method) => typeof given[method] === 'function')

const isTensor = (given: unknown): given is Tensor =>
  typeof given === 'object' && given !== null && 'shape' in given && 'data' in given

/** Whether it is bytes. `instanceof` fails in Jest, which runs tests in their own realm. */
const isBytes = (given: unknown): given is Uint8Array | ArrayBuffer =>
  ['[object Uint8Array]', '[object ArrayBuffer]'].includes(Object.prototype.toString.call(given))

async function ofFile(given: string | URL | Uint8Array | ArrayBuffer, reading: Reading): Promise<Received> {
  const bytes = await bytesOf(given)
  const { kind, isArray } = probe(bytes, name)
  const picture = async () => {
    const array = isArray ? await readArray(bytes, name, reading) : undefined
    if (array !== undefined && (array.pages ?? 1) === 1) return ofArray(array, reading)
    return onlyPage(await openPages(bytes, { ...reading, name }))
  }
  if (kind === 'png') return { png: bytes, picture }
  // decode now, so that a file of an unknown kind fails at once
  const decoded = await picture()
  return { picture: async () => decoded }
}

async function bytesOf(given: string | URL | Uint8Array | ArrayBuffer): Promise<Buffer> {
  if (typeof given === 'string' || given instanceof URL) {
    const { name: path } = await openGiven(given)
    return readWhole(path, { limit: 'encodedBytes', what: 'a picture' })
  }
  return ArrayBuffer.isView(given)
    ? Buffer.from(given.buffer, given.byteOffset, given.byteLength)
    : Buffer.from(given)
}

async function ofInput(input: PictureInput, reading: Reading): Promise<Received> {
  const { given } = await openGiven(input)
  if (given !== undefined && 'source' in given && typeof given.source !== 'string') {
    return ofFile(given.source, reading)
  }
  if (given !== undefined && 'array' in given) {
    const picture = await ofArray(given.array, reading)
    return { picture: async () => picture }
  }
  if (given !== undefined && 'decoded' in given) {
    const { width, height, channels, depth, data } = given.decoded
    const samples = data as Picture['data']
    const picture = await rounded({ width, height, channels, depth, data: samples, meta: {} }, reading)
    return { picture: async () => picture }
  }
  throw new ConvoError('E_ARGUMENT', `cannot read a picture from ${describe(input)}`)
}

async function ofArray(array: PictureArray, reading: Reading): Promise<Picture> {
  if (isPicture(array)) return rounded({ ...(await pictureOfArray(array)), meta: {} }, reading)
  throw new ConvoError('E_SHAPE', `a tensor [${shapeOfArray(array).join(',')}] is not a single picture`, {
    why: 'a golden is a PNG: gray or RGB, [H,W], [1,H,W] or [3,H,W]',
    fix: 'one comparison for each map, as new Tensor([height, width], plane)',
  })
}

async function onlyPage({ count, pictures, unread = [] }: Pages): Promise<Picture> {
  if (count !== 1 || unread.length > 0) {
    throw new ConvoError('E_DECODE', `${name} has ${count === 1 ? 'more than one page' : `${count} pages`}`, {
      why: ['a golden is a PNG, which has one page', ...unread],
      fix: 'one comparison for each page',
    })
  }
  for await (const picture of pictures) return picture
  throw new ConvoError('E_DECODE', `${name} has no pages`)
}

/**
 * Rounds floats of 0..1 or 0..255 to the 8 bits of a PNG.
 *
 * @throws ConvoError E_ARGUMENT for NaN or floats out of range: clipped, they would not be compared
 */
async function rounded(picture: Picture, { full: asked }: Reading): Promise<Picture> {
  if (picture.depth !== 32) return picture
  const full = asked ?? (await fullInTurns(picture))
  const data = new Uint8Array(picture.data.length)
  await inTurns(data.length, (from, to) => {
    for (let i = from; i < to; i++) {
      const level = Math.round((picture.data[i]! / full) * 255)
      if (!(level >= 0 && level <= 255)) {
        const what = `sample ${i} is ${picture.data[i]}, but a golden holds 0..${full}`
        throw new ConvoError('E_ARGUMENT', what, {
          why: 'goldens are 8-bit PNGs, which cannot hold it',
          fix: 'values within 0..255, or the option full',
        })
      }
      data[i] = level
    }
  })
  const { width, height, channels, meta } = picture
  return { width, height, channels, depth: 8, data, meta }
}

/** Returns the PNG of a received picture: as it came, or encoded. */
export const pngOf = async (received: Received): Promise<Buffer> =>
  received.png ?? Buffer.from(await encodeInStrips(await received.picture()))

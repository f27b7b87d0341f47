import { ConvoError } from '../error.ts'
import { readWhole } from '../files/read.ts'
import type { Pages } from '../image/compare/pages.ts'
import { decode, decodePages, readHeader } from '../image/decode.ts'
import type { Header } from '../image/header.ts'
import { inspect } from '../image/inspect.ts'
import { probe } from '../image/probe.ts'
import { nameOf, type Source } from '../image/reader.ts'
import { type NpyArray, readNpy } from '../kernel/formats/npy.ts'
import type { Picture } from '../tensor/picture.ts'

/** How the pages of a file are decoded. */
export type PageOptions = { readonly maxPixels: number; readonly orient: boolean; readonly name?: string }

/**
 * The pages of a picture file at their native depth, or the planes of a .npy array. Planes are gray pictures, one for
 * each channel and slice of [H,W], [C,H,W] or [C,D,H,W]: u1 has depth 8, u2 16, all else is float32.
 *
 * @throws ConvoError as `decode` does; E_DECODE for an array of another rank, or whose numbers float32 does not hold
 */
export async function openPages(source: Source, options: PageOptions): Promise<Pages> {
  const name = options.name ?? nameOf(source)
  const probed = probe(source, name)
  const { kind } = probed
  if (kind === 'npy') {
    const bytes = typeof source === 'string' ? await readWhole(source, { limit: 'encodedBytes' }) : source
    return arrayPages(readNpy(bytes, name), name)
  }
  // of these what was looked at tells it all: to ask the decoder would open them once more
  const isPlain = kind === 'png' || kind === 'jpeg'
  const { frames: pages = 1, unread } = isPlain
    ? inspect(source, probed, name, options.maxPixels)
    : framesOf(await readHeader(source, { ...options, name }))
  return {
    count: pages,
    unread,
    pictures: pages === 1 ? single(source, { ...options, name }) : decodePages(source, { ...options, name }),
  }
}

const framesOf = ({ pages, unread }: Pick<Header, 'pages' | 'unread'>) => ({ frames: pages, unread })

async function* single(source: Source, options: PageOptions): AsyncGenerator<Picture> {
  yield await decode(source, options)
}

function arrayPages({ shape, data, dtype }: NpyArray, name: string): Pages {
  const [height, width] = shape.slice(-2)
  if (shape.length < 2 || shape.length > 4 || width === undefined || height === undefined) {
    throw new ConvoError('E_DECODE', `${name} has rank ${shape.length}, and a picture or volume has 2 to 4`, {
      why: `${name}: shape [${shape.join(',')}]; [H,W], [C,H,W] and [C,D,H,W] are read`,
    })
  }
  const type = dtype.slice(1)
  const depth = type === 'u1' ? 8 : type === 'u2' ? 16 : 32
  const samples =
    depth === 8
      ? Uint8Array.from(data)
      : depth === 16
        ? Uint16Array.from(data)
        : data instanceof Float32Array
          ? data
          : Float32Array.from(data)
  const lost = samples.findIndex((value, i) => value !== data[i] && !Number.isNaN(data[i]))
  if (lost >= 0) {
    throw new ConvoError('E_DECODE', `${name} holds numbers of type ${type} that float32 does not hold`, {
      why: `${name}: number ${lost} is ${data[lost]}, and would be compared as ${samples[lost]}`,
      fix: "array.astype('<f4') before numpy.save, for both files",
    })
  }
  const size = width * height
  const count = samples.length / size
  return {
    count,
    pictures: (async function* () {
      for (let page = 0; page < count; page++) {
        const plane = samples.subarray(page * size, (page + 1) * size)
        yield { width, height, channels: 1, depth, data: plane, meta: {} } satisfies Picture
      }
    })(),
  }
}

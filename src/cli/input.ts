import { readFile } from 'node:fs/promises'
import { ConvoError } from '../error.ts'
import { readPieces } from '../files/pipe.ts'
import { type Decoded, decode, decodeAhead } from '../image/decode.ts'
import type { Header } from '../image/header.ts'
import { isStream, type Probe, probe, type Source } from '../image/probe.ts'
import { readNpy } from '../kernel/formats/npy.ts'
import type { SourcePicture } from '../run/pictures.ts'
import { hasAlpha, type PictureMeta, type Samples } from '../tensor/picture.ts'
import { Tensor } from '../tensor/tensor.ts'

/** An input that was looked at but not decoded. */
export type Opened = { readonly path: string; readonly source: Source; readonly probe: Probe }

/** A decoded input. */
export type Loaded = {
  readonly picture: SourcePicture
  readonly meta: PictureMeta
  readonly notes: readonly string[]
}

/** What bounds and shapes decoding. */
export type LoadOptions = {
  readonly maxPixels: number
  readonly orient: boolean
  readonly dropAlpha: boolean
  /** Whether the upper rows may come before the whole. */
  readonly ahead: boolean
}

/** Looks at an input, `-` being standard input, without decoding it. @throws ConvoError E_INPUT, E_DECODE */
export async function openInput(path: string): Promise<Opened> {
  const source = path === '-' || isStream(path) ? await readStream(path) : path
  return { path, source, probe: probe(source, nameOf(path)) }
}

/** All of a pipe, a device or standard input, which have no size and are read once only. */
async function readStream(path: string): Promise<Uint8Array> {
  const name = nameOf(path)
  if (path === '-' && process.stdin.isTTY) {
    throw new ConvoError('E_INPUT', 'a picture is not read from a terminal', {
      fix: 'a file name in place of -, or < in.png behind the command',
    })
  }
  const pieces: Uint8Array[] = []
  try {
    await readPieces(path, (piece) => pieces.push(piece))
  } catch (cause) {
    throw new ConvoError('E_INPUT', `cannot read ${name}`, { why: `${name}: ${String(cause)}`, cause })
  }
  return Buffer.concat(pieces)
}

const nameOf = (path: string): string => (path === '-' ? 'standard input' : path)

/** The samples of an input, as far as its first bytes tell; a guess from the file size where they do not. */
export function expectedSamples({ probe: { png, size } }: Opened): number {
  return png === undefined ? size * 4 : png.width * png.height * png.channels
}

/** Decodes an input. @throws ConvoError as `decode` does */
export async function loadPicture(opened: Opened, options: LoadOptions): Promise<Loaded> {
  const { path, source } = opened
  const name = nameOf(path)
  const { maxPixels, orient, dropAlpha } = options
  const limits = { maxPixels, orient, name }
  if (options.ahead && !dropAlpha) {
    const { data, meta, notes, ...header } = await decodeAhead(source, limits)
    return {
      picture: { ...shapeOf(header), ...('whole' in data ? { arriving: data } : { data }) },
      meta,
      notes,
    }
  }
  return loadedOf(await decode(source, limits), dropAlpha)
}

/** A decoded picture as an input. */
export function loadedOf({ data, meta, notes, ...header }: Decoded, dropAlpha: boolean): Loaded {
  const picture: SourcePicture = { ...shapeOf(header), data }
  return {
    picture: dropAlpha && hasAlpha(header.channels) ? withoutAlpha(picture, data) : picture,
    meta,
    notes,
  }
}

const shapeOf = ({ width, height, channels, depth }: Omit<Header, 'meta' | 'notes'>) => ({
  width,
  height,
  channels,
  depth,
  full: depth === 16 ? (65535 as const) : (255 as const),
})

/** The picture without its last channel, packed in place. */
function withoutAlpha(picture: SourcePicture, data: Samples): SourcePicture {
  const { channels } = picture
  const kept = (channels - 1) as 1 | 3
  let to = 0
  for (let from = 0; from < data.length; from += channels) {
    for (let c = 0; c < kept; c++) data[to++] = data[from + c]!
  }
  return { ...picture, channels: kept, data: data.subarray(0, to) }
}

/**
 * The tensor of a .npy file: [H,W] is one channel, [C,H,W] and [C,D,H,W] are taken as they are.
 *
 * @throws ConvoError E_DECODE for another rank
 */
export async function loadTensor(opened: Opened): Promise<Tensor> {
  const bytes = typeof opened.source === 'string' ? await readFile(opened.source) : opened.source
  const { shape, data } = readNpy(bytes, opened.path)
  if (shape.length < 2 || shape.length > 4) {
    throw new ConvoError(
      'E_DECODE',
      `${opened.path} has rank ${shape.length}, and a picture or volume has 2 to 4`,
      {
        why: `${opened.path}: shape [${shape.join(',')}]; [H,W], [C,H,W] and [C,D,H,W] are read`,
      },
    )
  }
  return new Tensor(shape.length === 2 ? [1, ...shape] : shape, Float32Array.from(data))
}

import { ConvoError } from '../error.ts'
import { isStream, readWhole } from '../files/read.ts'
import { checkHead, type Decoded, decode, decodeAhead } from '../image/decode.ts'
import type { Header } from '../image/header.ts'
import { type Probe, probe } from '../image/probe.ts'
import type { Source } from '../image/reader.ts'
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
  /** how many the file has; the picture is one of them */
  readonly pages: number
}

/** What bounds and shapes decoding. */
export type LoadOptions = {
  readonly maxPixels: number
  readonly orient: boolean
  readonly dropAlpha: boolean
  /** Whether the upper rows may come before the whole. */
  readonly ahead: boolean
}

/** Looks at an input, `-` being standard input, without decoding it. @throws ConvoError E_INPUT, E_DECODE, E_TOO_LARGE */
export async function openInput(path: string): Promise<Opened> {
  const source = await sourceOf(path)
  return { path, source, probe: probe(source, inputName(path)) }
}

/** What to call an input in messages. */
export const inputName = (path: string): string => (path === '-' ? 'standard input' : path)

/** A file by its name, or the bytes of what is read once only: standard input (`-`), a pipe. */
export async function sourceOf(path: string): Promise<Source> {
  if (path !== '-' && !isStream(path)) return path
  const name = inputName(path)
  return readWhole(path, { limit: 'encodedBytes', name, what: 'a picture', check: checkHead(name) })
}

/** The samples of an input, as far as its first bytes tell; a guess from the file size where they do not. */
export function expectedSamples({ probe: { png, size } }: Opened): number {
  return png === undefined ? size * 4 : png.width * png.height * png.channels
}

/** Decodes an input. @throws ConvoError as `decode` does */
export async function loadPicture(opened: Opened, options: LoadOptions): Promise<Loaded> {
  const { path, source } = opened
  const name = inputName(path)
  const { maxPixels, orient, dropAlpha } = options
  const limits = { maxPixels, orient, name }
  if (options.ahead && !dropAlpha) {
    const { data, meta, notes, ...header } = await decodeAhead(source, limits)
    return {
      picture: { ...shapeOf(header), ...('whole' in data ? { arriving: data } : { data }) },
      meta,
      notes,
      pages: header.pages,
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
    pages: header.pages,
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
  const bytes =
    typeof opened.source === 'string'
      ? await readWhole(opened.source, { limit: 'encodedBytes' })
      : opened.source
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

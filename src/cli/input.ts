import { readFile } from 'node:fs/promises'
import { setImmediate as immediate } from 'node:timers/promises'
import { ConvoError } from '../error.ts'
import { type Decoded, decode } from '../image/codec.ts'
import { nameOf, type Probe, probe, type Source } from '../image/probe.ts'
import { readNpy } from '../kernel/formats/npy.ts'
import type { PlacedPicture } from '../run/picture-job.ts'
import type { Session } from '../run/pool.ts'
import { hasAlpha, type PictureMeta } from '../tensor/picture.ts'
import { Tensor } from '../tensor/tensor.ts'

/** An input that was looked at but not decoded. */
export type Opened = { readonly path: string; readonly source: Source; readonly probe: Probe }

/** A decoded input: a picture in the session's memory, or a float tensor from a .npy file. */
export type Loaded = {
  readonly form: 'picture'
  readonly picture: PlacedPicture
  readonly meta: PictureMeta
  readonly notes: readonly string[]
}

/** What bounds and shapes decoding. */
export type LoadOptions = {
  readonly maxPixels: number
  readonly orient: boolean
  readonly dropAlpha: boolean
}

/** Looks at an input, `-` being standard input, without decoding it. @throws ConvoError E_INPUT, E_DECODE */
export async function openInput(path: string): Promise<Opened> {
  const source = path === '-' ? await readStandardInput() : path
  return { path, source, probe: probe(source, path === '-' ? 'standard input' : path) }
}

/** All of standard input. It is waited for without blocking, so that a signal can end the wait. */
async function readStandardInput(): Promise<Uint8Array> {
  if (process.stdin.isTTY) {
    throw new ConvoError('E_INPUT', 'a picture is not read from a terminal', {
      fix: 'a file name in place of -, or < in.png behind the command',
    })
  }
  const chunks: Uint8Array[] = []
  try {
    for await (const chunk of process.stdin) chunks.push(chunk as Uint8Array)
  } catch (cause) {
    throw new ConvoError('E_INPUT', 'cannot read standard input', { why: String(cause), cause })
  }
  return Buffer.concat(chunks)
}

/** The samples of an input, as far as its first bytes tell; a guess from the file size where they do not. */
export function expectedSamples({ probe: { png, size } }: Opened): number {
  return png === undefined ? size * 4 : png.width * png.height * png.channels
}

/** Decodes an input into the session's memory. @throws ConvoError as `decode` does */
export async function loadPicture(session: Session, opened: Opened, options: LoadOptions): Promise<Loaded> {
  const { path, source, probe: probed } = opened
  const name = path === '-' ? 'standard input' : nameOf(source)
  const memory = reserve(session, probed)
  const decoding = decode(source, {
    maxPixels: options.maxPixels,
    orient: options.orient,
    name,
    into: (bytes) => memory.take(bytes),
  })
  // Touched while the decoder works: the first write to fresh memory costs more than the whole convolution.
  await Promise.all([decoding, memory.touch()])
  const decoded = await decoding
  const address = memory.address()
  const picture = placed(decoded, address)
  return {
    form: 'picture',
    picture: options.dropAlpha && hasAlpha(picture.channels) ? withoutAlpha(session, picture) : picture,
    meta: decoded.meta,
    notes: decoded.notes,
  }
}

function placed(decoded: Decoded, address: number): PlacedPicture {
  const { width, height, channels, depth } = decoded
  return { address, width, height, channels, depth, full: depth === 16 ? 65535 : 255 }
}

/** Memory for the samples, reserved as early as the header tells how much is needed. */
function reserve(session: Session, probed: Probe) {
  const { png } = probed
  let address =
    png === undefined ? 0 : session.arena.alloc(png.width * png.height * png.channels * (png.depth / 8))
  const expected = png === undefined ? 0 : png.width * png.height * png.channels * (png.depth / 8)
  let taken = false
  return {
    address: () => address,
    take(bytes: number): Uint8Array {
      taken = true
      if (bytes > expected) address = session.arena.alloc(bytes)
      return new Uint8Array(session.arena.memory.buffer, address, bytes)
    },
    async touch(): Promise<void> {
      const page = 4096
      const turn = 2 ** 21
      const bytes = new Uint8Array(session.arena.memory.buffer, address, expected)
      for (let at = 0; at < expected && !taken; at += turn) {
        for (let i = at; i < Math.min(expected, at + turn); i += page) bytes[i] = 0
        await immediate()
      }
    },
  }
}

/** The picture without its last channel, packed in place. */
function withoutAlpha(session: Session, picture: PlacedPicture): PlacedPicture {
  const { address, width, height, channels, depth } = picture
  const Samples = depth === 8 ? Uint8Array : depth === 16 ? Uint16Array : Float32Array
  const data = new Samples(
    session.arena.memory.buffer as unknown as ArrayBuffer,
    address,
    width * height * channels,
  )
  const kept = channels - 1
  for (let from = 0, to = 0; from < data.length; from += channels, to += kept) {
    for (let c = 0; c < kept; c++) data[to + c] = data[from + c]!
  }
  return { ...picture, channels: kept as 1 | 3 }
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

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { requireFrom } from '../files/package.ts'
import type { Raw } from './sharp.ts'
import type { Size } from './size.ts'

// The decoders that users install, as called by the process that decodes one picture.

type Rgba = Size & { readonly data: Uint8Array | Uint8ClampedArray }
type Heic = {
  all(input: { buffer: Uint8Array }): Promise<ArrayLike<{ decode(): Promise<Rgba> }>>
}

const rgbaOf: Readonly<
  Record<'heic' | 'jxl', (bytes: Uint8Array, path: string) => Promise<Rgba & { readonly more?: number }>>
> = {
  async heic(bytes, path) {
    const pictures = await (requireFrom(path)(path) as Heic).all({ buffer: bytes })
    return { ...(await pictures[0]!.decode()), more: pictures.length - 1 }
  },
  async jxl(bytes, path) {
    const { default: decode, init } = (await import(pathToFileURL(path).href)) as {
      default: (buffer: ArrayBuffer) => Promise<Rgba>
      init: (module: WebAssembly.Module) => Promise<unknown>
    }
    // like in a browser, it fetches its WebAssembly and returns an ImageData
    await init(new WebAssembly.Module(readFileSync(join(path, '../codec/dec/jxl_dec.wasm'))))
    const scope = globalThis as { ImageData?: unknown }
    scope.ImageData ??= function imageData(
      this: object,
      data: Uint8ClampedArray,
      width: number,
      height: number,
    ) {
      Object.assign(this, { data, width, height })
    }
    return decode(new Uint8Array(bytes).buffer)
  },
}

/** How to decode a picture that sharp does not read. */
export type Borrowing = { readonly kind: 'heic' | 'jxl'; readonly path: string }

/** Decodes to RGBA of 8 bits. @throws whatever the decoder throws */
export async function borrowedRaw(bytes: Uint8Array, { kind, path }: Borrowing): Promise<Raw> {
  // their output would be mixed with the samples
  console.log = console.error
  const { width, height, data, more = 0 } = await rgbaOf[kind](bytes, path)
  return {
    data: Buffer.from(data.buffer, data.byteOffset, data.byteLength),
    info: { width, height, channels: 4, more },
  }
}

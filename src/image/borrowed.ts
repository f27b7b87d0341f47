import { ConvoError } from '../error.ts'
import { resolved } from '../files/package.ts'
import type { Picture } from '../tensor/picture.ts'
import { decodeApart } from './apart.ts'
import { grayAlphaOf, hasAlphaWhere, viewSamples, withoutAlpha } from './flatten.ts'
import { refusal, strangerOf } from './foreign.ts'
import { isGrayJxl } from './jxl.ts'
import type { OwnPicture } from './own-picture.ts'
import { reasons } from './sharp.ts'
import type { Size } from './size.ts'

// Formats whose decoders users install if they need them. The decoders are large, and run in a separate process.

/** The kinds of file that can be read if a decoder is installed, and its package. */
export const borrowed = { heic: 'heic-decode', jxl: '@jsquash/jxl' } as const
export type BorrowedKind = keyof typeof borrowed

/** Whether a kind can be read if a decoder is installed. */
export const isBorrowed = (kind: string | undefined): kind is BorrowedKind =>
  kind !== undefined && Object.hasOwn(borrowed, kind)

/**
 * Reads a picture with the decoder that the user has installed. Opaque alpha is dropped.
 *
 * @param check refuses a size
 * @throws ConvoError E_DECODE if no decoder is installed (the error names the package), and for a damaged file
 */
export async function readBorrowed(
  kind: BorrowedKind,
  bytes: Uint8Array,
  name: string,
  check: (size: Size) => void,
): Promise<OwnPicture> {
  const path = resolved(kind === 'jxl' ? '@jsquash/jxl/decode.js' : borrowed[kind])
  if (path === undefined) {
    const stranger = strangerOf(bytes.subarray(0, 512), name)
    throw refusal(name, stranger?.name ?? `a ${kind} picture`, `npm install ${borrowed[kind]}`, [
      `${name}: convo reads it if ${borrowed[kind]} is installed, next to convo or in this folder`,
      `without it: ${stranger?.fix ?? ''}`,
    ])
  }
  try {
    const { info, data } = await decodeApart(bytes, { kind, path })
    check(info)
    const { width, height, more = 0 } = info
    const samples = viewSamples(data, 8)
    const whole: Omit<Picture, 'meta'> = { width, height, channels: 4, depth: 8, data: samples }
    const isOpaque = !(await hasAlphaWhere(whole, (alpha) => alpha < 255))
    const isGray = kind === 'jxl' && isGrayJxl(bytes)
    const channels = isGray ? (isOpaque ? 1 : 2) : isOpaque ? 3 : 4
    return {
      ...{ width, height, channels, depth: 8 },
      // the JPEG XL decoder does not report further pictures
      asRead: [
        `${name} was read by ${borrowed[kind]}: 8 bits of its first picture, without profile and metadata`,
      ],
      ...(more > 0 && { unread: [`${more} more ${more === 1 ? 'picture' : 'pictures'}`] }),
      async samples() {
        if (!isGray) return isOpaque ? (await withoutAlpha(whole)).data : samples
        const gray = await grayAlphaOf(samples)
        return isOpaque ? (await withoutAlpha({ ...whole, channels: 2, data: gray })).data : gray
      },
    }
  } catch (cause) {
    if (cause instanceof ConvoError) throw cause
    throw new ConvoError('E_DECODE', `${name} cannot be decoded: it is damaged, or of an unsupported kind`, {
      why: reasons(cause).map((line) => `${name}: ${borrowed[kind]}: ${line}`),
      fix: 'a new copy of the file',
      cause,
    })
  }
}

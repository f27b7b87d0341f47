import { readBmp } from './bmp.ts'
import { readExr } from './exr.ts'
import { readHdr } from './hdr.ts'
import type { OwnPicture } from './own-picture.ts'
import { readPfm, readPnm } from './plain.ts'

/**
 * The readers for files that are not read by sharp. Each reads the header of a picture from the bytes of its file.
 *
 * @throws ConvoError E_DECODE for a damaged file
 */
export const ownReaders = {
  ...{ bmp: readBmp, pnm: readPnm, pfm: readPfm, hdr: readHdr, exr: readExr },
} satisfies Readonly<Record<string, (bytes: Uint8Array, name: string) => OwnPicture>>
export type OwnKind = keyof typeof ownReaders

/** Whether a kind is read here. */
export const isOwn = (kind: string | undefined): kind is OwnKind =>
  kind !== undefined && Object.hasOwn(ownReaders, kind)

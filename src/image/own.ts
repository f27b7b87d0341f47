import { readBmp } from './bmp.ts'
import { readExr } from './exr.ts'
import { readHdr } from './hdr.ts'
import type { OwnPicture } from './own-picture.ts'
import { readPfm, readPnm } from './plain.ts'

/** The kinds of file that are read here and not by sharp. */
export const ownKinds = ['bmp', 'pnm', 'pfm', 'hdr', 'exr'] as const
export type OwnKind = (typeof ownKinds)[number]

/** Reads the header of a picture from the bytes of its file. @throws ConvoError E_DECODE for a damaged one */
export const ownReaders: Readonly<Record<OwnKind, (bytes: Uint8Array, name: string) => OwnPicture>> = {
  bmp: readBmp,
  pnm: readPnm,
  pfm: readPfm,
  hdr: readHdr,
  exr: readExr,
}

/** Whether a kind is read here. */
export const isOwn = (kind: string | undefined): kind is OwnKind => ownKinds.some((one) => one === kind)

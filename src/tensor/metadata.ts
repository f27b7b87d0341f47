/** A field of a TIFF or EXIF directory; its value as bytes, the least significant first. */
export type Field = {
  readonly tag: number
  /** of TIFF 6.0, section 2: 2 text, 3 and 4 whole numbers of 16 and 32 bits, 5 a fraction, 7 bytes */
  readonly type: number
  readonly count: number
  readonly bytes: Uint8Array
}

/** Fields of a directory, and the directories that it points to, by their tags. */
export type Fields = { readonly fields: readonly Field[]; readonly below: ReadonlyMap<number, Fields> }

/** A text beside a picture: a chunk of a PNG, a comment of a JPEG or GIF, which has the keyword `Comment`. */
export type TextEntry = { readonly keyword: string; readonly text: string }

/** What a file says about a picture in words and numbers, and an output may keep. */
export type Metadata = {
  readonly exif?: Fields
  /** the packet, in UTF-8 */
  readonly xmp?: Uint8Array
  /** records of IPTC-IIM */
  readonly iptc?: Uint8Array
  readonly text?: readonly TextEntry[]
  /** GeoTIFF and GDAL fields, which a TIFF alone holds */
  readonly geo?: readonly Field[]
}

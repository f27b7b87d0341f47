/** A field of a TIFF or EXIF directory. Its value is stored as bytes, least significant first. */
export type Field = {
  readonly tag: number
  /** as in TIFF 6.0, section 2: 2 text, 3 and 4 integers of 16 and 32 bits, 5 a fraction, 7 bytes */
  readonly type: number
  readonly count: number
  readonly bytes: Uint8Array
}

/** The fields of a directory, and the directories that it points to, by tag. */
export type Fields = { readonly fields: readonly Field[]; readonly below: ReadonlyMap<number, Fields> }

/** A text stored with a picture: a PNG text chunk, or a comment of a JPEG or GIF, which has the keyword `Comment`. */
export type TextEntry = { readonly keyword: string; readonly text: string }

/** Information about a picture that a file contains and an output may keep. */
export type Metadata = {
  readonly exif?: Fields
  /** the packet, in UTF-8 */
  readonly xmp?: Uint8Array
  /** records of IPTC-IIM */
  readonly iptc?: Uint8Array
  readonly text?: readonly TextEntry[]
  /** GeoTIFF and GDAL fields, which only a TIFF can hold */
  readonly geo?: readonly Field[]
}

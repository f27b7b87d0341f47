/**
 * What the report page shows. It lies in the page as JSON; pictures lie beside it, by number, in base64: PNGs, and of
 * floats the bytes `f32`, the number of channels, width and height as big-endian u32, and the deflated little-endian samples.
 */
export type ReportData = {
  readonly title: string
  /** One sentence on the whole run. */
  readonly verdict: string
  readonly failed: number
  /** What made it: `convo 0.1.0`, the manifest, the time it took. */
  readonly about: readonly string[]
  readonly counts: Readonly<Record<string, number>>
  readonly cases: readonly ReportCase[]
}

/** One case, as the page shows it. */
export type ReportCase = {
  readonly name: string
  readonly status: string
  readonly failed: boolean
  readonly message: string
  /** What else is known: `largest difference`, `7 of 255, green at 12,40`. */
  readonly facts: readonly (readonly [label: string, value: string])[]
  /** Lines of an error. */
  readonly why: readonly string[]
  /** The command that approves it, without its name, where there is something to approve. */
  readonly approve?: string
  /** The numbers of the pictures. */
  readonly expected?: number
  readonly actual?: number
  /** The number of the picture of what became of each pixel: 0 equal, 64 not compared, 128 tolerated, 255 differs. */
  readonly marks?: number
  /** How floats become levels of 0..255, where they do: (value - from) * factor. */
  readonly stretch?: { readonly from: number; readonly factor: number }
  /** Why there are no pictures though there might be. */
  readonly unshown?: string
}

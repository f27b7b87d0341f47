/** What the report page shows. It lies in the page as JSON; pictures lie beside it, by number, as PNGs in base64. */
export type ReportData = {
  readonly title: string
  /** One sentence on the whole run. */
  readonly verdict: string
  readonly failed: number
  /** What made it: `convo 0.1.0`, the manifest, the time it took. */
  readonly about: readonly string[]
  /** The command that approves, without names. */
  readonly approve: string
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
  readonly approvable: boolean
  /** The numbers of the pictures. */
  readonly expected?: number
  readonly actual?: number
  /** Why there are no pictures though there might be. */
  readonly unshown?: string
}

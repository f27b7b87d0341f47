/**
 * The data of the report page, embedded as JSON. Pictures are beside it, by number, in base64. They are PNGs; floats
 * are the bytes `f32`, the number of channels, width and height as big-endian u32, and the deflated little-endian
 * samples.
 */
export type ReportData = {
  readonly title: string
  /** A summary of the run in one sentence. */
  readonly verdict: string
  readonly failed: number
  /** What made it: `convo 0.1.0`, the manifest, the time it took. */
  readonly about: readonly string[]
  readonly counts: Counts
  /** The commit and the run of a CI server. */
  readonly links?: readonly { readonly text: string; readonly url: string }[]
  /** The command that accepts everything, if cases are not approved one by one. */
  readonly accept?: string
  /** The prefix of the picture files beside the page; absent if the pictures are in the page. */
  readonly beside?: string
  readonly cases: readonly ReportCase[]
}

/** A rectangle of pixels. */
export type Box = { readonly x: number; readonly y: number; readonly width: number; readonly height: number }

/** The statuses of a case, the good ones first, each with a sign, since colours alone are not enough. */
export const statusSigns = {
  pass: '✓',
  same: '✓',
  tolerated: '≈',
  changed: '≠',
  size: '⤢',
  new: '+',
  added: '+',
  obsolete: '−',
  removed: '−',
  error: '!',
} as const
export type Status = keyof typeof statusSigns
export const statuses = Object.keys(statusSigns) as readonly Status[]
/** Statuses only for pairs of files in folders, and statuses only for cases of a check. The rest apply to both. */
const ofFolders: readonly Status[] = ['same', 'added', 'removed']
const ofChecks: readonly Status[] = ['pass', 'new', 'obsolete']

/** The statuses that a run may have, the good ones first. */
export const statusesOf = (isOfFolders: boolean): readonly Status[] =>
  statuses.filter((status) => !(isOfFolders ? ofChecks : ofFolders).includes(status))

/** Whether the pictures are equal, so there is nothing to look at. */
export const isEqual = (status: Status): boolean => status === 'pass' || status === 'same'

/** The order in which cases are reviewed: errors, changes, new pictures, removed ones, tolerated differences. */
const ranks: readonly (readonly Status[])[] = [
  ['error'],
  ['changed', 'size'],
  ['new', 'added'],
  ['obsolete', 'removed'],
  ['tolerated'],
]

export function rankOf(status: Status): number {
  const at = ranks.findIndex((rank) => rank.includes(status))
  return at < 0 ? ranks.length : at
}

/** How often each status occurs; statuses that a run cannot have are absent. */
export type Counts = Readonly<Partial<Record<Status, number>>>

/** One case, as the page shows it. */
export type ReportCase = {
  readonly name: string
  readonly status: Status
  readonly failed: boolean
  readonly message: string
  /** Further facts: `largest difference`, `7 of 255, green at 12,40`. */
  readonly facts: readonly (readonly [label: string, value: string])[]
  /** Lines of an error. */
  readonly why: readonly string[]
  /** The command that approves it, without its name; absent if there is nothing to approve. */
  readonly approve?: string
  readonly expected?: number
  readonly actual?: number
  /** Where they differ, as the run found it: the number of a picture, the boxes to go to, and what occurs in it. */
  readonly difference?: {
    readonly picture: number
    readonly boxes: readonly Box[]
    readonly kinds: readonly string[]
  }
  /** How floats become levels of 0..255: (value - from) * factor. Absent without floats. */
  readonly stretch?: { readonly from: number; readonly factor: number }
  /** Why there are no pictures though there might be. */
  readonly unshown?: string
}

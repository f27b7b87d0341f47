import { existsSync } from 'node:fs'
import { join, relative } from 'node:path'
import { ConvoError } from '../error.ts'
import { writeUnder } from '../files/change.ts'
import { sha256InTurns } from '../files/hash.ts'
import { readText } from '../files/read.ts'
import { nameTrouble } from '../files/root.ts'
import { fits, map, maybe, must, object, oneOf, text } from '../files/shape.ts'
import { shapeOf } from '../image/compare/comparison.ts'
import { digestOf } from '../image/digest.ts'
import type { Picture } from '../tensor/picture.ts'
import { cut } from '../text/cut.ts'
import { isRecord } from '../text/record.ts'

/** What was approved: the pixels of a golden, and the tools that made them. */
export type LockEntry = {
  /** From the folder of goldens. */
  readonly file: string
  /** Of the decoded pixels, shape and depth. */
  readonly digest: string
  /** SHA-256 of the file: while it has these bytes, its pixels are known. Locks of older versions have none. */
  readonly sha256?: string
  /** Pixels of a row. */
  readonly width: number
  /** Rows. */
  readonly height: number
  /** 1 gray, 2 gray and alpha, 3 RGB, 4 RGB and alpha. */
  readonly channels: number
  /** Bits of a sample; 32 are floats. */
  readonly depth: number
  /** `convo`, `sharp`, `libvips`; empty versions for a picture that something else made. */
  readonly tools: Readonly<Record<string, string>>
  /** From the folder of goldens: the manifest whose case it is. Locks of older versions have none. */
  readonly manifest?: string
}

/** The entry of a golden that such bytes and pages are, from the folder of goldens. */
export const entryFor = async (
  file: string,
  bytes: Uint8Array,
  pages: readonly Picture[],
  more: Pick<LockEntry, 'tools' | 'manifest'>,
): Promise<LockEntry> => ({
  ...{ file, digest: await digestOf(...pages), sha256: await sha256InTurns(bytes) },
  ...shapeOf(pages[0]!),
  ...more,
})

/** The approved goldens by the names of their cases. */
export type Lock = ReadonlyMap<string, LockEntry>

/** The lock file, in the folder of goldens. */
export const lockName = 'convo.lock.json'

const version = 1

/**
 * Reads the lock of a folder of goldens; empty where there is none.
 *
 * @throws ConvoError E_MANIFEST for a file that is damaged, or of a later version
 */
export function readLock(goldens: string): Lock {
  const file = join(goldens, lockName)
  if (!existsSync(file)) return new Map()
  const bad = (why: string, fix = 'restore an earlier version of it, or resolve its merge conflict') =>
    new ConvoError('E_MANIFEST', `${file} is not a lock file`, { why: `${file}:1:1: ${why}`, fix })
  const content = readText(file, 'manifestBytes')
  let parsed: unknown
  try {
    parsed = JSON.parse(content)
  } catch (cause) {
    throw bad((cause as Error).message)
  }
  if (!isRecord(parsed) || !isRecord(parsed.goldens)) throw bad('it has no goldens')
  if (parsed.version !== version) {
    throw bad(
      `its version is ${JSON.stringify(parsed.version)}, this version of convo reads ${version}`,
      'the version of convo that wrote it',
    )
  }
  const entries = Object.entries(parsed.goldens).map(([name, entry]): [string, LockEntry] => {
    if (!isEntry(entry)) throw bad(`its entry ${shown(name)} lacks file, digest or size`)
    const trouble = nameTrouble(entry.file)
    if (trouble !== undefined) throw bad(`the file ${shown(entry.file)} of ${shown(name)}: ${trouble}`)
    return [name, entry]
  })
  return new Map(entries)
}

const shown = (text: string): string => cut(JSON.stringify(text))

/** The text of a lock file: sorted, one golden a line, so that versions of it merge. */
export function lockText(lock: Lock): string {
  const names = [...lock.keys()].sort()
  const lines = names.map((name) => `    ${JSON.stringify(name)}: ${JSON.stringify(lock.get(name))}`)
  return `{\n  "version": ${version},\n  "goldens": {\n${lines.join(',\n')}\n  }\n}\n`
}

/** A manifest as entries of a lock name it. */
export const manifestFrom = (goldens: string, manifest: string): string =>
  relative(goldens, manifest).replaceAll('\\', '/')

/** Writes the lock in one step. @throws ConvoError E_OUTPUT */
export async function writeLock(goldens: string, lock: Lock): Promise<void> {
  await writeUnder(goldens, lockName, lockText(lock))
}

const size = must((n) => Number.isSafeInteger(n) && (n as number) > 0, 'a size')

/** Whether a value is an entry of a lock. */
export const isEntry = fits<LockEntry>(
  object({
    file: text,
    digest: text,
    sha256: maybe(text),
    width: size,
    height: size,
    channels: oneOf(1, 2, 3, 4),
    depth: oneOf(8, 16, 32),
    tools: map(text),
    manifest: maybe(text),
  }),
)

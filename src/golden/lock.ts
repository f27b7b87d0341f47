import { existsSync } from 'node:fs'
import { join, relative } from 'node:path'
import { ConvoError } from '../error.ts'
import { writeUnder } from '../files/change.ts'
import { sha256InTurns } from '../files/hash.ts'
import { readText } from '../files/read.ts'
import { nameTrouble } from '../files/root.ts'
import { fits, map, maybe, must, object, oneOf, text } from '../files/shape.ts'
import { type Shape, shapeOf } from '../image/compare/comparison.ts'
import { digestOf } from '../image/digest.ts'
import type { Picture } from '../tensor/picture.ts'
import { cut } from '../text/cut.ts'
import { isRecord } from '../text/record.ts'

/** An approved golden: its pixels, and the tools that made them. */
export type LockEntry = Shape & {
  /** The path of the golden, relative to the folder of goldens. */
  readonly file: string
  /** The digest of the decoded pixels, their shape and depth. */
  readonly digest: string
  /** SHA-256 of the file. If it matches, the pixels do too. Locks of older versions have none. */
  readonly sha256?: string
  /** Versions of `convo`, `sharp` and `libvips`; empty for a picture that something else made. */
  readonly tools: Readonly<Record<string, string>>
  /** The path of the case's manifest, relative to the folder of goldens. Locks of older versions have none. */
  readonly manifest?: string
}

/** Returns the lock entry of a golden with these bytes and pages; `file` is relative to the folder of goldens. */
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

/** The name of the lock file, in the folder of goldens. */
export const lockName = 'convo.lock.json'

const version = 1

/**
 * Reads the lock of a folder of goldens; it is empty if there is no lock file.
 *
 * @throws ConvoError E_MANIFEST for a file that is damaged, or of another version
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

/** Returns the text of a lock file: sorted, with one golden per line, so that git can merge it. */
export function lockText(lock: Lock): string {
  const names = [...lock.keys()].sort()
  const lines = names.map((name) => `    ${JSON.stringify(name)}: ${JSON.stringify(lock.get(name))}`)
  return `{\n  "version": ${version},\n  "goldens": {\n${lines.join(',\n')}\n  }\n}\n`
}

/** The path of a manifest as lock entries give it: relative to the folder of goldens. */
export const manifestFrom = (goldens: string, manifest: string): string =>
  relative(goldens, manifest).replaceAll('\\', '/')

/** Writes the lock in one step. @throws ConvoError E_OUTPUT */
export async function writeLock(goldens: string, lock: Lock): Promise<void> {
  await writeUnder(goldens, lockName, lockText(lock))
}

const size = must((n) => Number.isSafeInteger(n) && (n as number) > 0, 'a size')

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

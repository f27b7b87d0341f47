import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { isWithin } from '../files/root.ts'
import { entriesIn } from '../files/stat.ts'
import { looksLikePicture } from '../image/format.ts'
import { isPicture } from './files.ts'
import { type Lock, type LockEntry, lockName, manifestFrom } from './lock.ts'
import type { Manifest } from './manifest.ts'
import { testGoldens } from './settings.ts'

/** A golden that no case is compared with any more. */
export type Obsolete = {
  /** The name of its case in the lock; of a file that no lock knows, its path from the folder of goldens. */
  readonly name: string
  /** From the folder of goldens. */
  readonly file: string
}

/**
 * Obsolete goldens, sorted: those that the lock has without a case, and pictures that neither lock nor case know.
 *
 * @param manifests all of the run: those with the same folder of goldens are looked at together
 */
export async function findObsolete(
  manifest: Manifest,
  lock: Lock,
  results: string,
  manifests: readonly Manifest[] = [manifest],
): Promise<Obsolete[]> {
  const { goldens, file: own } = manifest
  const sharing = manifests.filter((one) => resolve(one.goldens) === resolve(goldens))
  const isFirst = sharing[0] === manifest
  const names = new Set(sharing.flatMap(({ cases }) => cases.map(({ name }) => name)))
  // each manifest reports what it made, and the first of a run what no manifest that still exists made
  const isOwn = ({ manifest: by }: LockEntry) =>
    by === undefined || !existsSync(join(goldens, by)) ? isFirst : by === manifestFrom(goldens, own)
  const left = [...lock].flatMap(([name, entry]) =>
    names.has(name) || !isOwn(entry) ? [] : [{ name, file: entry.file }],
  )
  const taken = new Set([...names, ...left.map(({ name }) => name)])
  const strays = (isFirst ? await findStrays(manifest, sharing, lock, results) : []).map((file) => ({
    name: taken.has(file) ? `${file} (a file)` : file,
    file,
  }))
  return [...left, ...strays].sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** Pictures among the goldens that are no goldens. What the manifest uses otherwise, as masks and inputs, is none. */
async function findStrays(
  { goldens }: Manifest,
  sharing: readonly Manifest[],
  lock: Lock,
  results: string,
): Promise<string[]> {
  // where the goldens are among the inputs and all else, no picture is known to have been one
  if (sharing.some(({ folder }) => isWithin(goldens, folder))) return []
  const cases = sharing.flatMap((one) => one.cases)
  const known = new Set([
    ...[...lock.values()].map(({ file }) => join(goldens, file)),
    ...cases.flatMap((one) => [join(goldens, one.golden), one.input, one.tolerance.mask ?? one.input]),
  ])
  // nearly all are known as they are spelled, and to resolve a thousand paths takes as long as to read them
  const unknown = picturesBelow(goldens, resolve(results)).filter((path) => !known.has(path))
  const used = new Set(unknown.length === 0 ? [] : [...known].map((path) => resolve(path).toLowerCase()))
  const found: string[] = []
  for (const path of unknown) {
    if (used.has(resolve(path).toLowerCase()) || !isPicture(await readFile(path))) continue
    found.push(relative(goldens, path).replaceAll('\\', '/'))
  }
  return found
}

/** Files by their extension; hidden ones, links, and what has a lock of its own or belongs to tests omitted. */
function picturesBelow(folder: string, without: string): string[] {
  return entriesIn(folder).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.name.startsWith('.') || entry.name === 'node_modules') return []
    if (entry.isDirectory()) {
      const isOther = entry.name === testGoldens || existsSync(join(path, lockName))
      return isOther || resolve(path) === without ? [] : picturesBelow(path, without)
    }
    return entry.isFile() && looksLikePicture(path) ? [path] : []
  })
}

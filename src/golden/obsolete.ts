import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { sha256InTurns } from '../files/hash.ts'
import { entriesIn, isWithin } from '../files/root.ts'
import { looksLikePicture } from '../image/format.ts'
import { optional } from '../text/record.ts'
import { isPicture } from './files.ts'
import { type Lock, type LockEntry, lockName, manifestFrom } from './lock.ts'
import type { Manifest } from './manifest.ts'
import { testGoldens } from './settings.ts'

/** A golden that no case is compared with any more. */
export type Obsolete = { readonly name: string; readonly file: string }

/**
 * Finds obsolete goldens, sorted by name: lock entries without a case, and pictures without a lock entry or case, which
 * have their paths as names. Paths are relative to the folder of goldens.
 *
 * @param manifests all manifests of the run; those with the same folder of goldens are considered together
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
  // each manifest reports its own goldens, and the first one also those whose manifest no longer exists
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

/** The result for a golden that nothing is compared with. Its path is the one that `approve` takes. */
export const obsoleteResult = async (name: string, message: string, path: string, bytes?: Buffer) => ({
  ...{ name, status: 'obsolete' as const, message, why: [], facts: [] },
  approval: { golden: { path, ...optional('sha256', bytes && (await sha256InTurns(bytes))) }, inputs: [] },
  milliseconds: 0,
})

/** Finds pictures that are not goldens among the goldens, except files that the manifest uses, as masks or inputs. */
async function findStrays({ goldens }: Manifest, sharing: readonly Manifest[], lock: Lock, results: string) {
  // if the goldens are mixed with other files, no picture is known to have been a golden
  if (sharing.some(({ folder }) => isWithin(goldens, folder))) return []
  const cases = sharing.flatMap((one) => one.cases)
  const known = new Set([
    ...[...lock.values()].map(({ file }) => join(goldens, file)),
    ...cases.flatMap((one) => [join(goldens, one.golden), one.input, one.tolerance.mask ?? one.input]),
  ])
  // nearly all paths are known as spelled, and resolving a thousand paths takes as long as reading the files
  const unknown = picturesBelow(goldens, resolve(results)).filter((path) => !known.has(path))
  const used = new Set(unknown.length === 0 ? [] : [...known].map((path) => resolve(path).toLowerCase()))
  const found: string[] = []
  for (const path of unknown) {
    if (used.has(resolve(path).toLowerCase()) || !isPicture(await readFile(path))) continue
    found.push(relative(goldens, path).replaceAll('\\', '/'))
  }
  return found
}

/** Lists pictures by extension, except hidden files, links, folders with their own lock, and goldens of tests. */
const picturesBelow = (folder: string, without: string): string[] =>
  entriesIn(folder).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.name.startsWith('.') || entry.name === 'node_modules') return []
    if (entry.isDirectory()) {
      const isOther = entry.name === testGoldens || existsSync(join(path, lockName))
      return isOther || resolve(path) === without ? [] : picturesBelow(path, without)
    }
    return entry.isFile() && looksLikePicture(path) ? [path] : []
  })

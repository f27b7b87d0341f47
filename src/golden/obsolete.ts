import { readFile } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { isWithin } from '../files/root.ts'
import { entriesIn } from '../files/stat.ts'
import { looksLikePicture } from '../image/format.ts'
import { isPicture } from './files.ts'
import type { Lock } from './lock.ts'
import type { Manifest } from './manifest.ts'

/** A golden that no case is compared with any more. */
export type Obsolete = {
  /** The name of its case in the lock; of a file that no lock knows, its path from the folder of goldens. */
  readonly name: string
  /** From the folder of goldens. */
  readonly file: string
}

/** Obsolete goldens, sorted: those that the lock has without a case, and pictures that neither lock nor case know. */
export async function findObsolete(manifest: Manifest, lock: Lock, results: string): Promise<Obsolete[]> {
  const names = new Set(manifest.cases.map(({ name }) => name))
  const left = [...lock].filter(([name]) => !names.has(name)).map(([name, { file }]) => ({ name, file }))
  const taken = new Set([...names, ...left.map(({ name }) => name)])
  const strays = (await findStrays(manifest, lock, results)).map((file) => ({
    name: taken.has(file) ? `${file} (a file)` : file,
    file,
  }))
  return [...left, ...strays].sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** Pictures among the goldens that are no goldens. What the manifest uses otherwise, as masks and inputs, is none. */
async function findStrays(manifest: Manifest, lock: Lock, results: string): Promise<string[]> {
  const { goldens, folder, cases } = manifest
  // where the goldens are among the inputs and all else, no picture is known to have been one
  if (isWithin(goldens, folder)) return []
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

/** Files by their extension, hidden ones and links omitted. */
function picturesBelow(folder: string, without: string): string[] {
  return entriesIn(folder).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.name.startsWith('.')) return []
    if (entry.isDirectory()) return resolve(path) === without ? [] : picturesBelow(path, without)
    return entry.isFile() && looksLikePicture(path) ? [path] : []
  })
}

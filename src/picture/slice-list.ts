import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ConvoError } from '../error.ts'
import { isFolder } from '../files/stat.ts'
import { passedOver, promised } from '../image/foreign.ts'

/** Loaded when a pattern is met, or what may be one: no other run waits for it. */
const globber = () => import('../files/glob.ts')

/** True for a folder, a glob or names with commas between, whose pictures are the slices of a volume. */
export async function isSliceList(path: string): Promise<boolean> {
  if (isFolder(path)) return true
  // names with wildcards that are files too are patterns here as everywhere
  if (path === '-' || (existsSync(path) && !/[*?]/.test(path))) return false
  return path.includes(',') || (await globber()).isPattern(path)
}

/**
 * The slices of a volume in a folder or by a glob: pictures in the order of their names, numbers counting as numbers. Of
 * names with commas between in the order given.
 *
 * @throws ConvoError E_INPUT when there are none
 */
export async function slicePaths(list: string): Promise<string[]> {
  const inFolder = isFolder(list)
  const { glob, isDynamicPattern } = await globber()
  const names = list.split(',').filter((path) => path !== '')
  if (!inFolder && !isDynamicPattern(list) && names.length > 0) return names
  const paths = inFolder
    ? filesOf(list).filter((path) => /\.(png|jpe?g|webp|tiff?|gif|avif)$/i.test(path))
    : await glob(list)
  if (paths.length === 0) {
    throw new ConvoError('E_INPUT', inFolder ? `${list} contains no pictures` : `no file matches ${list}`, {
      why: inFolder
        ? [`${list}: slices are files ending in .png, .tif or another picture format`, ...leftOutOf(list)]
        : [],
    })
  }
  return paths.sort(new Intl.Collator('en', { numeric: true }).compare)
}

const filesOf = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(folder, entry.name))

/** Notes on pictures in a folder of slices that are none, as their formats are not read. */
export const leftOutOf = (list: string): string[] =>
  isFolder(list)
    ? passedOver(
        filesOf(list)
          .filter((path) => promised(path) !== undefined)
          .sort(),
      )
    : []

/** Notes on one of many files as notes on each of them, so that those that say the same are one. */
export const ofSlice = (notes: readonly string[], path: string): string[] =>
  notes.map((note) => note.replaceAll(path, 'some slices'))

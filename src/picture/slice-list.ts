import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ConvoError } from '../error.ts'
import { isFolder } from '../files/root.ts'
import { passedOver, promised } from '../image/foreign.ts'

/** Loaded for patterns only, so that other runs do not wait for it. */
const globber = () => import('../files/glob.ts')

/** Whether a path is a folder, a glob or names separated by commas, whose pictures are the slices of a volume. */
export async function isSliceList(path: string): Promise<boolean> {
  if (isFolder(path)) return true
  // a name with wildcards is a pattern, as everywhere, even if a file has that name
  if (path === '-' || (existsSync(path) && !/[*?]/.test(path))) return false
  return path.includes(',') || (await globber()).isPattern(path)
}

/**
 * Lists the slices of a volume. For a folder or glob, pictures are sorted by name, with numbers in numeric order. Names
 * separated by commas keep their order.
 *
 * @throws ConvoError E_INPUT if there are none
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

/** Returns notes on files in a folder of slices that are skipped because their formats are not read. */
export const leftOutOf = (list: string): string[] =>
  isFolder(list)
    ? passedOver(
        filesOf(list)
          .filter((path) => promised(path) !== undefined)
          .sort(),
      )
    : []

/** Rewords notes on one file for many files, so that equal notes become one. */
export const ofSlice = (notes: readonly string[], path: string): string[] =>
  notes.map((note) => note.replaceAll(path, 'some slices'))

import { basename, join, relative } from 'node:path'
import { ConvoError } from '../../error.ts'
import { isPattern } from '../../files/glob.ts'
import { isSameFile } from '../../files/output.ts'
import { isFolder, isWithin, statOf } from '../../files/root.ts'
import { findInputs } from '../../picture/find.ts'
import { defined } from '../../text/record.ts'

/** Pictures of the same name in two folders. A picture in only one of them was added or removed. */
export type FilePair = FolderPair['pairs'][number]

/** Two folders, or the matches of globs below them, as pairs sorted by name. */
export type FolderPair = Awaited<ReturnType<typeof findPairs>>

/** Whether a path of `compare` means many pictures: a folder, or a pattern. */
export const isMany = (path: string): boolean => isFolder(path) || isPattern(path)

/**
 * Finds the pictures of both sides and pairs them by path. Subfolders are searched too.
 *
 * @throws ConvoError E_USAGE for a folder and a file, or if there is nothing to compare; E_INPUT for a glob that
 *   matches nothing
 */
export async function findPairs(expected: string, actual: string) {
  for (const [one, other] of [
    [expected, actual],
    [actual, expected],
  ] as const) {
    if (!isMany(one)) await refuseSingle(one, other)
  }
  const left = await sideOf(expected, actual)
  const right = respelled(await sideOf(actual, expected), left.files)
  const links = new Set([...left.linked, ...right.linked])
  const isBelowLink = (name: string) => [...links].some((link) => name.startsWith(`${link}/`))
  const names = [...new Set([...left.files.keys(), ...right.files.keys(), ...links])]
    .filter((name) => !isBelowLink(name))
    .sort()
  // an empty comparison would always pass
  if (names.length === 0) {
    throw new ConvoError('E_USAGE', `there are no pictures in ${expected} and ${actual}`, {
      fix: 'folders that contain pictures, or have subfolders with pictures',
    })
  }
  const pairs = names.map((name) => {
    const ends = links.has(name)
      ? { expected: join(left.folder, name), actual: join(right.folder, name) }
      : defined({ expected: left.files.get(name), actual: right.files.get(name) })
    // the content of a folder that is a link on one side or both is not compared
    return { name, ...ends, ...(links.has(name) && { isLink: true as const }) }
  })
  // the folders that names are relative to: for a glob, the part before its first wildcard
  return { expected: left.folder, actual: right.folder, pairs }
}

/** Refuses one picture beside a folder or pattern. Leads to a picture of it, the one of the same name if there is one. */
async function refuseSingle(one: string, other: string): Promise<never> {
  const isThere = statOf(one) !== undefined
  const paths = isMany(other) ? [...(await sideOf(other, one)).files.values()] : []
  const alike = paths.find((path) => basename(path) === basename(one)) ?? paths[0]
  const what = isPattern(other) && !isFolder(other) ? 'a pattern' : 'a folder'
  const why = isThere ? `is not ${what}` : 'is not there'
  throw new ConvoError('E_USAGE', `${isMany(other) ? `${other} is ${what}, but ` : ''}${one} ${why}`, {
    ...(isThere && alike !== undefined
      ? { instead: [other, alike] as const }
      : { fix: `${what} of pictures instead of ${one}` }),
  })
}

/** Finds the files of one side. If the other side is a folder inside it, that folder is not searched. */
async function sideOf(word: string, other: string) {
  const isInside = isFolder(other) && isWithin(word, other) && !isSameFile(word, other)
  const without = isInside ? other : undefined
  const found = await findInputs({ words: [word], recursive: true, isNull: false, without })
  const folder = found.folders[0]!
  const nameOf = (path: string) => relative(folder, path).replaceAll('\\', '/')
  const paths = [...found.inputs.map(({ path }) => path), ...found.foreign]
  return {
    folder,
    files: new Map(paths.map((path) => [nameOf(path), path] as const)),
    linked: found.linked.map(nameOf),
  }
}

/** Renames files to the names that the other side has for them, if only the encoding of accents differs. */
function respelled<Side extends { readonly files: ReadonlyMap<string, string> }>(
  side: Side,
  others: ReadonlyMap<string, string>,
): Side {
  const spelled = new Map([...others.keys()].map((name) => [name.normalize(), name]))
  const files = new Map<string, string>()
  for (const [name, path] of side.files) {
    const other = spelled.get(name.normalize())
    const isTaken = other === undefined || others.has(name) || side.files.has(other)
    files.set(isTaken ? name : other, path)
  }
  return { ...side, files }
}

/** @throws ConvoError E_PATH for an output inside one of the folders, where the next comparison would find it */
export function refuseInside({ expected, actual }: FolderPair, output: string, option: string): void {
  const inside = [expected, actual].find((folder) => isWithin(folder, output))
  if (inside === undefined) return
  throw new ConvoError('E_PATH', `${option} ${output} is inside ${inside}, whose pictures are compared`, {
    fix: 'a folder next to it',
  })
}

import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, join, resolve } from 'node:path'

/**
 * Finds the first of these programs on the PATH whose answer matches. Returns it with the first group of the pattern.
 */
export function findProgram(
  names: readonly string[],
  args: readonly string[],
  pattern: RegExp,
): { path: string; version: string } | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter)
  for (const name of names) {
    const paths = name.includes('/') ? [name] : folders.map((folder) => join(folder, name))
    for (const path of paths.filter(existsSync)) {
      const { stdout, stderr } = spawnSync(path, args, { encoding: 'utf8', timeout: 20_000 })
      const found = pattern.exec(`${stdout}${stderr}`)
      if (found) return { path, version: found[1] ?? '' }
    }
  }
  return undefined
}

/** Loads a package from the node_modules of a folder; undefined if it is not there. */
export function loadPackage<T>(
  folder: string | undefined,
  name: string,
): { module: T; version: string; folder: string } | undefined {
  if (folder === undefined) return undefined
  const place = join(resolve(folder), 'node_modules', name)
  if (!existsSync(join(place, 'package.json'))) return undefined
  const { version } = JSON.parse(readFileSync(join(place, 'package.json'), 'utf8')) as { version: string }
  const require = createRequire(join(resolve(folder), 'package.json'))
  return { module: require(name) as T, version, folder: place }
}

import { existsSync, readFileSync } from 'node:fs'
import nodeModule from 'node:module'
import { pathToFileURL } from 'node:url'
import { ConvoError, orElse } from '../error.ts'

/** The location of this code. In a CommonJS bundle it is not known, so the current folder is used instead. */
const here: string = import.meta.url ?? pathToFileURL(`${process.cwd()}/`).href

/**
 * Requires modules relative to a file or folder. Uses the default export, since webpack turns the named one into
 * `undefined`.
 */
export const requireFrom = (place: string | URL): NodeJS.Require => nodeModule.createRequire(place)

/** Requires a module relative to this file. */
export const requireHere = requireFrom(here)

/**
 * Finds a module that is not part of convo: beside convo, beside the running program, or in the current folder. A
 * bundler may have included convo in that program, and the program may have been moved since.
 */
export function resolved(name: string): string | undefined {
  for (const place of [here, process.argv[1], pathToFileURL(`${process.cwd()}/`)]) {
    const path = place && orElse(() => requireFrom(place).resolve(name), undefined)
    if (path) return path
  }
  return undefined
}

let root: URL | undefined

/**
 * Returns the folder of convo's package: one above a bundle, two above the source. If convo was bundled into a program,
 * it is the package that is installed beside the program.
 */
function packageRoot(): URL | undefined {
  const isConvo = (folder: URL) => {
    const file = new URL('package.json', folder)
    return existsSync(file) && packageIn(file).name === 'convo'
  }
  root ??= ['../', '../../'].map((path) => new URL(path, here)).find(isConvo)
  const installed = root === undefined ? resolved('convo/package.json') : undefined
  if (installed !== undefined) root = new URL('./', pathToFileURL(installed))
  return root
}

const packageIn = (file: URL): { readonly name?: unknown; readonly version?: unknown } =>
  JSON.parse(readFileSync(file, 'utf8'))

/** Returns a file of convo's package if it exists. */
export function packageFile(path: string): URL | undefined {
  const folder = packageRoot()
  const file = folder && new URL(path, folder)
  return file !== undefined && existsSync(file) ? file : undefined
}

/**
 * Returns a file of dist/.
 *
 * @throws ConvoError E_INPUT if it does not exist, as in a program that convo was bundled into
 */
export function distFile(name: string): URL {
  const file = packageFile(`dist/${name}`)
  if (file !== undefined) return file
  throw new ConvoError('E_INPUT', `the file dist/${name} of convo is missing`, {
    why: 'convo was not built completely, or was bundled into a program without its files',
    fix: 'install convo next to the program, or mark convo as external in the bundle',
  })
}

export function version(): string {
  const file = packageFile('package.json')
  return file === undefined ? 'unknown' : String(packageIn(file).version)
}

import { existsSync, readFileSync } from 'node:fs'
import nodeModule from 'node:module'
import { pathToFileURL } from 'node:url'
import { ConvoError, orElse } from '../error.ts'

/** Where this code is; bundled into a program of CommonJS it is not known, and the folder that the program runs in is used instead. */
const here: string = import.meta.url ?? pathToFileURL(`${process.cwd()}/`).href

/** Requires modules as from a file or folder. By the default export: of the named one webpack makes `undefined`. */
export const requireFrom = (place: string | URL): NodeJS.Require => nodeModule.createRequire(place)

/** Requires a module as from here. */
export const requireHere = requireFrom(here)

/**
 * Where a module is that is not part of convo: beside convo, beside the program that runs, or in the folder where it runs. A
 * bundler may have put convo into that program, and the program may have moved since.
 */
export function resolved(name: string): string | undefined {
  for (const place of [here, process.argv[1], pathToFileURL(`${process.cwd()}/`)]) {
    const path = place && orElse(() => requireFrom(place).resolve(name), undefined)
    if (path) return path
  }
  return undefined
}

let root: URL | undefined

/** The folder of convo's package: one folder above a bundle, two above the source; of a program that convo was bundled into, the package that is installed beside it. */
function packageRoot(): URL | undefined {
  root ??= ['../', '../../'].map((path) => new URL(path, here)).find(isPackage) ?? installed()
  return root
}

function isPackage(folder: URL): boolean {
  const file = new URL('package.json', folder)
  return existsSync(file) && (JSON.parse(readFileSync(file, 'utf8')) as { name?: unknown }).name === 'convo'
}

function installed(): URL | undefined {
  const path = resolved('convo/package.json')
  return path === undefined ? undefined : new URL('./', pathToFileURL(path))
}

/** A file of convo's package, if it is there. */
export function packageFile(path: string): URL | undefined {
  const folder = packageRoot()
  const file = folder && new URL(path, folder)
  return file !== undefined && existsSync(file) ? file : undefined
}

/** A file of dist/. @throws ConvoError E_INPUT where it is not there, as in a program that convo was bundled into */
export function distFile(name: string): URL {
  const file = packageFile(`dist/${name}`)
  if (file !== undefined) return file
  throw new ConvoError('E_INPUT', `the file dist/${name} of convo is missing`, {
    why: 'convo was not built completely, or was bundled into a program without its files',
    fix: 'install convo next to the program, or mark convo as external in the bundle',
  })
}

/** The version of convo, from its package.json. */
export function version(): string {
  const file = packageFile('package.json')
  return file === undefined
    ? 'unknown'
    : String((JSON.parse(readFileSync(file, 'utf8')) as { version?: unknown }).version)
}

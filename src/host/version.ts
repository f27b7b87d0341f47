import { existsSync, readFileSync } from 'node:fs'

/** The version of convo, from its package.json. */
export function version(): string {
  // the bundle lies one folder below the package, this file two
  const file = ['../package.json', '../../package.json']
    .map((path) => new URL(path, import.meta.url))
    .find((url) => existsSync(url))
  if (file === undefined) return 'unknown'
  return String((JSON.parse(readFileSync(file, 'utf8')) as { version?: unknown }).version)
}

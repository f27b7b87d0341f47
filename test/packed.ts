import { execFileSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))

/** Returns the folder of a package that is installed here. */
export const installed = (name: string): string => join(root, 'node_modules', name)

/** The archive that npm installs, with its dependencies. `npm run package` sets it. */
const archive = process.env.CONVO_ARCHIVE

/** Whether the package is installed by npm, and not just unpacked. */
export const isInstalled = archive !== undefined

/**
 * Installs the package as npm would publish it into a new project with nothing but its dependencies. Returns a function
 * for paths in that project.
 *
 * @param more packages that npm also installs, if it installs this one
 */
export function packed(more: readonly string[] = []): (name?: string) => string {
  let folder = ''
  const at = (name = '') => join(folder, name)
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'convo-package-'))
    if (archive !== undefined) {
      writeFileSync(at('package.json'), '{ "private": true }')
      const words = ['install', '--no-audit', '--no-fund', '--prefer-offline', archive, ...more]
      execFileSync('npm', words, { cwd: folder, stdio: 'ignore' })
      return
    }
    // without its scripts, which would build the files that other tests are running
    execFileSync('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], {
      cwd: root,
      stdio: 'ignore',
    })
    const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'))!
    execFileSync('tar', ['-xzf', tarball], { cwd: folder })
    mkdirSync(at('node_modules'))
    execFileSync('mv', ['package', 'node_modules/convo'], { cwd: folder })
    const { dependencies } = JSON.parse(readFileSync(at('node_modules/convo/package.json'), 'utf8'))
    for (const name of Object.keys(dependencies)) symlinkSync(installed(name), at(`node_modules/${name}`))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return at
}

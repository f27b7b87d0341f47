import { spawn } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll } from 'vitest'
import type { Run } from '../../src/golden/results.ts'
import { readRun } from '../../src/golden/results.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const installed = (name: string) => join(root, 'node_modules', name)

/** What npx does with a program that is installed, without a second of CPU to find it. */
const npx = 'npx() { [ "$1" != --no-install ] || shift; name=$1; shift; "node_modules/.bin/$name" "$@"; }'

/** The output of a program on both of its streams, and its exit status. */
export type Ended = { readonly status: number | null; readonly told: string }

/**
 * A project that tests pictures, in a temporary folder. convo is in its node_modules as npm would install it, and the
 * runners are links.
 */
export function project(files: Readonly<Record<string, string>>) {
  let folder = ''
  const at = (name = '') => join(folder, name)
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'convo-matchers-'))
    // a copy, because a link would be treated as a part of the project, and be transformed
    for (const name of ['package.json', 'bin', 'dist']) {
      cpSync(join(root, name), at(`node_modules/convo/${name}`), { recursive: true })
    }
    for (const name of [
      'sharp',
      'vitest',
      'jest',
      '@playwright/test',
      'playwright',
      'typescript',
      '@types/node',
      '@jest/globals',
      'expect',
    ]) {
      mkdirSync(dirname(at(`node_modules/${name}`)), { recursive: true })
      symlinkSync(installed(name), at(`node_modules/${name}`))
    }
    for (const [name, text] of Object.entries(files)) write(name, text)
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const write = (name: string, text: string) => {
    mkdirSync(dirname(at(name)), { recursive: true })
    writeFileSync(at(name), text)
  }
  /** Runs a program with the environment of a developer's machine. */
  const run = (
    program: string,
    words: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<Ended> => {
    // without the variables that this test runner sets
    const plain = Object.entries(process.env).filter(
      ([name]) => !/^(CI|GITHUB_|npm_|VITEST|TEST|NODE_ENV|NODE_OPTIONS|FORCE_COLOR)/.test(name),
    )
    const child = spawn(program, [...words], {
      cwd: folder,
      env: { ...Object.fromEntries(plain), NO_COLOR: '1', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const parts: Buffer[] = []
    child.stdout.on('data', (part: Buffer) => parts.push(part))
    child.stderr.on('data', (part: Buffer) => parts.push(part))
    return new Promise((done, failed) => {
      child.on('error', failed)
      child.on('close', (status) => done({ status, told: Buffer.concat(parts).toString() }))
    })
  }
  const node = (words: readonly string[], env = {}) => run(process.execPath, words, env)
  return {
    at,
    write,
    node,
    /** Runs lines of a shell as a user would type them, but for `npx`. */
    shell: (lines: string, env = {}) => run('bash', ['-e', '-c', `${npx}\n${lines}`], env),
    convo: (...words: readonly string[]) => node([at('node_modules/convo/bin/convo.js'), ...words]),
    vitest: (words: readonly string[] = [], env = {}) =>
      node([at('node_modules/vitest/vitest.mjs'), 'run', '--root', '.', '--dir', 'new', ...words], env),
    jest: (words: readonly string[] = [], env = {}) =>
      node([at('node_modules/jest/bin/jest.js'), ...words], env),
    playwright: (words: readonly string[] = [], env = {}) =>
      node([at('node_modules/@playwright/test/cli.js'), 'test', ...words], env),
    /** Returns all goldens of a file of tests, from its folder. */
    goldens: (file: string): string[] => {
      const below = at(`${dirname(file)}/__goldens__/${file.split('/').at(-1)}`)
      if (!existsSync(below)) return []
      const names = readdirSync(below, { recursive: true, encoding: 'utf8' })
      return names.filter((name) => name.endsWith('.png')).sort()
    },
    results: (): Run => readRun(at('.convo/tests/results.json'), ''),
  }
}

import { type SpawnOptionsWithoutStdio, spawn } from 'node:child_process'
import { copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll } from 'vitest'
import { hosted } from './hosted.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** The launcher that users start. */
export const launcher = join(root, 'bin/convo.js')

/** The result of a run of the built program. */
export type Run = { status: number | null; stdout: string; stderr: string; bytes: Buffer }

/** How to run the program; everything is optional. */
export type RunOptions = {
  cwd?: string
  env?: Record<string, string>
  stdin?: Uint8Array
  /** Arguments for Node itself. */
  node?: readonly string[]
  /** Another launcher than that of the project. */
  launcher?: string
}

/**
 * Runs the built program and waits for its end. It runs in a separate process if the options, or an argument that bin
 * answers itself, require one.
 */
export function convo(args: readonly string[], options: RunOptions = {}): Promise<Run> {
  const { cwd = process.cwd(), env = {}, ...own } = options
  const isPlain = Object.keys({ ...env, ...own }).length === 0
  if (isPlain && !['-V', '--version'].includes(args[0]!)) return hosted(args, cwd)
  const child = start(args, options)
  child.stdin.on('error', () => undefined)
  child.stdin.end(options.stdin ?? new Uint8Array())
  const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []]
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
  return new Promise((done, failed) => {
    child.on('error', failed)
    child.on('close', (status) => {
      const bytes = Buffer.concat(stdout)
      done({ status, bytes, stdout: bytes.toString(), stderr: Buffer.concat(stderr).toString() })
    })
  })
}

/** Starts the built program. */
export function start(
  args: readonly string[],
  { cwd, env, node = [], launcher: bin = launcher }: RunOptions = {},
) {
  const options: SpawnOptionsWithoutStdio = {
    env: { ...process.env, ...env },
    ...(cwd !== undefined && { cwd }),
  }
  return spawn(process.execPath, [...node, bin, ...args], options)
}

/** The environment in which the program, and each process that it starts, runs `code` first. */
export const preloading = (code: string) => ({
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(code)}`,
})

/** The environment in which outputs whose path contains `name` are written, but never get their name. */
export const neverNaming = (name: string) =>
  preloading(`import files from 'node:fs/promises'
    import { syncBuiltinESMExports } from 'node:module'
    const { rename } = files
    const never = new Promise(() => setInterval(() => undefined, 1e6))
    files.rename = (from, to) => (String(to).includes('${name}') ? never : rename(from, to))
    syncBuiltinESMExports()`)

/** Creates a temporary folder for the tests of a file, with sample pictures in it. */
export function scratch(...samples: readonly string[]): { path(name?: string): string; names(): string[] } {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'convo-cli-'))
    for (const name of samples) copyFileSync(join(root, 'samples', name), join(folder, name))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return {
    path: (name = '') => join(folder, name),
    names: () => readdirSync(folder).sort(),
  }
}

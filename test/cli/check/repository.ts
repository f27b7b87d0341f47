import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import type { Run as CheckRun } from '../../../src/golden/results.ts'
import { compressionSettings } from '../../../src/image/png.ts'
import { encodePngWhole } from '../../../src/image/png-whole.ts'
import { convo, type Run } from '../convo.ts'

/** A temporary folder with a manifest and pictures, like that of a project; new for each test. */
export type Repository = {
  path(name?: string): string
  write(name: string, text: string | Uint8Array): void
  read(name: string): Buffer
  /** Names of all files below a folder, sorted. */
  files(name?: string): string[]
  /** Runs the built program in the folder. CI is only set if the test sets it. */
  convo(args: readonly string[], env?: Record<string, string>): Promise<Run>
  results(): CheckRun
  /** The status of each case of the last run. */
  statuses(): Record<string, string>
}

/** Makes a repository for each test of a file. */
export function repository(): Repository {
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'convo-check-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))
  const path = (name = '') => join(folder, name)
  const results = () => JSON.parse(readFileSync(path('.convo/check/results.json'), 'utf8')) as CheckRun
  return {
    path,
    write(name, text) {
      mkdirSync(dirname(path(name)), { recursive: true })
      writeFileSync(path(name), text)
    },
    read: (name) => readFileSync(path(name)),
    files: (name = '') => filesBelow(path(name)),
    convo: (args, env = {}) => convo(args, { cwd: folder, env }),
    results,
    statuses: () => Object.fromEntries(results().cases.map(({ name, status }) => [name, status])),
  }
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true })
    .map(String)
    .filter((name) => statSync(join(folder, name)).isFile())
    .sort()
}

/** Makes a PNG of 8 or 16 bits from a function of the sample. */
export function png(
  width: number,
  height: number,
  sample: (x: number, y: number, channel: number) => number,
  { channels = 3, depth = 8 }: { channels?: 1 | 2 | 3 | 4; depth?: 8 | 16 } = {},
): Uint8Array {
  const data = new (depth === 8 ? Uint8Array : Uint16Array)(width * height * channels)
  for (let i = 0; i < data.length; i++) {
    const p = Math.floor(i / channels)
    data[i] = sample(p % width, Math.floor(p / width), i % channels)
  }
  return encodePngWhole({ width, height, channels, depth, data, meta: {} }, compressionSettings(6))
}

/** A picture with visible content: diagonal stripes over a gradient, `size` pixels wide and high. */
export const stripes = (size: number, seed = 0): Uint8Array =>
  png(size, size, (x, y, c) => (x * (3 + c) + y * 5 + ((x + y + seed) % 7) * 20 + seed * 11) % 256)

/** The text of a 3x3 kernel file that sharpens. */
export const sharpenKernel = '0 -1 0\n-1 5 -1\n0 -1 0\n'

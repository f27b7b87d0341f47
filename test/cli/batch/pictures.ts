import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { compressionSettings } from '../../../src/image/png.ts'
import { encodePngWhole } from '../../../src/image/png-whole.ts'
import { noise, picture } from '../../image/pictures.ts'

/** Returns the bytes of a small PNG, different for each seed. */
export function png(seed: number, width = 24, height = 16): Uint8Array {
  const one = picture(width, height, 3, 8, (i) => (noise(i + seed * 7919) >> 4) & 0xff)
  return encodePngWhole(one, compressionSettings(1))
}

/** Writes files, and creates their folders. */
export function write(folder: string, files: Readonly<Record<string, Uint8Array | string>>): void {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, content)
  }
}

/** Writes p000.png and so on. */
export function writePictures(folder: string, count: number, width = 24, height = 16): void {
  mkdirSync(folder, { recursive: true })
  for (let i = 0; i < count; i++) {
    writeFileSync(join(folder, `p${String(i).padStart(3, '0')}.png`), png(i, width, height))
  }
}

/** Returns every file of a folder by its relative path, including hidden ones but not those of `.convo`. */
export function tree(folder: string): Map<string, Buffer> {
  const found = new Map<string, Buffer>()
  const walk = (rel: string) => {
    for (const name of readdirSync(join(folder, rel)).sort()) {
      const path = join(rel, name)
      if (name === '.convo') continue
      if (statSync(join(folder, path)).isDirectory()) walk(path)
      else found.set(path, readFileSync(join(folder, path)))
    }
  }
  walk('')
  return found
}

/** Parses the lines of `--json`, or of a log. */
export const entries = (text: string): Record<string, unknown>[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

/** Returns the inputs with a given status in the output of `--json`, sorted. */
export const inputsOf = (text: string, status: string): string[] =>
  entries(text)
    .filter((entry) => entry.event === 'item' && entry.status === status)
    .map((entry) => String(entry.input))
    .sort()

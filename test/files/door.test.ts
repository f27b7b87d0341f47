import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const src = fileURLToPath(new URL('../../src/', import.meta.url))

/** The functions of node:fs that change files. Opening for reading is not one of them. */
const changes =
  /^(append|chmod|chown|copy|cp|createWrite|fchmod|ftruncate|futimes|lchmod|lchown|link|lutimes|mkd|mkdtemp|rename|rm|symlink|truncate|unlink|utimes|write|FileHandle)/

/** The names that a file imports from node:fs and node:fs/promises. */
const importedFrom = (text: string): string[] =>
  [...text.matchAll(/import (?:type )?([^;'"]*?) from '(?:node:)?fs(?:\/promises)?'/g)].flatMap(
    ([, names = '']) =>
      names
        .replace(/[{}]/g, ' ')
        .split(',')
        .map(
          (name) =>
            name
              .trim()
              .replace(/^type /, '')
              .split(' as ')[0]!,
        ),
  )

/** Streams of the process and the terminal are not files. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  'host/io.ts': ['writeSync'],
  'image/terminal/graphics.ts': ['writeSync'],
}

it('only src/files writes, moves and deletes', () => {
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'))
  const inside = files.filter((path) => path.startsWith(join('files', '')))
  const outside = files.filter((path) => !inside.includes(path))
  const wrong = outside.flatMap((path) => {
    const text = readFileSync(join(src, path), 'utf8')
    const names = importedFrom(text).filter((name) => changes.test(name) && !allowed[path]?.includes(name))
    const opened = [...text.matchAll(/\bopen(?:Sync)?\((?:[^()]|\([^()]*\))*, '(?!r')[^']*'/g)].map(
      ([call]) => call,
    )
    const whole = [
      ...text.matchAll(
        /import (\* as )?\w+ from '(?:node:)?fs|require\('(?:node:)?fs|import\('(?:node:)?fs/g,
      ),
    ]
    const isTerminal = (call: string) => path === 'image/terminal/graphics.ts' && call.includes("'/dev/tty'")
    return [...names, ...opened.filter((call) => !isTerminal(call)), ...whole.map(([call]) => call)].map(
      (what) => `${path}: ${what}`,
    )
  })
  expect(wrong).toEqual([])
  // checks that the rule finds such names
  const found = inside
    .flatMap((path) => importedFrom(readFileSync(join(src, path), 'utf8')))
    .filter((n) => changes.test(n))
  expect(found).toEqual(
    expect.arrayContaining(['unlink', 'rename', 'rm', 'mkdirSync', 'writeSync', 'appendFileSync']),
  )
})

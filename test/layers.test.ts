import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const src = fileURLToPath(new URL('../src/', import.meta.url))

/**
 * The rooms in their order, each with the packages that it may use. A file imports files of its own room and of earlier
 * rooms, but not of other rooms on the same line.
 */
const order: readonly Readonly<Record<string, readonly string[]>>[] = [
  { text: [] },
  { error: [] },
  { limits: [] },
  { params: [] },
  { signals: ['node'] },
  { host: ['node'] },
  { files: ['node', 'tinyglobby', 'yaml'] },
  { tensor: [] },
  { kernel: ['node'] },
  { conv: [] },
  { definition: [] },
  // the engine is passed in as an argument
  { operators: ['node'] },
  { filters: [] },
  { image: ['node', 'pixelmatch', 'pixelmatch-8'] },
  { graph: [] },
  { net: ['node'] },
  { run: ['node'] },
  { api: [] },
  { picture: ['node', 'commander'] },
  { golden: ['node', 'yaml'], batch: ['node', 'chokidar'], teach: ['node'] },
  { cli: ['node'] },
  { 'apart-worker': ['node'], index: [], matchers: [], 'playwright-reporter': [] },
]

/** Rooms that others may not import although they come earlier: the core does not know codecs. */
const apart: Readonly<Record<string, readonly string[]>> = {
  api: ['image'],
  index: ['cli'],
}

/** The imports that are allowed in each room, besides its own files. */
const allowed: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  order.flatMap((rooms, i) => {
    const below = order.slice(0, i).flatMap((lower) => Object.keys(lower))
    return Object.entries(rooms).map(([room, packages]) => [
      room,
      [...below.filter((lower) => !apart[room]?.includes(lower)), ...packages],
    ])
  }),
)

/** Files with additional dependencies. */
const ownDependencies: Readonly<Record<string, readonly string[]>> = { 'image/sharp.ts': ['sharp'] }

type Import = { readonly from: string; readonly to: string; readonly room: string }

const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts') && !path.startsWith('wasm'))
  .sort()

const imports: readonly Import[] = files.flatMap((from) =>
  specifiers(readFileSync(join(src, from), 'utf8')).map((word) => {
    const to = word.startsWith('.') ? relative(src, join(src, dirname(from), word)) : word
    const room = word.startsWith('.') ? roomOf(to) : word.startsWith('node:') ? 'node' : word
    return { from, to, room }
  }),
)

/** Returns the modules that a file names in `from '…'`, `import '…'`, `import('…')` and `typeof import('…')`. */
function specifiers(text: string): string[] {
  const statements = /^(?:import|export)\b[^;'"`]*?\bfrom '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm
  return [...text.matchAll(statements)].map(([, a, b, c]) => a ?? b ?? c ?? '')
}

function roomOf(path: string): string {
  return path.split('/')[0]!.replace(/\.ts$/, '')
}

/** Returns all files that a file needs to run or to be type-checked, including itself. */
function reached(from: string, seen = new Set<string>()): Set<string> {
  if (seen.has(from)) return seen
  seen.add(from)
  for (const one of imports) if (one.from === from && files.includes(one.to)) reached(one.to, seen)
  return seen
}

describe('imports run one way', () => {
  it('finds the imports: every file is there, and all but the lowest import something', () => {
    expect(files.length).toBeGreaterThan(100)
    expect(specifiers("import a from 'x'\nexport {\n  b,\n} from './y.ts'\nawait import('z')")).toEqual([
      'x',
      './y.ts',
      'z',
    ])
    const missing = imports.filter(({ to, room }) => room in allowed && !statSync(join(src, to)).isFile())
    expect(missing).toEqual([])
  })

  it.each(Object.keys(allowed))('%s', (room) => {
    const known = [room, ...allowed[room]!]
    const inside = imports.filter(({ from }) => roomOf(from) === room)
    const wrong = inside.filter(
      (one) => !known.includes(one.room) && !ownDependencies[one.from]?.includes(one.room),
    )
    expect(wrong.map(({ from, to }) => `${from} imports ${to}`)).toEqual([])
  })

  it('runs in no circle from file to file', () => {
    let left = files
    for (let before = 0; before !== left.length; ) {
      before = left.length
      const waiting = new Set(left)
      left = left.filter((from) => imports.some((one) => one.from === from && waiting.has(one.to)))
    }
    expect(left).toEqual([])
  })

  it('leaves no room out', () => {
    expect([...new Set(files.map(roomOf))].filter((room) => !(room in allowed))).toEqual([])
  })

  it('loads sharp in image/sharp.ts alone, which no core reaches', () => {
    expect([...new Set(imports.filter(({ to }) => to === 'sharp').map(({ from }) => from))]).toEqual([
      'image/sharp.ts',
    ])
    const core = files.filter((path) =>
      ['kernel', 'conv', 'definition', 'run', 'operators', 'filters', 'api'].includes(roomOf(path)),
    )
    expect(core.filter((path) => reached(path).has('image/sharp.ts'))).toEqual([])
  })

  it('uses no package that package.json does not name', () => {
    const { dependencies, devDependencies } = JSON.parse(
      readFileSync(join(src, '../package.json'), 'utf8'),
    ) as Record<'dependencies' | 'devDependencies', Record<string, string>>
    const packages = new Set(imports.map(({ room }) => room).filter((room) => !(room in allowed)))
    packages.delete('node')
    expect([...packages].filter((name) => !(name in { ...dependencies, ...devDependencies }))).toEqual([])
    expect(Object.keys(dependencies).filter((name) => !packages.has(name))).toEqual([])
  })
})

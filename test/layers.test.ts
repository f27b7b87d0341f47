import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const src = fileURLToPath(new URL('../src/', import.meta.url))

/** The rooms under all others. */
const ground = ['error', 'limits', 'text', 'signals', 'files'] as const

/** What the files of each room may import, besides those of their own room. Higher rooms know lower ones only. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  error: ['text'],
  limits: ['error'],
  text: [],
  signals: ['node'],
  files: ['error', 'limits', 'text', 'signals', 'node'],
  params: [...ground],
  tensor: [...ground, 'params'],
  image: [...ground, 'params', 'tensor', 'node', 'pixelmatch'],
  kernel: [...ground, 'params', 'tensor', 'image', 'node'],
  conv: [...ground, 'params', 'tensor', 'image', 'kernel', 'node'],
  graph: [...ground, 'tensor', 'conv'],
  run: [...ground, 'params', 'tensor', 'image', 'kernel', 'conv', 'graph', 'node'],
  // the engine is handed in
  operators: [...ground, 'params', 'tensor', 'kernel', 'conv', 'node'],
  filters: [...ground, 'params', 'tensor', 'kernel', 'conv', 'operators', 'node'],
  cli: [
    ...[
      ...ground,
      'params',
      'tensor',
      'image',
      'kernel',
      'conv',
      'graph',
      'run',
      'operators',
      'filters',
      'node',
    ],
    ...['chokidar', 'commander', 'tinyglobby', 'yaml'],
  ],
  api: [...ground, 'params', 'tensor', 'kernel', 'conv', 'run', 'operators'],
  index: [...ground, 'params', 'tensor', 'kernel', 'conv', 'run', 'operators', 'api'],
}

/** Files with a dependency of their own. */
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

/** The modules that a file names in `from '…'`, `import '…'`, `import('…')` and `typeof import('…')`. */
function specifiers(text: string): string[] {
  const statements = /^(?:import|export)\b[^;'"`]*?\bfrom '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm
  return [...text.matchAll(statements)].map(([, a, b, c]) => a ?? b ?? c ?? '')
}

function roomOf(path: string): string {
  return path.split('/')[0]!.replace(/\.ts$/, '')
}

/** All files that a file needs when it runs or is checked, itself too. */
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

  it('leaves no room out', () => {
    expect([...new Set(files.map(roomOf))].filter((room) => !(room in allowed))).toEqual([])
  })

  it('loads sharp in image/sharp.ts alone, which no core reaches', () => {
    expect([...new Set(imports.filter(({ to }) => to === 'sharp').map(({ from }) => from))]).toEqual([
      'image/sharp.ts',
    ])
    const core = files.filter((path) =>
      ['kernel', 'conv', 'run', 'operators', 'filters', 'api', 'index'].includes(roomOf(path)),
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

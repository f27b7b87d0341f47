import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from '../../docs/parts/pictures.ts'

const text = readFileSync(join(root, 'docs/ARCHITECTURE.md'), 'utf8')

/** The words in backticks that are paths in the repository. */
const named = [...new Set([...text.matchAll(/`([^`\s]+)`/g)].map(([, word]) => word!))].filter(
  (word) => /^(src|test|docs|bin|kernels|samples|\.ci)\//.test(word) && !word.includes('<'),
)

describe('docs/ARCHITECTURE.md', () => {
  it.each(named)('%s is there', (path) => {
    expect(existsSync(join(root, path))).toBe(true)
  })

  it('names files, those of the trips among them', () => {
    expect(named.length).toBeGreaterThan(60)
  })

  it('links to what is there', () => {
    const links = [...text.matchAll(/\]\(([^)#]+)\)/g)].map(([, path]) => path!)
    expect(links.filter((path) => !existsSync(join(root, 'docs', path)))).toEqual([])
  })

  it('names every room of src, in the order of the test of layers', () => {
    const rooms = readdirSync(join(root, 'src')).filter((name) => !/\.(mjs|mts|json)$/.test(name))
    const table = [...text.matchAll(/^\| `([^`]+)` \|/gm)].map(([, room]) => room!)
    expect([...table, 'wasm'].sort()).toEqual(rooms.sort())
    const layers = readFileSync(join(root, 'test/layers.test.ts'), 'utf8')
    const order = layers.slice(layers.indexOf('const order'), layers.indexOf('const apart'))
    const places = table.map((room) => order.search(new RegExp(`[{ ]'?${room.replace('.ts', '')}'?: \\[`)))
    expect(places).toEqual([...places].sort((a, b) => a - b))
    expect(Math.min(...places)).toBeGreaterThan(0)
  })

  it('is what the README links to', () => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8')
    expect(readme).toContain('(docs/ARCHITECTURE.md)')
  })
})

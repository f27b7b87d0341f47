import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { documents } from '../../docs/parts/documents.ts'
import { examples, hero, shownFirst, shownInTable, textbook, wordsOf } from '../../docs/parts/gallery.ts'
import { digestOf, exhibit, read, root } from '../../docs/parts/pictures.ts'
import { operators } from '../../src/operators/index.ts'

const textOf = (path: string) => readFileSync(join(root, path), 'utf8')
const readme = textOf('README.md')
const exhibits = [hero, ...examples, ...textbook]
/** Returns the pages that a page links to, and its pictures, in the repository. */
const linksOf = (text: string) =>
  [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)|src="([^"]+)"/g)]
    .map(([, link, picture]) => link ?? picture!)
    .filter((path) => !/^\w+:/.test(path))

const hasGroff = spawnSync('groff', ['--version']).status === 0

describe('what npm run docs makes is as it would be made now', () => {
  const made = documents(textOf)
  it.each(Object.keys(made))('%s', (path) => {
    expect(textOf(path)).toBe(made[path])
  })

  it('refuses a document that has no place for a section', () => {
    const without = (path: string) => textOf(path).replace('<!-- errors:end -->', '')
    expect(() => documents(without)).toThrow('docs/options.md has no <!-- errors:begin -->')
  })
})

describe('the README', () => {
  it('is shorter than 250 lines', () => {
    expect(readme.split('\n').length).toBeLessThan(250)
  })

  it('begins with the two commands, as they are', () => {
    const commands = [...readme.matchAll(/```sh\n([^`]*)\n```/g)].map(([, text]) => text)
    expect(commands.slice(0, 2)).toEqual([
      'npm ci && npx convo sobel samples/scene.png out.png',
      'npm ci && npm test',
    ])
  })

  it('shows pictures and names files that are there', () => {
    const shown = linksOf(readme)
    for (const { name } of [hero, ...examples.slice(0, shownFirst + shownInTable), ...textbook]) {
      expect(shown).toContain(`docs/pictures/${name}.webp`)
    }
    for (const path of shown) expect(statSync(join(root, path)).size).toBeGreaterThan(0)
  })

  const pages = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'))
  it.each(pages)('is not alone: docs/%s links to what is there', (page) => {
    for (const path of linksOf(textOf(`docs/${page}`))) {
      expect(statSync(join(root, 'docs', path)).size).toBeGreaterThan(0)
    }
  })

  it('has its pictures and pages in the package', () => {
    const { files } = JSON.parse(textOf('package.json')) as { files: string[] }
    const isPacked = (path: string) =>
      files.some((each) => path === each || path.startsWith(`${each}/`) || matches(each, path))
    const matches = (pattern: string, path: string) =>
      new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '[^/]*')}$`).test(path)
    for (const path of linksOf(readme)) {
      if (!/^(src|samples)/.test(path)) expect([path, isPacked(path)]).toEqual([path, true])
    }
  })

  it('shows operators by their commands, with less than 3 MB of pictures', () => {
    for (const { name, command } of textbook) expect(wordsOf(command)).toContain(name)
    expect(textbook.map(({ name }) => name).filter((name) => !Object.hasOwn(operators, name))).toEqual([])
    const folder = join(root, 'docs/pictures')
    const bytes = readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
    expect(bytes).toBeLessThan(3e6)
  })
})

describe('the pictures of the README are what its commands make', () => {
  const digests = JSON.parse(textOf('docs/pictures/digests.json')) as Record<string, string>
  it('has a digest for each', () => {
    expect(Object.keys(digests)).toEqual(exhibits.map(({ name }) => name))
  })

  it.each(exhibits)('$name', async (one) => {
    const picture = await exhibit(one)
    expect(await digestOf(picture)).toBe(digests[one.name])
    // The file is lossy to keep the page small, but it must still be this picture.
    const file = await read(join(root, `docs/pictures/${one.name}.webp`))
    expect([file.width, file.height]).toEqual([picture.width, picture.height])
    let squares = 0
    for (let i = 0; i < file.data.length; i++) squares += (file.data[i]! - picture.data[i]!) ** 2
    const psnr = 10 * Math.log10((255 ** 2 * file.data.length) / squares)
    expect(psnr).toBeGreaterThan(24)
  })
})

describe('the manual page', () => {
  it.skipIf(!hasGroff)('is set by groff without a warning (skipped without groff)', () => {
    const words = ['-man', '-Tutf8', '-ww', join(root, 'docs/convo.1')]
    const { status, stdout, stderr } = spawnSync('groff', words, { encoding: 'utf8' })
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout).toContain('CONVO(1)')
  })
})

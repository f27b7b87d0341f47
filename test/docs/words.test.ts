import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseSync } from 'vite'
import { describe, expect, it } from 'vitest'
import { root } from '../../docs/parts/pictures.ts'
import { commandHelp, overview } from '../../src/cli/help.ts'
import { commands } from '../../src/cli/registry.ts'

/**
 * Phrases that read as translated, or that are another wording of a term in docs/ARCHITECTURE.md, each with what to
 * write instead.
 */
const banned: readonly (readonly [phrase: RegExp, instead: string])[] = [
  [/\b(tells?|telling|told)\b/i, 'print, show, report, explain'],
  [/\b(stands?|standing|stood)\b/i, 'is, comes, represents'],
  [/\bsa(y|ys|id) nothing (to|of)\b/i, 'does not apply to'],
  [/\bso many\b/i, 'a number of, up to'],
  [/\b(left|leaves?|leaving) out\b/i, 'ignored, dropped, skipped, remove'],
  [/\bthe like\b/i, 'and so on'],
  [/\bwhat comes of\b/i, 'the result of'],
  [/\bsuch a\b/i, 'this, a'],
  [/\bin place of\b/i, 'instead of'],
  [/\bthere already\b/i, 'already exists'],
  [/\bcannot both be meant\b|\bexclude each other\b/i, 'cannot be used together'],
  [/\bleaves? nothing for\b/i, 'cannot be used together'],
  [/\bis said of\b/i, 'applies to'],
  [/\blaid over\b/i, 'flattened onto'],
  [/\bmay be given again\b/i, 'repeatable'],
  [/\b(may|can) differ by more\b|\bpixels that may differ\b/i, 'number of pixels allowed to differ'],
  [/\bcut off (below|above)\b/i, 'clipped'],
  [/\bas asked for\b/i, 'as requested'],
  [/\banew\b/i, 'again'],
  [/\bwent away\b|\bgoes away\b/i, 'closed'],
  [/\blikewise\b/i, 'the same'],
  [/\b(unless|when) told otherwise\b/i, 'by default'],
  [/\bshines\b/i, 'is bright'],
  [/\bmade up\b/i, 'built-in, example'],
]

/** Where a phrase is allowed: in the name of a parameter. */
const allowed = [/@param told /]

const complaints = (place: string, text: string): string[] =>
  banned.flatMap(([phrase, instead]) => {
    const found = phrase.exec(text)
    if (found === null || allowed.some((one) => one.test(text))) return []
    return [`${place}: "${found[0]}" in "${around(text, found.index)}"; better: ${instead}`]
  })

const around = (text: string, at: number): string =>
  text.slice(Math.max(0, at - 40), at + 50).replaceAll(/\s+/g, ' ')

const filesOf = (folder: string, pattern: RegExp): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .filter((name) => pattern.test(name) && !name.includes('node_modules'))
    .sort()

const textOf = (path: string): string => readFileSync(join(root, path), 'utf8')

/** Returns the strings of a source file that contain several words, and its comments, each with its line. */
function textsOf(path: string): { line: number; text: string }[] {
  const source = textOf(path)
  const { program, comments } = parseSync(path, source, { lang: path.endsWith('.ts') ? 'ts' : 'js' })
  const found: { start: number; text: string }[] = comments.map(({ start, value }) => ({
    start,
    text: value,
  }))
  const walk = (node: unknown): void => {
    if (Array.isArray(node)) {
      node.forEach(walk)
      return
    }
    if (typeof node !== 'object' || node === null) return
    const { type, start, value, quasis } = node as {
      type?: string
      start: number
      value?: unknown
      quasis: readonly { value: { cooked?: string } }[]
    }
    if (type === 'Literal' && typeof value === 'string') found.push({ start, text: value })
    if (type === 'TemplateLiteral') {
      found.push({ start, text: quasis.map((part) => part.value.cooked ?? '').join('…') })
    }
    for (const child of Object.values(node)) walk(child)
  }
  walk(program.body)
  return found
    .filter(({ text }) => /[a-z]{2,}[^a-zA-Z]*\s+[^a-zA-Z]*[a-z]{2,}/.test(text))
    .map(({ start, text }) => ({
      line: source.slice(0, start).split('\n').length,
      text: text.replaceAll(/\s*\n\s*\*? ?/g, ' '),
    }))
}

describe('texts', () => {
  const pages = ['README.md', ...filesOf('docs', /\.(md|1)$/)].filter(
    (page) => page !== 'docs/ARCHITECTURE.md',
  )
  it.each(pages)('%s', (page) => {
    expect(complaints(page, textOf(page))).toEqual([])
  })

  it('docs/ARCHITECTURE.md, apart from the list of terms', () => {
    const text = textOf('docs/ARCHITECTURE.md')
    const terms = text.slice(text.indexOf('\n## Terms'), text.indexOf('\n## Style'))
    expect(terms).toContain('| repeatable |')
    expect(complaints('docs/ARCHITECTURE.md', text.replace(terms, ''))).toEqual([])
  })

  it('the help of every command', () => {
    const helps = [overview(commands, 100), ...commands.map((command) => commandHelp(command, 100))]
    expect(helps.flatMap((text, i) => complaints(`help ${i}`, text))).toEqual([])
  })

  it('options, errors, notes and comments of the source', () => {
    const files = filesOf('src', /\.(ts|mjs)$/).filter((path) => !path.endsWith('.d.ts'))
    expect(files.length).toBeGreaterThan(300)
    const found = files.flatMap((path) =>
      textsOf(path).flatMap(({ line, text }) => complaints(`${path}:${line}`, text)),
    )
    expect(found).toEqual([])
  })

  it('schemas, samples and the doors for contributors', () => {
    const files = [
      ...filesOf('src', /\.schema\.json$/),
      ...filesOf('samples', /\.(yaml|mjs|js|ts)$/),
      ...filesOf('.github', /\.yml$/),
      '.pre-commit-hooks.yaml',
    ]
    expect(files.flatMap((path) => complaints(path, textOf(path)))).toEqual([])
  })
})

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { root } from '../../docs/parts/pictures.ts'

// Editors show the comment above a field. The reference is made from the same declarations and is up to date.

const reference = readFileSync(join(root, 'docs/api.md'), 'utf8')

/** Returns the fields of a declaration in the reference, each with the line above it. */
const fieldsIn = (section: string): { readonly field: string; readonly above: string }[] => {
  const [title = ''] = section.split('\n', 1)
  const code = [...section.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, text = '']) => text).join('\n')
  const lines = code.split('\n')
  return lines.flatMap((line, i) => {
    const [, name] = /^\s+readonly (\w+)\??: /.exec(line) ?? []
    return name === undefined ? [] : [{ field: `${title}: ${name}`, above: lines[i - 1]!.trim() }]
  })
}

const fields = reference.split(/^### /m).slice(1).flatMap(fieldsIn)

it('every field of a public type has a sentence of its own in the editor', () => {
  expect(fields.length).toBeGreaterThan(500)
  expect(fields.filter(({ above }) => !above.endsWith('*/')).map(({ field }) => field)).toEqual([])
})

it('no sentence repeats the name alone', () => {
  const empty = fields.filter(({ field, above }) => {
    const [, name = ''] = field.split(': ')
    const words = name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
    const text = above.replaceAll(/^\/\*\*|\*\/$|[.]/g, '').trim()
    return [words, `the ${words}`].includes(text.toLowerCase())
  })
  expect(empty.map(({ field }) => field)).toEqual([])
})

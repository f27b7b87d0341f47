import { describe, expect, it } from 'vitest'
import { expandTemplate, parseTemplate, type TemplateValues } from '../../src/files/template.ts'
import { failure } from '../image/pictures.ts'

const values: TemplateValues = {
  path: 'photos/a/b.c.jpg',
  rel: 'a',
  dir: 'photos/a',
  stem: 'b.c',
  ext: 'jpg',
  index: 7,
  hash: '0123456789abcdef'.repeat(4),
  op: 'sobel',
}
const expand = (text: string, some: Partial<TemplateValues> = {}) =>
  expandTemplate(parseTemplate(text), { ...values, ...some })

describe('output templates', () => {
  it.each([
    ['out/{rel}/{stem}.png', 'out/a/b.c.png'],
    ['{dir}/{stem}-{op}.{ext}', 'photos/a/b.c-sobel.jpg'],
    ['out/{path}', 'out/photos/a/b.c.jpg'],
    ['out/{index}.png', 'out/7.png'],
    ['out/{index:04}.png', 'out/0007.png'],
    ['out/{index:4}.png', 'out/0007.png'],
    ['out/{hash:8}.png', 'out/01234567.png'],
    ['out/{hash}.png', `out/${values.hash}.png`],
    ['out/{{{stem}}}.png', 'out/{b.c}.png'],
    ['fixed.png', 'fixed.png'],
    ['./out//x/{stem}.png', 'out/x/b.c.png'],
  ])('%s is %s', (text, output) => {
    expect(expand(text)).toBe(output)
  })

  it('an empty {rel} takes its slash along, and nothing becomes absolute', () => {
    expect(expand('out/{rel}/{stem}.png', { rel: '' })).toBe('out/b.c.png')
    expect(expand('{rel}/{stem}.png', { rel: '' })).toBe('b.c.png')
    expect(expand('/abs/{rel}/{stem}.png', { rel: '' })).toBe('/abs/b.c.png')
  })

  it.each([
    ['out/{rel}/{stem}.png', 'out'],
    ['out/x/pre-{stem}.png', 'out/x'],
    ['pre-{stem}.png', '.'],
    ['{dir}/{stem}.png', '.'],
    ['/abs/{stem}.png', '/abs'],
    ['/{stem}.png', '/'],
    ['out/a.png', 'out'],
    ['../out/{stem}.png', '../out'],
  ])('the root of %s is %s', (text, root) => {
    expect(parseTemplate(text).root).toBe(root)
  })

  it('names an unknown key, where it stands, and the one that was meant', async () => {
    const error = await failure('E_NAME', () => parseTemplate('out/{sten}.png'))
    expect(error.message).toBe('there is no key {sten} for outputs')
    expect(error.why).toEqual([
      'out/{sten}.png: character 5',
      'keys: {path} {rel} {dir} {stem} {ext} {index} {hash} {op}',
    ])
    expect(error.fix).toBe('out/{stem}.png')
    await failure('E_NAME', () => parseTemplate('{}'))
    await failure('E_NAME', () => parseTemplate('{constructor}'))
  })

  it.each([
    ['out/{stem', 'character 5: the brace is not closed'],
    ['out/stem}', 'character 9: a closing brace has no opening brace'],
    ['{stem:4}', '{stem} takes no format'],
    ['{index:x}', '{index} takes a number of digits from 1 to 15, got "x"'],
    ['{index:99}', '{index} takes a number of digits from 1 to 15, got "99"'],
    ['{hash:65}', '{hash} takes a number of digits from 1 to 64, got "65"'],
    ['{hash:0}', '{hash} takes a number of digits from 1 to 64, got "0"'],
  ])('%s: %s', async (text, why) => {
    const error = await failure('E_OPTION', () => parseTemplate(text))
    expect(error.why.join()).toContain(why)
  })

  it('does not let .. in a path lead out of the folder of the outputs', async () => {
    const error = await failure('E_OUTPUT', () => expand('out/{dir}/{stem}.png', { dir: '../photos' }))
    expect(error.message).toBe('the output photos/b.c.png would be outside out')
    expect(expand('{dir}/{stem}.png', { dir: '../photos' })).toBe('../photos/b.c.png')
  })
})

import { mkdirSync, mkdtempSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, sep } from 'node:path'
import { describe, expect, it } from 'vitest'
import { followLinks, isWithin, under } from '../../src/files/root.ts'
import { failure } from '../image/pictures.ts'
import fc from '../property.ts'

/** A root with folders, files, and links of each kind, next to a folder that must not be reachable. */
const top = realpathSync(mkdtempSync(join(tmpdir(), 'convo-root-')))
const root = join(top, 'root')
mkdirSync(join(root, 'folder/deep'), { recursive: true })
mkdirSync(join(top, 'outside'))
writeFileSync(join(top, 'outside/secret.png'), 'x')
writeFileSync(join(root, 'file.png'), 'x')
const links = {
  out: '../outside',
  absolute: join(top, 'outside'),
  'out.png': '../outside/secret.png',
  dangling: '../outside/new.png',
  loop: 'loop',
  first: 'second',
  second: 'first',
  null: '/dev/null',
  self: '.',
  inside: 'folder',
  'folder/up': '../../outside',
  'folder/home': '..',
}
for (const [name, target] of Object.entries(links)) symlinkSync(target, join(root, name))
symlinkSync('root', join(top, 'alias'))

const refused = (path: string) => failure('E_PATH', () => under(root, path))

describe('under', () => {
  it.each([
    ['a.png', 'a.png'],
    ['folder/a.png', 'folder/a.png'],
    ['new/folder/a.png', 'new/folder/a.png'],
    ['./a.png', 'a.png'],
    ['inside/a.png', 'folder/a.png'],
    ['self/folder/home/file.png', 'file.png'],
    ['...', '...'],
    ['..a', '..a'],
    // characters that look like . and / are ordinary letters
    ['‥/a', '‥/a'],
    ['．．／a', '．．／a'],
    ['a⁄..⁄b', 'a⁄..⁄b'],
    ['auxiliary.png', 'auxiliary.png'],
    ['%2e%2e/a', '%2e%2e/a'],
  ])('%s is %s', (path, place) => {
    expect(under(root, path)).toBe(join(root, place))
    expect(under(join(top, 'alias'), path)).toBe(join(root, place))
  })

  it.each([
    ['', 'it is empty'],
    ['.', 'it is the folder itself'],
    ['self', 'it is the folder itself'],
    ['..', 'it contains ..'],
    ['../outside/x', 'it contains ..'],
    ['folder/../../x', 'it contains ..'],
    ['folder\\..\\..\\x', 'it contains ..'],
    ['folder/..', 'it contains ..'],
    ['/etc/passwd', 'it is not relative to that folder'],
    ['\\\\host\\share', 'it is not relative to that folder'],
    ['C:\\x', 'it is not relative to that folder'],
    ['c:x', 'it is not relative to that folder'],
    ['a\0.png', 'it contains NUL'],
    ['aux', 'aux is the name of a device on Windows'],
    ['x/NUL.png', 'NUL.png is the name of a device on Windows'],
    ['com1 .txt', 'com1 .txt is the name of a device on Windows'],
    [`${'n'.repeat(256)}`, 'a name in it is longer than 255 bytes'],
    [`x/${'é'.repeat(128)}`, 'a name in it is longer than 255 bytes'],
    ['out/x', `a symbolic link in it leads to ${join(top, 'outside/x')}`],
    ['absolute/x', `a symbolic link in it leads to ${join(top, 'outside/x')}`],
    ['out.png', `a symbolic link in it leads to ${join(top, 'outside/secret.png')}`],
    ['dangling', `a symbolic link in it leads to ${join(top, 'outside/new.png')}`],
    ['folder/up/x', `a symbolic link in it leads to ${join(top, 'outside/x')}`],
    ['inside/up/x', `a symbolic link in it leads to ${join(top, 'outside/x')}`],
    ['loop/x', 'ELOOP: too many symbolic links encountered'],
    ['first', 'ELOOP: too many symbolic links encountered'],
    ['null', 'a symbolic link in it leads to /dev/null'],
  ])('refuses %j: %s', async (path, why) => {
    expect((await refused(path)).why).toEqual([why])
  })

  it('refuses a pipe that lies in the folder', async () => {
    const { spawnSync } = await import('node:child_process')
    if (spawnSync('mkfifo', [join(root, 'pipe')]).status !== 0) return
    expect((await refused('pipe')).why).toEqual(['it is neither a file nor a folder'])
  })

  it('shows no control characters, and cuts what is long', async () => {
    const error = await refused(`\u001b[31m/../${'x'.repeat(5000)}`)
    expect(error.message).not.toContain('\u001b')
    expect(error.message.length).toBeLessThan(400)
  })

  it('gives a place in the root or an error, whatever the path', () => {
    const part = fc.oneof(
      fc.constantFrom('..', '.', '', '...', 'aux', 'nul.png', '~', 'a\0b', '‥', 'x'.repeat(300), ' '),
      fc.constantFrom(...Object.keys(links), 'folder', 'deep', 'file.png', 'new'),
      fc.string({ unit: 'grapheme', maxLength: 8 }),
    )
    const path = fc
      .tuple(
        fc.constantFrom('', '/', '\\', 'C:', './'),
        fc.array(part, { maxLength: 6 }),
        fc.constantFrom('/', '\\'),
      )
      .map(([start, parts, between]) => start + parts.join(between))
    fc.assert(
      fc.property(path, (text) => {
        let place: string
        try {
          place = under(root, text)
        } catch (error) {
          expect((error as { code?: string }).code).toBe('E_PATH')
          return
        }
        expect(place.startsWith(root + sep)).toBe(true)
        expect(place.split(sep)).not.toContain('..')
        // the path no longer contains links
        expect(followLinks(place)).toBe(place)
      }),
      { numRuns: 400 },
    )
  })
})

describe('followLinks', () => {
  it('leads where the system does, and further where nothing is yet', () => {
    for (const name of ['out/secret.png', 'inside/deep', 'self/self/file.png', 'folder/home/folder']) {
      expect(followLinks(join(root, name))).toBe(realpathSync(join(root, name)))
    }
    expect(followLinks(join(root, 'dangling'))).toBe(join(top, 'outside/new.png'))
    expect(followLinks(join(root, 'out/a/b'))).toBe(join(top, 'outside/a/b'))
  })
})

describe('isWithin', () => {
  it('follows links of both', () => {
    expect(isWithin(join(top, 'alias'), join(root, 'folder'))).toBe(true)
    expect(isWithin(root, root)).toBe(true)
    expect(isWithin(root, join(root, 'out'))).toBe(false)
    expect(isWithin(root, top)).toBe(false)
    expect(isWithin(root, join(root, 'loop'))).toBe(false)
  })
})

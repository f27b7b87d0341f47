import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { beforeEach, describe, expect, it } from 'vitest'
import { checkDigests, compareFolders, digestFiles, report } from '../../src/index.ts'
import { convo, scratch } from './convo.ts'
import { atTerminal, hasTerminals } from './pseudo-terminal.ts'

const { path } = scratch()
const run = (...args: string[]) => convo(args, { cwd: path() })

/** Writes a gray gradient, with `by` added to the pixel in the middle. */
async function slope(file: string, by = 0, width = 16): Promise<void> {
  const data = Uint8Array.from({ length: width * 16 }, (_, i) => (i % width) * 7)
  data[8 * width + 8]! += by
  mkdirSync(join(file, '..'), { recursive: true })
  await sharp(data, { raw: { width, height: 16, channels: 1 } })
    .toColourspace('b-w')
    .png()
    .toFile(file)
}

beforeEach(async () => {
  for (const name of ['e', 'a', 'out', '.convo']) rmSync(path(name), { recursive: true, force: true })
  await slope(path('e/equal.png'))
  await slope(path('e/deep/changed.png'))
  await slope(path('a/deep/changed.png'), 3)
  await slope(path('e/sized.png'))
  await slope(path('a/sized.png'), 0, 17)
  await slope(path('e/removed.png'))
  await slope(path('a/deep/added.png'))
  copyFileSync(path('e/equal.png'), path('a/equal.png'))
  writeFileSync(path('a/notes.txt'), 'no picture')
  writeFileSync(path('e/broken.png'), 'text')
  writeFileSync(path('a/broken.png'), 'other text')
})

const statuses = (json: string): Record<string, string> =>
  Object.fromEntries(
    (JSON.parse(json) as { cases: { name: string; status: string }[] }).cases.map((c) => [c.name, c.status]),
  )
const all = {
  'broken.png': 'error',
  'deep/added.png': 'added',
  'deep/changed.png': 'changed',
  'equal.png': 'same',
  'removed.png': 'removed',
  'sized.png': 'size',
}

describe('convo compare of folders', () => {
  it('pairs by path, to the bottom, and names what became of each', async () => {
    const { status, stdout } = await run('compare', 'e', 'a/')
    expect(status).toBe(1)
    expect(stdout).toMatch(
      /≠ changed +deep\/changed\.png +1 of 256 pixels differs, by up to 3 in gray at 8,8/,
    )
    expect(stdout).toMatch(/\+ added +deep\/added\.png +there is no expected picture: 16x16, gray, 8 bits/)
    expect(stdout).toMatch(/− removed +removed\.png +there is no actual picture: 16x16, gray, 8 bits/)
    expect(stdout).toMatch(/⤢ size +sized\.png +17x16 pixels, and the expected picture has 16x16/)
    expect(stdout).toMatch(/! error +broken\.png +\S*broken\.png is not a picture/)
    expect(stdout).toContain(
      '5 of 6 pictures differ: 1 error, 1 removed, 1 added, 1 size, 1 changed, 1 same;',
    )
    expect(stdout).toContain('if this is intended: convo compare e a/ --update')
    expect(existsSync(path('.convo'))).toBe(false)
  })

  it('what is no whole picture is an error, and not the same, where both sides have it', async () => {
    const whole = readFileSync(path('e/equal.png'))
    for (const side of ['e', 'a']) {
      writeFileSync(path(`${side}/broken.png`), 'text')
      writeFileSync(path(`${side}/empty.png`), '')
      writeFileSync(path(`${side}/cut.png`), whole.subarray(0, whole.length - 20))
    }
    const { stdout, status } = await run('compare', 'e', 'a', '--reporter', 'json')
    expect(status).toBe(1)
    const errors = { 'broken.png': 'error', 'empty.png': 'error', 'cut.png': 'error' }
    expect(statuses(stdout)).toEqual({ ...all, ...errors })
  })
  it('as JSON, from globs too, which count from their fixed part', async () => {
    expect(statuses((await run('compare', 'e', 'a', '--json')).stdout)).toEqual(all)
    const { stdout } = await run('compare', 'e/**/*.png', 'a/**/*.png', '--json')
    expect(statuses(stdout)).toEqual(all)
    expect(JSON.parse(stdout)).toMatchObject({ counts: { same: 1, added: 1, removed: 1 }, failed: 5 })
    expect(JSON.parse(stdout).counts).not.toHaveProperty('new')
  })

  it('the tolerance holds for each pair, and a mask too', async () => {
    rmSync(path('a/sized.png'))
    rmSync(path('e/sized.png'))
    const within = await run('compare', 'e/deep', 'a/deep', '--max-abs', '3', '--json')
    expect(statuses(within.stdout)).toEqual({ 'added.png': 'added', 'changed.png': 'tolerated' })
    rmSync(path('a/deep/added.png'))
    expect((await run('compare', 'e/deep', 'a/deep', '--max-abs', '2')).status).toBe(1)
    expect((await run('compare', 'e/deep', 'a/deep', '--max-abs', '3')).status).toBe(0)
    expect((await run('compare', 'e/deep', 'a/deep', '--ignore', '8,8,1,1')).status).toBe(0)
    await sharp({ create: { width: 16, height: 8, channels: 3, background: '#fff' } })
      .extend({ bottom: 8, background: '#000' })
      .png()
      .toFile(path('mask.png'))
    expect((await run('compare', 'e/deep', 'a/deep', '--mask', 'mask.png')).status).toBe(0)
  })

  it('JUnit, GitHub, Markdown and HTML', async () => {
    const reporters = ['junit=out/j.xml', 'markdown=out/m.md', 'html=out/r.html', 'github']
    const { stdout } = await run(
      'compare',
      'e',
      'a',
      '--passing',
      ...reporters.flatMap((one) => ['--reporter', one]),
    )
    expect(stdout).toContain(
      '::error file=a/deep/changed.png,line=1,col=1,title=changed%3A deep/changed.png::',
    )
    expect(readFileSync(path('out/j.xml'), 'utf8')).toContain(
      '<testsuites name="convo compare" tests="6" failures="4" errors="1"',
    )
    const markdown = readFileSync(path('out/m.md'), 'utf8')
    expect(markdown).toContain('### ❌ convo compare: 5 of 6 pictures differ')
    expect(markdown).toContain('convo compare e a --update')
    const page = readFileSync(path('out/r.html'), 'utf8')
    expect(page).toContain('"status":"removed"')
    // expected, actual and difference of two pairs, and one picture each for added, removed and equal
    expect(page.match(/id="picture-\d+"/g)).toHaveLength(9)
  })

  it('--diff writes a picture for each pair that differs', async () => {
    await run('compare', 'e', 'a', '--diff', 'out', '--diff-style', 'mask')
    const { data, info } = await sharp(path('out/deep/changed.png'))
      .raw()
      .toBuffer({ resolveWithObject: true })
    expect(info).toMatchObject({ width: 16, height: 16 })
    expect(data[(8 * 16 + 8) * info.channels]).toBe(255)
    expect(data.filter((v) => v !== 0)).toHaveLength(info.channels)
    expect(existsSync(path('out/equal.png'))).toBe(false)
  })

  it('--update removes nothing where there is no actual picture at all', async () => {
    mkdirSync(path('unmade'), { recursive: true })
    const before = readdirSync(path('e')).sort()
    const { status, stderr, stdout } = await run('compare', 'e', 'unmade', '--update')
    expect([status, stdout]).toEqual([2, expect.not.stringContaining('--update')])
    expect(stderr).toContain('there are no actual pictures, and all of e would be removed   [E_USAGE]')
    expect(readdirSync(path('e')).sort()).toEqual(before)
  })

  it('--update makes the folders equal, and is refused on a CI server', async () => {
    const refused = await convo(['compare', 'e', 'a', '--update'], { cwd: path(), env: { CI: 'true' } })
    expect(refused.status).toBe(2)
    const { status, stderr } = await run('compare', 'e', 'a', '--update')
    expect({ status, stderr }).toEqual({ status: 1, stderr: '3 pictures written, 1 picture removed in e\n' })
    // a file that could not be compared is kept
    expect(readFileSync(path('e/broken.png'), 'utf8')).toBe('text')
    rmSync(path('e/broken.png'))
    rmSync(path('a/broken.png'))
    expect((await run('compare', 'e', 'a')).stdout).toMatch(/^All 4 pictures match: 4 same/)
    expect(readFileSync(path('e/deep/added.png')).equals(readFileSync(path('a/deep/added.png')))).toBe(true)
  })

  it.each([
    [['e', 'a/equal.png'], 'e is a folder, but a/equal.png is not a folder', 'e/equal.png a/equal.png'],
    [
      ['e/*.png', 'a/equal.png'],
      'e/*.png is a pattern, but a/equal.png is not a pattern',
      'e/equal.png a/equal.png',
    ],
    [['zz*.png', 'a/equal.png'], 'no file matches zz*.png'],
    [['none/*.png', 'a'], 'no file matches none/*.png   [E_INPUT]\n  there is no folder none'],
    [['top/*', 'a'], 'no file matches top/*   [E_INPUT]\n  looked in top for *', "'top/**/*' a"],
    [['none', 'a'], 'a is a folder, but none is not there'],
    [['empty', 'empty'], 'there are no pictures in empty and empty'],
    [['e', 'a', '--diff', 'a/diff'], '--diff a/diff is inside a, whose pictures are compared'],
    [['e', 'a', '--json', '--reporter', 'junit'], '--json and --reporter cannot be used together'],
    [['e/equal.png', 'a/equal.png', '--update'], '--update does not apply to two pictures'],
  ])('%j is refused', async (args, message, meant = '') => {
    mkdirSync(path('empty'), { recursive: true })
    await slope(path('top/sub/x.png'))
    const { status, stderr } = await run('compare', ...args)
    expect(status).toBe(2)
    expect(stderr).toContain(`error: ${message}`)
    expect(stderr).toContain(meant === '' ? '' : `  try: convo compare ${meant}\n`)
  })

  it('names that differ in how an accent is written are a pair, unless both are there', async () => {
    await slope(path('e/cafe\u0301.png'))
    await slope(path('a/caf\u00e9.png'), 9)
    const { cases } = JSON.parse((await run('compare', 'e', 'a', '--json')).stdout)
    const one = cases.find(({ name }: { name: string }) => name.startsWith('caf'))
    expect([one.name, one.status]).toEqual(['cafe\u0301.png', 'changed'])
    await slope(path('a/cafe\u0301.png'))
    const both = JSON.parse((await run('compare', 'e', 'a', '--json')).stdout).cases
    const found = both.filter(({ name }: { name: string }) => name.startsWith('caf'))
    expect(found.map(({ status }: { status: string }) => status)).toEqual(['same', 'added'])
  })

  it('--update changes nothing where a picture would replace a folder', async () => {
    await slope(path('e/deep.png/inner.png'))
    await slope(path('a/deep.png'))
    const before = readFileSync(path('e/deep/changed.png'))
    const { status, stderr } = await run('compare', 'e', 'a', '--update')
    expect([status, stderr]).toEqual([2, expect.stringContaining('deep.png is a folder, and the actual')])
    expect(readFileSync(path('e/deep/changed.png')).equals(before)).toBe(true)
    expect(existsSync(path('e/removed.png'))).toBe(true)
  })

  it.skipIf(!hasTerminals)('shows its progress at a terminal, and leaves nothing of it', async () => {
    const { status, text } = await atTerminal(['compare', 'e', 'a', '--quiet'], { cwd: path() })
    const pairs = Object.keys(all).length
    const shown = text.split('\r\x1b[2K')
    expect(shown).toEqual([
      '',
      ...Array.from({ length: pairs }, (_, i) => `${i + 1} of ${pairs} pictures`),
      '',
    ])
    expect(status).toBe(1)
    const plain = await convo(['compare', 'e', 'a', '--quiet'], { cwd: path() })
    expect([plain.stdout, plain.stderr]).toEqual(['', ''])
  })

  it('a folder within the other one is not among its pictures, and is still there after --update', async () => {
    cpSync(path('a'), path('e/new'), { recursive: true })
    const inner = await run('compare', 'e', 'e/new', '--json', '--update')
    expect(statuses(inner.stdout)).toEqual(all)
    expect(existsSync(path('e/new/deep/added.png'))).toBe(true)
    // also through another path to it
    symlinkSync(path('e'), path('link'))
    await run('compare', 'link', 'e/new', '--update')
    expect(existsSync(path('e/new/deep/added.png'))).toBe(true)
    expect(statuses((await run('compare', 'e', './e', '--json')).stdout)).toHaveProperty(
      'new/equal.png',
      'same',
    )
  })

  it('300 pairs give what each of them gives', async () => {
    for (const side of ['e', 'a']) rmSync(path(side), { recursive: true })
    await slope(path('one.png'))
    await slope(path('two.png'), 1)
    for (let i = 0; i < 300; i++) {
      for (const side of ['e', 'a']) {
        mkdirSync(path(`${side}/${i % 7}`), { recursive: true })
        copyFileSync(
          path(side === 'a' && i % 20 === 0 ? 'two.png' : 'one.png'),
          path(`${side}/${i % 7}/${i}.png`),
        )
      }
    }
    const found = JSON.parse((await run('compare', 'e', 'a', '--json')).stdout)
    expect(found.counts).toMatchObject({ same: 285, changed: 15 })
  })

  it('from the library', async () => {
    const seen: string[] = []
    const found = await compareFolders(path('e'), path('a'), {
      maxAbs: 3,
      results: path('out'),
      onCase: ({ name }) => seen.push(name),
    })
    expect(seen.sort()).toEqual(Object.keys(all))
    expect(found.cases.map(({ name, status }) => [name, status])).toEqual(
      Object.entries({ ...all, 'deep/changed.png': 'tolerated' }),
    )
    expect(await report(found, 'markdown')).toContain('4 of 6 pictures differ')
    expect(existsSync(path('out/sized.png/expected.png'))).toBe(true)
    await expect(compareFolders(path('e'), path('a'), { maxAbss: 3 } as never)).rejects.toThrow(/maxAbs/)
    const mask = { data: new Uint8Array(16 * 16), width: 16, height: 16 }
    mask.data[0] = 255
    const { cases } = await compareFolders(path('e'), path('a'), { mask })
    expect(cases.find(({ name }) => name === 'deep/changed.png')).toMatchObject({
      status: 'same',
      tolerance: '--mask the mask',
    })
  })
})

describe('convo digest of many', () => {
  it('lists, checks, and notices what changed or is gone', async () => {
    rmSync(path('e/broken.png'))
    const { stdout } = await run('digest', 'e')
    expect(stdout.trimEnd().split('\n')).toEqual(
      ['e/deep/changed.png', 'e/equal.png', 'e/removed.png', 'e/sized.png'].map((name) =>
        expect.stringMatching(new RegExp(`^sha256:[0-9a-f]{64}  ${name}$`)),
      ),
    )
    writeFileSync(path('list.txt'), stdout)
    expect(await run('digest', '--check', 'list.txt')).toMatchObject({ status: 0, stderr: '' })
    await slope(path('e/equal.png'), 1)
    rmSync(path('e/removed.png'))
    const checked = await run('digest', '--check', 'list.txt', '--quiet')
    expect(checked.status).toBe(1)
    expect(checked.stdout).toMatch(/^e\/equal\.png: FAILED\ne\/removed\.png: FAILED to read \(.+\)\n$/)
    expect(checked.stderr).toBe('note: 2 of 4 pictures failed\n')
  })

  it('other bytes, same pixels: the list holds; paths with odd letters too', async () => {
    mkdirSync(path('odd'), { recursive: true })
    await slope(path('odd/a\\b\nc.png'))
    const { stdout } = await run('digest', 'odd')
    expect(stdout).toMatch(/^\\sha256:[0-9a-f]{64} {2}odd\/a\\\\b\\nc\.png\n$/)
    await sharp(path('odd/a\\b\nc.png'))
      .toColourspace('b-w')
      .png({ compressionLevel: 0 })
      .toFile(path('x.png'))
    cpSync(path('x.png'), path('odd/a\\b\nc.png'))
    writeFileSync(path('list.txt'), stdout)
    expect((await run('digest', '--check', 'list.txt')).status).toBe(0)
    expect(await checkDigests(path('list.txt'))).toMatchObject([{ status: 'error' }])
  })

  it('what is no list is refused with its line', async () => {
    writeFileSync(path('list.txt'), '# a comment\n\nabc  e/equal.png\n')
    const { status, stderr } = await run('digest', '--check', 'list.txt')
    expect(status).toBe(2)
    expect(stderr).toContain('list.txt:3:1: "abc  e/equal.png", not sha256:')
    expect((await run('digest')).stderr).toContain('error: digest needs a picture')
  })

  it('from the library, as the command has it', async () => {
    const files = await digestFiles([path('e/equal.png'), path('e/deep')])
    expect(files.map(({ image }) => image)).toEqual([path('e/deep/changed.png'), path('e/equal.png')])
    expect(files[0]!.digest).toBe(files[1]!.digest)
  })
})

import { writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { repository, stripes } from './check/repository.ts'
import { hosted } from './hosted.ts'

// PowerShell writes UTF-16 with a byte order mark for `>`, and editors on Windows put one before UTF-8.

const here = repository()
const run = (...args: string[]) => hosted(args, here.path())

const digest = 'sha256:ccd1bc09ef3fd43bf0fdea6ad0b62fdd5e4d1b3eb5a6ca1a9e9aa0d0e24e1f5c'
const batch = ['-o', 'out/{stem}.png', '--force', '--', 'sobel']

const readers: readonly (readonly [file: string, text: string, line: readonly string[]])[] = [
  ['files.txt', 'a.png\n', ['batch', '--files-from', 'files.txt', ...batch]],
  ['job.yaml', 'inputs: a.png\noutput: out/{stem}.png\nrun: sobel\n', ['batch', 'job.yaml']],
  ['some.check.yaml', 'cases: [{name: a, actual: a.png}]\n', ['check', 'some.check.yaml', '--allow', 'new']],
  ['digests.txt', `${digest}  a.png\n`, ['digest', '--check', 'digests.txt']],
  ['k.txt', '1 2 1\n', ['show', 'k.txt']],
  ['k.csv', '1,2,1\n', ['show', 'k.csv']],
  ['k.json', '{"weights": [[1, 2, 1]]}\n', ['show', 'k.json']],
  ['k.svg', '<feConvolveMatrix order="1" kernelMatrix="1"/>\n', ['show', 'k.svg']],
]

describe.each(readers)('%s', (file, text, line) => {
  const asText = async () => {
    here.write('a.png', stripes(16))
    writeFileSync(here.path(file), text)
    return run(...line)
  }

  test('is read with the mark of UTF-8 as without', async () => {
    const plain = await asText()
    writeFileSync(here.path(file), `\ufeff${text}`)
    const marked = await run(...line)
    expect([marked.status, marked.stderr.includes('error')]).toEqual([
      plain.status,
      plain.stderr.includes('error'),
    ])
    expect(marked.stdout.replace(/\d+ ms/, '')).toBe(plain.stdout.replace(/\d+ ms/, ''))
    expect(plain.status).toBe(file === 'digests.txt' ? 1 : 0)
  })

  test('is refused in UTF-16, with what makes UTF-8 of it', async () => {
    await asText()
    const little = Buffer.from(`\ufeff${text}`, 'utf16le')
    for (const bytes of [little, Buffer.from(little).swap16()]) {
      writeFileSync(here.path(file), bytes)
      const { status, stderr } = await run(...line)
      expect([status, stderr]).toEqual([2, expect.stringContaining(`${file} is text in UTF-16, not UTF-8`)])
      expect(stderr).toMatch(new RegExp(`try: iconv -f UTF-16 -t UTF-8 ${file} > utf-8\\.\\w+\n`))
    }
  })
})

test('a picture is not a list of files', async () => {
  here.write('a.png', stripes(16))
  const { status, stderr } = await run('batch', '--files-from', 'a.png', ...batch)
  expect([status, stderr]).toEqual([2, expect.stringContaining('error: a.png is not a list of files')])
  expect(stderr).not.toContain('--null')
})

test('the digest of one picture is not taken for a list', async () => {
  here.write('a.png', stripes(16))
  writeFileSync(here.path('one.txt'), (await run('digest', 'a.png')).stdout)
  const { status, stderr } = await run('digest', '--check', 'one.txt')
  expect([status, stderr]).toEqual([
    2,
    expect.stringContaining('one.txt:1:1: a digest without a path, as convo digest prints for one picture'),
  ])
})

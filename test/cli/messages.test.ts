import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { stripes } from './check/repository.ts'
import { convo, type Run, scratch } from './convo.ts'

/** All characters that a terminal, a log or a page could treat as more than text, except for the slash. */
const nasty = 'a\x1b]0;x\x07b\x9b31mc\u202ed\ne|f::error::g`h<script>i\x7fj\u2066k##[error]l\u200b'

/**
 * The same without the separator between a file and the name of its tensor, and without the start of a set in a glob.
 */
const plain = nasty.replace('##[', '')

// biome-ignore lint/suspicious/noControlCharactersInRegex: these must not come out
const raw = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/

/** Checks that an output has no active characters, no line that begins inside the name, and no command for GitHub. */
function expectSafe(text: string): void {
  expect(raw.exec(text)?.[0] ?? '').toBe('')
  expect(text).not.toMatch(/^e\|f/m)
  expect(text.replace(/^::error [^\n]*title=[^\n]*$/gm, '')).not.toMatch(/^\s*::|##\[/m)
}

const here = scratch('scene.png')

async function run(...args: string[]): Promise<Run> {
  const done = await convo(args, { cwd: here.path() })
  expectSafe(done.stdout)
  expectSafe(done.stderr)
  return done
}

describe('a name that a terminal would obey', () => {
  const [picture, kernel, folder, missing] = [
    `${nasty}.png`,
    `./${plain}.json`,
    `${plain}.d`,
    `${nasty}.none.png`,
  ]

  beforeAll(() => {
    writeFileSync(here.path(picture), stripes(16))
    writeFileSync(
      here.path(kernel),
      JSON.stringify({
        name: nasty,
        weights: [
          [0, 1, 0],
          [1, -4, 1],
          [0, 1, 0],
        ],
      }),
    )
    writeFileSync(here.path(`${plain}.txt`), `1 2 ${nasty}`)
    mkdirSync(here.path(folder))
    writeFileSync(join(here.path(folder), picture), stripes(16))
    const header = Buffer.from(
      JSON.stringify({ [nasty]: { dtype: 'F32', shape: [1, 1, 1, 1], data_offsets: [0, 4] } }),
    )
    const size = Buffer.alloc(8)
    size.writeBigUInt64LE(BigInt(header.length))
    writeFileSync(here.path('k.safetensors'), Buffer.concat([size, header, Buffer.from([0, 0, 128, 63])]))
  })

  it.each<[what: string, status: number, args: () => string[]]>([
    ['a picture', 0, () => ['sobel', picture, 'o.png', '--verbose']],
    ['a picture in JSON', 0, () => ['sobel', picture, 'o.png', '--json']],
    ['a plan', 0, () => ['sobel', picture, 'o.png', '--dry-run']],
    ['an output', 0, () => ['sobel', 'scene.png', `${nasty}.out.png`, '--verbose']],
    ['an output of unknown kind', 2, () => ['sobel', 'scene.png', `o.${nasty}`]],
    ['a picture that is not there', 2, () => ['sobel', missing, 'o.png']],
    ['a folder in place of a picture', 2, () => ['sobel', folder, 'o.png']],
    ['a text in place of a picture', 2, () => ['sobel', `${plain}.txt`, 'o.png']],
    ['a kernel', 0, () => ['conv2d', 'scene.png', 'o.png', '--kernel', kernel, '--verbose']],
    ['a kernel that is wrong', 2, () => ['conv2d', 'scene.png', 'o.png', '--kernel', `./${plain}.txt`]],
    ['a kernel that is not there', 2, () => ['conv2d', 'scene.png', 'o.png', '--kernel', nasty]],
    ['a tensor', 2, () => ['conv2d', 'scene.png', 'o.png', '--kernel', `k.safetensors#${nasty}x`]],
    [
      'a tensor that is one of none',
      2,
      () => ['conv2d', 'scene.png', 'o.png', '--kernel', 'k.safetensors#y'],
    ],
    ['an operation', 2, () => [nasty, 'scene.png', 'o.png']],
    ['an option', 2, () => ['sobel', 'scene.png', 'o.png', `--${nasty}`]],
    ['a value', 2, () => ['gaussian', 'scene.png', 'o.png', '--sigma', nasty]],
    ['a border', 2, () => ['gaussian', 'scene.png', 'o.png', '--border', nasty]],
    ['words too many', 2, () => ['sobel', 'scene.png', 'o.png', nasty]],
    ['a chain', 2, () => ['chain', picture, 'o.png', '--', nasty]],
    [
      'two pictures',
      1,
      () => ['compare', 'scene.png', picture, '--size', 'pad', '--diff', `${nasty}.diff.png`],
    ],
    ['two pictures in JSON', 1, () => ['compare', 'scene.png', picture, '--json']],
    ['a mask', 2, () => ['compare', picture, picture, '--mask', missing]],
    ['a digest', 0, () => ['digest', picture, '--json']],
    ['a digest of nothing', 2, () => ['digest', missing]],
    ['an explanation', 0, () => ['explain', 'conv2d', picture, '--kernel', kernel]],
    ['an explanation in JSON', 0, () => ['explain', 'conv2d', picture, '--kernel', kernel, '--json']],
    ['an explanation drawn', 0, () => ['explain', 'conv2d', picture, '--kernel', kernel, '--svg', '-']],
    ['a kernel shown', 0, () => ['show', kernel]],
    ['a kernel in JSON', 0, () => ['show', kernel, '--json']],
    ['a kernel drawn', 0, () => ['show', kernel, '-']],
    ['a photo', 2, () => ['show', kernel, 'o.png', '--photo', missing]],
    ['a kernel written', 2, () => ['kernel', 'convert', kernel, `o.${nasty}`]],
    ['an animation', 0, () => ['animate', 'conv2d', `${nasty}.svg`]],
    ['an animation that is none', 2, () => ['animate', nasty, 'o.gif']],
    ['a frame', 2, () => ['animate', 'conv2d', `o.${nasty}`]],
    ['a batch', 0, () => ['batch', folder, '-o', `out/${nasty}/{stem}.png`, '--verbose', '--', 'sobel']],
    ['a batch in JSON', 0, () => ['batch', folder, '-o', 'out/{stem}.png', '--json', '--', 'sobel']],
    ['a batch explained', 0, () => ['batch', folder, '-o', 'out/{stem}.png', '--explain', '--', 'sobel']],
    ['a batch that fails', 2, () => ['batch', `${plain}.txt`, '-o', 'out/{stem}.png', '--', 'sobel']],
    ['a batch of nothing', 2, () => ['batch', missing, '-o', 'out/{stem}.png', '--', 'sobel']],
    ['a template', 2, () => ['batch', folder, '-o', `out/{${nasty}}.png`, '--', 'sobel']],
    ['a log', 2, () => ['batch', 'merge', missing]],
    ['a list', 2, () => ['list', nasty]],
    ['a shell', 2, () => ['completion', nasty]],
    ['help', 2, () => ['help', nasty]],
    ['a manifest', 2, () => ['check', `${nasty}.yaml`]],
    ['a case', 2, () => ['approve', nasty]],
    ['results', 2, () => ['review', '--results', nasty]],
    ['a report', 2, () => ['report', 'merge', missing]],
  ])('is escaped where it is that of %s', async (_, status, args) => {
    expect((await run(...args())).status).toBe(status)
  })

  it('leaves JSON as JSON, with the name as it is', async () => {
    const { stdout } = await run('digest', picture, '--json')
    expect(JSON.parse(stdout).image).toBe(picture)
  })

  it('is escaped in files that are drawn', async () => {
    await run('show', kernel, 'k.svg')
    await run('explain', 'conv2d', picture, '--kernel', kernel, '--svg', 'e.svg')
    for (const file of ['k.svg', 'e.svg']) {
      const svg = readFileSync(here.path(file), 'utf8')
      expectSafe(svg)
      expect(svg).not.toContain('<script>')
    }
  })
})

describe('a case of such a name', () => {
  // a manifest refuses C0 in names, and GitHub treats a line that begins like this as a command
  const name = `::error::${nasty.replace(/\p{Cc}/gu, '')}`
  const names = ['pretty', 'lines', 'json', 'jsonl', 'junit', 'markdown', 'github', 'html']
  let failed: Run

  beforeAll(async () => {
    mkdirSync(here.path(`${plain}.in`))
    writeFileSync(here.path(`${plain}.in/${nasty}.png`), stripes(16))
    const manifest = (sigma: number) =>
      JSON.stringify({
        cases: [
          { name, input: `${plain}.in/${nasty}.png`, run: ['gaussian', '--sigma', String(sigma)] },
          { name: 'wrong', input: `${plain}.in/missing.png`, run: ['sobel'] },
        ],
      })
    writeFileSync(here.path('m.json'), manifest(1))
    await run('check', 'm.json', '--update')
    writeFileSync(here.path('m.json'), manifest(3))
    const reporters = names.flatMap((name) => ['--reporter', `${name}=r.${name}`])
    failed = await run('check', 'm.json', ...reporters, '--tighten')
  })

  it.each(names)('is escaped by %s, in a file and on standard output', async (reporter) => {
    expect(failed.status).toBe(1)
    const text = readFileSync(here.path(`r.${reporter}`), 'utf8')
    expectSafe(text.replace(/<script>(?!i)[\s\S]*$/, ''))
    if (['html', 'markdown', 'junit'].includes(reporter))
      expect(text.replace(/```sh[\s\S]*/, '')).not.toContain('<script>i')
    if (reporter === 'markdown') expect(text).toContain('e\\|f')
    if (reporter === 'json') expect(JSON.parse(text).cases[0].name).toBe(name)
    await run('check', 'm.json', '--reporter', reporter)
  })

  it('is a word of the command that approves it, which works', async () => {
    const { stdout } = await run('check', 'm.json')
    expect(stdout).toMatch(/if this is intended: .*\$'/)
  })
})

describe('the door for messages', () => {
  const src = fileURLToPath(new URL('../../src/', import.meta.url))
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'))
  const having = (what: RegExp) =>
    files.filter((name) => what.test(readFileSync(join(src, name), 'utf8'))).sort()

  it('is the only one: standard output and error are written to in one file, pictures in two others', () => {
    // the standard error of decoders that print is read by their parent
    const streams = /\b(?:std(?:out|err)\.write|console\.|writeSync\((?:1|2),)/
    expect(having(streams)).toEqual([
      'files/output.ts',
      'host/io.ts',
      'image/borrowed-decoders.ts',
      'image/decoder.ts',
    ])
  })

  it('lets only these write what is not escaped', () => {
    expect(having(/\bnew Verbatim\(|\bcoloured\(/)).toEqual([
      'batch/printer.ts',
      'golden/check.ts',
      'golden/reporters/github.ts',
      'golden/reporters/html.ts',
      'golden/reporters/pretty.ts',
      'golden/review.ts',
      'host/io.ts',
      'picture/preview.ts',
      'teach/show/show.ts',
      'text/message.ts',
    ])
  })
})

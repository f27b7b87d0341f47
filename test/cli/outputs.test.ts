import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest'
import { loadSharp } from '../../src/image/sharp.ts'
import { launcher, neverNaming, type RunOptions, convo as runConvo, start } from './convo.ts'

let folder = ''
const at = (name: string) => join(folder, name)
const convo = (args: readonly string[], options: RunOptions = {}) =>
  runConvo(args, { cwd: folder, ...options })
const pictures = () =>
  readdirSync(folder)
    .filter((name) => /\.(png|jpg|npy)$/.test(name))
    .sort()

/** A picture that another program made. */
async function foreign(name: string, seed: number): Promise<Buffer> {
  const data = Uint8Array.from({ length: 12 * 8 * 3 }, (_, i) => (i * seed) % 251)
  const raw = { width: 12, height: 8, channels: 3 } as const
  const made = loadSharp()(data, { raw })
  const bytes = await (name.endsWith('.jpg') ? made.jpeg() : made.png()).toBuffer()
  writeFileSync(at(name), bytes)
  return bytes
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'convo-outputs-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('templates are the same everywhere', () => {
  const commands: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ['sobel', ['sobel', 'in.png'], []],
    ['chain', ['chain', 'in.png'], ['--', 'box', '--', 'sobel']],
    ['show', ['show', 'in.json'], []],
    ['kernel convert', ['kernel', 'convert', 'in.json'], []],
  ]
  beforeEach(async () => {
    await foreign('in.png', 7)
    writeFileSync(at('in.json'), '[[1]]')
    mkdirSync(at('o'))
  })

  it.each(commands)('%s', async (name, words, more) => {
    const end = name === 'kernel convert' ? 'json' : 'png'
    const run = (output: string) => convo([...words, output, ...more])
    expect((await run(`o/{stem}-{ext}-{index:03}-{index}{{x}}.${end}`)).status).toBe(0)
    expect((await run(`{dir}/o/{rel}/{path}.${end}`)).status).toBe(0)
    const extension = words.at(-1)!.split('.')[1]
    expect(readdirSync(at('o')).sort()).toEqual([`in-${extension}-001-1{x}.${end}`, `in.${extension}.${end}`])
    for (const [template, code, why] of [
      ['{nothing}', 'E_NAME', 'keys: {path} {rel} {dir} {stem} {ext} {index} {hash} {op}'],
      ['{constructor}', 'E_NAME', 'keys: {path}'],
      ['{stem:4}', 'E_OPTION', '{stem} takes no format'],
      ['{index:536870000}{index:536870000}', 'E_OPTION', 'a number of digits from 1 to 15'],
      ['{hash:99999}', 'E_OPTION', 'a number of digits from 1 to 64'],
      ['a}b', 'E_OPTION', 'a closing brace has no opening brace'],
      ['a{b', 'E_OPTION', 'the brace is not closed'],
      [`{${'x'.repeat(100000)}}`, 'E_NAME', 'keys: {path}'],
    ] as const) {
      const { status, stderr } = await run(`o/${template}.${end}`)
      expect([status, stderr]).toEqual([2, expect.stringContaining(code)])
      expect(stderr).toContain(why)
      expect(stderr.length).toBeLessThan(2000)
    }
    expect(readdirSync(at('o'))).toHaveLength(2)
  })

  it.each([
    ['a{b.png', 'a{{b.png'],
    ['a}b.png', 'a}}b.png'],
    ['a{stem.png', 'a{stem}.png'],
    ['a{stm}.png', 'a{stem}.png'],
    ['a{nothing}.png', 'a{{nothing}}.png'],
  ])('%s leads to %s, which works', async (typed, meant) => {
    const { stderr } = await convo(['sobel', 'in.png', typed])
    expect(stderr).toContain(`  try: convo sobel in.png '${meant}'\n`)
    expect((await convo(['sobel', 'in.png', meant])).status).toBe(0)
  })

  it.skipIf(process.platform !== 'linux')('a name that is not UTF-8 is told from one that is missing', () => {
    const command = `cp in.png $'n\\xff.png'; '${process.execPath}' '${launcher}' sobel $'n\\xff.png' o.png`
    const { status, stderr } = spawnSync('bash', ['-c', command], { cwd: at(''), encoding: 'utf8' })
    expect([status, stderr]).toEqual([2, expect.stringContaining('cannot be opened: its name is not UTF-8')])
  })

  it('{hash} and {op} are those of a batch', async () => {
    expect((await convo(['sobel', 'in.png', 'o/{hash:8}-{op}.png'])).status).toBe(0)
    const [own] = readdirSync(at('o'))
    await convo(['batch', 'in.png', '-o', 'b/{hash:8}-{op}.png', '--', 'sobel'])
    expect(existsSync(at(`b/${own}`))).toBe(true)
  })

  it('pages, slices, maps and batches are counted from 1', async () => {
    const page = (seed: number) => Uint8Array.from({ length: 36 }, (_, i) => (i * seed) % 255)
    const frames = Buffer.concat([page(3), page(5), page(7)])
    const gif = await loadSharp()(frames, { raw: { width: 6, height: 18, channels: 1, pageHeight: 6 } })
      .gif()
      .toBuffer()
    writeFileSync(at('in.gif'), gif)
    expect((await convo(['box', 'in.gif', 'o/p{index}.png'])).status).toBe(0)
    expect((await convo(['conv3d', 'in.gif', 'o/s{index:02}.png'])).status).toBe(0)
    const split = await convo(['conv2d', 'in.png', 'o/m.png', '--channels', 'split', '--kernel', 'sobel-x'])
    expect(split).toMatchObject({
      status: 0,
      stderr: expect.stringContaining('3 files: o/m-1.png to o/m-3.png; channel 0 is the first\n'),
    })
    await convo(['batch', 'in.png', 'in.gif', '-o', 'o/b{index}.png', '--', 'sobel'])
    const made = readdirSync(at('o'))
      .filter((name) => name.endsWith('.png'))
      .sort()
    expect(made).toEqual(
      ['b1', 'b2', 'm-1', 'm-2', 'm-3', 'p1', 'p2', 'p3', 's01', 's02', 's03'].map((name) => `${name}.png`),
    )
  })

  it('standard input has no name to fill in', async () => {
    const stdin = readFileSync(at('in.png'))
    expect((await convo(['sobel', '-', 'o/{op}-{index}.png'], { stdin })).status).toBe(0)
    expect(await convo(['sobel', '-', 'o/{stem}.png'], { stdin })).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('{stem} needs an input with a name'),
    })
  })

  it('logs, lists of failures and reports know {shard} alone', async () => {
    const batch = (...more: string[]) => convo(['batch', 'in.png', '-o', 'o/x.png', ...more, '--', 'sobel'])
    expect((await batch('--log', 'log-{shard}{{}}.jsonl')).status).toBe(0)
    expect(existsSync(at('log-1-of-1{}.jsonl'))).toBe(true)
    for (const option of ['--log', '--failed-list']) {
      expect(await batch(option, '{stem}.txt')).toMatchObject({
        status: 2,
        stderr: expect.stringContaining('keys: {shard}'),
      })
    }
    writeFileSync(at('convo.check.yaml'), 'cases: [{name: e, input: in.png, run: [sobel]}]\n')
    expect((await convo(['check', '--shard', '1/1', '--reporter', 'json=r-{shard}.json'])).status).toBe(1)
    expect(existsSync(at('r-1-of-1.json'))).toBe(true)
    expect((await convo(['check', '--reporter', 'json={stem}.json'])).status).toBe(2)
  })
})

describe('a picture that convo did not make', () => {
  it('is not replaced where a pattern may have named it: sobel *.png', async () => {
    await foreign('a.png', 3)
    const before = await foreign('b.png', 5)
    for (const words of [['sobel'], ['chain']]) {
      const run = await convo([...words, 'a.png', 'b.png', ...(words[0] === 'chain' ? ['--', 'sobel'] : [])])
      expect([run.status, run.stderr]).toEqual([2, expect.stringContaining('[E_EXISTS]')])
      expect(run.stderr).toMatch(/try: convo .* --force\b/)
      expect(readFileSync(at('b.png')).equals(before)).toBe(true)
    }
    expect((await convo(['sobel', 'a.png', 'b.png', '--dry-run'])).status).toBe(2)
    expect(await convo(['sobel', 'a.png', 'b.png', '--force', '--range', 'minmax'])).toMatchObject({
      status: 0,
      stderr: '',
    })
    // now convo has made it
    expect(await convo(['box', 'a.png', 'b.png'])).toMatchObject({ status: 0, stderr: '' })
  })

  it('as img*.png, also among others; with folders, and photos', async () => {
    for (const name of ['img1.jpg', 'img2.jpg', 'other.jpg']) await foreign(name, 3)
    expect((await convo(['box', 'img1.jpg', 'img2.jpg'])).status).toBe(2)
    expect((await convo(['box', `${folder}/img1.jpg`, `${folder}/img2.jpg`])).status).toBe(2)
    expect((await convo(['box', './img1.jpg', 'img2.jpg'])).status).toBe(2)
    // a pattern for these names also matches a third one, and sorts them in the other order
    await foreign('img3.jpg', 5)
    for (const [a, b] of [
      ['img1.jpg', 'img2.jpg'],
      ['other.jpg', 'img1.jpg'],
    ] as const) {
      const { status, stderr, stdout } = await convo(['box', a, b, '--json'])
      expect([status, stderr]).toEqual([0, `note: ${b} already existed and was replaced\n`])
      expect(JSON.parse(stdout).notes).toEqual([`${b} already existed and was replaced`])
    }
  })

  it('what convo made is replaced without a word, a foreign file with one', async () => {
    await foreign('in.png', 3)
    for (let i = 0; i < 2; i++) {
      expect(await convo(['box', 'in.png', 'out.png'])).toMatchObject({ status: 0, stderr: '' })
    }
    mkdirSync(at('sub'))
    await foreign('sub/out.png', 5)
    expect((await convo(['box', 'in.png', 'sub/out.png'])).stderr).toBe(
      'note: sub/out.png already existed and was replaced\n',
    )
    expect((await convo(['box', 'in.png', 'sub/out.png'])).stderr).toBe('')
  })

  it('kernels likewise', async () => {
    writeFileSync(at('a.json'), '[[1]]')
    writeFileSync(at('b.json'), '[[2]]')
    expect((await convo(['kernel', 'convert', 'a.json', 'b.json'])).status).toBe(2)
    expect(readFileSync(at('b.json'), 'utf8')).toBe('[[2]]')
    expect((await convo(['kernel', 'convert', 'a.json', 'b.json', '--force'])).status).toBe(0)
  })

  it('a log is not written over a picture', async () => {
    const before = await foreign('a.png', 3)
    await foreign('b.png', 3)
    const run = await convo(['batch', 'b.png', '-o', 'o/x.png', '--log', 'a.png', '--', 'sobel'])
    expect([run.status, run.stderr]).toEqual([2, expect.stringContaining('[E_EXISTS]')])
    expect(readFileSync(at('a.png')).equals(before)).toBe(true)
  })
})

describe('a format that is not written is named, with a command that works', () => {
  it.each([
    ['qoi', 'a QOI picture'],
    ['tga', 'a Targa picture'],
    ['jxl', 'a JPEG XL picture'],
    ['jp2', 'a JPEG 2000 picture'],
    ['heic', 'a HEIC picture'],
    ['exr', 'the format exr'],
    ['svg', 'the format svg'],
    ['pdf', 'a PDF document'],
    ['ico', 'a Windows icon'],
    ['tga', 'a Targa picture'],
  ])('%s', async (ending, what) => {
    await foreign('in.png', 3)
    for (const [line, fix] of [
      [`sobel in.png o.${ending}`, 'sobel in.png o.png'],
      [`chain in.png o.${ending} -- sobel`, 'chain in.png o.png -- sobel'],
      [`compare in.png in.png --diff o.${ending}`, 'compare in.png in.png --diff o.png'],
      [`batch in.png -o b/{stem}.${ending} -- sobel`, "batch in.png -o 'b/{stem}.png' -- sobel"],
    ] as const) {
      const { status, stderr } = await convo(line.split(' '))
      expect([line, status, stderr]).toEqual([
        line,
        2,
        expect.stringContaining(`: ${what} cannot be written; `),
      ])
      expect(stderr).toContain(`\n  try: convo ${fix}\n`)
      expect((await convo(fix.replaceAll("'", '').split(' '))).status).toBe(0)
    }
  })
})

describe.runIf(process.platform !== 'win32')('outputs that are no files', () => {
  const bash = (command: string) =>
    spawnSync('bash', ['-c', command.replaceAll('convo ', `${process.execPath} ${launcher} `)], {
      cwd: folder,
    })
  const png = (bytes: Buffer) => bytes.subarray(0, 8).toString('latin1') === '\x89PNG\r\n\x1a\n'

  beforeEach(async () => {
    await foreign('in.png', 3)
  })

  test('/dev/stdout, /dev/fd/N and >(command) are written to', async () => {
    const expected = (await convo(['sobel', 'in.png', '-'])).bytes
    expect((await convo(['sobel', 'in.png', '/dev/stdout'])).bytes.equals(expected)).toBe(true)
    expect(bash('convo sobel in.png /dev/stdout | cat').stdout.equals(expected)).toBe(true)
    expect(bash('{ printf before; convo sobel in.png /dev/stdout; printf after; } > both').status).toBe(0)
    expect(
      readFileSync(at('both')).equals(Buffer.concat([Buffer.from('before'), expected, Buffer.from('after')])),
    ).toBe(true)
    expect(bash('convo sobel in.png /dev/fd/7 7> seven.png').status).toBe(0)
    expect(readFileSync(at('seven.png')).equals(expected)).toBe(true)
    for (const [command, start] of [
      ['convo sobel in.png', 'PNG'],
      ['convo show sobel-x', '<svg'],
      ['convo animate conv2d', '<svg'],
      ['convo kernel convert sobel-x', '"weights"'],
    ] as const) {
      const { status, stderr } = bash(`set -o pipefail; ${command} >(cat > got); s=$?; wait $!; exit $s`)
      expect([command, status, String(stderr)]).toEqual([command, 0, expect.not.stringContaining('error')])
      expect(readFileSync(at('got')).subarray(0, 40).toString('latin1')).toContain(start)
    }
    expect(bash('convo chain in.png >(cat > got) -- box -- sobel; wait $!').status).toBe(0)
    expect(png(readFileSync(at('got')))).toBe(true)
  })

  test('pipes by name, /dev/null, and a log into a pipe', async () => {
    expect(spawnSync('mkfifo', [at('pipe')]).status).toBe(0)
    const reader = spawn('cat', [at('pipe')])
    const got: Buffer[] = []
    reader.stdout.on('data', (chunk: Buffer) => got.push(chunk))
    const ended = new Promise((done) => reader.on('close', done))
    expect((await convo(['sobel', 'in.png', 'pipe'])).status).toBe(0)
    await ended
    expect(png(Buffer.concat(got))).toBe(true)
    expect(await convo(['sobel', 'in.png', '/dev/null'])).toMatchObject({ status: 0 })
    const log = bash('convo batch in.png -o o/x.png -q --log /dev/stdout -- sobel')
    expect(
      String(log.stdout)
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line).event),
    ).toEqual(['start', 'item', 'end'])
    writeFileSync(at('convo.check.yaml'), 'cases: [{name: e, input: in.png, run: [sobel]}]\n')
    const report = bash('convo check --reporter json=/dev/fd/3 3> r.json')
    expect(report.status).toBe(1)
    expect(JSON.parse(readFileSync(at('r.json'), 'utf8')).cases).toHaveLength(1)
  })

  test('a descriptor that is not there, and a disk that is full, end with 2', async () => {
    expect(bash('convo sobel in.png /dev/fd/99').status).toBe(2)
    const grown = bash('ulimit -f 0; convo sobel in.png grown.png 2>&1 | cat')
    expect(String(grown.stdout)).toContain('grown.png is larger than a file may be here   [E_OUTPUT]')
    expect(pictures()).not.toContain('grown.png')
    expect((await convo(['sobel', 'in.png', '/dev/full'])).status).toBe(2)
    expect(
      (await convo(['batch', 'in.png', '-o', 'o/x.png', '--log', '/dev/full', '--', 'sobel'])).status,
    ).toBe(2)
  })
})

describe('outputs that cannot be written end with 2, and leave nothing', () => {
  const bad = ['afile/x', '/proc/convo', `${'n'.repeat(300)}`, 'missing/x', '.'] as const
  it.each(bad)('%s', async (name) => {
    await foreign('in.png', 3)
    writeFileSync(at('afile'), 'text')
    const end = (extension: string) => (name === '.' ? name : `${name}.${extension}`)
    const runs = [
      ['sobel', 'in.png', end('png')],
      ['chain', 'in.png', end('npy'), '--', 'sobel'],
      ['show', 'sobel-x', end('svg')],
      ['animate', 'conv2d', end('gif')],
      ['kernel', 'convert', 'sobel-x', end('json')],
      ['compare', 'in.png', 'in.png', '--diff', end('png')],
      ['batch', 'in.png', '-o', 'o/x.png', '--failed-list', end('txt'), '--', 'sobel'],
      ['batch', 'in.png', '-o', 'o/x.png', '--log', end('jsonl'), '--', 'sobel'],
    ]
    for (const words of runs) {
      const isMade = words[0] === 'batch' && name === 'missing/x'
      const isSame = words[0] === 'compare'
      const { status, stderr } = await convo(words)
      if (!isMade && !isSame) expect([words, status]).toEqual([words, 2])
      expect(stderr).not.toContain('E_INTERNAL')
      expect(status).not.toBe(70)
    }
    expect(readFileSync(at('afile'), 'utf8')).toBe('text')
    expect(pictures()).toEqual(['in.png'])
  })
})

describe.runIf(existsSync('/proc/self/stat'))('what a killed process left', () => {
  it('is cleared away by the next that writes there, and nothing else is', async () => {
    await foreign('in.png', 3)
    const { temporaryName } = await import('../../src/files/leftovers.ts')
    const { hostMark } = await import('../../src/files/leftovers.ts')
    const own = temporaryName()
    const dead = own.replace(`-${process.pid}-`, '-999999999-')
    // the number of a running process with another start time
    const reused = own.replace(/-(\d+)(-[0-9a-z]+\.tmp)$/, '-1$2')
    const elsewhere = dead.replace(hostMark(), '00000000')
    const kept = [own, elsewhere, '.convo-999999999-abc.tmp', `${dead}.`, `x${dead}`]
    const fill = () => {
      for (const name of [...kept, dead, reused, `${dead}.png`]) writeFileSync(at(name), 'half')
    }
    for (const words of [
      ['sobel', 'in.png', 'o.png'],
      ['show', 'sobel-x', 's.svg'],
      ['kernel', 'convert', 'sobel-x', 'k.json'],
      ['animate', 'conv2d', 'a.svg'],
      ['batch', 'in.png', '-o', 'b.png', '--', 'sobel'],
    ]) {
      fill()
      // a process cleans a folder only once
      expect((await convo(words, { node: [] })).status).toBe(0)
      const left = readdirSync(folder).filter((name) => name.includes('.tmp'))
      expect(left.sort()).toEqual([...kept].sort())
    }
  })

  it('an operation that was killed while it wrote', async () => {
    await foreign('in.png', 3)
    const temporary = () => readdirSync(folder).filter((name) => name.endsWith('.tmp'))
    const child = start(['gaussian', 'in.png', 'out.png'], { cwd: folder, env: neverNaming('out.png') })
    while (child.exitCode === null && temporary().length === 0)
      await new Promise((done) => setTimeout(done, 1))
    child.kill('SIGKILL')
    await new Promise((done) => child.on('close', done))
    expect(temporary()).toHaveLength(1)
    expect((await convo(['sobel', 'in.png', 'o.png'])).status).toBe(0)
    expect(temporary()).toEqual([])
  })
})

describe('what cannot be done is refused, not a bug', () => {
  beforeEach(() => foreign('in.png', 7))

  it.each([
    ['sobel in.png o.npy/', 'E_OUTPUT'],
    ['gaussian in.png new.png/', 'E_OUTPUT'],
    ['sobel in.png o.png --dilation 1000000000', 'E_TOO_LARGE'],
    ['sobel in.png o.png --padding 2147483648', 'E_TOO_LARGE'],
    ['unpool in.png o.png --size 1000000000', 'E_TOO_LARGE'],
    ['transposed in.png o.png --stride 100000', 'E_TOO_LARGE'],
    ['box in.png o.npy --scale 0', 'E_OPTION'],
    ['box in.png o.npy --scale 1e-320', 'E_OPTION'],
    ['box in.png o.npy --bias 1e39', 'E_OPTION'],
    ['batch in.png -o o/{stem}.png -- sobel', 'E_OUTPUT'],
  ])('%s', async (line, code) => {
    mkdirSync(at('o'))
    writeFileSync(at('o/.convo'), '')
    const { status, stderr } = await convo(line.split(' '))
    expect([status, stderr]).toEqual([2, expect.stringContaining(`[${code}]`)])
    expect(readdirSync(folder).sort()).toEqual(['in.png', 'o'])
  })

  it('a summary for GitHub that cannot be written', async () => {
    writeFileSync(at('convo.check.yaml'), 'cases:\n  - name: a\n    input: in.png\n    run: [sobel]\n')
    const env = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: at('no/such') }
    const { status, stderr } = await convo(['check'], { env })
    expect([status, stderr]).toEqual([2, expect.stringContaining('[E_OUTPUT]')])
  })

  it('approve --all where a case made no picture', async () => {
    writeFileSync(at('convo.check.yaml'), 'cases:\n  - name: a\n    input: in.png\n    run: [sobel]\n')
    mkdirSync(at('goldens/a.png'), { recursive: true })
    expect((await convo(['check'])).status).toBe(1)
    const { status, stderr } = await convo(['approve', '--all'])
    expect([status, stderr]).toEqual([1, 'note: a has no picture to approve\n'])
  })
})

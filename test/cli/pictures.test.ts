import { existsSync, linkSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import type { Report } from '../../src/picture/process.ts'
import { convo, scratch } from './convo.ts'

const clippedNote =
  /^note: \d+\.\d\d % of the samples were clipped: (\d+) above white; --scale lowers the values, --range minmax keeps them all\n$/

describe('a filter on a picture', () => {
  const folder = scratch('scene.png', 'gray16.png', 'alpha.png')
  const run = (...line: string[]) => convo(line, { cwd: folder.path() })
  const bytes = (name: string) => readFileSync(folder.path(name))

  it('writes the output, says nothing on stdout, and notes what was clipped on stderr', async () => {
    const { status, stdout, stderr } = await run('sobel', 'scene.png', 'edges.png')
    expect([status, stdout]).toEqual([0, ''])
    expect(stderr).toMatch(clippedNote)
    const [before, after] = await Promise.all([
      sharp(bytes('scene.png')).metadata(),
      sharp(bytes('edges.png')).metadata(),
    ])
    expect([after.width, after.height, after.channels]).toEqual([
      before.width,
      before.height,
      before.channels,
    ])
  })
  it('is silent where nothing was clipped, and with --quiet', async () => {
    expect(await run('gaussian', 'scene.png', 'smooth.png')).toMatchObject({
      status: 0,
      stdout: '',
      stderr: '',
    })
    expect(await run('sobel', 'scene.png', 'edges.png', '-q')).toMatchObject({
      status: 0,
      stdout: '',
      stderr: '',
    })
  })
  it('gives the same bytes through standard input and output, and for any number of threads', async () => {
    await run('emboss', 'scene.png', 'relief.png', '-q')
    const through = await convo(['emboss', '-', '-', '-q'], { stdin: bytes('scene.png') })
    expect(through.status).toBe(0)
    expect(through.bytes.equals(bytes('relief.png'))).toBe(true)
    for (const threads of ['1', '2', '5']) {
      await run('emboss', 'scene.png', 'again.png', '-q', '--threads', threads)
      expect(bytes('again.png').equals(bytes('relief.png'))).toBe(true)
    }
  })
  it('--json prints one object with sizes, plan and clipping', async () => {
    const { status, stdout, stderr } = await run('sobel', 'gray16.png', 'edges16.png', '--json')
    expect(status).toBe(0)
    const report = JSON.parse(stdout) as Report
    const { width, height } = await sharp(bytes('gray16.png')).metadata()
    expect(report).toMatchObject({
      operation: 'sobel',
      input: { path: 'gray16.png', width, height, channels: 1, depth: 16 },
      output: {
        path: 'edges16.png',
        width,
        height,
        channels: 1,
        depth: 16,
        bytes: bytes('edges16.png').length,
      },
    })
    expect(report.plan.length).toBeGreaterThan(0)
    expect(report.clipped.samples).toBe(width * height)
    expect(stderr === '').toBe(report.clipped.low + report.clipped.high === 0)
  })
  it('--verbose prints the report on stderr', async () => {
    const { stdout, stderr } = await run('gaussian', 'scene.png', 'smooth.png', '--verbose')
    expect(stdout).toBe('')
    expect(stderr).toMatch(
      /^input {3}scene\.png: 640x420, 3 channels, 8 bits\noutput {2}smooth\.png: 640x420, /,
    )
    expect(stderr).toContain('algorithm: ')
  })
  it('--fail-on-clip ends with 1 after writing, and with 0 where nothing was clipped', async () => {
    expect((await run('sobel', 'scene.png', 'strict.png', '--fail-on-clip')).status).toBe(1)
    expect(existsSync(folder.path('strict.png'))).toBe(true)
    expect((await run('gaussian', 'scene.png', 'strict.png', '--fail-on-clip')).status).toBe(0)
  })
  it('--dry-run tells and writes nothing', async () => {
    const before = folder.names()
    const text = await run('gaussian', 'scene.png', 'never.png', '--dry-run')
    expect([text.status, text.stderr]).toEqual([0, ''])
    expect(text.stdout).toMatch(/^operation: gaussian\ninput:\n {2}path: scene\.png\n {2}width: 640\n/)
    expect(text.stdout).toContain('algorithm: separable')
    const json = await run('gaussian', 'scene.png', 'never.png', '--dry-run', '--json')
    expect(JSON.parse(json.stdout)).toMatchObject({
      operation: 'gaussian',
      output: { path: 'never.png', width: 640 },
    })
    expect(folder.names()).toEqual(before)
  })
  it('takes negative values of options', async () => {
    // white minus the picture is its negative
    const line = ['conv2d', 'gray16.png', 'negative.png', '--kernel', '-1', '--bias', '255', '-q']
    expect((await run(...line)).status).toBe(0)
    const [before, after] = await Promise.all(
      ['gray16.png', 'negative.png'].map((name) =>
        sharp(bytes(name)).toColourspace('grey16').raw({ depth: 'ushort' }).toBuffer(),
      ),
    )
    const samples = (b: Buffer) => new Uint16Array(b.buffer, b.byteOffset, b.length / 2)
    expect(samples(after!).every((v, i) => v === 65535 - samples(before!)[i]!)).toBe(true)
  })

  it('refuses to overwrite the input, under any of its names', async () => {
    const before = bytes('scene.png')
    symlinkSync('scene.png', folder.path('link.png'))
    linkSync(folder.path('scene.png'), folder.path('hard.png'))
    for (const output of ['scene.png', './scene.png', 'link.png', 'hard.png']) {
      expect(await run('sobel', 'scene.png', output)).toMatchObject({
        status: 2,
        stdout: '',
        stderr: expect.stringMatching(/is also the input {3}\[E_IN_PLACE\]\n {2}try: convo .* --in-place\n$/),
      })
      expect(bytes('scene.png').equals(before)).toBe(true)
    }
  })
  it('rehearses that with --dry-run', async () => {
    const before = bytes('scene.png')
    const { status, stdout } = await run(
      'sobel',
      'scene.png',
      'scene.png',
      '--in-place',
      '--dry-run',
      '--json',
    )
    expect([status, JSON.parse(stdout).output.path]).toEqual([0, 'scene.png'])
    expect(bytes('scene.png').equals(before)).toBe(true)
  })
  it('overwrites it with --in-place', async () => {
    writeFileSync(folder.path('own.png'), bytes('scene.png'))
    expect((await run('sobel', 'own.png', 'own.png', '--in-place', '-q')).status).toBe(0)
    await run('sobel', 'scene.png', 'other.png', '-q')
    expect(bytes('own.png').equals(bytes('other.png'))).toBe(true)
  })

  it('names an input that is not there, and the one that was meant', async () => {
    expect(await run('sobel', 'scnee.png', 'x.png')).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringMatching(
        /^error: there is no file scnee\.png {3}\[E_INPUT\]\n {2}try: convo \w+ scene\.png .*\n$/,
      ),
    })
    expect((await run('sobel', 'nowhere/scene.png', 'x.png')).stderr).toContain(
      'nowhere/scene.png   [E_INPUT]',
    )
  })
  it.each([
    [
      'a folder that is not there',
      'none/x.png',
      /^error: there is no folder none for x\.png {3}\[E_OUTPUT\]\n.*\n {2}try: mkdir -p none\n$/,
    ],
    [
      'a folder of two words that is not there',
      'no folder/x.png',
      /^error: there is no folder no folder for x\.png {3}\[E_OUTPUT\]\n.*\n {2}try: mkdir -p 'no folder'\n$/,
    ],
    [
      'a path that can only be a folder, and is not there',
      'none/',
      /^error: there is no folder none\/ {3}\[E_OUTPUT\]\n {2}try: mkdir -p none\/\n$/,
    ],
    ['no path at all', '', /^error: an argument is empty {3}\[E_USAGE\]\n.*\n {2}try: convo sobel --help\n$/],
    ['a folder', 'sub', /^error: sub is a folder, not a file {3}\[E_OUTPUT\]\n/],
    ['a file as a folder', 'scene.png/x.png', /^error: .*\[E_OUTPUT\]\n/],
    [
      'a kind that is not written',
      'x.psd',
      /^error: there is no picture format for files ending in \.psd {3}\[E_OUTPUT\]\n.*\n {2}try: convo .* x\.png\n$/,
    ],
  ])('refuses an output in %s', async (_, output, stderr) => {
    mkdirSync(folder.path('sub'), { recursive: true })
    const result = await run('sobel', 'scene.png', output)
    expect([result.status, result.stdout]).toEqual([2, ''])
    expect(result.stderr).toMatch(stderr)
  })
  it('leaves no trace of a run that failed, and the old output as it was', async () => {
    writeFileSync(folder.path('cut.png'), bytes('scene.png').subarray(0, 60_000))
    writeFileSync(folder.path('old.png'), 'old')
    const before = folder.names()
    const { status, stderr } = await run('sobel', 'cut.png', 'old.png')
    expect(status).toBe(2)
    expect(stderr).toMatch(/^error: .*cut\.png.*\[E_DECODE\]\n/)
    expect(bytes('old.png').toString()).toBe('old')
    expect(folder.names()).toEqual(before)
  })
  it('says that standard input is empty', async () => {
    expect(await run('sobel', '-', 'x.png')).toMatchObject({
      status: 2,
      stderr:
        'error: standard input is empty   [E_DECODE]\n  standard input: 0 bytes\n' +
        '  try: a command before the pipe that writes a picture\n',
    })
  })
  it('names a kernel that is needed', async () => {
    const { status, stderr } = await run('conv2d', 'scene.png', 'x.png')
    expect(status).toBe(2)
    expect(stderr).toMatch(
      /^error: conv2d needs a kernel {3}\[E_USAGE\]\n {2}--kernel <kernel>: .*\n {2}try: convo conv2d .* --kernel sharpen\n$/,
    )
  })
})

import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { idatChunk, pngHeader } from '../../../src/image/png.ts'
import { convo, launcher, neverNaming, start } from '../convo.ts'
import { entries, inputsOf, png, tree, write, writePictures } from './pictures.ts'

let folder = ''
const at = (name: string) => join(folder, name)
const batch = (...args: string[]) => convo(['batch', ...args], { cwd: folder })
const sobel = ['--', 'sobel']
/** The environment of `sbatch --array=0-4:2`. */
const array = {
  SLURM_ARRAY_TASK_MIN: '0',
  SLURM_ARRAY_TASK_MAX: '4',
  SLURM_ARRAY_TASK_STEP: '2',
  SLURM_ARRAY_TASK_COUNT: '3',
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'convo-batch-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** Returns the finished pictures of a folder, if it exists. */
const picturesOf = (name: string) =>
  existsSync(name) ? readdirSync(name).filter((file) => !file.startsWith('.')) : []

const pause = (milliseconds: number) => new Promise((done) => setTimeout(done, milliseconds))

/** Returns the worker processes of a batch. */
function workersOf({ pid }: { readonly pid?: number | undefined }): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    return text
      .split(' ')
      .filter((word) => word.trim() !== '')
      .map(Number)
  } catch {
    // the batch has already ended
    return []
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Returns a PNG with a header of `size` x `size` pixels and hardly any data. */
const hugePng = (size: number) => [
  pngHeader({ width: size, height: size, channels: 3, depth: 8, meta: {} }),
  ...idatChunk([new Uint8Array(64)]),
  png(1).slice(-12),
]

/** Returns the outputs of a run that is not interrupted. */
async function uninterrupted(input = 'in'): Promise<Map<string, Buffer>> {
  const run = await batch(input, '-r', '-o', 'whole/{rel}/{stem}.png', '-q', ...sobel)
  expect(run.status).toBe(0)
  return tree(at('whole'))
}

it.each([
  ['webp', 'sobel', '--quality', '30'],
  ['jpg', 'sobel', '--subsampling', '4:2:0'],
  ['tif', 'sobel', '--depth', '32'],
  ['webp', 'chain', '--quality', '30', '--', 'sobel', '--', 'relu'],
])('outputs in %s take their options: %s %s %s', async (extension, ...words) => {
  await writePictures(join(folder, 'in'), 1)
  const [name] = readdirSync(at('in'))
  const made = await batch('in', '-o', `out/{stem}.${extension}`, '--', ...words)
  expect([made.status, made.stderr]).toEqual([0, expect.not.stringContaining('error')])
  const [operation, ...rest] = words
  const alone = await convo([operation!, join('in', name!), `alone.${extension}`, ...rest], { cwd: folder })
  expect(alone.status).toBe(0)
  const [output] = readdirSync(at('out')).filter((file) => !file.startsWith('.'))
  expect(readFileSync(join(folder, 'out', output!))).toEqual(readFileSync(at(`alone.${extension}`)))
})

describe('a batch', () => {
  it('makes one output for each input, and skips what is up to date by content', async () => {
    writePictures(at('in'), 6)
    write(at('in/deep'), { 'q.png': png(99) })
    const line = ['in', '-r', '-o', 'out/{rel}/{stem}-{op}.png', '--json', ...sobel]
    const first = await batch(...line)
    expect(first.status).toBe(0)
    expect(inputsOf(first.stdout, 'done')).toHaveLength(7)
    expect([...tree(at('out')).keys()]).toContain('deep/q-sobel.png')
    const second = await batch(...line)
    expect([second.status, inputsOf(second.stdout, 'done')]).toEqual([0, []])
    writeFileSync(at('in/p002.png'), png(1234))
    rmSync(at('out/p004-sobel.png'))
    const third = await batch(...line)
    expect(inputsOf(third.stdout, 'done')).toEqual(['in/p002.png', 'in/p004.png'])
    const other = await batch(
      'in',
      '-r',
      '-o',
      'out/{rel}/{stem}-{op}.png',
      '--json',
      '--',
      'sobel',
      '--unit',
    )
    expect(inputsOf(other.stdout, 'done')).toHaveLength(7)
    const forced = await batch(...line.slice(0, -2), '--force', ...sobel)
    expect(inputsOf(forced.stdout, 'done')).toHaveLength(7)
  })

  it('names what would collide, and unknown keys, before it starts', async () => {
    writePictures(at('in'), 2)
    const collision = await batch('in', '-o', 'out/x.png', ...sobel)
    expect(collision.status).toBe(2)
    expect(collision.stderr).toMatch(/p000\.png[\s\S]*p001\.png/)
    const key = await batch('in', '-o', 'out/{stm}.png', ...sobel)
    expect([key.status, key.stderr]).toEqual([
      2,
      expect.stringMatching(/\{stm\}[\s\S]*try: convo batch in -o 'out\/\{stem\}\.png' -- sobel/),
    ])
    const same = await batch('in', '-o', '{path}', ...sobel)
    expect(same.status).toBe(2)
    expect(readdirSync(folder)).toEqual(['in'])
  })

  it('goes on when some fail, and names each: damaged, empty, gone, a bomb, names of every kind', async () => {
    const good = ['with space.png', 'línea ü 日本.png', 'new\nline.png', "quote's.png"]
    write(at('in'), Object.fromEntries(good.map((name, i) => [name, png(i)])))
    write(at('in'), { 'bad.png': png(7).slice(0, 200), 'zero.png': '' })
    write(at('in'), { 'large.png': png(8, 900, 700) })
    symlinkSync(at('in/with space.png'), at('in/link.png'))
    symlinkSync(at('in/nowhere.png'), at('in/dangling.png'))
    const line = [
      'in',
      '-o',
      'out/{stem}.png',
      '--json',
      '--failed-list',
      'failed.txt',
      '--',
      'sobel',
      '--max-pixels',
      '100k',
    ]
    const run = await batch(...line)
    expect(run.status).toBe(1)
    expect(inputsOf(run.stdout, 'failed')).toEqual(
      expect.arrayContaining(['in/bad.png', 'in/large.png', 'in/zero.png']),
    )
    for (const name of good) expect(inputsOf(run.stdout, 'done')).toContain(`in/${name}`)
    expect(inputsOf(run.stdout, 'done')).toContain('in/link.png')
    expect(readFileSync(at('failed.txt'), 'utf8')).toContain('in/bad.png')
    for (const code of ['E_DECODE', 'E_TOO_LARGE']) expect(run.stdout).toContain(code)
    const quick = await batch('in', '-o', 'other/{stem}.png', '--fail-fast', '--json', '-j', '1', ...sobel)
    expect(quick.status).toBe(1)
    expect(entries(quick.stdout).filter((e) => e.status === 'failed')).toHaveLength(1)
  })

  it.skipIf(process.platform !== 'linux')('says of a name that is not UTF-8 that it is none', async () => {
    write(at('in'), { 'a.png': png(1) })
    writeFileSync(
      Buffer.concat([Buffer.from(at('in/')), Buffer.from([0xff, 0xfe]), Buffer.from('.png')]),
      png(2),
    )
    const run = await batch('in', '-o', 'out/{stem}.png', ...sobel)
    expect([run.status, picturesOf(at('out'))]).toEqual([1, ['a.png']])
    expect(run.stderr).toContain('cannot be opened: its name is not UTF-8')
  })

  it('takes linked files for globs too, and does not look into linked folders', async () => {
    writePictures(at('in/deep'), 2)
    symlinkSync(at('in/deep/p000.png'), at('in/link.png'))
    symlinkSync(at('in/deep'), at('in/linked'))
    symlinkSync(at('in'), at('in/deep/circle'))
    const run = await batch('in/**/*.png', '-o', 'out/{rel}/{stem}.png', '--json', ...sobel)
    expect(inputsOf(run.stdout, 'done')).toEqual(['in/deep/p000.png', 'in/deep/p001.png', 'in/link.png'])
  })

  it.each([['in'], ['in/*'], ['in/**', '-r']])('tells of pictures that are not read: %s', async (...line) => {
    write(at('in'), {
      'a.png': png(1),
      'b.qoi': 'qoif',
      'c.HEIC': 'x',
      'd.nef': 'x',
      'e.txt': 'x',
      '.f.qoi': 'x',
    })
    const run = await batch(...line, '-o', 'out/{stem}.png', ...sobel)
    expect([run.status, picturesOf(at('out'))]).toEqual([0, ['a.png']])
    expect(run.stderr).toContain(
      'note: in/b.qoi is a QOI picture, which convo does not read: it and 2 more were skipped\n',
    )
  })

  it('tells of them where there is no other', async () => {
    write(at('in'), { 'b.qoi': 'qoif' })
    const { status, stderr } = await batch('in', '-o', 'out/{stem}.png', ...sobel)
    expect([status, stderr]).toEqual([
      2,
      'error: no pictures found in in   [E_INPUT]\n  in/b.qoi is a QOI picture, which convo does not read: it was skipped\n',
    ])
  })

  it('runs again what another version of the arithmetic made, and says so', async () => {
    writePictures(at('in'), 2)
    const line = ['in', '-o', 'out/{stem}.png', '--explain']
    await batch(...line, ...sobel)
    const state = at('out/.convo/state.jsonl')
    // in the order in which they were finished
    const [first = '', ...others] = readFileSync(state, 'utf8').split('\n')
    const { input, arithmetic } = JSON.parse(first) as { input: string; arithmetic: number }
    writeFileSync(
      state,
      [JSON.stringify({ ...JSON.parse(first), arithmetic: arithmetic - 1 }), ...others].join('\n'),
    )
    const next = await batch(...line, '--dry-run', ...sobel)
    const told = (name: string) =>
      name === input
        ? expect.stringMatching(/^run .*: convo computes differently now$/)
        : expect.stringMatching(/^skip .*: up to date$/)
    expect(next.stdout.split('\n')).toEqual([told('in/p000.png'), told('in/p001.png'), ''])
  })

  it('lists failures for --files-from, also names with line ends, and says early what it cannot write', async () => {
    write(at('in'), { 'a.png': png(1), 'b.png': 'no picture', 'c\nd.png': 'neither' })
    const line = ['in', '-o', 'out/{stem}.png', '--failed-list']
    const lines = await batch(...line, 'lists/failed.txt', ...sobel)
    expect(lines.status).toBe(2)
    expect(lines.stderr).toContain('lists/failed.txt cannot hold a file name with a line break')
    expect(lines.stderr).toContain('3 pictures')
    // the message is on a single line
    expect(lines.stderr).toContain('error: in/c\\nd.png is not a picture')
    expect(readFileSync(at('lists/failed.txt'), 'utf8')).toBe('in/b.png\n')
    const nul = await batch(...line, 'failed', '-0', ...sobel)
    expect([nul.status, readFileSync(at('failed'), 'utf8')]).toEqual([1, 'in/b.png\0in/c\nd.png\0'])
    write(at('in'), { 'b.png': png(2), 'c\nd.png': png(3) })
    const rest = await batch('--files-from', 'failed', '-0', '-o', 'out/{stem}.png', '--json', ...sobel)
    expect(inputsOf(rest.stdout, 'done')).toEqual(['in/b.png', 'in/c\nd.png'])
    const early = await batch('in', '-o', 'new/{stem}.png', '--failed-list', 'in/a.png/x', ...sobel)
    expect([early.status, picturesOf(at('new'))]).toEqual([2, []])
  })

  it('stops after so many failures, or a share of them', async () => {
    write(at('in'), Object.fromEntries([...'abcdefghij'].map((name) => [`${name}.png`, 'no picture'])))
    for (const [most, failed] of [
      ['3', 3],
      ['50%', 5],
    ] as const) {
      const run = await batch(
        'in',
        '-o',
        'out/{stem}.png',
        '-j',
        '1',
        '--max-failures',
        most,
        '--json',
        ...sobel,
      )
      expect([run.status, inputsOf(run.stdout, 'failed').length]).toEqual([1, failed])
      expect(entries(run.stdout).at(-1)).toMatchObject({
        failed,
        left: 10 - failed,
        stopped: 'too many failures',
      })
    }
  })

  it('names a picture that vanishes, and one whose folder cannot be made, and does the others', async () => {
    writePictures(at('in'), 30, 300, 200)
    write(at('in/sub'), { 'q.png': png(1) })
    write(at('out'), { sub: 'a file in the way' })
    const child = start(['batch', 'in', '-r', '-o', 'out/{rel}/{stem}.png', '-j', '1', ...sobel], {
      cwd: folder,
    })
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
    const ended = new Promise<number | null>((done) => child.on('close', done))
    while (picturesOf(at('out')).length < 4 && child.exitCode === null) await pause(3)
    rmSync(at('in/p029.png'))
    expect(await ended).toBe(1)
    expect(said).toContain('error: there is no file in/p029.png')
    expect(said).toContain('in/sub/q.png')
    expect(said).toMatch(/31 pictures in .*: 29 done, 2 failed/)
  })

  it('holds pictures back that do not fit into the memory beside others, and refuses one that never will', async () => {
    writePictures(at('in'), 12, 300, 200)
    const most = async (...options: string[]) => {
      rmSync(at('out'), { recursive: true, force: true })
      const child = start(['batch', 'in', '-o', 'out/{stem}.png', '-q', '-j', '3', ...options, ...sobel], {
        cwd: folder,
      })
      const ended = new Promise<number | null>((done) => child.on('close', done))
      let workers = 0
      while (child.exitCode === null) {
        workers = Math.max(workers, workersOf(child).length)
        await pause(2)
      }
      expect(await ended).toBe(0)
      return workers
    }
    expect(await most('--memory', '1GiB')).toBe(3)
    // one that is working, and one that was released and has not ended yet
    expect(await most('--memory', '50MiB')).toBeLessThan(3)
    // the header announces a gigapixel, but there is hardly any data
    write(at('in'), { 'huge.png': Buffer.concat(hugePng(32_000)) })
    const line = ['in', '-o', 'webp/{stem}.webp', '--json', '--', 'sobel', '--max-pixels', '4G']
    const run = await batch(...line)
    expect([run.status, inputsOf(run.stdout, 'failed'), inputsOf(run.stdout, 'done').length]).toEqual([
      1,
      ['in/huge.png'],
      12,
    ])
    expect(run.stderr).toMatch(
      /huge\.png needs more memory than is available +\[E_MEMORY\]\n +in\/huge\.png: 1024000000 pixels need about \d+ MiB; \d+ MiB are available, --memory is \d+ MiB/,
    )
  })

  const canMount = process.getuid?.() === 0 && process.platform === 'linux'
  it.skipIf(!canMount)(
    'goes on after a full disk with what there was no room for (skipped without root)',
    async () => {
      writePictures(at('in'), 40, 160, 120)
      const whole = await uninterrupted()
      mkdirSync(at('out'))
      // room for half of the outputs, in whole pages
      const half = [...whole.values()].reduce((sum, { length }) => sum + Math.ceil(length / 4096) * 2048, 0)
      const mount = (...args: string[]) => spawnSync('mount', [...args, at('out')]).status
      if (mount('-t', 'tmpfs', '-o', `size=${half}`, 'tmpfs') !== 0)
        return expect(existsSync(at('out'))).toBe(true)
      try {
        const line = ['in', '-o', 'out/{stem}.png', '--json']
        const full = await batch(...line, ...sobel)
        const failed = inputsOf(full.stdout, 'failed')
        expect([full.status, failed.length > 0, failed.length < 40]).toEqual([1, true, true])
        expect(full.stderr).toContain(`${failed[0]}: the disk is full`)
        for (const [name, bytes] of tree(at('out'))) expect(bytes.equals(whole.get(name)!), name).toBe(true)
        expect(mount('-o', 'remount,size=20m', 'tmpfs')).toBe(0)
        const next = await batch(...line, ...sobel)
        const again = inputsOf(next.stdout, 'done')
        expect([next.status, failed.filter((input) => !again.includes(input))]).toEqual([0, []])
        // an output that could not be recorded is made again, and the first run reported that
        if (!full.stderr.includes('will be made again next time')) expect(again).toEqual(failed)
        expect(tree(at('out'))).toEqual(whole)
      } finally {
        spawnSync('umount', [at('out')])
      }
    },
  )

  it('has exit status 2 when nothing can run', async () => {
    mkdirSync(at('in'))
    expect((await batch('in', '-o', 'out/{stem}.png', ...sobel)).status).toBe(2)
    writePictures(at('in'), 1)
    write(folder, { out: 'a file in the way' })
    expect((await batch('in', '-o', 'out/{stem}.png', ...sobel)).status).not.toBe(0)
    expect(readFileSync(at('out'), 'utf8')).toBe('a file in the way')
  })
})

describe('an interrupted batch', () => {
  it('killed at 5 moments leaves no part of a picture; the next run makes the rest, and only the rest', async () => {
    writePictures(at('in'), 20, 160, 120)
    const whole = await uninterrupted()
    const line = ['batch', 'in', '-o', 'out/{stem}.png']
    let isPartly = 0
    for (let moment = 0; moment < 5; moment++) {
      rmSync(at('out'), { recursive: true, force: true })
      const child = start([...line, '-q', ...sobel], { cwd: folder, env: neverNaming('p019') })
      const ended = new Promise((done) => child.on('close', done))
      const wanted = moment * 4
      while (picturesOf(at('out')).length < wanted && child.exitCode === null) await pause(3)
      await pause((moment * 3) % 5)
      const workers = workersOf(child)
      child.kill('SIGKILL')
      await ended
      for (const pid of workers) while (isAlive(pid)) await pause(5)
      const left = picturesOf(at('out'))
      for (const name of left) {
        expect(readFileSync(at(`out/${name}`)).equals(whole.get(name)!), name).toBe(true)
      }
      if (left.length > 0) isPartly++
      const next = await batch(...line.slice(1), '--json', ...sobel)
      expect(next.status).toBe(0)
      const rest = [...whole.keys()].filter((name) => !left.includes(name)).map((name) => `in/${name}`)
      expect(inputsOf(next.stdout, 'done'), `after ${left.length} of 20`).toEqual(rest)
      expect(tree(at('out'))).toEqual(whole)
    }
    expect(isPartly).toBeGreaterThan(3)
  })

  it('ends on the first signal, says how to go on, and goes on', async () => {
    writePictures(at('in'), 30, 300, 200)
    const whole = await uninterrupted()
    for (const [signal, status] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
      ['SIGHUP', 129],
    ] as const) {
      const line = ['batch', 'in', '-o', 'out/{stem}.png', '--json', ...sobel]
      let [told, said] = ['', '']
      rmSync(at('out'), { recursive: true, force: true })
      const child = start(line, { cwd: folder, env: neverNaming('p029') })
      child.stdout.on('data', (chunk: Buffer) => {
        told += chunk.toString()
      })
      child.stderr.on('data', (chunk: Buffer) => {
        said += chunk.toString()
      })
      const ended = new Promise<number | null>((done) => child.on('close', done))
      while (picturesOf(at('out')).length < 3 && child.exitCode === null) await pause(3)
      const workers = workersOf(child)
      child.kill(signal)
      expect(await ended).toBe(status)
      for (const pid of workers) while (isAlive(pid)) await pause(5)
      expect(said).toContain("to resume: convo batch in --output 'out/{stem}.png' --json -- sobel")
      expect(entries(told).at(-1)).toMatchObject({ event: 'end', failed: 0, stopped: signal })
      expect([...tree(at('out')).keys()].filter((name) => name.startsWith('.'))).toEqual([])
      expect(readdirSync(at('out/.convo'))).toEqual(['state.jsonl'])
      expect((await batch(...line.slice(1))).status).toBe(0)
      expect(tree(at('out'))).toEqual(whole)
    }
  })
})

describe('a batch whose end comes from outside', () => {
  it('whose reader goes away ends quietly, with 2', async () => {
    writePictures(at('in'), 20)
    // the batch goes on after the first picture when somebody reads it, and nobody reads what it says
    mkdirSync(at('out'))
    spawnSync('mkfifo', [at('out/p000.png')])
    const line = ['batch', 'in', '-o', 'out/{stem}.png', '--json', '--jobs', '1', ...sobel]
    const child = start(line, { cwd: folder })
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
    const ended = new Promise<number | null>((done) => child.on('close', done))
    while (workersOf(child).length === 0 && child.exitCode === null) await pause(3)
    const workers = workersOf(child)
    child.stdout.destroy()
    expect(spawnSync('cat', [at('out/p000.png')], { timeout: 150_000 }).status).toBe(0)
    expect([await ended, said]).toEqual([2, ''])
    rmSync(at('out/p000.png'))
    for (const pid of workers) while (isAlive(pid)) await pause(5)
    expect([...tree(at('out')).keys()].filter((name) => name.startsWith('.'))).toEqual([])
  })
})

describe('--watch', () => {
  it('processes new, changed and slowly written pictures until it is stopped, and none of its own', async () => {
    writePictures(at('in'), 1)
    const line = ['batch', 'in', '-r', '-o', 'in/out/{rel}/{stem}.png', '--watch', '--json', ...sobel]
    const child = start(line, { cwd: folder })
    let [told, said] = ['', '']
    child.stdout.on('data', (chunk: Buffer) => {
      told += chunk.toString()
    })
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
    const ended = new Promise<number | null>((done) => child.on('close', done))
    const until = async (name: string, status: string, times = 1) => {
      const count = () =>
        inputsOf(told.slice(0, told.lastIndexOf('\n') + 1), status).filter((n) => n === name).length
      while (count() < times && child.exitCode === null) await pause(20)
    }
    await until('in/p000.png', 'done')
    while (!said.includes('watching')) await pause(20)
    // files that appear before their folder is watched are not seen
    const isWatched = (name: string) =>
      spawnSync('sh', ['-c', `cat /proc/${child.pid}/fdinfo/*`])
        .stdout.toString()
        .includes(` ino:${statSync(at(name)).ino.toString(16)} `)
    if (process.platform !== 'linux') await pause(1000)
    else while (!isWatched('in') || !isWatched('in/p000.png')) await pause(20)
    write(at('in'), {
      'new.png': png(1),
      'deep/er.png': png(2),
      'p000.png': png(3),
      'text.txt': 'none',
      'a.qoi': 'qoif',
    })
    const slow = png(4, 60, 60)
    writeFileSync(at('in/slow.png'), slow.slice(0, 900))
    await until('in/new.png', 'done')
    await until('in/deep/er.png', 'done')
    await until('in/p000.png', 'done', 2)
    await until('in/slow.png', 'failed')
    writeFileSync(at('in/slow.png'), slow)
    await until('in/slow.png', 'done')
    expect(said).toContain('in/a.qoi is a QOI picture, which convo does not read: it was skipped')
    rmSync(at('in/new.png'))
    child.kill('SIGINT')
    expect(await ended).toBe(130)
    expect(entries(told).at(-1)).toMatchObject({ event: 'end', failed: 0, done: 5, stopped: 'SIGINT' })
    expect([...tree(at('in/out')).keys()]).toEqual(['deep/er.png', 'new.png', 'p000.png', 'slow.png'])
  })
})

describe('shards', () => {
  it.each(['index', 'size'])('by %s, together make what one run makes', async (by) => {
    writePictures(at('in'), 17)
    const whole = await uninterrupted()
    for (const n of by === 'size' ? [1, 3] : [1, 2, 5, 7]) {
      const out = `out${n}`
      const runs = Array.from({ length: n }, (_, i) => {
        const mode = by === 'size' ? ['--shard-by', 'size'] : []
        const shard = ['--shard', `${i + 1}/${n}`, ...mode]
        return batch('in', '-o', `${out}/{stem}.png`, '-q', '-j', '1', ...shard, ...sobel)
      })
      for (const run of await Promise.all(runs)) expect(run.status).toBe(0)
      expect(tree(at(out))).toEqual(whole)
      // the outputs of all shards are up to date
      const all = await batch('in', '-o', `${out}/{stem}.png`, '--json', ...sobel)
      expect(inputsOf(all.stdout, 'current')).toHaveLength(17)
    }
  })

  it.each([
    ['Slurm', (i: number) => ({ ...array, SLURM_ARRAY_TASK_ID: String(2 * i) }), 'auto'],
    [
      'AWS Batch',
      (i: number) => ({ AWS_BATCH_JOB_ARRAY_INDEX: String(i), AWS_BATCH_JOB_ARRAY_SIZE: '3' }),
      'auto',
    ],
    ['Kubernetes', (i: number) => ({ JOB_COMPLETION_INDEX: String(i) }), 'auto/3'],
  ])(
    'of %s, by its variables, together make what one run makes, and say what is missing',
    async (_, env, auto) => {
      writePictures(at('in'), 8)
      const whole = await uninterrupted()
      const run = (i: number) =>
        convo(['batch', 'in', '-o', 'out/{stem}.png', '-q', '--shard', auto, ...sobel], {
          cwd: folder,
          env: env(i),
        })
      for (const i of [0, 2]) expect((await run(i)).status).toBe(0)
      const early = await convo(['batch', 'merge', 'out'], { cwd: folder })
      expect([early.status, early.stdout]).toEqual([
        1,
        expect.stringContaining('missing: shard 2 of 3 has no log: --shard 2/3'),
      ])
      expect(early.stdout).toContain('5 done, 3 not tried')
      expect((await run(1)).status).toBe(0)
      expect(tree(at('out'))).toEqual(whole)
      const merged = await convo(['batch', 'merge', 'out', '--json'], { cwd: folder })
      expect([merged.status, JSON.parse(merged.stdout)]).toEqual([
        0,
        expect.objectContaining({ shards: 3, done: 8, failed: 0, left: 0, missing: [] }),
      ])
    },
  )

  const hasParallel = spawnSync('parallel', ['--version']).status === 0
  it.skipIf(!hasParallel)(
    'four at a time by GNU parallel (skipped without it), and their logs merge',
    async () => {
      writePictures(at('in'), 20)
      const whole = await uninterrupted()
      writeFileSync(
        at('one.sh'),
        `#!/bin/sh\nexec '${process.execPath}' '${launcher}' batch in -o 'out/{stem}.png' -q --shard "$1/4" --log 'log-{shard}.jsonl' -- sobel\n`,
        { mode: 0o755 },
      )
      const { status, stderr } = spawnSync('parallel', ['-j', '2', './one.sh', ':::', '1', '2', '3', '4'], {
        cwd: folder,
        encoding: 'utf8',
      })
      expect([status, stderr.replace(/^Academic[\s\S]*?\n\n/, '')]).toEqual([0, expect.any(String)])
      expect(tree(at('out'))).toEqual(whole)
      const merged = await convo(['batch', 'merge', ...[1, 2, 3, 4].map((i) => `log-${i}-of-4.jsonl`)], {
        cwd: folder,
      })
      expect([merged.status, merged.stdout + merged.stderr]).toEqual([0, expect.stringMatching(/20/)])
    },
  )

  it('two batches on one root at once do not harm the state', async () => {
    writePictures(at('in'), 30, 120, 90)
    const whole = await uninterrupted()
    const both = await Promise.all(
      [0, 1].map(() => batch('in', '-o', 'out/{stem}.png', '-q', '--wait', ...sobel)),
    )
    expect(both.map((run) => run.status)).toEqual([0, 0])
    expect(tree(at('out'))).toEqual(whole)
    const again = await batch('in', '-o', 'out/{stem}.png', '--json', ...sobel)
    expect(inputsOf(again.stdout, 'done')).toEqual([])
  })
})

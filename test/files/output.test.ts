import { spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeEach, describe, expect, it } from 'vitest'
import { isSameFile, openOutput, writeAtomically } from '../../src/files/output.ts'
import { undoAll } from '../../src/signals.ts'
import { failure, temporaryFolder } from '../image/pictures.ts'

const top = temporaryFolder()
const folder = join(top, 'out')
const target = join(folder, 'a.png')
const bytes = (text: string) => new TextEncoder().encode(text)
const isPosix = process.platform !== 'win32'

beforeEach(() => {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
})

describe('writeAtomically', () => {
  it('writes chunks in order, also from shared memory and of no length', async () => {
    const shared = new Uint8Array(new SharedArrayBuffer(3)).fill(67)
    await writeAtomically(target, async (output) => {
      await output.write(bytes('A'))
      await output.write([bytes(''), bytes('BB'), shared])
      await output.write([])
    })
    expect(readFileSync(target, 'utf8')).toBe('ABBCCC')
    expect(readdirSync(folder)).toEqual(['a.png'])
  })

  it('shows nothing at the path before it is done', async () => {
    writeFileSync(target, 'old')
    const output = await openOutput(target)
    await output.write(bytes('new'))
    expect(readFileSync(target, 'utf8')).toBe('old')
    expect(readdirSync(folder).length).toBe(2)
    await output.commit()
    expect(readFileSync(target, 'utf8')).toBe('new')
    await output.abort() // too late to change anything
    expect(readFileSync(target, 'utf8')).toBe('new')
  })

  it('leaves the old file and nothing else when the work fails', async () => {
    writeFileSync(target, 'old')
    const work = writeAtomically(target, async (output) => {
      await output.write(bytes('half'))
      throw new Error('the work failed')
    })
    await expect(work).rejects.toThrow('the work failed')
    expect(readFileSync(target, 'utf8')).toBe('old')
    expect(readdirSync(folder)).toEqual(['a.png'])
  })

  it('keeps two outputs to one path apart', async () => {
    const [first, second] = [await openOutput(target), await openOutput(target)]
    await first.write(bytes('first'))
    await second.write(bytes('second'))
    await second.commit()
    await first.commit()
    expect(readFileSync(target, 'utf8')).toBe('first')
    expect(readdirSync(folder)).toEqual(['a.png'])
  })

  it('takes a name as long as names can be', async () => {
    const long = join(folder, `${'n'.repeat(251)}.png`)
    await writeAtomically(long, (output) => output.write(bytes('x')))
    expect(readFileSync(long, 'utf8')).toBe('x')
  })

  it.runIf(isPosix)('keeps the mode of a file that it replaces', async () => {
    writeFileSync(target, 'old')
    chmodSync(target, 0o640)
    await writeAtomically(target, (output) => output.write(bytes('new')))
    expect(statSync(target).mode & 0o777).toBe(0o640)
  })

  it.runIf(isPosix)('replaces the file that links lead to, and not the links', async () => {
    mkdirSync(join(folder, 'real'))
    const real = join(folder, 'real/b.png')
    symlinkSync('real/b.png', target)
    symlinkSync('a.png', join(folder, 'outer.png'))
    for (const text of ['first', 'second']) {
      await writeAtomically(join(folder, 'outer.png'), (output) => output.write(bytes(text)))
      expect(readFileSync(real, 'utf8')).toBe(text)
      expect(lstatSync(target).isSymbolicLink()).toBe(true)
    }
    expect(readdirSync(join(folder, 'real'))).toEqual(['b.png'])
  })

  it.runIf(isPosix)('writes into devices and does not replace them', async () => {
    await writeAtomically('/dev/null', (output) => output.write(bytes('gone')))
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true)
  })
})

describe('openOutput refuses', () => {
  it('a folder', async () => {
    const error = await failure('E_OUTPUT', () => openOutput(folder))
    expect(error.message).toBe(`${folder} is a folder, not a file`)
  })

  it('a folder that is not there, and says how to make it', async () => {
    const path = join(folder, 'sub/b.png')
    const error = await failure('E_OUTPUT', () => openOutput(path))
    expect(error.message).toBe(`there is no folder ${join(folder, 'sub')} for b.png`)
    expect(error.fix).toBe(`mkdir -p ${join(folder, 'sub')}`)
    expect(existsSync(join(folder, 'sub'))).toBe(false)
  })

  it('a file in place of a folder', async () => {
    writeFileSync(target, 'old')
    const error = await failure('E_OUTPUT', () => openOutput(join(target, 'b.png')))
    expect(error.message).toBe(`${target} is not a folder`)
    expect(error.fix).toBe('a path in another folder')
    const { message, fix } = await failure('E_OUTPUT', () => openOutput(`${target}/`))
    expect([message, fix]).toEqual([`${target}/ is a file, not a folder`, target])
  })

  it.runIf(existsSync('/dev/full'))('a disk that is full', async () => {
    const work = () => writeAtomically('/dev/full', (output) => output.write(bytes('x')))
    expect((await failure('E_OUTPUT', work)).message).toBe('the disk is full, /dev/full was not written')
  })

  it.runIf(isPosix && process.getuid?.() !== 0)('a folder without the right to write', async () => {
    chmodSync(folder, 0o500)
    expect((await failure('E_OUTPUT', () => openOutput(target))).message).toBe(
      `no permission to write ${target}`,
    )
    chmodSync(folder, 0o700)
  })
})

describe('temporary files', () => {
  it('are removed on request', async () => {
    const output = await openOutput(target)
    expect(readdirSync(folder).length).toBe(1)
    undoAll()
    expect(readdirSync(folder)).toEqual([])
    await output.abort()
  })

  const script = (rest: string) => `
    const { openOutput } = await import(${JSON.stringify(new URL('../../src/files/output.ts', import.meta.url).href)})
    const output = await openOutput(${JSON.stringify(target)})
    await output.write(Uint8Array.of(1, 2, 3))
    ${rest}`
  const node = (code: string) => ['--import', 'tsx', '--input-type=module', '-e', code]
  const cwd = fileURLToPath(new URL('../..', import.meta.url))

  it('are gone when the process exits, or dies of an error', () => {
    for (const rest of ['process.exit(3)', "throw new Error('a bug')"]) {
      const { status } = spawnSync(process.execPath, node(script(rest)), { cwd })
      expect(status).toBe(rest.includes('3') ? 3 : 1)
      expect(readdirSync(folder)).toEqual([])
    }
  })

  it.runIf(isPosix)('are gone when a signal ends the process, which still dies of it', async () => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      const child = spawn(
        process.execPath,
        node(script("console.log('open'); setInterval(() => {}, 1000)")),
        { cwd },
      )
      await new Promise((seen) => child.stdout.once('data', seen))
      expect(readdirSync(folder).length).toBe(1)
      const ended = new Promise((done) => child.once('exit', (_, by) => done(by)))
      child.kill(signal)
      expect(await ended).toBe(signal)
      expect(readdirSync(folder)).toEqual([])
    }
  })

  it('leave no listeners behind', async () => {
    const counts = () => ['exit', 'SIGTERM', 'SIGINT'].map((event) => process.listenerCount(event))
    const before = counts()
    for (let i = 0; i < 20; i++) await writeAtomically(target, (output) => output.write(bytes('x')))
    expect(counts()).toEqual(before)
  })
})

describe('standard output', () => {
  const run = (rest: string, command = process.execPath) => {
    const code = `
      const { openOutput } = await import(${JSON.stringify(new URL('../../src/files/output.ts', import.meta.url).href)})
      ${rest}`
    return spawnSync(command, ['--import', 'tsx', '--input-type=module', '-e', code], {
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
      maxBuffer: 1e8,
    })
  }

  it('gets everything at commit and nothing before', () => {
    const { stdout } = run(`
      const output = await openOutput('-')
      await output.write([new Uint8Array(3_000_000).fill(65), new Uint8Array(5).fill(66)])
      await output.commit()`)
    expect(stdout.length).toBe(3_000_005)
    expect(stdout.subarray(-6).toString()).toBe('ABBBBB')
    const aborted = run(`
      const output = await openOutput('-')
      await output.write(Uint8Array.of(65))
      await output.abort()`)
    expect(aborted.stdout.length).toBe(0)
  })

  it('refuses a terminal', () => {
    const { stdout } = run(`
      process.stdout.isTTY = true
      await openOutput('-').catch((e) => console.log(e.code, e.message))`)
    expect(stdout.toString()).toBe('E_OUTPUT refusing to write a picture to a terminal\n')
  })

  it.runIf(isPosix)('tells of a reader that went away', async () => {
    const code = `
      const { openOutput } = await import(${JSON.stringify(new URL('../../src/files/output.ts', import.meta.url).href)})
      const output = await openOutput('-')
      await output.write(new Uint8Array(5_000_000))
      await output.commit().catch((e) => console.error(e.code, e.message))`
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code], {
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
    })
    child.stdout.destroy()
    let said = ''
    child.stderr.on('data', (text) => {
      said += text
    })
    const status = await new Promise((done) => child.once('exit', done))
    expect(said).toBe('E_OUTPUT standard output was closed\n')
    expect(status).toBe(0)
  })
})

describe('isSameFile', () => {
  it('knows a file by other names', () => {
    writeFileSync(target, 'x')
    expect(isSameFile(target, join(folder, '../out/./a.png'))).toBe(true)
    linkSync(target, join(folder, 'hard.png'))
    expect(isSameFile(target, join(folder, 'hard.png'))).toBe(true)
    if (isPosix) {
      symlinkSync('a.png', join(folder, 'soft.png'))
      expect(isSameFile(join(folder, 'soft.png'), target)).toBe(true)
    }
  })

  it('is false for other files, missing ones and standard streams', () => {
    writeFileSync(target, 'x')
    writeFileSync(join(folder, 'b.png'), 'x')
    expect(isSameFile(target, join(folder, 'b.png'))).toBe(false)
    expect(isSameFile(target, join(folder, 'missing.png'))).toBe(false)
    expect(isSameFile('-', '-')).toBe(false)
  })
})

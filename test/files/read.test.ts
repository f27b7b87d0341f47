import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isMissing, isStream, readFileWhole, readText, readWhole } from '../../src/files/read.ts'
import { limits } from '../../src/limits.ts'
import { failure, temporaryFolder } from '../image/pictures.ts'

const folder = temporaryFolder()
const file = (name: string, content: string | Uint8Array = '') => {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}
const limit = { limit: 'manifestBytes' } as const
const { most } = limits.manifestBytes

describe('reading a file whole', () => {
  it('gives what is in it, however large', async () => {
    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, i) => i % 251))
    const path = file('a', bytes)
    expect(readFileWhole(path, limit).equals(bytes)).toBe(true)
    expect((await readWhole(path, limit)).equals(bytes)).toBe(true)
    expect(readText(file('b', 'ä'), 'manifestBytes')).toBe('ä')
    expect(readFileWhole(file('c'), limit).length).toBe(0)
  })

  it('refuses a file by its size, before it is read', async () => {
    const path = file('large')
    truncateSync(path, most + 1)
    const why = [`${path}: ${most + 1} bytes, the limit is ${most}`]
    expect((await failure('E_TOO_LARGE', () => readFileWhole(path, limit))).why).toEqual(why)
    expect((await failure('E_TOO_LARGE', () => readWhole(path, limit))).why).toEqual(why)
  })

  it.skipIf(process.platform === 'win32')('stops reading what never ends', async () => {
    await failure('E_TOO_LARGE', () => readFileWhole('/dev/zero', limit))
    await failure('E_TOO_LARGE', () => readWhole('/dev/zero', limit))
    const seen: number[] = []
    const check = (head: Uint8Array) => {
      seen.push(head.length)
      throw new Error('enough')
    }
    await expect(readWhole('/dev/zero', { ...limit, check })).rejects.toThrow('enough')
    expect(seen).toEqual([4096])
  })

  it('calls what cannot be read by its name', async () => {
    const missing = join(folder, 'missing')
    const error = await failure('E_INPUT', () => readFileWhole(missing, limit))
    expect([error.message, isMissing(error)]).toEqual([`there is no file ${missing}`, true])
    mkdirSync(join(folder, 'sub'))
    for (const read of [
      () => readFileWhole(join(folder, 'sub'), limit),
      () => readWhole(join(folder, 'sub'), limit),
    ]) {
      const refused = await failure('E_INPUT', read)
      expect([refused.message, isMissing(refused)]).toEqual([
        `${join(folder, 'sub')} is a folder, not a file`,
        false,
      ])
    }
    expect((await failure('E_INPUT', () => readFileWhole(join(folder, 'a', 'b'), limit))).message).toContain(
      'there is no file',
    )
  })

  it.skipIf(process.platform === 'win32')('reads a pipe, and refuses a socket', async () => {
    const pipe = join(folder, 'pipe')
    execFileSync('mkfifo', [pipe])
    expect([isStream(pipe), isStream('/dev/null'), isStream(folder), isStream(file('d', 'x'))]).toEqual([
      true,
      true,
      false,
      false,
    ])
    spawn('sh', ['-c', `printf 'through a pipe' > "${pipe}"`], { stdio: 'ignore' })
    expect((await readWhole(pipe, limit)).toString()).toBe('through a pipe')
    const path = join(folder, 'socket')
    const server = createServer().listen(path)
    await new Promise((ready) => server.once('listening', ready))
    expect((await failure('E_INPUT', () => readFileWhole(path, limit))).message).toContain(
      'is a socket or a missing device',
    )
    server.close()
  })

  it.runIf(process.platform === 'linux')('reads a file of /proc, which has no size', () => {
    expect(isStream('/proc/self/status')).toBe(true)
    expect(readText('/proc/self/status', 'manifestBytes')).toContain('Pid:')
  })

  it('says how to get at the file of an address', async () => {
    const remote = await failure('E_INPUT', () => readWhole('https://example.org/p/a.png?size=1', limit))
    expect(remote.fix).toBe("curl -L -o a.png 'https://example.org/p/a.png?size=1'")
    const local = await failure('E_INPUT', () => readWhole('file:///no/such%20file.png', limit))
    expect(local.instead).toEqual(['file:///no/such%20file.png', '/no/such file.png'])
  })
})

import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { holderOf, isHoldName, takeHold } from '../../src/files/hold.ts'
import { failure, temporaryFolder } from '../image/pictures.ts'

const taken = { message: 'another one is there', fix: '--wait' }
const locksIn = (root: string) => readdirSync(root).filter(isHoldName)
const take = (root: string, index?: number, count?: number) =>
  takeHold({ folder: root, taken, ...(index !== undefined && { shard: `${index}-of-${count}` }) })

/** Leaves a lock of a process that has ended, or of another host. */
function leave(root: string, holder: Record<string, unknown>): string {
  const path = join(root, `.convo-lock-x-${Math.random().toString(36).slice(2)}`)
  const whole = {
    host: hostname(),
    birth: '',
    space: '',
    shard: '',
    since: '2020-01-01',
    ...holder,
  }
  writeFileSync(path, JSON.stringify(whole))
  return path
}

describe('the hold of a folder', () => {
  it('excludes a second one, which says who holds it', async () => {
    const root = temporaryFolder()
    const lock = await take(root)
    const error = await failure('E_OUTPUT', () => take(root))
    expect(error.message).toBe(taken.message)
    expect(holderOf(root)).toContain(`process ${process.pid} on`)
    expect(error.why[0]).toContain(`process ${process.pid} on ${hostname()}`)
    expect(error.fix).toContain('--wait')
    lock.release()
    expect(locksIn(root)).toEqual([])
    ;(await take(root)).release()
  })

  it('is shared by different shards of one division, and by nobody else', async () => {
    const root = temporaryFolder()
    const [one, two] = [await take(root, 1, 3), await take(root, 2, 3)]
    await failure('E_OUTPUT', () => take(root, 2, 3))
    await failure('E_OUTPUT', () => take(root, 1, 2))
    await failure('E_OUTPUT', () => take(root))
    one.release()
    two.release()
    ;(await take(root)).release()
  })

  it('waits when asked to, and says for whom', async () => {
    const root = temporaryFolder()
    const lock = await take(root)
    let told = ''
    const second = takeHold({ folder: root, taken, onWait: (other) => (told = other) })
    let isTaken = false
    void second.then(() => (isTaken = true))
    while (told === '') await new Promise((done) => setTimeout(done, 5))
    expect(told).toContain(`process ${process.pid}`)
    await new Promise((done) => setTimeout(done, 300))
    expect(isTaken).toBe(false)
    lock.release()
    ;(await second).release()
    expect(locksIn(root)).toEqual([])
  })

  it('takes over what a dead process left', async () => {
    const root = temporaryFolder()
    const { pid } = spawnSync('true')
    const { space } = await ownHolder(root)
    const path = leave(root, { pid, space })
    const lock = await take(root)
    expect(existsSync(path)).toBe(false)
    lock.release()
  })

  it('is not deceived by another process with the number of the dead one', async () => {
    const root = temporaryFolder()
    const { space, birth } = await ownHolder(root)
    expect(birth).not.toBe('')
    leave(root, { pid: process.pid, space, birth: '1' })
    ;(await take(root)).release()
    leave(root, { pid: process.pid, space, birth })
    await failure('E_OUTPUT', () => take(root))
  })

  it('believes a lock of another host while it is touched, and drops it after two minutes', async () => {
    const root = temporaryFolder()
    const path = leave(root, { pid: 1, host: 'elsewhere' })
    const error = await failure('E_OUTPUT', () => take(root))
    expect(error.why[0]).toContain('process 1 on elsewhere')
    const before = new Date(Date.now() - 121_000)
    utimesSync(path, before, before)
    ;(await take(root)).release()
    expect(existsSync(path)).toBe(false)
  })

  it.each(['null', '[]', '{}', '{"host":1}', '{"pid":"x","host":"y"}', 'x'])(
    'does not trust what another file of the name says: %s',
    async (text) => {
      const root = temporaryFolder()
      const path = leave(root, {})
      writeFileSync(path, text)
      await failure('E_OUTPUT', () => take(root))
      const before = new Date(Date.now() - 121_000)
      utimesSync(path, before, before)
      ;(await take(root)).release()
      expect(existsSync(path)).toBe(false)
    },
  )

  it('makes the folder, and removes it where nothing came into it', async () => {
    const root = temporaryFolder()
    const lock = await take(join(root, 'a/b'))
    expect(locksIn(join(root, 'a/b'))).toHaveLength(1)
    lock.release()
    expect(readdirSync(root)).toEqual([])
    const other = await take(join(root, 'a/b'))
    writeFileSync(join(root, 'a/b/kept'), '')
    other.release()
    expect(readdirSync(join(root, 'a/b'))).toEqual(['kept'])
    expect(holderOf(join(root, 'a/b'))).toBeUndefined()
    expect(holderOf(join(root, 'none'))).toBeUndefined()
  })

  it('makes the folder again when another one that made it removes it', async () => {
    const root = temporaryFolder()
    await Promise.all(
      Array.from({ length: 20 }, async () =>
        (await takeHold({ folder: join(root, 'a'), taken, onWait: () => undefined })).release(),
      ),
    )
    expect(readdirSync(root)).toEqual([])
  })

  it('lets exactly one in when many come at once', async () => {
    const root = temporaryFolder()
    for (let round = 0; round < 5; round++) {
      let inside = 0
      let most = 0
      await Promise.all(
        Array.from({ length: 6 }, async () => {
          const lock = await takeHold({ folder: root, taken, onWait: () => undefined })
          inside++
          most = Math.max(most, inside)
          await new Promise((done) => setTimeout(done, 5))
          inside--
          lock.release()
        }),
      )
      expect(most).toBe(1)
    }
  })
})

/** Returns the content of a lock file of this process. */
async function ownHolder(root: string): Promise<{ space: string; birth: string }> {
  const lock = await take(root)
  const holder = JSON.parse(readFileSync(join(root, locksIn(root)[0]!), 'utf8'))
  lock.release()
  return holder as { space: string; birth: string }
}

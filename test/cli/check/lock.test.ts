import { describe, expect, it } from 'vitest'
import { ConvoError } from '../../../src/error.ts'
import { type LockEntry, lockText, readLock, writeLock } from '../../../src/golden/lock.ts'
import { repository, stripes } from './repository.ts'

const here = repository()

const entry = (file: string): LockEntry => ({
  file,
  digest: `sha256:${'0'.repeat(64)}`,
  width: 3,
  height: 4,
  channels: 1,
  depth: 16,
  tools: { convo: '1.2.3' },
})

describe('the lock file', () => {
  it('comes back as it was written, sorted, a golden on each line', async () => {
    const lock = new Map([
      ['b', entry('b.png')],
      ['a "quoted"', entry('a.png')],
    ])
    await writeLock(here.path(), lock)
    expect(new Map(readLock(here.path()))).toEqual(lock)
    const lines = here.read('convo.lock.json').toString().split('\n')
    expect(lines).toHaveLength(8)
    expect(lines[3]).toMatch(/^ {4}"a \\"quoted\\"": \{.*\},$/)
    expect(lines[4]).toMatch(/^ {4}"b": \{.*\}$/)
    expect(JSON.parse(lockText(new Map()))).toEqual({ version: 1, goldens: {} })
  })

  it('is empty where there is none', () => {
    expect(readLock(here.path('nowhere')).size).toBe(0)
  })

  it.each([
    ['<<<<<<< HEAD\n{}', /^Unexpected token/],
    ['{}', /^it has no goldens$/],
    ['{"version": 2, "goldens": {}}', /^its version is 2, this version of convo reads 1$/],
    ['{"version": 1, "goldens": {"a": {"file": "a.png"}}}', /^its entry "a" lacks file, digest or size$/],
    ['[]', /^it has no goldens$/],
    ...[{ width: -1 }, { height: 0.5 }, { channels: 9 }, { depth: 5 }, { tools: { convo: 1 } }].map(
      (wrong): [string, RegExp] => {
        const entry = { file: 'a.png', digest: '', width: 1, height: 1, channels: 1, depth: 8, tools: {} }
        const text = JSON.stringify({ version: 1, goldens: { a: { ...entry, ...wrong } } })
        return [text, /^its entry "a" lacks file, digest or size$/]
      },
    ),
  ])('%j is refused with the reason', (text, why) => {
    here.write('convo.lock.json', text)
    const file = here.path('convo.lock.json')
    const act = () => readLock(here.path())
    expect(act).toThrow(ConvoError)
    try {
      act()
    } catch (error) {
      const [line = ''] = (error as ConvoError).why
      expect(line.startsWith(`${file}:1:1: `)).toBe(true)
      expect(line.slice(`${file}:1:1: `.length)).toMatch(why)
    }
  })

  it('records pixels, size, depth and the tools; none for a picture that something else made', async () => {
    here.write('a.png', stripes(12))
    here.write(
      'convo.check.yaml',
      'cases: [{name: own, input: a.png, run: [sobel, --depth, 16, --gray]}, {name: other, actual: a.png}]',
    )
    await here.convo(['check', '--update'])
    const { own, other } = JSON.parse(here.read('goldens/convo.lock.json').toString()).goldens
    expect(own).toMatchObject({ file: 'own.png', width: 12, height: 12, channels: 1, depth: 16 })
    expect(Object.keys(own.tools)).toEqual(['convo', 'sharp', 'libvips'])
    expect(other.tools).toEqual({})
    const { stdout } = await here.convo(['digest', 'a.png'])
    expect(stdout).toContain(other.digest)
  })

  it('tells of other versions than those that made a golden, where it differs', async () => {
    here.write('a.png', stripes(12))
    const manifest = (size: number) =>
      `cases: [{name: one, input: a.png, run: [box, --size, ${size}]}, {name: two, input: a.png, run: [sobel]}]`
    here.write('convo.check.yaml', manifest(3))
    await here.convo(['check', '--update'])
    const lock = here.read('goldens/convo.lock.json').toString()
    const { libvips } = JSON.parse(lock).goldens.one.tools
    here.write('goldens/convo.lock.json', lock.replaceAll(`"libvips":"${libvips}"`, '"libvips":"8.0.1"'))
    here.write('convo.check.yaml', manifest(5))
    const { stdout } = await here.convo(['check'])
    expect(here.statuses()).toEqual({ one: 'changed', two: 'pass' })
    expect(stdout).toContain(`the golden was made with libvips 8.0.1, now ${libvips}`)
    expect(stdout.match(/the golden was made with/g)).toHaveLength(1)
  })
})

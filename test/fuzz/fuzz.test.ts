import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { faultOf, foundFolder, fuzz, replay } from './fuzz.ts'
import { minimise, mutate, randomOf, withChecksums, words } from './mutate.ts'

describe('a short run finds nothing, in', () => {
  const runs = {
    kernels: 1000,
    networks: 600,
    tolerances: 500,
    manifests: 60,
    pictures: 60,
    own: 1000,
    arrays: 100,
    metadata: 100,
    results: 60,
    locks: 60,
    logs: 100,
  }
  test.each(Object.entries(runs))('%s', async (target, most) => {
    const tally = await fuzz(target, { seed: 1, runs: most, seconds: 600, keep: false })
    expect(tally.faults).toEqual([])
    expect(tally.runs).toBe(most)
    expect(tally.counts.accepted).toBeGreaterThan(0)
    expect(Object.keys(tally.counts).length).toBeGreaterThan(1)
  })
})

describe('what was found once stays mended, in', () => {
  const found = readdirSync(foundFolder).filter((name) => !name.startsWith('.'))
  test.each([...new Set(found.map((name) => name.split('-')[0]!))])('%s', async (target) => {
    expect(await replay(target)).toEqual({})
  })
})

describe('the fuzzer sees', () => {
  test.each([
    ['refuse', undefined],
    ['fine', undefined],
    ['throw', /^TypeError at test\/fuzz\/self\.ts:\d+: thrown$/],
    ['bug', /^ConvoError .* a bug$/],
    ['reject', /^nobody waits for: Error .* nobody listens$/],
    ['stray', /^files outside the root were touched$/],
    ['die', /^died of SIGSEGV/],
    ['memory', /^more than 1 GiB$/],
    ['hang', /^more than 5 s$/],
  ])('%s', async (text, fault) => {
    const found = await faultOf('self', Buffer.from(text), '.txt', 0, text === 'hang' ? 700 : undefined)
    if (fault === undefined) expect(found).toBeUndefined()
    else expect(found).toMatch(fault)
  })

  test('what mutation makes of a seed, once for each place, again with the same seed', async () => {
    const plan = { seed: 3, runs: 1000, seconds: 600, keep: false }
    const tally = await fuzz('self', plan)
    expect(tally.faults).toMatchObject([{ fault: expect.stringContaining('thrown') }])
    expect(tally.faults[0]!.times).toBe(tally.counts.faults)
    expect(await fuzz('self', plan)).toEqual(tally)
  })
})

describe('mutation', () => {
  const seeds = [Buffer.from('{"a":[1,2],"b":"c"}'), Buffer.from('a: 1\nb: [2]\n')]
  const all = (seed: number) =>
    Array.from({ length: 500 }, (_, i) => {
      const r = randomOf(seed, i)
      return mutate(r.pick(seeds), r, { seeds, tokens: ['x'] }).toString('latin1')
    })

  test('is the same for a seed, and another for another', () => {
    expect(all(1)).toEqual(all(1))
    expect(new Set([...all(1), ...all(2)]).size).toBeGreaterThan(600)
  })

  test('of JSON is often JSON still', () => {
    const whole = all(1).filter((text) => {
      try {
        return text.startsWith('{') && JSON.parse(text) !== undefined
      } catch {
        return false
      }
    })
    expect(whole.length).toBeGreaterThan(60)
  })

  test('repairs the checksums of a PNG, and leaves the rest alone', () => {
    const png = Buffer.from('89504e470d0a1a0a0000000049454e4400000000', 'hex')
    expect(withChecksums(png).toString('hex')).toBe('89504e470d0a1a0a0000000049454e44ae426082')
    expect(withChecksums(png.subarray(0, 18))).toEqual(png.subarray(0, 18))
  })

  test('words hold what JavaScript writes with a backslash', () => {
    expect(words(String.raw`a b  \xff\u0041  \\n  \n`)).toEqual(['a b', '\xffA', '\\n', '\n'])
  })

  test('what fails is made as small as it can be', async () => {
    const fails = async (bytes: Uint8Array) => Buffer.from(bytes).toString().includes('ab')
    const long = Buffer.from(`${'x'.repeat(300)}ab${'y'.repeat(300)}`)
    expect(Buffer.from(await minimise(long, fails, 1000, 10)).toString()).toBe('ab')
    expect((await minimise(long, fails, 1, 10)).length).toBeGreaterThan(2)
  })
})

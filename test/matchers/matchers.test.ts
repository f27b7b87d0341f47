import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../../src/files/hash.ts'
import { project } from './project.ts'

// The matcher in the runners that users have, each started in the usual way.

/** Pictures of each kind. The environment determines their brightness, and which tests exist. */
const pictures = `
const shade = Number(process.env.SHADE ?? 10)
const samples = Uint8Array.from({ length: 32 * 24 * 3 }, (_, i) => (i * 7) % 100 + (i > 300 && i < 400 ? shade : 0))
const raw = { data: samples, width: 32, height: 24, channels: 3 }
const buffer = () => sharp(Buffer.from(samples), { raw: { width: 32, height: 24, channels: 3 } }).png().toBuffer()
const tensor = () => new Tensor([4, 5], Float32Array.from({ length: 20 }, (_, i) => i / 20))
`
const suite = `
describe('pictures', () => {
  test('raw', async () => {
    await expect(raw).toMatchGolden()
    await expect(raw).toMatchGolden({ name: 'loose', maxAbs: 5 })
  })
  test('of every kind', async () => {
    await expect(buffer()).toMatchGolden()
    await expect(convo(raw).sobel()).toMatchGolden('chain')
    await expect(tensor()).toMatchGolden('tensor')
    await expect(sharp(await buffer()).negate()).toMatchGolden()
    await expect(Promise.resolve(raw)).resolves.toMatchGolden()
  })
  if (process.env.PART !== 'yes') test('gone', async () => { await expect(raw).toMatchGolden() })
  ;(process.env.PART === 'yes' ? test.skip : test)('skipped', async () => { await expect(raw).toMatchGolden() })
  if (process.env.WRONG === 'yes') {
    test('no picture', async () => { await expect(17).toMatchGolden() })
    test('no option', async () => { await expect(raw).toMatchGolden({ maxAps: 1 }) })
    test('no opposite', async () => { await expect(raw).not.toMatchGolden() })
    test('a-b', async () => { await expect(raw).toMatchGolden() })
    test('a b', async () => { await expect(raw).toMatchGolden() })
    test('a promise that fails', async () => { await expect(Promise.reject(new Error('mine'))).toMatchGolden() })
  }
})
`
const written = [
  'pictures-gone-1.png',
  'pictures-of-every-kind-1.png',
  'pictures-of-every-kind-2.png',
  'pictures-of-every-kind-3.png',
  'pictures-of-every-kind-chain.png',
  'pictures-of-every-kind-tensor.png',
  'pictures-raw-1.png',
  'pictures-raw-loose.png',
  'pictures-skipped-1.png',
]

const here = project({
  'package.json':
    '{ "private": true, "jest": { "testMatch": ["<rootDir>/old/*.test.js"], "transform": {} } }',
  'new/a.test.mjs': `import { describe, expect, test } from 'vitest'
import sharp from 'sharp'
import convo, { Tensor } from 'convo'
import { toMatchGolden } from 'convo/matchers'
expect.extend({ toMatchGolden })
${pictures}${suite}
test('tried again', { retry: 2 }, async ({ task }) => {
  await expect(raw).toMatchGolden()
  expect(task.result.retryCount).toBe(2)
})`,
  'old/b.test.js': `const sharp = require('sharp')
const { convo, Tensor } = require('convo')
const { toMatchGolden } = require('convo/matchers')
expect.extend({ toMatchGolden })
jest.retryTimes(process.env.SHADE || process.env.WRONG ? 0 : 2)
${pictures}${suite}
let turn = 0
test('tried again', async () => {
  await expect(raw).toMatchGolden()
  if (!process.env.SHADE && !process.env.WRONG) expect(++turn).toBe(3)
})`,
  'own/c.test.mjs': `import { describe, test } from 'node:test'
import sharp from 'sharp'
import convo, { Tensor } from 'convo'
import { matchGolden } from 'convo/matchers'
${pictures}
describe('pictures', () => {
  test('raw', async (t) => {
    await matchGolden(t, raw)
    await matchGolden(t, raw, { name: 'loose', maxAbs: 5 })
  })
  test('of every kind', async (t) => {
    await matchGolden(t, buffer())
    await matchGolden(t, convo(raw).sobel(), 'chain')
    await matchGolden(t, tensor(), 'tensor')
    await matchGolden(t, sharp(await buffer()).negate())
    await matchGolden(t, Promise.resolve(raw))
  })
  if (process.env.PART !== 'yes') test('gone', async (t) => matchGolden(t, raw))
  test('skipped', async (t) => matchGolden(t, raw))
  if (process.env.WRONG === 'yes') {
    test('no picture', async (t) => matchGolden(t, 17))
    test('no option', async (t) => matchGolden(t, raw, { maxAps: 1 }))
    test('no test', async () => matchGolden(raw, raw))
    test('a-b', async (t) => matchGolden(t, raw))
    test('a b', async (t) => matchGolden(t, raw))
    test('a promise that fails', async (t) => matchGolden(t, Promise.reject(new Error('mine'))))
  }
})`,
})

const runners = [
  { name: 'Vitest', file: 'new/a.test.mjs', run: here.vitest, update: ['-u'], isRetried: true },
  { name: 'Jest', file: 'old/b.test.js', run: here.jest, update: ['-u'], isRetried: true },
  {
    name: 'node:test',
    file: 'own/c.test.mjs',
    run: (words: readonly string[], env = {}) =>
      here.node(['--test', 'own/c.test.mjs'], { ...(words.length > 0 && { CONVO_UPDATE: '1' }), ...env }),
    update: ['update'],
    isRetried: false,
  },
]

describe.each(runners)('$name', ({ name, file, run, update, isRetried }) => {
  const golden = (of: string) => join(here.at(file), '..', '__goldens__', file.split('/')[1]!, of)
  const raw = () => own().find((one) => /pictures.* raw > 1$/.test(one.name))!
  const own = () => here.results().cases.filter((one) => one.name.startsWith(`${file} > `))

  it('fails without goldens where CI is set, and writes none, whatever it is asked', async () => {
    const { status, told } = await run(update, { CI: 'true' })
    expect(status, told).toBe(1)
    expect(told).toContain('there is no golden')
    expect(told).toContain('CI=true is set, so goldens are not written')
    expect(here.goldens(file)).toEqual([])
    expect(raw()).toMatchObject({ status: 'new', failed: true })
  })

  it('writes goldens that are not there, tells of it, and compares the next time', async () => {
    const first = await run([])
    expect(first.status, first.told).toBe(0)
    expect(first.told).toContain('pictures-raw-1.png: the golden was written')
    expect(here.goldens(file)).toEqual([...written, ...(isRetried ? ['tried-again-1.png'] : [])])
    const second = await run([])
    expect(second.status, second.told).toBe(0)
    expect(second.told).not.toContain('the golden was')
    expect(second.told).not.toContain('no test compares')
  })

  it('fails when a picture differs, with all that one needs to decide', async () => {
    const { status, told } = await run([], { SHADE: '40' })
    expect(status).toBe(1)
    expect(told).toMatch(/atchGolden: \d+ of 768 pixels differ, by up to 30 in \w+ at \d+,\d+/)
    if (name === 'node:test') expect(told).not.toContain('toMatchGolden')
    expect(told).toContain('would pass  with maxAbs: 30 or')
    expect(told).toContain('try: convo review --results .convo/tests, or ')
    const found = raw()
    expect(found).toMatchObject({
      status: 'changed',
      failed: true,
      smallest: expect.stringContaining('--max-abs 30'),
    })
    for (const picture of [found.expected, found.actual, found.diff]) {
      expect(existsSync(here.at(`.convo/tests/${picture}`)), picture).toBe(true)
    }
    expect(readFileSync(here.at(`.convo/tests/${found.expected}`))).toEqual(
      readFileSync(golden('pictures-raw-1.png')),
    )
  })

  it('is reported and approved by the commands', async () => {
    const report = await here.convo('report', 'merge', '.convo/tests', '--output', 'report.html')
    expect(report.status, report.told).toBe(1)
    expect(readFileSync(here.at('report.html'), 'utf8')).toContain('convo approve --results .convo/tests')
    const review = await here.convo('review', '--results', '.convo/tests')
    expect(review).toMatchObject({
      status: 2,
      told: expect.stringContaining('convo report merge .convo/tests'),
    })
    const approved = await here.convo('approve', '--results', '.convo/tests', raw().name)
    expect(approved, approved.told).toEqual({ status: 0, told: '1 golden written\n' })
    expect(sha256(readFileSync(golden('pictures-raw-1.png')))).toBe(raw().approval!.actual!.sha256)
    expect(existsSync(here.at('convo.lock.json'))).toBe(false)
  })

  it('replaces goldens when the runner is asked to', async () => {
    const { status, told } = await run(update, { SHADE: '14' })
    expect(status, told).toBe(0)
    expect(told).toContain('pictures-raw-1.png: the golden was replaced')
    // if the difference is within the tolerance, goldens are not replaced
    expect(told).not.toContain('pictures-raw-loose.png')
    const loose = own().find((one) => one.name.endsWith(' raw > loose'))
    expect(loose).toMatchObject({ status: 'tolerated', failed: false, tolerance: '--max-abs 5' })
  })

  it('tells what is wrong with a call, and how it is done right', async () => {
    const { status, told } = await run([], { WRONG: 'yes' })
    expect(status).toBe(1)
    const called = name === 'node:test' ? 'matchGolden' : 'toMatchGolden'
    expect(told).toContain(`${called}: cannot read a picture from 17 (number)   [E_ARGUMENT]`)
    expect(told).toContain(`${called}: ${called} has no option maxAps   [E_NAME]`)
    expect(told).toContain(
      name === 'node:test'
        ? "or await matchGolden(t, picture, 'name')"
        : "or await expect(picture).toMatchGolden('name')",
    )
    if (name === 'node:test') expect(told).not.toContain('toMatchGolden')
    expect(told).toContain('try: maxAbs')
    expect(told).toContain('two tests have the same golden   [E_NAME]')
    expect(told).toContain(
      '"pictures > a-b" and "pictures > a b": both are pictures-a-b-1.png'.replaceAll(
        ' > ',
        name === 'Jest' ? ' ' : ' > ',
      ),
    )
    expect(told).toContain('mine')
    expect(told).toContain(
      name === 'node:test'
        ? 'matchGolden needs the context of its test'
        : 'toMatchGolden cannot be negated   [E_USAGE]',
    )
  })

  it('tells of goldens that no test compares, and removes them when it is asked for new ones', async () => {
    // one of the failed tests wrote a golden before
    const { told } = await run([], { PART: 'yes', SHADE: '14' })
    expect(told).toContain('goldens that no test compares')
    expect(told).toContain('pictures-gone-1.png')
    expect(told).not.toContain('pictures-skipped-1.png')
    if (name === 'node:test') return
    const gone = own().filter((one) => one.status === 'obsolete')
    expect(gone.map((one) => [one.name, one.failed])).toContainEqual([`${file} > pictures-gone-1.png`, false])
    await run(update, { PART: 'yes', SHADE: '14' })
    const left = here.goldens(file)
    expect(left).not.toContain('pictures-gone-1.png')
    expect(left).toContain('pictures-skipped-1.png')
  })
})

describe('an equal picture of 512x512', () => {
  it('takes less CPU after the first than decoding both, as only bytes are compared', async () => {
    here.write(
      'speed.mjs',
      `import { test } from 'node:test'
import sharp from 'sharp'
import { matchGolden } from 'convo/matchers'
const noise = { type: 'gaussian', mean: 128, sigma: 40 }
const create = { width: 512, height: 512, channels: 3, background: 'black', noise }
const png = await sharp({ create }).png().toBuffer()
test('fast', async (t) => {
  const [matched, decoded] = [[], []]
  for (let i = 0; i < 31; i++) {
    for (const [times, act] of [
      [matched, () => matchGolden(t, png, 'one')],
      [decoded, () => sharp(png).raw().toBuffer()],
    ]) {
      const began = process.cpuUsage()
      await act()
      const { user, system } = process.cpuUsage(began)
      if (i > 0) times.push((user + system) / 1000)
    }
  }
  const [match, decode] = [matched, decoded].map((times) => times.sort((a, b) => a - b)[15])
  console.log('times: ' + match / decode)
})`,
    )
    const { told } = await here.node(['--test', 'speed.mjs'])
    expect(Number(/times: ([\d.]+)/.exec(told)![1]), told).toBeLessThan(2)
  })
})

describe('approving results of tests', () => {
  it.each([
    ['a file that is no golden', { file: 'package.json', path: 'package.json' }],
    ['a golden elsewhere', { file: '../__goldens__/x/a.png', path: '../__goldens__/x/a.png' }],
    ['what is no PNG', { file: 'new/__goldens__/a.test.mjs/x.js', path: 'new/__goldens__/a.test.mjs/x.js' }],
  ])('refuses %s', async (_, { file, path }) => {
    const run = here.results()
    const one = run.cases.find((found) => found.approval?.actual === undefined && found.status === 'pass')!
    const entry = { file, digest: 'sha256:', width: 1, height: 1, channels: 1, depth: 8, tools: {} }
    const approval = { golden: { path }, actual: { file: 'a/actual.png', sha256: '', entry }, inputs: [] }
    const forged = { ...run, cases: [{ ...one, name: 'x', status: 'changed', failed: true, approval }] }
    here.write('forged/results.json', JSON.stringify(forged))
    const { status, told } = await here.convo('approve', '--results', 'forged', 'x')
    expect(status, told).not.toBe(0)
    expect(told).toMatch(/E_PATH|E_INPUT|no golden of a test/)
  })

  it('takes results of nothing else for those of tests', async () => {
    writeFileSync(here.at('forged/results.json'), JSON.stringify({ ...here.results(), source: 'elsewhere' }))
    const { status, told } = await here.convo('approve', '--results', 'forged', 'x')
    expect([status, told.includes('source must be "tests", got "elsewhere"')], told).toEqual([2, true])
  })
})

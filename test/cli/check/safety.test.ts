import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { ConvoError } from '../../../src/error.ts'
import { sha256 } from '../../../src/files/hash.ts'
import { reportText } from '../../../src/golden/destinations.ts'
import { runProblem } from '../../../src/golden/results-shape.ts'
import fc from '../../property.ts'
import { convo } from '../convo.ts'
import { repository, stripes } from './repository.ts'

const here = repository()
const resultsFile = '.convo/check/results.json'

// biome-ignore lint/suspicious/noExplicitAny: results as somebody else may have changed them
type Any = any

/** A project with one changed case and one obsolete golden, in a folder next to files that must not be touched. */
async function project(): Promise<void> {
  here.write('work/a.png', stripes(24))
  const manifest = (text: string) => here.write('work/convo.check.yaml', `cases: [${text}]\n`)
  manifest('{name: edge, input: a.png, run: [sobel]}, {name: old, input: a.png, run: [box]}')
  expect((await run('check', '--update')).status).toBe(0)
  manifest('{name: edge, input: a.png, run: [prewitt]}')
  expect((await run('check')).status).toBe(1)
  here.write('precious.png', stripes(8, 3))
}

const run = (...args: string[]) => convo(args, { cwd: here.path('work') })

function forge(change: (results: Any) => void): void {
  const path = here.path(`work/${resultsFile}`)
  const results = JSON.parse(readFileSync(path, 'utf8'))
  change(results)
  writeFileSync(path, JSON.stringify(results))
}

const caseOf = (results: Any, name: string) => results.cases.find((one: Any) => one?.name === name)

/** Returns everything outside the folder of results. */
const state = () =>
  here
    .files()
    .filter((name) => !name.includes('.convo/'))
    .map((name) => `${name} ${sha256(here.read(name))}`)

describe('approve does not trust what results say', () => {
  const escapes: readonly (readonly [string, (results: Any) => void])[] = [
    ['an entry above the goldens', (r) => (caseOf(r, 'edge').approval.actual.entry.file = '../../x.png')],
    ['an absolute entry', (r) => (caseOf(r, 'edge').approval.actual.entry.file = here.path('precious.png'))],
    ['an entry with NUL', (r) => (caseOf(r, 'edge').approval.actual.entry.file = 'a\0.png')],
    ['an entry that is the lock', (r) => (caseOf(r, 'edge').approval.actual.entry.file = 'convo.lock.json')],
    ['an entry that is a device', (r) => (caseOf(r, 'edge').approval.actual.entry.file = 'nul.png')],
    ['a golden elsewhere', (r) => (caseOf(r, 'old').approval.golden.path = here.path('precious.png'))],
    ['a golden above', (r) => (caseOf(r, 'old').approval.golden.path = 'goldens/../../precious.png')],
    ['another folder of goldens', (r) => (r.goldens = '..')],
    ['an absolute folder of goldens', (r) => (r.goldens = here.path(''))],
    ['a picture elsewhere', (r) => (caseOf(r, 'edge').approval.actual.file = '../../../precious.png')],
    ['a picture by its absolute path', (r) => (caseOf(r, 'edge').actual = here.path('precious.png'))],
    ['no case', (r) => (r.cases = [null])],
    ['a case without a name', (r) => (r.cases[0].name = { toString: 1 })],
    ['a manifest without a path', (r) => (r.manifest = { sha256: '' })],
    ['inputs that are no list', (r) => (caseOf(r, 'edge').approval.inputs = 'x')],
    ['an input without an end', (r) => (caseOf(r, 'edge').approval.inputs[0].path = '/dev/zero')],
  ]
  it.each(escapes)('%s', async (_, change) => {
    await project()
    forge((results) => {
      for (const one of results.cases) {
        // the digests match in every case, so that only the path is wrong
        if (one.approval.golden.path !== 'goldens/edge.png')
          one.approval.golden.sha256 = sha256(here.read('precious.png'))
      }
      change(results)
      const precious = caseOf(results, 'old')?.approval?.golden
      if (precious?.path?.includes('precious')) precious.sha256 = sha256(here.read('precious.png'))
    })
    const before = state()
    const { status, stderr } = await run('approve', '--all')
    expect(status).toBe(2)
    expect(stderr).toMatch(/\[E_(PATH|INPUT|STALE)\]/)
    expect(state()).toEqual(before)
  })

  it('links among the goldens lead nowhere else', async () => {
    await project()
    rmSync(here.path('work/goldens/edge.png'))
    symlinkSync('../../precious.png', here.path('work/goldens/edge.png'))
    forge((r) => (caseOf(r, 'edge').approval.golden.sha256 = sha256(here.read('precious.png'))))
    const before = here.read('precious.png')
    expect(await run('approve', 'edge')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('E_PATH'),
    })
    expect(await run('check')).toMatchObject({ status: 1, stdout: expect.stringContaining('symbolic link') })
    expect(here.read('precious.png').equals(before)).toBe(true)
  })

  it('a folder of goldens that is a link to elsewhere is refused by check and approve', async () => {
    await project()
    renameSync(here.path('work/goldens'), here.path('elsewhere'))
    symlinkSync('../elsewhere', here.path('work/goldens'))
    for (const command of [['check'], ['check', '--update'], ['approve', '--all']]) {
      const { status, stderr } = await run(...command)
      expect([command, status]).toEqual([command, 2])
      expect(stderr).toContain('is neither in the folder of the manifest nor in the current folder')
    }
  })

  it('removes no file that is no picture, and makes nothing else a golden', async () => {
    await project()
    here.write('work/goldens/notes.png', 'notes')
    forge((r) => {
      caseOf(r, 'old').approval.golden = { path: 'goldens/notes.png', sha256: sha256(Buffer.from('notes')) }
    })
    await run('approve', 'old')
    expect(here.read('work/goldens/notes.png').toString()).toBe('notes')
    here.write('work/.convo/check/edge/actual.png', '#!/bin/sh')
    forge((r) => {
      const { actual } = caseOf(r, 'edge').approval
      actual.sha256 = sha256(Buffer.from('#!/bin/sh'))
      actual.entry.file = 'hooks.sh'
    })
    expect(await run('approve', 'edge')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('goldens must be pictures'),
    })
    expect(existsSync(here.path('work/goldens/hooks.sh'))).toBe(false)
  })

  it('each value of results is of its kind, or a sentence says why not: no report stumbles over it', async () => {
    await project()
    const text = here.read('work/.convo/check/results.json').toString()
    const wrong = [null, 5, 'x', '../x', true, [], {}, [5], ['x'], { a: 1 }, 'a\nb', undefined]
    for (const path of [...pathsIn(JSON.parse(text)), ...absent]) {
      for (const value of wrong) {
        const run = JSON.parse(text)
        const holder = path.slice(0, -1).reduce<Holder>((at, key) => at[key] as Holder, run)
        holder[path.at(-1)!] = value
        if (runProblem(JSON.parse(JSON.stringify(run))) !== undefined) continue
        for (const name of ['html', 'junit', 'markdown', 'pretty', 'github', 'jsonl'] as const)
          await reportText(run, name).catch((error: unknown) => expect(error).toBeInstanceOf(ConvoError))
      }
    }
    expect(runProblem({ ...JSON.parse(text), accept: 'rm -r .' })).toBe(
      'accept must be absent, got "rm -r ."',
    )
  })

  it('whatever stands in results, the shape is a run or a sentence says why not', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(runProblem(JSON.parse(text))).toBeTypeOf('string')
      }),
    )
  })
})

type Holder = Record<string | number, unknown>
type Path = readonly (string | number)[]

/** Returns the paths of all values in JSON, for lists only those of the first two items. */
function pathsIn(value: unknown, at: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [at]
  const parts = Array.isArray(value) ? [...value.entries()].slice(0, 2) : Object.entries(value)
  return [...(at.length > 0 ? [at] : []), ...parts.flatMap(([key, one]) => pathsIn(one, [...at, key]))]
}

/** Paths of values that a run can have, but this one does not. */
const absent: readonly Path[] = [
  ...['tags', 'filter', 'notes', 'links', 'shard', 'parts', 'accept', 'source'].map((key) => [key]),
  ...['tags', 'reason', 'selfTest', 'page', 'fix', 'command', 'diff'].map((key) => ['cases', 0, key]),
]

describe('locks and manifests are not trusted', () => {
  it.each(['../../precious.png', '/etc/passwd', 'a/../../x', 'a\\u0000', 'aux.png', ''])(
    'a lock with the file %j',
    async (file) => {
      await project()
      const lock = here.read('work/goldens/convo.lock.json').toString()
      here.write('work/goldens/convo.lock.json', lock.replace('"old.png"', `"${file}"`))
      const before = state()
      const { status, stderr } = await run('check', '--update')
      expect([status, stderr]).toEqual([2, expect.stringContaining('E_MANIFEST')])
      expect(state()).toEqual(before)
    },
  )

  it.each(['..', '/tmp', '../elsewhere', '/proc/self', '/dev/null'])('goldens in %s', async (goldens) => {
    here.write('work/a.png', stripes(8))
    here.write(
      'work/convo.check.yaml',
      `goldens: ${goldens}\ncases: [{name: edge, input: a.png, run: [sobel]}]\n`,
    )
    const { status, stderr } = await run('check', '--update')
    expect([status, stderr]).toEqual([2, expect.stringContaining('keeps its goldens elsewhere')])
  })

  it('goldens beside the folder of the manifest are fine where convo runs above both', async () => {
    here.write('work/a.png', stripes(8))
    here.write('work/sub/m.yaml', 'goldens: ../goldens\ncases: [{name: e, input: ../a.png, run: [sobel]}]\n')
    expect((await run('check', 'sub/m.yaml', '--update')).status).toBe(0)
    expect(existsSync(here.path('work/goldens/e.png'))).toBe(true)
  })
})

describe('results and reports', () => {
  it('a default folder of results that is a link is not emptied', async () => {
    await project()
    rmSync(here.path('work/.convo'), { recursive: true })
    mkdirSync(here.path('elsewhere/check'), { recursive: true })
    here.write('elsewhere/check/.gitignore', '# results of convo check\n*\n')
    here.write('elsewhere/check/keep.txt', 'kept')
    symlinkSync('../elsewhere', here.path('work/.convo'))
    expect(await run('check')).toMatchObject({ status: 2, stderr: expect.stringContaining('E_PATH') })
    expect(here.read('elsewhere/check/keep.txt').toString()).toBe('kept')
  })

  it('a report brings no pictures from elsewhere', async () => {
    await project()
    const secret = here.read('precious.png').toString('base64')
    symlinkSync('../../../../precious.png', here.path('work/.convo/check/edge/link.png'))
    const original = here.read(`work/${resultsFile}`)
    const changes: readonly ((r: Any) => void)[] = [
      (r) => (caseOf(r, 'edge').expected = 'edge/link.png'),
      (r) => (caseOf(r, 'edge').expected = '../../../precious.png'),
      (r) => (caseOf(r, 'edge').expected = here.path('precious.png')),
      (r) => {
        r.results = here.path('')
        caseOf(r, 'edge').approval.actual = undefined
        caseOf(r, 'edge').expected = 'precious.png'
      },
      (r) => {
        r.goldens = '..'
        Object.assign(caseOf(r, 'edge'), { status: 'pass', golden: 'precious.png' })
      },
    ]
    for (const change of changes) {
      here.write(`work/${resultsFile}`, original)
      forge(change)
      const { status } = await run('report', 'merge', '.convo/check', '-o', 'out.html')
      expect([1, 2]).toContain(status)
      if (status === 1) expect(here.read('work/out.html').toString()).not.toContain(secret)
    }
  })

  it.each([
    'afile',
    'afile/deep',
    '/dev/null',
    '/dev/full',
    '/proc/convo',
    '/proc/self/convo',
    'n'.repeat(300),
    `a/${'n'.repeat(300)}`,
  ])('--results %s, and a report there, end with 2', async (folder) => {
    here.write('work/a.png', stripes(8))
    here.write('work/afile', 'text')
    here.write('work/convo.check.yaml', 'cases: [{name: edge, input: a.png, run: [sobel]}]\n')
    const { status, stderr } = await run('check', '--results', folder)
    expect([status, stderr]).toEqual([2, expect.stringMatching(/\[E_OUTPUT\]/)])
    expect(stderr.split('\n')[0]!.length).toBeLessThan(400)
    if (!folder.startsWith('/dev')) {
      expect(await run('check', '--reporter', `json=${folder}/x.json`)).toMatchObject({ status: 2 })
    }
    expect(here.read('work/afile').toString()).toBe('text')
  })

  it('goldens that cannot be written end with 2', async () => {
    here.write('work/a.png', stripes(8))
    here.write('work/afile', 'text')
    for (const goldens of ['afile', 'afile/deep']) {
      here.write(
        'work/convo.check.yaml',
        `goldens: ${goldens}\ncases: [{name: edge, input: a.png, run: [sobel]}]\n`,
      )
      expect(await run('check', '--update')).toMatchObject({
        status: 2,
        stderr: expect.stringContaining('E_OUTPUT'),
      })
    }
  })
})

describe('names and keys that would do harm', () => {
  const complaint = async (manifest: string, file = 'convo.check.yaml') => {
    here.write('work/a.png', stripes(8))
    here.write(`work/${file}`, manifest)
    const { status, stderr } = await run('check', file)
    expect(status).toBe(2)
    return stderr
  }
  const keys = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf']

  it.each(keys)('the key %s is as unknown as any other', async (key) => {
    const one = '"name": "x", "input": "a.png", "run": ["sobel"]'
    for (const file of ['m.yaml', 'm.json']) {
      expect(await complaint(`{"${key}": 1, "cases": [{${one}}]}`, file)).toContain(`unknown key ${key}`)
      expect(await complaint(`{"cases": [{${one}, "${key}": {}}]}`, file)).toContain(
        `unknown key cases[0].${key}`,
      )
      const tolerance = `"tolerance": {"reason": "why", "max-abs": 1, "${key}": 1}`
      expect(await complaint(`{"cases": [{${one}, ${tolerance}}]}`, file)).toContain(key)
    }
    here.write('work/b.yaml', `output: o/{stem}.png\ninputs: [a.png]\noperation: sobel\n${key}: 1\n`)
    expect(await run('batch', 'b.yaml')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining(`unknown key ${key};`),
    })
    here.write(
      'work/b.yaml',
      `output: o/{stem}.png\ninputs: [a.png]\noperation: sobel\noptions: {${key}: 1}\n`,
    )
    expect(await run('batch', 'b.yaml')).toMatchObject({ status: 2, stderr: expect.stringContaining(key) })
    here.write('work/k.json', `{"weights": [[1]], "${key}": 1}`)
    expect(await run('sobel', 'a.png', 'o.png', '--kernel', 'k.json')).toMatchObject({ status: 2 })
    for (const option of ['kernel', 'border', 'range', 'alpha', 'algorithm', key]) {
      expect((await run('conv2d', 'a.png', 'o.png', `--${option}`, key)).status).toBe(2)
    }
    expect((await run('conv2d', 'a.png', 'o.png', '--kernel', `gaussian:${key}=2`)).status).toBe(2)
  })

  it.each([
    ['results.json', 'begins with results.json, which is the name of a file of results'],
    ['Results.JSON/x', 'begins with Results.JSON, which is the name of a file of results'],
    ['report.html', 'begins with report.html'],
    ['.gitignore', 'begins with .gitignore'],
    ['convo.lock.json/a', 'begins with convo.lock.json'],
    ['aux', 'has the part aux, which is a device on Windows'],
    ['a/Com1.x/b', 'has the part Com1.x, which is a device on Windows'],
    ['é'.repeat(150), 'has a part that is too long for a file name'],
    ['x'.repeat(201), 'is 201 letters long, and at most 200 are allowed'],
  ])('a case called %s', async (name, why) => {
    expect(await complaint(`cases: [{name: "${name}", input: a.png, run: [sobel]}]\n`)).toContain(why)
  })

  it.each([
    ['x', 'x/actual.png', 'actual.png of the case "x"'],
    ['X', 'x/expected.webp/y', 'expected.webp of the case "x"'],
    ['x', 'x/diff.png', 'diff.png of the case "x"'],
    ['x', 'x/difference.png', 'difference.png of the case "x"'],
    ['x', 'x.png/y', 'the golden x.png'],
    ['a', 'A', 'is already used by'],
    ['\u00e9', 'e\u0301', 'is already used by'],
  ])('%s beside %s', async (a, b, why) => {
    const one = (name: string) => `{name: "${name}", input: a.png, run: [sobel]}`
    for (const [first, second] of [
      [a, b],
      [b, a],
    ]) {
      expect(await complaint(`cases: [${one(first!)}, ${one(second!)}]\n`)).toContain(why)
    }
  })

  it('x beside x/y and x-actual are apart', async () => {
    here.write('work/a.png', stripes(8))
    const one = (name: string) => `{name: "${name}", input: a.png, run: [sobel]}`
    here.write(
      'work/convo.check.yaml',
      `cases: [${['x', 'x/y', 'x/actual', 'x-actual.png'].map(one).join(', ')}]\n`,
    )
    expect((await run('check', '--update')).status).toBe(0)
    expect((await run('check')).status).toBe(0)
  })
})

describe('goldens that no case knows', () => {
  const list = () => here.files('work/goldens').filter((name) => !name.endsWith('.json'))

  it('pictures are obsolete, other files and what the manifest uses are not', async () => {
    here.write('work/a.png', stripes(16))
    here.write('work/goldens/mask.png', stripes(16, 1))
    here.write('work/goldens/in.png', stripes(16, 2))
    here.write('work/goldens/orphan.png', stripes(16, 3))
    here.write('work/goldens/sub/orphan.png', stripes(16, 4))
    here.write('work/goldens/README.md', '# goldens')
    here.write('work/goldens/broken.png', 'no picture')
    here.write(
      'work/convo.check.yaml',
      'cases: [{name: e, input: a.png, run: [sobel], tolerance: {mask: goldens/mask.png, max-abs: 1, reason: why}}, ' +
        '{name: f, input: goldens/in.png, run: [box]}]\n',
    )
    const checked = await run('check')
    expect(checked.status).toBe(1)
    expect(checked.stdout).toMatch(/obsolete\s+orphan\.png/)
    expect(checked.stdout).toMatch(/obsolete\s+sub\/orphan\.png/)
    expect(checked.stdout).not.toMatch(/obsolete\s+(mask|in|broken)/)
    expect((await run('check', '--update')).status).toBe(0)
    expect(list()).toEqual(['README.md', 'broken.png', 'e.png', 'f.png', 'in.png', 'mask.png'])
    expect((await run('check')).status).toBe(0)
  })

  it('where the goldens lie among everything, nothing is called obsolete', async () => {
    here.write('work/a.png', stripes(16))
    here.write('work/other.png', stripes(16, 3))
    here.write('work/convo.check.yaml', 'goldens: .\ncases: [{name: e, input: a.png, run: [sobel]}]\n')
    expect((await run('check', '--update')).status).toBe(0)
    expect(existsSync(here.path('work/other.png'))).toBe(true)
  })

  it('goldens of another tool are adopted by approve --all', async () => {
    here.write('work/a.png', stripes(16))
    here.write('work/convo.check.yaml', 'cases: [{name: e, input: a.png, run: [sobel]}]\n')
    expect((await run('sobel', 'a.png', 'e.png')).status).toBe(0)
    mkdirSync(here.path('work/goldens'))
    renameSync(here.path('work/e.png'), here.path('work/goldens/e.png'))
    expect((await run('check')).stdout).toContain('the golden was never approved')
    expect(await run('approve', '--all')).toMatchObject({ status: 0, stdout: '1 golden written\n' })
    expect((await run('check')).status).toBe(0)
  })
})

describe('shards', () => {
  it('merged, they are the undivided check: cases, order, counts and exit status', async () => {
    here.write('work/a.png', stripes(12))
    const manifest = (names: readonly string[], size: number) =>
      here.write(
        'work/convo.check.yaml',
        `cases: [${names.map((name) => `{name: ${name}, input: a.png, run: [box, --size, ${size}]}`).join(', ')}]\n`,
      )
    manifest(['a', 'b', 'c', 'd', 'e', 'f'], 3)
    expect((await run('check', '--update')).status).toBe(0)
    here.write('work/goldens/stray.png', stripes(12, 1))
    for (const [kept, size, allow] of [
      [['f', 'b', 'a'], 3, ''],
      [['a', 'c', 'd', 'new'], 5, ''],
      [['a', 'b', 'c', 'd', 'e'], 3, 'obsolete'],
    ] as const) {
      manifest(kept, size)
      const more = allow === '' ? [] : ['--allow', allow]
      const whole = await run('check', '--results', 'whole', ...more)
      const summary = (text: string) =>
        JSON.parse(text).cases.map(({ name, status, failed }: Any) => [name, status, failed])
      const expected = summary(here.read('work/whole/results.json').toString())
      for (const count of [1, 2, 3]) {
        const folders = Array.from({ length: count }, (_, i) => `s${i + 1}`)
        for (const [i, folder] of folders.entries()) {
          await run('check', '--shard', `${i + 1}/${count}`, '--results', folder, ...more)
        }
        const merged = await run('report', 'merge', ...folders.reverse(), '-o', 'all.json')
        expect(summary(here.read('work/all.json').toString())).toEqual(expected)
        expect(merged.status).toBe(whole.status)
      }
    }
  })
})

import { cpSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import type { Run as CheckRun } from '../../../src/golden/results.ts'
import { png, repository, stripes } from './repository.ts'

const here = repository()
const picture = (seed: number) => png(12, 9, (x, y, c) => (x * 7 + y * 3 + c * 40 + seed) % 200)

describe('convo check init', () => {
  it.each([
    [
      'Playwright',
      ['tests/home.spec.ts-snapshots/top-linux.png', 'tests/deep/a.spec.ts-snapshots/b.png'],
      'tests',
      'shots',
    ],
    ['Playwright', ['one.spec.ts-snapshots/top-chromium-linux.png'], '.', 'shots'],
    [
      'jest-image-snapshot',
      ['src/a/__image_snapshots__/a-1-snap.png', 'src/__image_snapshots__/b-1-snap.png'],
      'src',
      'shots',
    ],
    ['reg-cli', ['expected/a.png', 'expected/deep/b.png'], 'expected', 'actual'],
    ['reg-cli', ['.reg/expected/a.png'], '.reg/expected', '.reg/actual'],
    ['a folder of pictures', ['a.png', 'deep/b.png'], '.', 'actual'],
  ])('takes the goldens of %s as they are: %j', async (tool, files, goldens, actual) => {
    for (const [i, file] of files.entries()) here.write(file, picture(i))
    const before = files.map((file) => here.read(file))
    const { status, stdout, stderr } = await here.convo(['check', 'init'])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toContain(`${files.length === 1 ? '1 golden' : '2 goldens'} of ${tool} adopted`)
    expect(stdout).not.toMatch(/GOLDENS|ACTUAL/)
    expect(here.read('convo.check.yaml').toString()).toContain(`goldens: ${JSON.stringify(goldens)}\n`)
    // the tool writes its pictures again
    for (const file of files)
      here.write(
        file.replace(goldens === '.' ? /^/ : goldens, goldens === '.' ? `${actual}/` : actual),
        here.read(file),
      )
    expect(await here.convo(['check'])).toMatchObject({ status: 0 })
    const first = files[0]!.replace(goldens === '.' ? /^/ : goldens, goldens === '.' ? `${actual}/` : actual)
    here.write(first, picture(50))
    expect(await here.convo(['check'])).toMatchObject({ status: 1 })
    expect(Object.values(here.statuses()).filter((status) => status === 'changed')).toHaveLength(1)
    expect(await here.convo(['approve', '--all'])).toMatchObject({ status: 0, stdout: '1 golden written\n' })
    expect(here.read(files[0]!)).toEqual(here.read(first))
    for (const [i, file] of files.entries()) if (i > 0) expect(here.read(file)).toEqual(before[i])
    expect(await here.convo(['check'])).toMatchObject({ status: 0 })
  })

  it('other pictures among the goldens are left alone', async () => {
    here.write('tests/a.spec.ts-snapshots/a.png', picture(1))
    here.write('tests/fixtures/input.png', picture(2))
    expect((await here.convo(['check', 'init'])).stdout).toContain('1 golden of Playwright')
    cpSync(here.path('tests/a.spec.ts-snapshots'), here.path('shots/a.spec.ts-snapshots'), {
      recursive: true,
    })
    const checked = await here.convo(['check'])
    expect([checked.status, checked.stdout.split(';')[0]]).toEqual([
      0,
      'All 2 cases pass: 1 obsolete, 1 pass',
    ])
    // approving all does not remove them either
    here.write('shots/a.spec.ts-snapshots/a.png', picture(3))
    await here.convo(['check'])
    expect((await here.convo(['approve', '--all'])).stdout).toBe('1 golden written\n')
    expect(here.read('tests/fixtures/input.png')).toEqual(Buffer.from(picture(2)))
    expect((await here.convo(['approve', 'fixtures/input.png'])).stdout).toBe('1 golden removed\n')
  })

  it('passes over what is installed, and names a folder for jest-image-snapshot that is found', async () => {
    here.write('node_modules/some/logo.png', picture(1))
    expect((await here.convo(['check', 'init'])).stderr).toContain('error: there are no goldens in .')
    for (const [i, folder] of ['src', 'src/a'].entries())
      here.write(`${folder}/__image_snapshots__/one-${i}-snap.png`, picture(i))
    const { stdout } = await here.convo(['check', 'init'])
    const [, folder] = /customSnapshotsDir: (.*) }\)$/m.exec(stdout)!
    for (const [i, of] of ['src', 'src/a'].entries()) {
      const take = new Function('process', 'require', '__dirname', `return ${folder}`)
      const cwd = process.cwd()
      const to = take(
        { env: { SHOTS: 'shots' } },
        () => ({
          join,
          relative: (from: string, path: string) => relative(join(cwd, from), join(cwd, path)),
        }),
        of,
      ) as string
      here.write(`${to}/one-${i}-snap.png`, picture(i))
      expect(take({ env: {} }, () => undefined, of)).toBeUndefined()
    }
    expect(await here.convo(['check'])).toMatchObject({ status: 0 })
    expect(Object.values(here.statuses())).toEqual(['pass', 'pass'])
  })

  it('finds new pictures of every kind that the goldens are of, in a folder of any name', async () => {
    const gif = await sharp(picture(1)).gif().toBuffer()
    for (const folder of ['', 'new (1) [x]/']) {
      here.write(`${folder}a.PNG`, picture(1))
      here.write(`${folder}deep/b.gif`, gif)
    }
    expect(await here.convo(['check', 'init', '--actual', 'new (1) [x]'])).toMatchObject({ status: 0 })
    expect(await here.convo(['check'])).toMatchObject({ status: 0 })
    expect(here.statuses()).toEqual({ a: 'pass', 'deep/b': 'pass' })
  })

  it('refuses what it would write over, and finds nothing where there is nothing', async () => {
    expect((await here.convo(['check', 'init'])).stderr).toContain('error: there are no goldens in .')
    expect((await here.convo(['check', 'init', 'none'])).stderr).toContain('error: none is not a folder')
    here.write('expected/a.png', picture(1))
    expect((await here.convo(['check', 'init', '--json'])).stdout).toContain('"tool": "reg-cli"')
    const again = await here.convo(['check', 'init'])
    expect(again).toMatchObject({ status: 2 })
    expect(again.stderr).toContain('error: convo.check.yaml already exists')
    rmSync(here.path('convo.check.yaml'))
    expect((await here.convo(['check', 'init'])).stderr).toContain('convo.lock.json already exists')
  })
})

describe('goldens by platform and variable', () => {
  it('are chosen, noted, and approved where they are', async () => {
    here.write('a.png', picture(1))
    here.write(
      'convo.check.yaml',
      'goldens: "g/{platform}-{env:BROWSER}"\ncases: [{name: a, actual: a.png}]\n',
    )
    const unset = await here.convo(['check'])
    expect(unset.status).toBe(2)
    expect(unset.stderr).toContain('the variable BROWSER is not set')
    expect((await here.convo(['check', '--update'], { BROWSER: 'firefox' })).status).toBe(0)
    expect(here.files('g')).toEqual([
      `${process.platform}-firefox/a.png`,
      `${process.platform}-firefox/convo.lock.json`,
    ])
    const other = await here.convo(['check'], { BROWSER: 'webkit' })
    expect(other).toMatchObject({ status: 1 })
    expect(other.stderr).toContain(
      `note: goldens of g/{platform}-{env:BROWSER}: g/${process.platform}-webkit`,
    )
    // approved on another machine, where the variable has another value
    expect(await here.convo(['approve', 'a'], { BROWSER: 'firefox' })).toMatchObject({ status: 0 })
    expect(here.files('g')).toContain(`${process.platform}-webkit/a.png`)
    for (const name of ['../x', 'a/b', '..']) {
      expect((await here.convo(['check'], { BROWSER: name })).stderr).toContain('BROWSER is ')
    }
  })
})

describe('tags', () => {
  it('choose cases, and are in the results', async () => {
    for (const name of ['a', 'b', 'c']) here.write(`${name}.png`, picture(1))
    here.write(
      'convo.check.yaml',
      'cases:\n  - {name: a, actual: a.png, tags: [fast, ui]}\n  - {name: b, actual: b.png, tags: [slow]}\n  - {name: c, actual: c.png}\n',
    )
    await here.convo(['check', '--update'])
    await here.convo(['check', '--tag', 'ui', '--tag', 'slow'])
    expect(here.statuses()).toEqual({ a: 'pass', b: 'pass' })
    expect(here.results()).toMatchObject({ tags: ['ui', 'slow'], cases: [{ tags: ['fast', 'ui'] }, {}] })
    const { status, stderr } = await here.convo(['check', '--tag', 'none'])
    expect(status).toBe(2)
    expect(stderr).toContain('tags in convo.check.yaml: fast, slow, ui')
  })
})

describe('several manifests', () => {
  const manifests = async () => {
    for (const [i, folder] of ['packages/a', 'packages/b'].entries()) {
      here.write(`${folder}/page.png`, picture(i))
      here.write(`${folder}/convo.check.yaml`, 'cases: [{name: page, actual: page.png}]\n')
    }
    return here.convo(['check', 'packages/*/convo.check.yaml'])
  }

  it('are one run with names that stay apart, and are approved each in its place', async () => {
    expect(await manifests()).toMatchObject({ status: 1 })
    expect(here.statuses()).toEqual({ 'packages/a/page': 'new', 'packages/b/page': 'new' })
    expect((await here.convo(['approve', 'packages/b/page'])).stdout).toBe('1 golden written\n')
    expect(here.files('packages').filter((name) => name.includes('goldens'))).toEqual([
      'b/goldens/convo.lock.json',
      'b/goldens/page.png',
    ])
    expect((await here.convo(['approve', 'page'])).stderr).toContain('the last run has no case "page"')
    expect((await here.convo(['approve', '--new'])).stdout).toContain('golden')
    expect(await here.convo(['check', 'packages/*/convo.check.yaml'])).toMatchObject({ status: 0 })
    here.write('packages/a/page.png', picture(70))
    const run = await here.convo([
      'check',
      'packages/*/convo.check.yaml',
      '--reporter',
      'html=all.html',
      '--passing',
    ])
    expect(run.status).toBe(1)
    // expected, actual and difference of one case, and the golden of the other
    expect(
      here
        .read('all.html')
        .toString()
        .match(/id="picture-\d+"/g),
    ).toHaveLength(4)
    expect(await here.convo(['check', 'packages/*/convo.check.yaml', '--update'])).toMatchObject({
      status: 0,
    })
    await here.convo(['check', 'packages/*/convo.check.yaml', '--filter', 'page'])
    expect(here.results().counts).toMatchObject({ pass: 2 })
  })

  it('one that is given twice, or none that fits, is refused', async () => {
    await manifests()
    const twice = await here.convo(['check', 'packages/a/convo.check.yaml', 'packages/a/convo.check.yaml'])
    expect(twice.stderr).toContain('error: packages/a/convo.check.yaml is given twice')
    expect((await here.convo(['check', 'x/*.yaml'])).stderr).toContain('error: no manifest matches x/*.yaml')
  })
})

describe('shards', () => {
  // the folders of manifests, and how many pictures each has
  const projects: Record<string, Record<string, number>> = {
    'one manifest': { '.': 6 },
    'several manifests': { a: 1, b: 1, c: 4, d: 1, e: 2 },
  }

  it.each(Object.keys(projects).flatMap((what) => [1, 2, 3, 5].map((count) => [what, count] as const)))(
    'of %s, %i of them, merge to the undivided run, obsolete goldens included',
    async (what, count) => {
      const folders = Object.entries(projects[what]!)
      const manifests = folders.map(([folder]) => `${folder}/convo.check.yaml`)
      const check = (...words: string[]) => here.convo(['check', ...manifests, ...words])
      const manifest = (inputs: string) =>
        manifests.map((file) => here.write(file, `cases: [{name: "{stem}", actual: "in/${inputs}.png"}]\n`))
      for (const [folder, n] of folders)
        for (let i = 0; i < n; i++) here.write(`${folder}/in/${i}.png`, stripes(12, i))
      manifest('*')
      await check('--update')
      for (const [folder] of folders) here.write(`${folder}/goldens/stray.png`, stripes(12, 9))
      here.write(`${folders.at(-1)![0]}/in/0.png`, stripes(12, 7))
      manifest('[0-3]')
      const whole = await check('--results', 'whole')
      const names = Array.from({ length: count }, (_, i) => `s${i + 1}`)
      for (const [i, name] of names.entries()) await check('--shard', `${i + 1}/${count}`, '--results', name)
      const merged = await here.convo(['report', 'merge', ...names, '-o', 'merged.json'])
      const read = (file: string) => JSON.parse(here.read(file).toString()) as CheckRun
      const [a, b] = [read('whole/results.json'), read('merged.json')]
      const plain = ({ cases }: CheckRun) => cases.map(({ name, status }) => [name, status])
      expect(plain(b)).toEqual(plain(a))
      expect(a.counts).toMatchObject({ changed: 1, obsolete: what === 'one manifest' ? 3 : 5 })
      expect({ counts: b.counts, failed: b.failed }).toEqual({ counts: a.counts, failed: a.failed })
      expect(merged.status).toBe(whole.status)
      // each has about the same number of cases, from whichever manifests
      const loads = names.map((name) => read(`${name}/results.json`).cases.length)
      expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(2)
    },
    60_000,
  )

  it('keep what all were filtered by', async () => {
    for (let i = 0; i < 3; i++) here.write(`in/${i}.png`, stripes(12, i))
    here.write('convo.check.yaml', 'cases: [{name: "{stem}", actual: "in/*.png", tags: [page]}]\n')
    for (const n of [1, 2])
      await here.convo(['check', '--tag', 'page', '--filter', '*', '--shard', `${n}/2`, '--results', `s${n}`])
    await here.convo(['report', 'merge', 's1', 's2', '-o', 'merged.json'])
    expect(JSON.parse(here.read('merged.json').toString())).toMatchObject({ filter: ['*'], tags: ['page'] })
  })
})

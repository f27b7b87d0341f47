import { symlinkSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { repository, stripes } from './repository.ts'

const here = repository()

const sobel = (name: string, more = '') =>
  `cases:\n  - { name: ${name}, input: a.png, run: [sobel, --unit]${more} }\n`

describe('several manifests', () => {
  it('share a folder of goldens: none removes what another one made, together or apart', async () => {
    here.write('a.png', stripes(8))
    here.write('one.yaml', sobel('one'))
    here.write('two.yaml', sobel('two'))
    const all = ['convo.lock.json', 'one.png', 'two.png']
    await here.convo(['check', 'one.yaml', 'two.yaml', '--update'])
    expect(here.files('goldens')).toEqual(all)
    expect(await here.convo(['check', 'one.yaml', 'two.yaml', '--update'])).toMatchObject({ status: 0 })
    expect(await here.convo(['check', 'one.yaml', '--update'])).toMatchObject({ status: 0 })
    expect(here.files('goldens')).toEqual(all)

    here.write('two.yaml', sobel('three'))
    await here.convo(['check', 'one.yaml', 'two.yaml'])
    expect(Object.values(here.statuses()).sort()).toEqual(['new', 'obsolete', 'pass'])
    await here.convo(['check', 'two.yaml', '--update'])
    expect(here.files('goldens')).toEqual(['convo.lock.json', 'one.png', 'three.png'])
  })

  it('may be in folders of one another, in any order', async () => {
    here.write('x/a.png', stripes(8))
    here.write('x/y/a.png', stripes(9))
    const own = (...names: string[]) => `cases: [${names.map((name) => `{name: ${name}, actual: a.png}`)}]`
    here.write('x/convo.check.yaml', own('a', 'y/b'))
    here.write('x/y/convo.check.yaml', own('a', 'c'))
    const files = ['x/convo.check.yaml', 'x/y/convo.check.yaml']
    for (const order of [files, files.toReversed()]) {
      await here.convo(['check', ...order])
      expect(Object.keys(here.statuses()).sort()).toEqual(['x/a', 'x/y/a', 'x/y/b', 'x/y/c'])
    }
    expect((await here.convo(['approve', 'x/y/a', 'x/y/b'])).stdout).toBe('2 goldens written\n')
    expect(here.files().filter((name) => /^x.*goldens.*png/.test(name))).toEqual([
      'x/goldens/y/b.png',
      'x/y/goldens/a.png',
    ])
    here.write('x/convo.check.yaml', own('a', 'y/a'))
    const twice = await here.convo(['check', ...files])
    expect(twice).toMatchObject({ status: 2 })
    expect(twice.stderr).toContain('error: two cases would be called x/y/a   [E_NAME]')
  })

  it('keep goldens in folders of one another', async () => {
    here.write('a.png', stripes(8))
    here.write('outer.yaml', sobel('one'))
    here.write('inner.yaml', `goldens: goldens/inner\n${sobel('two')}`)
    here.write('goldens/__goldens__/some.test.ts/a-1.png', stripes(4))
    await here.convo(['check', 'inner.yaml', '--update'])
    expect(await here.convo(['check', 'outer.yaml', '--update'])).toMatchObject({ status: 0 })
    expect(here.files('goldens')).toEqual([
      '__goldens__/some.test.ts/a-1.png',
      'convo.lock.json',
      'inner/convo.lock.json',
      'inner/two.png',
      'one.png',
    ])
  })

  it('are approved as a whole or not at all, and never two pictures into one golden', async () => {
    for (const [i, name] of ['x', 'y'].entries()) {
      here.write(`${name}/a.png`, stripes(8, i))
      here.write(`${name}/convo.check.yaml`, `goldens: ../goldens\n${sobel('page')}`)
    }
    await here.convo(['check', '*/convo.check.yaml'])
    expect((await here.convo(['approve', '--all'])).stderr).toContain(
      'error: x/page and y/page would both become goldens/page.png   [E_NAME]',
    )
    for (const name of ['x', 'y']) here.write(`${name}/convo.check.yaml`, `goldens: g\n${sobel('page')}`)
    await here.convo(['check', '*/convo.check.yaml'])
    here.write('y/a.png', stripes(8, 5))
    const stale = await here.convo(['approve', '--all'])
    expect(stale.stderr).toContain('try: run convo check, then approve')
    expect(here.files().filter((name) => name.includes('g/') || name.startsWith('goldens'))).toEqual([])

    const named = await here.convo(['check', '*/convo.check.yaml', '--filter', 'x/page', '--results', 'r'])
    expect(named.stdout).toContain('1 of 1 case failed: 1 new')
    expect((await here.convo(['report', 'merge', 'r', '-o', 'r.html'])).stderr).toBe('')
    const shard = await here.convo(['check', '*/convo.check.yaml', '--shard', '3/3'])
    expect(shard).toMatchObject({ status: 0, stdout: expect.stringContaining('No case was checked') })
  })
})

describe('what is said about cases', () => {
  it('names the way out where no case has both, and where --all does not approve', async () => {
    here.write('a.png', stripes(8))
    here.write('convo.check.yaml', `${sobel('edges')}  - { name: page, actual: a.png, tags: [fast] }\n`)
    const both = await here.convo(['check', '--filter', 'edges*', '--tag', 'fast'])
    expect(both.stderr).toContain('no case that matches edges* has the tag fast')
    expect(both.stderr).toContain("try: convo check --filter 'edges*'\n")
    const update = await here.convo(['check', '--update'])
    expect(update.stdout).toContain('2 goldens written')
    expect(update.stdout).not.toContain('if this is intended')

    here.write('goldens/edges.png', stripes(8, 3))
    await here.convo(['check'])
    const left = await here.convo(['approve', '--all'])
    expect(left).toMatchObject({ status: 1, stdout: 'nothing to approve\n' })
    expect(left.stderr).toBe(
      'note: edges: the golden was changed without an approval; to accept the new picture: convo approve edges\n',
    )
    const results = here.read('.convo/check/results.json').toString()
    here.write('.convo/check/results.json', results.replace('"file": "edges.png"', '"file": "page.png"'))
    const forged = await here.convo(['approve', 'edges'])
    expect(forged.stderr).toContain('error: "edges" would replace the golden of another case   [E_PATH]')
    expect(here.read('goldens/page.png')).toEqual(here.read('a.png'))

    here.write('a.png', stripes(8).subarray(0, 100))
    await here.convo(['check'])
    expect(here.results().cases.map(({ message }) => message)).toEqual([
      'a.png is a damaged PNG [E_DECODE]',
      'a.png is a damaged PNG [E_DECODE]',
    ])
  })

  it('check init in another folder prints what works from here', async () => {
    here.write('ci/a.png', stripes(8))
    const done = await here.convo(['check', 'init', 'ci'])
    expect(done.stdout).toContain('write the new pictures below ci/actual')
    expect(done.stdout).toContain('then: convo check ci/convo.check.yaml\n')
    here.write('other/a.png', '')
    expect((await here.convo(['check', 'init', 'other'])).stderr).toContain(
      'try: a complete copy of other/a.png, or remove it; nothing was written',
    )
  })
})

describe('comparing folders', () => {
  it('removes nothing below a link, and passes over no link and no file in silence', async () => {
    here.write('e/a.png', stripes(8))
    here.write('a/a.png', stripes(8))
    here.write('e/dir/b.png', stripes(8))
    here.write('real/c.png', stripes(8))
    symlinkSync('../real', here.path('a/dir'))
    for (const [e, a] of [
      ['e', 'a'],
      ['e/**/*.png', 'a/**/*.png'],
    ] as const) {
      const update = await here.convo(['compare', e, a, '--update'])
      expect(update).toMatchObject({ status: 1, stderr: 'nothing to update in e\n' })
      expect(update.stdout).toContain('! error     dir  a linked folder, whose pictures were not compared')
      expect(update.stdout).toContain('try: convo compare e/dir a/dir')
    }
    expect(here.files('e')).toEqual(['a.png', 'dir/b.png'])

    for (const [side, text] of ['same', 'other'].entries()) {
      const folder = ['one', 'two'][side]!
      here.write(`${folder}/a.pdf`, `%PDF-${text}`)
      here.write(`${folder}/b.heic`, 'same')
      symlinkSync('../real', here.path(`${folder}/link`))
    }
    const run = await here.convo(['compare', 'one', 'two', '--reporter', 'lines'])
    expect(run.status).toBe(1)
    expect(run.stdout).toMatch(
      /^error\ta\.pdf\t.*PDF.*\nsame\tb\.heic\tthe files are equal\nsame\tlink\tboth are one folder\n$/,
    )
    await here.convo(['compare', 'one', 'two', '--reporter', 'html=page.html', '--passing'])
    expect(here.files()).toContain('page.html')
  })
})

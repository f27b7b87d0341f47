import { rmSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { repository, stripes } from './repository.ts'

const here = repository()

/** Four changed cases in three shards, each with a folder of its own. */
async function shards(count = 3): Promise<void> {
  const manifest = (sigma: number) =>
    here.write(
      'convo.check.yaml',
      `cases: [{name: "{stem}", input: in/*.png, run: [gaussian, --sigma, ${sigma}]}]\n`,
    )
  for (const [i, name] of ['a', 'b', 'c', 'd'].entries()) here.write(`in/${name}.png`, stripes(24, i))
  manifest(1)
  await here.convo(['check', '--update'])
  manifest(2)
  for (let n = 1; n <= count; n++) {
    const run = await here.convo(['check', '--shard', `${n}/${count}`, '--results', `s${n}`])
    expect(run.status).toBe(1)
  }
}

describe('convo report merge', () => {
  it('makes one page of all shards, with their pictures', async () => {
    await shards()
    const run = await here.convo(['report', 'merge', 's1', 's2/results.json', 's3', '-o', 'out/all.html'])
    expect(run).toMatchObject({
      status: 1,
      stderr: '',
      stdout: 'out/all.html: 4 of 4 cases failed: 4 changed\n',
    })
    const page = here.read('out/all.html').toString()
    expect(page.match(/id="picture-\d+"/g)).toHaveLength(12)
    for (const name of ['a', 'b', 'c', 'd']) expect(page).toContain(`"name":"${name}"`)
    for (const [name, shard] of Object.entries({ a: 's1', b: 's2', c: 's3', d: 's1' })) {
      expect(page).toContain(here.read(`${shard}/${name}/actual.png`).toString('base64'))
    }
  })

  it('approves each case from the folder that its shard left', async () => {
    await shards()
    await here.convo(['report', 'merge', 's1', 's2', 's3', '-o', 'all.md'])
    const [, commands = ''] = /```sh\n(.*)\n```/.exec(here.read('all.md').toString()) ?? []
    expect(commands).toBe(
      'convo approve --results s1 a d && convo approve --results s2 b && convo approve --results s3 c',
    )
    for (const command of commands.split(' && ')) {
      expect(await here.convo(command.split(' ').slice(1))).toMatchObject({ status: 0 })
    }
    expect(await here.convo(['check'])).toMatchObject({ status: 0 })
  })

  it('finds the pictures of what --reporter json wrote elsewhere, and says where they are gone', async () => {
    await shards(1)
    await here.convo(['check', '--reporter', 'json=first.json'])
    const run = await here.convo(['report', 'merge', 'first.json', '-o', 'all.html'])
    expect(run).toMatchObject({ status: 1, stderr: '' })
    const picture = here.read('.convo/check/a/actual.png').toString('base64')
    expect(here.read('all.html').toString()).toContain(picture)
    // the next run has pictures with the same names
    here.write('in/a.png', stripes(24, 9))
    for (const name of ['b', 'c', 'd']) here.write(`in/${name}.png`, stripes(24, 8))
    await here.convo(['check'])
    const late = await here.convo(['report', 'merge', 'first.json', '-o', 'all.html'])
    expect(late.stderr).toContain(
      'the pictures of first.json are missing; convo check --results sets their folder',
    )
    expect(here.read('all.html').toString()).not.toContain('id="picture-')
  })

  it.each([
    ['all.json', /"failed": 4/],
    ['all.xml', /<testsuites name="convo check" tests="4" failures="4"/],
    ['all.md', /4 of 4 cases failed/],
    ['all.jsonl', /"type":"run"/],
    ['all.txt', /4 changed/],
  ])('writes %s in the form of its extension', async (file, text) => {
    await shards(1)
    expect(await here.convo(['report', 'merge', 's1', '-o', file])).toMatchObject({ status: 1 })
    expect(here.read(file).toString()).toMatch(text)
  })

  it('says which shard is missing, and writes the report of the others', async () => {
    await shards()
    const run = await here.convo(['report', 'merge', 's1', 's3', '-o', 'all.html'])
    expect(run.status).toBe(1)
    expect(run.stderr).toContain('1 shard of 3 missing: 2')
    expect(here.read('all.html').toString()).toContain('3 of 3 cases failed')
  })

  it('refuses a shard given twice, another manifest, what is no result, and another extension', async () => {
    await shards()
    const twice = await here.convo(['report', 'merge', 's1', 's1', '-o', 'all.html'])
    expect(twice.stderr).toContain('the case "a" is in two of the results')
    here.write('convo.check.yaml', `${here.read('convo.check.yaml')}# later\n`)
    await here.convo(['check', '--shard', '2/3', '--results', 's2'])
    const other = await here.convo(['report', 'merge', 's1', 's2', '-o', 'all.html'])
    expect(other.stderr).toContain('these are not shards of one check')
    here.write('no.json', '{}')
    const none = await here.convo(['report', 'merge', 'no.json', '-o', 'all.html'])
    expect(none.stderr).toContain('no.json does not contain results of this version of convo check')
    const form = await here.convo(['report', 'merge', 's1', '-o', 'all.pdf'])
    expect(form.stderr).toContain('reports cannot be written as .pdf')
    for (const run of [twice, other, none, form]) expect(run.status).toBe(2)
    expect(here.files().filter((name) => name.startsWith('all'))).toEqual([])
  })

  it('takes an obsolete golden that is called as a case of another manifest', async () => {
    here.write('a/in.png', stripes(24, 3))
    here.write('a/b/in.png', stripes(24, 3))
    here.write('a/m.yaml', 'cases: [{ name: x, actual: in.png }]')
    here.write('a/b/m.yaml', 'cases: [{ name: y.png, actual: in.png }]')
    const check = ['check', 'a/m.yaml', 'a/b/m.yaml']
    await here.convo([...check, '--update'])
    here.write('a/goldens/b/y.png', stripes(24, 3))
    const parts = [1, 2, 3].map((index) => [...check, '--shard', `${index}/3`, '--results', `s${index}`])
    for (const part of parts) await here.convo(part)
    const run = await here.convo(['report', 'merge', 's1', 's2', 's3', '-o', 'all.json'])
    expect([run.status, run.stderr]).toEqual([1, ''])
    const { cases } = JSON.parse(here.read('all.json').toString()) as {
      cases: { name: string; status: string }[]
    }
    expect(cases.map(({ name, status }) => [name, status])).toEqual([
      ['a/x', 'pass'],
      ['a/b/y.png', 'pass'],
      ['a/b/y.png', 'obsolete'],
    ])
  })

  it('leaves out pictures that did not come along', async () => {
    await shards(1)
    rmSync(here.path('s1/a'), { recursive: true })
    expect(await here.convo(['report', 'merge', 's1', '-o', 'all.html'])).toMatchObject({ status: 1 })
    expect(
      here
        .read('all.html')
        .toString()
        .match(/id="picture-\d+"/g),
    ).toHaveLength(9)
  })
})

describe('results fetched from elsewhere', () => {
  it('are approved from another folder, as after a run on a CI server', async () => {
    await shards(1)
    expect((await here.convo(['approve', '--all', '--results', 's1'])).stdout).toBe('4 goldens written\n')
    expect(await here.convo(['check'])).toMatchObject({ status: 0 })
  })

  it('say so in the command that approves', async () => {
    await shards(1)
    const run = await here.convo(['check', '--results', 'my results'])
    expect(run.stdout).toContain("convo approve --results 'my results' a b c d")
  })
})

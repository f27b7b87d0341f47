import { describe, expect, it } from 'vitest'
import { png, repository, sharpenKernel, stripes } from './repository.ts'

const here = repository()

function project(): void {
  here.write('pictures/a.png', stripes(24))
  here.write('pictures/b.png', stripes(16, 3))
  here.write('kernels/edge.txt', sharpenKernel)
  here.write(
    'convo.check.yaml',
    `goldens: goldens
cases:
  - name: blur-{stem}
    input: pictures/*.png
    run: [gaussian, --sigma, 1.5]
  - name: edge
    input: pictures/a.png
    run: [conv2d, --kernel, kernels/edge.txt]
`,
  )
}

const sources = () => here.files().filter((name) => !name.startsWith('.convo'))

describe('convo check, as a new user meets it', () => {
  it('goes from new through approve to pass, catches a broken kernel, shows it, and passes when it is mended', async () => {
    project()
    const first = await here.convo(['check'])
    expect(first.status).toBe(1)
    expect(first.stdout).toContain('3 of 3 cases failed: 3 new')
    expect(first.stdout).toContain('convo approve blur-a blur-b edge')
    expect(sources()).toEqual(['convo.check.yaml', 'kernels/edge.txt', 'pictures/a.png', 'pictures/b.png'])

    const approved = await here.convo(['approve', '--new'])
    expect(approved).toMatchObject({ status: 0, stdout: '3 goldens written\n' })
    expect(here.files('goldens')).toEqual(['blur-a.png', 'blur-b.png', 'convo.lock.json', 'edge.png'])

    const pass = await here.convo(['check'])
    expect(pass).toMatchObject({ status: 0, stderr: '' })
    expect(pass.stdout).toMatch(/^All 3 cases pass: 3 pass; [\d.]+ m?s\n$/)

    here.write('kernels/edge.txt', sharpenKernel.replace('5', '5.25'))
    const broken = await here.convo(['check', '--reporter', 'html=report.html'])
    expect(broken.status).toBe(1)
    expect(here.statuses()).toEqual({ 'blur-a': 'pass', 'blur-b': 'pass', edge: 'changed' })
    expect(broken.stdout).toMatch(
      /≠ changed +edge +\d+ of 576 pixels differ, by up to \d+ in (red|green|blue) at \d+,\d+/,
    )
    expect(broken.stdout).toContain('if this is intended: convo approve edge')
    expect(here.files('.convo/check/edge')).toEqual([
      'actual.png',
      'diff.png',
      'difference.png',
      'expected.png',
    ])
    expect(here.read('.convo/check/edge/expected.png').equals(here.read('goldens/edge.png'))).toBe(true)
    expect(here.read('report.html').toString()).toContain('"name":"edge"')

    here.write('kernels/edge.txt', sharpenKernel)
    expect((await here.convo(['check'])).status).toBe(0)
  })

  it('promotes what the run made, to the byte, and leaves passing goldens untouched', async () => {
    project()
    await here.convo(['check', '--update'])
    const before = here.read('goldens/blur-a.png')
    here.write('kernels/edge.txt', sharpenKernel.replace('5', '6'))
    await here.convo(['check'])
    const made = here.read('.convo/check/edge/actual.png')
    expect((await here.convo(['approve', 'edge', 'blur-a'])).stdout).toBe(
      '1 golden written, 1 case already passing\n',
    )
    expect(here.read('goldens/edge.png').equals(made)).toBe(true)
    expect(here.read('goldens/blur-a.png').equals(before)).toBe(true)
    expect((await here.convo(['check'])).status).toBe(0)
  })

  it('--update checks and approves in one go, and passes from then on', async () => {
    project()
    expect(await here.convo(['check', '--update'])).toMatchObject({ status: 0 })
    expect(await here.convo(['check'])).toMatchObject({ status: 0 })
  })

  it('finds goldens without a case, and approval removes them; not under --filter, each in one shard', async () => {
    project()
    await here.convo(['check', '--update'])
    here.write(
      'convo.check.yaml',
      here.read('convo.check.yaml').toString().replace('name: edge', 'name: sharp'),
    )
    expect((await here.convo(['check', '--filter', 'blur-*'])).status).toBe(0)
    expect(here.statuses()).toEqual({ 'blur-a': 'pass', 'blur-b': 'pass' })
    expect((await here.convo(['check', '--shard', '1/3'])).status).toBe(1)
    expect(here.statuses()).toEqual({ 'blur-a': 'pass', edge: 'obsolete' })
    expect((await here.convo(['check', '--shard', '2/3'])).status).toBe(0)
    expect((await here.convo(['check', '--allow', 'new'])).status).toBe(1)
    expect(here.statuses()).toMatchObject({ sharp: 'new', edge: 'obsolete' })
    expect((await here.convo(['check', '--allow', 'new', '--allow', 'obsolete'])).status).toBe(0)
    expect((await here.convo(['approve', '--all'])).stdout).toBe('1 golden written\n')
    await here.convo(['check'])
    expect((await here.convo(['approve', '--all'])).stdout).toBe('1 golden removed\n')
    expect(here.files('goldens')).toEqual(['blur-a.png', 'blur-b.png', 'convo.lock.json', 'sharp.png'])
    expect((await here.convo(['check'])).status).toBe(0)
  })

  it('all shards together are the whole', async () => {
    project()
    const names: string[] = []
    for (const shard of ['1/2', '2/2']) {
      await here.convo(['check', '--shard', shard])
      names.push(...Object.keys(here.statuses()))
    }
    expect(names.sort()).toEqual(['blur-a', 'blur-b', 'edge'])
  })
})

describe('with CI=true nothing is ever written', () => {
  it.each([
    [['check', '--update'], '--update would write goldens, and this is a CI server'],
    [['approve', '--all'], 'approve would write goldens, and this is a CI server'],
    [['review'], 'review would write goldens, and this is a CI server'],
  ])('%j is refused', async (args, message) => {
    project()
    await here.convo(['check'])
    const before = sources()
    const run = await here.convo(args, { CI: 'true' })
    expect(run.status).toBe(2)
    expect(run.stderr).toContain(message)
    expect(sources()).toEqual(before)
  })

  it('check itself writes results only', async () => {
    project()
    await here.convo(['check', '--update'])
    const before = here
      .files('goldens')
      .map((name) => [name, here.read(`goldens/${name}`).toString('base64')])
    here.write('kernels/edge.txt', '1')
    expect((await here.convo(['check'], { CI: 'true' })).status).toBe(1)
    expect(
      here.files('goldens').map((name) => [name, here.read(`goldens/${name}`).toString('base64')]),
    ).toEqual(before)
  })
})

describe('goldens that are not what was approved', () => {
  it('a golden edited by hand is an error, though the case would pass', async () => {
    project()
    await here.convo(['check', '--update'])
    here.write('goldens/edge.png', stripes(24))
    here.write('kernels/edge.txt', '3x3:0,0,0,0,1,0,0,0,0')
    const run = await here.convo(['check'])
    expect(run.status).toBe(1)
    expect(run.stdout).toContain('the golden was changed without an approval')
    expect(here.statuses().edge).toBe('error')
    // it is only approved by name, not with all others
    expect((await here.convo(['approve', '--all'])).stdout).toBe('nothing to approve\n')
    expect((await here.convo(['approve', 'edge'])).stdout).toBe('1 golden written\n')
    expect((await here.convo(['check'])).status).toBe(0)
  })

  it('a golden encoded anew, with the same pixels, passes', async () => {
    here.write('a.png', stripes(24))
    here.write('convo.check.yaml', 'cases: [{name: a, actual: a.png}]')
    await here.convo(['check', '--update'])
    const again = await here.convo(['box', 'a.png', 'goldens/a.png', '--size', '1', '--compression', '9'])
    expect(again).toMatchObject({ status: 0 })
    expect(here.read('goldens/a.png').equals(here.read('a.png'))).toBe(false)
    expect((await here.convo(['check'])).status).toBe(0)
  })

  it('a Git LFS pointer in place of a golden or an input is told apart', async () => {
    project()
    await here.convo(['check', '--update'])
    const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n'
    here.write('goldens/edge.png', pointer)
    here.write('pictures/b.png', pointer)
    const run = await here.convo(['check'])
    expect(run.status).toBe(1)
    expect(run.stdout).toContain('the golden was not fetched')
    expect(run.stdout).toContain('pictures/b.png was not fetched [E_INPUT]')
    expect(run.stdout).toContain('try: git lfs pull')
    const approve = await here.convo(['approve', 'edge'])
    expect(approve.status).toBe(2)
    expect(approve.stderr).toContain('"edge" has no picture to approve')
    expect(here.read('goldens/edge.png').toString()).toBe(pointer)
  })

  it('a golden that is gone is an error, and one without an entry in the lock', async () => {
    project()
    await here.convo(['check', '--update'])
    const lock = JSON.parse(here.read('goldens/convo.lock.json').toString())
    delete lock.goldens['blur-a']
    here.write('goldens/convo.lock.json', JSON.stringify(lock))
    const { rmSync } = await import('node:fs')
    rmSync(here.path('goldens/edge.png'))
    const run = await here.convo(['check'])
    expect(run.stdout).toContain('the golden was never approved')
    expect(run.stdout).toContain('the golden is missing')
    expect(here.statuses()).toEqual({ 'blur-a': 'error', 'blur-b': 'pass', edge: 'error' })
    expect((await here.convo(['approve', 'blur-a', 'edge'])).status).toBe(0)
    expect((await here.convo(['check'])).status).toBe(0)
  })
})

describe('what a case finds', () => {
  it('a golden that is damaged, which an approval by name replaces', async () => {
    project()
    await here.convo(['check', '--update'])
    here.write('goldens/edge.png', here.read('goldens/edge.png').subarray(0, 100))
    const run = await here.convo(['check'])
    expect(run.stdout).toContain('the golden cannot be read\n    goldens/edge.png is a damaged PNG\n')
    expect(run.stdout).toContain('git checkout -- goldens/edge.png, or approve the new picture')
    expect(here.statuses()).toMatchObject({ 'blur-a': 'pass', edge: 'error' })
    expect((await here.convo(['approve', '--all'])).stderr).toContain('edge: the golden cannot be read')
    expect(await here.convo(['approve', 'edge'])).toMatchObject({ status: 0, stdout: '1 golden written\n' })
    expect((await here.convo(['check'])).status).toBe(0)
  })

  it('sizes, depths and channels that differ; 16-bit low bytes; a +1 everywhere', async () => {
    const gray = (value: (x: number) => number, depth: 8 | 16 = 8) => png(8, 8, value, { channels: 1, depth })
    const manifest = (names: string[]) =>
      `cases: [${names.map((name) => `{name: ${name}, actual: ${name}.png}`).join(', ')}]`
    const names = ['size', 'depth', 'channels', 'low', 'plus']
    here.write('convo.check.yaml', manifest(names))
    here.write(
      'size.png',
      gray((x) => x),
    )
    here.write(
      'depth.png',
      gray((x) => x),
    )
    here.write(
      'channels.png',
      gray((x) => x),
    )
    here.write(
      'low.png',
      gray((x) => x * 256, 16),
    )
    here.write(
      'plus.png',
      gray((x) => x),
    )
    await here.convo(['check', '--update'])
    here.write(
      'size.png',
      png(8, 9, (x) => x, { channels: 1 }),
    )
    here.write(
      'depth.png',
      gray((x) => x * 257, 16),
    )
    here.write(
      'channels.png',
      png(8, 8, (x) => x),
    )
    here.write(
      'low.png',
      gray((x) => x * 256 + (x === 3 ? 1 : 0), 16),
    )
    here.write(
      'plus.png',
      gray((x) => x + 1),
    )
    const run = await here.convo(['check', '--reporter', 'lines'])
    expect(run.stdout.split('\n')).toEqual([
      'size\tsize\t8x9 pixels, and the golden has 8x8',
      'changed\tdepth\t16 bits, and the golden has 8 bits; all pixels are equal otherwise',
      'changed\tchannels\tRGB, and the golden is gray; all pixels are equal otherwise',
      'changed\tlow\t8 of 64 pixels differ, by up to 1 in gray at 3,0',
      'changed\tplus\t64 of 64 pixels differ, by up to 1 in gray at 0,0',
      '',
    ])
  })

  it('tolerates what the tolerance allows, and says what would do', async () => {
    here.write('a.png', stripes(16))
    const manifest = (tolerance: string) => `cases: [{name: a, actual: a.png${tolerance}}]`
    here.write('convo.check.yaml', manifest(''))
    await here.convo(['check', '--update'])
    here.write(
      'a.png',
      png(
        16,
        16,
        (x, y, c) => ((x * (3 + c) + y * 5 + ((x + y) % 7) * 20) % 256) ^ (x === 5 && y === 2 ? 2 : 0),
      ),
    )
    here.write('convo.check.yaml', manifest(', tolerance: {max-abs: 1, reason: none really}'))
    const strict = await here.convo(['check', '--tighten'])
    expect(strict.status).toBe(1)
    expect(strict.stdout).toContain('would pass with --max-abs 2')
    expect(strict.stdout).toMatch(/a {2}has --max-abs 1 {2}needs --max-abs 2/)
    here.write('convo.check.yaml', manifest(', tolerance: {max-abs: 3, reason: none really}'))
    const loose = await here.convo(['check', '--tighten', '--self-test'])
    expect(loose.status).toBe(0)
    expect(here.statuses().a).toBe('tolerated')
    expect(loose.stdout).toContain('none really')
    expect(loose.stdout).toMatch(/a {2}has --max-abs 3 {2}needs --max-abs 2/)
    expect(here.results().cases[0]).toMatchObject({ selfTest: 'noticed', tolerance: '--max-abs 3' })
  })

  it('--self-test fails a case that cannot fail', async () => {
    here.write('a.png', stripes(16))
    here.write(
      'convo.check.yaml',
      'cases: [{name: a, actual: a.png, tolerance: {max-diff-ratio: 1, reason: everything may differ}}]',
    )
    await here.convo(['check', '--update'])
    expect((await here.convo(['check'])).status).toBe(0)
    const run = await here.convo(['check', '--self-test'])
    expect(run.status).toBe(1)
    expect(run.stdout).toContain('the case cannot fail: its tolerance allows any change')
  })

  it('animations, page by page', async () => {
    const { encodePages } = await import('../../../src/image/encode.ts')
    const page = (level: number) => ({
      width: 8,
      height: 8,
      channels: 3 as const,
      depth: 8 as const,
      data: new Uint8Array(192).fill(level),
      meta: {},
    })
    const animation = async (levels: number[]) => (await encodePages(levels.map(page), 'webp')).bytes
    here.write('a.webp', await animation([0, 100, 200]))
    here.write('convo.check.yaml', 'cases: [{name: a, actual: a.webp}]')
    await here.convo(['check', '--update'])
    expect(here.files('goldens')).toEqual(['a.webp', 'convo.lock.json'])
    here.write('a.webp', await animation([0, 101, 200]))
    expect((await here.convo(['check'])).stdout).toContain('64 of 64 pixels differ, by up to 1 in red at 0,0')
    here.write('a.webp', await animation([0, 100]))
    expect((await here.convo(['check'])).stdout).toContain('2 pages, and the golden has 3')
  })

  it('floats, sample by sample, where the range is raw', async () => {
    here.write('a.png', stripes(16))
    const manifest = (sigma: number) =>
      `cases: [{name: a, input: a.png, run: [gaussian, --sigma, ${sigma}, --range, raw]}]`
    here.write('convo.check.yaml', manifest(2))
    expect(await here.convo(['check', '--update'])).toMatchObject({ status: 0 })
    expect(here.files('goldens')).toEqual(['a.npy', 'convo.lock.json'])
    expect((await here.convo(['check'])).status).toBe(0)
    here.write('convo.check.yaml', manifest(2.0001))
    expect((await here.convo(['check'])).status).toBe(1)
    expect(here.statuses()).toEqual({ a: 'changed' })
  })

  it('one rounding for a chain, in either way of writing it', async () => {
    here.write('a.png', stripes(16))
    here.write(
      'convo.check.yaml',
      `cases:
  - name: flat
    input: a.png
    chain: [gaussian, --sigma, 2, --, sobel, --unit]
  - name: nested
    input: a.png
    chain: [[--depth, 16], [gaussian, --sigma, 2], [sobel, --unit]]
`,
    )
    expect((await here.convo(['check', '--update'])).status).toBe(0)
    const direct = await here.convo([
      'chain',
      'a.png',
      'out.png',
      '--',
      'gaussian',
      '--sigma',
      '2',
      '--',
      'sobel',
      '--unit',
    ])
    expect(direct.status).toBe(0)
    expect(here.read('out.png').equals(here.read('goldens/flat.png'))).toBe(true)
    expect(JSON.parse(here.read('goldens/convo.lock.json').toString()).goldens.nested.depth).toBe(16)
  })

  it('errors of a case: a missing input, a wrong operation, clipping under --fail-on-clip; the others are checked', async () => {
    here.write('a.png', stripes(16))
    here.write(
      'convo.check.yaml',
      `cases:
  - { name: gone, input: gone.png, run: [sobel] }
  - { name: wrong, input: a.png, run: [gausian] }
  - { name: json, input: a.png, run: [sobel, --json] }
  - { name: clipped, input: a.png, run: [sharpen, --fail-on-clip] }
  - { name: fine, input: a.png, run: [box] }
`,
    )
    const run = await here.convo(['check'])
    expect(run.status).toBe(1)
    expect(run.stdout).toContain('there is no file gone.png [E_INPUT]')
    expect(run.stdout).toContain('convo.check.yaml:2:5: this case')
    expect(run.stdout).toContain('try: gaussian')
    expect(run.stdout).toContain('--json does not apply to a case [E_OPTION]')
    expect(run.stdout).toMatch(/\d+ samples were clipped, and --fail-on-clip is set/)
    expect(here.statuses()).toEqual({
      gone: 'error',
      wrong: 'error',
      json: 'error',
      clipped: 'error',
      fine: 'new',
    })
    expect(here.results().failed).toBe(5)
  })

  it('a case that passes leaves alone the pictures of one whose name goes on from its own', async () => {
    here.write('a.png', stripes(16))
    const manifest = (size: number) =>
      here.write(
        'convo.check.yaml',
        `cases:
  - { name: a/b, input: a.png, run: [box, --size, ${size}] }
  - { name: a, input: a.png, run: [gaussian] }
`,
      )
    manifest(3)
    await here.convo(['check', '--update'])
    manifest(5)
    await here.convo(['check'])
    expect(here.statuses()).toEqual({ 'a/b': 'changed', a: 'pass' })
    expect(here.files('.convo/check/a')).toEqual(
      ['actual', 'diff', 'difference', 'expected'].map((name) => `b/${name}.png`),
    )
    expect((await here.convo(['approve', '--all'])).stdout).toBe('1 golden written\n')
  })

  it('absolute paths are taken as they are: inputs, kernels, masks, globs', async () => {
    here.write('deep/convo.check.yaml', '')
    here.write('in/a.png', stripes(16))
    here.write('mask.png', stripes(16))
    here.write('kernel.txt', sharpenKernel)
    const at = (name: string) => JSON.stringify(here.path(name))
    here.write(
      'deep/convo.check.yaml',
      `goldens: ${at('gold')}
cases:
  - { name: one, input: ${at('in/a.png')}, run: [conv2d, --kernel, ${at('kernel.txt')}] }
  - { name: "all-{stem}", input: ${at('in/*.png')}, run: [box], tolerance: { mask: ${at('mask.png')}, reason: of a part } }
`,
    )
    const run = await here.convo(['check', 'deep/convo.check.yaml', '--update'])
    expect(run.stdout).toContain('2 goldens written')
    expect(here.files('gold')).toEqual(['all-a.png', 'convo.lock.json', 'one.png'])
    expect((await here.convo(['check', 'deep/convo.check.yaml'])).status).toBe(0)
  })

  it('a filter that matches nothing is a mistake, not a pass', async () => {
    project()
    const run = await here.convo(['check', '--filter', 'blurr'])
    expect(run.status).toBe(2)
    expect(run.stderr).toContain('no case matches blurr')
  })

  it('does not clear a folder that it did not make', async () => {
    project()
    const run = await here.convo(['check', '--results', 'pictures'])
    expect(run.status).toBe(2)
    expect(run.stderr).toContain('pictures contains files that convo check did not write')
    expect(here.files('pictures')).toEqual(['a.png', 'b.png'])
  })
})

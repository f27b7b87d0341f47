import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { afterAll, expect, it } from 'vitest'
import { reporterNames } from '../../src/golden/settings.ts'
import {
  animate,
  approve,
  batch,
  check,
  close,
  compare,
  convo,
  explain,
  readKernel,
  report,
  separate,
  show,
} from '../../src/index.ts'
import { convo as command, scratch } from '../cli/convo.ts'

// Functions above pictures: checks, batches, explanations. They must give the results of the command.

const here = scratch()
afterAll(close)

const eventsOf = async (...words: Parameters<typeof batch>) => {
  const events = []
  for await (const one of batch(...words)) events.push(one)
  return events
}

it('a batch tells of every picture, and makes what a chain makes', async () => {
  const output = here.path('out/{stem}.png')
  const steps = (picture: ReturnType<typeof convo>) =>
    picture.gaussian({ sigma: 2, border: 'reflect' }).sobel({ unit: true })
  const events = await eventsOf('samples/*.png', output, steps, { jobs: 1 })
  expect(events.map(({ event }) => event)).toEqual(['start', ...events.slice(2).map(() => 'item'), 'end'])
  expect(events.at(-1)).toMatchObject({ failed: 0, left: 0 })
  const made = await steps(convo('samples/scene.png')).toBuffer()
  expect((await compare(made, here.path('out/scene.png'))).matches).toBe(true)
  const again = await eventsOf('samples/*.png', output, steps)
  expect(again.at(-1)).toMatchObject({ done: 0, current: events.length - 2 })
})

it('a batch takes the options of the whole picture, and words its events for the library', async () => {
  const soft = (picture: ReturnType<typeof convo>) => picture.gaussian({ sigma: 2 })
  const whole = { gray: true, depth: 16, orient: false, region: [5, 6, 70, 80] } as const
  for (const steps of [soft, (picture: ReturnType<typeof convo>) => soft(picture).sobel()]) {
    const output = here.path('whole/{stem}.png')
    const [, item] = await eventsOf('samples/scene.png', output, steps, { ...whole, force: true })
    expect(item).toMatchObject({ status: 'done', reason: 'force: true' })
    const made = await steps(convo('samples/scene.png', whole)).toBuffer()
    expect(made.equals(readFileSync(here.path('whole/scene.png')))).toBe(true)
  }
  const [, failed] = await eventsOf('samples/alpha.png', here.path('whole/{stem}.jpg'), soft)
  expect(failed).toMatchObject({
    status: 'failed',
    error: { fix: "background: 'white', or an output path ending in .png or .webp" },
  })
  await expect(
    eventsOf('samples', here.path('x/{stem}.png'), soft, { threads: 2 } as never),
  ).rejects.toMatchObject({ message: 'batch has no option threads' })
})

it('a batch that cannot start throws, a picture that fails is an event', async () => {
  const box = (picture: ReturnType<typeof convo>) => picture.box()
  await expect(eventsOf('samples', here.path('x/{nothing}.png'), box)).rejects.toMatchObject({
    code: 'E_NAME',
  })
  await expect(
    eventsOf('samples', here.path('x/{stem}.png'), (picture) => picture.conv2d({ kernel: [[1]] })),
  ).rejects.toMatchObject({ code: 'E_ARGUMENT' })
  const [, item] = await eventsOf(['nowhere.png'], here.path('x/{stem}.png'), box)
  expect(item).toMatchObject({ event: 'item', status: 'failed', error: { code: 'E_INPUT' } })
})

it('a batch stops when its signal is aborted, or its loop is left, and goes on later', async () => {
  const files = Array.from({ length: 12 }, (_, i) => here.path(`many/${i}.png`))
  mkdirSync(here.path('many'))
  for (const file of files) cpSync('samples/scene.png', file)
  const output = here.path('stopped/{stem}.png')
  const steps = (picture: ReturnType<typeof convo>) => picture.gaussian({ sigma: 2 })
  const made = () => readdirSync(here.path('stopped')).filter((name) => !name.startsWith('.convo'))

  const controller = new AbortController()
  const events: string[] = []
  const stopping = async () => {
    for await (const { event } of batch(files, output, steps, { jobs: 1, signal: controller.signal })) {
      events.push(event)
      if (event === 'item') controller.abort(new Error('enough'))
    }
  }
  await expect(stopping()).rejects.toThrow('enough')
  expect(events.at(-1)).toBe('end')
  const after = made()
  expect(after.length).toBeLessThan(files.length)
  expect(after.every((name) => /^\d+\.png$/.test(name))).toBe(true)

  for await (const { event } of batch(files, output, steps, { jobs: 1 })) if (event === 'item') break
  expect(made().length).toBeLessThan(files.length)

  const rest = await eventsOf(files, output, steps)
  expect(rest.at(-1)).toMatchObject({ failed: 0, left: 0 })
  expect(made()).toHaveLength(files.length)
  const early = eventsOf(files, here.path('never/{stem}.png'), steps, { signal: AbortSignal.abort() })
  await expect(early).rejects.toMatchObject({ name: 'AbortError' })
  expect(existsSync(here.path('never/0.png'))).toBe(false)
})

it('a check makes the results of the command, approves, and reports in every form', async () => {
  cpSync('samples/scene.png', here.path('scene.png'))
  writeFileSync(
    here.path('convo.check.yaml'),
    'cases: [{ name: soft, input: scene.png, run: [gaussian, --sigma, 2] }]\n',
  )
  const results = here.path('results')
  const manifest = here.path('convo.check.yaml')
  const seen: string[] = []
  const first = await check(manifest, {
    results,
    onCase: ({ name, status }) => seen.push(`${name} ${status}`),
  })
  expect([first.failed, seen]).toEqual([1, ['soft new']])
  expect(await approve('new', { results })).toMatchObject({ written: ['soft'] })
  const second = await check(manifest, { results })
  expect([second.failed, second.counts.pass]).toEqual([0, 1])
  const { status } = await command(['check', manifest, '--results', here.path('other')])
  expect(status).toBe(0)
  const [mine, its] = [results, here.path('other')].map((folder) =>
    JSON.parse(readFileSync(`${folder}/results.json`, 'utf8')),
  )
  expect(mine.cases.map(({ milliseconds: _, ...one }: { milliseconds: number }) => one)).toEqual(
    its.cases.map(({ milliseconds: _, ...one }: { milliseconds: number }) => one),
  )
  for (const name of reporterNames)
    if (name !== 'github') expect((await report(first, name)).toLowerCase()).toContain('soft')
  await expect(report(second, 'xml' as 'html')).rejects.toMatchObject({ code: 'E_NAME' })
  await expect(check(here.path('nowhere.yaml'))).rejects.toMatchObject({ code: 'E_INPUT' })
  // a check without cases always passes
  for (const [wrong, code] of [
    [{ shard: { index: 3, count: 2 } }, 'E_ARGUMENT'],
    [{ shard: { index: 0, count: 0 } }, 'E_ARGUMENT'],
    [{ allow: ['changed'] }, 'E_OPTION'],
  ] as const)
    await expect(check(manifest, { results, ...wrong })).rejects.toMatchObject({ code })
})

it('an error of onCase is the error of the check, once every case is done', async () => {
  const manifest = here.path('told.yaml')
  const cases = ['box', 'sobel'].map((name) => ({ name, input: 'scene.png', run: name }))
  writeFileSync(manifest, JSON.stringify({ goldens: 'goldens', cases }))
  cpSync('samples/scene.png', here.path('scene.png'))
  const results = here.path('told')
  const told: string[] = []
  for (const late of [false, true]) {
    const onCase = ({ name }: { name: string }) => {
      told.push(name)
      if (late) return Promise.reject(new Error('mine'))
      throw new Error('mine')
    }
    await expect(check(manifest, { results, onCase })).rejects.toMatchObject({
      code: 'E_ARGUMENT',
      message: 'onCase threw an error',
      why: ['mine'],
    })
  }
  expect([told.length, existsSync(here.path('told/results.json'))]).toEqual([4, true])
})

it('explains as the command does, of a layer and of a picture, with the drawing', async () => {
  const layer = await explain('conv2d', [3, 7, 7], { filters: 128 })
  expect(JSON.parse(JSON.stringify(layer))).toEqual(
    JSON.parse(
      (await command(['explain', 'conv2d', '--input', '3x7x7', '--filters', '128', '--json'])).stdout,
    ),
  )
  expect(await layer.svg()).toBe(
    (await command(['explain', 'conv2d', '--input', '3x7x7', '--filters', '128', '--svg', '-'])).stdout,
  )
  const filter = JSON.parse(JSON.stringify(await explain('gaussian', 'samples/scene.png', { sigma: 20 })))
  const typed = await command(['explain', 'gaussian', 'samples/scene.png', '--sigma', '20', '--json'])
  const its = JSON.parse(typed.stdout)
  // the library runs FFTs in workers, which have their own memory
  const sizes = { strips: expect.any(Number), total: expect.any(Number) }
  expect(filter).toEqual({ ...its, run: { ...its.run, memory: { ...its.run.memory, ...sizes } } })
  await expect(explain('gausian', [3, 7, 7])).rejects.toMatchObject({ code: 'E_NAME' })
  await expect(explain('gaussian', [3, 7, 7], { sigm: 2 } as never)).rejects.toMatchObject({
    code: 'E_NAME',
    fix: 'sigma',
  })
})

it('refuses what it cannot draw in its own words', async () => {
  const median = await explain('median', [3, 7, 7])
  await expect(median.svg()).rejects.toMatchObject({ code: 'E_USAGE', fix: 'no svg()' })
  await expect(animate('relu')).rejects.toMatchObject({ fix: "explain('relu')" })
  await expect(approve('all', { results: here.path('none') })).rejects.toMatchObject({
    fix: `check(manifest, { results: '${here.path('none')}' })`,
  })
})

it('takes the weights of a kernel as they are at each call', async () => {
  const kernel = await readKernel('1 2 1; 2 4 2; 1 2 1')
  const ranks = async () => [
    (await separate(kernel, { rank: 3 })).singularValues.filter((one) => one > 1e-6).length,
    JSON.stringify(await explain('conv2d', 'samples/scene.png', { kernel })).match(/"rank":(\d)/)?.[1],
  ]
  expect(await ranks()).toEqual([1, '1'])
  kernel.weights[0] = 7
  expect(await ranks()).toEqual([2, '2'])
})

it('explains with a kernel of any kind what a name or its numbers explain', async () => {
  const rows = [
    [1, 2],
    [3, 4],
  ]
  for (const input of ['samples/scene.png', [3, 7, 7]] as const) {
    const [named, given] = await Promise.all(
      ['1 2; 3 4', rows].map((kernel) => explain('depthwise', input, { kernel })),
    )
    expect(JSON.parse(JSON.stringify(given))).toEqual(JSON.parse(JSON.stringify(named)))
  }
  await expect(explain('sobel', [3, 7, 7], { kernel: rows } as never)).rejects.toMatchObject({
    message: 'explain has no option kernel',
  })
})

it('draws kernels and operators as the command does', async () => {
  const { svg, facts } = await show('sobel-x')
  await command(['show', 'sobel-x', here.path('sobel-x.svg')])
  expect(svg.trim()).toBe(readFileSync(here.path('sobel-x.svg'), 'utf8').trim())
  expect([facts.sum, facts.rank]).toEqual([0, 1])
  expect(
    (
      await show([
        [1, 2],
        [3, 4],
      ])
    ).facts.sum,
  ).toBe(10)
  const moving = await animate('transposed', { stride: 2 })
  await command(['animate', 'transposed', here.path('transposed.svg'), '--stride', '2'])
  expect(moving.svg).toBe(readFileSync(here.path('transposed.svg'), 'utf8'))
  await expect(animate('sobel')).rejects.toMatchObject({ code: 'E_NAME' })
})

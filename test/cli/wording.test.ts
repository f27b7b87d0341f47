import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { writeNpy } from '../../src/kernel/formats/npy.ts'
import { png, stripes } from './check/repository.ts'
import { convo, scratch } from './convo.ts'

const here = scratch('scene.png')
const run = (...args: string[]) => convo(args, { cwd: here.path() })
const write = (name: string, bytes: string | Uint8Array) => writeFileSync(here.path(name), bytes)

describe('sentences', () => {
  it('are not made of empty lists: a shard without cases', async () => {
    write('one.png', stripes(16))
    write('one.json', JSON.stringify({ cases: [{ name: 'one', input: 'one.png', run: ['sobel'] }] }))
    await run('check', 'one.json', '--update')
    const shards = await Promise.all(
      [1, 2].map((n) => run('check', 'one.json', '--shard', `${n}/2`, '--results', `s${n}`)),
    )
    const empty = shards.find(({ stdout }) => stdout.startsWith('No case'))
    expect(empty?.stdout).toMatch(/^No case was checked: shard [12] of 2; [\d.]+ m?s\n$/)
    const markdown = await run(
      'check',
      'one.json',
      '--shard',
      '2/2',
      '--reporter',
      'markdown',
      '--results',
      's3',
    )
    expect(markdown.stdout).not.toMatch(/\n[;,]|: ,/)
  })

  it('do not calculate with what is no number', async () => {
    write('p.npy', writeNpy([1, 12, 12], new Float32Array(144)))
    write('q.npy', writeNpy([1, 12, 12], new Float32Array(144).fill(Number.NaN, 0, 1)))
    for (const limit of [
      ['--min-psnr', '30'],
      ['--max-rmse', '2'],
      ['--min-ssim', '0.9'],
    ]) {
      const { stdout, status } = await run('compare', 'p.npy', 'q.npy', ...limit)
      expect(status).toBe(1)
      expect(stdout).not.toMatch(/(NaN|Infinity)\S* too/)
      expect(stdout).toMatch(
        /failed .*it is undefined: the pictures differ where a sample is not a finite number/,
      )
    }
  })

  it('name the alpha where that alone differs', async () => {
    const box = (alpha: number) => png(4, 4, (_, __, c) => (c === 3 ? alpha : 255), { channels: 4 })
    write('full.png', box(255))
    write('half.png', box(128))
    const { stdout } = await run('compare', 'full.png', 'half.png', '--alpha', 'visible')
    expect(stdout).toMatch(/largest .*alpha at 0,0: expected 255, got 128/)
    const json = JSON.parse(
      (await run('compare', 'full.png', 'half.png', '--alpha', 'visible', '--json')).stdout,
    )
    expect(json.pages[0].stats.largest).toMatchObject({ channel: 'alpha', expected: 255, got: 128 })
  })

  it('take a share as a percentage too', async () => {
    write(
      'a.png',
      png(20, 10, (x, y) => (x === 0 && y === 0 ? 9 : 0)),
    )
    write(
      'b.png',
      png(20, 10, () => 0),
    )
    expect((await run('compare', 'a.png', 'b.png', '--max-diff-ratio', '0.5%')).status).toBe(0)
    expect((await run('compare', 'a.png', 'b.png', '--max-diff-ratio', '0.4%')).status).toBe(1)
    expect((await run('compare', 'a.png', 'b.png', '--max-diff-ratio', '0.005')).status).toBe(0)
    expect((await run('compare', 'a.png', 'b.png', '--max-diff-ratio', '101%')).stderr).toMatch(
      /--max-diff-ratio must be from 0 to 1, or 0% to 100%, got "101%"/,
    )
  })

  it('tell inputs of one name apart by what its template has not', async () => {
    mkdirSync(here.path('one'))
    mkdirSync(here.path('two'))
    for (const name of ['one/x.png', 'two/x.png']) write(name, stripes(8))
    const hint = async (name: string, input: string) => {
      write('names.json', JSON.stringify({ cases: [{ name, input, run: ['sobel'] }] }))
      return (await run('check', 'names.json')).stderr
    }
    expect(await hint('n', '*/x.png')).toContain('{dir} in the name makes it different for each input')
    expect(await hint('n-{stem}', '*/x.png')).toContain('{dir} in the name makes it different for each input')
    write('one/y.png', stripes(8))
    expect(await hint('n', 'one/*.png')).toContain('{stem} in the name makes it different for each input')
    write('one/x.webp', stripes(8))
    expect(await hint('n-{stem}', 'one/x.*')).toContain('{ext} in the name makes it different for each input')
  })
})

describe('numbers', () => {
  it('of neighbouring floats are told apart', async () => {
    for (const [name, value] of [
      ['a.npy', 0.1],
      ['b.npy', 0.1 + 1e-8],
    ] as const)
      write(name, writeNpy([8, 8], new Float32Array(64).fill(value)))
    const { stdout } = await run('compare', 'a.npy', 'b.npy')
    const [, expected, got] = /expected ([\d.]+), got ([\d.]+)/.exec(stdout)!
    expect([Math.fround(Number(expected)), Math.fround(Number(got))]).toEqual(
      [0.1, 0.1 + 1e-8].map(Math.fround),
    )
  })
})

describe('sizes', () => {
  it('are width x height of pictures, channels x height x width of tensors', async () => {
    const filter = await run('explain', 'sobel', 'scene.png')
    expect(filter.stdout).toMatch(/input +640x420, 3 channels, 8 bits\n +output +640x420, 3 channels\n/)
    const layer = await run('explain', 'conv2d', '--input', '3x9x7', '--filters', '8')
    expect(layer.stdout).toMatch(/input +3x9x7 +\(channels x height x width\)\n +output +8x7x5\n/)
    expect((await run('explain', 'box', '--size', '5,3', 'scene.png')).stdout).toMatch(
      /kernel +5x3,[\s\S]*field +5x3\n/,
    )
  })

  it('are written with the letter x in every drawing', async () => {
    const drawings = [
      ['explain', 'depthwise-separable', '--input', '16x56x56', '--svg', '-'],
      ['explain', 'separable', 'scene.png', '--svg', '-'],
      ['explain', 'sobel', 'scene.png', '--svg', '-'],
      ['show', 'sobel-x', '-'],
      ['animate', 'conv2d', '-'],
      ['animate', 'multi-channel', '-'],
      ['animate', 'conv3d', '-'],
      ['animate', 'depthwise-separable', '-'],
    ]
    for (const args of drawings) {
      const { stdout } = await run(...args)
      expect(stdout).toMatch(/\dx\d/)
      expect(stdout).not.toMatch(/\d×\d/)
    }
  })
})

describe('manifests', () => {
  it('take an operation as a list or as a text, and input or inputs', async () => {
    write('in.png', stripes(16))
    const cases = [
      { name: 'list', input: 'in.png', run: ['gaussian', '--sigma', 2] },
      { name: 'text', inputs: 'in.png', run: 'gaussian --sigma 2' },
      { name: 'chain', inputs: ['in.png'], chain: 'gaussian --sigma 2 -- sobel' },
    ]
    write('forms.json', JSON.stringify({ goldens: 'forms', cases }))
    expect((await run('check', 'forms.json', '--update')).status).toBe(0)
    expect(readFileSync(here.path('forms/list.png')).equals(readFileSync(here.path('forms/text.png')))).toBe(
      true,
    )
    write(
      'both.json',
      JSON.stringify({ cases: [{ name: 'x', input: 'in.png', inputs: 'in.png', run: 'sobel' }] }),
    )
    expect((await run('check', 'both.json')).stderr).toContain('has both input and inputs, use one of them')
    for (const [key, operation] of [
      ['input', 'sobel --unit'],
      ['inputs', ['sobel', '--unit']],
    ] as const) {
      write('job.yaml', JSON.stringify({ [key]: 'in.png', output: `${key}/{stem}.png`, operation }))
      expect((await run('batch', 'job.yaml')).status).toBe(0)
    }
    expect(readFileSync(here.path('input/in.png')).equals(readFileSync(here.path('inputs/in.png')))).toBe(
      true,
    )
  })
})

describe('a chain', () => {
  it('is drawn as well, with every step', async () => {
    const { status, stdout } = await run(
      'explain',
      'chain',
      'scene.png',
      '--svg',
      '-',
      '--',
      'gaussian',
      '--',
      'maxpool',
    )
    expect(status).toBe(0)
    for (const word of ['gaussian', 'maxpool', '3x420x640', '3x210x320']) expect(stdout).toContain(word)
  })
})

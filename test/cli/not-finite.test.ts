import { writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { writeNpy } from '../../src/kernel/formats/npy.ts'
import { fileOf } from '../net/graphs.ts'
import { convo, scratch } from './convo.ts'
import { noise, readArray } from './pictures.ts'

const here = scratch()
const run = (...args: string[]) => convo(args, { cwd: here.path() })

const [height, width] = [200, 300]
const at = 100 * width + 150

/** Writes an array of floats with one sample replaced. */
function array(name: string, sample: number, shape: readonly number[] = [1, height, width]): void {
  const data = Float32Array.from(noise(shape.reduce((a, b) => a * b, 1)))
  data[at] = sample
  writeFileSync(here.path(name), writeNpy(shape, data))
}

const kernel = (size: number, weight: (i: number) => number) => {
  const rows = Array.from({ length: size }, (_, y) =>
    Array.from({ length: size }, (_, x) => weight(y * size + x)).join(' '),
  )
  writeFileSync(here.path(`k${size}.txt`), rows.join('\n'))
  return `k${size}.txt`
}

/** A kernel of full rank, for which `auto` uses the FFT. */
const dense = () => kernel(31, (i) => ((i * 7919) % 23) + 1)

const notFinite = (data: Iterable<number>) => [...data].filter((v) => !Number.isFinite(v)).length

describe('samples that are not finite', () => {
  test.each([
    ['NaN', Number.NaN, 31 * 31],
    ['infinity', Number.POSITIVE_INFINITY, 31 * 31],
    ['minus infinity', Number.NEGATIVE_INFINITY, 31 * 31],
    ['a sample whose transform would overflow', 1e36, 0],
    ['a sample whose rounding errors would cover the others', 1e20, 0],
  ])('%s stays within the reach of a dense kernel', async (_, sample, reached) => {
    array('x.npy', sample)
    const auto = await run('conv2d', 'x.npy', 'auto.npy', '--kernel', dense(), '--json')
    await run('conv2d', 'x.npy', 'direct.npy', '--kernel', 'k31.txt', '--algorithm', 'direct')
    const [a, d] = [readArray(here.path('auto.npy')).data, readArray(here.path('direct.npy')).data]
    expect(a).toEqual(d)
    const report = JSON.parse(auto.stdout)
    expect(report.plan[0].algorithm).toBe('direct')
    expect(report.plan[0].reason).toContain('not finite')
    expect(report.notes.join()).toContain('not finite')
    expect(notFinite(a)).toBe(reached)
  })

  test.each([
    ['sharpen', []],
    ['sobel', ['--range', 'minmax']],
    ['maxpool', []],
  ])('%s %j tells what becomes of them in a picture', async (name, options) => {
    array('x.npy', Number.NaN)
    const note = 'x.npy has samples that are not finite'
    expect((await run(name, 'x.npy', 'x.png', ...options)).stderr).toContain(note)
    expect((await run(name, 'x.npy', 'y.npy', ...options)).stderr).not.toContain(note)
    array('x.npy', 7)
    expect((await run(name, 'x.npy', 'x.png', ...options)).stderr).not.toContain(note)
  })

  test('a long gaussian keeps to its window as well', async () => {
    array('x.npy', Number.NaN)
    const { stdout } = await run('gaussian', 'x.npy', 'g.npy', '--sigma', '13', '--json')
    expect(JSON.parse(stdout).plan[0].algorithm).toBe('separable')
    const { data } = readArray(here.path('g.npy'))
    const side = Number(JSON.parse(stdout).plan[0].kernel.split('x')[0])
    expect(side).toBeGreaterThan(96)
    expect(notFinite(data)).toBe(side * side)
  })

  test('finite floats take the FFT as before', async () => {
    array('x.npy', 1)
    const { stdout } = await run('conv2d', 'x.npy', 'o.npy', '--kernel', dense(), '--json')
    expect(JSON.parse(stdout).plan[0].algorithm).toBe('fft')
    expect(JSON.parse(stdout).notes.join()).not.toContain('not finite')
  })

  test('a dry run and threads decide alike', async () => {
    array('x.npy', Number.NaN)
    const plan = async (...more: string[]) => {
      const { stdout } = await run('conv2d', 'x.npy', 'o.npy', '--kernel', dense(), '--json', ...more)
      return JSON.parse(stdout).plan
    }
    const expected = await plan('--dry-run')
    for (const more of [[], ['--threads', '1'], ['--threads', '4']])
      expect(await plan(...more)).toEqual(expected)
  })

  test('--algorithm fft is refused where it would spread them', async () => {
    array('x.npy', Number.NaN)
    const refused = await run('conv2d', 'x.npy', 'o.npy', '--kernel', dense(), '--algorithm', 'fft')
    expect([refused.status, refused.stderr]).toEqual([2, expect.stringContaining('E_OPTION')])
    expect(refused.stderr).toContain('--algorithm auto')
  })

  test('a step that makes infinity is not spread by the next', async () => {
    array('x.npy', 1e38)
    const steps = ['--', 'conv2d', '--kernel', '10', '--algorithm', 'direct', '--']
    const auto = await run('chain', 'x.npy', 'c.npy', '--json', ...steps, 'conv2d', '--kernel', dense())
    const plan = JSON.parse(auto.stdout).plan
    expect(plan.at(-1).algorithm).toBe('direct')
    expect(notFinite(readArray(here.path('c.npy')).data)).toBe(31 * 31)
  })

  test('an operator that makes infinity is not spread by the next step', async () => {
    array('x.npy', 1e38)
    const steps = ['--', 'pointwise', '--kernel', '10', '--', 'gaussian', '--sigma', '13']
    await run('chain', 'x.npy', 'c.npy', ...steps)
    expect(notFinite(readArray(here.path('c.npy')).data)).toBeLessThanOrEqual(107 * 107)
  })

  test('maps of a volume are filtered one by one, and none spreads', async () => {
    array('v.npy', Number.NaN, [5, height, width])
    await run('conv2d', 'v.npy', 'w.npy', '--kernel', dense(), '--algorithm', 'auto')
    // [5,H,W] is not a picture, so the kernel is applied to each map separately
    expect(notFinite(readArray(here.path('w.npy')).data)).toBe(31 * 31)
  })

  test.each(['conv2d', 'net'])(
    'stays within the reach of a bank of %s that would be summed in tiles',
    async (name) => {
      const bank = writeNpy(
        [8, 8, 3, 3],
        Float32Array.from({ length: 576 }, (_, i) => ((i * 37) % 23) - 11.5),
      )
      writeFileSync(here.path('bank.npy'), bank)
      const weights = { shape: [8, 8, 3, 3], data: [...readArray(here.path('bank.npy')).data] }
      const attributes = { pads: [1, 1, 1, 1] }
      const node = { operator: 'Conv', inputs: ['x', weights], outputs: ['y'], attributes }
      writeFileSync(here.path('bank.onnx'), fileOf({ shape: [1, 8, 40, 40], nodes: [node] }))
      const line = (output: string) =>
        name === 'net'
          ? [name, 'bank.onnx', 'x.npy', output]
          : [name, 'x.npy', output, '--kernel', 'bank.npy']
      array('x.npy', 0.5, [8, 40, 40])
      const usual = await run(...line('usual.npy'))
      expect(usual.stderr).not.toContain('not finite')
      const finite = new Float32Array(8 * 1600).fill(0.5)
      finite[3 * 1600 + 820] = Number.NaN
      writeFileSync(here.path('x.npy'), writeNpy([8, 40, 40], finite))
      const { status, stderr } = await run(...line('o.npy'))
      expect(status).toBe(0)
      expect(stderr).toContain("Winograd's algorithm would spread them")
      expect(notFinite(readArray(here.path('o.npy')).data)).toBe(8 * 9)
    },
  )

  test('weights whose sums would overflow in an FFT take the direct path on pictures too', async () => {
    array('x.npy', 1)
    const huge = kernel(33, (i) => (i === 544 ? 1 : 1e30 * ((i % 7) + 1)))
    const { stdout } = await run('conv2d', 'x.npy', 'o.npy', '--kernel', huge, '--json')
    expect(JSON.parse(stdout).plan[0].algorithm).toBe('direct')
  })

  test.each(['minmax into a picture', 'a step that stretches'])(
    '%s looks at the finite samples alone',
    async (how) => {
      array('x.npy', Number.POSITIVE_INFINITY)
      const line =
        how === 'a step that stretches'
          ? ['normalize', 'x.npy', 'n.npy']
          : ['gaussian', 'x.npy', 'n.npy', '--sigma', '1', '--range', 'minmax']
      const done = await run(...line)
      expect(done.stderr).not.toContain('error')
      const { data } = readArray(here.path('n.npy'))
      const finite = [...data].filter(Number.isFinite)
      expect(finite.length).toBeGreaterThan(data.length - 100)
      expect([Math.min(...finite), Math.max(...finite)]).toEqual([0, 255])
    },
  )

  test('a tap of weight 0 lets nothing through', async () => {
    array('x.npy', Number.NaN)
    await run('conv2d', 'x.npy', 'o.npy', '--kernel', '0 1 0; 1 -4 1; 0 1 0')
    expect(notFinite(readArray(here.path('o.npy')).data)).toBe(5)
  })
})

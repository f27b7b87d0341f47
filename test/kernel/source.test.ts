import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { namedKernels } from '../../src/filters/names.ts'
import { writeNpy } from '../../src/kernel/formats/npy.ts'
import { kernel } from '../../src/kernel/kernel.ts'
import { loadKernel, loadKernels, readyMade } from '../../src/kernel/source.ts'
import { limits } from '../../src/limits.ts'
import { resolve } from '../../src/params.ts'
import { cpuTime } from '../cpu.ts'
import { rejection } from './expect-failure.ts'

const sobel = kernel([3, 3], [-1, 0, 1, -2, 0, 2, -1, 0, 1])

let folder = ''
const load = (source: string) => loadKernel(source, { names: namedKernels, cwd: folder })
const refused = (source: string) => rejection(load(source))
const put = (name: string, content: string | Uint8Array) => writeFileSync(join(folder, name), content)

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'convo-source-'))
  mkdirSync(join(folder, 'more'))
  mkdirSync(join(folder, 'folder.json'))
  put('edge.json', '{"name": "edge", "weights": [[1, 2]]}')
  put('more/deep.csv', '5,6\n')
  put('bank.npy', writeNpy([2, 1, 1, 1], Float32Array.of(7, 8)))
  put('pair.txt', '1: 5; 3x1: 1,2,3')
  put('plain', '1 2\n3 4\n')
  put('gaussian', '9\n')
  put('a#1.csv', '10\n')
  put('2 by 1.csv', '11,12\n')
  put('empty.json', '')
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('numbers', () => {
  test.each([
    '-1 0 1; -2 0 2; -1 0 1',
    '-1,0,1;-2,0,2;-1,0,1',
    '-1,0,1 -2,0,2 -1,0,1',
    '-1 0 1|-2 0 2|-1 0 1:-1 0 1 -2 0 2 -1 0 1:-1 0 1 -2 0 2 -1 0 1:-1 0 1 -2 0 2 -1 0 1',
    '0m=-1 0 1 -2 0 2 -1 0 1',
    '-1, 0, 1; -2, 0, 2; -1, 0, 1;',
    '-1 0 1\n-2 0 2\n-1 0 1\n',
    ' -1.0\t0e0 +1 ; -2 -0 2. ; -1 .0 1',
    '[[-1,0,1],[-2,0,2],[-1,0,1]]',
    '(1,0,-1;2,0,-2;1,0,-1)',
    '3x3: 1,0,-1 2,0,-2 1,0,-1',
    '3: 1,0,-1,2,0,-2,1,0,-1',
    '3x3+1+1: 1,0,-1,2,0,-2,1,0,-1',
    '{"weights": [[-1,0,1],[-2,0,2],[-1,0,1]]}',
  ])('%j is a sobel kernel', async (source) => {
    const k = await load(source)
    expect(k.shape).toEqual([3, 3])
    expect([...k.weights].map((w) => w + 0)).toEqual([...sobel.weights])
  })

  test('in groups with commas that are not of one length they are refused', async () => {
    expect((await refused('1,2 3,4,5')).code).toBe('E_KERNEL_SHAPE')
  })

  test('of a name whose setting has no value: what to write', async () => {
    const { message, fix } = await refused('gaussian:sigma')
    expect([message, fix]).toEqual(['gaussian:sigma needs a value', 'gaussian:sigma=1'])
  })

  test('as fractions they are refused, with what to write', async () => {
    expect((await refused('1/9 1/9 1/9')).fix).toBe('whole numbers, and --scale for the divisor')
  })

  test('of a filter with several kernels: the first is offered', async () => {
    expect((await refused('sobel')).fix).toBe('sobel-x')
    expect((await refused('frei-chen')).fix).toBe('frei-chen-1')
  })

  test('on one line they are one row, however many', async () => {
    expect((await load('1, 2, 1')).shape).toEqual([1, 3])
    expect((await load('1 2 1')).shape).toEqual([1, 3])
    expect((await load('0 -1 0 -1 5 -1 0 -1 0')).shape).toEqual([1, 9])
    expect((await load('1;2;1')).shape).toEqual([3, 1])
    expect((await load('-5')).shape).toEqual([1, 1])
  })

  test('as nested lists have any rank from 2 to 5', async () => {
    expect((await load('[[[1,2]],[[3,4]]]')).shape).toEqual([2, 1, 2])
    expect((await load('[[[[1]]],[[[2]]]]')).shape).toEqual([2, 1, 1, 1])
    expect((await load('[[[[[1],[2]]]]]')).shape).toEqual([1, 1, 1, 2, 1])
  })

  test.each([
    [
      '1 2; 3',
      'E_KERNEL_SHAPE',
      'rows of a kernel must have equal length',
      'kernel:1:5: expected 2 numbers as in row 1, found 1 in row 2',
    ],
    [
      '1 2\n3 4 5',
      'E_KERNEL_SHAPE',
      'rows of a kernel must have equal length',
      'kernel:2:1: expected 2 numbers as in row 1, found 3 in row 2',
    ],
    [
      '1 2 x',
      'E_KERNEL_SYNTAX',
      'the kernel is not rows of numbers',
      'kernel:1:5: expected a number, found "x"',
    ],
    [
      '1,,2',
      'E_KERNEL_SYNTAX',
      'the kernel is not rows of numbers',
      'kernel:1:3: expected a number, found ","',
    ],
    [
      '1,2,',
      'E_KERNEL_SYNTAX',
      'the kernel is not rows of numbers',
      'kernel:1:5: expected a number, found the end of the row',
    ],
    [
      '1 2e',
      'E_KERNEL_SYNTAX',
      'the kernel is not rows of numbers',
      'kernel:1:3: expected a number, found "2e"',
    ],
    [
      '1 0x10',
      'E_KERNEL_SYNTAX',
      'the kernel is not rows of numbers',
      'kernel:1:3: expected a number, found "0x10"',
    ],
    [
      '1 nan',
      'E_KERNEL_SYNTAX',
      'the kernel is not rows of numbers',
      'kernel:1:3: expected a number, found "nan"',
    ],
    [
      '1 1e39',
      'E_KERNEL_VALUE',
      'weights must be finite float32 numbers, got 1e39',
      'kernel:1:3: expected a number between -3.4e38 and 3.4e38, found 1e39',
    ],
  ])('%j is refused', async (source, code, message, why) => {
    const error = await refused(source)
    expect([error.code, error.message, error.why]).toEqual([code, message, [why]])
    expect(error.fix).toBe('rows such as "-1 0 1; -2 0 2; -1 0 1"')
  })

  test.each([
    ['[[1,2],[3]]', 'E_KERNEL_SHAPE'],
    ['[1,2]', 'E_KERNEL_SHAPE'],
    ['[[1,"a"]]', 'E_KERNEL_SYNTAX'],
    ['[[1,2', 'E_KERNEL_SYNTAX'],
    ['(1,2;3)', 'E_KERNEL_SHAPE'],
    ['(1,2', 'E_KERNEL_SYNTAX'],
    ['3x3: 1,2', 'E_KERNEL_SHAPE'],
  ])('%j is refused where its format says', async (source, code) => {
    const error = await refused(source)
    expect(error.code).toBe(code)
    expect(error.why.join('\n')).toMatch(/^kernel:1:\d+: /)
  })

  test('several kernels where one is needed', async () => {
    const error = await refused('1: 5; 3x1: 1,2,3')
    expect([error.code, error.message]).toEqual([
      'E_KERNEL_FILE',
      '1: 5; 3x1: 1,2,3 has 2 kernels, but one is needed',
    ])
    expect(error.why).toEqual(['1: without a name [1,1]', '2: without a name [1,3]'])
    expect(error.fix).toBe('only one of them')
    expect(await loadKernels('1: 5; 3x1: 1,2,3')).toHaveLength(2)
  })
})

describe('names', () => {
  const named = (name: string, given = {}) =>
    namedKernels[name]!.build(resolve(namedKernels[name]!.params, given))

  test('with and without settings', async () => {
    expect(await load('gaussian')).toEqual(named('gaussian'))
    expect(await load('gaussian:sigma=2')).toEqual(named('gaussian', { sigma: 2 }))
    expect(await load('gaussian: sigma = 2 ')).toEqual(named('gaussian', { sigma: 2 }))
    expect(await load('sobel-x')).toEqual(named('sobel-x'))
    expect(await load('scharr-x:unit')).toEqual(named('scharr-x', { unit: true }))
  })

  test('a name hides a file that is called the same; ./ does not', async () => {
    expect((await load('gaussian')).weights.length).toBeGreaterThan(1)
    expect([...(await load('./gaussian')).weights]).toEqual([9])
  })

  test('an unknown setting, a wrong value, a setting given twice', async () => {
    const unknown = await refused('gaussian:sgima=2')
    expect([unknown.code, unknown.message]).toEqual(['E_NAME', 'unknown setting gaussian:sgima'])
    expect(unknown.fix).toBe('gaussian:sigma')
    const wrong = await refused('gaussian:sigma=wide')
    expect([wrong.code, wrong.message]).toEqual(['E_OPTION', 'gaussian:sigma must be a number, got "wide"'])
    const twice = await refused('gaussian:sigma=2,sigma=3')
    expect([twice.code, twice.message]).toEqual(['E_OPTION', 'sigma of gaussian is given twice, as 2 and 3'])
  })

  test.each([
    ['gaussian:', 'gaussian'],
    ['gaussian:sigma=2,', 'gaussian:sigma=2'],
    ['gaussian: ,sigma=2', 'gaussian:sigma=2'],
    ['gaussian:sigma=2,,sigma-y=1', 'gaussian:sigma=2,sigma-y=1'],
  ])('an empty setting in %j', async (source, meant) => {
    const { code, message, instead } = await refused(source)
    expect([code, message, instead]).toEqual([
      'E_OPTION',
      `a setting is empty in "${source}"`,
      [source, meant],
    ])
    expect((await load(meant)).weights.length).toBeGreaterThan(1)
  })

  test.each([
    ['gausian', 'gaussian'],
    ['gausian:sigma=2', 'gaussian'],
    ['Sobel-X', 'sobel-x'],
    ['gabor-bnak', 'gabor-bank'],
    ['edges.jsn', 'edge.json'],
    ['zzzzzzzzzz', 'convo list kernels'],
    ['', 'convo list kernels'],
    ['constructor', 'convo list kernels'],
    ['a\0b', 'convo list kernels'],
  ])('%j is none: try %s', async (source, fix) => {
    const error = await refused(source)
    expect([error.code, error.fix]).toEqual(['E_NAME', fix])
    expect(error.message).toBe(`there is no kernel "${source.split(':')[0]}"`)
    expect(error.why[0]).toMatch(/^a kernel is a name, a file, or numbers such as/)
  })
})

describe('files', () => {
  test.each([
    ['edge.json', [1, 2]],
    ['./edge.json', [1, 2]],
    ['more/deep.csv', [5, 6]],
    ['more/../more/deep.csv', [5, 6]],
    ['bank.npy', [7, 8]],
    ['plain', [1, 2, 3, 4]],
    ['2 by 1.csv', [11, 12]],
    ['a#1.csv', [10]],
  ])('%s', async (source, weights) => {
    expect([...(await load(source)).weights]).toEqual(weights)
  })

  test('by an absolute path', async () => {
    expect((await loadKernel(join(folder, 'edge.json'))).name).toBe('edge')
  })

  test('one kernel of several, by number from 1 or by name', async () => {
    expect([...(await load('pair.txt#2')).weights]).toEqual([3, 2, 1])
    expect((await load('edge.json#edge')).name).toBe('edge')
    expect((await load('edge.json#')).name).toBe('edge')
    const several = await refused('pair.txt')
    expect([several.code, several.message]).toEqual([
      'E_KERNEL_FILE',
      'pair.txt has 2 kernels, but one is needed',
    ])
    expect(several.fix).toBe('pair.txt#1')
    expect((await refused('pair.txt#3')).code).toBe('E_KERNEL_FILE')
    expect((await refused('edge.json#egde')).fix).toBe('edge.json#edge')
  })

  test.each([
    ['egde.json', 'edge.json'],
    ['more/depe.csv', join('more', 'deep.csv')],
    ['nowhere/deep.csv', 'convo list kernels'],
    ['gabor-bank.nyp', 'gabor-bank.npy'],
    ['log-9x8.mat', 'log-9x9.mat'],
  ])('%s is not there', async (source, fix) => {
    const error = await refused(source)
    if (source === 'gabor-bank.nyp') return expect([error.code, error.fix]).toEqual(['E_NAME', 'gabor-bank'])
    expect([error.code, error.message, error.fix]).toEqual([
      'E_KERNEL_FILE',
      `there is no file ${source}`,
      fix,
    ])
    expect(error.why[0]).toMatch(/^looked in /)
  })

  test('a link to nowhere, a folder, a socket, an empty file', async () => {
    symlinkSync('nowhere', join(folder, 'dangling.json'))
    expect((await refused('dangling.json')).message).toBe('there is no file dangling.json')
    const isFolder = await refused('folder.json')
    expect([isFolder.code, isFolder.message]).toEqual([
      'E_KERNEL_FILE',
      'folder.json is a folder, not a file',
    ])
    const server = createServer().listen(join(folder, 'socket.json'))
    await new Promise((ready) => server.once('listening', ready))
    const socket = await refused('socket.json')
    expect([socket.code, socket.message]).toEqual([
      'E_KERNEL_FILE',
      'socket.json is a socket or a missing device',
    ])
    server.close()
    expect((await refused('empty.json')).code).toBe('E_KERNEL_SYNTAX')
  })

  test('beyond 1 GiB is refused by its size alone', async () => {
    put('huge.npy', '')
    truncateSync(join(folder, 'huge.npy'), limits.kernelBytes.most + 1)
    const start = cpuTime()
    const error = await refused('huge.npy')
    expect([error.code, error.message]).toEqual(['E_KERNEL_FILE', 'huge.npy has more bytes than allowed'])
    expect(error.why).toEqual(['huge.npy: 1073741825 bytes, the limit is 1073741824'])
    expect(cpuTime() - start).toBeLessThan(1000)
    rmSync(join(folder, 'huge.npy'))
  })

  test("of convo's own are found with and without extension; those of the user go first", async () => {
    expect(readyMade().length).toBeGreaterThanOrEqual(12)
    expect((await load('gabor-bank')).shape).toEqual([8, 1, 15, 15])
    expect((await load('gabor-bank.npy')).shape).toEqual([8, 1, 15, 15])
    expect((await load('layers#edges.weight')).shape).toEqual([16, 3, 3, 3])
    put('gabor-bank.npy', writeNpy([1, 1], Float32Array.of(3)))
    expect((await load('gabor-bank.npy')).shape).toEqual([1, 1])
    rmSync(join(folder, 'gabor-bank.npy'))
    expect((await refused('./gabor-bank.npy')).code).toBe('E_KERNEL_FILE')
  })
})

describe('as built', () => {
  const bin = fileURLToPath(new URL('../../bin/convo.js', import.meta.url))
  const convert = (source: string, input: string | Uint8Array = '') =>
    spawnSync(process.execPath, [bin, 'kernel', 'convert', '--', source, 'out.csv'], {
      cwd: folder,
      input,
      encoding: 'utf8',
    })

  test('the bundle finds the ready-made kernels', async () => {
    expect(convert('slope-7').stderr).toBe('')
    expect([...(await load('out.csv')).weights]).toEqual([-3, -2, -1, 0, 1, 2, 3])
  })

  test('- reads standard input, its format found from its content', async () => {
    expect(convert('-', '3 2\n-1 0\n').stderr).toBe('')
    expect([...(await load('out.csv')).weights]).toEqual([3, 2, -1, 0])
    expect(convert('-', writeNpy([1, 2], Float32Array.of(0.5, 4))).stderr).toBe('')
    expect([...(await load('out.csv')).weights]).toEqual([0.5, 4])
    expect(convert('-#2', '1: 5; 3x1: 3,2,1').stderr).toContain('rotated')
    expect([...(await load('out.csv')).weights]).toEqual([1, 2, 3])
    const error = convert('-', '3 2\n-1\n')
    expect([error.status, error.stderr]).toEqual([2, expect.stringContaining('standard input:2:')])
  })
})

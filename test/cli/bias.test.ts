import { readFileSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { batch, convo as picture, Tensor } from '../../src/index.ts'
import { readNpy, writeNpy } from '../../src/kernel/formats/npy.ts'
import { tensors as safetensors } from '../kernel/formats/safetensors-file.ts'
import { convo, scratch } from './convo.ts'
import { noise } from './pictures.ts'

// A bank in one file with its bias in another must give the same as both in one .safetensors file.

/** The shape of a bank, the command that takes it, and its number of outputs. */
const banks = {
  conv2d: ['4,3,3,3', 'conv2d', 4],
  'conv2d in 16 bits': ['4,3,3,3', 'conv2d --full 65535', 4],
  grouped: ['6,1,3,3', 'grouped --groups 3', 6],
  depthwise: ['6,1,3,3', 'depthwise', 6],
  dilated: ['4,3,3,3', 'dilated --dilation 2', 4],
  pointwise: ['5,3,1,1', 'pointwise', 5],
  transposed: ['3,4,2,2', 'transposed --stride 2', 4],
  conv3d: ['2,3,3,3,3', 'conv3d', 2],
} as const

describe('a bias in a file of its own', () => {
  const folder = scratch('scene.png')
  const run = (line: string) => convo(line.split(' '), { cwd: folder.path() })
  const bytes = (name: string) => readFileSync(folder.path(name))
  const levels = Float32Array.from(noise(6, 5), (v) => v / 7 - 20)

  beforeAll(() => {
    writeFileSync(folder.path('in.npy'), writeNpy([3, 9, 7], Float32Array.from(noise(189, 1))))
    writeFileSync(folder.path('volume.npy'), writeNpy([3, 4, 9, 7], Float32Array.from(noise(756, 2))))
    for (let n = 2; n <= 6; n++) {
      const bias = levels.subarray(0, n)
      writeFileSync(folder.path(`b${n}.npy`), writeNpy([n], bias))
      writeFileSync(folder.path(`b${n}.csv`), `${[...bias].join('\n')}\n`)
      writeFileSync(folder.path(`b${n}.txt`), `${[...bias].join(' ')}\n`)
    }
    for (const [shape, , outputs] of Object.values(banks)) {
      const sizes = shape.split(',').map(Number)
      const weights = Float32Array.from(
        noise(
          sizes.reduce((a, b) => a * b),
          3,
        ),
        (v) => (v - 128) / 512,
      )
      writeFileSync(folder.path(`w${shape}.npy`), writeNpy(sizes, weights))
      if (shape === '4,3,3,3') {
        writeFileSync(folder.path('w3,1,3,3.npy'), writeNpy([3, 1, 3, 3], weights.slice(0, 27)))
        const plane = weights.subarray(0, 9)
        writeFileSync(folder.path('w3,3.npy'), writeNpy([3, 3], plane))
        const thrice = Float32Array.from([...plane, ...plane, ...plane])
        writeFileSync(folder.path('thrice.npy'), writeNpy([3, 1, 3, 3], thrice))
      }
      writeFileSync(
        folder.path(`w${shape}.safetensors`),
        safetensors({
          'c.weight': { shape: sizes, data: weights },
          'c.bias': { shape: [outputs], data: levels.subarray(0, outputs) },
        }),
      )
    }
  })

  it.each(Object.entries(banks))(
    '%s: the same bytes as a bank with its bias',
    async (_, [shape, words, outputs]) => {
      const [name, ...rest] = words.split(' ')
      const input = name === 'conv3d' ? 'volume.npy' : 'in.npy'
      const made = (kernel: string, output: string, more = '') =>
        run([name, input, output, ...rest, '-q --kernel', kernel].join(' ') + more)
      expect((await made(`w${shape}.safetensors#c.weight`, 'one.npy')).stderr).toBe('')
      const [first] = [bytes('one.npy')]
      const sources = ['npy', 'csv', 'txt'].map((ending) => `b${outputs}.${ending}`)
      const list = [...levels.subarray(0, outputs)].join(',')
      for (const bias of [...sources, `w${shape}.safetensors#c.bias`, list]) {
        const { stderr } = await made(`w${shape}.npy`, 'two.npy', ` --bias=${bias}`)
        expect([bias, stderr, bytes('two.npy').equals(first)]).toEqual([bias, '', true])
      }
      expect((await made(`w${shape}.npy`, 'two.npy')).stderr).toBe('')
      expect(bytes('two.npy').equals(first)).toBe(false)
    },
  )

  // compared with the steps that they consist of; the banks above have tested the biases of these
  it.each([
    [
      'depthwise-separable',
      'depthwise-separable --kernel w3,1,3,3.npy --pointwise w5,3,1,1.npy',
      'depthwise --kernel w3,1,3,3.npy -- pointwise --kernel w5,3,1,1.npy',
      5,
    ],
    [
      'unpool with a bank',
      'maxpool --switches s -- unpool --with s --kernel w4,3,3,3.npy',
      'maxpool --switches s -- unpool --with s -- conv2d --kernel w4,3,3,3.npy',
      4,
    ],
    [
      'unpool with a kernel for every channel',
      'unpool --kernel w3,3.npy',
      'unpool --bare -- depthwise --kernel thrice.npy --border symmetric',
      3,
    ],
  ])('%s has one for each of its outputs', async (_, words, steps, outputs) => {
    const list = [...levels.subarray(0, outputs)].join(',')
    const made = async (line: string, output: string, bias: string) => {
      const { status, stderr } = await run(`chain in.npy ${output} -q -- ${line}${bias}`)
      expect([status, stderr]).toEqual([0, ''])
      return bytes(output)
    }
    const expected = await made(steps, 'steps.npy', ` --bias=${list}`)
    for (const bias of [list, `b${outputs}.npy`])
      expect((await made(words, 'one.npy', ` --bias=${bias}`)).equals(expected)).toBe(true)
    expect((await made(words, 'one.npy', '')).equals(expected)).toBe(false)
    const { status, stderr } = await run(`chain in.npy bad.npy -- ${words} --bias 1,2`)
    expect([status, stderr]).toEqual([
      2,
      expect.stringContaining(`--bias has 2 numbers for ${outputs} output channels   [E_SHAPE]`),
    ])
  })

  it('is added to each channel by two passes, and refused where one kernel runs over every channel alike', async () => {
    const passes = 'separable in.npy out.npy -q --kernel gaussian:sigma=1 --rank 2'
    expect((await run(passes)).stderr).toBe('')
    const plain = readNpy(bytes('out.npy'), 'out.npy').data
    expect((await run(`${passes} --bias 1,-2,0.3`)).stderr).toBe('')
    const biases = [1, -2, 0.3].map(Math.fround)
    const sums = Float32Array.from(plain, (v, i) => v + biases[Math.floor(i / 63)]!)
    expect(readNpy(bytes('out.npy'), 'out.npy').data).toEqual(sums)
    const { status, stderr } = await run('gaussian in.npy out.npy --bias b3.npy')
    expect([status, stderr]).toEqual([
      2,
      expect.stringMatching(/3 numbers, but one kernel is applied to every channel alike/),
    ])
  })

  it('is a step of a chain, of a batch and of a check, from the folder of the manifest', async () => {
    const one = ['conv2d', '--kernel', 'w4,3,3,3.npy', '--bias', 'b4.npy'] as const
    const two = ['conv2d', '--kernel', 'w4,3,3,3.safetensors#c.weight'] as const
    const chain = (words: readonly string[], output: string) =>
      run(`chain in.npy ${output} -q -- ${words.join(' ')} -- relu`)
    expect((await chain(one, 'a.npy')).stderr).toBe('')
    expect((await chain(two, 'b.npy')).stderr).toBe('')
    expect(bytes('a.npy').equals(bytes('b.npy'))).toBe(true)
    const here = (name: string, value: object) => writeFileSync(folder.path(name), JSON.stringify(value))
    here('batch.yaml', { inputs: 'in.npy', output: 'batch-{stem}.npy', run: one })
    here('check.json', {
      cases: [{ name: 'edge', input: 'scene.png', run: [...one, '--channels', 'first', '--range', 'clamp'] }],
    })
    const elsewhere = (...words: string[]) => convo(words)
    expect((await elsewhere('batch', folder.path('batch.yaml'))).status).toBe(0)
    expect((await run(`${one.join(' ').replace('conv2d', 'conv2d in.npy c.npy -q')}`)).status).toBe(0)
    expect(bytes('batch-in.npy').equals(bytes('c.npy'))).toBe(true)
    expect((await elsewhere('check', folder.path('check.json'), '--update')).status).toBe(0)
    expect((await elsewhere('check', folder.path('check.json'))).status).toBe(0)
    // the numbers of the file affect the result, and so whether the case passes
    const before = bytes('b4.npy')
    writeFileSync(folder.path('b4.npy'), writeNpy([4], Float32Array.of(90, 0, 0, 0)))
    expect((await elsewhere('check', folder.path('check.json'))).status).toBe(1)
    writeFileSync(folder.path('b4.npy'), before)
  })

  it('is given to the library as a file, numbers or a tensor', async () => {
    const kernel = folder.path('w4,3,3,3.npy')
    const made = async (bias: number | readonly number[] | string | URL | Float32Array | Tensor) =>
      (await picture(folder.path('in.npy')).conv2d({ kernel, bias }).toTensor()).data
    const own = levels.slice(0, 4)
    const expected = await picture(folder.path('in.npy'))
      .conv2d({ kernel: folder.path('w4,3,3,3.safetensors#c.weight') })
      .toTensor()
    const file = folder.path('b4.npy')
    for (const bias of [file, pathToFileURL(file), [...own], own, new Tensor([4], own)])
      expect(await made(bias)).toEqual(expected.data)
    await expect(made([1, 2])).rejects.toThrow('2 numbers for 4 output channels')
    await expect(made([1, Number.NaN, 2, 3])).rejects.toMatchObject({ code: 'E_OPTION' })
    const output = folder.path('library-{stem}.npy')
    const run = batch([folder.path('in.npy')], output, (one) => one.conv2d({ kernel, bias: own }))
    for await (const entry of run) expect(entry.event).not.toBe('error')
    expect(readNpy(bytes('library-in.npy'), 'in.npy').data).toEqual(expected.data)
  })

  it.each([
    ['--bias b3.npy', 'E_SHAPE', '3 numbers for 4 output channels'],
    ['--bias 1,2,3', 'E_SHAPE', '3 numbers for 4 output channels'],
    ['--bias b3.npy --dry-run', 'E_SHAPE', '3 numbers for 4 output channels'],
    ['--bias b9.npy', 'E_KERNEL_FILE', 'there is no file b9.npy'],
    ['--bias w4,3,3,3.safetensors', 'E_KERNEL_FILE', "--bias 'w4,3,3,3.safetensors#c.bias'"],
    ['--bias nan.npy', 'E_KERNEL_VALUE', 'nan.npy must hold finite numbers, got NaN'],
    ['--bias kernel.gmic', 'E_KERNEL_FORMAT', 'a .npy, .csv or .txt file'],
    ['--bias word', 'E_OPTION', '--bias must be a number'],
  ])('%s: %s', async (words, code, text) => {
    writeFileSync(folder.path('nan.npy'), writeNpy([4], Float32Array.of(1, 2, Number.NaN, 4)))
    writeFileSync(folder.path('kernel.gmic'), '(1,2;3,4)')
    const { status, stderr } = await run(`conv2d in.npy out.npy --kernel w4,3,3,3.npy ${words}`)
    expect([status, stderr]).toEqual([2, expect.stringContaining(code)])
    expect(stderr).toContain(text)
  })

  it('is checked by explain', async () => {
    const explain = (bias: string) => run(`explain conv2d in.npy --json --kernel w4,3,3,3.npy --bias ${bias}`)
    const { stdout } = await explain('b4.npy')
    expect(JSON.parse(stdout)).toMatchObject({ output: [4, 9, 7] })
    expect((await explain('b3.npy')).stderr).toContain('3 numbers for 4 output channels')
  })
})

import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { prepareBatchOperation } from '../../../src/batch/operation.ts'
import { failure, temporaryFolder } from '../../image/pictures.ts'

const print = async (...words: string[]) => (await prepareBatchOperation(words)).fingerprint

describe('the fingerprint of an operation', () => {
  it('is that of its values, however they are written', async () => {
    const plain = await print('gaussian')
    expect(await print('gaussian', '--sigma', '1')).toBe(plain)
    expect(await print('gaussian', '--sigma=1.0', '--border', 'replicate')).toBe(
      await print('gaussian', '--border=replicate'),
    )
    expect(await print('gaussian', '--sigma', '2')).not.toBe(plain)
    expect(await print('gaussian', '--', 'sobel')).toBe(await print('chain', '--', 'gaussian', '--', 'sobel'))
    expect(await print('chain', '--gray', '--', 'gaussian', '--', 'sobel')).not.toBe(
      await print('gaussian', '--', 'sobel'),
    )
  })

  it.each([
    ['--compression', '9'],
    ['--depth', '16'],
    ['--range', 'abs'],
    ['--alpha', 'drop'],
    ['--no-orient'],
    ['--gray'],
  ])('tells outputs apart that %s %s makes others', async (...option) => {
    expect(await print('sobel', ...option)).not.toBe(await print('sobel'))
  })

  it('leaves out what decides only whether an output is made', async () => {
    expect(await print('sobel', '--max-pixels', '1M', '--fail-on-clip')).toBe(await print('sobel'))
  })

  it('takes a kernel file for what is in it, wherever it lies', async () => {
    const folder = temporaryFolder()
    const path = (name: string) => join(folder, name)
    mkdirSync(path('other'))
    writeFileSync(path('k.txt'), '1 2 1\n2 4 2\n1 2 1\n')
    copyFileSync(path('k.txt'), path('other/same.txt'))
    const first = await print('conv2d', '--kernel', path('k.txt'))
    expect(await print('conv2d', '--kernel', path('other/same.txt'))).toBe(first)
    expect(await print('chain', '--', 'conv2d', '--kernel', path('k.txt'), '--', 'sobel')).toBe(
      await print('chain', '--', 'conv2d', '--kernel', path('other/same.txt'), '--', 'sobel'),
    )
    writeFileSync(path('k.txt'), '1 2 1\n2 5 2\n1 2 1\n')
    expect(await print('conv2d', '--kernel', path('k.txt'))).not.toBe(first)
    const mix = ['depthwise-separable', '--kernel', 'sharpen', '--pointwise']
    writeFileSync(path('mix.txt'), '1 0 0\n0 1 0\n0 0 1\n')
    const before = await print(...mix, path('mix.txt'))
    writeFileSync(path('mix.txt'), '0 1 0\n1 0 0\n0 0 1\n')
    expect(await print(...mix, path('mix.txt'))).not.toBe(before)
  })

  it('refuses what is the batch’s, and several files for one output', async () => {
    const threads = await failure('E_OPTION', () => print('sobel', '--threads', '2'))
    expect(threads.fix).toBe('use --jobs, before --')
    await failure('E_OPTION', () => print('conv2d', '--kernel', 'sobel-x', '--channels', 'split'))
    await failure('E_NAME', () => print('soble'))
    await failure('E_USAGE', () => print('chain', '--gray'))
  })

  it('refuses steps of a chain that stand before the first --', async () => {
    const words = ['chain', '--gray', 'gaussian', '--sigma', '1', '--', 'sobel']
    const error = await failure('E_USAGE', () => print(...words))
    expect(error.instead?.slice(1)).toEqual([
      'chain',
      '--gray',
      '--',
      'gaussian',
      '--sigma',
      '1',
      '--',
      'sobel',
    ])
    // the value of an option is not taken for a step
    expect(await print('chain', '--range', 'clamp', '--', 'sobel')).toMatch(/./)
  })
})

import { createRequire } from 'node:module'
import { afterAll, expect, it } from 'vitest'
import type * as Convo from '../../src/index.ts'

// A program may load convo twice: as a module, and through a CommonJS package that it depends on.

const root = new URL('../../', import.meta.url)
const modules = (await import(new URL('dist/index.js', root).href)) as typeof Convo
const common = createRequire(import.meta.url)(new URL('dist/index.cjs', root).pathname) as typeof Convo
afterAll(() => Promise.all([modules.close(), common.close()]))
const scene = new URL('samples/scene.png', root)

it('both give the same bytes, and know the errors and tensors of each other', async () => {
  const [one, other] = await Promise.all(
    [modules, common].map(({ convo }) => convo(scene).sharpen().toBuffer()),
  )
  expect(one!.equals(other!)).toBe(true)
  const error: unknown = await common
    .convo('nope.png')
    .sharpen()
    .toBuffer()
    .catch((thrown: unknown) => thrown)
  expect([error instanceof common.ConvoError, error instanceof modules.ConvoError]).toEqual([true, true])
  expect(new Error('other') instanceof modules.ConvoError).toBe(false)
  const kernel = new modules.Tensor([3, 3], new Float32Array(9).fill(1 / 9))
  const made = await Promise.all(
    [modules, common].map(({ convo }) => convo(scene).conv2d({ kernel }).toBuffer()),
  )
  expect(made[0]!.equals(made[1]!)).toBe(true)
})

it('a network runs in the copy that loaded it', async () => {
  const net = await modules.loadNet('samples/networks/denoise.safetensors')
  expect(() => common.convo(scene).net(net)).toThrow('the network was loaded by another copy of convo')
})

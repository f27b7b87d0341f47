import { createReadStream, readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import sharp from 'sharp'
import { afterAll, expect, it } from 'vitest'
import convo, { close, compare, digest, type PictureInput, Tensor } from '../../src/index.ts'
import { Chain } from '../../src/picture/api/chain.ts'
import { operations } from '../../src/picture/operations.ts'
import { scratch } from '../cli/convo.ts'
import fc from '../property.ts'

// Work may be aborted at any moment: it rejects, leaves nothing behind, and does not affect later work.

const here = scratch('scene.png')
afterAll(close)
const file = readFileSync('samples/scene.png')
const size = { width: 300, height: 220 }
const data = Float32Array.from({ length: 300 * 220 * 3 }, (_, i) => (i * 37) % 256)

const inputs: Readonly<Record<string, () => PictureInput>> = {
  path: () => here.path('scene.png'),
  bytes: () => file,
  blob: () => new Blob([file]),
  stream: () => createReadStream('samples/scene.png', { highWaterMark: 5000 }),
  raw: () => ({ ...size, data: Uint8Array.from(data) }),
  floats: () => ({ ...size, data }),
  tensor: () => new Tensor([3, 220, 300], data),
  sharp: () => sharp(file),
}
const outputs: Readonly<Record<string, (chain: Chain) => Promise<unknown>>> = {
  ...Object.fromEntries(
    ['png', 'jpg', 'tif', 'webp', 'bmp', 'npy'].map((kind) => [
      kind,
      (chain: Chain) => chain.toFile(here.path(`out.${kind}`)),
    ]),
  ),
  buffer: (chain) => chain.toBuffer(),
  raw: (chain) => chain.raw(),
  tensor: (chain) => chain.toTensor(),
  async stream(chain) {
    for await (const _ of chain.toStream());
  },
}
/** One operation for each kind of work: a kernel, an FFT, passes, ranks, steps that see all, a resize. */
const names = [
  'sobel',
  'gaussian',
  'wiener',
  'canny',
  'median',
  'normalize',
  'resize',
  'bilateral',
  'maxpool',
]
const options: Readonly<Record<string, object>> = {
  resize: { width: 100 },
  wiener: { kernel: 'gaussian:sigma=2' },
}

it('an abort at any moment rejects with its reason, or comes too late', async () => {
  const before = here.names()
  let [aborted, finished] = [0, 0]
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...Object.keys(inputs)),
      fc.constantFrom(...Object.keys(outputs)),
      fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 2 }),
      fc.constantFrom(1, 2),
      fc.nat(40),
      fc.boolean(),
      async (input, output, steps, threads, after, byProgress) => {
        const controller = new AbortController()
        const reason = new Error('given up')
        let seen = 0
        const onProgress = () => {
          if (byProgress && seen++ === after % 4) controller.abort(reason)
        }
        const begun = convo(inputs[input]!(), { signal: controller.signal, threads, onProgress })
        const chain = steps.reduce(
          (made, name) => Chain.add(made, operations[name]!, options[name] ?? {}),
          begun,
        )
        let isOver = false
        const work = outputs[output]!(chain).finally(() => {
          isOver = true
        })
        for (let turn = 0; turn < after && !byProgress && !isOver; turn++)
          await new Promise((done) => setImmediate(done))
        if (!byProgress) controller.abort(reason)
        const failure = await work.then(
          () => undefined,
          (error: unknown) => error,
        )
        if (failure === undefined) finished++
        else {
          // a stream also ends with this reason, and not with another error
          expect(failure).toBe(reason)
          aborted++
        }
        const left = here.names().filter((name) => !before.includes(name))
        expect(left.filter((name) => !/^out\.\w+$/.test(name))).toEqual([])
        // an existing output is complete, from this run or an earlier one
        const made = left.find((name) => name === `out.${output}`)
        if (made !== undefined) await digest(here.path(made))
      },
    ),
    { numRuns: 40 },
  )
  expect([aborted > 8, finished > 1]).toEqual([true, true])
  expect(
    (await compare(await convo(file).sobel().toBuffer(), await convo(file).sobel().toBuffer())).outcome,
  ).toBe('same')
})

it('close waits for what is under way, twice does no harm, and work after it begins anew', async () => {
  const expected = await convo(file).gaussian({ sigma: 3 }).toBuffer()
  const works = [1, 2, 3].map((threads) => convo(file, { threads }).gaussian({ sigma: 3 }).toBuffer())
  const ends = [close(), close()]
  const late = convo(file).gaussian({ sigma: 3 }).toBuffer()
  for (const made of await Promise.all([...works, late])) expect(made.equals(expected)).toBe(true)
  await Promise.all(ends)
  await close()
  expect((await convo(file).gaussian({ sigma: 3 }).toBuffer()).equals(expected)).toBe(true)
})

it('an abort is heard while nothing comes from a stream, which is closed, and by a plan', async () => {
  const [silent, controller] = [new Readable({ read() {} }), new AbortController()]
  const work = convo(silent, { signal: controller.signal }).sharpen().toBuffer()
  setTimeout(() => controller.abort('enough'), 20)
  expect(await work.catch((reason: unknown) => reason)).toBe('enough')
  expect(silent.destroyed).toBe(true)
  const { signal } = controller
  await expect(convo(file, { signal }).sharpen().plan()).rejects.toBe('enough')
})

it('an abort in the turn of the call ends work on a silent stream too', async () => {
  const [silent, controller] = [new Readable({ read() {} }), new AbortController()]
  const work = convo(silent, { signal: controller.signal }).sharpen().toBuffer()
  controller.abort('at once')
  expect(await work.catch((reason: unknown) => reason)).toBe('at once')
  expect(silent.destroyed).toBe(true)
})

it('an abort ends a plan that waits for a stream', async () => {
  const [silent, controller] = [new Readable({ read() {} }), new AbortController()]
  const plan = convo(silent, { signal: controller.signal }).sharpen().plan()
  while (silent.listenerCount('readable') === 0) await new Promise(setImmediate)
  controller.abort('enough')
  expect(await plan.catch((reason: unknown) => reason)).toBe('enough')
  expect(silent.destroyed).toBe(true)
})

import { readFileSync } from 'node:fs'
import { PassThrough, Readable } from 'node:stream'
import sharp from 'sharp'
import { afterAll, describe, expect, test } from 'vitest'
import convo, { close, compare, digest, type PictureInput } from '../../src/index.ts'

// Jobs wait for each other before reading anything, and inputs that may never arrive do not block others.

afterAll(close)
const file = readFileSync('samples/scene.png')
const silent = () => new Readable({ read() {} })

/** A file that counts how many of its kind are being read at the same time. */
class Counted extends Blob {
  static open = 0
  static most = 0
  override stream() {
    Counted.most = Math.max(Counted.most, ++Counted.open)
    return super.stream()
  }
}

const calls: Readonly<Record<string, (input: PictureInput) => Promise<unknown>>> = {
  toBuffer: (input) => convo(input).sharpen().toBuffer(),
  raw: (input) => convo(input).sharpen().raw(),
  digest: (input) => digest(input),
  compare: (input) => compare(input, file),
}

test.each(Object.entries(calls))('of many calls of %s at once only a few have begun', async (_, call) => {
  Object.assign(Counted, { open: 0, most: 0 })
  const all = Array.from({ length: 10 }, () => call(new Counted([file])).finally(() => Counted.open--))
  await Promise.all(all)
  // a finished one counts a little longer
  expect(Counted.most).toBeLessThanOrEqual(6)
})

describe('streams from which nothing comes keep nothing else waiting', () => {
  const inputs: Readonly<Record<string, () => PictureInput>> = {
    stream: silent,
    'sharp with a stream': () => silent().pipe(sharp()),
  }
  test.each(
    Object.entries(inputs).flatMap(([kind, make]) =>
      Object.entries(calls).map(([name, call]) => [kind, name, make, call] as const),
    ),
  )('%s, %s', async (_, name, make, call) => {
    let ended = 0
    for (let i = 0; i < 4; i++) call(make()).finally(() => ended++)
    await calls[name]!(file)
    await new Promise(setImmediate)
    expect(ended).toBe(0)
  })
})

test('chains that feed chains end, however many there are', async () => {
  const [once, ...more] = await Promise.all(
    Array.from({ length: 6 }, () => convo(convo(file).sharpen().toStream()).gaussian().toBuffer()),
  )
  for (const one of more) expect(one.equals(once!)).toBe(true)
})

test('one source feeds both pictures of a comparison, and a pipeline that breaks is no fault of ours', async () => {
  const source = Readable.from([file.subarray(0, 100), file.subarray(100)])
  const [a, b] = [source.pipe(new PassThrough()), source.pipe(new PassThrough({ highWaterMark: 1 }))]
  expect((await compare(a, b)).matches).toBe(true)
  const broken = sharp()
  const result = convo(silent().pipe(broken)).sharpen().toBuffer()
  setImmediate(() => broken.destroy(new Error('broken')))
  await expect(result).rejects.toMatchObject({ code: 'E_INPUT', why: ['broken'] })
  expect(broken.listenerCount('finish')).toBe(0)
})

test('a pipeline of sharp is as it was, and a stream may come to it at any time', async () => {
  const pipeline = sharp(file).negate()
  const samples = async (input: PictureInput) => Buffer.from((await convo(input).sharpen().raw()).data)
  const expected = await samples(await pipeline.clone().png().toBuffer())
  for (let i = 0; i < 2; i++) expect((await samples(pipeline)).equals(expected)).toBe(true)
  expect((await pipeline.toBuffer()).subarray(1, 4).toString()).toBe('PNG')
  const fed = sharp().negate()
  const early = samples(fed)
  Readable.from([file]).pipe(fed)
  expect((await early).equals(expected)).toBe(true)
  expect((await samples(fed)).equals(expected)).toBe(true)
})

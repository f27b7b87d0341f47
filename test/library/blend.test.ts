import { createReadStream, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { pathToFileURL } from 'node:url'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { blendRow, lumaOf } from '../../src/definition/blend.ts'
import { rowsOf } from '../../src/definition/rows.ts'
import { encode } from '../../src/image/encode.ts'
import { type Chain, type ConvoOptions, convo, type PictureInput } from '../../src/index.ts'
import { Tensor } from '../../src/tensor/tensor.ts'
import { failure, noise, picture, temporaryFolder } from '../image/pictures.ts'

// Blends a result with its input: region, mask, mix and channelsOf, which are one step after the last.

const folder = temporaryFolder()
const [width, height] = [41, 150]
type Make = (input: Chain) => Chain
const chains: Readonly<Record<string, Make>> = {
  gaussian: (one) => one.gaussian({ sigma: 2 }),
  'integer taps': (one) => one.box({ size: 3 }),
  sobel: (one) => one.sobel(),
  operator: (one) => one.conv2d({ kernel: 'sharpen' }),
  chain: (one) => one.gaussian({ sigma: 1 }).unsharp(),
}

const inputs = ([1, 2, 3, 4] as const).flatMap((channels) =>
  ([8, 16] as const).map((depth) => {
    // alpha of all kinds, but never 0, so that all colours are visible
    const full = depth === 8 ? 255 : 65535
    return picture(width, height, channels, depth, (i) =>
      channels % 2 === 0 && i % channels === channels - 1 ? full - (noise(i) % 200) : noise(i) % (full + 1),
    )
  }),
)
const of = (one: (typeof inputs)[number], options: ConvoOptions = {}) =>
  convo({ data: one.data as Uint8Array, width, height, channels: one.channels }, options)
const samples = async (chain: Chain) => (await chain.raw()).data
const label = ({ channels, depth }: (typeof inputs)[number]) => `${channels} channels of ${depth} bits`

describe('a result over its input', () => {
  it.each(Object.keys(chains))(
    '%s: is the input outside a region and the result inside, to the bit',
    async (name) => {
      const make = chains[name]!
      for (const one of inputs) {
        const plain = await samples(make(of(one)))
        for (const [x, y, w, h] of [
          [0, 0, width, height],
          [5, 7, 20, 100],
          [30, 140, 99, 99],
          [0, 64, 1, 1],
        ] as const) {
          const found = await samples(make(of(one, { region: [x, y, w, h] })))
          const expected = Array.from(one.data, (v, i) => {
            const [px, py] = [Math.floor(i / one.channels) % width, Math.floor(i / one.channels / width)]
            return px >= x && px < x + w && py >= y && py < y + h ? plain[i]! : v
          })
          expect([...found], `${label(one)} ${x},${y},${w},${h}`).toEqual(expected)
        }
      }
    },
  )

  it('is the input with mix 0 or a black mask, and the result with 1 or a white one', async () => {
    for (const one of inputs) {
      const plain = await samples(of(one).gaussian({ sigma: 2 }))
      for (const [level, share, wanted] of [
        [0, 0, one.data],
        [255, 1, plain],
      ] as const) {
        const mask = join(folder, `${level}.png`)
        writeFileSync(
          mask,
          (
            await encode(
              picture(width, height, 1, 8, () => level),
              'png',
            )
          ).bytes,
        )
        expect(await samples(of(one, { mask }).gaussian({ sigma: 2 })), label(one)).toEqual(wanted)
        expect(await samples(of(one, { mix: share }).gaussian({ sigma: 2 })), label(one)).toEqual(wanted)
      }
    }
  })

  it('takes a mask from wherever an input may come from, to the same samples', async () => {
    const levels = Uint8Array.from({ length: width * height }, (_, i) => noise(i) % 256)
    const file = join(folder, 'mask ä.png')
    const { bytes } = await encode({ width, height, channels: 1, depth: 8, data: levels, meta: {} }, 'png')
    writeFileSync(file, bytes)
    const wide = Uint16Array.from(levels, (v) => v * 257)
    const rgb = Uint8ClampedArray.from({ length: 3 * levels.length }, (_, i) => levels[Math.floor(i / 3)]!)
    const array = join(folder, 'mask.npy')
    await convo({ data: levels, width, height }, { range: 'raw' })
      .conv2d({ kernel: [[1]] })
      .toFile(array)
    const of255 = Float32Array.from(levels)
    const masks: Readonly<Record<string, () => PictureInput>> = {
      'a file URL': () => pathToFileURL(file),
      'a path of an array': () => array,
      'a Buffer': () => Buffer.from(bytes),
      'the bytes of an array': () => readFileSync(array),
      'an ArrayBuffer': () => Uint8Array.from(bytes).buffer,
      'a Blob': () => new Blob([Uint8Array.from(bytes)]),
      'a stream': () => createReadStream(file),
      samples: () => ({ data: levels, width, height }),
      'samples of three channels': () => ({ data: rgb, width, height }),
      'samples of 16 bits': () => ({ data: wide, width, height }),
      floats: () => ({ data: of255, width, height }),
      doubles: () => ({ data: Float64Array.from(levels), width, height }),
      'a tensor': () => new Tensor([height, width], of255),
      'a tensor of three channels': () =>
        new Tensor(
          [3, height, width],
          Float32Array.from({ length: 3 * levels.length }, (_, i) => of255[i % levels.length]!),
        ),
      sharp: () => sharp(file),
    }
    const one = inputs[4]!
    const expected = await samples(of(one, { mask: file }).laplacian())
    expect(expected).not.toEqual(await samples(of(one).laplacian()))
    for (const [name, mask] of Object.entries(masks))
      expect(await samples(of(one, { mask: mask() }).laplacian()), name).toEqual(expected)
    const source = new PassThrough()
    const found = samples(convo(source, { mask: createReadStream(file) }).laplacian())
    const coded = await encode(one, 'png')
    source.end(coded.bytes)
    expect(await found, 'two streams').toEqual(expected)
  })
  it('refuses what is no mask, by its name', async () => {
    const wrong: readonly (readonly [mask: unknown, code: string, message: RegExp])[] = [
      [null, 'E_ARGUMENT', /cannot be read from null/],
      [7, 'E_ARGUMENT', /cannot be read from 7/],
      [new URL('http://localhost/mask.png'), 'E_ARGUMENT', /^the mask may be a file: URL|^mask may be/],
      [Buffer.from('no picture'), 'E_DECODE', /^the mask /],
      [Readable.from([]), 'E_INPUT', /^the stream of the mask yielded no bytes/],
      [{ data: new Uint8Array(4), width: 2, height: 2 }, 'E_SHAPE', /^the mask has a different size/],
      [
        new Tensor([5, height, width], new Float32Array(5 * width * height)),
        'E_SHAPE',
        /^the mask is not a picture/,
      ],
      [Promise.resolve('mask.png'), 'E_ARGUMENT', /cannot be read from a promise/],
    ]
    for (const [mask, code, message] of wrong) {
      const error = samples(of(inputs[4]!, { mask: mask as string }).box())
      await expect(error, String(mask)).rejects.toMatchObject({
        code,
        message: expect.stringMatching(message),
      })
    }
  })
  it('lies between them as the mask is gray, times the mix, rounded once', async () => {
    const one = inputs.find(({ channels, depth }) => channels === 3 && depth === 8)!
    const mask = join(folder, 'ramp.png')
    const weights = picture(width, height, 1, 8, (i) => (i * 7) & 255)
    writeFileSync(mask, (await encode(weights, 'png')).bytes)
    const { data: floats } = await of(one).laplacian().toTensor()
    const found = await samples(of(one, { mask, mix: 0.7 }).laplacian())
    const plane = width * height
    const expected = Array.from(one.data, (v, i) => {
      const w = 0.7 * (weights.data[Math.floor(i / 3)]! / 255)
      const made = floats[(i % 3) * plane + Math.floor(i / 3)]!
      return Math.min(255, Math.max(0, v + w * (made - v)))
    })
    // a float32 sum may be on the other side of a half
    const worst = Math.max(...expected.map((v, i) => Math.abs(v - found[i]!)))
    expect(worst).toBeLessThan(0.5001)
  })

  it('takes the luma alone: differences between colours stay', async () => {
    const soft = picture(width, height, 3, 8, (i) => 100 + (noise(i) % 50))
    const found = await samples(of(soft, { channelsOf: 'luma' }).gaussian({ sigma: 3 }))
    const gray = await samples(of(soft, { gray: true }).gaussian({ sigma: 3 }))
    for (let i = 0; i < found.length; i += 3) {
      for (const c of [1, 2])
        expect(Math.abs(found[i + c]! - found[i]! - (soft.data[i + c]! - soft.data[i]!))).toBeLessThanOrEqual(
          1,
        )
      expect(Math.abs(lumaOf(found[i]!, found[i + 1]!, found[i + 2]!) - gray[i / 3]!)).toBeLessThanOrEqual(1)
    }
  })

  it('is the same with any number of threads, in linear light, and of a large picture in strips', async () => {
    const large = picture(700, 900, 4, 8, (i) => (i % 4 === 3 ? 255 - (noise(i) % 99) : noise(i)))
    const options = { linear: true, region: [13, 200, 500, 600], mix: 0.4, channelsOf: 'luma' } as const
    const results = await Promise.all(
      [1, 3].map((threads) =>
        samples(
          convo(
            { data: large.data as Uint8Array, width: 700, height: 900, channels: 4 },
            { ...options, threads },
          ).gaussian({ sigma: 4 }),
        ),
      ),
    )
    expect(Buffer.compare(results[0] as Uint8Array, results[1] as Uint8Array)).toBe(0)
    expect([...results[0]!.subarray(0, 100)]).toEqual([...large.data.subarray(0, 100)])
  })

  it('goes through the range before it meets the input', async () => {
    const one = inputs[0]!
    for (const range of ['abs', 'offset', 'minmax'] as const) {
      const found = await samples(of(one, { range, region: [0, 0, width, 75] }).laplacian())
      expect([...found.subarray(75 * width)]).toEqual([...one.data.subarray(75 * width)])
      const all = await samples(of(one, { range }).laplacian())
      const worst = Math.max(...Array.from(all.subarray(0, 75 * width), (v, i) => Math.abs(v - found[i]!)))
      expect(worst, range).toBeLessThanOrEqual(1)
    }
  })

  it('notes that a region extends beyond the picture', async () => {
    const file = join(folder, 'beyond.png')
    writeFileSync(file, (await encode(picture(30, 20, 1, 8, noise), 'png')).bytes)
    const notesOf = async (region: ConvoOptions['region']) =>
      (await convo(file, { region }).box().toFile(join(folder, 'out.png'))).notes
    expect(await notesOf([25, 0, 5, 20])).toEqual([])
    expect(await notesOf([25, 0, 6, 20])).toEqual([
      `the region 25,0,6,20 extends beyond ${file}, which is 30x20: only 5x20 of it is used`,
    ])
    expect(await notesOf([25, 19, 6, 20])).toEqual([expect.stringContaining(': only 5x1 of it is used')])
  })

  it('is refused where it cannot be', async () => {
    const one = inputs[4]!
    const error = (options: ConvoOptions, make: Make = (chain) => chain.box()) =>
      failure('E_OPTION', () => samples(make(of(one, options))))
    expect((await error({ region: [99, 0, 1, 1] })).message).toBe(
      'region: [99, 0, 1, 1] is outside the input',
    )
    expect((await error({ mix: 0.5 }, (chain) => chain.box({ stride: [2, 2] }))).message).toBe(
      'mix needs a result of the same shape as the input',
    )
    const planned = of(one, { mix: 0.5 })
      .box({ stride: [2, 2] })
      .plan()
    await expect(planned).rejects.toMatchObject({
      message: 'mix needs a result of the same shape as the input',
    })
    expect((await error({ mix: 0.5, channels: 'first' })).message).toContain('cannot be used together')
    await error({ region: [1, 1, 0, 4] })
    const mask = join(folder, 'small.png')
    writeFileSync(mask, (await encode(picture(3, 3, 1, 8, noise), 'png')).bytes)
    const wrong = await failure('E_SHAPE', () => samples(of(one, { mask }).box()))
    expect(wrong.why[0]).toContain(`3x3, the input: ${width}x${height}`)
  })
})

describe('the blend of transparent pixels', () => {
  it('weighs colours by how opaque they are', () => {
    const tensor = (...values: number[]) => new Tensor([4, 1, 1], Float32Array.from(values))
    const blend = (w: number, made: Tensor, x: Tensor) => {
      const out = Tensor.zeros([4, 1, 1])
      const settings = { mix: w, rows: [0, 1], columns: [0, 1], isLuma: false } as const
      blendRow(settings, rowsOf(out), rowsOf(made), rowsOf(x), undefined, 0, 4, [4, 1, 1])
      return [...out.data]
    }
    const [clear, red] = [tensor(0, 255, 0, 0), tensor(200, 0, 0, 255)]
    // hidden green does not affect the result
    expect(blend(0.5, red, clear)).toEqual([200, 0, 0, 127.5])
    expect(blend(0.5, clear, red)).toEqual([200, 0, 0, 127.5])
    expect(blend(0.25, tensor(10, 20, 30, 100), tensor(20, 40, 50, 100))).toEqual([17.5, 35, 45, 100])
    expect(blend(0, red, clear)).toEqual([0, 255, 0, 0])
    expect(blend(1, red, clear)).toEqual([200, 0, 0, 255])
  })
})

import { execFileSync } from 'node:child_process'
import { createReadStream, readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { runInNewContext } from 'node:vm'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { outputFormats } from '../../src/image/format.ts'
import convo, {
  ConvoError,
  close,
  compare,
  digest,
  filters,
  kernels,
  loadNet,
  operators,
  type PictureInput,
  readKernel,
  Tensor,
  writeKernel,
} from '../../src/index.ts'
import { Chain } from '../../src/picture/api/chain.ts'
import { camelCase, optionName } from '../../src/picture/api/names.ts'
import { operationParams, pictureParams } from '../../src/picture/api/params.ts'
import { operations } from '../../src/picture/operations.ts'
import { processPicture } from '../../src/picture/process.ts'
import { prepareWork, understandWork } from '../../src/picture/words/prepare.ts'
import { scratch } from '../cli/convo.ts'
import { noise, write } from '../cli/pictures.ts'
import fc from '../property.ts'

const here = scratch()
const scene = 'samples/scene.png'
afterAll(close)
beforeAll(async () => {
  const draw = (name: string, width: number, height: number, channels: number, isDeep = false) => {
    const levels = noise(width * height * channels, channels, isDeep ? 65535 : 255)
    const data = isDeep ? Uint16Array.from(levels) : Uint8Array.from(levels)
    return write(here.path(name), { width, height, channels, data })
  }
  await draw('gray.png', 41, 37, 1)
  await draw('alpha.png', 33, 52, 4)
  await draw('deep.png', 40, 30, 3, true)
  const volume = new Tensor([1, 6, 20, 16], Float32Array.from(noise(1920, 4, 255)))
  await convo(volume).conv3d({ filter: 'box' }).toFile(here.path('volume.npy'))
})

/** Returns what was thrown or rejected with. */
async function failure(act: () => unknown): Promise<ConvoError> {
  try {
    await act()
  } catch (error) {
    expect(error).toBeInstanceOf(ConvoError)
    return error as ConvoError
  }
  throw new Error('nothing was refused')
}

/** Returns the file that the command makes with the same words. */
async function byCommand(input: string, words: readonly string[], extension = '.png'): Promise<Buffer> {
  const output = here.path(`command${extension}`)
  const prepared = await prepareWork(understandWork(words, () => undefined))
  await processPicture(prepared.job(input, output))
  return readFileSync(output)
}

describe('a chain gives what the command gives for the same words', () => {
  /** Values for options that the tables only describe in words. */
  const values: Readonly<Record<string, readonly unknown[]>> = {
    bias: [0, 12.5, -40],
    scale: [0.5, 3, -2],
    stride: [1, 2, [1, 3]],
    dilation: [2, [1, 2]],
    padding: ['same', 'valid', 2, [1, 2], [0, 1, 2, 3]],
    anchor: [[0, 1]],
    fill: [0, 77],
    background: ['white', '#3366cc', 'none'],
    region: ['3,4,20,15', '10,10,500,500'],
    mask: [here.path('gray.png'), here.path('alpha.png')],
    channels: ['first', 0, 'montage'],
    depth: [8, 16, 32],
    full: [1, 255],
    page: [1],
    'max-pixels': [100, 5000],
    quality: [1, 80],
    compression: [0, 6],
    effort: [0, 1, 2],
    kernel: ['emboss', 'gaussian:sigma=2', '1 2 1; 0 3 0', '1 0; 0 1', '1 1 1 1 1'],
    pointwise: ['0 0 1; 0 1 0; 1 0 0', 'emboss'],
    col: [[1, 2, 1], 3],
    row: [
      [-1, 0, 1],
      [1, 1],
    ],
    by: [2, '50%', [1, 2]],
    mean: [120, [1, 2, 3]],
    std: [[50], [1, 2, 3]],
    slope: [0.25, [0.1, 0.2, 0.3]],
    variance: [[400], [1, 2, 3]],
    gamma: [1, [1, 2, 0.5]],
    beta: [[0], [1, 2, 3]],
    as: ['a'],
    with: ['a'],
    switches: ['a'],
  }
  type Params = (typeof operations)[string]['params']
  /** Returns valid values for an option, from its table: a flag, a word, or numbers at and within the bounds. */
  const valuesOf = (name: string, param: Params[string]): readonly unknown[] => {
    const { isFlag, choices, min, max = Number.POSITIVE_INFINITY, default: usual, metavar } = param
    if (Object.hasOwn(values, name)) return values[name]!
    if (isFlag) return [true]
    if (choices !== undefined) return choices
    if (metavar === '<k>') return [3, 5, 4]
    if (typeof usual !== 'number' && min === undefined) return []
    const least = min ?? 0
    return [usual ?? least, least, Math.min(max, least + 3), least - 1]
  }
  /** Generates some options of a table. */
  const some = (params: Params, most: number) => {
    const given = Object.entries(params)
      .map(([name, param]) => [name, valuesOf(name, param)] as const)
      .filter(([, all]) => all.length > 0)
    return fc
      .subarray(given, { maxLength: Math.min(most, given.length) })
      .chain((chosen) =>
        fc.record(Object.fromEntries(chosen.map(([name, all]) => [name, fc.constantFrom(...all)]))),
      )
  }
  const named = (name: string) =>
    some(operationParams(operations[name]!), 3).map((options) => ({
      name,
      options: operations[name]!.kernel === 'required' ? { kernel: '1 2 1; 0 3 0', ...options } : options,
    }))
  const step = fc.constantFrom(...Object.keys(operations)).chain(named)
  type Step = { readonly name: string; readonly options: object }
  const a = { with: 'a' }
  /** Steps of which one reads what an earlier one kept. */
  const linked = fc
    .tuple(step, fc.constantFrom('add', 'concat'))
    .map(([one, last]): Step[] => [{ name: 'keep', options: { as: 'a' } }, one, { name: last, options: a }])
  const pooled: Step[] = [
    { name: 'maxpool', options: { switches: 'a' } },
    { name: 'unpool', options: a },
  ]
  const several: fc.Arbitrary<Step[]> = fc.array(step, { minLength: 1, maxLength: 3 })
  const chained = fc.oneof(
    { arbitrary: several, weight: 8 },
    { arbitrary: linked, weight: 1 },
    { arbitrary: fc.constant(pooled), weight: 1 },
  )
  const typed = (options: object): string[] =>
    Object.entries(options).flatMap(([name, value]) =>
      value === true ? [`--${name}`] : [`--${name}`, Array.isArray(value) ? value.join(',') : String(value)],
    )
  const inJavaScript = (options: object) =>
    Object.fromEntries(
      Object.entries(options).map(([name, value]) => [
        optionName(name),
        name.startsWith('no-') ? value !== true : value,
      ]),
    )
  const input = fc.constantFrom('gray.png', 'alpha.png', 'deep.png', 'volume.npy')
  /** The ways to pass a file. */
  const ways: Readonly<Record<string, (path: string) => PictureInput>> = {
    path: (path) => path,
    URL: (path) => pathToFileURL(path),
    Buffer: (path) => readFileSync(path),
    Uint8Array: (path) => Uint8Array.from(readFileSync(path)),
    ArrayBuffer: (path) => Uint8Array.from(readFileSync(path)).buffer,
    Blob: (path) => new Blob([readFileSync(path)]),
    stream: (path) => createReadStream(path),
  }
  /** The ways to get the bytes of a file. */
  const ends: Readonly<Record<string, (chain: Chain, extension: string) => Promise<Buffer>>> = {
    buffer: (chain) => chain.toBuffer(),
    stream: async (chain) => Buffer.concat(await chain.toStream().toArray()),
    async file(chain, extension) {
      const path = here.path(`made.${extension}`)
      await chain.toFile(path)
      return readFileSync(path)
    },
  }
  const formats = Object.keys(outputFormats)
  const format = fc.constantFrom('png', 'npy', ...formats)

  /** Returns the bytes of a .npy file. Its numbers are those of the tensor. */
  const toNpy = async (chain: () => Chain) => {
    const bytes = await ends.file!(chain(), 'npy')
    const { data } = await chain().toTensor()
    expect(bytes.subarray(-data.byteLength).equals(Buffer.from(data.buffer))).toBe(true)
    return bytes
  }

  it('of one operation or several, with options of the picture, in any format, refusals too', async () => {
    let equal = 0
    let refused = 0
    await fc.assert(
      fc.asyncProperty(
        chained,
        fc.oneof(fc.constant({}), some(pictureParams, 2)),
        input,
        format,
        fc.constantFrom(...Object.keys(ways)),
        fc.constantFrom(...Object.keys(ends)),
        async (steps, whole, file, extension, way, end) => {
          const path = here.path(file)
          const words = steps.flatMap(({ name, options }, i) => [
            ...(i === 0 ? [] : ['--']),
            name,
            ...typed(options),
          ])
          const all =
            steps.length === 1 ? [...words, ...typed(whole)] : ['chain', ...typed(whole), '--', ...words]
          const chain = () => {
            const made = steps.reduce(
              (before, { name, options }) => Chain.add(before, operations[name]!, inJavaScript(options)),
              convo(ways[way]!(path), inJavaScript(whole)),
            )
            return extension === 'npy' ? made : made.as(extension as 'png')
          }
          const given = () => (extension === 'npy' ? toNpy(chain) : ends[end]!(chain(), extension))
          const expected = await byCommand(path, all, `.${extension}`).catch((error: ConvoError) => error)
          if (expected instanceof Error) {
            const { code, message } = await failure(given)
            // with several reasons, each side may name another one
            const isAlone = steps.length === 1 && Object.keys(whole).length === 0
            if (isAlone) expect(code, `${expected.message} | ${message}`).toBe(expected.code)
            refused++
          } else {
            expect((await given()).equals(expected), `${way}, ${end}`).toBe(true)
            equal++
          }
        },
      ),
      { numRuns: 160, endOnFailure: true },
    )
    expect(equal).toBeGreaterThan(30)
    expect(refused).toBeGreaterThan(0)
  })

  it('of every channel in a file of its own, and of a trained network', async () => {
    const command = (...words: string[]) =>
      execFileSync(process.execPath, ['bin/convo.js', ...words, '--quiet'])
    const split = convo(here.path('deep.png'), { channels: 'split' })
    for (const [words, chain] of [
      [['sobel'], split.sobel()],
      [['gaussian', '--sigma', '3'], split.gaussian({ sigma: 3 })],
      [['depthwise', '--kernel', 'emboss'], split.depthwise({ kernel: 'emboss' })],
    ] as const) {
      const [name, ...options] = words
      command(
        name,
        here.path('deep.png'),
        here.path(`${name}-a-{index}.png`),
        '--channels',
        'split',
        ...options,
      )
      await chain.toFile(here.path(`${name}-b-{index}.png`))
      const [made, expected] = ['b', 'a'].map((by) =>
        here.names().filter((one) => one.startsWith(`${name}-${by}-`)),
      )
      expect([name, expected!.length]).toEqual([name, 3])
      expect(made!.map((one) => readFileSync(here.path(one)))).toEqual(
        expected!.map((one) => readFileSync(here.path(one))),
      )
    }
    const weights = 'samples/networks/denoise.safetensors'
    const net = await loadNet(weights)
    for (const [input, threads] of [[scene, 1] as const, [readFileSync(scene), 2] as const]) {
      // the compressed bytes of a file depend on the strips of the network, and these on the threads
      command('net', weights, scene, here.path('command-net.png'), '--threads', String(threads))
      const made = await convo(input, { threads }).net(net).toBuffer()
      expect(made.equals(readFileSync(here.path('command-net.png')))).toBe(true)
    }
  })

  it('options that the command refuses together are refused', async () => {
    for (const act of [
      () => convo(scene).outline({ scale: 2, normalize: true }).toBuffer(),
      () => convo(scene, { alpha: 'drop', background: 'white' }).box().sobel().raw(),
      () => convo(scene, { gray: true, channelsOf: 'luma' }).box().plan(),
    ]) {
      expect((await failure(act)).message).toMatch(/^\w+ and \w+ cannot be used together$/)
    }
    await convo(scene, { gray: false, channelsOf: 'luma' }).outline({ scale: 2, normalize: false }).raw()
  })

  it('an option of a chain may have the value that a step is called', async () => {
    const words = ['chain', '--range', 'abs', '--', 'box', '--', 'laplacian']
    const made = await convo(scene, { range: 'abs' }).box().laplacian().toBuffer()
    expect(made.equals(await byCommand(scene, words))).toBe(true)
  })

  it('several files are refused where one is asked for', async () => {
    const split = convo(scene, { channels: 'split' }).box()
    expect(await failure(() => split.toBuffer())).toMatchObject({
      message: 'several files cannot go to one buffer',
      fix: "channels: 'montage'",
    })
    expect((await failure(() => split.raw())).message).toBe('the result is several pictures, not one')
  })

  it('and the command itself writes these bytes', async () => {
    const output = here.path('whole.png')
    execFileSync(process.execPath, ['bin/convo.js', 'gaussian', scene, output, '--sigma', '2', '--quiet'])
    expect((await convo(scene).gaussian({ sigma: 2 }).toBuffer()).equals(readFileSync(output))).toBe(true)
  })
})

describe('inputs', () => {
  it('a path, a URL, bytes, an ArrayBuffer, a stream, a sharp pipeline: the same picture', async () => {
    const bytes = readFileSync(scene)
    const expected = await convo(scene).sharpen().toBuffer()
    const inputs = [
      pathToFileURL(scene),
      bytes,
      new Uint8Array(bytes),
      bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer,
      createReadStream(scene, { highWaterMark: 1000 }),
      sharp(scene),
    ]
    for (const input of inputs)
      expect(await digest(await convo(input).sharpen().toBuffer())).toEqual(await digest(expected))
  })

  it('samples of every type, with the channels that they have', async () => {
    const size = { width: 5, height: 4 }
    const levels = Array.from({ length: 60 }, (_, i) => (i * 37) % 256)
    const of = (data: Parameters<typeof convo>[0]) => convo(data).box({ size: 3 }).raw()
    const bytes = await of({ ...size, data: Uint8Array.from(levels) })
    expect([bytes.channels, bytes.depth, bytes.width, bytes.height]).toEqual([3, 8, 5, 4])
    expect(await of({ ...size, data: Uint8ClampedArray.from(levels) })).toEqual({
      ...bytes,
      report: expect.anything(),
    })
    const floats = await of({ ...size, data: Float32Array.from(levels) })
    expect(floats.data).toEqual(bytes.data)
    expect((await of({ ...size, data: Float64Array.from(levels) })).data).toEqual(bytes.data)
    const deep = await of({ ...size, data: Uint16Array.from(levels, (v) => v * 257) })
    expect([deep.depth, deep.data.constructor]).toEqual([16, Uint16Array])
    const planes = new Tensor(
      [3, 4, 5],
      Float32Array.from(levels, (_, i) => levels[(i % 20) * 3 + Math.floor(i / 20)]!),
    )
    expect((await of(planes)).data).toEqual(bytes.data)
    expect((await of({ width: 5, height: 4, data: new Uint8Array(40) })).channels).toBe(2)
  })

  it('views of other kinds: a Buffer, shared memory, an array of another realm', async () => {
    const levels = Uint8Array.from({ length: 64 }, (_, i) => (i * 37) % 256)
    const size = { width: 4, height: 4 }
    const of = async (data: Uint8Array) =>
      (
        await convo({ ...size, data }, { alpha: 'drop' })
          .box()
          .raw()
      ).data
    const warnings: Error[] = []
    const onWarning = (warning: Error) => warnings.push(warning)
    process.on('warning', onWarning)
    const expected = await of(levels)
    const shared = new Uint8Array(new SharedArrayBuffer(64))
    shared.set(levels)
    const foreign: Uint8Array = runInNewContext('Uint8Array.from(levels)', { levels: [...levels] })
    const bytes: Uint8Array = runInNewContext('Uint8Array.from(file)', { file: readFileSync(scene) })
    for (const data of [Buffer.from(levels), shared, foreign]) expect(await of(data)).toEqual(expected)
    expect(await digest(bytes)).toEqual(await digest(scene))
    process.off('warning', onWarning)
    expect(warnings).toEqual([])
  })

  it('tells of samples that float32 does not hold', async () => {
    const { report } = await convo({ data: Float64Array.of(0.1, 0.2), width: 2, height: 1 })
      .box()
      .raw()
    expect(report.notes.join()).toContain('rounded to float32')
  })

  it.each([
    [
      'a number',
      () =>
        convo(7 as never)
          .box()
          .toBuffer(),
      'E_ARGUMENT',
    ],
    ['a URL of the web', () => convo(new URL('https://example.org/a.png')).box().toBuffer(), 'E_ARGUMENT'],
    [
      'samples that fit no picture',
      () =>
        convo({ data: new Uint8Array(7), width: 2, height: 2 })
          .box()
          .toBuffer(),
      'E_SHAPE',
    ],
    [
      'a tensor of rank 1',
      () =>
        convo(new Tensor([4], new Float32Array(4)))
          .box()
          .toBuffer(),
      'E_SHAPE',
    ],
    ['bytes that are no picture', () => convo(Buffer.from('hello')).box().toBuffer(), 'E_DECODE'],
    ['an empty buffer', () => convo(new Uint8Array()).box().toBuffer(), 'E_DECODE'],
    ['a file that is not there', () => convo('nowhere.png').box().toBuffer(), 'E_INPUT'],
    ['nothing to do', () => convo(scene).toBuffer(), 'E_USAGE'],
  ])('refuses %s', async (_, act, code) => {
    expect((await failure(act)).code).toBe(code)
  })
})

it('says for a pattern what takes patterns, and nothing for a file', async () => {
  const fix = async (input: string) => (await failure(() => convo(input).box().toBuffer())).fix
  expect(await fix('nowhere*.png')).toBe('the path of one file, or batch() for all that match a pattern')
  expect(await fix('nowhere.png')).toBeUndefined()
})

describe('outputs', () => {
  it('a file with its report, a stream, floats, a sharp pipeline, samples', async () => {
    const chain = convo(scene).sobel({ unit: true })
    const path = here.path('edges.png')
    const report = await chain.toFile(path)
    const bytes = await chain.toBuffer()
    expect(readFileSync(path).equals(bytes)).toBe(true)
    expect([report.operation, report.output.path, report.output.bytes]).toEqual(['sobel', path, bytes.length])
    const chunks: Buffer[] = []
    for await (const chunk of chain.toStream()) chunks.push(chunk as Buffer)
    expect(Buffer.concat(chunks).equals(bytes)).toBe(true)
    const tensor = await chain.toTensor()
    expect(tensor.shape).toEqual([3, 420, 640])
    const { data, width, height, channels } = await chain.raw()
    expect(data.length).toBe(width * height * channels)
    expect(Array.from(data.subarray(0, 3))).toEqual(
      [0, 1, 2].map((c) => Math.min(255, Math.round(tensor.data[c * 640 * 420]!))),
    )
    expect(await (await chain.toSharp()).raw().toBuffer()).toEqual(Buffer.from(data))
  })

  it('16 bits stay 16 bits in a pipeline of sharp, and floats are samples too', async () => {
    for (const channels of [1, 2, 3, 4] as const) {
      const data = Uint16Array.from({ length: 20 * channels }, (_, i) => (i * 9973) % 65536)
      const chain = convo({ data, width: 5, height: 4, channels }, { alpha: 'separate' }).box()
      const expected = await chain.raw()
      const pipeline = await chain.toSharp()
      const made = await pipeline.clone().raw({ depth: 'ushort' }).toBuffer()
      expect(new Uint16Array(made.buffer, made.byteOffset, made.length / 2)).toEqual(expected.data)
      const png = await convo(await pipeline.png().toBuffer(), { alpha: 'separate' })
        .box({ size: 1 })
        .raw()
      expect([channels, png.depth, png.data]).toEqual([channels, 16, expected.data])
    }
    const floats = convo({ data: Uint8Array.from([1, 2, 4]), width: 3, height: 1 }, { range: 'raw' }).box()
    const { data, depth } = await floats.raw()
    expect([depth, data]).toEqual([32, (await floats.toTensor()).data])
    expect(await failure(() => floats.toBuffer())).toMatchObject({
      fix: expect.stringMatching(/^toTensor\(\) or a \.npy file, /),
    })
  })

  it('a quality makes WebP smaller', async () => {
    const chain = convo(scene).sharpen()
    expect((await chain.webp({ quality: 50 }).toBuffer()).length).toBeLessThan(
      (await chain.webp().toBuffer()).length / 2,
    )
  })

  it('one chain is the beginning of several', async () => {
    const blurred = convo(scene).gaussian({ sigma: 2 })
    const [a, b] = await Promise.all([blurred.sobel().toBuffer(), blurred.toBuffer()])
    expect(await digest(b)).toEqual(await digest(await convo(scene).gaussian({ sigma: 2 }).toBuffer()))
    expect((await compare(a, b)).matches).toBe(false)
  })

  it('keeps a file that is the input, unless told', async () => {
    const path = here.path('same.png')
    await convo(scene).box().toFile(path)
    expect((await failure(() => convo(path).box().toFile(path))).code).toBe('E_IN_PLACE')
    await convo(path).box().toFile(path, { inPlace: true })
  })

  it('names parts of the input in a template, and numbers maps', async () => {
    await convo(here.path('gray.png')).sobel().toFile(here.path('{stem}-edges.png'))
    expect(readFileSync(here.path('gray-edges.png')).length).toBeGreaterThan(0)
  })
})

it('a file that an earlier chain has read may be written, the own input only if that is asked for', async () => {
  const [a, b] = [here.path('read.png'), here.path('written.png')]
  await convo(scene).box().toFile(a)
  await convo(a).box().toFile(b)
  await convo(b).box().toFile(a)
  await convo(readFileSync(b)).box().toFile(b)
  expect(await failure(() => convo(a).box().toFile(a))).toMatchObject({
    code: 'E_IN_PLACE',
    fix: 'inPlace: true',
  })
  await convo(a).box().toFile(a, { inPlace: true })
})

it('a file that an earlier chain has read may be written while others are under way', async () => {
  const [a, b] = [here.path('first.png'), here.path('second.png')]
  let end: () => void = () => undefined
  const more = new Promise<void>((done) => {
    end = done
  })
  const slow = convo(
    (async function* () {
      await more
      yield readFileSync(scene)
    })(),
  )
    .box()
    .toFile(here.path('slow.png'))
  await convo(scene).box().toFile(a)
  await convo(a).box().toFile(b)
  await convo(b).box().toFile(a)
  expect((await failure(() => convo(a).box().toFile(a))).code).toBe('E_IN_PLACE')
  end()
  await slow
})

describe('options', () => {
  it('refuses those that are not there, with the nearest', async () => {
    const { code, message, fix } = await failure(() => convo(scene).gaussian({ sigm: 2 } as never))
    expect([code, message, fix]).toEqual(['E_NAME', 'gaussian has no option sigm', 'sigma'])
    const odd = { inPlac: true } as object
    await expect(convo('samples/small/colour.png').sobel().toFile('out.png', odd)).rejects.toMatchObject({
      code: 'E_NAME',
      message: 'toFile has no option inPlac',
    })
    expect(
      (
        await failure(() =>
          convo(scene, { maxPixel: 2 } as never)
            .box()
            .toBuffer(),
        )
      ).fix,
    ).toBe('maxPixels')
  })

  it('are called as in JavaScript in messages', async () => {
    const { message, fix } = await failure(() => convo(scene).box({ fill: 3 }).toBuffer())
    expect([message, fix]).toEqual(["fill does not apply to border: 'replicate'", "border: 'constant'"])
    const { message: range } = await failure(() => convo(scene).gaussian({ sigma: -1 }).toBuffer())
    expect(range).toBe('sigma must be from 0.1 to 500, got -1')
    expect((await failure(() => convo(scene, { maxPixels: 10 }).box().toBuffer())).fix).toMatch(
      /^maxPixels: \d+$/,
    )
  })

  it.each([
    ['a signal that is none', () => convo(scene, { signal: 1 as never }), 'E_ARGUMENT'],
    ['a progress that is no function', () => convo(scene, { onProgress: 1 as never }), 'E_ARGUMENT'],
    ['a quality beyond 100', () => convo(scene).box().webp({ quality: 101 }), 'E_OPTION'],
    ['a compression beyond 9', () => convo(scene).box().png({ compression: 10 }).toBuffer(), 'E_OPTION'],
    [
      'no path',
      () =>
        convo(scene)
          .box()
          .toFile(undefined as never),
      'E_ARGUMENT',
    ],
    ['a format that is not written', () => convo(scene).box().toFile(here.path('a.xyz')), 'E_OUTPUT'],
  ])('refuses %s', async (_, act, code) => {
    expect((await failure(act)).code).toBe(code)
  })

  it('names for borders of both worlds', async () => {
    const by = (border: 'wrap' | 'circular') => convo(scene).box({ size: 9, border }).toBuffer()
    expect((await by('wrap')).equals(await by('circular'))).toBe(true)
  })

  it('kernels as rows, as a tensor, as what readKernel gives, as a name', async () => {
    const rows = [
      [0, -1, 0],
      [-1, 5, -1],
      [0, -1, 0],
    ]
    const expected = await convo(scene).conv2d({ kernel: '0 -1 0; -1 5 -1; 0 -1 0' }).toBuffer()
    const tensor = new Tensor([3, 3], Float32Array.from(rows.flat()))
    for (const kernel of [rows, tensor, await readKernel('0 -1 0; -1 5 -1; 0 -1 0')]) {
      expect((await convo(scene).conv2d({ kernel }).toBuffer()).equals(expected)).toBe(true)
    }
    const path = here.path('k.json')
    await writeKernel(await readKernel('gaussian:sigma=1'), path)
    expect((await readKernel(path)).shape).toEqual((await readKernel('gaussian:sigma=1')).shape)
    expect((await failure(() => convo(scene).conv2d({ kernel: [[1, 2], [3]] }))).code).toBe('E_KERNEL_SHAPE')
    expect((await failure(() => convo(scene).conv2d({ kernel: {} as never }))).code).toBe('E_ARGUMENT')
    expect((await failure(() => convo(scene).sobel({ kernel: rows } as never))).code).toBe('E_NAME')
  })
})

describe('a run', () => {
  it('ends when its signal says so, before and within', async () => {
    const controller = new AbortController()
    const large = { data: new Uint8Array(3000 * 2000 * 3), width: 3000, height: 2000 }
    const run = convo(large, {
      signal: controller.signal,
      onProgress: () => controller.abort(new Error('enough')),
    })
      .involution({ size: 31 })
      .toBuffer()
    await expect(run).rejects.toThrow('enough')
    await expect(convo(scene, { signal: AbortSignal.abort() }).box().toBuffer()).rejects.toThrow(/abort/i)
    expect((await convo(scene).box().toBuffer()).length).toBeGreaterThan(0)
  })

  it('tells its progress, up to the whole', async () => {
    const seen: number[] = []
    await convo(scene, { onProgress: (share) => seen.push(share) })
      .gaussian({ sigma: 3 })
      .toBuffer()
    expect(seen.at(-1)).toBe(1)
    expect(seen.every((share, i) => i === 0 || share >= seen[i - 1]!)).toBe(true)
  })

  it('gives the same for any threads, and many at once', async () => {
    const expected = await convo(scene).gaussian({ sigma: 3 }).toBuffer()
    const all = await Promise.all(
      [1, 2, 3, 4].map((threads) => convo(scene, { threads }).gaussian({ sigma: 3 }).toBuffer()),
    )
    for (const one of all) expect(one.equals(expected)).toBe(true)
  })

  it('is planned from the header alone', async () => {
    const { plan, input } = await convo(readFileSync(scene)).gaussian({ sigma: 2 }).plan()
    expect([input.width, plan[0]!.algorithm]).toEqual([640, 'separable'])
  })
})

describe('compare and digest', () => {
  it('says whether pictures are the same, of any kind of input', async () => {
    const raw = await convo(scene).box().raw()
    const same = await compare(raw, await convo(scene).box().webp().toBuffer())
    expect([same.matches, same.outcome]).toEqual([true, 'same'])
    const other = await compare(scene, raw, { diffStyle: 'heat' })
    expect([other.matches, other.outcome]).toEqual([false, 'different'])
    expect((await sharp(other.diff).metadata()).format).toBe('png')
    expect(JSON.parse(JSON.stringify(other))).toMatchObject({ outcome: 'different' })
    expect((await compare(scene, raw, { maxAbs: 255 })).outcome).toBe('tolerated')
  })

  it('compares where a mask says', async () => {
    const raw = await convo(scene).box().raw()
    const mask = { data: new Uint8Array(640 * 420), width: 640, height: 420 }
    mask.data[5] = 255
    expect((await compare(scene, raw, { mask })).pages[0]).toMatchObject({ stats: { compared: 1 } })
  })

  it('hashes as the command does', async () => {
    const said = execFileSync(process.execPath, ['bin/convo.js', 'digest', scene], { encoding: 'utf8' })
    expect((await digest(readFileSync(scene))).digest).toBe(said.trim())
  })
})

describe('what there is, as data', () => {
  it('lists every operation with its method and options', () => {
    const all = [...filters, ...operators]
    expect(all.map(({ name }) => name)).toEqual(Object.keys(operations))
    for (const { name, method } of all)
      expect([method, typeof Chain.prototype[method as 'box']]).toEqual([camelCase(name), 'function'])
    const sigma = filters
      .find(({ name }) => name === 'gaussian')!
      .options.find(({ name }) => name === 'sigma')
    expect(sigma).toMatchObject({ default: 1, min: 0.1, max: 500 })
    // every option that may be omitted describes what happens then
    for (const { name, options } of all) {
      const open = options.filter((one) => one.default === undefined && one.unset === undefined)
      expect([name, open.map((one) => one.name).filter((one) => one !== 'kernel')]).toEqual([name, []])
    }
    for (const { options, ...facts } of all) expect(JSON.stringify([facts, options])).not.toMatch(/--[a-z]/)
    expect(kernels.names).toContain('sobel-x')
    expect(kernels.files.length).toBeGreaterThan(3)
  })
})

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cp, mkdir, readFile, rm } from 'node:fs/promises'
import type { Profiler } from 'node:inspector'
import { Session } from 'node:inspector/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { PerformanceObserver } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import type * as Convo from '../../src/index.ts'
import type * as Matchers from '../../src/matchers.ts'
import { onnxModel } from '../net/onnx-writer.ts'

// Measures how long convo blocks the event loop of its user. For inputs, operations and outputs of 12 megapixels, it
// prints the longest processor time of the calling thread between two turns of the loop, in the first call and in later
// ones.

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = join(tmpdir(), 'convo-holds')
const [width, height] = [4000, 3000]

type Api = typeof Convo
/** Cases by name. The inner function is the one that is measured. */
type Cases = Readonly<Record<string, () => Promise<() => Promise<unknown>>>>

/** Measures the cases whose name contains `only`. With `where`, it prints what ran during the longest block. */
export async function benchHolds(runs: number, only: string, where: boolean, images: string): Promise<void> {
  mkdirSync(folder, { recursive: true })
  process.chdir(folder)
  const api = (await import(join(root, 'dist/index.js'))) as Api
  const matchers = (await import(join(root, 'dist/matchers.js'))) as typeof Matchers
  const cases = { ...(await pictureCases(api, images)), ...(await otherCases(api, matchers)) }
  let worst = 0
  for (const [name, prepare] of Object.entries(cases)) {
    if (!name.includes(only)) continue
    try {
      const act = await prepare()
      const holds: Hold[] = []
      for (let run = 0; run < runs; run++) holds.push(await longestHold(act, where))
      // garbage is collected in some runs by chance, so the best run counts
      const least = holds.slice(1).reduce((best, one) => (one.own < best.own ? one : best))
      worst = Math.max(worst, least.own)
      const mark = least.own > 20 ? ' <<<' : holds[0]!.own > 20 ? ' <' : ''
      console.log(`${name.padEnd(44)}first ${ms(holds[0]!)}, then ${ms(least)}${mark}`)
      if (where && mark !== '') console.log((mark === ' <' ? holds[0]! : least).stacks?.join('\n'))
    } catch (error) {
      console.log(`${name.padEnd(44)}${error instanceof Error ? error.message : error}`)
    }
  }
  console.log(`longest: ${worst.toFixed(1)} ms`)
  await api.close()
}

type Hold = {
  readonly own: number
  readonly cpu: number
  readonly from: number
  readonly to: number
  stacks?: readonly string[]
}

const ms = ({ own, cpu, from, to }: Hold): string =>
  `${own.toFixed(1).padStart(6)} ms (${cpu.toFixed(0)} with garbage, ${(to - from).toFixed(0)} by the clock)`

/** Returns the processor time of the calling thread in milliseconds, as counted by Linux. */
const onProcessor = (): number =>
  Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'latin1').split(' ')[0]) / 1e6

async function longestHold(act: () => Promise<unknown>, where: boolean): Promise<Hold> {
  const session = new Session()
  if (where) {
    session.connect()
    await session.post('Profiler.enable')
    await session.post('Profiler.setSamplingInterval', { interval: 500 })
    await session.post('Profiler.start')
  }
  const garbage: { readonly startTime: number; readonly duration: number }[] = []
  const observer = new PerformanceObserver((list) => garbage.push(...list.getEntries()))
  observer.observe({ entryTypes: ['gc'] })
  const holds: Omit<Hold, 'own'>[] = []
  let [was, at] = [onProcessor(), performance.now()]
  let isOver = false
  const watch = () => {
    const [now, then] = [onProcessor(), performance.now()]
    holds.push({ cpu: Math.min(now - was, then - at), from: at, to: then })
    ;[was, at] = [now, then]
    if (!isOver) setImmediate(watch)
  }
  setImmediate(watch)
  await act()
  await new Promise((done) => setTimeout(done, 5))
  isOver = true
  observer.disconnect()
  const all = holds
    .sort((a, b) => b.cpu - a.cpu)
    .slice(0, 50)
    .map((hold) => {
      const within = garbage.filter(({ startTime }) => startTime >= hold.from && startTime < hold.to)
      return { ...hold, own: hold.cpu - within.reduce((sum, { duration }) => sum + duration, 0) }
    })
  const longest = all.reduce((most, one) => (one.own > most.own ? one : most))
  if (!where) return longest
  const { profile } = await session.post('Profiler.stop')
  session.disconnect()
  return { ...longest, stacks: stacksOf(profile, longest.from, longest.to) }
}

/** Returns what ran between two times, most samples first. */
function stacksOf(
  { nodes, samples = [], timeDeltas = [], startTime }: Profiler.Profile,
  from: number,
  to: number,
) {
  const zero = Number(process.hrtime.bigint() / 1000n) - performance.now() * 1000
  const above = new Map(
    nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)),
  )
  const byId = new Map(nodes.map((node) => [node.id, node.callFrame]))
  const counts = new Map<string, number>()
  let time = startTime
  for (const [i, leaf] of samples.entries()) {
    time += timeDeltas[i] ?? 0
    if (time < zero + from * 1000 || time > zero + to * 1000) continue
    const names: string[] = []
    for (let id: number | undefined = leaf; id !== undefined && names.length < 7; id = above.get(id)) {
      const { functionName, url, lineNumber } = byId.get(id)!
      names.push(`${functionName || '(anonymous)'} ${url.split('/').at(-1)}:${lineNumber + 1}`)
    }
    const stack = names.join(' < ')
    counts.set(stack, (counts.get(stack) ?? 0) + 1)
  }
  return [...counts]
    .sort((a, b) => b[1] - a[1])
    .slice(0, 4)
    .map(([stack, count]) => `    ${count} samples: ${stack}`)
}

async function pictureCases(api: Api, images: string): Promise<Cases> {
  const { convo } = api
  const scene = join(root, 'samples/scene.png')
  const { data } = await sharp(scene)
    .removeAlpha()
    .resize(width, height, { fit: 'fill' })
    .raw()
    .toBuffer({ resolveWithObject: true })
  const raw = { data, width, height, channels: 3 }
  const rgba = await sharp(data, { raw: { width, height, channels: 3 } })
    .ensureAlpha(0.5)
    .raw()
    .toBuffer()
  const of = (type: 'Uint16Array' | 'Float32Array' | 'Float64Array', scale: number) => {
    const out = new globalThis[type](data.length)
    for (let i = 0; i < data.length; i++) out[i] = data[i]! * scale
    return { ...raw, data: out }
  }
  const wide = of('Uint16Array', 257)
  const floats = of('Float32Array', 1 / 255)
  const memory: Record<string, () => Convo.PictureInput> = {
    'raw u8': () => raw,
    'raw rgba u8': () => ({ data: new Uint8ClampedArray(rgba), width, height }),
    'raw u16': () => wide,
    'raw f32': () => floats,
    'raw f64': () => of('Float64Array', 1 / 255),
    tensor: () => new api.Tensor([3, height, width], floats.data as Float32Array),
    'tensor hwc': () => ({ shape: [height, width, 3], data: floats.data, layout: 'HWC' }) as never,
    sharp: () => sharp(data, { raw: { width, height, channels: 3 } }),
  }
  const written =
    (name: string, made: () => Promise<unknown>, isBuffer = false) =>
    async () => {
      if (!existsSync(name)) await made()
      const input = isBuffer ? await readFile(name) : name
      return () => convo(input, { maxPixels: 1e9 }).sharpen().raw()
    }
  const kept = { ...raw, data: data.slice() }
  const input = (type: string) =>
    ({ u8: raw, 'rgba u8': { ...raw, data: rgba, channels: 4 }, u16: wide, f32: floats })[type]!
  const outputs = Object.fromEntries(
    ['u8', 'rgba u8', 'u16', 'f32'].flatMap((type) =>
      ['png', 'jpg', 'webp', 'tif', 'gif', 'ppm', 'bmp', 'pfm', 'npy', 'avif'].map((extension) => {
        const file = `${type.replace(' ', '-')}.${extension}`
        return [
          file,
          () => convo(input(type), extension === 'tif' && type === 'f32' ? { depth: 32 } : {}).sharpen(),
        ] as const
      }),
    ),
  )
  const encoded = (kind: 'tiff' | 'png', options: object) => (name: string) =>
    sharp(kept.data, { raw: { width, height, channels: 3 } })
      [kind](options)
      .toFile(name)
  const bySharp: Record<string, (name: string) => Promise<unknown>> = {
    ...Object.fromEntries(
      (['none', 'lzw', 'deflate', 'zstd', 'jpeg', 'packbits'] as const).flatMap((compression) => [
        [`${compression}.tif`, encoded('tiff', { compression })],
        [`${compression}-tiled.tif`, encoded('tiff', { compression, tile: true })],
        [`${compression}-predicted.tif`, encoded('tiff', { compression, predictor: 'horizontal' })],
      ]),
    ),
    'palette.png': encoded('png', { palette: true }),
    'interlaced.png': encoded('png', { progressive: true }),
  }
  const more = readdirSync(images).map((name) => join(images, name))
  const outs = {
    raw: (chain: Convo.Chain) => chain.raw(),
    tensor: (chain: Convo.Chain) => chain.toTensor(),
    sharp: (chain: Convo.Chain) => chain.toSharp(),
    stream: async (chain: Convo.Chain) => {
      for await (const _ of chain.toStream());
    },
  }
  const facts = [...api.filters, ...api.operators]
  return {
    ...named('input', memory, (make) => async () => {
      const one = make()
      return () => convo(one).sharpen().raw()
    }),
    ...named('output', outputs, (chain, file) => async () => () => chain().toFile(file)),
    ...named('output', outs, (end) => async () => () => end(convo(raw).sharpen())),
    ...named('input', outputs, (chain, file) => written(file, () => chain().toFile(file))),
    ...named('buffer', outputs, (chain, file) => written(file, () => chain().toFile(file), true)),
    ...named('input', bySharp, (make, file) => written(file, () => make(file))),
    ...named('buffer', bySharp, (make, file) => written(file, () => make(file), true)),
    ...named('input', Object.fromEntries(more.map((file) => [basename(file), file])), (file) =>
      written(file, async () => undefined),
    ),
    ...Object.assign(
      {},
      ...['u8', 'rgba u8', 'u16', 'f32'].map((type) =>
        named(
          `operation ${type}`,
          Object.fromEntries(facts.map(({ method }) => [method, method])),
          (method) => async () => () => {
            const chain = convo(input(type)) as unknown as Record<string, (options: object) => Convo.Chain>
            return chain[method]!(needs[method] ?? {}).raw()
          },
        ),
      ),
    ),
    ...named(
      'option',
      options,
      (given, name) => async () => () =>
        convo(name.startsWith('rgba') ? input('rgba u8') : raw, given)
          .sharpen()
          .toBuffer(),
    ),
  }
}

/** The required options of each operation. */
const needs: Readonly<Record<string, object>> = {
  conv2d: { kernel: 'sharpen' },
  wiener: { kernel: 'gaussian:sigma=1' },
  richardsonLucy: { kernel: 'gaussian:sigma=1', iterations: 2 },
  resize: { width: 1000 },
  crop: { size: '2000x1500', at: [9, 9] },
}

const options: Readonly<Record<string, Convo.ConvoOptions>> = {
  gray: { gray: true },
  linear: { linear: true },
}

/** Names the cases of a group. */
const named = <T>(
  group: string,
  of: Readonly<Record<string, T>>,
  make: (one: T, name: string) => Cases[string],
): Cases => Object.fromEntries(Object.entries(of).map(([name, one]) => [`${group} ${name}`, make(one, name)]))

async function otherCases(api: Api, { matchGolden }: typeof Matchers): Promise<Cases> {
  const scene = sharp(join(root, 'samples/scene.png')).removeAlpha().resize(width, height, { fit: 'fill' })
  const random = Float32Array.from({ length: 2000 * 2000 }, (_, i) => ((i * 7919) % 1009) / 1009)
  const array = new api.Tensor([2000, 2000], random)
  if (!existsSync('c.png')) {
    await scene.clone().png().toFile('a.png')
    await scene.clone().modulate({ brightness: 1.05 }).png().toFile('b.png')
    await scene.clone().tiff({ compression: 'deflate' }).toFile('a.tif')
    await scene.clone().negate().tiff({ compression: 'deflate' }).toFile('b.tif')
    await scene.clone().grayscale().threshold().png().toFile('mask.png')
    await api.convo(array, { full: 1, range: 'raw' }).threshold({ at: 0 }).toFile('array.npy')
    writeFileSync('model.onnx', model())
    writeFileSync(
      'check.yaml',
      'goldens: goldens\ncases:\n  - name: a\n    input: a.png\n    run: [sharpen]\n',
    )
    await scene.clone().png().toFile('c.png')
  }
  const { data } = await scene.clone().raw().toBuffer({ resolveWithObject: true })
  const brighter = { data: data.map((v) => Math.min(255, v + 3)), width, height }
  const raw = { data, width, height }
  const picture = new api.Tensor([3, height, width], Float32Array.from(data))
  const bank = new api.Tensor([8, 3, 3, 3], random.slice(0, 216))
  const kernel = { shape: [501, 501], data: random.slice(0, 501 * 501) }
  const net = await api.loadNet('model.onnx')
  const t = {
    name: 'test',
    fullName: 'test',
    filePath: join(folder, 'a.test.mjs'),
    after: () => undefined,
  } as never
  const limits: Readonly<Record<string, Convo.CompareOptions>> = {
    exact: {},
    maxAbs: { maxAbs: 8 },
    perceptual: { perceptual: 0.1 },
    minSsim: { minSsim: 0.9 },
    shift: { shift: 1 },
    antialiasing: { antialiasing: 'ignore' },
    maxDensity: { maxDensity: '3/8' },
    mask: { mask: 'mask.png' },
    ...Object.fromEntries(
      (['mask', 'heat', 'overlay', 'triptych'] as const).map((diffStyle) => [diffStyle, { diffStyle }]),
    ),
  }
  const others: Readonly<Record<string, () => Promise<unknown>>> = {
    'digest png': () => api.digest('a.png'),
    'digest raw': () => api.digest(raw),
    'digest npy': () => api.digest('array.npy'),
    digestFiles: () => api.digestFiles(['a.png', 'a.tif']),
    compareFolders: () => api.compareFolders('a.*', 'b.*'),
    check: () => api.check('check.yaml'),
    approve: async () => {
      await rm('goldens', { recursive: true, force: true })
      await api.check('check.yaml')
      return api.approve('all')
    },
    'check changed': async () => {
      await mkdir('goldens', { recursive: true })
      await cp('b.png', 'goldens/a.png')
      return api.report(await api.check('check.yaml', { selfTest: true }), 'html')
    },
    batch: async () => {
      for await (const _ of api.batch(
        ['a.png', 'a.tif'],
        'out/{stem}-{ext}.png',
        (picture) => picture.sharpen(),
        {
          force: true,
        },
      ));
    },
    plan: () => api.convo(raw).gaussian({ sigma: 9 }).sobel().plan(),
    'explain 12MP': () => api.explain('gaussian', 'a.png', { sigma: 20 }),
    'explain layer': () => api.explain('conv2d', [512, 1024, 1024], { size: 9, filters: 512 }),
    'explain kernel': () => api.explain('conv2d', [1, 4096, 4096], { kernel: 'array.npy' }),
    animate: () => api.animate('conv2d', { size: [9, 9] }),
    'animate 12': () => api.animate('conv2d', { size: [12, 12] }),
    'readKernel npy': () => api.readKernel('array.npy'),
    'show npy': () => api.show('array.npy'),
    'show 501': () => api.show(new api.Tensor(kernel.shape, kernel.data)),
    'show gaussian': () => api.show('gaussian:sigma=50'),
    'writeKernel npy': async () => api.writeKernel(await api.readKernel('array.npy'), 'w.npy'),
    'writeKernel csv': async () => api.writeKernel(await api.readKernel('array.npy'), 'w.csv'),
    'readKernel csv': () => api.readKernel('w.csv'),
    'writeKernel json': async () => api.writeKernel(await api.readKernel('array.npy'), 'w.json'),
    'readKernel json': () => api.readKernel('w.json'),
    'conv2d kernel 501': () =>
      api
        .convo(raw)
        .conv2d({ kernel: new api.Tensor(kernel.shape, kernel.data) })
        .raw(),
    ...Object.fromEntries(
      [31, 63, 128].flatMap((size) =>
        (['flat', 'laplacian'] as const).map((penalty) => [
          `wiener kernel ${size} ${penalty}`,
          () =>
            api
              .convo(raw)
              .wiener({ kernel: new api.Tensor([size, size], random.slice(0, size * size)), penalty })
              .raw(),
        ]),
      ),
    ),
    'richardsonLucy kernel 101': () =>
      api
        .convo(raw)
        .richardsonLucy({ kernel: new api.Tensor([101, 101], random.slice(0, 101 * 101)), iterations: 1 })
        .raw(),
    'conv2d kernel 101 lists': () =>
      api
        .convo(raw)
        .conv2d({
          kernel: Array.from({ length: 101 }, (_, y) => [...random.subarray(y * 101, y * 101 + 101)]),
        })
        .raw(),
    'separate 501': () => api.separate(new api.Tensor(kernel.shape, kernel.data)),
    'tensor conv2d': () => api.conv2d(picture, bank, { padding: 'same' }),
    'tensor conv2d typed array': () =>
      api.conv2d({ data, shape: [height, width, 3], layout: 'HWC' } as never, bank),
    'tensor depthwise': () => api.depthwiseConv2d(picture, new api.Tensor([3, 1, 3, 3], random.slice(0, 27))),
    'tensor maxPool2d': () => api.maxPool2d(picture, { kernelSize: 2, returnIndices: true } as never),
    'tensor transposed': () =>
      api.convTranspose2d(picture, new api.Tensor([3, 1, 2, 2], random.slice(0, 12)), { stride: 2 }),
    interleaved: () => Promise.resolve(api.interleaved(picture)),
    loadNet: () => api.loadNet('model.onnx'),
    'loadNet bytes': async () => api.loadNet(await readFile('model.onnx')),
    'net info': () => net.info({ width: 512, height: 512 }),
    'net run': () => net.run(new api.Tensor([3, 64, 64], random.slice(0, 3 * 64 * 64))),
    'net picture': () =>
      api
        .convo('a.png', { region: [0, 0, 64, 64] })
        .net(net)
        .raw(),
    'matcher equal raw': () => matchGolden(t, raw, { name: 'raw' }),
    'matcher equal png': async () => matchGolden(t, await readFile('a.png'), { name: 'raw' }),
    'matcher floats': () => matchGolden(t, picture, { name: 'raw' }),
    'matcher different': () => matchGolden(t, brighter, { name: 'raw' }).catch(() => undefined),
    'matcher perceptual': () =>
      matchGolden(t, brighter, { name: 'raw', perceptual: 0.01 }).catch(() => undefined),
  }
  const compared =
    (a: Convo.PictureInput, b: Convo.PictureInput) => (given: Convo.CompareOptions) => async () => () =>
      api.compare(a, b, given)
  return {
    ...named('compare png', limits, compared('a.png', 'b.png')),
    ...named('compare equal', { png: {} }, compared('a.png', 'c.png')),
    ...named('compare tif', limits, compared('a.tif', 'b.tif')),
    ...named('compare raw', limits, compared(raw, brighter)),
    ...named('compare tensor', { exact: {}, maxAbs: { maxAbs: 3 } }, compared(picture, picture)),
    ...named('other', others, (act) => async () => act),
  }
}

/** A network of twenty layers of 64x3x3 and one with 16 million weights: 64 MB. */
function model(): Uint8Array {
  const weights = (...shape: number[]) => ({
    shape,
    data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => ((i % 41) - 20) / 4000),
  })
  const initializers = {
    w: weights(1024, 3, 3, 3),
    u: weights(1024, 1024, 3, 3),
    s: weights(1024),
    v: weights(3, 1024, 1, 1),
    b: weights(3),
  }
  return onnxModel({
    inputs: [{ name: 'x', shape: [1, 3, null, null] }],
    outputs: ['y'],
    initializers,
    nodes: [
      { operator: 'Conv', inputs: ['x', 'w'], outputs: ['c'], attributes: { pads: [1, 1, 1, 1] } },
      { operator: 'BatchNormalization', inputs: ['c', 's', 's', 's', 's'], outputs: ['n'] },
      { operator: 'Relu', inputs: ['n'], outputs: ['r'] },
      { operator: 'Conv', inputs: ['r', 'u'], outputs: ['d'], attributes: { pads: [1, 1, 1, 1] } },
      { operator: 'BatchNormalization', inputs: ['d', 's', 's', 's', 's'], outputs: ['e'] },
      { operator: 'Conv', inputs: ['e', 'v', 'b'], outputs: ['y'] },
    ],
  })
}

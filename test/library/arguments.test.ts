import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { orElse } from '../../src/error.ts'
import * as convo from '../../src/index.ts'
import { limits } from '../../src/limits.ts'
import fc from '../property.ts'

const { ConvoError, Tensor } = convo

const ramp = (...shape: number[]) =>
  new Tensor(
    shape,
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => (i % 7) - 3),
  )

type Call = (...args: never[]) => unknown
type Case = {
  readonly call: Call
  readonly args: readonly unknown[]
  /** Valid options; undefined if the function has none. */
  readonly options?: Readonly<Record<string, unknown>>
  /** Whether what it needs is not available here, so that the call is refused. */
  readonly isRefused?: boolean
}

const conv = { bias: [1, 2], stride: 2, padding: 1, dilation: 1, groups: 1, paddingMode: 'reflect' }
const { groups: _, ...separable } = conv
const pool = { kernelSize: 2, stride: 2, padding: 1, dilation: 1, ceilMode: true, returnIndices: true }
const up = { bias: [1, 2], stride: 2, padding: 1, outputPadding: 1, dilation: 1, groups: 1 }
const norm = { gamma: [1, 1], beta: [0, 0], mean: [0, 0], variance: [1, 1], eps: 1e-5 }
const sizes = { kernelSize: 3, stride: 1, groups: 1, dilation: 1 }
const switches = { shape: [2, 2, 2], data: Int32Array.from([0, 3, 8, 11, 0, 3, 8, 11]) }
const volume = { shape: [2, 1, 2, 2], data: switches.data }

const small = { data: Float32Array.from({ length: 25 }, (_, i) => (i * 37) % 255), width: 5, height: 5 }

/** Every function of the library with valid arguments. */
const cases: Readonly<Record<string, Case>> = {
  conv2d: { call: convo.conv2d, args: [ramp(2, 6, 6), ramp(2, 2, 3, 3)], options: conv },
  conv3d: { call: convo.conv3d, args: [ramp(2, 4, 6, 6), ramp(2, 2, 3, 3, 3)], options: conv },
  pointwiseConv2d: {
    call: convo.pointwiseConv2d,
    args: [ramp(2, 3, 3), ramp(2, 2, 1, 1)],
    options: { bias: [1, 2], activation: 'relu' },
  },
  depthwiseConv2d: {
    call: convo.depthwiseConv2d,
    args: [ramp(2, 6, 6), ramp(2, 1, 3, 3)],
    options: separable,
  },
  separableConv2d: {
    call: convo.separableConv2d,
    args: [ramp(2, 6, 6), [1, 2, 1], [1, 0, -1]],
    options: separable,
  },
  depthwiseSeparableConv2d: {
    call: convo.depthwiseSeparableConv2d,
    args: [ramp(2, 6, 6), ramp(2, 1, 3, 3), ramp(2, 2, 1, 1)],
    options: {
      stride: 1,
      padding: 1,
      dilation: 1,
      paddingMode: 'zeros',
      depthwiseBias: [1, 2],
      pointwiseBias: [1, 2],
      activation: 'tanh',
    },
  },
  convTranspose2d: { call: convo.convTranspose2d, args: [ramp(2, 3, 3), ramp(2, 2, 3, 3)], options: up },
  convTranspose3d: {
    call: convo.convTranspose3d,
    args: [ramp(2, 2, 3, 3), ramp(2, 2, 3, 3, 3)],
    options: up,
  },
  maxPool2d: { call: convo.maxPool2d as Call, args: [ramp(2, 6, 6)], options: pool },
  maxPool3d: { call: convo.maxPool3d as Call, args: [ramp(2, 4, 6, 6)], options: pool },
  maxUnpool2d: {
    call: convo.maxUnpool2d,
    args: [ramp(2, 2, 2), switches],
    options: { outputSize: [4, 4], kernelSize: 2, stride: 2, padding: 0 },
  },
  maxUnpool3d: {
    call: convo.maxUnpool3d,
    args: [ramp(2, 1, 2, 2), volume],
    options: { outputSize: [1, 4, 4], kernelSize: [1, 2, 2], stride: [1, 2, 2], padding: 0 },
  },
  involution2d: {
    call: convo.involution2d,
    args: [ramp(2, 5, 5)],
    options: {
      ...sizes,
      reduceWeight: ramp(2, 2),
      reduceBias: [0, 1],
      batchNorm: norm,
      spanWeight: ramp(9, 2),
      spanBias: [1, 1, 1, 1, 1, 1, 1, 1, 1],
    },
  },
  involutionApply2d: { call: convo.involutionApply2d, args: [ramp(2, 5, 5), ramp(9, 5, 5)], options: sizes },
  separate: {
    call: convo.separate,
    args: [
      [
        [1, 2],
        [2, 4],
      ],
    ],
    options: { rank: 1 },
  },
  Tensor: {
    call: (...args) => new Tensor(...(args as unknown as [number[], Float32Array])),
    args: [[2, 2], new Float32Array(4)],
  },
  tensorOf: { call: convo.tensorOf, args: [{ data: new Float32Array(4), shape: [2, 2], layout: 'HWC' }] },
  interleaved: { call: convo.interleaved, args: [ramp(2, 3, 4)] },
  'Tensor.zeros': { call: Tensor.zeros, args: [[2, 2]] },
  convo: {
    call: (...args) =>
      convo
        .convo(...(args as unknown as Parameters<typeof convo.convo>))
        .box()
        .toBuffer(),
    args: [small],
    options: { gray: true, range: 'abs', depth: 16, orient: false, maxPixels: 100, threads: 2, full: 200 },
  },
  'convo.gaussian': {
    call: (options: object) => convo.default(small).gaussian(options).raw(),
    args: [],
    options: { sigma: 2, border: 'wrap', stride: [1, 2], padding: [9, 9], anchor: [0, 1], bias: 3, scale: 2 },
  },
  'convo.conv2d': {
    call: (kernel: convo.KernelInput) => convo.default(small).conv2d({ kernel }).toTensor(),
    args: [
      [
        [1, 2],
        [3, 4],
      ],
    ],
  },
  compare: {
    call: convo.compare,
    args: [small, small],
    options: { maxAbs: 2, minSsim: 0.5, ignore: '0,0,1,1', mask: small },
  },
  digest: { call: convo.digest, args: [small], options: { orient: true, maxPixels: 100, layout: 'auto' } },
  compareFolders: {
    call: convo.compareFolders,
    args: [join(tmpdir(), 'convo-none'), join(tmpdir(), 'convo-none')],
    options: { maxAbs: 2, maxPixels: 100, results: join(tmpdir(), 'convo-none'), update: false },
    isRefused: true,
  },
  digestFiles: {
    call: convo.digestFiles,
    args: [[join(tmpdir(), 'convo-none.png')]],
    options: { orient: true, maxPixels: 100 },
    isRefused: true,
  },
  checkDigests: {
    call: convo.checkDigests,
    args: [join(tmpdir(), 'convo-none.txt')],
    options: { orient: true, maxPixels: 100 },
    isRefused: true,
  },
  readKernel: { call: convo.readKernel, args: ['sobel-x'] },
  loadNet: {
    call: convo.loadNet,
    args: [fileURLToPath(new URL('../../samples/networks/denoise.safetensors', import.meta.url))],
  },
  writeKernel: {
    call: convo.writeKernel,
    args: [await convo.readKernel('1 2; 3 4'), join(tmpdir(), 'convo-kernel.json')],
  },
  close: { call: convo.close, args: [] },
  explain: {
    call: convo.explain,
    args: ['conv2d', [3, 7, 7]],
    options: { filters: 4, size: 3, stride: 2, padding: 1 },
  },
  show: {
    call: convo.show,
    args: [
      [
        [1, 2],
        [3, 4],
      ],
    ],
  },
  animate: { call: convo.animate, args: ['conv2d'], options: { size: 4, stride: 1 } },
  check: {
    call: convo.check,
    args: [join(tmpdir(), 'convo-none.yaml')],
    options: { results: join(tmpdir(), 'convo-none'), filter: ['a'], allow: ['new'], selfTest: true },
    isRefused: true,
  },
  approve: {
    call: convo.approve,
    args: ['new'],
    options: { results: join(tmpdir(), 'convo-none') },
    isRefused: true,
  },
  report: { call: convo.report as Call, args: [{}, 'json'], isRefused: true },
  batch: {
    call: async (...args) => {
      for await (const _ of convo.batch(...(args as unknown as Parameters<typeof convo.batch>))) break
    },
    args: [[], 'x/{stem}.png', (picture: convo.Chain) => picture.box()],
    options: { jobs: 1, recursive: true, memory: '50%', dryRun: true },
    isRefused: true,
  },
  setThreads: { call: convo.setThreads, args: [2] },
  formatError: { call: convo.formatError, args: [new ConvoError('E_ARGUMENT', 'wrong')] },
}

const detached = () => {
  const tensor = ramp(2, 6, 6)
  structuredClone(tensor.data.buffer, { transfer: [tensor.data.buffer as ArrayBuffer] })
  return tensor
}

const thrown = () => {
  throw new TypeError('boom')
}
/** An object that does not allow reading anything. */
const forbidding = () =>
  new Proxy({}, { get: thrown, has: thrown, ownKeys: thrown, getPrototypeOf: thrown } as ProxyHandler<object>)
const revoked = () => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}
/** Makes an object with properties that throw. */
const throwing = (...names: string[]) =>
  Object.defineProperties(
    {},
    Object.fromEntries(names.map((name) => [name, { enumerable: true, get: thrown }])),
  )

const large = fc.constantFrom(
  ...[65, 1000, 65536, 1e6, 1e7, 1e8, 1e9, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 32 + 1, 1e12, 1e15],
  ...[Number.MAX_SAFE_INTEGER, 1e300, 1e308, Number.POSITIVE_INFINITY, Number.NaN, -1, 0, 0.5, 1.5],
)
const odd = fc.constantFrom<() => unknown>(
  ...[() => undefined, () => null, () => Symbol('s'), () => Symbol.iterator, () => 1n, () => 2n ** 70n],
  ...[
    () => () => 1,
    () => new Date(0),
    () => /x/,
    () => new Map(),
    () => new Set([1]),
    () => new Proxy({}, {}),
    forbidding,
    revoked,
    () => throwing('data', 'shape', 'width', 'height', 'raw', 'toBuffer', 'weights', 'stride', 'sigma'),
    () => Object.defineProperty([1, 2], 0, { get: thrown }),
  ],
  ...[
    () => Object.create(null),
    () => Object.create(Tensor.prototype),
    detached,
    () => ramp(1),
    () => ramp(2, 6),
  ],
  ...[() => ramp(2, 6, 6), () => ramp(1, 1, 1, 1), () => ramp(2, 2, 1, 1, 1), () => new Float32Array(3)],
  ...[
    () => new Float64Array([1e300, 1]),
    () => new Int32Array(4),
    () => new Uint8Array(2),
    () => new Array(3),
  ],
  ...[
    () => [1n, 2n],
    () => [Symbol('a'), 1],
    () => [Object.create(null), 1],
    () => ['1', '2'],
    () => [[1, 2], [3]],
  ],
  ...[
    () => [[], []],
    () => [
      [1, 1],
      [1, 1],
    ],
    () => [1e308, 1],
    () => [Number.NaN, 1],
    () => [-0, 1],
  ],
  ...[
    () => new Tensor([2], new Float32Array(new SharedArrayBuffer(8))),
    () => new Float32Array(new SharedArrayBuffer(16)),
  ],
  ...[() => Object.freeze([1, 2]), () => Object.freeze({ stride: 1 }), () => ({ shape: [2, 2], data: [1] })],
  ...[
    () => ({ shape: [1], weights: new Float64Array(1) }),
    () => ({ shape: [2, 2], weights: new Float64Array(4) }),
  ],
  ...[
    () => ({ shape: null, data: new Int32Array(8) }),
    () => ({ shape: [Symbol('n')], data: new Int32Array(8) }),
  ],
  ...[
    () => 'same',
    () => 'wrap',
    () => 'mirror',
    () => '',
    () => '\u202e',
    () => '__proto__',
    () => 'toString',
    () => true,
  ],
)
/** Text that begins with a dash may mean standard input, which never ends here. */
const readsInput = (value: unknown): boolean => typeof value === 'string' && value.startsWith('-')

/** A value that fast-check cannot inspect, made when it is passed. */
class Made {
  constructor(readonly make: () => unknown) {}
}
const anything: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 3, arbitrary: odd.map((make) => new Made(make)) },
  { weight: 2, arbitrary: large },
  { weight: 1, arbitrary: fc.array(large, { maxLength: 4 }) },
  { weight: 1, arbitrary: fc.array(fc.tuple(large, large), { minLength: 1, maxLength: 3 }) },
  {
    weight: 2,
    arbitrary: fc.anything({
      withBigInt: true,
      withNullPrototype: true,
      withSparseArray: true,
      withTypedArray: true,
    }),
  },
)
const junk = anything.filter(
  (value) => !readsInput(value) && !(Array.isArray(value) && value.some(readsInput)),
)

/** Whether the call was accepted. Any error other than one of bad input is a failure. */
async function taken({ call }: Case, args: readonly unknown[]): Promise<boolean> {
  try {
    await (call as (...args: unknown[]) => unknown)(...args)
    return true
  } catch (error) {
    expect(error).toBeInstanceOf(ConvoError)
    expect(['E_INTERNAL', 'E_WORKER']).not.toContain((error as convo.ConvoError).code)
    return false
  }
}

describe('arguments of any kind', () => {
  test('every function is tried', () => {
    const functions = Object.entries(convo).filter(([, value]) => typeof value === 'function')
    // only the library makes errors, and the default export is convo
    const names = functions
      .map(([name]) => name)
      .filter((name) => name !== 'ConvoError' && name !== 'default')
    expect(
      Object.keys(cases)
        .filter((name) => !name.includes('.'))
        .sort(),
    ).toEqual(names.sort())
  })

  test.each(Object.entries(cases))('%s takes what it is made for', async (_, one) => {
    expect(await taken(one, one.options === undefined ? one.args : [...one.args, one.options])).toBe(
      one.isRefused !== true,
    )
  })

  // `close` is passed to functions that call it, and `formatError` to lists of errors; the others represent methods and
  // classes
  const lax = new Set(['close', 'formatError', 'Tensor', 'Tensor.zeros', 'convo.gaussian', 'convo.conv2d'])
  test.each(Object.entries(cases).filter(([name]) => !lax.has(name)))(
    '%s refuses an argument that it would ignore',
    async (name, { call, args, options = {} }) => {
      const attempt = async () => call(...([...args, options, 'more'] as never[]))
      await expect(attempt()).rejects.toMatchObject({
        code: 'E_ARGUMENT',
        message: expect.stringMatching(new RegExp(`^${name} takes .*, got ${args.length + 2}$`)),
      })
    },
  )

  test('what map adds to the one argument of a function is let through', async () => {
    const names = ['sobel-x', 'emboss']
    const read = await Promise.all(names.map(convo.readKernel))
    expect(read.map(({ shape }) => shape)).toEqual([
      [3, 3],
      [3, 3],
    ])
    // only those: another list would be options that are ignored
    const twice = () => (convo.readKernel as Call)(...(['emboss', 0, ['sobel-x']] as unknown as never[]))
    await expect(async () => twice()).rejects.toThrow('readKernel takes one argument, got 3')
  })

  test.each(Object.entries(cases))('%s answers junk with an error of its own', async (name, one) => {
    const places = [...one.args.keys(), ...(one.options === undefined ? [] : [one.args.length])]
    const options = Object.keys(one.options ?? {})
    await fc.assert(
      fc.asyncProperty(fc.array(junk, { minLength: 1, maxLength: 2 }), fc.nat(), async (values, seed) => {
        const whole: unknown[] = one.options === undefined ? [...one.args] : [...one.args, { ...one.options }]
        values.forEach((made, i) => {
          const value = made instanceof Made ? made.make() : made
          const at = (seed + i) % (places.length + options.length)
          if (at < places.length) whole[places[at]!] = value
          else {
            const last = whole[one.args.length]
            if (
              typeof last === 'object' &&
              last !== null &&
              orElse(() => Object.getPrototypeOf(last), null) === Object.prototype &&
              !Object.isFrozen(last)
            )
              Object.assign(last, { [options[at - places.length]!]: value })
          }
        })
        await taken(one, whole)
      }),
      { numRuns: ['setThreads', 'show'].includes(name) ? 50 : 250 },
    )
  })
})

const raw = { data: new Uint8Array(48), width: 4, height: 4 }
const anyChain = (input: unknown, options: object = {}) =>
  convo
    .convo(input as convo.PictureInput, options)
    .box()
    .toBuffer()
const steps = (picture: convo.Chain) => picture.box()
const batched = async (inputs: string[], made: (picture: convo.Chain) => convo.Chain, options = {}) => {
  for await (const _ of convo.batch(inputs, 'x/{stem}.png', made, options));
}

test.each([
  ['a getter that throws', () => anyChain(raw, throwing('threads')), 'options of convo cannot be read'],
  ['an input that forbids all', () => anyChain(forbidding()), 'the input cannot be read'],
  ['inherited options', () => anyChain(raw, Object.create({ threads: 1 })), 'inherit threads'],
  ['__proto__', () => anyChain(raw, JSON.parse('{"__proto__":1}')), 'no option __proto__'],
  ['a page of samples', () => anyChain(raw, { page: 1 }), 'page: 1 is for files'],
  ['a layout of samples', () => anyChain(raw, { layout: 'chw' }), "layout: 'chw' is for files"],
  ['a layout of a tensor', () => convo.compare(small, ramp(3, 2, 2), { layout: 'hwc' }), 'is for files'],
  ['a promise', () => anyChain(Promise.resolve(raw)), 'cannot be read from a promise'],
  ['a chain', () => convo.compare(convo.convo(raw).box() as never, small), 'cannot be read from a chain'],
  ['memory that was transferred', () => anyChain({ ...raw, data: detached().data }), 'has no samples'],
  ['an unknown option of check', () => convo.check('x', { result: 'x' } as never), 'no option result'],
  ['an unknown option of approve', () => convo.approve('all', { result: 1 } as never), 'no option result'],
  ['a shard of nothing', () => convo.check('x', { shard: { index: 2, count: 1 } }), 'shard must be'],
  ['what is no function', () => convo.check('x', { onCase: 1 as never }), 'onCase must be a function'],
  ['no paths', () => convo.digestFiles([]), 'the list of paths is empty'],
  ['no manifests', () => convo.check([]), 'the list of manifests is empty'],
  ['no inputs', () => batched([], steps), 'the list of inputs is empty'],
])('%s is refused in words', async (_, call, message) => {
  const error = await (async () => call())().then(
    () => undefined,
    (met: unknown) => met,
  )
  expect(error).toBeInstanceOf(ConvoError)
  expect((error as Error).message).toContain(message)
})

describe('a promise in the place of what it gives', () => {
  const late = <T>(value: T): never => Promise.resolve(value) as never
  const picture = { data: new Uint8Array(12), width: 2, height: 2, channels: 3 } as const
  const [tensor, weights] = [
    new Tensor([1, 4, 4], new Float32Array(16)),
    new Tensor([1, 1, 3, 3], new Float32Array(9)),
  ]
  test.each<[string, () => Promise<unknown>, string?]>([
    ['options of a step', async () => convo.convo(picture).gaussian(late({})).raw()],
    ['options of a function', () => convo.check('x.yaml', late({}))],
    ['a path to write to', async () => convo.convo(picture).sharpen().toFile(late('x.png'))],
    ['a manifest', () => convo.check(late('x.yaml'))],
    ['the name of an operation', () => convo.explain(late('sharpen'), [3, 4, 4])],
    ['the name of an operator', () => convo.animate(late('conv2d'))],
    [
      'a kernel',
      async () =>
        convo
          .convo(picture)
          .conv2d({ kernel: late('box') })
          .raw(),
    ],
    ['an option of a function', () => convo.conv2d(tensor, weights, { padding: [late(1), 1] })],
    ['the data of a tensor', async () => new Tensor([1], late(new Float32Array(1)))],
    [
      'an option of a step',
      async () =>
        convo
          .convo(picture)
          .gaussian({ sigma: late(2) })
          .raw(),
      'E_OPTION',
    ],
    [
      'a number of a list',
      async () =>
        convo
          .convo(picture)
          .box({ size: [late(3), 3] })
          .raw(),
      'E_OPTION',
    ],
    ['an option of compare', () => convo.compare(picture, picture, { maxAbs: late(1) }), 'E_OPTION'],
  ])('is answered with await: %s', async (_, act, code = 'E_ARGUMENT') => {
    await expect(act()).rejects.toMatchObject({ code, fix: 'await it' })
  })

  test.each<[string, () => Promise<unknown>]>([
    ['manifests', async () => convo.check([late('x.yaml')])],
    ['cases', () => convo.approve([late('x')])],
    ['inputs', async () => anyChain([late('a.png')])],
    ['sizes', async () => new Tensor([late(1)], new Float32Array(1))],
    ['rows', () => convo.separate([late([1, 2]), [3, 4]])],
    ['numbers of a kernel', () => convo.separate({ shape: [1, 2], data: [late(1), 2] })],
  ])('in a list is answered with Promise.all: %s', async (_, act) => {
    await expect(act()).rejects.toMatchObject({ fix: 'await Promise.all(list)' })
  })

  test('in rows is answered with Promise.all of each, and words in names are none', async () => {
    const [rows, named] = [[[late(1), 2]], 'no got Promise.png']
    await expect(convo.separate(rows)).rejects.toMatchObject({
      fix: 'await Promise.all(rows.map((row) => Promise.all(row)))',
    })
    await expect(convo.digest(named)).rejects.toMatchObject({ fix: undefined })
  })

  test('is told before a chain without steps is', async () => {
    const promised = { code: 'E_ARGUMENT', fix: 'convo(await input)' }
    await expect(convo.convo(late(picture)).raw()).rejects.toMatchObject(promised)
    await expect(convo.convo(picture).raw()).rejects.toMatchObject({ code: 'E_USAGE' })
  })
})

describe('sizes beyond all bounds', () => {
  test.each([
    ['a stride that leaves one sample', 'conv2d', { ...conv, stride: 1e7 }, [2, 1, 1]],
    ['a stride wider than the kernel', 'conv2d', { stride: 5 }, [2, 1, 1]],
  ] as const)('%s is no work', async (_, name, options, shape) => {
    const { call, args } = cases[name]!
    const y = await (call as (...args: unknown[]) => Promise<convo.Tensor>)(...args, options)
    expect(y.shape).toEqual(shape)
  })

  test('as many phases as are allowed are no more than numbers', async () => {
    const [x, weight] = cases.convTranspose2d!.args
    const y = await convo.convTranspose2d(x as convo.Tensor, weight as convo.Tensor, { stride: 400 })
    expect(y.shape).toEqual([2, 803, 803])
  })

  test.each([
    ['an output', () => convo.convTranspose2d(ramp(2, 300, 300), ramp(2, 2, 3, 3), { stride: 100 })],
    ['an output of many filters', () => convo.conv2d(ramp(1, 1000, 1000), ramp(2000, 1, 1, 1))],
    ['an output of padding', () => convo.conv2d(ramp(1, 9, 9), ramp(1, 1, 1, 1), { padding: 30_000 })],
  ])('%s is refused before it is computed', async (_, call) => {
    const why = [expect.stringContaining(`the limit is ${limits.tensorSamples.most}`)]
    await expect(call()).rejects.toMatchObject({ code: 'E_TOO_LARGE', why })
  })

  test.each([
    ['a padding', 'conv2d', { padding: 2 ** 31 }, `the limit is ${limits.padding.most}`],
    ['a dilation', 'conv2d', { dilation: 2 ** 30, padding: 'same' }, `the limit is ${limits.padding.most}`],
    ['a stride', 'convTranspose2d', { stride: 1e6 }, `the limit is ${limits.phases.most}`],
    [
      'a stride in one direction',
      'convTranspose2d',
      { stride: [1e7, 1] },
      `the limit is ${limits.phases.most}`,
    ],
    [
      'an output size',
      'maxUnpool2d',
      { outputSize: [1e9, 1e9] },
      `the limit is ${limits.tensorSamples.most}`,
    ],
  ] as const)('%s is refused with its number and the limit', async (_, name, options, why) => {
    const { call, args } = cases[name]!
    const refused = (call as (...args: unknown[]) => Promise<unknown>)(...args, options)
    await expect(refused).rejects.toMatchObject({ code: 'E_TOO_LARGE', why: [expect.stringContaining(why)] })
  })

  test('a kernel in two vectors is never written out', async () => {
    const long = new Float32Array(100_000).fill(1)
    const refused = convo.separableConv2d(ramp(1, 4, 4), long, long)
    await expect(refused).rejects.toMatchObject({ code: 'E_SHAPE' })
  })
})

describe('paddingMode', () => {
  test.each([
    ['wrap', 'circular'],
    ['tile', 'circular'],
    ['constant', 'zeros'],
    ['edge', 'replicate'],
    ['nearest', 'replicate'],
    ['reflect101', 'reflect'],
  ] as const)('%s is %s', async (name, known) => {
    const [x, w] = [ramp(1, 5, 5), ramp(1, 1, 3, 3)]
    const [a, b] = [name, known].map((paddingMode) => convo.conv2d(x, w, { padding: 1, paddingMode }))
    expect((await a)!.data).toEqual((await b)!.data)
  })

  test('mirror means two borders, and is refused with why', async () => {
    const refused = convo.conv2d(ramp(1, 5, 5), ramp(1, 1, 3, 3), { paddingMode: 'mirror' as 'reflect' })
    await expect(refused).rejects.toMatchObject({ code: 'E_ARGUMENT', fix: 'reflect' })
  })
})

test('a fix gives a named kernel as one string', async () => {
  const error = await convo
    .convo(small)
    .wiener({ kernel: '1 -1' })
    .raw()
    .catch((one: unknown) => one)
  expect(error).toMatchObject({ code: 'E_KERNEL_VALUE', fix: "kernel: 'gaussian:sigma=2'" })
})

const chain = () => convo.convo(small)
test.each<[string, () => unknown, string]>([
  ['a value instead of options', () => chain().gaussian(2 as never), 'gaussian({ sigma: 2 })'],
  [
    'a promise',
    () =>
      convo
        .convo(Promise.resolve(small) as never)
        .box()
        .raw(),
    'convo(await input)',
  ],
  [
    'samples in a list',
    () =>
      convo
        .convo({ ...small, data: [1, 2] } as never)
        .box()
        .raw(),
    'Uint8Array.from(data)',
  ],
  [
    'an address',
    () => convo.convo('https://example.org/a.png').box().raw(),
    "await (await fetch('https://example.org/a.png')).arrayBuffer()",
  ],
  [
    'weights without a shape',
    () =>
      chain()
        .conv2d({ kernel: new Float32Array(9) as never })
        .raw(),
    '{ shape: [height, width], data }',
  ],
  [
    'a batch that does nothing',
    () => convo.batch('samples', 'x/{stem}.png', (picture) => picture).next(),
    '(picture) => picture.sharpen()',
  ],
])('%s is refused with what to write', async (_, act, fix) => {
  const attempt = async () => act()
  await expect(attempt()).rejects.toMatchObject({ fix })
})

describe('file URLs are paths', () => {
  const at = (path: string) => new URL(`../../${path}`, import.meta.url)
  const scene = at('samples/scene.png')
  const weights = at('kernels/emboss-5x5.json')
  let folder: string
  const into = (name: string) => pathToFileURL(join(folder, name))
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'convo url '))
    for (const name of ['a', 'b']) {
      mkdirSync(join(folder, name))
      copyFileSync(scene, join(folder, name, 'one.png'))
    }
    writeFileSync(into('check.yaml'), 'cases:\n  - name: one\n    input: a/one.png\n    run: [box]\n')
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  const calls: Readonly<Record<string, () => Promise<unknown>>> = {
    readKernel: () => convo.readKernel(weights),
    writeKernel: async () => convo.writeKernel(await convo.readKernel(weights), into('k.json')),
    toFile: () => convo.convo(scene).box().toFile(into('{stem}-box.png')),
    'a kernel of a step': () => convo.convo(scene).conv2d({ kernel: weights }).toBuffer(),
    'a kernel of explain': () => convo.explain('conv2d', scene, { kernel: weights }),
    'a mask': () => convo.convo(scene, { mask: scene }).box().toBuffer(),
    compare: () => convo.compare(scene, scene, { mask: scene }),
    digest: () => convo.digest(scene),
    digestFiles: () => convo.digestFiles([into('a'), scene]),
    checkDigests: async () => {
      const lines = await convo.digestFiles([into('a')])
      writeFileSync(into('list.txt'), lines.map(({ digest, image }) => `${digest}  ${image}\n`).join(''))
      const [one, ...others] = await convo.checkDigests(into('list.txt'))
      expect([one?.status, others.length]).toEqual(['ok', 0])
    },
    compareFolders: async () => {
      const run = await convo.compareFolders(into('a'), into('b'), { results: into('results'), mask: scene })
      expect(run.cases.map(({ status }) => status)).toEqual(['same'])
    },
    'check and approve': async () => {
      const results = into('checked')
      expect((await convo.check([into('check.yaml')], { results })).cases).toHaveLength(1)
      expect(await convo.approve('new', { results })).toBeDefined()
    },
    batch: async () => {
      const made: string[] = []
      const log = into('log.ndjson')
      for await (const entry of convo.batch([into('a')], into('out/{stem}.png'), (one) => one.box(), { log }))
        if (entry.event === 'item') made.push(entry.output)
      expect([made.length, existsSync(into('out/one.png')), existsSync(log)]).toEqual([1, true, true])
    },
    explain: () => convo.explain('box', scene),
    show: () => convo.show(weights),
    loadNet: () => convo.loadNet(at('samples/networks/denoise.safetensors')),
  }
  test.each(Object.keys(calls))('%s', async (name) => {
    await calls[name]!()
  })

  test('the names of outputs come from them', () => {
    expect(existsSync(into('scene-box.png'))).toBe(true)
  })

  const other = new URL('https://example.org/k.json')
  test.each<[string, () => Promise<unknown>]>([
    ['readKernel', () => convo.readKernel(other)],
    ['digestFiles', () => convo.digestFiles([other])],
    ['a kernel', async () => convo.convo(scene).conv2d({ kernel: other })],
    ['check', () => convo.check(other)],
  ])('%s refuses another URL', async (_, call) => {
    await expect(call()).rejects.toMatchObject({ code: 'E_ARGUMENT' })
  })
})

test('a fix ends a value where the sentence goes on', async () => {
  const clear = { data: new Uint8Array(4), width: 1, height: 1, channels: 4 } as const
  await expect(convo.convo(clear).box().jpeg().toBuffer()).rejects.toMatchObject({
    code: 'E_OUTPUT',
    fix: expect.stringMatching(/^background: 'white', or /),
  })
})

test('unknown options have one code, of operators and of pictures', async () => {
  const x = new convo.Tensor([1, 4, 4], new Float32Array(16))
  const weight = new convo.Tensor([1, 1, 3, 3], new Float32Array(9))
  const options = { strides: 2 } as never
  const calls = [
    () => convo.conv2d(x, weight, options),
    () => convo.maxPool2d(x, options),
    () => convo.separate([[1]], options),
    () => convo.involution2d(x, options),
    () => convo.digest(raw, options),
    () => convo.compare(raw, raw, options),
    async () => convo.convo(raw, options),
    async () => convo.convo(raw).conv2d(options),
    async () => convo.convo(raw).box().png(options),
    () => convo.convo(raw).box().toFile('x.png', options),
  ]
  for (const call of calls) {
    await expect(call()).rejects.toMatchObject({
      code: 'E_NAME',
      message: expect.stringContaining('has no option strides'),
    })
  }
})

test('an output of another format than was said is refused, and the name that is meant is the fix', async () => {
  const chain = convo.convo(raw).box().webp({ quality: 50 })
  await expect(chain.toFile('folder/x.png')).rejects.toMatchObject({
    code: 'E_OPTION',
    fix: 'folder/x.webp',
  })
  await expect(chain.toFile('folder/x')).rejects.toMatchObject({ fix: 'folder/x.webp' })
  await expect(chain.toFile('.')).rejects.toMatchObject({ message: '. is a folder, not a file' })
  const entries = convo.batch(['x.png'], 'out/{stem}.png', (picture) => picture.box().webp())
  await expect(entries.next()).rejects.toMatchObject({ code: 'E_OPTION', fix: 'out/{stem}.webp' })
  expect((await chain.raw()).data).toHaveLength(48)
})

test('a data: URL is not taken for a path', async () => {
  await expect(
    convo
      .convo(`data:image/png;base64,${'A'.repeat(9999)}`)
      .box()
      .raw(),
  ).rejects.toMatchObject({
    message: 'data: URLs cannot be read',
    fix: expect.stringContaining("'base64'"),
  })
  const name = 'a'.repeat(5000)
  await expect(convo.convo(name).box().raw()).rejects.toMatchObject({ code: 'E_INPUT', why: [] })
})

test('an option of convo that is not there is refused at once', () => {
  expect(() => convo.convo(raw, { grey: true } as never)).toThrow('convo has no option grey')
})

test('a kernel of a list that holds itself is refused', () => {
  const kernel: unknown[] = []
  kernel.push(kernel)
  expect(() => convo.convo(raw).conv2d({ kernel: kernel as never })).toThrow('must be lists of numbers')
})

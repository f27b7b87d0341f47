import { describe, expect, test } from 'vitest'
import { limits } from '../../../src/limits.ts'
import { networkFrom } from '../../../src/net/read.ts'
import { failure } from '../../kernel/expect-failure.ts'
import { tensors } from '../../kernel/formats/safetensors-file.ts'
import { ramp, srcnn } from '../small.ts'
import {
  oldTorchFile,
  type PickleValue,
  pickleOf,
  type TorchTensor,
  tensorValue,
  torchFile,
  zipOf,
} from '../torch-writer.ts'

const read = (bytes: Uint8Array) => networkFrom(bytes, { name: 'a.pth' })
const refused = (bytes: Uint8Array) => {
  const { code, message, why, fix } = failure(() => read(bytes))
  return { code, message, why, fix }
}
const state = srcnn()
const expected = networkFrom(tensors(state), { name: 'a.pth' })
const numbersOf = (bytes: Uint8Array, name = 'conv3.weight') => [...read(bytes).constants.get(name)!.data]
const dict = (entries: Readonly<Record<string, PickleValue>>) => new Map(Object.entries(entries))

describe('a file of torch.save', () => {
  test.each([
    ['since 1.6', torchFile(state)],
    ['packed again', torchFile(state, { packed: true })],
    ['before 1.6', oldTorchFile(state)],
  ])('%s is the network of its tensors', (_, bytes) => {
    expect(read(bytes)).toEqual({ ...expected, format: 'pth', metadata: new Map() })
  })

  test.each<[string, (state: PickleValue) => PickleValue, string]>([
    ['params', (params) => dict({ params }), 'params'],
    ['the averaged ones first', (averaged) => dict({ params: dict({}), params_ema: averaged }), 'params_ema'],
    [
      'beside the settings of a training',
      (held) => dict({ epoch: 7, lr: 0.5, note: null, state_dict: held, optimizer: dict({}) }),
      'state_dict',
    ],
    ['two dictionaries deep', (held) => dict({ checkpoint: dict({ params: held }) }), 'checkpoint.params'],
  ])('finds the tensors: %s', (_, wrap, place) => {
    const network = read(torchFile(state, { wrap }))
    expect(network.metadata).toEqual(new Map([['tensors', place]]))
    expect(network.constants).toEqual(expected.constants)
  })

  test('wraps tensors as parameters and sets their attributes', () => {
    const wrap = (held: PickleValue) =>
      new Map(
        [...(held as ReadonlyMap<string, PickleValue>)].map(([name, value]) => [
          name,
          {
            call: 'torch._utils._rebuild_parameter',
            args: [value, true, { call: 'collections.OrderedDict', args: [] }],
          },
        ]),
      )
    expect(read(torchFile(state, { wrap })).constants).toEqual(expected.constants)
    // BUILD removes the attributes from the stack again
    const build = { bytes: [...pickleOf(dict({ _metadata: dict({}) })).subarray(2, -1), 0x62] }
    const state2 = pickleOf(
      new Map(Object.entries(state).map(([name, one], i) => [name, tensorValue(one, `${i}`)])),
    )
    const storages = Object.values(state).map(
      ({ data }, i) => [`n/data/${i}`, new Uint8Array(data.buffer)] as const,
    )
    const whole = Buffer.concat([state2.subarray(0, -1), Buffer.from(build.bytes), Buffer.from('.')])
    expect(read(zipOf({ 'n/data.pkl': whole, ...Object.fromEntries(storages) })).constants).toEqual(
      expected.constants,
    )
  })

  const weight: TorchTensor = { shape: [1, 2, 5, 5], data: ramp(50) }
  test('reads views: of other strides, of a part, and repeated', () => {
    const data = ramp(60)
    const turned = torchFile({
      ...state,
      'conv3.weight': { ...weight, data, strides: [50, 25, 1, 5], first: 10 },
    })
    const at = (c: number, y: number, x: number) => data[10 + c * 25 + y + x * 5]!
    expect(numbersOf(turned).slice(0, 7)).toEqual(
      [0, 1, 2, 3, 4, 0, 1].map((x, i) => at(0, i < 5 ? 0 : 1, x)),
    )
    expect(numbersOf(turned)).toHaveLength(50)
    const repeated = torchFile({
      ...state,
      'conv3.weight': { ...weight, data: Float32Array.of(3), strides: [0, 0, 0, 0] },
    })
    expect(numbersOf(repeated)).toEqual(Array(50).fill(3))
  })

  test.each<[string, ArrayBufferView]>([
    ['DoubleStorage', Float64Array.from(ramp(50))],
    ['HalfStorage', Uint16Array.from({ length: 50 }, () => 0x3c00)],
    ['BFloat16Storage', Uint16Array.from({ length: 50 }, () => 0x3f80)],
  ])('of %s', (storage, data) => {
    const bytes = torchFile({ ...state, 'conv3.weight': { shape: weight.shape, storage, data } })
    expect(numbersOf(bytes)).toEqual(storage === 'DoubleStorage' ? [...ramp(50)] : Array(50).fill(1))
  })
})

describe('no code is run', () => {
  const evil = (call: string, ...args: PickleValue[]) =>
    zipOf({ 'net/data.pkl': pickleOf(dict({ weight: { call, args } })) })

  test.each(['os.system', 'builtins.eval', 'posix.system', 'subprocess.Popen', 'torch.load'])(
    '%s',
    (name) => {
      expect(refused(evil(name, 'touch /tmp/x'))).toEqual({
        code: 'E_NET_FORMAT',
        message: `a.pth holds more than tensors: "${name}"`,
        why: ['a.pth: no code is run, and only tensors are read'],
        fix: "torch.save(model.state_dict(), 'net.pth') in Python, where the file can be trusted",
      })
    },
  )

  test.each(['__main__.Net', 'torch.nn.modules.conv.Conv2d'])('a network with its code: %s', (name) => {
    expect(refused(evil(name)).why).toEqual([
      'a.pth: the whole network was saved with its code, but convo runs no code',
    ])
  })

  test('also where the name comes from the stack, and where nothing is called', () => {
    const named = [...Buffer.from('\x8c\x02os\x8c\x06system\x93.', 'latin1')]
    expect(refused(zipOf({ 'a/data.pkl': Buffer.of(0x80, 4, ...named) })).message).toContain('"os.system"')
    expect(refused(zipOf({ 'a/data.pkl': pickleOf({ global: 'os.system' }) })).message).toContain(
      '"os.system"',
    )
  })

  test('a program of TorchScript', () => {
    const script = zipOf({ 'net/data.pkl': pickleOf(dict({})), 'net/constants.pkl': pickleOf({ tuple: [] }) })
    expect(refused(script)).toMatchObject({
      code: 'E_NET_FORMAT',
      message: 'a.pth is a TorchScript program, which convo does not run',
    })
  })
})

describe('what is no network is named', () => {
  test('values without tensors', () => {
    expect(refused(zipOf({ 'n/data.pkl': pickleOf(dict({ epoch: 3, losses: [1, 2] })) }))).toMatchObject({
      code: 'E_NET_FORMAT',
      message: 'a.pth does not hold the tensors of a network',
      why: ['a.pth: it holds "epoch" "losses"'],
    })
    expect(refused(zipOf({ 'n/data.pkl': pickleOf([1]) })).why).toEqual(['a.pth: it holds no dictionary'])
  })

  test('another archive', () => {
    expect(refused(zipOf({ 'readme.txt': Buffer.from('x') }))).toMatchObject({
      message: 'a.pth is a zip archive without tensors of PyTorch',
      why: ['a.pth: it holds:', '"readme.txt"'],
    })
  })
})

describe('damage is refused', () => {
  const why = (bytes: Uint8Array) => {
    const { code, why: lines } = refused(bytes)
    expect(code).toBe('E_NET_SYNTAX')
    return lines[0]
  }
  const pickled = (bytes: string) => zipOf({ 'n/data.pkl': Buffer.from(bytes, 'latin1') })

  test.each([
    [
      'an instruction that pickles of tensors do not have',
      'I1\n.',
      'byte 0: expected an instruction of a pickle, found 0x49',
    ],
    ['an end without a value', '.', 'byte 1: expected a value, found none'],
    ['an end that is missing', 'N', 'byte 1: expected 1 bytes, found 0'],
    ['items without a dictionary', ']K\x01K\x02s.', 'byte 6: expected a dictionary, found a list'],
    ['a list that was not begun', '}t.', 'byte 2: expected a mark, found none'],
    ['a value that was not kept', 'h\x07.', 'byte 2: expected a value that was kept, found number 7'],
    ['a text beyond the end', 'X\xff\xff\xff\xffab.', 'byte 5: expected 4294967295 bytes, found 3'],
  ])('%s', (_, pickle, text) => {
    expect(why(pickled(pickle))).toBe(`a.pth: ${text}`)
  })

  test('storages that are short or missing', () => {
    const short = torchFile({ ...state, 'conv3.weight': { shape: [1, 2, 5, 5], data: ramp(49) } })
    expect(why(short)).toBe('a.pth: byte 0: expected 200 bytes of storage "3", found 196')
    const huge: TorchTensor = { shape: [1, 2, 5, 5], data: ramp(4), strides: [1, 1, 1, 2 ** 30] }
    expect(refused(torchFile({ ...state, 'conv3.weight': huge })).code).toBe('E_TOO_LARGE')
  })

  test('archives that are cut, encrypted, or other than they say', () => {
    const whole = torchFile(state, { packed: true })
    expect(why(whole.subarray(0, -30))).toContain('the directory of a zip archive at its end')
    expect(refused(zipOf({ 'n/data.pkl': pickleOf(1) }, false, 1)).why[0]).toBe('a.pth: it is encrypted')
    expect(refused(zipOf({ 'n/data.pkl': new Uint8Array(limits.pickleBytes.most + 1) }, true))).toMatchObject(
      {
        code: 'E_TOO_LARGE',
        message: '"n/data.pkl" in a.pth has more bytes than allowed',
      },
    )
    const other = Buffer.from(whole)
    const entry = other.lastIndexOf(Buffer.from('PK\x01\x02'))
    other.writeUInt32LE(1, other.indexOf(Buffer.from('PK\x01\x02')) + 24)
    expect(entry).toBeGreaterThan(0)
    expect(why(other)).toContain('1 bytes of "net/data.pkl"')
  })

  test('every length that a file is cut to', () => {
    for (const bytes of [torchFile(state), oldTorchFile(state)])
      for (let length = 5; length < bytes.length; length += 7) {
        try {
          read(bytes.subarray(0, length))
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/^E_NET_/) })
        }
      }
  })

  test('a pickle of more instructions than allowed', () => {
    expect(refused(pickled('N0'.repeat(600_000))).code).toBe('E_TOO_LARGE')
  })
})

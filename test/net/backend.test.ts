import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { referenceEngine } from '../../src/definition/engine.ts'
import { constant } from '../../src/net/formats/numbers.ts'
import { lowerings } from '../../src/net/lowerings.ts'
import { modelOf } from '../../src/net/model.ts'
import type { Constant } from '../../src/net/network.ts'
import { networkFrom } from '../../src/net/read.ts'
import { trace } from '../../src/net/trace.ts'
import { sizeOf, Tensor } from '../../src/tensor/tensor.ts'

// ONNX's own tests of single nodes: a model, its inputs, and its outputs as computed by NumPy. They are in Debian's
// package libonnx-testdata. CONVO_ONNX_TESTS names another folder with them.

const folder = process.env.CONVO_ONNX_TESTS ?? '/usr/share/libonnx-testdata/data/node'
const isThere = existsSync(folder)

type Numbers = new (buffer: ArrayBufferLike, offset: number, length: number) => ArrayLike<number | bigint>

/** The types of numbers of pictures and sizes. */
const types: Readonly<Record<number, readonly [Constant['type'], Numbers, bytes: number]>> = {
  1: ['float32', Float32Array, 4],
  2: ['uint8', Uint8Array, 1],
  3: ['int8', Int8Array, 1],
  6: ['int32', Int32Array, 4],
  7: ['int64', BigInt64Array, 8],
  9: ['bool', Uint8Array, 1],
}

type Given = { readonly name: string; readonly constant: Constant }

/** Reads the tensors of a folder; undefined for types that pictures do not have. */
const tensorsOf = (set: string, kind: 'input' | 'output') =>
  readdirSync(set)
    .filter((file) => file.startsWith(kind))
    .sort((a, b) => Number(/\d+/.exec(a)) - Number(/\d+/.exec(b)))
    .map((file) => tensorOf(readFileSync(join(set, file))))

/** Reads a TensorProto whose numbers are in `raw_data`, as in all these tests. */
function tensorOf(bytes: Buffer): Given | undefined {
  let at = 0
  const varint = () => {
    let value = 0
    for (let unit = 1; ; unit *= 128) {
      const byte = bytes[at++]!
      value += (byte & 127) * unit
      if (byte < 128) return value
    }
  }
  const shape: number[] = []
  let [type, name] = [0, '']
  let raw: Uint8Array = new Uint8Array()
  while (at < bytes.length) {
    const key = varint()
    const number = varint()
    if (key === 8) shape.push(number)
    else if (key === 16) type = number
    if (key % 8 !== 2) continue
    const part = bytes.subarray(at, at + number)
    at += number
    if (key >> 3 === 8) name = part.toString('utf8')
    else if (key >> 3 === 9) raw = part
    else return undefined
  }
  const known = types[type]
  if (known === undefined) return undefined
  const [kind, numbers, size] = known
  const data = new numbers(new Uint8Array(raw).buffer, 0, raw.length / size)
  return { name, constant: constant(kind, shape, Array.from(data, Number)) }
}

/**
 * Whether a tensor is planes of floats, possibly of one picture of a batch. Others are passed as a row of samples,
 * which a Reshape converts from a picture.
 */
const isPicture = ({ constant: { type, shape } }: Given) =>
  type === 'float32' && (shape.length === 3 || (shape.length === 4 && shape[0] === 1))

const names = isThere ? readdirSync(folder).filter((name) => name.startsWith('test_')) : []
const found = names.flatMap((name) => {
  const bytes = readFileSync(join(folder, name, 'model.onnx'))
  const set = join(folder, name, 'test_data_set_0')
  const [inputs, outputs] = [tensorsOf(set, 'input'), tensorsOf(set, 'output')]
  const picture = inputs[0]
  if (picture?.constant.type !== 'float32' || inputs.includes(undefined)) return []
  const output = outputs[0]
  if (output === undefined || sizeOf(output.constant.shape) === 0) return []
  try {
    const network = networkFrom(bytes)
    if (!network.nodes.every(({ operator }) => Object.hasOwn(lowerings, operator))) return []
    return [{ name, network, picture, others: inputs.slice(1) as Given[], output }]
  } catch {
    return []
  }
})

/** The tests that must be refused because they use something that pictures do not have. */
const refused: readonly (readonly [name: RegExp, message: RegExp])[] = [
  [/empty_set/, /a shape needs whole sizes of at least 1/],
  [/^test_(averagepool|maxpool)_3d|volumetric/, /only pictures \[\w+,C,H,W\] are supported/],
  [/convtranspose_3d/, /weights of \[1,2,3,3,3\] are not supported/],
  [/gemm_(all_attributes|transposeA)/, /transA is not supported/],
  [/gemm_default_matrix_bias/, /a bias of \[3,4\] is not supported/],
  [/matmul_1d_1d/, /they are no matrices for each other/],
  [/matmul_bcast/, /cannot be broadcast together/],
  [/quantizelinear_blocked/, /scales of blocks are not supported/],
  [/range_float/, /the range must be known before the picture is/],
  [
    /rotary_embedding(_interleaved|_no_position_ids(_interleaved)?|_3d_input)?_expanded/,
    /no samples are left in axis 3/,
  ],
  [/maxunpool/, /its indices do not come from a MaxPool of this network/],
  [/reduce_prod/, /a product of samples is not supported/],
  [/allowzero_reordered/, /a shape needs whole sizes of at least 1/],
  [
    /scatter(nd|_elements_with_reduction)_(add|multiply|max|min)|scatter_elements_with_duplicate/,
    /reduction "\w+" is not supported/,
  ],
  [/slice_start_out_of_bounds/, /no samples are left in axis 1/],
]

/**
 * The tests that are skipped: random drops by NumPy, a result of four digits, sizes that onnxruntime also rounds before
 * it aligns corners, and channels that are moved to the end, which convo returns first.
 */
const others =
  /^test_(training_dropout|transpose_all_permutations_3|averagepool_2d_ceil_last_window|resize_downsample_scales_\w+_align_corners)/

describe.skipIf(!isThere)('single nodes of ONNX (needs libonnx-testdata)', () => {
  it('are there', () => expect(found.length).toBeGreaterThan(400))

  it.each(found.filter(({ name }) => !others.test(name)))('$name', async (one) => {
    const message = refused.find(([name]) => name.test(one.name))?.[1]
    if (message !== undefined) return expect(made(one)).rejects.toThrow(message)
    const y = await made(one)
    const wanted = Array.from(one.output.constant.data)
    expect(y.data.length).toBe(wanted.length)
    const most = wanted.filter(Number.isFinite).reduce((m, v) => Math.max(m, Math.abs(v)), 1)
    const isNear = (v: number, i: number) =>
      Object.is(v, y.data[i]) || Math.abs(v - y.data[i]!) <= 1e-5 * most
    expect(wanted.filter((v, i) => !isNear(v, i))).toEqual([])
  })
})

/** Returns the first output. All inputs except the picture are constants. */
async function made({ network, picture, others, output }: (typeof found)[number]): Promise<Tensor> {
  const isRow = !isPicture(picture) || output.constant.shape.length < 3
  const given = new Map(others.map(({ name, constant }) => [name, constant] as const))
  const { shape, data } = picture.constant
  const inputs = network.inputs.filter(({ name }) => !given.has(name))
  const outputs = network.outputs.filter(({ name }) => name === output.name)
  const shapeTo = (from: string, to: string, sizes: string) => ({
    operator: 'Reshape',
    domain: '',
    opset: 13,
    name: sizes,
    inputs: [from, sizes],
    outputs: [to],
    attributes: new Map(),
  })
  const { network: ready, declared } = await modelOf({
    ...network,
    inputs: isRow ? [{ name: 'row', shape: [1, 1, 1, data.length] }] : inputs,
    outputs: isRow ? [{ name: 'made', shape: undefined }] : outputs,
    nodes: isRow
      ? [shapeTo('row', picture.name, 'its shape'), ...network.nodes, shapeTo(output.name, 'made', 'a row')]
      : network.nodes,
    constants: new Map([
      ...network.constants,
      ...given,
      ['its shape', constant('int64', [shape.length], shape)],
      ['a row', constant('int64', [4], [1, 1, 1, -1])],
    ]),
  })
  const x = new Tensor(isRow ? [1, 1, data.length] : shape.slice(-3), Float32Array.from(data))
  return (await trace(ready, x, referenceEngine, 'chw', declared))[0]!
}

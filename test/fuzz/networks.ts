import { writeFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { writeNetwork } from '../../src/net/formats/safetensors.ts'
import { modelOf } from '../../src/net/model.ts'
import { networkFrom, readNetwork } from '../../src/net/read.ts'
import { tensors } from '../kernel/formats/safetensors-file.ts'
import { halfOf, onnxModel } from '../net/onnx-writer.ts'
import { ramp, srcnn } from '../net/small.ts'
import { oldTorchFile, torchFile } from '../net/torch-writer.ts'
import { words } from './mutate.ts'
import type { Seed } from './seeds.ts'

const onnx = (typed: boolean): Uint8Array =>
  onnxModel({
    inputs: [{ name: 'x', shape: ['n', 2, null, 8] }],
    outputs: ['y'],
    producer: 'seed',
    metadata: { a: 'b' },
    initializers: {
      w: { shape: [2, 2, 1, 1], data: [1, 2, 3, 4], typed },
      h: { shape: [2], data: [0.5, 2], type: 'float16', typed },
      i: { shape: [2], data: [-1, 2 ** 40], type: 'int64', typed },
      e: { shape: [2], data: [], external: { location: 'w.bin', offset: '4', length: '8' } },
    },
    domains: { mine: 1 },
    functions: [
      {
        domain: 'mine',
        name: 'f',
        inputs: ['X'],
        outputs: ['Y'],
        attributes: ['a'],
        defaults: { a: 2 },
        nodes: [
          { operator: 'Elu', inputs: ['X'], outputs: ['Y'], attributes: { alpha: { reference: 'a' } } },
        ],
      },
    ],
    nodes: [
      { operator: 'Sum', inputs: ['s', 'h', 'e', ''], outputs: ['y'] },
      { operator: 'f', domain: 'mine', inputs: ['c'], outputs: ['s'] },
      {
        operator: 'Conv',
        inputs: ['x', 'w'],
        outputs: ['c'],
        attributes: { pads: [0, 0, 0, 0], alpha: 0.5, mode: 'same', value: { shape: [1], data: [3], typed } },
      },
    ],
  })

const param = `7767517
8 9
Input in 0 1 x 0=8 1=8 2=1
Split s 1 2 x a b
Convolution c 1 1 a f 0=2 1=3 4=1 5=1 6=18 9=2 -23310=1,0.1
PReLU p 1 1 f g 0=2
Pooling m 1 1 g m 0=1 4=1
InnerProduct i 1 1 m n 0=2 1=1 2=4 9=4
Scale k 2 1 g n o 0=-233
Deconvolution d 1 1 o q 0=1 1=2 3=2 6=8
Crop r 2 1 q b t 0=1 1=1
`
const half = (count: number) => [
  Buffer.from('476b3001', 'hex'),
  Buffer.from(Uint16Array.from(ramp(count), halfOf).buffer),
]
const paramWeights = Buffer.concat([
  ...half(18),
  Buffer.from(ramp(2).buffer),
  Buffer.from(ramp(2).buffer),
  ...half(4),
  Buffer.from(ramp(2).buffer),
  Buffer.alloc(4),
  Buffer.from(ramp(8).buffer),
])

const layer = (class_name: string, name: string, config: object, from: readonly string[]) => ({
  class_name,
  name,
  config: { name, ...config },
  inbound_nodes: from.length === 0 ? [] : [from.map((one) => [one, 0, 0, {}])],
})
const keras = JSON.stringify({
  format: 'layers-model',
  modelTopology: {
    model_config: {
      class_name: 'Functional',
      config: {
        name: 'm',
        layers: [
          layer('InputLayer', 'in', { batch_input_shape: [null, null, null, 2] }, []),
          layer(
            'Conv2D',
            'c',
            { kernel_size: [3, 3], strides: [2, 2], padding: 'same', activation: 'relu' },
            ['in'],
          ),
          layer('UpSampling2D', 'u', { size: [2, 2] }, ['c']),
          layer(
            'ZeroPadding2D',
            'z',
            {
              padding: [
                [1, 2],
                [0, 3],
              ],
            },
            ['u'],
          ),
          layer('Concatenate', 'end', { axis: -1 }, ['z', 'z']),
        ],
        output_layers: [['end', 0, 0]],
      },
    },
  },
  weightsManifest: [
    {
      paths: ['w.bin'],
      weights: [
        { name: 'c/kernel', shape: [3, 3, 2, 1], dtype: 'float32' },
        {
          name: 'c/bias',
          shape: [1],
          dtype: 'float32',
          quantization: { dtype: 'uint8', scale: 0.5, min: -1 },
        },
      ],
    },
  ],
})

const list = (...i: readonly number[]) => ({ list: { i: i.map(String) } })
const word = (s: string) => ({ s: Buffer.from(s).toString('base64') })
const graph = JSON.stringify({
  format: 'graph-model',
  signature: { outputs: { 'y:0': { name: 's:1' } } },
  modelTopology: {
    node: [
      {
        name: 'x',
        op: 'Placeholder',
        attr: { shape: { shape: { dim: [1, -1, -1, 2].map((size) => ({ size: String(size) })) } } },
      },
      ...['w', 'b', 'a'].map((name) => ({ name, op: 'Const' })),
      {
        name: 'c',
        op: '_FusedConv2D',
        input: ['x', 'w', 'b'],
        attr: {
          strides: list(1, 2, 2, 1),
          padding: word('SAME'),
          fused_ops: { list: { s: ['BiasAdd', 'Relu'].map((op) => word(op).s) } },
        },
      },
      { name: 'p', op: 'StridedSlice', input: ['c', 'a', 'a', 'a'], attr: { end_mask: { i: '2' } } },
      { name: 's', op: 'Split', input: ['b', 'p', '^c'], attr: { num_split: { i: '2' } } },
    ],
  },
  weightsManifest: [
    {
      paths: ['w.bin'],
      weights: [
        { name: 'w', shape: [3, 3, 2, 1], dtype: 'float32', quantization: { dtype: 'uint8', scale: 0.5 } },
        { name: 'b', shape: [1], dtype: 'float32', quantization: { dtype: 'float16' } },
        { name: 'a', shape: [2], dtype: 'int32' },
      ],
    },
  ],
})

/** Returns networks in every format. `.bin` are weights next to a description. */
export const networkSeeds = (): Seed[] => [
  { ext: '.onnx', bytes: onnx(false) },
  { ext: '.onnx', bytes: onnx(true) },
  { ext: '.safetensors', bytes: tensors(srcnn()) },
  { ext: '.safetensors', bytes: writeNetwork(networkFrom(onnx(false), { beside: () => paramWeights })) },
  { ext: '.pth', bytes: torchFile(srcnn()) },
  { ext: '.pth', bytes: torchFile(srcnn(), { packed: true, wrap: (state) => new Map([['params', state]]) }) },
  { ext: '.pth', bytes: oldTorchFile(srcnn()) },
  { ext: '.param', bytes: Buffer.from(param) },
  { ext: '.json', bytes: Buffer.from(keras) },
  { ext: '.json', bytes: Buffer.from(graph) },
  { ext: '.bin', bytes: paramWeights },
]

export const networkTokens = words(String.raw`
  \x08\x08  \x3a\xff\xff\xff\xff\x0f  \x0a\x00  \xff\xff\xff\xff\xff\xff\xff\xff\xff\x01  ../outside/canary.txt  w.bin  /dev/zero  cos\nsystem\n  R.  h\x00  q\x00  (  u.  }  ]
  cbuiltins\neval\n  ctorch._utils\n_rebuild_tensor_v2\n  Q  \x85R  PK\x01\x02  PK\x05\x06  -233  0=99999999  -23310=9,1  6=4294967295  Convolution c 1 1 x y 0=1 1=1 6=1
  Split s 1 2 y x z  Flatten f 1 1 x y  "shape":[4294967296,4294967296]  "dtype":"BF16"  "data_offsets":[0,99]  "tensor":"w"  "number":"NaN"  __proto__
  "activation":"softmax"  "axis":7  "size":[1e9,1e9]  "padding":[[-1,1e300],[0,null]]  "inbound_nodes":[[["end",0,0]]]  conv1.weight
  "op":"BatchToSpaceND"  "op":"Pack"  "input":["s:1","^s"]  "i":"-9e99"  {"list":{"s":["!"]}}  "end_mask":{"i":"4294967295"}  "unknownRank":true`)

/** Reads a network as commands do, from a file or from bytes. An accepted network must survive our own format. */
export async function takeNetwork(bytes: Uint8Array, ext: string, n: number): Promise<void> {
  const isWeights = ext === '.bin'
  writeFileSync('w.bin', isWeights ? bytes : paramWeights)
  writeFileSync('n.bin', isWeights ? bytes : paramWeights)
  const file = isWeights ? (n % 2 === 0 ? 'n.param' : 'n.json') : `n${ext}`
  writeFileSync(file, isWeights ? (n % 2 === 0 ? param : keras) : bytes)
  const { files: _, ...network } = await readNetwork(file, n % 3 === 0 ? { scale: 2 } : {})
  const back = networkFrom(writeNetwork(network))
  if (!isDeepStrictEqual(back, network)) throw new Error('our own format does not give the network back')
  await modelOf(network)
}

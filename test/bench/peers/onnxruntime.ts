import type { Contestant, PeerEntry } from '../contest.ts'
import { type BankProblem, bankWeights, fillNoise, probeAt } from '../problem.ts'
import { loadPackage } from './find.ts'

/** ONNX Runtime: native code with the widest vectors of the processor, on one thread. */
export const onnxruntime: PeerEntry = {
  name: 'onnxruntime-node',
  needs: 'npm install --ignore-scripts --prefix <folder> onnxruntime-node, and --packages <folder>',
  async open({ packages }) {
    const loaded = loadPackage<Ort>(packages, 'onnxruntime-node')
    if (loaded === undefined) return undefined
    const name = `onnxruntime ${loaded.version}`
    return { name, enter: async (p) => (p.kind === 'bank' ? enterLayer(p, loaded.module, name) : undefined) }
  },
}

type OrtTensor = { readonly data: Float32Array }
type Named = Record<string, OrtTensor>

/** The part of its API that is used here. */
type Ort = {
  readonly Tensor: new (type: 'float32', data: Float32Array, shape: readonly number[]) => OrtTensor
  readonly InferenceSession: {
    create(
      model: Uint8Array,
      options: { intraOpNumThreads: number; interOpNumThreads: number; logSeverityLevel: number },
    ): Promise<{ run(feeds: Named): Promise<Named>; release(): Promise<void> }>
  }
}

async function enterLayer(problem: BankProblem, ort: Ort, name: string): Promise<Contestant> {
  const { shape } = problem
  const session = await ort.InferenceSession.create(model(problem), {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
  })
  const data = fillNoise(new Float32Array(shape[0] * shape[1] * shape[2]))
  const x = new ort.Tensor('float32', data, [1, ...shape])
  let last: OrtTensor | undefined
  return {
    name,
    async run() {
      const before = performance.now()
      last = (await session.run({ x })).y
      return performance.now() - before
    },
    async probe() {
      const result = last!.data
      return probeAt(result.length).map((i) => result[i]!)
    },
    close: () => session.release(),
  }
}

// A model of one node in the wire format of Protocol Buffers. Field numbers: onnx.proto of github.com/onnx/onnx.

/** y = Conv(x, w) or ConvTranspose(x, w). */
function model({ shape, filters, side, stride, dilation, groups, transposed }: BankProblem): Uint8Array {
  const [channels] = shape
  const padding = (dilation * (side - 1)) >> 1
  const weightShape = transposed
    ? [channels, filters / groups, side, side]
    : [filters, channels / groups, side, side]
  const weights = bankWeights(weightShape.reduce((a, b) => a * b, 1))
  const attributes = [
    list('kernel_shape', [side, side]),
    list('strides', [stride, stride]),
    list('dilations', [dilation, dilation]),
    list('pads', [padding, padding, padding, padding]),
    message([1, 'group'], [3, groups], [20, 2]),
  ]
  const node = message(
    [1, 'x'],
    [1, 'w'],
    [2, 'y'],
    [4, transposed ? 'ConvTranspose' : 'Conv'],
    ...attributes.map((a): Field => [5, a]),
  )
  const initializer = message(
    ...weightShape.map((n): Field => [1, n]),
    [2, 1],
    [8, 'w'],
    [9, new Uint8Array(weights.buffer)],
  )
  const graph = message(
    [1, node],
    [2, 'layer'],
    [5, initializer],
    [11, value('x', [1, ...shape])],
    [12, value('y', [])],
  )
  return message([1, 8], [7, graph], [8, message([2, 17])])
}

/** Makes an attribute of whole numbers. */
const list = (name: string, values: readonly number[]): Uint8Array =>
  message([1, name], ...values.map((v): Field => [8, v]), [20, 7])

/** Makes a float32 tensor by name. Without sizes, its shape is inferred. */
function value(name: string, shape: readonly number[]): Uint8Array {
  const sizes = message(...shape.map((n): Field => [1, message([1, n])]))
  const type = shape.length === 0 ? message([1, 1]) : message([1, 1], [2, sizes])
  return message([1, name], [2, message([1, type])])
}

type Field = readonly [number: number, value: number | string | Uint8Array]

function message(...fields: readonly Field[]): Uint8Array {
  return Buffer.concat(
    fields.flatMap(([number, value]) => {
      if (typeof value === 'number') return [varint(number * 8), varint(value)]
      const bytes = Buffer.from(value as string)
      return [varint(number * 8 + 2), varint(bytes.length), bytes]
    }),
  )
}

function varint(value: number): Uint8Array {
  const bytes: number[] = []
  for (let v = value; ; v = Math.floor(v / 128)) {
    if (v < 128) return Uint8Array.from([...bytes, v])
    bytes.push((v % 128) + 128)
  }
}

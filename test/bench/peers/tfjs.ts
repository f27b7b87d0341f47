import type { Contestant, PeerEntry } from '../contest.ts'
import { type BankProblem, bankWeights, fillNoise, probeAt } from '../problem.ts'
import { loadPackage } from './find.ts'

/** The WebAssembly backend of TensorFlow.js: SIMD, on one thread. It computes [height][width][channel]. */
export const tfjs: PeerEntry = {
  name: 'tfjs-wasm',
  needs:
    'npm install --prefix <folder> @tensorflow/tfjs-core @tensorflow/tfjs-backend-wasm, and --packages <folder>',
  async open({ packages }) {
    const core = loadPackage<Tf>(packages, '@tensorflow/tfjs-core')
    const backend = core && loadPackage<Backend>(packages, '@tensorflow/tfjs-backend-wasm')
    if (backend === undefined) return undefined
    const tf = core!.module
    backend.module.setWasmPaths(`${backend.folder}/dist/`)
    backend.module.setThreadsCount(1)
    await tf.setBackend('wasm')
    await tf.ready()
    const name = `tfjs-wasm ${backend.version}`
    return { name, enter: async (p) => (p.kind === 'bank' ? enterLayer(p, tf, name) : undefined) }
  },
}

type Tensor = { dataSync(): Float32Array; dispose(): void }
type Quad = readonly [number, number, number, number]
type Backend = { setWasmPaths(folder: string): void; setThreadsCount(n: number): void }

/** The part of its API that is used here. */
type Tf = {
  setBackend(name: string): Promise<boolean>
  ready(): Promise<void>
  tidy<T>(f: () => T): T
  tensor4d(data: Float32Array, shape: Quad): Tensor
  transpose(x: Tensor, order: readonly number[]): Tensor
  split(x: Tensor, parts: number, axis: number): Tensor[]
  concat(x: readonly Tensor[], axis: number): Tensor
  conv2d(
    x: Tensor,
    w: Tensor,
    strides: number,
    pad: number,
    format: 'NHWC',
    dilations: number,
    rounding: 'floor',
  ): Tensor
  depthwiseConv2d: Tf['conv2d']
  conv2dTranspose(x: Tensor, w: Tensor, shape: Quad, strides: number, pad: number): Tensor
}

function enterLayer(problem: BankProblem, tf: Tf, name: string): Contestant | undefined {
  const { shape, filters, side, stride, dilation, groups, transposed } = problem
  const [channels, height, width] = shape
  const depthwise = groups > 1 && groups === channels && filters === channels
  if (transposed && (groups > 1 || dilation > 1)) return undefined
  const arrange = (data: Float32Array, from: Quad, order: readonly number[]) =>
    tf.tidy(() => tf.transpose(tf.tensor4d(data, from), order))
  const x = arrange(
    fillNoise(new Float32Array(channels * height * width)),
    [1, channels, height, width],
    [0, 2, 3, 1],
  )
  const padding = (dilation * (side - 1)) >> 1
  const each = channels / groups
  const data = bankWeights(filters * each * side * side)
  const weightShape: Quad = transposed ? [channels, filters, side, side] : [filters, each, side, side]
  // From [O][C/g][y][x], or transposed [C][O][y][x], to [y][x] followed by the other two in reverse order.
  const w = arrange(data, weightShape, depthwise ? [2, 3, 0, 1] : [2, 3, 1, 0])
  // It has no grouped convolution. Users write a split, one convolution for each group, and a concat.
  const split = groups > 1 && !depthwise ? tf.split(w, groups, 3) : []
  const size = (n: number) => (n - 1) * stride - 2 * padding + side
  const apply = (): Tensor => {
    if (transposed) return tf.conv2dTranspose(x, w, [1, size(height), size(width), filters], stride, padding)
    if (depthwise) return tf.depthwiseConv2d(x, w, stride, padding, 'NHWC', dilation, 'floor')
    if (groups === 1) return tf.conv2d(x, w, stride, padding, 'NHWC', dilation, 'floor')
    const parts = tf.split(x, groups, 3)
    return tf.concat(
      parts.map((part, i) => tf.conv2d(part, split[i]!, stride, padding, 'NHWC', dilation, 'floor')),
      3,
    )
  }
  let last: Tensor | undefined
  return {
    name,
    async run() {
      last?.dispose()
      const before = performance.now()
      last = tf.tidy(apply)
      return performance.now() - before
    },
    async probe() {
      const planes = tf.tidy(() => tf.transpose(last!, [0, 3, 1, 2])).dataSync()
      return probeAt(planes.length).map((i) => planes[i]!)
    },
    async close() {
      for (const tensor of [x, w, ...split, last]) tensor?.dispose()
    },
  }
}

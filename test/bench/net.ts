import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { type OnnxModel, type OnnxTensor, onnxModel } from '../net/onnx-writer.ts'

// Networks against onnxruntime, as whole processes from picture to picture, on one thread, in turn. Prints the median
// processor time in seconds, and the peak memory. CONVO_PYTHON names a Python with onnxruntime, NumPy and Pillow.

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url))

/**
 * A network of 3x3 layers between pictures, each followed by a leaky rectifier. A pixel shuffle enlarges the result
 * `up` times.
 */
type Problem = {
  readonly channels: number
  readonly layers: number
  readonly up: number
  readonly side: number
}

const problems: Readonly<Record<string, Problem>> = {
  '18 layers, 64 channels, x4, 512x512': { channels: 64, layers: 18, up: 4, side: 512 },
  '5 layers, 16 channels, x1, 1024x1024': { channels: 16, layers: 5, up: 1, side: 1024 },
}

/** Numbers that look random but are always the same. */
const weightsOf = (shape: readonly number[], by: number, start: number): OnnxTensor => ({
  shape,
  data: Float32Array.from(
    { length: shape.reduce((a, b) => a * b, 1) },
    (_, i) => by * ((((i + start) * 7919) % 1013) / 506 - 1),
  ),
})

function modelOf({ channels, layers, up }: Problem): Uint8Array {
  const sizes = [3, ...Array.from({ length: layers - 1 }, () => channels), 3 * up * up]
  const initializers: Record<string, OnnxTensor> = {}
  const nodes: OnnxModel['nodes'][number][] = []
  let from = 'x'
  for (let i = 0; i < layers; i++) {
    const [taken, made] = [sizes[i]!, sizes[i + 1]!]
    initializers[`w${i}`] = weightsOf([made, taken, 3, 3], Math.sqrt(6 / (taken * 9)), i)
    nodes.push({
      operator: 'Conv',
      inputs: [from, `w${i}`],
      outputs: [`c${i}`],
      attributes: { pads: [1, 1, 1, 1] },
    })
    from = `c${i}`
    if (i === layers - 1) break
    initializers[`s${i}`] = { shape: [made, 1, 1], data: Array.from({ length: made }, () => 0.2) }
    nodes.push({ operator: 'PRelu', inputs: [from, `s${i}`], outputs: [`p${i}`] })
    from = `p${i}`
  }
  nodes.push({
    operator: 'DepthToSpace',
    inputs: [from],
    outputs: ['y'],
    attributes: { blocksize: up, mode: 'CRD' },
  })
  return onnxModel({
    inputs: [{ name: 'x', shape: [1, 3, 'h', 'w'] }],
    outputs: [{ name: 'y' }],
    nodes,
    initializers,
  })
}

const python = `
import sys, numpy as np, onnxruntime as o
from PIL import Image
s = o.SessionOptions(); s.intra_op_num_threads = 1
n = o.InferenceSession(sys.argv[1], s, providers=['CPUExecutionProvider'])
x = np.asarray(Image.open(sys.argv[2]).convert('RGB'), dtype=np.float32).transpose(2, 0, 1)[None] / 255
y = n.run(None, {'x': x})[0][0].transpose(1, 2, 0)
Image.fromarray(np.clip(np.rint(y * 255), 0, 255).astype('uint8')).save(sys.argv[3])
`

type Measured = { readonly seconds: number; readonly mebibytes: number }

/** Runs the suite. */
export async function benchNetworks(runs: number, only: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'convo-bench-'))
  const [model, input, output] = ['net.onnx', 'in.png', 'out.png'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  const peer = process.env.CONVO_PYTHON ?? 'python3'
  const hasPeer = spawnSync(peer, ['-c', 'import onnxruntime, PIL'], { stdio: 'ignore' }).status === 0
  const measure = (command: string, args: readonly string[]): Measured => {
    const { stderr, status } = spawnSync('time', ['-f', '%U %M', command, ...args], { encoding: 'utf8' })
    if (status !== 0) throw new Error(`${args.join(' ')}: ${stderr}`)
    const [seconds = 0, kib = 0] = stderr.trim().split('\n').at(-1)!.split(' ').map(Number)
    return { seconds, mebibytes: kib / 1024 }
  }
  try {
    for (const [name, problem] of Object.entries(problems).filter(([one]) => one.includes(only))) {
      writeFileSync(model, modelOf(problem))
      await sharp(path('../../samples/scene.png'))
        .removeAlpha()
        .resize(problem.side, problem.side, { fit: 'fill' })
        .png()
        .toFile(input)
      const ours = ['net', model, input, output, '--in-range', '0..1', '--threads', '1', '--quiet', '--force']
      const rounds = Array.from({ length: runs }, () => [
        measure(process.execPath, [path('../../bin/convo.js'), ...ours]),
        ...(hasPeer ? [measure(peer, ['-c', python, model, input, output])] : []),
      ])
      const [own, other] = [0, 1].map((i) => {
        const all = rounds.flatMap((round) => round[i] ?? [])
        return { seconds: median(all.map((m) => m.seconds)), mebibytes: median(all.map((m) => m.mebibytes)) }
      }) as [Measured, Measured]
      const beside = hasPeer
        ? `   onnxruntime ${text(other)}   ${(own.seconds / other.seconds).toFixed(2)}`
        : ''
      console.log(`${name.padEnd(40)}${text(own)}${beside}`)
    }
    if (!hasPeer) console.log('onnxruntime is not there: CONVO_PYTHON names a Python that has it')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const text = ({ seconds, mebibytes }: Measured): string =>
  `${seconds.toFixed(2).padStart(6)} s ${mebibytes.toFixed(0).padStart(6)} MiB`

const median = (list: readonly number[]): number => [...list].sort((a, b) => a - b)[list.length >> 1] ?? 0

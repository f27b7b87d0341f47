import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Contestant, PeerEntry } from '../contest.ts'
import { fillNoise, madeUpWeights, type PictureProblem, probeAt } from '../problem.ts'
import { findProgram } from './find.ts'

/** OpenCV through Python: its core on one thread, timed inside of the process; as a process, one start of Python. */
export const opencv: PeerEntry = {
  name: 'OpenCV',
  needs: 'apt-get install python3-opencv, or --python <an interpreter that has cv2>',
  async open({ python }) {
    const names = python === undefined ? ['python3', '/usr/bin/python3'] : [python]
    const found = findProgram(names, ['-c', 'import cv2; print("cv2", cv2.__version__)'], /cv2 ([\d.]+)/)
    return (
      found && {
        name: `OpenCV ${found.version}`,
        enter: async (problem) =>
          problem.kind === 'picture' ? enterPicture(problem, found.path, found.version) : undefined,
        command: (work) => [found.path, '-c', once, JSON.stringify(work)],
      }
    )
  },
}

/** What is asked of the interpreter once; then it says the milliseconds of a run, or samples, for every line. */
type Placing = {
  readonly file: string
  readonly type: 'uint8' | 'float32'
  readonly shape: readonly number[]
  readonly call: string
  readonly weights: readonly number[]
  readonly side: number
  readonly scale: number
  readonly sigma: number
}

/** Filters of a flat window, of which cv2 has the operations. */
const morphologies = ['erode', 'dilate', 'open', 'close', 'gradient', 'tophat', 'blackhat'] as const

async function enterPicture(
  problem: PictureProblem,
  python: string,
  version: string,
): Promise<Contestant | undefined> {
  const calls: Record<string, string> = {
    conv2d: 'kernel',
    sharpen: 'kernel',
    gaussian: 'gaussian',
    box: 'box',
    sobel: 'sobel',
    median: 'median',
    canny: 'canny',
    bilateral: 'bilateral',
    ...Object.fromEntries(morphologies.map((name) => [name, name])),
  }
  const call = calls[problem.filter]
  if (call === undefined) return undefined
  const { width, height, channels, samples, settings, whole } = problem
  const n = width * height * channels
  const folder = mkdtempSync(join(tmpdir(), 'convo-bench-'))
  const file = join(folder, 'samples')
  writeFileSync(file, fillNoise(samples === 'u8' ? new Uint8Array(n) : new Float32Array(n)))
  const weights =
    problem.filter === 'sharpen' ? [0, -1, 0, -1, 5, -1, 0, -1, 0] : Array.from(madeUpWeights(problem))
  const placing: Placing = {
    file,
    type: samples === 'u8' ? 'uint8' : 'float32',
    shape: channels === 1 ? [height, width] : [height, width, channels],
    call,
    weights,
    side: Number(settings.size ?? (call === 'bilateral' ? 9 : problem.side)),
    scale: problem.filter === 'conv2d' && whole ? weights.reduce((a, b) => a + b, 0) : 1,
    sigma: Number(settings.sigma ?? 1),
  }
  const child = spawn(python, ['-c', server], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const ask = async (question: unknown): Promise<number[]> => {
    child.stdin.write(`${JSON.stringify(question)}\n`)
    const { value, done } = await lines.next()
    if (done) throw new Error('the interpreter of OpenCV ended')
    return JSON.parse(value) as number[]
  }
  await ask(placing)
  rmSync(folder, { recursive: true })
  return {
    name: `OpenCV ${version}`,
    run: async () => (await ask('run'))[0]!,
    probe: () => ask(probeAt(n)),
    async close() {
      child.stdin.end()
    },
  }
}

const operation = `
import json, sys, time
import cv2
import numpy as np
edge = cv2.BORDER_REPLICATE
def prepare(q, x):
    kind = q.get('call') or q['kind']
    if kind == 'kernel':
        k = np.array(q['weights'], np.float32).reshape(q['side'], q['side']) / np.float32(q['scale'])
        return lambda out: cv2.filter2D(x, -1, k, dst=out, borderType=edge)
    if kind == 'gaussian':
        return lambda out: cv2.GaussianBlur(x, (0, 0), q['sigma'], dst=out, borderType=edge)
    if kind == 'box':
        return lambda out: cv2.blur(x, (q['side'], q['side']), dst=out, borderType=edge)
    if kind == 'median':
        return lambda out: cv2.medianBlur(x, q['side'], dst=out)
    if kind == 'canny':
        return lambda out: cv2.Canny(cv2.GaussianBlur(x, (0, 0), 1), 102, 204, edges=out, L2gradient=True)
    if kind == 'bilateral':
        return lambda out: cv2.bilateralFilter(x, q['side'], 25, (q['side'] - 1) / 4, dst=out)
    morphology = getattr(cv2, 'MORPH_' + kind.upper(), None)
    if morphology is not None:
        return lambda out: cv2.morphologyEx(x, morphology, np.ones((q['side'], q['side']), np.uint8), dst=out)
    def sobel(out):
        gx = cv2.Sobel(x, cv2.CV_32F, 1, 0, borderType=edge)
        gy = cv2.Sobel(x, cv2.CV_32F, 0, 1, borderType=edge)
        return cv2.convertScaleAbs(cv2.magnitude(gx, gy), dst=out)
    return sobel
`

const server = `${operation}
cv2.setNumThreads(1)
q = json.loads(sys.stdin.readline())
x = np.fromfile(q['file'], q['type']).reshape(q['shape'])
apply = prepare(q, x)
out = np.zeros_like(x)
print('[]', flush=True)
for line in sys.stdin:
    question = json.loads(line)
    if question == 'run':
        before = time.perf_counter()
        out = apply(out)
        answer = [(time.perf_counter() - before) * 1000]
    else:
        answer = [float(v) for v in out.reshape(-1)[question]]
    print(json.dumps(answer), flush=True)
`

const once = `${operation}
q = json.loads(sys.argv[1])
out = prepare(q, cv2.imread(q['input'], cv2.IMREAD_UNCHANGED))(None)
cv2.imwrite(q['output'], out, [cv2.IMWRITE_PNG_COMPRESSION, q['level']] if 'level' in q else [])
`

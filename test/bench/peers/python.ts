import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { filters, stepFilters } from '../../../src/filters/table.ts'
import { resolve } from '../../../src/params.ts'
import type { Contestant, PeerEntry, ProcessWork } from '../contest.ts'
import { fillNoise, madeUpWeights, type PictureProblem, probeAt } from '../problem.ts'
import { findProgram } from './find.ts'

/** A library that is called through Python. */
export type PythonPeer = {
  readonly name: string
  readonly module: string
  readonly needs: string
  /** The imports and definitions at the start. */
  readonly start: string
  /**
   * Expressions of the result, by the name of a filter, or `kernel`. They use the picture `x`, an array `out` for the
   * result that may be None, the settings `s`, and the weights `k`.
   */
  readonly operations: Readonly<Record<string, string>>
  /** Definitions of `read(path)` and `write(path, out, level)`, which read and write a picture. */
  readonly files: string
}

/**
 * Makes a peer that computes on one thread and is timed inside the process. As a whole process, it includes the start
 * of Python.
 */
export const pythonPeer = (peer: PythonPeer): PeerEntry => ({
  name: peer.name,
  needs: peer.needs,
  async open({ python }) {
    const names = python === undefined ? ['python3', '/usr/bin/python3'] : [python]
    const version = `import ${peer.module} as m; print("found", m.__version__)`
    const found = findProgram(names, ['-c', version], /found ([\d.]+)/)
    if (found === undefined) return undefined
    const name = `${peer.name} ${found.version}`
    return {
      name,
      enter: async (problem) =>
        problem.kind === 'picture' ? enterPicture(problem, peer, found.path, name) : undefined,
      command(work) {
        const script = scriptOf(peer, work.kind === 'filter' ? work.filter : work.kind)
        const question = JSON.stringify({ ...asked(work), ...work })
        return script === undefined ? undefined : [found.path, '-c', script + once, question]
      },
    }
  },
})

/**
 * The request that the interpreter receives once. It then answers every line with the milliseconds of a run, or with
 * samples.
 */
type Asked = {
  readonly settings: Readonly<Record<string, unknown>>
  readonly weights: readonly number[]
  readonly shape: readonly number[]
}

function asked(work: ProcessWork): Asked {
  if (work.kind === 'filter')
    return { settings: work.settings, weights: work.blur?.weights ?? [], shape: work.blur?.shape ?? [0] }
  if (work.kind === 'kernel')
    return { settings: {}, weights: work.weights.map((w) => w / work.scale), shape: [work.side, work.side] }
  return { settings: work.kind === 'gaussian' ? { sigma: work.sigma } : {}, weights: [], shape: [0] }
}

const scriptOf = ({ start, operations, files }: PythonPeer, name: string): string | undefined =>
  Object.hasOwn(operations, name)
    ? `import json, sys, time
import numpy as np
${start}
${files}
def apply(x, out, s, k):
    return ${operations[name]}
def weights(q):
    return np.array(q['weights'], np.float32).reshape(q['shape'])
`
    : undefined

async function enterPicture(
  problem: PictureProblem,
  peer: PythonPeer,
  python: string,
  name: string,
): Promise<Contestant | undefined> {
  const { filter, width, height, channels, samples, settings, whole, side } = problem
  const isKernel = filter === 'conv2d' || filter === 'sharpen'
  const script = scriptOf(peer, isKernel ? 'kernel' : filter)
  if (script === undefined) return undefined
  const n = width * height * channels
  const folder = mkdtempSync(join(tmpdir(), 'convo-bench-'))
  const file = join(folder, 'samples')
  writeFileSync(file, fillNoise(samples === 'u8' ? new Uint8Array(n) : new Float32Array(n)))
  const own = filter === 'sharpen' ? [0, -1, 0, -1, 5, -1, 0, -1, 0] : Array.from(madeUpWeights(problem))
  const scale = filter === 'conv2d' && whole ? own.reduce((a, b) => a + b, 0) : 1
  const params = (filters[filter] ?? stepFilters[filter])?.params ?? {}
  const question: Asked & { file: string; type: string; size: readonly number[] } = {
    file,
    type: samples === 'u8' ? 'uint8' : 'float32',
    size: channels === 1 ? [height, width] : [height, width, channels],
    settings: { ...resolve(params, settings), ...settings },
    weights: isKernel ? own.map((w) => w / scale) : [],
    shape: isKernel ? [side, side] : [0],
  }
  const child = spawn(python, ['-c', script + server], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const ask = async (what: unknown): Promise<number[]> => {
    child.stdin.write(`${JSON.stringify(what)}\n`)
    const { value, done } = await lines.next()
    if (done) throw new Error(`the interpreter of ${name} ended`)
    return JSON.parse(value) as number[]
  }
  await ask(question)
  rmSync(folder, { recursive: true })
  return {
    name,
    run: async () => (await ask('run'))[0]!,
    probe: () => ask(probeAt(n)),
    async close() {
      child.stdin.end()
    },
  }
}

const server = `
one_thread()
q = json.loads(sys.stdin.readline())
x = np.fromfile(q['file'], q['type']).reshape(q['size'])
s, k = q['settings'], weights(q)
out = np.zeros_like(x)
print('[]', flush=True)
for line in sys.stdin:
    question = json.loads(line)
    if question == 'run':
        before = time.perf_counter()
        out = apply(x, out, s, k)
        answer = [(time.perf_counter() - before) * 1000]
    else:
        answer = [float(v) for v in out.reshape(-1)[question]]
    print(json.dumps(answer), flush=True)
`

const once = `
q = json.loads(sys.argv[1])
write(q['output'], apply(read(q['input']), None, q['settings'], weights(q)), q.get('level'))
`

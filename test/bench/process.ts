import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import { namedKernels } from '../../src/filters/names.ts'
import { filters, stepFilters } from '../../src/filters/table.ts'
import { loadKernel } from '../../src/kernel/source.ts'
import { resolve as settingsOf } from '../../src/params.ts'
import type { Contestant, Peer, ProcessWork } from './contest.ts'
import { rows } from './peers/libvips.ts'
import { encoded } from './peers/sharp.ts'
import { madeUpWeights, type ProcessProblem } from './problem.ts'

const bin = fileURLToPath(new URL('../../bin/convo.js', import.meta.url))

/**
 * Runs whole processes, from start to finished file. PNGs are written with the defaults of each program. A start alone
 * is compared with that of Node.
 */
export async function enterProcess(
  problem: ProcessProblem,
  peers: readonly Peer[],
  { images, level, cpu }: { images: string; level: number | undefined; cpu: boolean },
): Promise<Contestant[]> {
  if (problem.filter === 'version') {
    return [
      command('convo --version', [process.execPath, bin, '--version'], cpu),
      command('node -e 0', [process.execPath, '-e', '0'], cpu),
    ]
  }
  const png = join(images, `${problem.picture}.png`)
  if (!existsSync(png)) throw new Error(`${problem.text}: there is no ${png}`)
  const folder = mkdtempSync(join(tmpdir(), 'convo-bench-'))
  const input = problem.from === 'png' ? png : join(folder, `input.${problem.from}`)
  if (problem.from !== 'png') await encoded(sharp(png), problem.from).toFile(input)
  const work = await workOf(problem)
  const enter = (name: string, line: (work: ProcessWork) => readonly string[] | undefined) => {
    const output = join(folder, `${name.replaceAll(/\W/g, '')}.${problem.to}`)
    const args = line({ input, output, folder, level, ...work })
    return args === undefined ? [] : [command(name, args, cpu, output)]
  }
  const [convo] = enter('convo', (work) => commandOfConvo(problem, work))
  const close = async () => rmSync(folder, { recursive: true, force: true })
  return [
    { ...convo!, close },
    ...peers.flatMap((p) =>
      p.command && (problem.to === 'png' || p.encodes) ? enter(p.name, p.command) : [],
    ),
  ]
}

type Kind = ProcessWork extends infer W
  ? W extends unknown
    ? Omit<W, 'input' | 'output' | 'folder' | 'level'>
    : never
  : never

async function workOf({ text, filter, settings, side }: ProcessProblem): Promise<Kind> {
  if (filter === 'sobel') return { kind: 'sobel' }
  if (filter === 'gaussian') return { kind: 'gaussian', sigma: Number(settings.sigma ?? 1) }
  if (filter === 'sharpen')
    return { kind: 'kernel', side: 3, weights: [0, -1, 0, -1, 5, -1, 0, -1, 0], scale: 1 }
  if (filter !== 'conv2d') {
    const { kernel, ...given } = settings
    const entry = filters[filter] ?? stepFilters[filter]
    if (entry === undefined) throw new Error(`${text}: there is no filter ${filter}`)
    const own = {
      kind: 'filter',
      filter,
      settings: { ...settingsOf(entry.params, given), ...given },
    } as const
    return kernel === undefined ? own : { ...own, blur: await blurOf(String(kernel)) }
  }
  const weights = Array.from(madeUpWeights({ side, whole: true }))
  return { kind: 'kernel', side, weights, scale: weights.reduce((a, b) => a + b, 0) }
}

async function blurOf(source: string) {
  const { shape, weights } = await loadKernel(source, { names: namedKernels })
  const sum = weights.reduce((a, b) => a + b, 0)
  return { shape, weights: Array.from(weights, (w) => w / sum) }
}

function commandOfConvo({ filter, settings }: ProcessProblem, work: ProcessWork): string[] {
  const options = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)])
  if (work.kind === 'kernel' && filter === 'conv2d') {
    const file = join(work.folder, 'kernel.txt')
    writeFileSync(file, `${rows(work.side, work.weights, ' ', '\n')}\n`)
    options.push('--kernel', file, '--scale', String(work.scale))
  }
  if (work.level !== undefined) options.push('--compression', String(work.level))
  return [process.execPath, bin, filter, work.input, work.output, '--quiet', ...options]
}

/**
 * Makes a contestant from a command. @param cpu whether to count the processor time of all threads instead of wall time
 */
function command(name: string, line: readonly string[], cpu: boolean, output?: string): Contestant {
  const [program = '', ...args] = cpu ? ['time', '-f', 'cpu %U %S', ...line] : line
  return {
    name,
    run: () =>
      new Promise((resolve, reject) => {
        const before = performance.now()
        const child = spawn(program, args, { stdio: ['ignore', 'ignore', cpu ? 'pipe' : 'inherit'] })
        let said = ''
        child.stderr?.setEncoding('utf8').on('data', (text: string) => {
          said += text
        })
        child.on('error', reject)
        child.on('close', (code) => {
          const [, user, system] = /^cpu ([\d.]+) ([\d.]+)$/m.exec(said) ?? []
          const taken = cpu ? 1000 * (Number(user) + Number(system)) : performance.now() - before
          if (code === 0) resolve(taken)
          else reject(new Error(`${name} ended with ${code}: ${args.join(' ')}\n${said}`))
        })
      }),
    ...(output === undefined ? {} : { bytes: () => statSync(output).size }),
    close: async () => undefined,
  }
}

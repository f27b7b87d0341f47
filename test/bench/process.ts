import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Contestant } from './contest.ts'
import type { ProcessProblem } from './problem.ts'

const bin = fileURLToPath(new URL('../../bin/convo.js', import.meta.url))

/** convo and sharp as whole processes, from start to finished PNG; only a start against that of Node. */
export async function enterProcess(problem: ProcessProblem, images: string): Promise<Contestant[]> {
  if (problem.filter === 'version') {
    return [command('convo --version', [bin, '--version']), command('node -e 0', ['-e', '0'])]
  }
  const input = join(images, `${problem.picture}.png`)
  if (!existsSync(input)) throw new Error(`${problem.text}: there is no ${input}`)
  const folder = mkdtempSync(join(tmpdir(), 'convo-bench-'))
  const output = join(folder, 'convo.png')
  const settings = Object.entries(problem.settings).flatMap(([name, value]) => [`--${name}`, String(value)])
  const convo = command('convo', [bin, problem.filter, input, output, '--quiet', ...settings])
  const work = sharpWork(problem)
  const peers =
    work === undefined ? [] : [command('sharp', ['-e', sharpScript, input, join(folder, 'sharp.png'), work])]
  const close = async () => rmSync(folder, { recursive: true, force: true })
  return [{ ...convo, close }, ...peers]
}

const sharpScript = `
  const [input, output, work] = process.argv.slice(1)
  const sharp = require('sharp')
  const [name, ...list] = JSON.parse(work)
  sharp(input)[name](...list).png().toFile(output)`

/** The call on sharp that does the same, as JSON. */
function sharpWork({ filter, settings }: ProcessProblem): string | undefined {
  if (filter === 'gaussian') return JSON.stringify(['blur', Number(settings.sigma ?? 1)])
  const kernels: Record<string, number[]> = {
    sharpen: [0, -1, 0, -1, 5, -1, 0, -1, 0],
    // One of the two gradients only: sharp has no magnitude.
    sobel: [-1, 0, 1, -2, 0, 2, -1, 0, 1],
  }
  const weights = kernels[filter]
  return weights && JSON.stringify(['convolve', { width: 3, height: 3, scale: 1, kernel: weights }])
}

function command(name: string, args: readonly string[]): Contestant {
  return {
    name,
    run: () =>
      new Promise((resolve, reject) => {
        const before = performance.now()
        const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] })
        child.on('error', reject)
        child.on('exit', (code) => {
          if (code === 0) resolve(performance.now() - before)
          else reject(new Error(`${name} ended with ${code}: ${args.join(' ')}`))
        })
      }),
    close: async () => undefined,
  }
}

import { spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { root } from '../../docs/parts/pictures.ts'

/** A fenced block of the README or a page of docs. `sh` is run; `file=name` is the content of a file with that name. */
type Block = { readonly language: string; readonly info: string; readonly text: string }

const pages = [
  'README.md',
  ...['gallery', 'filters', 'batch', 'checks', 'library'].map((name) => `docs/${name}.md`),
]
const blocks: readonly Block[] = pages.flatMap((page) =>
  [...readFileSync(join(root, page), 'utf8').matchAll(/^```(\w+)(.*)\n([\s\S]*?)\n```$/gm)].map(
    ([, language = '', info = '', text = '']) => ({ language, info: info.trim(), text }),
  ),
)

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'convo-readme-'))
  for (const name of ['samples', 'kernels']) cpSync(join(root, name), join(folder, name), { recursive: true })
  mkdirSync(join(folder, 'photos/more'), { recursive: true })
  for (const name of ['alpha', 'gray16', 'scene']) {
    cpSync(join(root, `samples/${name}.png`), join(folder, `photos/${name}.png`))
  }
  cpSync(join(root, 'samples/alpha.png'), join(folder, 'photos/more/alpha.png'))
  mkdirSync(join(folder, 'node_modules/.bin'), { recursive: true })
  symlinkSync(root, join(folder, 'node_modules/convo'))
  const command = join(folder, 'node_modules/.bin/convo')
  writeFileSync(command, `#!/bin/sh\nexec '${process.execPath}' '${join(root, 'bin/convo.js')}' "$@"\n`)
  chmodSync(command, 0o755)
  for (const { info, text } of blocks) {
    const name = /file=(\S+)/.exec(info)?.[1]
    if (name === undefined) continue
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), `${text}\n`)
  }
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Runs lines in a shell that finds convo, as for a user who follows the documentation. */
function shell(lines: string, env: Record<string, string> = {}): Promise<{ status: number; told: string }> {
  const path = `${join(folder, 'node_modules/.bin')}${delimiter}${process.env.PATH}`
  const plain = Object.entries(process.env).filter(([name]) => !/^(CI|GITHUB|SLURM)/.test(name))
  const child = spawn('bash', ['-e', '-o', 'pipefail', '-c', lines], {
    cwd: folder,
    env: { ...Object.fromEntries(plain), PATH: path, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const parts: Buffer[] = []
  child.stdout.on('data', (part: Buffer) => parts.push(part))
  child.stderr.on('data', (part: Buffer) => parts.push(part))
  return new Promise((done, failed) => {
    child.on('error', failed)
    child.on('close', (status) => done({ status: status ?? -1, told: Buffer.concat(parts).toString() }))
  })
}

const has = (tool: string) => spawnSync(tool, ['--version']).status === 0
const fileBlock = (name: string) => blocks.find(({ info }) => info === `file=${name}`)!.text

describe('every command of the README and of the pages works as written', () => {
  // The first two install the project itself. The pages repeat some blocks of the README.
  const shown = blocks.filter(
    ({ language, text }, i) =>
      language === 'sh' && !text.startsWith('npm ci') && blocks.findIndex((b) => b.text === text) === i,
  )
  it.each(shown.filter(({ info }) => info === ''))('$text', async ({ text }) => {
    rmSync(join(folder, 'out.png'), { force: true })
    const { status, told } = await shell(text)
    expect([status, told.includes('error:')], told).toEqual([0, false])
    if (text.includes(' out.png')) expect(existsSync(join(folder, 'out.png'))).toBe(true)
  })

  for (const { info, text } of shown) {
    const tool = /needs=(\S+)/.exec(info)?.[1]
    if (tool === undefined) continue
    it.skipIf(!has(tool))(`${text} (skipped without ${tool})`, async () => {
      const { status, told } = await shell(text)
      expect(status, told).toBe(0)
      expect(told).toContain('3 done')
    })
  }
})

describe('the recipes', () => {
  const photos = ['alpha.png', 'gray16.png', 'scene.png']
  it.skipIf(!has('make'))('make, and again, for nothing (skipped without make)', async () => {
    const first = await shell('make -j 2')
    expect(first.status, first.told).toBe(0)
    expect(readdirSync(join(folder, 'edges')).sort()).toEqual(photos)
    expect((await shell('make -j 2')).told).toContain('Nothing to be done')
  })

  it('xargs wrote a picture for each', () => {
    expect(readdirSync(join(folder, 'soft')).filter((name) => name.endsWith('.png'))).toEqual(photos)
  })

  it('Slurm: the script, by the variables of an array of two jobs', async () => {
    rmSync(join(folder, 'out'), { recursive: true, force: true })
    for (const id of ['1', '2']) {
      const { status, told } = await shell('bash job.sh', {
        ...{ SLURM_ARRAY_TASK_ID: id, SLURM_ARRAY_TASK_COUNT: '2', SLURM_CPUS_PER_TASK: '1' },
        ...{ SLURM_ARRAY_TASK_MIN: '1', SLURM_ARRAY_TASK_MAX: '2', SLURM_ARRAY_TASK_STEP: '1' },
      })
      expect(status, told).toBe(0)
    }
    const { status, told } = await shell('convo batch merge out')
    expect([status, told.includes('4 done')], told).toEqual([0, true])
  })

  it('Kubernetes: the command, by the variable of an indexed job of eight', async () => {
    const job = parse(fileBlock('job.yaml')) as {
      spec: { completions: number; template: { spec: { containers: { command: string[] }[] } } }
    }
    const words = job.spec.template.spec.containers[0]!.command.map((word) => `'${word}'`).join(' ')
    rmSync(join(folder, 'out'), { recursive: true, force: true })
    const runs = Array.from({ length: job.spec.completions }, (_, i) =>
      shell(words, { JOB_COMPLETION_INDEX: String(i) }),
    )
    for (const { status, told } of await Promise.all(runs)) expect(status, told).toBe(0)
    const { status, told } = await shell('convo batch merge out')
    expect([status, told.includes('4 done')], told).toEqual([0, true])
  })

  it('GitHub Actions: the check, where CI is set, passes, and fails when a golden is another', async () => {
    const flow = parse(fileBlock('.github/workflows/pictures.yml')) as {
      jobs: { pictures: { steps: { run?: string }[] } }
    }
    const line = flow.jobs.pictures.steps.map(({ run }) => run).find((run) => run?.includes('convo check'))!
    const env = { CI: 'true', GITHUB_ACTIONS: 'true' }
    const good = await shell(line, env)
    expect(good.status, good.told).toBe(0)
    expect(readFileSync(join(folder, 'report.html'), 'utf8')).toContain('<html')
    const bad = await shell(`convo gaussian samples/scene.png goldens/soft.png; ${line}`, env)
    expect([bad.status, bad.told.includes('::error')], bad.told).toEqual([1, true])
  })

  it('pre-commit: the hook is the check', () => {
    const { repos } = parse(fileBlock('.pre-commit-config.yaml')) as { repos: { hooks: unknown[] }[] }
    expect(repos[0]!.hooks[0]).toMatchObject({ entry: 'npx convo check', language: 'system' })
  })

  it.each([
    ['example', /^\[ 1, 5, 5 \] 12\n$/],
    ['edges', /^\d+ \d+ [34] \d+ true\n$/],
    ['errors', /^E_INPUT\nerror: there is no file missing.png +\[E_INPUT\]\n/],
    ['batch', /^(samples\/\w+\.png done\n){4,}$/],
  ])('the library, from another project: %s.mjs', async (name, expected) => {
    const { status, told } = await shell(`node ${name}.mjs`)
    expect([status, told]).toEqual([0, expect.stringMatching(expected)])
  })
})

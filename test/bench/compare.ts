import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'

// Times comparisons as whole processes in turn: convo, odiff (npm: odiff-bin), ImageMagick, reg-cli and a loop of
// pixelmatch in one process, as far as they are installed. Prints the median wall time and the peak memory.

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const convo = [process.execPath, path('../../bin/convo.js')]

type Line = readonly [name: string, args: readonly string[]]
type Problem = { readonly name: string; readonly lines: readonly Line[] }

/** @param packages the folder whose node_modules has odiff-bin, reg-cli, pixelmatch and pngjs */
export async function benchCompare(runs: number, only: string, packages: string | undefined): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'convo-bench-'))
  try {
    for (const { name, lines } of (await problems(folder, packages)).filter((one) =>
      one.name.includes(only),
    )) {
      const measured = lines.map((): Measured[] => [])
      for (let run = 0; run <= runs; run++) {
        for (const [i, [, args]] of lines.entries()) {
          const one = measure(args)
          // the first run loads files and programs into memory
          if (run > 0) measured[i]!.push(one)
        }
      }
      console.log(`\n${name}`)
      const first = median(measured[0]!.map(({ seconds }) => seconds))
      for (const [i, [tool]] of lines.entries()) {
        const seconds = median(measured[i]!.map((one) => one.seconds))
        const mebibytes = median(measured[i]!.map((one) => one.mebibytes))
        console.log(
          `  ${tool.padEnd(24)} ${(seconds * 1000).toFixed(0).padStart(6)} ms  ${mebibytes.toFixed(0).padStart(5)} MiB  convo takes ${(first / seconds).toFixed(2)} of it`,
        )
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function problems(folder: string, packages: string | undefined): Promise<Problem[]> {
  const module = (name: string) => (packages === undefined ? '' : join(packages, 'node_modules', name))
  const odiff = module(`@odiff/${process.platform}-${process.arch}/odiff`)
  const hasMagick = spawnSync('compare', ['-version']).status === 0
  const pair = (
    a: string,
    b: string,
    options: readonly string[] = [],
    odiffOptions: readonly string[] = [],
  ): Line[] => [
    ['convo', [...convo, 'compare', a, b, '--quiet', ...options]],
    ...(existsSync(odiff) ? [['odiff', [odiff, a, b, ...odiffOptions]] as const] : []),
    ...(hasMagick ? [['ImageMagick', ['compare', '-metric', 'AE', a, b, 'null:']] as const] : []),
  ]
  const list: Problem[] = []
  for (const [name, side, side2] of [
    ['12 MP', 4000, 3000],
    ['2 MP', 1920, 1080],
    ['512x512', 512, 512],
  ] as const) {
    const file = (what: string) => join(folder, `${side}-${what}.png`)
    await makePictures(file, side, side2)
    for (const what of ['equal', 'one', 'fifth'])
      list.push({ name: `${name}, ${what}`, lines: pair(file('a'), file(what)) })
    if (side !== 4000) continue
    const perceptual = pair(file('a'), file('fifth'), ['--perceptual', '0.1'], ['--aa'])
    list.push({ name: `${name}, perceptual`, lines: perceptual.slice(0, 2) })
    for (const style of ['mask', 'overlay', 'triptych']) {
      const to = join(folder, 'diff.png')
      const options = ['--diff', to, '--diff-style', style]
      list.push({
        name: `${name}, --diff ${style}`,
        lines: pair(file('a'), file('fifth'), options, [to]).slice(0, 2),
      })
    }
  }
  const small = (what: string) => join(folder, `512-${what}.png`)
  for (const side of ['e', 'a']) mkdirSync(join(folder, side))
  for (let i = 0; i < 1000; i++) {
    copyFileSync(small('a'), join(folder, 'e', `${i}.png`))
    copyFileSync(small(i % 20 === 0 ? 'fifth' : 'equal'), join(folder, 'a', `${i}.png`))
  }
  const reg = module('reg-cli/dist/cli.js')
  const loop = `for f in ${folder}/e/*.png; do ${odiff} "$f" "${folder}/a/\${f##*/}"; done`
  list.push({
    name: '1,000 pairs of 512x512, 5 % changed',
    lines: [
      ['convo', [...convo, 'compare', join(folder, 'e'), join(folder, 'a'), '--quiet']],
      ...(existsSync(odiff) ? [['a loop of odiff', ['bash', '-c', loop]] as const] : []),
      ...(existsSync(reg)
        ? [
            [
              'reg-cli',
              [
                process.execPath,
                reg,
                join(folder, 'a'),
                join(folder, 'e'),
                join(folder, 'd'),
                '-I',
                '-J',
                join(folder, 'reg.json'),
              ],
            ] as const,
          ]
        : []),
    ],
  })
  list.push(await caseProblem(join(folder, 'check'), module))
  return list
}

/** Compares small pictures that equal their goldens byte for byte, against the least that a custom program would do. */
async function caseProblem(folder: string, module: (name: string) => string): Promise<Problem> {
  for (const name of ['in', 'goldens/x']) mkdirSync(join(folder, name), { recursive: true })
  for (let i = 0; i < 200; i++) {
    const data = Uint8Array.from({ length: 64 * 64 * 3 }, (_, j) => (j * i) % 251)
    await sharp(data, { raw: { width: 64, height: 64, channels: 3 } })
      .png()
      .toFile(join(folder, `in/${i}.png`))
  }
  writeFileSync(join(folder, 'convo.check.yaml'), "cases: [{ name: 'x/{stem}', actual: in/*.png }]\n")
  const approved = spawnSync(convo[0]!, [convo[1]!, 'check', '--update'], {
    cwd: folder,
    env: { ...process.env, CI: '' },
  })
  if (approved.status !== 0) throw new Error(`convo check --update: ${approved.stderr}`)
  const loop = join(folder, 'loop.mjs')
  writeFileSync(
    loop,
    `import { readdirSync, readFileSync } from 'node:fs'
import pixelmatch from '${module('pixelmatch/index.js')}'
import { PNG } from '${module('pngjs/lib/png.js')}'
let changed = 0
for (const name of readdirSync('in')) {
  const [a, b] = [readFileSync('in/' + name), readFileSync('goldens/x/' + name)]
  if (a.equals(b)) continue
  const [p, q] = [PNG.sync.read(a), PNG.sync.read(b)]
  if (pixelmatch(p.data, q.data, undefined, p.width, p.height) > 0) changed++
}
process.exitCode = changed > 0 ? 1 : 0
`,
  )
  const at = (line: readonly string[]) => ['bash', '-c', `cd '${folder}' && exec "$0" "$@"`, ...line]
  return {
    name: 'check of 200 small cases, equal',
    lines: [
      ['convo', at([...convo, 'check'])],
      ...(existsSync(module('pixelmatch'))
        ? [['a loop of pixelmatch', at([process.execPath, loop])] as const]
        : []),
    ],
  }
}

/**
 * Writes a noisy gradient and copies of it: equal, with one changed pixel, and with an inverted rectangle of a fifth.
 */
async function makePictures(file: (what: string) => string, width: number, height: number): Promise<void> {
  const data = new Uint8Array(width * height * 3)
  let state = 1
  for (let i = 0; i < data.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    data[i] = ((i / 31) % 200) + (state >>> 28)
  }
  const write = (what: string) =>
    sharp(data, { raw: { width, height, channels: 3 } })
      .png({ adaptiveFiltering: true })
      .toFile(file(what))
  await write('a')
  copyFileSync(file('a'), file('equal'))
  data[3 * (width * (height >> 1) + (width >> 1))]! ^= 64
  await write('one')
  for (let y = height >> 2; y < (height >> 2) + height / 2; y++)
    for (let i = 3 * (y * width + (width >> 2)), end = i + 3 * Math.floor(width * 0.4); i < end; i++)
      data[i] = 255 - data[i]!
  await write('fifth')
}

type Measured = { readonly seconds: number; readonly mebibytes: number }

function measure([program = '', ...args]: readonly string[]): Measured {
  const before = performance.now()
  const { stderr, status } = spawnSync('/usr/bin/time', ['-f', '%M', program, ...args], { encoding: 'utf8' })
  // 1: the pictures differ; for odiff that is 22, and 1 is a failed comparison
  const answers = program.endsWith('odiff') ? [0, 22] : [0, 1, 22]
  if (status === null || !answers.includes(status))
    throw new Error(`${program} ${args.join(' ')} ended with ${status}: ${stderr}`)
  const seconds = (performance.now() - before) / 1000
  return { seconds, mebibytes: Number(stderr.trim().split('\n').at(-1)) / 1024 }
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!

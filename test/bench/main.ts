import { availableParallelism, cpus, loadavg } from 'node:os'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { contest, type Peer, type Row } from './contest.ts'
import { enterConvo } from './ours.ts'
import { findPeers } from './peers/index.ts'
import { grammar, type Problem, parseProblem } from './problem.ts'
import { enterProcess } from './process.ts'
import { quick, suites } from './suites.ts'

const help = `npm run bench -- [options] [problem...]

Runs each problem in turn by convo and by all peers that are there, in rounds, and prints medians. A problem in quotes:
  npm run bench -- "conv2d 3x3 u8 rgb 12MP" "bank 64x56x56 64f 3x3 s1"

${grammar}

options:
  --suite <name>    ${Object.keys(suites).join(' | ')}; without problems the default is core
                    operators: whole processes on 12 megapixels with their memory, library: beside sharp in one process
                    compare: beside odiff, ImageMagick, reg-cli and pixelmatch (in --packages:
                    odiff-bin reg-cli pixelmatch@7 pngjs), with --only
                    net: networks beside onnxruntime
  --against <dir>   for operators: another built checkout, run in turns; --memory: on 3 to 200 megapixels
  --runs <n>        rounds that count (default 7)       --budget <s>   seconds for a problem (default 40)
  --only <text>     the problems of the suite that contain it
  --peers <a,b>     the peers whose names contain one of these (default: all that are there)
  --packages <dir>  where these are, which convo does not depend on (or CONVO_BENCH_PACKAGES):
                    npm install --ignore-scripts --prefix <dir> @techstark/opencv-js@4.12.0-release.1 \\
                      @tensorflow/tfjs-core @tensorflow/tfjs-backend-wasm onnxruntime-node
  --python <path>   an interpreter that has cv2 (or CONVO_BENCH_PYTHON)
  --images <dir>    PNGs for process problems (default samples)
  --level <n>       the level of zlib for all in process problems; else each has its own default
  --cpu             processor time of process problems, by GNU time, where other work disturbs the clock
  --quick           small problems, sharp alone beside convo; every result is held against a digest
  --list            print the problems and the peers        --json         one line of JSON for each row`

export async function main(argv: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      suite: { type: 'string', default: 'core' },
      runs: { type: 'string' },
      budget: { type: 'string', default: '40' },
      only: { type: 'string', default: '' },
      peers: { type: 'string' },
      packages: { type: 'string', default: process.env.CONVO_BENCH_PACKAGES },
      python: { type: 'string', default: process.env.CONVO_BENCH_PYTHON },
      level: { type: 'string' },
      images: { type: 'string', default: 'samples' },
      quick: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      against: { type: 'string' },
      memory: { type: 'boolean', default: false },
      where: { type: 'boolean', default: false },
      cpu: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return console.log(help)
  if (values.suite === 'operators') {
    const { benchOperators } = await import('./operators.ts')
    console.log(machine())
    return benchOperators(Number(values.runs ?? 5), values.only, values.against, values.memory)
  }
  if (values.suite === 'net') {
    const { benchNetworks } = await import('./net.ts')
    console.log(machine())
    return benchNetworks(Number(values.runs ?? 5), values.only)
  }
  if (values.suite === 'library') {
    const { benchLibrary } = await import('./library.ts')
    console.log(machine())
    return benchLibrary(Number(values.runs ?? 15))
  }
  if (values.suite === 'holds') {
    const { benchHolds } = await import('./holds.ts')
    console.log(machine())
    return benchHolds(Number(values.runs ?? 3), values.only, values.where, resolve(values.images))
  }
  if (values.suite === 'compare') {
    const { benchCompare } = await import('./compare.ts')
    console.log(machine())
    return benchCompare(Number(values.runs ?? 7), values.only, values.packages)
  }
  const suite = suites[values.suite]
  if (suite === undefined) throw new Error(`no suite ${values.suite}: ${Object.keys(suites).join(', ')}`)
  const texts = values.quick ? Object.keys(quick) : positionals.length > 0 ? positionals : suite
  const problems = texts.filter((t) => t.includes(values.only)).map(parseProblem)
  const names = values.quick ? ['sharp'] : values.peers?.split(',')
  const { peers, missing } = await findPeers({ packages: values.packages, python: values.python }, names)
  const runs = Number(values.runs ?? (values.quick ? 3 : 7))
  if (values.list) {
    for (const { text } of problems) console.log(text)
    console.log(`\npeers: ${peers.map((p) => p.name).join(', ')}`)
    for (const line of missing) console.log(`not there: ${line}`)
  } else {
    if (!values.json) console.log(machine())
    for (const line of missing) console.error(`skipped, not there: ${line}`)
    const level = values.level === undefined ? undefined : Number(values.level)
    const files = { images: values.images, level, cpu: values.cpu }
    let wrong = 0
    for (const problem of problems) {
      const rows = await runOne(problem, peers, runs, Number(values.budget), files)
      if (!values.json) console.log(`\n${problem.text}`)
      for (const [i, row] of rows.entries()) console.log(values.json ? JSON.stringify(row) : line(row, i))
      if (values.quick && !isAsExpected(rows[0]!)) wrong++
    }
    if (wrong > 0)
      console.error(`${wrong} results are not what they were: a benchmark or a result has changed`)
    process.exitCode = wrong > 0 ? 1 : 0
  }
  await Promise.all(peers.map((p) => p.close?.()))
}

async function runOne(
  problem: Problem,
  peers: readonly Peer[],
  runs: number,
  budget: number,
  files: { images: string; level: number | undefined; cpu: boolean },
): Promise<Row[]> {
  const contestants =
    problem.kind === 'process' ? await enterProcess(problem, peers, files) : [await enterConvo(problem)]
  try {
    if (problem.kind !== 'process' && problem.against !== undefined)
      contestants.push(await enterConvo({ ...problem, threads: problem.against }))
    else if (problem.kind !== 'process' && problem.threads === 1) {
      for (const peer of peers) {
        const entered = await peer.enter?.(problem)
        if (entered !== undefined) contestants.push(entered)
      }
    }
    return await contest(problem, contestants, runs, budget)
  } finally {
    for (const c of contestants) await c.close()
  }
}

function isAsExpected({ problem, digest }: Row): boolean {
  const expected = quick[problem]
  if (expected === null || expected === digest) return true
  console.error(`${problem}: the digest of the result is ${digest}, expected ${expected}`)
  return false
}

function line({ name, ms, least, ratio, apart, bytes, runs }: Row, i: number): string {
  const size = bytes === undefined ? '' : `  ${(bytes / 1024).toFixed(0).padStart(6)} KiB`
  const time = `${ms.toFixed(2).padStart(10)} ms  (least ${least.toFixed(2)}, ${runs} runs)${size}`
  if (i === 0) return `  ${name.padEnd(24)}${time}`
  const difference = apart === undefined ? '' : `, results ${(apart * 100).toFixed(3)} % apart`
  return `  ${name.padEnd(24)}${time}  convo is ${ratio.toFixed(2)} times as fast${difference}`
}

const machine = (): string =>
  `Node ${process.versions.node}, ${process.platform} ${process.arch}, ${availableParallelism()} cores (${cpus()[0]?.model.trim()}), load ${loadavg()[0]?.toFixed(2)}`

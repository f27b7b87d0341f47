import { availableParallelism, cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { type Contestant, contest, type Peer, type Row } from './contest.ts'
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
  --runs <n>        rounds that count (default 7)       --budget <s>   seconds for a problem (default 40)
  --only <text>     the problems of the suite that contain it
  --peers <dir>     a folder with node_modules of @techstark/opencv-js, @tensorflow/tfjs and tfjs-backend-wasm
  --images <dir>    PNGs for process problems (default samples)
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
      images: { type: 'string', default: 'samples' },
      quick: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return console.log(help)
  const suite = suites[values.suite]
  if (suite === undefined) throw new Error(`no suite ${values.suite}: ${Object.keys(suites).join(', ')}`)
  const texts = values.quick ? Object.keys(quick) : positionals.length > 0 ? positionals : suite
  const problems = texts.filter((t) => t.includes(values.only)).map(parseProblem)
  const peers = await findPeers(values.peers, values.quick)
  const runs = Number(values.runs ?? (values.quick ? 3 : 7))
  if (values.list) {
    for (const { text } of problems) console.log(text)
    console.log(`\npeers: ${peers.map((p) => p.name).join(', ')}`)
  } else {
    if (!values.json) console.log(machine())
    let wrong = 0
    for (const problem of problems) {
      const rows = await runOne(problem, peers, runs, Number(values.budget), values.images)
      if (!values.json) console.log(`\n${problem.text}`)
      for (const row of rows) console.log(values.json ? JSON.stringify(row) : line(row))
      if (values.quick && !isAsExpected(rows[0]!)) wrong++
    }
    if (wrong > 0)
      console.error(`${wrong} results are not what they were: a benchmark or a result has changed`)
    process.exitCode = wrong > 0 ? 1 : 0
  }
  await Promise.all(peers.map((p) => p.close()))
}

async function runOne(
  problem: Problem,
  peers: readonly Peer[],
  runs: number,
  budget: number,
  images: string,
): Promise<Row[]> {
  if (problem.kind === 'process') return contest(problem, await enterProcess(problem, images), runs, budget)
  const contestants: Contestant[] = [await enterConvo(problem)]
  try {
    for (const peer of peers) {
      const entered = await peer.enter(problem)
      if (entered !== undefined) contestants.push(entered)
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

function line({ name, ms, least, ratio, apart, runs }: Row): string {
  const time = `${ms.toFixed(2).padStart(10)} ms  (least ${least.toFixed(2)}, ${runs} runs)`
  if (name.startsWith('convo')) return `  ${name.padEnd(22)}${time}`
  const difference = apart === undefined ? '' : `, results ${(apart * 100).toFixed(3)} % apart`
  return `  ${name.padEnd(22)}${time}  convo is ${ratio.toFixed(2)} times as fast${difference}`
}

const machine = (): string =>
  `Node ${process.versions.node}, ${process.platform} ${process.arch}, ${availableParallelism()} cores (${cpus()[0]?.model.trim()}), load ${loadavg()[0]?.toFixed(2)}`

import { relative } from 'node:path'
import { parseArgs } from 'node:util'
import { fuzz } from './fuzz.ts'
import { targets } from './targets.ts'

const names = Object.keys(targets).filter((name) => targets[name]!.weight > 0)
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    runs: { type: 'string', default: '1000000000' },
    seed: { type: 'string', default: String(Date.now() % 1e6) },
    only: { type: 'string', default: names.join(',') },
    help: { type: 'boolean' },
  },
})
if (values.help) {
  console.log(`npm run fuzz -- --seconds 600 --seed 7 --runs 200000 --only kernels,pictures
targets: ${names.join(', ')}`)
  process.exit()
}
const chosen = values.only.split(',')
const unknown = chosen.find((name) => !names.includes(name))
if (unknown !== undefined) {
  console.error(`there is no target ${unknown}: ${names.join(', ')}`)
  process.exit(2)
}
const whole = chosen.reduce((sum, name) => sum + targets[name]!.weight, 0)
let faulty = 0
console.log(`seed ${values.seed}`)
for (const name of chosen) {
  const seconds = (Number(values.seconds) * targets[name]!.weight) / whole
  const { runs, counts, faults } = await fuzz(name, {
    seed: Number(values.seed),
    runs: Number(values.runs),
    seconds,
    keep: true,
  })
  const parts = Object.entries(counts).sort(([, a], [, b]) => b - a)
  console.log(`${name}: ${runs} runs: ${parts.map(([key, n]) => `${n} ${key}`).join(', ')}`)
  for (const { fault, times, index, file } of faults) {
    console.log(
      `  ${fault}\n    ${times} times, first input ${index}${file === undefined ? '' : `, ${relative('', file)}`}`,
    )
  }
  faulty += faults.length
}
process.exitCode = faulty === 0 ? 0 : 1

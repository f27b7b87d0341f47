// Writes what V8 has compiled of the command line, once it has run lines: node compile.mjs DIST OUT SAMPLES
import { copyFileSync, cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { compile, compiledPath } from '../bin/load.js'

const [dist, out, samples] = process.argv.slice(2)
const sample = join(samples, 'colour.png')
process.chdir(out)
process.env.CI = ''
const copy = 'copy.png'
copyFileSync(sample, copy)
mkdirSync('pictures')
cpSync(sample, 'pictures/a.png')
writeFileSync('convo.check.yaml', 'cases: [{ name: "{stem}", actual: pictures/*.png }]\n')

/** Lines in the order in which they are run, with their statuses. */
const lines = [
  [['sobel', sample, 'out.png', '--quiet'], 0],
  [['compare', sample, copy], 0],
  [['compare', sample, 'out.png'], 1],
  [['check', '--update'], 0],
  [['check'], 0],
]
const write = process.stdout.write
// V8 would forget the code of the first lines while the others run
setFlagsFromString('--no-flush-bytecode')
const codes = await compile(join(dist, 'cli.cjs'), async ({ main }) => {
  for (const [line, status] of lines) {
    process.stdout.write = (_text, ...rest) => {
      rest.findLast((one) => typeof one === 'function')?.()
      return true
    }
    const got = await main(line)
    process.stdout.write = write
    if (got !== status) throw new Error(`convo ${line.join(' ')} ended with ${got}`)
  }
  // compiled code is taken by a V8 with the same flags only, and the runs have changed these
  setFlagsFromString('--flush-bytecode')
  setFlagsFromString('--liftoff')
  setFlagsFromString('--wasm-dynamic-tiering')
})
for (const [name, code] of codes) writeFileSync(compiledPath(join(out, name)), code)
process.exit(0)

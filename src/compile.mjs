// Writes the code that V8 has compiled of the command line after running some lines: node compile.mjs DIST OUT SAMPLES
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

/** The command lines in the order in which they run, with their exit statuses. */
const lines = [
  [['sobel', sample, 'out.png', '--quiet'], 0],
  [['conv2d', sample, 'kernel.png', '--kernel', '1 2 1; 2 4 2; 1 2 1', '--quiet'], 0],
  [['compare', sample, copy], 0],
  [['compare', sample, 'out.png'], 1],
  [['check', '--update'], 0],
  [['check'], 0],
]
const write = process.stdout.write
// V8 would drop the code of the first lines while the others run
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
  // V8 uses compiled code only with the same flags, and the runs have changed these
  setFlagsFromString('--flush-bytecode')
  setFlagsFromString('--liftoff')
  setFlagsFromString('--wasm-dynamic-tiering')
})
for (const [name, code] of codes) writeFileSync(compiledPath(join(out, name)), code)
process.exit(0)

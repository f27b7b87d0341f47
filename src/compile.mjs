// Writes what V8 has compiled of a bundle, once it has run a command line: node compile.mjs BUNDLE OUT -- WORDS...
import { writeFileSync } from 'node:fs'
import { setFlagsFromString } from 'node:v8'
import { compile } from '../bin/load.js'

const [bundle, out, , ...line] = process.argv.slice(2)
const code = await compile(bundle, async ({ main }) => {
  const status = await main(line)
  if (status !== 0) process.exit(status)
  // compiled code is taken by a V8 with the same flags only, and the run has changed these two
  setFlagsFromString('--liftoff')
  setFlagsFromString('--wasm-dynamic-tiering')
})
writeFileSync(out, code)
process.exit(0)

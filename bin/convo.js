#!/usr/bin/env node
// CommonJS, as bin/package.json says: the loader of ES modules would take a fifth of the time of `convo --version`.
const { existsSync, readFileSync, writeSync } = require('node:fs')
const { join } = require('node:path')
const { pathToFileURL } = require('node:url')

const argv = process.argv.slice(2)
const root = join(__dirname, '..')
const cli = join(root, 'dist/cli.js')
const [major, minor] = process.versions.node.split('.').map(Number)

if (argv[0] === '--version' || argv[0] === '-V') {
  // answered here, without loading the rest
  writeSync(1, `${JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version}\n`)
} else if (major < 20 || (major === 20 && minor < 9)) {
  fail(`convo needs Node 20.9 or newer, this is ${process.versions.node}`, 'a newer Node')
} else if (!existsSync(cli)) {
  fail('convo is not built: dist/cli.js is missing', 'npm run build')
} else {
  // Node 22 and newer keep compiled code in a cache: 28 ms instead of 30 for `convo help sobel`
  require('node:module').enableCompileCache?.()
  import(pathToFileURL(cli).href)
    .then(({ main }) => main(argv))
    .then((status) => process.exit(status))
    .catch((error) => {
      console.error(error)
      process.exit(70)
    })
}

function fail(what, fix) {
  writeSync(2, `error: ${what}\n  try: ${fix}\n`)
  process.exitCode = 2
}

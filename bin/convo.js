#!/usr/bin/env node
// CommonJS (see bin/package.json): the ES module loader would take a fifth of the time of `convo --version`.
const { existsSync, readFileSync, writeSync } = require('node:fs')
const { join } = require('node:path')

const argv = process.argv.slice(2)
const root = join(__dirname, '..')
const [major, minor] = process.versions.node.split('.').map(Number)

if (argv[0] === '--version' || argv[0] === '-V') {
  // answered here, without loading the rest
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  try {
    writeSync(1, `${version}\n`)
  } catch ({ code, message }) {
    // a reader that has closed the pipe is not an error
    if (code !== 'EPIPE') fail(`standard output cannot be written: ${message}`, 'convo --version')
  }
} else if (major < 20 || (major === 20 && minor < 9)) {
  fail(`convo needs Node 20.9 or newer, this is ${process.versions.node}`, 'a newer Node')
} else if (!existsSync(join(root, 'dist/cli.cjs'))) {
  fail('convo is not built: dist/cli.cjs is missing', 'npm run build')
} else {
  const { load } = require('./load.js')
  Promise.resolve()
    .then(() => load(join(root, 'dist/cli.cjs')).main(argv))
    .then((status) => process.exit(status))
    .catch((error) => {
      console.error(error)
      process.exit(70)
    })
}

function fail(what, fix) {
  process.exitCode = 2
  try {
    writeSync(2, `error: ${what}\n  try: ${fix}\n`)
  } catch {
    // standard error is closed too: only the exit status is left
  }
}

import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

// Checks the package as it would be published: its files, and its tests after npm has installed it. Run with `npm run
// package`, after `npm run build`. A command after `npm run package --` runs instead of these tests; it should include
// them.

const command = process.argv.slice(2)
const tests = ['vitest', 'run', 'test/package.test.ts', 'test/library/programs.test.ts']
const folder = mkdtempSync(join(tmpdir(), 'convo-archive-'))
try {
  const words = ['pack', '--ignore-scripts', '--pack-destination', folder]
  execFileSync('npm', words, { stdio: ['ignore', 'ignore', 'inherit'] })
  const archive = join(folder, readdirSync(folder)[0]!)
  const noCode = ['batch.schema.json', 'check.schema.json', 'kernel.schema.json', 'package.json']
  for (const [program, ...rest] of [
    ['publint', archive, '--strict'],
    ['attw', archive, '--exclude-entrypoints', ...noCode],
    command.length > 0 ? command : tests,
  ]) {
    const env = { ...process.env, CONVO_ARCHIVE: archive }
    const { status } = spawnSync(program!, rest, { stdio: 'inherit', env })
    if (status !== 0) process.exitCode = 1
  }
} finally {
  rmSync(folder, { recursive: true })
}

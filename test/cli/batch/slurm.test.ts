import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { convo, launcher } from '../convo.ts'
import { tree, writePictures } from './pictures.ts'

const script = fileURLToPath(new URL('slurm.sh', import.meta.url))
const isThere =
  process.getuid?.() === 0 && existsSync('/usr/sbin/slurmctld') && existsSync('/usr/sbin/slurmd')

/** Returns two ports that nobody listens on. */
async function freePorts(): Promise<string[]> {
  const servers = [createServer(), createServer()].map((one) => one.listen(0))
  await Promise.all(servers.map((one) => once(one, 'listening')))
  const ports = servers.map((one) => String((one.address() as AddressInfo).port))
  await Promise.all(servers.map((one) => once(one.close(), 'close')))
  return ports
}

// Uses a real Slurm on this machine: Debian's slurm-wlm, started for this test and stopped afterwards.
describe.skipIf(!isThere)('a Slurm array (skipped without root and slurm-wlm)', () => {
  let folder = ''
  let env: Record<string, string> = {}
  const sh = (command: string, ...args: string[]) =>
    spawnSync(command, args, {
      cwd: folder,
      encoding: 'utf8',
      timeout: 150_000,
      env: { ...process.env, ...env },
    })

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'convo-slurm-'))
    const started = spawnSync('sh', [script, 'start', join(folder, 'slurm'), ...(await freePorts())], {
      encoding: 'utf8',
      timeout: 150_000,
    })
    expect([started.status, started.stderr]).toEqual([0, ''])
    env = { SLURM_CONF: started.stdout.trim() }
  })
  afterAll(() => {
    spawnSync('sh', [script, 'stop', join(folder, 'slurm')], { timeout: 150_000 })
    rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  })

  it('of four jobs makes what one run makes, and the logs merge', async () => {
    writePictures(join(folder, 'in'), 14)
    const line = ['batch', 'in', '-q', '-o']
    const whole = await convo([...line, 'whole/{stem}.png', '--', 'sobel'], { cwd: folder })
    expect(whole.status).toBe(0)
    const words = `batch in -o 'out/{stem}.png' --shard auto --log 'log-{shard}.jsonl' -- sobel`
    writeFileSync(
      join(folder, 'job.sh'),
      `#!/bin/sh\n#SBATCH --array=1-4\nexec '${process.execPath}' '${launcher}' ${words}\n`,
    )
    expect(sh('sbatch', 'job.sh').stdout).toMatch(/Submitted batch job/)
    const until = Date.now() + 150_000
    while (sh('squeue', '--noheader').stdout.trim() !== '' && Date.now() < until) {
      await new Promise((done) => setTimeout(done, 500))
    }
    expect(tree(join(folder, 'out'))).toEqual(tree(join(folder, 'whole')))
    const logs = [1, 2, 3, 4].map((i) => `log-${i}-of-4.jsonl`)
    const merged = await convo(['batch', 'merge', ...logs], { cwd: folder })
    expect([merged.status, merged.stdout + merged.stderr]).toEqual([0, expect.stringMatching(/14/)])
  })
})

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { afterAll, beforeAll } from 'vitest'
import { launcher, type Run } from './convo.ts'

/** Follows what a run wrote, on both streams. */
const end = '\0the end of a run\0'

/** Loads the program for each command line anew and runs it, as the launcher does; what it listened to goes with it. */
const program = `
  const { load } = require(${JSON.stringify(launcher.replace(/convo\.js$/, 'load.js'))})
  const dist = ${JSON.stringify(launcher.replace(/bin.convo\.js$/, 'dist'))}
  const emitters = [process, process.stdout, process.stderr]
  const heard = () => emitters.flatMap((one) =>
    one.eventNames().flatMap((event) => one.rawListeners(event).map((listener) => ({ one, event, listener }))))
  process.on('message', async ({ args, cwd }) => {
    const before = new Set(heard().map(({ listener }) => listener))
    process.chdir(cwd)
    for (const path of Object.keys(require.cache)) if (path.startsWith(dist)) delete require.cache[path]
    const status = await load(dist + '/cli.cjs').main(args)
    for (const { one, event, listener } of heard()) {
      if (before.has(listener)) continue
      if (event === 'exit') listener.call(process, status)
      one.removeListener(event, listener)
    }
    for (const stream of [process.stdout, process.stderr]) stream.write(${JSON.stringify(end)})
    process.send(status)
  })`

/** The bytes of a stream up to the end of a run. */
async function untilEnd(stream: Readable): Promise<Buffer> {
  let bytes = Buffer.alloc(0)
  while (bytes.indexOf(end) < 0) {
    const [piece] = (await once(stream, 'data')) as [Buffer]
    bytes = Buffer.concat([bytes, piece])
  }
  return bytes.subarray(0, bytes.indexOf(end))
}

/**
 * The built program in one process for all tests of a file: each line takes 0.1 s of CPU less. For tests of what lines say
 * and write, one after another; how a process starts and ends is for `convo`.
 */
export function hosted(
  env: Readonly<Record<string, string>> = {},
): (args: readonly string[], options: { readonly cwd: string }) => Promise<Run> {
  let child: ChildProcess
  beforeAll(() => {
    const stdio = ['ignore', 'pipe', 'pipe', 'ipc'] as const
    child = spawn(process.execPath, ['-e', program], { env: { ...process.env, ...env }, stdio: [...stdio] })
  })
  afterAll(() => child.kill())
  return async (args, { cwd }) => {
    const died = once(child, 'exit').then(([status]) => {
      throw new Error(`convo ${args.join(' ')} ended the process with ${status}`)
    })
    died.catch(() => undefined)
    const done = Promise.all([once(child, 'message'), untilEnd(child.stdout!), untilEnd(child.stderr!)])
    child.send({ args, cwd })
    const [[status], bytes, stderr] = (await Promise.race([done, died])) as [[number], Buffer, Buffer]
    return { status, bytes, stdout: bytes.toString(), stderr: stderr.toString() }
  }
}

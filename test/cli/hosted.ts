import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { Run } from './convo.ts'

/** Marks the end of what a run wrote, on both streams. */
const end = '\0the end of a run\0'

/** The number of runs after which a host ends, because it keeps some memory of each. */
const runs = 50

/**
 * Runs the program as the launcher does. The program stays loaded for the next command line, unless a run registers
 * work for the end of the process. Listeners that a run adds are removed after it.
 */
const program = `
  const { load } = require(${at('bin/load.js')})
  const dist = ${at('dist')}
  const emitters = [process, process.stdout, process.stderr]
  const heard = () => emitters.flatMap((one) =>
    one.eventNames().flatMap((event) => one.rawListeners(event).map((listener) => ({ one, event, listener }))))
  let loaded
  process.on('disconnect', () => process.exit())
  process.on('message', async ({ args, cwd }) => {
    const before = new Set(heard().map(({ listener }) => listener))
    process.chdir(cwd)
    loaded ??= load(dist + '/cli.cjs')
    const status = await loaded.main(args)
    for (const { one, event, listener } of heard()) {
      if (before.has(listener)) continue
      if (event === 'exit') {
        listener.call(process, status)
        for (const path of Object.keys(require.cache)) if (path.startsWith(dist)) delete require.cache[path]
        loaded = undefined
      }
      one.removeListener(event, listener)
    }
    for (const stream of [process.stdout, process.stderr]) stream.write(${JSON.stringify(end)})
    process.send(status)
  })`

function at(path: string): string {
  return JSON.stringify(fileURLToPath(new URL(`../../${path}`, import.meta.url)))
}

type Host = { child: ChildProcess; ran: number }

/** Hosts that wait for a command line, for all test files of this process. */
const idle: Host[] = []

/**
 * Runs the built program in a process that also runs others, one after another: this takes a tenth of the CPU time of a
 * new process. To test how a process starts, use `start`.
 */
export async function hosted(args: readonly string[], cwd: string): Promise<Run> {
  const host = idle.pop() ?? { child: begin(), ran: 0 }
  const { child } = host
  const told = new AbortController()
  const streams = [child.stdout!, child.stderr!].map(untilEnd)
  const message = once(child, 'message', told).then(([status]) => status)
  const whole = Promise.all([message, ...streams.map(({ ended }) => ended)]).then(([status]) => status)
  const closed = once(child, 'close', told).then(([status]) => {
    // a command line that ends its process also ends the host
    host.ran = runs - 1
    return status
  })
  child.send({ args, cwd })
  const status: number | null = await Promise.race([whole, closed])
  told.abort()
  const [bytes, stderr] = streams.map(({ written }) => written()) as [Buffer, Buffer]
  if (++host.ran < runs) idle.push(host)
  else child.kill()
  return { status, bytes, stdout: bytes.toString(), stderr: stderr.toString() }
}

/** Collects the bytes of a stream up to the end of a run. */
function untilEnd(stream: Readable): { ended: Promise<void>; written: () => Buffer } {
  let bytes = Buffer.alloc(0)
  const ended = new Promise<void>((done) => {
    stream.on('data', function take(piece: Buffer) {
      const from = Math.max(0, bytes.length - end.length)
      bytes = Buffer.concat([bytes, piece])
      const found = bytes.indexOf(end, from)
      if (found < 0) return
      bytes = bytes.subarray(0, found)
      stream.off('data', take)
      done()
    })
  })
  return { ended, written: () => bytes }
}

function begin(): ChildProcess {
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
  child.unref()
  return child
}

import { dirname, join } from 'node:path'
import { arithmeticVersion } from '../conv/plan.ts'
import { ConvoError } from '../error.ts'
import { checkFolder, missingOf, removeEmpty, writeWhole } from '../files/change.ts'
import { hashText } from '../files/hash.ts'
import { takeHold } from '../files/hold.ts'
import { clearBeside, clearLeftovers } from '../files/leftovers.ts'
import { version } from '../files/package.ts'
import { refuseReplacing } from '../files/reads.ts'
import type { Io } from '../host/io.ts'
import { memoryAvailable, memoryLimit, usableCores } from '../host/machine.ts'
import { shardName } from '../host/shard.ts'
import { type EndSignal, endBy, endSignals, statusOf, takeSignals } from '../signals.ts'
import { visibleLine } from '../text/visible.ts'
import type { Item } from './items.ts'
import { openLog } from './journal.ts'
import { amountOf } from './options.ts'
import { type Batch, fileOf, type Plan, planBatch } from './plan.ts'
import { createPrinter, type Printer } from './printer.ts'
import type { MadeFile } from './runner.ts'
import { createRunner, type Task } from './runner.ts'
import { decide, forced, type Maker, openStateFile, readState, stateFolder } from './state.ts'
import { createTally, type Tally } from './tally.ts'
import { watchPlan } from './watch.ts'

/** Why a batch was stopped by --fail-fast or --max-failures. */
const tooMany = 'too many failures'

/** Milliseconds that a batch has after a signal to end its workers and records. Then it ends in any case. */
const lastWords = 300

/** Why a batch was stopped by its caller. */
const aborted = 'aborted'

/** Runs a batch until `signal` aborts it. Returns the exit status. @throws ConvoError if it cannot start */
export async function runBatch(batch: Batch, io: Io, signal?: AbortSignal): Promise<number> {
  const plan = await planBatch(batch)
  return batch.settings['dry-run'] ? printPlan(plan, io) : work(plan, io, signal)
}

const makerOf = ({ operation }: Plan): Maker => ({
  operation: operation.fingerprint,
  arithmetic: arithmeticVersion,
})

/** `--dry-run` */
async function printPlan(plan: Plan, io: Io): Promise<number> {
  const { settings } = plan.batch
  const printer = createPrinter(settings, io)
  for (const note of plan.notes) printer.note(note)
  const state = readState(plan.template.root)
  let runs = 0
  for (const item of plan.items) {
    const { run, reason } = await decide(item, state, makerOf(plan), settings.force)
    if (run) runs++
    const entry = { event: 'item', input: item.input, output: item.output, reason } as const
    printer.plan({ ...entry, status: 'current' }, run)
    if (settings.json) printer.entry({ ...entry, status: run ? 'planned' : 'current' })
  }
  await printer.end([`${runs} to do, ${plan.items.length - runs} up to date; nothing was written`])
  return 0
}

async function work(plan: Plan, io: Io, signal: AbortSignal | undefined): Promise<number> {
  const { settings } = plan.batch
  const { root } = plan.template
  const waiting = new AbortController()
  let stopped: EndSignal | typeof aborted | undefined
  let stop: (why: EndSignal | typeof aborted) => void = () => waiting.abort()
  const onAbort = () => {
    stopped ??= aborted
    stop(aborted)
  }
  if (signal?.aborted) onAbort()
  signal?.addEventListener('abort', onAbort, { once: true })
  const giveBack = takeSignals((signal) => {
    if (stopped !== undefined && stopped !== aborted) endBy(signal)
    stopped = signal
    setTimeout(endBy, lastWords, signal)
    stop(signal)
  })
  const folders = plan.items.map(({ output }) => dirname(output))
  const missing = missingOf(folders)
  try {
    const hold = await takeHold({
      folder: stateFolder(root),
      shard: shardName(plan.shard),
      taken: { message: `another batch is running in ${root}`, fix: '--wait' },
      signal: waiting.signal,
      ...(settings.wait && {
        onWait: (other) =>
          settings.quiet || io.err(`${visibleLine(`waiting for another batch in ${root}: ${other}`)}\n`),
      }),
    }).catch((error) => {
      if (stopped === undefined) throw error
    })
    if (hold === undefined) return isSignal(stopped!) ? statusOf(stopped) : 1
    try {
      refuseFailedList(plan)
      for (const folder of new Set([root, ...folders])) clearLeftovers(folder)
      if (settings['in-place']) for (const { output } of plan.items) clearBeside(output)
      const printer = createPrinter(settings, io, logOf(plan))
      const session = await openSession(plan, printer)
      stop = session.stop
      if (stopped !== undefined) session.stop(stopped)
      return await session.run()
    } finally {
      hold.release()
      for (const folder of missing) removeEmpty([folder])
    }
  } finally {
    signal?.removeEventListener('abort', onAbort)
    giveBack()
  }
}

const isSignal = (why: string): why is EndSignal => endSignals.some((signal) => signal === why)

/** A shard always has a log, which `convo batch merge` joins with the others'. */
function logOf({ batch, shard, template }: Plan) {
  const log = fileOf('log', batch.settings, shard)
  if (log !== undefined) return openLog(log)
  return shard && openLog(join(stateFolder(template.root), `log-${shardName(shard)}.jsonl`))
}

async function openSession(plan: Plan, printer: Printer) {
  const { batch, items, template } = plan
  const { settings } = batch
  const maker = makerOf(plan)
  const state = new Map(readState(template.root))
  const again = settings.force ? forced(items, state) : []
  const file = await openStateFile(template.root, plan.shard, again)
  const tally = createTally(items.length)
  const ended = new AbortController()
  let stopped = ''

  const stop = (why: string) => {
    if (stopped !== '') return
    stopped = why
    if (isSignal(why) || why === aborted) void runner.kill()
    else runner.stop()
    ended.abort()
  }

  const note = (item: Item, made: MadeFile) => {
    const whole = { output: item.name, input: item.input, ...made, ...maker }
    const others = (state.get(item.name) ?? []).filter(({ output }) => output !== item.name)
    state.set(item.name, [...others, whole])
    const error = file.note(whole)
    if (error !== undefined) printer.error(error)
  }

  const runner = createRunner({
    setup: { words: batch.operation, inPlace: settings['in-place'] },
    ...resourcesOf(plan),
    onBroken: () => stop('no worker process could be started'),
    onMade: (task, made) => note(task.item, made),
    onResult(task, result, footprint) {
      if (result.kind === 'done' && result.made !== undefined) note(task.item, result.made)
      printer.item(tally.count(task, result, footprint))
      printer.update(tally.standing())
      if (tally.failed() >= mostFailures(plan)) stop(tooMany)
    },
  })

  /** Decides about an item. Returns a task if it must run. */
  const look = async (item: Item): Promise<Task | undefined> => {
    const { run, reason, renewed, bytes } = await decide(item, state, maker, settings.force)
    const { input, output } = item
    const size = bytes === undefined ? {} : { bytes }
    const entry = { event: 'item', status: 'current', input, output, reason, ...size } as const
    printer.plan(entry, run)
    if (run) return { item, reason }
    if (renewed !== undefined) note(item, renewed)
    tally.current()
    printer.item(entry)
    return undefined
  }

  async function run(): Promise<number> {
    for (const text of plan.notes) printer.note(text)
    printer.entry(startEntry(plan))
    const tasks: Task[] = []
    for (const item of items) {
      if (stopped !== '') break
      const task = await look(item)
      if (task !== undefined) tasks.push(task)
    }
    tally.begin(tasks)
    runner.add(tasks)
    await runner.drained()
    if (settings.watch && stopped === '') {
      await watchPlan(plan, ended.signal, printer, async (item) => {
        const task = await look(item)
        tally.add(task)
        if (task !== undefined) runner.add([task])
      })
      await runner.drained()
    }
    runner.end()
    const isListed = await writeFailed(plan, tally.failures(), printer)
    const status = await finish(plan, tally, printer, stopped)
    return isListed && !printer.hasLost() ? status : Math.max(status, 2)
  }
  return { stop, run }
}

const startEntry = ({ batch, shard, template, all, items, operation }: Plan) =>
  ({
    event: 'start',
    time: new Date().toISOString(),
    version: version(),
    operation: batch.operation,
    output: template.text,
    shard: shardName(shard),
    all: all.length,
    total: items.length,
    plan: hashText(
      JSON.stringify([operation.fingerprint, ...all.map(({ input, output }) => [input, output])]),
    ),
  }) as const

function resourcesOf({ batch: { settings }, operation }: Plan) {
  const cores = usableCores(process.env)
  const limit = memoryLimit(process.env)
  const jobs = settings.jobs === undefined ? cores : amountOf(settings.jobs, cores)
  return {
    jobs,
    appetite: { job: operation.job, threads: jobs },
    memory: amountOf(settings.memory ?? { kind: 'share', value: 50 }, limit),
    available: () => memoryAvailable(limit),
  }
}

function mostFailures({ batch: { settings }, items }: Plan): number {
  if (settings['fail-fast']) return 1
  const most = settings['max-failures']
  return most === undefined ? Number.POSITIVE_INFINITY : amountOf(most, items.length)
}

/** Writes the list of failures. If that fails, reports the error and returns false. */
async function writeFailed(plan: Plan, failures: readonly string[], printer: Printer): Promise<boolean> {
  const target = fileOf('failed-list', plan.batch.settings, plan.shard)
  if (target === undefined) return true
  const end = plan.batch.settings.null ? '\0' : '\n'
  const held = failures.filter((input) => !input.includes(end))
  const text = held.map((input) => input + end).join('')
  try {
    await writeWhole(target, text)
  } catch (error) {
    if (!(error instanceof ConvoError)) throw error
    printer.error(error)
    return false
  }
  if (held.length === failures.length) return true
  printer.error(
    new ConvoError('E_OUTPUT', `${target} cannot hold a file name with a line break`, {
      why: failures.filter((input) => input.includes(end)).map((input) => JSON.stringify(input)),
      fix: '--null',
    }),
  )
  return false
}

/** Refuses a list that cannot be written before hours of work, not after. */
function refuseFailedList(plan: Plan): void {
  const target = fileOf('failed-list', plan.batch.settings, plan.shard)
  if (target === undefined) return
  refuseReplacing(target)
  try {
    checkFolder(dirname(target))
  } catch (cause) {
    if (!(cause instanceof ConvoError)) throw cause
    const what = `the list of failures ${target} cannot be written`
    throw new ConvoError('E_OUTPUT', what, { why: [cause.message, ...cause.why], cause })
  }
}

async function finish(plan: Plan, tally: Tally, printer: Printer, stopped: string): Promise<number> {
  const { done, current, failed, left } = tally.counts()
  printer.entry({
    event: 'end',
    time: new Date().toISOString(),
    shard: shardName(plan.shard),
    stopped,
    milliseconds: Math.round(tally.standing().milliseconds),
    megapixels: Math.round(tally.standing().megapixels * 1000) / 1000,
    done,
    current,
    failed,
    left,
  })
  const more =
    stopped === '' ? [] : [`stopped: ${stopped}`, ...(left > 0 ? [`to resume: ${plan.batch.again}`] : [])]
  await printer.end([tally.summary(), ...more])
  if (isSignal(stopped)) return statusOf(stopped)
  if (failed === 0 && left === 0) return 0
  return done + current > 0 || stopped === tooMany ? 1 : 2
}

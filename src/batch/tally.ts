import type { Footprint } from './footprint.ts'
import type { BatchCounts, ItemEntry } from './journal.ts'
import type { Result, Task } from './runner.ts'

/** Megapixels for each byte of a picture file, while nothing is known: that of a photograph as PNG. */
const firstGuess = 0.5e-6

export type Tally = ReturnType<typeof createTally>

/** Keeps count of a batch; `items` is the number of its inputs. */
export function createTally(items: number) {
  let total = items
  let [done, current, clipped, noted] = [0, 0, 0, 0]
  let [megapixels, knownBytes, knownMegapixels, bytesLeft] = [0, 0, 0, 0]
  let began: number | undefined
  const failures = new Set<string>()
  // between the pictures of a folder that is watched nothing is done: that is no part of the time
  let [pending, idle] = [0, 0]
  let idleSince: number | undefined
  const counts = (): BatchCounts => ({
    done,
    current,
    failed: failures.size,
    left: total - done - current - failures.size,
  })
  const created = performance.now()
  const now = () => (idleSince ?? performance.now()) - idle
  const elapsed = () => (began === undefined ? 0 : now() - began)
  const expect = (tasks: number) => {
    if (tasks > 0 && idleSince !== undefined) {
      idle += performance.now() - idleSince
      idleSince = undefined
    }
    pending += tasks
    if (pending === 0) idleSince ??= performance.now()
  }

  return {
    /** The work begins: these are all the items to run. */
    begin(tasks: readonly Task[]): void {
      began = now()
      expect(tasks.length)
      for (const { item } of tasks) bytesLeft += item.bytes
    },
    /** One more input turned up, to run where there is a task. */
    add(task: Task | undefined): void {
      total++
      expect(task === undefined ? 0 : 1)
      bytesLeft += task?.item.bytes ?? 0
    },
    /** An input was up to date. */
    current(): void {
      current++
    },
    /** A result came; gives what to report. */
    count({ item, reason }: Task, result: Result, footprint: Footprint): ItemEntry {
      bytesLeft -= item.bytes
      expect(-1)
      // half-written when it was tried before, in a folder that is watched
      if (failures.delete(item.input)) total--
      const pixels = result.kind === 'done' ? result.pixels : footprint.pixels
      knownBytes += item.bytes
      knownMegapixels += pixels / 1e6
      const { input, output } = item
      const entry = { event: 'item', input, output, reason, milliseconds: result.milliseconds } as const
      if (result.kind === 'failed') {
        failures.add(input)
        return { ...entry, status: 'failed', error: result.error }
      }
      done++
      megapixels += pixels / 1e6
      if (result.clipped.low + result.clipped.high > 0) clipped++
      // clipped samples are no note here: they are counted on their own
      if (result.notes.length > 0) noted++
      const { bytes, notes } = result
      return { ...entry, status: 'done', megapixels: pixels / 1e6, bytes, clipped: result.clipped, notes }
    },
    counts,
    failed: () => failures.size,
    /** Inputs that failed, in the order of their paths. */
    failures: (): readonly string[] => [...failures].sort(),
    /** The progress. What remains is known as far as headers and file sizes show. */
    standing() {
      const perByte = knownBytes > 0 ? knownMegapixels / knownBytes : firstGuess
      return {
        done: done + current + failures.size,
        failed: failures.size,
        total,
        megapixels,
        megapixelsLeft: bytesLeft * perByte,
        milliseconds: elapsed(),
      }
    },
    /** The last line for people. */
    summary(): string {
      const text = summaryText(counts(), now() - created, megapixels)
      const clips = clipped === 0 ? '' : `; samples were clipped in ${clipped}`
      return `${text}${clips}${noted === 0 ? '' : `; notes on ${noted}, which --verbose lists`}`
    },
  }
}

/** `2000 pictures in 6.1 s, 21.4 MP/s: 1990 done, 5 up to date, 5 failed` */
export function summaryText(counts: BatchCounts, milliseconds: number, megapixels: number): string {
  const { done, current, failed, left } = counts
  const all = done + current + failed + left
  const seconds = milliseconds / 1000
  const rate = megapixels > 0 && seconds > 0 ? `, ${(megapixels / seconds).toFixed(1)} MP/s` : ''
  const parts = [
    `${done} done`,
    ...(current > 0 ? [`${current} up to date`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(left > 0 ? [`${left} not tried`] : []),
  ]
  return `${all} picture${all === 1 ? '' : 's'} in ${seconds.toFixed(1)} s${rate}: ${parts.join(', ')}`
}

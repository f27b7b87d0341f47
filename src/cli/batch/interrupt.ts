import { constants } from 'node:os'

/** Signals that ask a batch to end, as `kill`, Ctrl-C, schedulers and closed terminals send them. */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export type Interrupt = (typeof signals)[number]

/** The exit status after a signal. */
export const statusOf = (signal: Interrupt): number => 128 + constants.signals[signal]

/**
 * Takes signals over: the first one is told, the second one too, and ends the process at once. Returns what gives them
 * back to those who had them.
 */
export function onInterrupt(first: (signal: Interrupt) => void, second: () => void): () => void {
  let isSecond = false
  const before = signals.map((signal) => process.listeners(signal))
  const listeners = signals.map((signal) => () => {
    if (isSecond) {
      second()
      // workers drop what they are at when they see that this process is gone
      process.exit(statusOf(signal))
    }
    isSecond = true
    first(signal)
  })
  for (const [i, signal] of signals.entries()) {
    process.removeAllListeners(signal)
    process.on(signal, listeners[i]!)
  }
  return () => {
    for (const [i, signal] of signals.entries()) {
      process.off(signal, listeners[i]!)
      for (const listener of before[i]!) process.on(signal, listener as () => void)
    }
  }
}

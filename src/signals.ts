import { constants } from 'node:os'
import { setImmediate as immediate } from 'node:timers/promises'

/** Signals that ask a process to end: Ctrl-C, `kill` and schedulers, a closed terminal. */
export const endSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export type EndSignal = (typeof endSignals)[number]

/** Returns the exit status after a signal, as in shells. */
export const statusOf = (signal: EndSignal): number => 128 + constants.signals[signal]

// A signal without a listener ends the process at once, whatever it is doing: neither JavaScript nor native code can
// delay it, and shells see 130, 143 or 129. So convo listens to signals only while there is something to undo, such as
// a temporary file, or while the process is idle and can exit with that status itself. Code with something to undo must
// let the event loop turn every few hundred milliseconds.

/**
 * The library is a guest in its process. The command line owns its process. A member of a crew ends when its parent
 * asks it to.
 */
type Role = 'guest' | 'owner' | 'crew'

let role: Role = 'guest'
let ears = 0
let nativeCalls = 0
let ending: EndSignal | undefined
let onFirst: ((signal: EndSignal) => void) | undefined
const undos = new Set<() => void>()

/**
 * Sets the role of convo in the process. The default is a guest: the program that loaded it decides what a signal does.
 */
export function setRole(one: Exclude<Role, 'guest'>): void {
  role = one
  if (one === 'crew') for (const signal of endSignals) process.on(signal, () => undefined)
}

/** Whether the process belongs to another program. */
export const isGuest = (): boolean => role === 'guest'

/**
 * Registers `undo`, to be called when the process exits or before a signal ends it. Returns a function that unregisters
 * it.
 */
export function undoAtEnd(undo: () => void): () => void {
  if (undos.size === 0) process.on('exit', undoAll)
  undos.add(undo)
  const stop = hear()
  return () => {
    if (!undos.delete(undo)) return
    if (undos.size === 0) process.off('exit', undoAll)
    stop()
  }
}

/** Undoes all that is registered, for a process that is about to end in another way. */
export function undoAll(): void {
  for (const undo of undos) {
    try {
      undo()
    } catch {
      // a failure does not prevent the other undos
    }
  }
}

/** Whether convo is listening to signals, so that the event loop must turn. */
export const isHearing = (): boolean => ears > 0

/**
 * Waits for something that does not block the event loop. Meanwhile, a signal ends the command line with its status.
 */
export async function listening<T>(wait: () => Promise<T>): Promise<T> {
  if (role !== 'owner') return wait()
  const stop = hear()
  try {
    return await wait()
  } finally {
    await drainSignals()
    stop()
  }
}

/**
 * Lets the event loop turn until a turn takes less than 2 ms, at most ten times. Otherwise a signal that has arrived,
 * but was not delivered yet, would be lost when listening stops. Waiting for the end of one turn is not enough, because
 * signals are read before the work of the turn.
 */
export async function drainSignals(): Promise<void> {
  await immediate()
  for (let turns = 0; turns < 10; turns++) {
    const start = performance.now()
    await immediate()
    if (performance.now() - start < 2) return
  }
}

/** Waits for native code in libuv's threads. An exit of the process would wait for it too. */
export async function nativeWork<T>(wait: () => Promise<T>): Promise<T> {
  nativeCalls++
  try {
    return await listening(wait)
  } finally {
    nativeCalls--
    if (ending !== undefined && nativeCalls === 0) process.exit(statusOf(ending))
  }
}

/** Reports signals to `first` instead of ending the process. Returns a function that stops this. */
export function takeSignals(first: (signal: EndSignal) => void): () => void {
  onFirst = first
  const stop = hear()
  return () => {
    onFirst = undefined
    stop()
  }
}

/** How long to wait for running native work after a signal, in milliseconds. */
const patience = 300

/**
 * Ends the process because of a signal. Normally it exits with the status of the signal. If native work is running, an
 * exit would wait for it, even for minutes, so the signal itself ends the process shortly afterwards. A shell sees the
 * same number in both cases.
 */
export function endBy(signal: EndSignal): void {
  undoAll()
  if (nativeCalls === 0) process.exit(statusOf(signal))
  ending = signal
  setTimeout(() => {
    undoAll()
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  }, patience)
}

/** Whether a signal is ending the process. The results of its work are then no longer reported. */
export const isEnding = (): boolean => ending !== undefined

/** Starts to listen to signals. Returns a function that stops. */
function hear(): () => void {
  if (role === 'crew') return () => undefined
  if (ears++ === 0) for (const signal of endSignals) process.on(signal, onSignal)
  let isOver = false
  return () => {
    if (isOver) return
    isOver = true
    if (--ears === 0) for (const signal of endSignals) process.off(signal, onSignal)
  }
}

function onSignal(signal: EndSignal): void {
  if (onFirst !== undefined) onFirst(signal)
  else if (role === 'owner') endBy(signal)
  else passOn(signal)
}

/**
 * Undoes what convo has registered. Listening to a signal keeps it from ending the process, so it is sent again if
 * there are no other listeners.
 */
function passOn(signal: EndSignal): void {
  undoAll()
  for (const one of endSignals) process.off(one, onSignal)
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal)
}

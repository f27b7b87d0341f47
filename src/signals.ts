import { constants } from 'node:os'
import { setImmediate as immediate } from 'node:timers/promises'

/** Signals that ask a process to end: Ctrl-C, `kill` and schedulers, a terminal that is closed. */
export const endSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export type EndSignal = (typeof endSignals)[number]

/** The exit status after a signal, as shells give it. */
export const statusOf = (signal: EndSignal): number => 128 + constants.signals[signal]

// A signal that nobody listens to ends the process at once, whatever it is doing: JavaScript and native code cannot keep
// the kernel waiting, and shells see 130, 143 or 129. So signals are heard only while there is something to undo, such as
// a temporary file, or while the process is idle and can give the status itself. Whoever has something to undo must let
// the event loop turn every few hundred milliseconds.

/** The library is a guest in its process; the command line owns it; a member of a crew ends when its parent says so. */
type Role = 'guest' | 'owner' | 'crew'

let role: Role = 'guest'
let ears = 0
let nativeCalls = 0
let ending: EndSignal | undefined
let onFirst: ((signal: EndSignal) => void) | undefined
const undos = new Set<() => void>()

/** Says whose the process is; until then it is somebody else's, who decides what a signal does. */
export function setRole(one: Exclude<Role, 'guest'>): void {
  role = one
  if (one === 'crew') for (const signal of endSignals) process.on(signal, () => undefined)
}

/** Whether the process is somebody else's. */
export const isGuest = (): boolean => role === 'guest'

/** Has `undo` called when the process exits or a signal ends it, before that, until the function that it gives is called. */
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

/** Undoes what is to be undone at the end: for a process that is about to end in a way of its own. */
export function undoAll(): void {
  for (const undo of undos) {
    try {
      undo()
    } catch {
      // what cannot be undone does not keep the rest from it
    }
  }
}

/** Whether signals are heard, so that the event loop must turn. */
export const isHearing = (): boolean => ears > 0

/** Waits for something that leaves the event loop free. Meanwhile a signal ends the command line with its status. */
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
 * Lets the event loop turn until a whole turn has next to nothing to do, ten times at most: a signal that has come but was
 * not known yet would be lost when nobody listens any more. The end of one turn is not enough, since signals are read before
 * the work that the turn does.
 */
export async function drainSignals(): Promise<void> {
  await immediate()
  for (let turns = 0; turns < 10; turns++) {
    const start = performance.now()
    await immediate()
    if (performance.now() - start < 2) return
  }
}

/** Waits for native code in libuv's threads, which an exit of the process would wait for too. */
export async function nativeWork<T>(wait: () => Promise<T>): Promise<T> {
  nativeCalls++
  try {
    return await listening(wait)
  } finally {
    nativeCalls--
    if (ending !== undefined && nativeCalls === 0) process.exit(statusOf(ending))
  }
}

/** Has signals reported to `first` instead of ending the process. Returns what ends that. */
export function takeSignals(first: (signal: EndSignal) => void): () => void {
  onFirst = first
  const stop = hear()
  return () => {
    onFirst = undefined
    stop()
  }
}

/** How long native work in flight is waited for after a signal, in milliseconds. */
const patience = 300

/**
 * Ends the process as a signal asks: by an exit with its status; and where native work is in flight, which an exit would
 * wait for, minutes even, soon by the signal itself. A shell sees the same number either way.
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

/** Whether a signal is ending the process: results of its work are no longer reported. */
export const isEnding = (): boolean => ending !== undefined

/** Listens to signals until the function that it gives is called. */
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

/** Undoes what is ours. Listening to a signal keeps it from ending the process: when nobody else does, it is sent again. */
function passOn(signal: EndSignal): void {
  undoAll()
  for (const one of endSignals) process.off(one, onSignal)
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal)
}

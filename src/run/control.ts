// The control block that all threads share: the next part, the parts whose input has been staged, and the slots that
// are free again.

/** The number of words in the control block. */
export const controlWords = 64
const nextPart = 0
const staged = 1
const firstSlot = 2
/** The maximum number of slots for input that is brought in strip by strip. */
export const mostSlots = controlWords - firstSlot
const noMore = 0x3fffffff

/** Resets the block for a job: no part is claimed, and no input is staged unless the job has no staging. */
export function beginJob(control: Int32Array, isStaged: boolean): void {
  control.fill(0)
  Atomics.store(control, staged, isStaged ? 0 : noMore)
}

/** Makes every claim fail and every wait end. */
export function endJob(control: Int32Array): void {
  Atomics.store(control, nextPart, noMore)
  Atomics.store(control, staged, noMore)
  Atomics.notify(control, staged)
}

export const claim = (control: Int32Array): number => Atomics.add(control, nextPart, 1)

/** The number of parts, from the first, whose input has been staged. */
export const stagedParts = (control: Int32Array): number => Atomics.load(control, staged)

/** Blocks until the input of a part is staged. */
export function awaitStaged(control: Int32Array, part: number): void {
  for (let there = stagedParts(control); there <= part; there = stagedParts(control))
    Atomics.wait(control, staged, there)
}

/** Announces that the input of the next part is staged. */
export function announceStaged(control: Int32Array): void {
  Atomics.add(control, staged, 1)
  Atomics.notify(control, staged)
}

/** Announces that the input of a part is no longer needed. */
export function release(control: Int32Array, part: number, slots: number): void {
  const word = firstSlot + (part % slots)
  Atomics.store(control, word, part + 1)
  Atomics.notify(control, word)
}

/** Whether the slot for a part's input is free. */
export const isFree = (control: Int32Array, part: number, slots: number): boolean =>
  part < slots || Atomics.load(control, firstSlot + (part % slots)) >= part - slots + 1

/** Blocks until the slot for a part's input may be free, for at most a millisecond. */
export function awaitFree(control: Int32Array, part: number, slots: number): void {
  const word = firstSlot + (part % slots)
  const held = Atomics.load(control, word)
  if (held < part - slots + 1) Atomics.wait(control, word, held, 1)
}

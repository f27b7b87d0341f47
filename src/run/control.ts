// The control block that all threads share: which part is next, which parts' input is there, which room is free again.

/** The words of the control block. */
export const controlWords = 64
const nextPart = 0
const staged = 1
const firstSlot = 2
/** The most rooms for input that is brought in strip by strip. */
export const mostSlots = controlWords - firstSlot
const noMore = 0x3fffffff

/** Gets the block ready for a job: nothing claimed, and nothing staged unless there is no staging. */
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

/** The next part that nobody has taken. */
export const claim = (control: Int32Array): number => Atomics.add(control, nextPart, 1)

/** The parts whose input has been brought in, from the first on. */
export const stagedParts = (control: Int32Array): number => Atomics.load(control, staged)

/** Blocks until the input of a part is there. */
export function awaitStaged(control: Int32Array, part: number): void {
  for (let there = stagedParts(control); there <= part; there = stagedParts(control))
    Atomics.wait(control, staged, there)
}

/** Says that the input of the next part is there. */
export function announceStaged(control: Int32Array): void {
  Atomics.add(control, staged, 1)
  Atomics.notify(control, staged)
}

/** Says that the input of a part is not needed any more. */
export function release(control: Int32Array, part: number, slots: number): void {
  const word = firstSlot + (part % slots)
  Atomics.store(control, word, part + 1)
  Atomics.notify(control, word)
}

/** Whether the room that a part's input would go to is free. */
export const isFree = (control: Int32Array, part: number, slots: number): boolean =>
  part < slots || Atomics.load(control, firstSlot + (part % slots)) >= part - slots + 1

/** Blocks until the room for a part's input may be free, a millisecond at most. */
export function awaitFree(control: Int32Array, part: number, slots: number): void {
  const word = firstSlot + (part % slots)
  const held = Atomics.load(control, word)
  if (held < part - slots + 1) Atomics.wait(control, word, held, 1)
}

declare const address: unique symbol

/** A byte in the shared memory of a pool. Lengths, steps and offsets are not addresses; see `plus`. */
export type Address = number & { readonly [address]: true }

/** The address `bytes` bytes after another one. */
export const plus = (from: Address, bytes: number): Address => (from + bytes) as Address

/** No address: the place of a row that does not exist. */
export const nowhere = -1 as Address

/** The address that loops take for a block that does not exist. */
export const noBlock = 0 as Address

/** Rounds bytes up to whole cache lines. */
export const align = (bytes: number): number => Math.ceil(bytes / 64) * 64

/**
 * The place of a byte among eight. Samples are copied into shared memory eight bytes at a time from the same place, and
 * one by one from others, which takes seven times as long.
 */
export const shift = (bytes: number): number => bytes & 7

declare const address: unique symbol

/** A byte in the shared memory of a pool; a length, a step or an offset is none. See `plus`. */
export type Address = number & { readonly [address]: true }

/** The address `bytes` behind another one. */
export const plus = (from: Address, bytes: number): Address => (from + bytes) as Address

/** No address: where a row is that is not there. */
export const nowhere = -1 as Address

/** What a loop takes for a block that is not there. */
export const noBlock = 0 as Address

/** Bytes up to the next line of the cache. */
export const align = (bytes: number): number => Math.ceil(bytes / 64) * 64

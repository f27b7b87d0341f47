/** A byte in the shared memory. Lengths, steps and pitches, in bytes as well, are `usize`. */
export type Address = usize

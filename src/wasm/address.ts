/** An address in the shared memory, in bytes. Lengths, steps and pitches, also in bytes, are `usize`. */
export type Address = usize

/** Copies `n` bytes. */
export function copyBytes(dst: usize, src: usize, n: usize): void {
  memory.copy(dst, src, n)
}

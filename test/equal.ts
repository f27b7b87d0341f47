import { expect } from 'vitest'

// Makes numbers that are the same bit for bit equal at once: the matchers go through the elements and take 2.5 s for a
// million. All other values are left to the matchers.

/** Whether both are numbers of the same kind with the same bytes. */
function hasSameBytes(a: unknown, b: unknown): boolean {
  if (!ArrayBuffer.isView(a) || !ArrayBuffer.isView(b)) return false
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false
  return bytesOf(a).equals(bytesOf(b))
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
  Buffer.from(buffer, byteOffset, byteLength)

/** Whether both are lists of the same numbers, and contain nothing else. */
function hasSameNumbers(a: unknown, b: unknown): boolean {
  if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) {
    if (typeof a[i] !== 'number' || !Object.is(a[i], b[i])) return false
  }
  return true
}

expect.addEqualityTesters([(a, b) => hasSameBytes(a, b) || hasSameNumbers(a, b) || undefined])

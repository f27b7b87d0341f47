/** Returns the numbers that the scripts in this folder use: from -1 to below 1 in steps of 2^-15. */
export function numbers(count: number, seed: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => {
    let k = (Math.imul(i, 2654435761) + seed * 40503 + 12345) >>> 0
    k = Math.imul(k ^ (k >>> 15), 2246822519) >>> 0
    return (k >>> 16) / 32768 - 1
  })
}

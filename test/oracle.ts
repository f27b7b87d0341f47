/**
 * The textbook sums, as plain loops in float64. Every expected value of the tests that is not written out by hand comes
 * from here, so nothing of `src` is imported, not even the arithmetic of sizes and borders.
 * Two-dimensional things are computed as three-dimensional ones of depth 1. Arguments are taken to be right.
 */
export * from './oracle/operators.ts'
export * from './oracle/sums.ts'

/**
 * The textbook sums, as plain loops in float64. Every expected value in the tests that is not written out by hand comes
 * from here, so nothing is imported from `src`, not even the arithmetic of sizes and borders. Two-dimensional sums are
 * computed as three-dimensional ones of depth 1. Arguments are not checked.
 */
export * from './oracle/operators.ts'
export * from './oracle/sums.ts'

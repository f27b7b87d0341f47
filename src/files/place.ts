/** Where something is in a file; line and column are counted from 1. */
export type Place = { readonly file: string; readonly line: number; readonly column: number }

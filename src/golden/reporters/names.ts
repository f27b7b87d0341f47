/** The reporters, named apart from their table so that help does not load them; a test compares the two. */
export const reporterNames = [
  'pretty',
  'lines',
  'json',
  'jsonl',
  'junit',
  'markdown',
  'github',
  'html',
] as const

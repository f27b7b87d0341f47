import { ConvoError } from '../error.ts'
import { choice, custom, flag, type Param, text, type Values } from '../params.ts'
import { readingSettings, runSettings } from '../picture/run-settings.ts'
import { amountIn } from '../text/amount.ts'

/** The reporters' names, apart from their table so that help does not load it. The table must have the same names. */
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

/** The name of a reporter. */
export type ReporterName = (typeof reporterNames)[number]

export const defaultResults = '.convo/check'

/** The default folder for pictures that the report of a comparison of folders shows. */
export const compareResults = '.convo/compare'

/** The folder of the results of tests, relative to the folder that they run in. */
export const testResults = '.convo/tests'

/** The folder of goldens beside a test file. */
export const testGoldens = '__goldens__'

/** A repeatable setting, whose value is a list. */
function list(summary: string, metavar: string, one: Param<string> = text(summary, metavar)) {
  const parse = (given: unknown, name: string): readonly string[] =>
    [given].flat().map((part) => one.parse(part, name))
  return {
    ...custom(summary, metavar, parse),
    repeats: true,
    ...(one.choices !== undefined && { choices: one.choices }),
  }
}

export const picturesRead = {
  'no-orient': readingSettings['no-orient'],
  'max-pixels': readingSettings['max-pixels'],
  layout: readingSettings.layout,
}

/** Converts those settings to options for reading. */
export const readingOf = ({
  'max-pixels': maxPixels,
  'no-orient': noOrient,
  layout,
}: Values<typeof picturesRead>) => ({ maxPixels, orient: !noOrient, layout })

/** Where the last run is. */
export const resultsSettings = {
  results: text(
    'folder for the results; checks that run at the same time need one each',
    '<folder>',
    defaultResults,
  ),
  debug: runSettings.debug,
}

export const waitSettings = {
  wait: flag('wait for another check or approval that writes to the same folders instead of failing'),
}

/** Which cases of the manifest are checked, and how. */
export const checkSettings = {
  filter: {
    ...list('only cases with this name; * matches any text; repeatable', '<name>'),
    unset: 'all cases',
  },
  tag: {
    ...list('only cases with this tag; repeatable', '<tag>'),
    unset: 'all cases',
  },
  shard: {
    ...text('only the i-th of n shards; auto: taken from the CI server', '<i/n>'),
    unset: 'all cases',
  },
  allow: {
    ...list('do not fail for new or obsolete goldens; repeatable', '<word>', choice('', ['new', 'obsolete'])),
    unset: 'neither',
  },
  update: flag('approve everything new, changed or obsolete; refused on a CI server'),
  'self-test': flag(
    'also change every picture to just beyond its tolerance, and fail if the check does not notice',
  ),
  tighten: flag('also print the smallest tolerance that each case passes with'),
  memory: {
    ...custom('memory for pictures processed at the same time, such as 512MiB or 2GiB', '<size>', parseSize),
    unset: "a quarter of the machine's memory, at most 4GiB",
  },
}

export const reportSettings = {
  reporter: {
    ...list(
      `format of the report: ${reporterNames.join(', ')}; =file writes to a file, html=folder/ a page with its pictures in separate files; repeatable`,
      '<name[=file]>',
    ),
    unset: 'pretty',
  },
  passing: flag('also show the pictures of cases that pass, on an HTML page of one file'),
}

function parseSize(given: unknown, name: string): number {
  const bytes = amountIn(given)
  if (bytes >= 1 && Number.isFinite(bytes)) return Math.round(bytes)
  throw new ConvoError('E_OPTION', `${name} must be a size such as 512MiB, got ${JSON.stringify(given)}`)
}

import type { ReporterName } from '../settings.ts'
import { github } from './github.ts'
import { html } from './html.ts'
import { json, jsonl, lines } from './jsonl.ts'
import { junit } from './junit.ts'
import { markdown } from './markdown.ts'
import { pretty } from './pretty.ts'
import type { Reporter } from './reporter.ts'

/** Every reporter by name, in the order of help. A new one is a file beside this one and an entry here. */
export const reporters: Readonly<Record<ReporterName, Reporter>> = {
  pretty,
  lines,
  json,
  jsonl,
  junit,
  markdown,
  github,
  html,
}

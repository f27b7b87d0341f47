import { text } from '../../params.ts'
import { runSettings } from '../../picture/run-settings.ts'
import { argument } from '../../picture/words/syntax.ts'
import { type Command, commandOf } from '../command.ts'

const mergeSettings = {
  output: text(
    'the report: .html, .json, .jsonl, .xml for JUnit, .md for Markdown, .txt; folder/ for a page with its pictures in separate files',
    '<file>',
    'report.html',
  ),
  debug: runSettings.debug,
}

/** `convo report merge <json...>` */
export const reportMerge: Command = commandOf(mergeSettings, {
  name: 'report merge',
  summary: 'merges the results of shards into one report',
  arguments: [
    argument('<json...>', 'results.json of a check with its pictures next to it, or the folder of results'),
  ],
  examples: [
    'convo report merge shard-*/results.json -o report.html',
    'convo report merge shard-1 shard-2 -o junit.xml',
  ],
  details: () => ({
    'Exit status': '0: no case failed. 1: some did, or a shard is missing. 2: the report could not be made.',
  }),
  async run({ output }, { args, io }) {
    const { mergeReports } = await import('../../golden/merge.ts')
    return mergeReports(args, output, io)
  },
})

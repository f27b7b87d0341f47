import { resultsSettings } from '../../golden/settings.ts'
import { resolve } from '../../params.ts'
import type { Command } from '../command.ts'

/** `convo review` */
export const reviewCommand: Command = {
  name: 'review',
  summary: 'steps through the failures of the last check in a terminal: approve, reject, skip or view each',
  group: 'commands',
  arguments: [],
  options: [{ title: 'Options', params: resultsSettings }],
  examples: ['convo review'],
  details: () => [
    {
      title: 'Exit status',
      text: '0: everything was approved, or there was nothing to review. 1: something was rejected or skipped.',
    },
  ],
  async run({ given, io }) {
    const settings = resolve(resultsSettings, given)
    const { reviewResults } = await import('../../golden/review.ts')
    return reviewResults(settings.results, io)
  },
}

import { resultsSettings } from '../../golden/settings.ts'
import { type Command, commandOf } from '../command.ts'

/** `convo review` */
export const reviewCommand: Command = commandOf(resultsSettings, {
  name: 'review',
  summary: 'steps through the failures of the last check in a terminal: approve, reject, skip or view each',
  arguments: [],
  examples: ['convo review'],
  details: () => ({
    'Exit status':
      '0: everything was approved, or there was nothing to review. 1: something was rejected or skipped.',
  }),
  async run({ results }, { io }) {
    const { reviewResults } = await import('../../golden/review.ts')
    return reviewResults(results, io)
  },
})

import { resultsSettings, waitSettings } from '../../golden/settings.ts'
import { type Command, commandOf } from '../command.ts'

/** `convo review` */
export const reviewCommand: Command = commandOf(
  { ...waitSettings, ...resultsSettings },
  {
    name: 'review',
    summary: 'steps through the failures of the last check in a terminal: approve, reject, skip or view each',
    arguments: [],
    examples: ['convo review'],
    details: () => ({
      'Exit status':
        '0: everything was approved, or there was nothing to review. 1: something was rejected or skipped.',
    }),
    async run(settings, { io }) {
      const [{ reviewResults }, { waitingOn }] = await Promise.all([
        import('../../golden/review.ts'),
        import('../../golden/check.ts'),
      ])
      return reviewResults(settings.results, io, waitingOn(io, settings))
    },
  },
)

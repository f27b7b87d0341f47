import { resultsSettings, waitSettings } from '../../golden/settings.ts'
import { flag } from '../../params.ts'
import { argument } from '../../picture/words/syntax.ts'
import { type Command, commandOf } from '../command.ts'

const approveSettings = {
  all: flag('approve every new, changed and obsolete case; obsolete goldens that the manifest allows stay'),
  new: flag('approve every new case'),
  ...waitSettings,
  ...resultsSettings,
}

/** `convo approve [names...]` */
export const approveCommand: Command = commandOf(approveSettings, {
  name: 'approve',
  summary: 'accepts the pictures of the last check as the new goldens',
  arguments: [argument('[names...]', 'names of failed cases of the last check; * matches any text', 'word')],
  examples: ['convo approve blur-scene edges', 'convo approve "blur-*"', 'convo approve --all'],
  details: () => ({
    'How it works':
      'Nothing is computed again: the pictures of the last check replace the goldens, each atomically, and the lock file ' +
      'is written last. If the manifest, an input, a picture or a golden has changed since, nothing is done. Goldens that ' +
      'pass are not touched. Refused where CI is set.',
  }),
  async run(settings, { args, io }) {
    const { approveFromResults } = await import('../../golden/check.ts')
    return approveFromResults(args, settings, io)
  },
})

import { resultsSettings } from '../../golden/settings.ts'
import { flag, resolve } from '../../params.ts'
import type { Command } from '../command.ts'

const approveSettings = {
  all: flag('approve every new, changed and obsolete case'),
  new: flag('approve every new case'),
}

/** `convo approve [names...]` */
export const approveCommand: Command = {
  name: 'approve',
  summary: 'accepts the pictures of the last check as the new goldens',
  group: 'commands',
  arguments: [
    {
      name: 'names',
      summary: 'names of failed cases of the last check; * matches any text',
      kind: 'word',
      optional: true,
      repeats: true,
    },
  ],
  options: [{ title: 'Options', params: { ...approveSettings, ...resultsSettings } }],
  examples: ['convo approve blur-scene edges', 'convo approve "blur-*"', 'convo approve --all'],
  details: () => [
    {
      title: 'How it works',
      text:
        'Nothing is computed again: the pictures of the last check replace the goldens, each atomically, and the lock file ' +
        'is written last. If the manifest, an input, a picture or a golden has changed since, nothing is done. Goldens that ' +
        'pass are not touched. Refused where CI is set.',
    },
  ],
  async run({ args, given, io }) {
    const settings = resolve({ ...approveSettings, ...resultsSettings }, given)
    const { approveFromResults } = await import('../../golden/check.ts')
    return approveFromResults(args, settings, io)
  },
}

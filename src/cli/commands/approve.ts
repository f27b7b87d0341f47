import { resultsSettings } from '../../golden/settings.ts'
import { flag, resolve } from '../../params.ts'
import type { Command } from '../command.ts'

const approveSettings = {
  all: flag('all cases that are new, changed or obsolete'),
  new: flag('all new cases'),
}

/** `convo approve [names...]` */
export const approveCommand: Command = {
  name: 'approve',
  summary: 'makes what the last check made the goldens',
  group: 'commands',
  arguments: [
    {
      name: 'names',
      summary: 'cases of the last check; * matches any text, among those that failed',
      kind: 'word',
      optional: true,
      repeats: true,
    },
  ],
  options: [{ title: 'Options', params: { ...approveSettings, ...resultsSettings } }],
  examples: ['convo approve blur-scene edges', 'convo approve "blur-*"', 'convo approve --all'],
  details: () => [
    {
      title: 'What it does',
      text:
        'Nothing is computed again: the pictures of the last check become the goldens, each in one step, the lock file ' +
        'last. If the manifest, an input, a picture or a golden was changed since, nothing is done. Passing goldens stay ' +
        'as they are. Refused where CI is set.',
    },
  ],
  async run({ args, given, io }) {
    const settings = resolve({ ...approveSettings, ...resultsSettings }, given)
    const { approveFromResults } = await import('../../golden/check.ts')
    return approveFromResults(args, settings, io)
  },
}

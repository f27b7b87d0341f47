import { flag, text } from '../../params.ts'
import { runSettings } from '../../picture/run-settings.ts'
import { argument } from '../../picture/words/syntax.ts'
import { visible } from '../../text/visible.ts'
import { type Command, commandOf } from '../command.ts'

const initSettings = {
  actual: {
    ...text('folder of the pictures to compare, relative to the folder of the manifest', '<folder>'),
    unset: 'as the tool has it: actual or shots',
  },
  json: flag('print what was done as one JSON object'),
  debug: runSettings.debug,
}

/** `convo check init [folder]` */
export const checkInit: Command = commandOf(initSettings, {
  name: 'check init',
  summary: 'writes a manifest for existing goldens and approves them',
  arguments: [argument('[folder]', 'the folder of the goldens, or one above it. Default: .')],
  examples: ['convo check init', 'convo check init packages/site --actual build/shots'],
  details: () => ({
    'Goldens of other tools':
      'The folders of reg-cli (expected), Playwright (*-snapshots) and jest-image-snapshot (__image_snapshots__) are recognised; ' +
      'otherwise, every picture in the folder is a golden. Two files are written: convo.check.yaml, and convo.lock.json among the ' +
      'goldens, which are not changed. The pictures to compare must have the same paths below another folder; the output ' +
      'explains how to make the tool write them there.',
  }),
  async run(settings, { args, io }) {
    const { adoptGoldens, adoptedText } = await import('../../golden/init.ts')
    const adopted = await adoptGoldens(args[0] ?? '.', settings.actual)
    await io.out(settings.json ? `${JSON.stringify(adopted, null, 2)}\n` : visible(adoptedText(adopted)))
    return 0
  },
})

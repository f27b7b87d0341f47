import { checkSettings, reportSettings, resultsSettings } from '../../golden/settings.ts'
import { resolve } from '../../params.ts'
import type { Command } from '../command.ts'

const example = `# yaml-language-server: $schema=node_modules/convo/dist/check.schema.json
goldens: goldens                   # a folder beside the manifest; {platform} and {env:NAME} are filled in
cases:
  - name: blur-{stem}
    input: pictures/*.png
    run: [gaussian, --sigma, 2]
  - name: edges
    input: pictures/scene.png
    chain: [gaussian, --sigma, 2, --, sobel, --unit]
    tolerance: { max-abs: 1, reason: the camera's JPEG decoder differs }
  - name: page
    actual: build/page.png         # made by something else, compared only
    tags: [fast]`

/** `convo check [manifest]` */
export const checkCommand: Command = {
  name: 'check',
  summary: 'makes pictures and compares them with their goldens, as a manifest says',
  group: 'commands',
  arguments: [
    {
      name: 'manifest',
      summary: 'convo.check.yaml unless given; JSON is read too; several make one run',
      kind: 'file',
      optional: true,
      repeats: true,
    },
  ],
  options: [
    { title: 'What is checked', params: checkSettings },
    { title: 'Reports', params: { ...reportSettings, ...resultsSettings } },
  ],
  examples: [
    'convo check',
    'convo check --filter "blur-*" --reporter html=report.html',
    'convo check --self-test --reporter junit=junit.xml --reporter pretty',
    'convo check --shard 2/4 --results shard-2',
    "convo check 'packages/*/convo.check.yaml' --tag fast",
  ],
  details: () => [
    { title: 'A manifest', text: example.replace(/^/gm, '  ') },
    {
      title: 'The status of a case',
      text:
        'pass: every sample equals the golden. tolerated: it differs within its tolerance. changed, size: it differs. ' +
        'new: there is no golden. obsolete: a golden without a case. error: it could not be made or compared, or the ' +
        'golden is not the approved one. All but the first two fail, unless allowed.',
    },
    {
      title: 'Exit status',
      text: '0: no case failed. 1: some did. 2: the manifest or the options are wrong. Goldens are only written by approve, review and --update, and never where CI is set.',
    },
  ],
  async run({ args, given, io }) {
    const settings = resolve({ ...checkSettings, ...reportSettings, ...resultsSettings }, given)
    const { check } = await import('../../golden/check.ts')
    return check(args, settings, io)
  },
}

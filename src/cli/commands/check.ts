import { checkSettings, reportSettings, resultsSettings, waitSettings } from '../../golden/settings.ts'
import { resolve } from '../../params.ts'
import { argument } from '../../picture/words/syntax.ts'
import type { Command } from '../command.ts'

const example = `# yaml-language-server: $schema=node_modules/convo/dist/check.schema.json
goldens: goldens                   # also {platform}, {env:NAME}
cases:
  - name: blur-{stem}
    input: pictures/*.png
    run: [gaussian, --sigma, 2]
  - name: edges
    input: pictures/scene.png
    chain: [gaussian, --sigma, 2, --, sobel, --unit]
    tolerance: { max-abs: 1, reason: the camera's JPEG decoder differs }
  - name: page
    actual: build/page.png         # made by another program
    tags: [fast]`

/** `convo check [manifest]` */
export const checkCommand: Command = {
  name: 'check',
  summary: 'makes the pictures listed in a manifest and compares them with their goldens',
  group: 'commands',
  arguments: [
    argument(
      '[manifest...]',
      'a YAML or JSON file; several are checked in one run. Default: convo.check.yaml',
    ),
  ],
  options: [
    { title: 'What to check', params: checkSettings },
    { title: 'Reports', params: { ...reportSettings, ...waitSettings, ...resultsSettings } },
  ],
  examples: [
    'convo check',
    'convo check --filter "blur-*" --reporter html=report.html',
    'convo check --self-test --reporter junit=junit.xml --reporter pretty',
    'convo check --shard 2/4 --results shard-2',
    "convo check 'packages/*/convo.check.yaml' --tag fast",
  ],
  details: () => ({
    'A manifest': example.replace(/^/gm, '  '),
    'Status of a case':
      'pass: every sample equals the golden. tolerated: differs within its tolerance. changed, size: differs. ' +
      'new: has no golden yet. obsolete: a golden without a case. error: could not be made or compared, or its golden ' +
      'was changed without approval. Every status except pass and tolerated fails the check, unless allowed.',
    'Exit status':
      '0: no case failed. 1: some did. 2: the manifest or the options are wrong. Only approve, review and --update write goldens, and never where CI is set.',
  }),
  async run({ args, given, io }) {
    const settings = resolve(
      { ...checkSettings, ...reportSettings, ...waitSettings, ...resultsSettings },
      given,
    )
    const { check } = await import('../../golden/check.ts')
    return check(args, settings, io)
  },
}

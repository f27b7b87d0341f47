import { ConvoError } from '../../error.ts'
import { integer, number, resolve } from '../../params.ts'
import { outputOf } from '../../picture/output-path.ts'
import { sharedSettings } from '../../picture/settings.ts'
import { sceneSettings } from '../../teach/animate/settings.ts'
import { animations } from '../../teach/operators/index.ts'
import { definitions } from '../../text/layout.ts'
import type { Command } from '../command.ts'
import { examplesOf } from '../operation-facts.ts'

const playSettings = {
  fps: { ...number('frames in a second', undefined, { min: 0.1, max: 50 }), unset: '1.25' },
  delay: {
    ...integer('milliseconds that a frame is seen', undefined, { min: 20, max: 60000 }),
    unset: '800',
  },
  frame: {
    ...integer('write this one frame only, counted from 1, as .png or .svg', undefined, { min: 1 }),
    unset: 'all',
  },
  width: {
    ...integer('of the picture, in pixels', undefined, { min: 160, max: 4000 }),
    unset: 'as large as it is drawn',
  },
  debug: sharedSettings.debug,
}

/** `convo animate <operator> [out]` */
export const animateCommand: Command = {
  name: 'animate',
  summary: 'shows an operator at work on a small grid, number by number, as an animation',
  group: 'commands',
  arguments: [
    {
      name: 'operator',
      summary: Object.keys(animations).join(', '),
      kind: 'word',
      choices: Object.keys(animations),
    },
    {
      name: 'out',
      summary:
        '.gif, .webp or .svg; with --frame .png or .svg; - is an SVG on standard output; <operator>.gif unless given',
      kind: 'file',
      optional: true,
    },
  ],
  options: [
    { title: 'What is shown', params: sceneSettings },
    { title: 'How it plays', params: playSettings },
  ],
  examples: examplesOf('animate'),
  details: (width) => [
    {
      title: 'Animations',
      text: definitions(
        Object.entries(animations).map(([name, { summary }]) => [name, summary]),
        width,
      ),
    },
  ],
  async run({ args: [operator = '', out], given, io }) {
    const output = out && (await outputOf(out, operator, operator)).output
    const { animate, usualDelay } = await import('../../teach/animate/animate.ts')
    const [played, shown]: Record<string, unknown>[] = [{}, {}]
    for (const [name, value] of Object.entries(given)) {
      const into = Object.hasOwn(playSettings, name) ? played! : shown!
      into[name] = value
    }
    const { fps, delay, frame, width } = resolve(playSettings, played!)
    if (fps !== undefined && delay !== undefined) {
      throw new ConvoError('E_OPTION', '--fps and --delay cannot both be meant', { fix: 'no --fps' })
    }
    const milliseconds = delay ?? (fps === undefined ? usualDelay : Math.round(1000 / fps))
    return animate({ operator, output, given: shown!, delay: milliseconds, frame, width }, io)
  },
}

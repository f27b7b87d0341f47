import { ConvoError } from '../../error.ts'
import { integer, number, resolve } from '../../params.ts'
import { outputOf } from '../../picture/output-path.ts'
import { sharedSettings } from '../../picture/settings.ts'
import { argument } from '../../picture/words/syntax.ts'
import { sceneSettings } from '../../teach/animate/settings.ts'
import { animations } from '../../teach/operators/index.ts'
import { definitions } from '../../text/layout.ts'
import { pick } from '../../text/record.ts'
import type { Command } from '../command.ts'
import { examplesOf } from '../operation-facts.ts'

const playSettings = {
  fps: { ...number('frames per second', undefined, { min: 0.1, max: 50 }), unset: '1.25' },
  delay: {
    ...integer('how long each frame is shown, in milliseconds', undefined, { min: 20, max: 60000 }),
    unset: '800',
  },
  frame: {
    ...integer('write only this frame (frames are numbered from 1), as .png or .svg', undefined, { min: 1 }),
    unset: 'all',
  },
  width: {
    ...integer('width of the drawing, in pixels', undefined, { min: 160, max: 4000 }),
    unset: 'its natural width',
  },
  debug: sharedSettings.debug,
}

/** `convo animate <operator> [out]` */
export const animateCommand: Command = {
  name: 'animate',
  summary: 'shows an operator at work on a small grid, number by number, as an animation',
  group: 'commands',
  arguments: [
    argument('<operator>', Object.keys(animations).join(', '), Object.keys(animations)),
    argument(
      '[out]',
      '.gif, .webp or .svg; with --frame, .png or .svg; - is an SVG on standard output. Default: <operator>.gif',
    ),
  ],
  options: [
    { title: 'Example', params: sceneSettings },
    { title: 'Playback', params: playSettings },
  ],
  examples: examplesOf('animate'),
  details: (width) => ({
    Animations: definitions(
      Object.entries(animations).map(([name, { summary }]) => [name, summary]),
      width,
    ),
  }),
  async run({ args: [operator = '', out], given, io }) {
    const output = out && (await outputOf(out, operator, operator)).output
    const { animate, usualDelay } = await import('../../teach/animate/animate.ts')
    const { fps, delay, frame, width } = resolve(playSettings, pick(given, playSettings))
    if (fps !== undefined && delay !== undefined) {
      throw new ConvoError('E_OPTION', '--fps and --delay cannot be used together', { fix: 'no --fps' })
    }
    const milliseconds = delay ?? (fps === undefined ? usualDelay : Math.round(1000 / fps))
    const own = pick(given, sceneSettings)
    return animate({ operator, output, given: own, delay: milliseconds, frame, width }, io)
  },
}

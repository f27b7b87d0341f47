import { flag, number, numbers, text } from '../../params.ts'
import { outputOf } from '../../picture/output-path.ts'
import { sharedSettings } from '../../picture/settings.ts'
import { argument } from '../../picture/words/syntax.ts'
import { type Command, commandOf } from '../command.ts'

const showSettings = {
  plane: {
    ...numbers(
      'one plane of a bank: its filter, channel and slice (those that the bank has), counted from 0',
      '<n,...>',
      { min: 1, max: 3 },
      { min: 0, whole: true },
    ),
    unset: 'all planes on one sheet',
  },
  photo: text('apply the kernel to this picture instead of the built-in one', '<file>'),
  zoom: number('PNG pixels per unit of the drawing', 1, { min: 0.25, max: 8 }),
  preview: flag(
    'show the drawing in the terminal, as a picture if the terminal can, otherwise in half blocks',
  ),
  json: flag('print name, shape, sum, scale, rank and other properties as one JSON object'),
  debug: sharedSettings.debug,
}

/** `convo show <kernel> [out]` */
export const showCommand: Command = commandOf(showSettings, {
  name: 'show',
  summary:
    'draws a kernel: its weights, its frequency response, and its effect on an impulse, edges and a picture',
  arguments: [
    argument('<kernel>', sharedSettings.kernel.summary, 'kernel'),
    argument('[out]', '.svg or .png. Default: the weights are printed as coloured cells'),
  ],
  examples: [
    'convo show sobel-x',
    'convo show gaussian:sigma=2 gaussian.png --photo in.jpg',
    'convo show net.safetensors#conv1.weight bank.svg',
    'convo show net.safetensors#conv1.weight filter.png --plane 3,0',
  ],
  async run(settings, { args: [source = '', out], io }) {
    const output = out && (await outputOf(out, source, 'show')).output
    const { showKernel } = await import('../../teach/show/show.ts')
    return showKernel({ source, output, ...settings }, io)
  },
})

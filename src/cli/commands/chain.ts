import { ConvoError } from '../../error.ts'
import { prepareChain, splitSteps } from '../chain.ts'
import type { Command } from '../command.ts'
import { runPrepared } from '../run-operation.ts'
import { pictureSettings, runSettings } from '../settings.ts'

/** `convo chain`: several operations in one run. */
export const chainCommand: Command = {
  name: 'chain',
  summary: 'runs several operations in one go, with floats between them and one rounding',
  group: 'operators',
  arguments: [
    { name: 'input', summary: 'as of every operation', kind: 'file' },
    { name: 'output', summary: 'as of every operation', kind: 'file', optionalWith: 'preview' },
  ],
  tail: '<operation> [options] [-- <operation> [options] ...]',
  options: [
    { title: 'Picture', params: pictureSettings },
    { title: 'Run', params: runSettings },
  ],
  examples: [
    'convo chain in.png out.png -- gaussian --sigma 2 -- sobel --unit',
    'convo chain in.png maps.png --channels montage -- conv2d --kernel net.safetensors#conv1.weight -- relu -- maxpool',
    'convo chain in.png out.npy -- normalize --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225 -- conv2d --kernel net.safetensors#conv1.weight',
  ],
  async run(call) {
    if (call.tail === undefined || call.tail.length === 0) {
      throw new ConvoError('E_USAGE', 'a chain needs its steps behind --', { fix: chainCommand.examples[0]! })
    }
    return runPrepared(await prepareChain(splitSteps(call.tail), call.given), call)
  },
}

import { ConvoError } from '../../error.ts'
import { chainSyntax } from '../../picture/words/operation-syntax.ts'
import { prepareChain, understandSteps } from '../../picture/words/prepare.ts'
import type { Command } from '../command.ts'
import { runPrepared } from '../run-operation.ts'

/** `convo chain`: several operations in one run. */
export const chainCommand: Command = {
  ...chainSyntax,
  summary: 'runs several operations in a row, in floating point, and rounds once at the end',
  group: 'operators',
  async run(call) {
    if (call.tail === undefined || call.tail.length === 0) {
      throw new ConvoError('E_USAGE', 'a chain needs its steps after --', {
        fix: '-- gaussian --sigma 2 -- sobel',
      })
    }
    return runPrepared(await prepareChain(understandSteps(call.tail), call.given), call)
  },
}

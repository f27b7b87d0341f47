import { namedKernels } from '../../filters/names.ts'
import { writeAtomically } from '../../image/output.ts'
import { directionText, isTurned } from '../../kernel/direction.ts'
import { loadKernel } from '../../kernel/source.ts'
import { writeKernel, writtenAs } from '../../kernel/write.ts'
import { visible } from '../../text/visible.ts'
import type { Command } from '../command.ts'
import { noteMessage } from '../io.ts'
import { sharedSettings } from '../settings.ts'

/** `convo kernel convert <in> <out>` */
export const kernelConvert: Command = {
  name: 'kernel convert',
  summary: 'reads a kernel in any format, or by name, and writes it in that of the output',
  group: 'commands',
  arguments: [
    { name: 'in', summary: sharedSettings.kernel.summary, kind: 'kernel' },
    { name: 'out', summary: '.json, .mat, .csv, .npy or .txt (an ImageMagick string)', kind: 'file' },
  ],
  options: [],
  examples: ['convo kernel convert gaussian:sigma=2 gaussian.npy', 'convo kernel convert edge.mat edge.json'],
  async run({ args: [from = '', to = ''], io }) {
    const kernel = await loadKernel(from, { names: namedKernels })
    const bytes = writeKernel(kernel, to)
    await writeAtomically(to, (output) => output.write(bytes))
    for (const [file, direction] of [
      [from, kernel.direction],
      [to, writtenAs(to)?.direction],
    ] as const) {
      if (direction === undefined || !isTurned({ ...kernel, direction })) continue
      io.err(noteMessage(`${visible(file)}: ${directionText(direction)}`))
    }
    return 0
  },
}
